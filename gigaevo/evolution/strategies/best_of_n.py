"""The control arm: mutate initial programs only, and remember the best child."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import (
    ArchiveEvent,
    EvolutionStrategy,
    StrategyContext,
    StrategyMetrics,
)
from gigaevo.evolution.strategies.parent_gate import Gatekeeper
from gigaevo.evolution.strategies.quality import QualityScale
from gigaevo.kernels import ValueRanking
from gigaevo.programs import Metrics, Program

ISLAND = "best_of_n"
BEST_CELL = (0,)


class BestOfN(EvolutionStrategy):
    """Repeated sampling without evolution: parents are the initial programs, uniformly, and no child becomes one.

    Initial programs (``number`` below 0) are always kept, each in a cell of its own (``-number``). A child is kept, in
    cell 0, where it is strictly better than everything before it. There are no inspirations: whoever changes a parent
    must not learn from what was evolved.
    """

    independent = True

    def __init__(self) -> None:
        self._initial: dict[str, Program] = {}
        self._best_child: Program | None = None
        self._metrics: Metrics | None = None
        self._gate: Gatekeeper | None = None
        self._random = RandomSource(0)
        self._quality = QualityScale()
        self._events: list[ArchiveEvent] = []

    def bind(self, context: StrategyContext) -> None:
        self._metrics = context.metrics
        self._random = context.random
        self._gate = None if context.parent_gate is None else Gatekeeper(context.parent_gate, "initial programs")
        self._quality.bind(context)

    async def select_elites(self, total: int) -> list[Program]:
        """Initial programs, of those that pass the gate where there is one, uniformly and without replacement."""
        programs = list(self._initial.values())
        rng = self._random.generator("elite_selector")

        def drawn(count: int) -> list[Program]:
            return [programs[row] for row in rng.permutation(len(programs))[:count]]

        if self._gate is None or not programs or total < 1:
            return drawn(max(0, total))
        return self._gate.choose(
            drawn,
            total,
            ranking=ValueRanking([self._fitness(program) for program in programs]),
            at=lambda rows: [programs[row] for row in rows],
            rng=self._random.generator("parent_gate"),
        )

    async def add(self, program: Program) -> bool:
        if program.id in self.members():
            return True
        if program.error is not None or not math.isfinite(self._fitness(program)):
            return self._reject(program)
        self._quality.note(program)
        if program.number < 0:
            self._record("insert", (-program.number,), program.id)
            self._initial[program.id] = program
            return True
        if not all(self._is_better(program, other) for other in self._kept()):
            return self._reject(program)
        displaced = None if self._best_child is None else self._best_child.id
        self._record("insert", BEST_CELL, program.id, displaced)
        self._best_child = program
        return True

    def could_keep(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
        """Whether a child of such bounds can be better than everything before it."""
        key = self._bound_metrics().primary_key
        best = metrics.get(key, bounds.get(key))
        return best is None or all(
            self._bound_metrics().is_better(best, self._fitness(program)) for program in self._kept()
        )

    async def remove(self, program_id: str) -> bool:
        program = next((program for program in self._kept() if program.id == program_id), None)
        if program is None:
            return False
        self._record("remove", self._cell_of(program), program_id)
        self._take_out(program)
        return True

    def drain_events(self) -> list[ArchiveEvent]:
        events, self._events = self._events, []
        return events

    def apply(self, event: ArchiveEvent, program: Program) -> None:
        if event.action == "remove":
            self._take_out(program)
            return
        self._quality.note(program)
        if event.action == "reject":
            return
        if event.cell == BEST_CELL:
            self._best_child = program
        else:
            self._initial[program.id] = program

    def snapshot(self) -> dict[str, Any]:
        return {
            "initial": list(self._initial),
            "best_child": None if self._best_child is None else self._best_child.id,
            "worst": self._quality.worst_seen,
        }

    def restore(self, state: Mapping[str, Any], programs: Mapping[str, Program]) -> None:
        self._events.clear()
        self._initial = {program_id: programs[program_id] for program_id in state["initial"]}
        best = state["best_child"]
        self._best_child = None if best is None else programs[best]
        self._quality.worst_seen = state["worst"]

    def members(self) -> set[str]:
        return {program.id for program in self._kept()}

    def holds(self, program_id: str) -> bool:
        return program_id in self.members()

    async def get_metrics(self) -> StrategyMetrics:
        """Coverage is 1 as soon as there is a program: there are no cells to fill."""
        kept = self._kept()
        values = np.array([self._fitness(program) for program in kept], dtype=np.float64)
        return StrategyMetrics(
            total_programs=len(kept),
            coverage=1.0 if kept else 0.0,
            qd_score=self._quality.total(ValueRanking(values)),
            sizes={ISLAND: len(kept)},
            generation=1 if self._best_child is not None else 0,
        )

    def _kept(self) -> list[Program]:
        best = [] if self._best_child is None else [self._best_child]
        return [*self._initial.values(), *best]

    def _take_out(self, program: Program) -> None:
        if self._initial.pop(program.id, None) is None:
            self._best_child = None

    def _cell_of(self, program: Program) -> tuple[int, ...]:
        return (-program.number,) if program.id in self._initial else BEST_CELL

    def _fitness(self, program: Program) -> float:
        return self._bound_metrics().fitness(program.metrics)

    def _is_better(self, candidate: Program, current: Program) -> bool:
        return self._bound_metrics().is_better(self._fitness(candidate), self._fitness(current))

    def _bound_metrics(self) -> Metrics:
        if self._metrics is None:
            raise ValueError("BestOfN must be bound to a run before it is given programs")
        return self._metrics

    def _reject(self, program: Program) -> bool:
        self._events.append(ArchiveEvent(action="reject", island_id=ISLAND, program_id=program.id))
        return False

    def _record(self, action: str, cell: tuple[int, ...], program_id: str, displaced: str | None = None) -> None:
        self._events.append(
            ArchiveEvent(action=action, island_id=ISLAND, cell=cell, program_id=program_id, displaced=displaced)
        )
