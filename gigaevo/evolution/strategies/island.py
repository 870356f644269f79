"""An island: one MAP-Elites population (Mouret and Clune, 2015) with its own space, selectors and size."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from operator import attrgetter
from typing import Any

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.archive import Cell, ProgramArchive
from gigaevo.evolution.strategies.base import ArchiveEvent, StrategyContext
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.faults import PartFailed, name_of
from gigaevo.evolution.strategies.island_config import IslandConfig
from gigaevo.evolution.strategies.island_parts import IslandParts
from gigaevo.evolution.strategies.parent_gate import Gatekeeper
from gigaevo.evolution.strategies.parts import bind_part
from gigaevo.evolution.strategies.population import Population
from gigaevo.kernels import ValueRanking
from gigaevo.programs import Program
from gigaevo.programs.metrics import NOVELTY_KEY

CURRENT_ISLAND = "current_island"  # where a program's metadata says which island keeps it
FAULT = "fault in "  # how a refusal by a part that raised begins
ISLAND_FULL = "island full"  # how a refusal by the remover begins


class Island:
    """One population. Nothing it does waits: its methods are coroutines because the interface is.

    Args:
        config: What it is made of; or give the fields of ``IslandConfig`` as keywords.

    Attributes:
        config: What it was made from.
        parts: Selectors and remover in use, which are attributes of the island, too.
        offered: Programs offered to it, migrants not counted.
        kept: Those of them that took a cell.
        stagnation: Programs offered since its best objective improved.
        best_objective: Best objective it ever held; None before the first.
        refused: Programs that were turned away, by reason.
        clamped: Programs beyond the bounds of a behaviour key, by key.
        walk: Leads parents out of local optima; None where there is none.
        rebinned: Elites that lost their place because edges moved.
        last_refusal: Why the latest program was turned away; None where it was kept.
        last_cell: Where the latest program belonged; None where it was turned away before that was known.
    """

    def __init__(self, config: IslandConfig | None = None, **settings: Any) -> None:
        self.config = IslandConfig(**settings) if config is None else config
        self.parts = IslandParts(self.config)
        self.offered = self.kept = self.stagnation = self.rebinned = 0
        self.best_objective: float | None = None
        self.refused: Counter[str] = Counter()
        self.clamped: Counter[str] = Counter()
        self.last_refusal: str | None = None
        self.last_cell: Cell | None = None
        self.walk = copy.deepcopy(self.config.walk)
        self._population = Population(
            self.config.behavior_space, self.parts.archive_selector, columns=self.parts.columns
        )
        self._random = RandomSource(0)
        self._gate: Gatekeeper | None = None
        self._events: list[ArchiveEvent] = []

    def bind(self, context: StrategyContext) -> None:
        """Hand the run's context to every part.

        Raises:
            ValueError: A part does not fit the problem; the message names island, part and key.
        """
        self._population.bind(context.metrics)
        self._random = context.random
        self._gate = None if context.parent_gate is None else Gatekeeper(context.parent_gate, f"island {self.id}")
        try:
            bind_part(self.behavior_space, context)
            self._own_a_space_that_learns()
            self.parts.bind(self.behavior_space, context)
            if self._population.measures_novelty and len(self.behavior_space.behavior_keys) == 1:
                raise ValueError(f"behaviour key {NOVELTY_KEY!r} needs another one beside it, to be measured by")
        except ValueError as error:
            raise ValueError(f"island {self.id}: {error}") from error

    def _own_a_space_that_learns(self) -> None:
        """What a space learns is of this island, also where a configuration names one space for several."""
        if self.behavior_space.learns:
            self.config = replace(self.config, behavior_space=copy.deepcopy(self.behavior_space))
            self._population.space = self.config.behavior_space

    archive_selector = property(attrgetter("parts.archive_selector"), doc="Decides who holds a cell.")
    elite_selector = property(attrgetter("parts.elite_selector"), doc="Chooses parents.")
    archive_remover = property(attrgetter("parts.archive_remover"), doc="Chooses who goes when there are too many.")
    migrant_selector = property(attrgetter("parts.migrant_selector"), doc="Chooses whom to send to other islands.")

    @property
    def behavior_space(self) -> BehaviorSpace:
        """How programs are told apart."""
        return self.config.behavior_space

    @property
    def id(self) -> str:
        """The island's name."""
        return self.config.island_id

    @property
    def archive(self) -> ProgramArchive:
        """The elites."""
        return self._population.archive

    def __len__(self) -> int:
        return len(self.archive)

    def __contains__(self, program_id: object) -> bool:
        return program_id in self.archive

    # What the island does

    async def add(self, program: Program) -> bool:
        """Offer a program; whether the island keeps it now.

        A program that lives on another island comes as a migrant: it is not counted, and not told of if refused.
        """
        if program.id in self.archive:
            return True
        self.last_cell = None
        comes_from = program.metadata.get(CURRENT_ISLAND)
        novelty_elsewhere = program.metrics.get(NOVELTY_KEY)
        try:
            refusal = self._offer(program, comes_from)
        except PartFailed as fault:
            refusal = f"{FAULT}{fault.role}"
        self.last_refusal = refusal
        if refusal is not None and comes_from is not None:
            _set_novelty(program, novelty_elsewhere)
        if refusal is not None and comes_from is None:
            details = {"reason": refusal}
            self._record("reject", program.id, cell=self.last_cell or (), details=details)
            self._note_refusal(program, refusal)
        return refusal is None and program.id in self.archive

    async def remove(self, program_id: str) -> bool:
        """Take a program out; False where it is not here."""
        if program_id not in self.archive:
            return False
        self._take_out(program_id)
        return True

    async def clear(self) -> None:
        """Take everything out and begin anew: what it held and how far it came is forgotten, what it learned is not."""
        for program_id in [program.id for program in self.archive.programs()]:
            self._take_out(program_id)
        self._record("reset")
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.stagnation, self.best_objective = 0, None
        self.walk = copy.deepcopy(self.config.walk)

    async def get_elites(self) -> list[Program]:
        """All elites."""
        return self.archive.programs()

    async def select_elites(self, total: int) -> list[Program]:
        """At most ``total`` parents. Where there is a walk, most of them are its head, which need not be an elite.

        Where there is a gate all of them pass it; as long as no elite does, the best becomes the parent.
        """
        if total < 1 or not len(self.archive):
            return []
        of_the_walk = self._share_of_the_walk(total)
        try:
            with self.parts.guard("elite_selector"):
                wanted = total - len(of_the_walk)
                return of_the_walk + (self._parents(wanted) if wanted else [])
        except PartFailed:
            return of_the_walk

    def may_breed(self, program: Program) -> bool:
        """Whether a program passes the gate for parents of this island, which holds somebody."""
        return self._gate is None or self._gate.gate.lets_in(program, self.primary_ranking())

    def _parents(self, total: int) -> list[Program]:
        """The choice of the elite selector, among those that pass the gate."""
        if self._gate is None:
            return self.parts.elites(self.archive, total)
        return self._gate.choose(
            lambda count: self.parts.elites(self.archive, count),
            total,
            ranking=self.primary_ranking(),
            at=self.archive.programs,
            rng=self._random.generator("parent_gate"),
        )

    def _share_of_the_walk(self, total: int) -> list[Program]:
        if self.walk is None or self.walk.head is None or not self.may_breed(self.walk.head):
            return []
        share = self.walk.share_of_elites if len(self.archive) > 1 else 0.0
        elsewhere = self._random.generator("patient_walk").random(total) < share
        return [self.walk.head] * (total - int(elsewhere.sum()))

    async def select_migrants(self, count: int) -> list[Program]:
        """At most ``count`` elites to be sent elsewhere."""
        if count < 1 or not len(self.archive):
            return []
        try:
            with self.parts.guard("migrant_selector"):
                return self.parts.migrants(self.archive, count)
        except PartFailed:
            return []

    def revise(self, program: Program) -> None:
        """Take over metrics and artifacts of ``program``, another object of an elite, which keeps its cell; nothing
        happens where it is not here."""
        held = self.archive.get(program.id)
        if held is not None:
            held.metrics.update(program.metrics)
            held.artifacts.update(program.artifacts)
            held.out_of_bounds = list(program.out_of_bounds)
            self.archive.revise(held, self._population.objective(held))

    def drain_events(self) -> list[ArchiveEvent]:
        """What changed since the last call, in order."""
        events, self._events = self._events, []
        return events

    # What others may ask

    def missing_keys(self, program: Program) -> list[str]:
        """Metrics that this island needs and the program lacks."""
        return self._population.missing_keys(program)

    def could_keep(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
        """Whether the island might keep a program, or its walk go to it; see ``EvolutionStrategy.could_keep``.

        Where only some of its metrics are known, every cell may be the program's. A space that learns may move its
        edges for any program, and make room by that. That the walk would count one more child that is worse is no
        reason to measure it.
        """
        objective = self._population.best_objective(metrics, bounds)
        if objective is None or self.behavior_space.learns:
            return True
        if self.walk is not None and self.walk.could_use(objective):
            return True
        beats = self._population.may_beat_an_elite(objective, metrics)
        if beats is not None:
            return beats
        limit, spares = self.config.max_size, getattr(self.parts.archive_remover, "could_spare", None)
        if limit is None or len(self.archive) < limit or spares is None:
            return True
        return bool(spares(self.archive, metrics, bounds))

    def standing(self, program: Program) -> float:
        """Share of the elites that the program beats by this island's objective, in [0, 1]; 1 where there are none."""
        ranking = self.archive.objective_ranking()
        return ranking.count_below(self._population.objective(program)) / len(ranking) if len(ranking) else 1.0

    def primary_ranking(self) -> ValueRanking:
        """Order statistics over the primary metric; over the objective where the island is not bound to a run."""
        return self._population.primary_ranking()

    # Going on with a stored run

    def apply(self, event: ArchiveEvent, program: Program) -> None:
        """Repeat a journalled change.

        Raises:
            ValueError: The archive is not in the state that the event was written in.
        """
        if event.action == "observe":
            self.behavior_space.observe((self.archive.get(program.id) or program).metrics)
        elif event.action == "reset":
            self._begin_anew()
        elif event.action == "rebin":
            self._move_edges(event.details)
        elif event.action == "reject":
            self.last_cell = event.cell or None
            self._note_refusal(program, event.details["reason"])
        elif event.action == "insert":
            self.last_cell = event.cell
            program.metrics.update(event.details.get("measured", {}))
            self._insert_again(event, program)
        elif event.action == "remove":
            if event.program_id not in self.archive or self.archive.cell_of(event.program_id) != event.cell:
                raise self._misfit(event)
            self._population.take_out(event.program_id)
        else:
            raise ValueError(f"island {self.id}: unknown action {event.action!r} in the journal")

    def _insert_again(self, event: ArchiveEvent, program: Program) -> None:
        if not self._population.has_room(event.cell, over=event.displaced):
            raise self._misfit(event)
        objective = self._population.objective(program)
        self._settle_in(event.cell, objective, program, event.displaced, event.details.get("from"))

    def _misfit(self, event: ArchiveEvent) -> ValueError:
        return ValueError(
            f"island {self.id}: the journal does not fit the archive at {event.action} of {event.program_id}"
        )

    def snapshot(self) -> dict[str, Any]:
        """Elites in row order with their cells, and everything that is counted or learned, as JSON values."""
        return {
            **self._population.state(),
            "counts": [self.offered, self.kept, self.stagnation, self.rebinned],
            "best": self.best_objective,
            "refused": dict(self.refused),
            "clamped": dict(self.clamped),
            "walk": None if self.walk is None else self.walk.state(),
        }

    def restore(self, state: Mapping[str, Any], programs: Mapping[str, Program]) -> None:
        """Go back to ``snapshot()``. ``programs`` holds those of ``remembered()``."""
        self._events.clear()
        self._population.restore(state, programs)
        for elite in self.archive.programs():
            elite.metadata[CURRENT_ISLAND] = self.id
        self.offered, self.kept, self.stagnation, self.rebinned = state["counts"]
        self.best_objective = state["best"]
        self.refused, self.clamped = Counter(state["refused"]), Counter(state["clamped"])
        if self.walk is not None:
            self.walk.restore(state["walk"], programs)

    def remembered(self) -> set[str]:
        """Ids of the elites, and of the programs that the walk needs."""
        return self.archive.ids | (set() if self.walk is None else self.walk.program_ids)

    # One offer

    def _offer(self, program: Program, comes_from: str | None) -> str | None:
        """Let a program compete; returns why it is turned away, None where it is kept."""
        refusal = self._population.reason_to_refuse(program)
        if refusal is not None:
            return refusal
        with self.parts.guard("behavior_space", self.behavior_space):
            self._learn(program)
            cell = self.last_cell = tuple(self.behavior_space.locate(program.metrics, self.archive))
        with self.parts.guard("archive_selector"):
            decision = self._population.decide(cell, program)
            objective = self._population.objective(program)
        if decision.refusal is not None:
            return decision.refusal
        leaving = [holder.id for holder in decision.leaving[1:]]
        if not decision.leaving:
            refusal, leaving = self._make_room(cell, objective, program)
            if refusal is not None:
                return refusal
        displaced = decision.leaving[0].id if decision.leaving else None
        self._record("insert", program.id, cell=cell, displaced=displaced, details=self._details(program, comes_from))
        self._settle_in(cell, objective, program, displaced, comes_from)
        for program_id in leaving:
            self._take_out(program_id)
        self._trim()
        return None

    def _trim(self) -> None:
        """Hold a size limit that is lower than it was when the archive was filled, as soon as the remover can."""
        limit = self.config.max_size
        if limit is not None and len(self.archive) > limit:
            with suppress(PartFailed), self.parts.guard("archive_remover"):
                for program_id in self.parts.excess(self.archive, limit):
                    self._take_out(program_id)

    def _make_room(self, cell: Cell, objective: float, program: Program) -> tuple[str | None, list[str]]:
        """Who must leave so that a further program fits in; it may be that program itself, which is then refused."""
        limit, archive = self.config.max_size, self.archive
        if limit is None or len(archive) < limit:
            return None, []
        archive.put(cell, objective, program)  # in the last row, where taking it out again leaves no trace
        leaving = [program.id]
        try:
            with self.parts.guard("archive_remover"):
                leaving = self.parts.excess(archive, limit)
        finally:
            if program.id in leaving:
                archive.remove(program.id)
        if program.id in leaving:
            return f"{ISLAND_FULL}: {name_of(self.parts.archive_remover)} takes it out again", []
        return None, leaving

    def _learn(self, program: Program) -> None:
        """Let the space see the program; where its edges move, the elites move with them."""
        space = self.behavior_space
        if self._population.measures_novelty:
            program.metrics[NOVELTY_KEY] = self._population.novelty(program)
        if not space.learns:
            return
        space.observe(program.metrics)
        self._record("observe", program.id)
        edges = space.pending()
        if edges is not None:
            self._adopt(edges)

    def _adopt(self, edges: Mapping[str, Any]) -> None:
        """Move the edges and the elites with them; who loses its place is taken out."""
        with self.parts.guard("archive_selector"):
            cells = self._population.cells_by(edges)
        lost = [program.id for program in self.archive.programs() if program.id not in cells]
        for program_id in lost:
            self._take_out(program_id)
        moved = [list(cells[program.id]) for program in self.archive.programs()]
        details = {"edges": edges, "cells": moved, "lost": len(lost)}
        self._record("rebin", details=details)
        self._move_edges(details)

    def _move_edges(self, details: Mapping[str, Any]) -> None:
        self._population.move_edges(details["edges"], [tuple(cell) for cell in details["cells"]])
        self.rebinned += details["lost"]

    # Coming and going

    def _settle_in(
        self, cell: Cell, objective: float, program: Program, displaced: str | None, comes_from: str | None
    ) -> None:
        if program.id not in self.archive:  # it is there already where somebody had to make room for it
            self._population.put(cell, objective, program, over=displaced)
        program.metadata[CURRENT_ISLAND] = self.id
        if comes_from is None:
            self._count_offer(program, objective)
            self.kept += 1
        if self.best_objective is None or objective > self.best_objective:
            self.best_objective = objective
            self.stagnation = 0

    def _take_out(self, program_id: str) -> None:
        self._record("remove", program_id, cell=self._population.take_out(program_id))

    def _note_refusal(self, program: Program, refusal: str) -> None:
        self.refused[refusal] += 1
        competed = self.last_cell is not None and not refusal.startswith(FAULT)
        self._count_offer(program, self._population.objective(program) if competed else None)
        if self.last_cell is not None and competed:
            self._population.turned_away(self.last_cell, program, refusal)

    def _count_offer(self, program: Program, objective: float | None) -> None:
        """Count a program that was offered; ``objective`` is None where it could not compete."""
        self.offered += 1
        self.stagnation += 1
        if self.last_cell is not None:
            self.clamped.update(self.behavior_space.out_of_range(program.metrics))
        if self.walk is not None and objective is not None and math.isfinite(objective):
            self.walk.offered(program, objective)

    def _record(
        self,
        action: str,
        program_id: str = "",
        *,
        cell: Cell = (),
        displaced: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self._events.append(
            ArchiveEvent(
                action=action,
                island_id=self.id,
                cell=cell,
                program_id=program_id,
                displaced=displaced,
                details=details or {},
            )
        )

    def _details(self, program: Program, comes_from: str | None) -> dict[str, Any]:
        details: dict[str, Any] = {}
        if comes_from is not None:
            details["from"] = comes_from
        if self._population.measures_novelty:
            details["measured"] = {NOVELTY_KEY: program.metrics[NOVELTY_KEY]}
        return details


def _set_novelty(program: Program, novelty: float | None) -> None:
    if novelty is None:
        program.metrics.pop(NOVELTY_KEY, None)
    else:
        program.metrics[NOVELTY_KEY] = novelty
