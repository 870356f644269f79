"""Recognises islands and routers that do not work as they should, and says why: what to look at, what would help."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from loguru import logger

from gigaevo.evolution.strategies.archive import Cell
from gigaevo.evolution.strategies.competition import CROWDED, DOMINATED, NOT_BETTER, SCORE_NOT_FINITE
from gigaevo.evolution.strategies.faults import name_of
from gigaevo.evolution.strategies.island import ISLAND_FULL, Island
from gigaevo.evolution.strategies.likeness import least_similarity
from gigaevo.evolution.strategies.one_cell import why_one_cell
from gigaevo.evolution.strategies.parts import keys_of
from gigaevo.programs import Metrics, Program

WINDOW = 100  # programs offered, over which shares are taken
CROWDED_CELL = 0.95  # share of the programs of a window in one cell from which it is a trouble
SIMILAR = 0.95
SAMPLE = 8  # elites compared with one another
LARGE = 1000  # elites from which an island without a limit is worth a word, and again at each power of ten
REASONS_SHOWN = 3
ACCEPTANCE, CELL, SIMILARITY, ROUTES = "acceptance", "cell", "similarity", "routes"  # troubles that are told once


@dataclass(frozen=True, slots=True)
class Offer:
    """What became of one program.

    Attributes:
        kept: Whether the island keeps it.
        refusal: Why it does not; None where it does.
        cell: Where it belonged; None where that is not known.
        behavior: Its behaviour keys by name; empty likewise.
    """

    kept: bool
    refusal: str | None = None
    cell: Cell | None = None
    behavior: Mapping[str, float] = field(default_factory=dict)


class Diagnosis:
    """Watches what becomes of the programs that a strategy is offered. It only talks: nothing depends on it, and what
    raises in it ends nothing.

    Shares are told at DEBUG for every so many programs. A trouble is told once, as a warning, when it is first seen.

    Args:
        islands: All islands by id; more may come.
        router: Sends programs to them.
        metrics: The problem's metrics; None where they are not known.
    """

    def __init__(self, islands: Mapping[str, Island], router: object, metrics: Metrics | None = None) -> None:
        self._islands = islands
        self._router = router
        self._metrics = metrics
        self._watched: dict[str, IslandDiagnosis] = {}
        self._unrouted: deque[str | None] = deque(maxlen=WINDOW)
        self._seen = 0
        self._told: set[str] = set()
        self._is_broken = False

    def offered(self, program: Program, island: Island | None, *, kept: bool, reason: str = "") -> None:
        """A new program was just offered.

        Args:
            program: Valid and evaluated.
            island: Where it was sent; None where no island was found for it.
            kept: Whether that island keeps it.
            reason: Why there was no island.
        """
        with self._doing_no_harm():
            self._offered(program, island, kept=kept, reason=reason)

    def expect_crowded_cells(self, island: Island) -> None:
        """Many programs of this island will share a cell, as it was made to be."""
        self._of(island).expect_crowded_cells()

    def closing_notes(self) -> list[str]:
        """One line for each island that is still empty."""
        notes: list[str] = []
        with self._doing_no_harm():
            if self._seen:
                notes += [self._of(island).why_empty() for island in self._islands.values() if not len(island)]
        return notes

    @contextmanager
    def _doing_no_harm(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # a user's part may answer anything
            if not self._is_broken:
                self._is_broken = True
                logger.opt(exception=error).warning("The diagnosis of islands raised; this is shown once")

    def _offered(self, program: Program, island: Island | None, *, kept: bool, reason: str) -> None:
        self._seen += 1
        unable = 0
        for candidate in self._islands.values():
            missing = candidate.missing_keys(program)
            if candidate is island:
                self._of(island).offered(program, kept=kept)
            elif missing:
                unable += 1
                self._of(candidate).passed_by(missing)
        is_refused = island is None and unable < len(self._islands)
        self._unrouted.append(reason if is_refused else None)
        if self._seen % WINDOW == 0:
            self._check_routes()

    def _of(self, island: Island) -> IslandDiagnosis:
        if island.id not in self._watched:
            self._watched[island.id] = IslandDiagnosis(island, self._metrics)
        return self._watched[island.id]

    def _check_routes(self) -> None:
        reasons = Counter(reason for reason in self._unrouted if reason is not None)
        lost = reasons.total()
        if not lost:
            return
        offered = len(self._unrouted)
        line = f"[Router] {name_of(self._router)}: no island for {lost}/{offered} programs ({_shown(reasons)})"
        _tell(self._told, ROUTES, line if 2 * lost > offered else None, otherwise=line)


class IslandDiagnosis:
    """Watches one island.

    Args:
        island: The island.
        metrics: The problem's metrics; None where they are not known.
    """

    def __init__(self, island: Island, metrics: Metrics | None = None) -> None:
        self._island = island
        self._metrics = metrics
        self._offers: deque[Offer] = deque(maxlen=WINDOW)
        self._seen = 0
        self._size = -1  # not known before the first offer
        self._replaced = 0  # programs that took the place of another
        self._beaten = 0  # programs that were refused though they were better by the primary metric
        self._told: set[str] = set()
        self._next_size = LARGE

    def offered(self, program: Program, *, kept: bool) -> None:
        """The island was just offered ``program``."""
        island = self._island
        size, self._size = self._size, len(island)
        # Migrants change the size too; then the window may know that somebody sat there.
        self._replaced += kept and (self._size <= size or any(offer.cell == island.last_cell for offer in self._offers))
        refusal = None if kept else island.last_refusal or ISLAND_FULL
        self._beaten += refusal is not None and self._is_better_than_its_elite(program)
        keys = () if island.last_cell is None else island.behavior_space.behavior_keys
        behavior = {key: program.metrics[key] for key in keys if key in program.metrics}
        self._note(Offer(kept, refusal, island.last_cell, behavior))
        self._check_size()

    def passed_by(self, missing: list[str]) -> None:
        """A program could not be offered, since it lacks what the island needs."""
        self._note(Offer(kept=False, refusal=f"missing metric: {', '.join(missing)}"))

    def expect_crowded_cells(self) -> None:
        """See ``Diagnosis.expect_crowded_cells``."""
        self._told.add(CELL)

    def why_empty(self) -> str:
        """A line on an island that holds nothing."""
        if not self._seen:
            return f"[Island] {self._island.id}: added 0/0 programs; the router sent it none"
        return self._with_remedy(self._reasons())

    def _note(self, offer: Offer) -> None:
        self._seen += 1
        self._offers.append(offer)
        if self._seen % WINDOW == 0:
            self._check_acceptance()
            self._check_cells()
            self._check_similarity()

    def _is_better_than_its_elite(self, program: Program) -> bool:
        island, metrics = self._island, self._metrics
        if metrics is None or island.last_cell is None or island.last_refusal != NOT_BETTER:
            return False
        elite = island.archive.elite_at(island.last_cell)
        return elite is not None and metrics.is_better(metrics.fitness(program.metrics), metrics.fitness(elite.metrics))

    # The troubles

    def _check_acceptance(self) -> None:
        reasons = self._reasons()
        unusable = sum(times for reason, times in reasons.items() if not _is_defeat(reason))
        never = not self._replaced and reasons.total() == len(self._offers)
        is_trouble = never or 2 * unusable > len(self._offers)
        _tell(
            self._told, ACCEPTANCE, self._with_remedy(reasons) if is_trouble else None, otherwise=self._tally(reasons)
        )

    def _tally(self, reasons: Counter[str]) -> str:
        added = sum(offer.kept for offer in self._offers)
        shown = f" ({_shown(reasons)})" if reasons else ""
        return f"[Island] {self._island.id}: added {added}/{len(self._offers)} programs{shown}"

    def _with_remedy(self, reasons: Counter[str]) -> str:
        # A defeat is as it should be where anything else is wrong as well.
        telling = Counter({reason: times for reason, times in reasons.items() if not _is_defeat(reason)}) or reasons
        return self._tally(reasons) + "".join(f". {self._remedy(reason)}" for reason, _ in telling.most_common(1))

    def _remedy(self, reason: str) -> str:
        """What to do about the most frequent reason."""
        island = self._island
        kind, _, keys = reason.partition(": ")
        if kind == "missing metric":
            asking = "; ".join(f"{key} is asked for by its {_who_asks(island, key)}" for key in keys.split(", "))
            return f"{asking}. Return it from validate, or name a metric that all programs have"
        if kind == "not finite":
            return f"Programs must have a finite number there: look at what validate returns for {keys}"
        selector = f"archive_selector {name_of(island.archive_selector)}"
        if kind == SCORE_NOT_FINITE:
            return f"Its {selector} must give a finite score for each program"
        if kind.startswith("fault in "):
            return f"Its {kind.removeprefix('fault in ')} raised; the log has the traceback"
        if kind == ISLAND_FULL:
            return (
                f"Its archive_remover {name_of(island.archive_remover)} takes newcomers out again: it holds "
                f"{len(island)} of max_size={island.config.max_size}"
            )
        better = ""
        if self._beaten and self._metrics is not None:
            better = f", though {self._beaten} had a better {self._metrics.primary_key} than the elite of their cell"
        return f"Its {selector} has preferred no newcomer so far{better}"

    def _check_cells(self) -> None:
        placed = [offer for offer in self._offers if offer.cell is not None]
        space = self._island.behavior_space
        if not placed or space.total_cells == 1:
            return
        cell, times = Counter(offer.cell for offer in placed).most_common(1)[0]
        share = times / len(placed)
        line = f"[Island] {share:.0%} of programs in cell {cell} of {self._island.id}"
        is_trouble = share >= CROWDED_CELL and 2 * len(placed) > WINDOW
        cause = why_one_cell(space, [offer.behavior for offer in placed if offer.cell == cell]) if is_trouble else ""
        _tell(self._told, CELL, f"{line}: {cause}" if is_trouble else None, otherwise=line)

    def _check_similarity(self) -> None:
        island = self._island
        if len(island) < 3 or SIMILARITY in self._told:
            return
        rows = np.unique(np.linspace(0, len(island) - 1, SAMPLE).astype(np.int64))
        trouble = None
        if least_similarity(island.archive.programs(rows)) > SIMILAR:
            trouble = (
                f"[Island] All programs have similarity > {SIMILAR} in {island.id}: a less greedy elite_selector than "
                f"{name_of(island.elite_selector)}, other behaviour keys than "
                f"{', '.join(island.behavior_space.behavior_keys)}, or stronger mutation would spread them"
            )
        _tell(self._told, SIMILARITY, trouble)

    def _check_size(self) -> None:
        size = len(self._island)
        if self._island.config.max_size is None and size >= self._next_size:
            self._next_size *= 10
            logger.warning(
                "[Island] {}: {} programs (max_size=null): all of them are in memory; max_size limits them",
                self._island.id,
                size,
            )

    def _reasons(self) -> Counter[str]:
        return Counter(offer.refusal for offer in self._offers if offer.refusal is not None)


def _tell(told: set[str], trouble: str, message: str | None, *, otherwise: str = "") -> None:
    """Say ``message`` once as a warning; at all other times ``otherwise``, where there is something, at DEBUG.

    Args:
        told: The troubles that were told, by name; this one is added.
        trouble: Its name.
        message: None where there is no trouble.
        otherwise: What is of interest all the same.
    """
    if message is not None and trouble not in told:
        told.add(trouble)
        logger.warning("{}", message)
    elif message or otherwise:
        logger.debug("{}", message or otherwise)


def _shown(reasons: Counter[str]) -> str:
    return ", ".join(f"{times} {reason}" for reason, times in reasons.most_common(REASONS_SHOWN))


def _is_defeat(reason: str) -> bool:
    """Whether a program was refused because another one is better, which is as it should be."""
    return reason in (NOT_BETTER, DOMINATED, CROWDED) or reason.startswith(ISLAND_FULL)


def _who_asks(island: Island, key: str) -> str:
    """The part of an island that needs a metric."""
    if key in island.behavior_space.behavior_keys:
        return f"behavior_space {name_of(island.behavior_space)}"
    parts = {
        "archive_selector": island.archive_selector,
        "elite_selector": island.elite_selector,
        "archive_remover": island.archive_remover,
        "migrant_selector": island.migrant_selector,
    }
    asking = [f"{role} {name_of(part)}" for role, part in parts.items() if key in keys_of(part)]
    return " and ".join(asking) or "archive, as the primary metric"
