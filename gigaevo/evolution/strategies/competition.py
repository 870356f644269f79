"""Who holds a cell: what becomes of a newcomer and of those that sit where it belongs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gigaevo.evolution.strategies.archive import Cell, FloatArray, ProgramArchive
from gigaevo.evolution.strategies.pareto import dominated_by_any, dominates, most_crowded
from gigaevo.evolution.strategies.selectors import ArchiveSelector, ParetoArchiveSelector, comparison, scalar_score
from gigaevo.programs import Program

NOT_BETTER = "not better than the elite of its cell"
DOMINATED = "dominated within its cell"
CROWDED = "the front of its cell is full and it is in the densest part"
SCORE_NOT_FINITE = "score not finite"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to happen to a newcomer.

    Attributes:
        refusal: Why its cell does not take it; None where it does.
        leaving: Who has to leave the cell for it.
    """

    refusal: str | None = None
    leaving: Sequence[Program] = ()


class Competition(Protocol):
    """Decides about one newcomer at a time, and changes nothing; it is told what happened."""

    depth: int  # programs that a cell may hold

    def objective(self, program: Program) -> float | None:
        """The number by which programs compare; None where no number does."""

    def best_objective(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> float | None:
        """The largest objective that a program can have of which only so much is known (see
        ``EvolutionStrategy.could_keep``); None where there is no telling, or no number by which programs compare."""

    def decide(self, archive: ProgramArchive, cell: Cell, program: Program) -> Decision:
        """What becomes of ``program``, which belongs into ``cell``."""

    def left(self, archive: ProgramArchive, cell: Cell, program: Program) -> None:
        """``program`` has left ``cell``."""

    def turned_away(self, cell: Cell, program: Program, refusal: str) -> None:
        """``program`` was not taken into ``cell``."""

    def forget(self) -> None:
        """Cells are not what they were."""

    def state(self) -> Any:
        """What is remembered, as JSON values."""

    def restore(self, state: Any) -> None:
        """Go back to ``state()``."""


class _Forgetful:
    """One program to a cell, and nothing to remember."""

    depth = 1

    def best_objective(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> float | None:
        return None

    def left(self, archive: ProgramArchive, cell: Cell, program: Program) -> None:
        pass

    def turned_away(self, cell: Cell, program: Program, refusal: str) -> None:
        pass

    def forget(self) -> None:
        pass

    def state(self) -> Any:
        return None

    def restore(self, state: Any) -> None:
        pass


class ScalarCompetition(_Forgetful):
    """The largest score holds the cell; of equals the first.

    Args:
        selector: Compares by one number.
    """

    def __init__(self, selector: Any) -> None:
        score = scalar_score(selector)
        assert score is not None
        self._score = score
        self._best_score = selector.best_score

    def objective(self, program: Program) -> float:
        return self._score(program)

    def best_objective(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> float | None:
        best: float | None = self._best_score(metrics, bounds)
        return best

    def decide(self, archive: ProgramArchive, cell: Cell, program: Program) -> Decision:
        score = self._score(program)
        if not math.isfinite(score):
            return Decision(refusal=SCORE_NOT_FINITE)
        holder = archive.objective_at(cell)
        if holder is None:
            return Decision()
        if not score > holder:
            return Decision(refusal=NOT_BETTER)
        return Decision(leaving=archive.occupants(cell))


class PairwiseCompetition(_Forgetful):
    """Who is better than the elite, in the selector's own opinion, takes its place.

    Args:
        selector: Has ``is_better(candidate, current)``, or is a function of these two.
    """

    def __init__(self, selector: Any) -> None:
        self._is_better = comparison(selector)

    def objective(self, program: Program) -> None:
        return None

    def decide(self, archive: ProgramArchive, cell: Cell, program: Program) -> Decision:
        holders = archive.occupants(cell)
        if holders and not self._is_better(program, holders[0]):
            return Decision(refusal=NOT_BETTER)
        return Decision(leaving=holders)


class FrontCompetition:
    """A cell holds programs of which none dominates another, a few at most.

    Where there are too many, the one with the least crowding distance goes (Deb et al., 2002). Objectives of programs
    that left a cell undominated are remembered until the cell is empty, so that what they dominate cannot take their
    place: nothing that a cell has seen since then dominates what it holds.

    Args:
        selector: Gives the objectives and the size of a front.
    """

    def __init__(self, selector: ParetoArchiveSelector) -> None:
        self.depth = selector.front_size
        self._vector = selector.vector
        self._gone: dict[Cell, list[tuple[float, ...]]] = defaultdict(list)

    def objective(self, program: Program) -> None:
        return None

    def best_objective(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> float | None:
        return None

    def decide(self, archive: ProgramArchive, cell: Cell, program: Program) -> Decision:
        newcomer = np.array(self._vector(program), dtype=np.float64)
        if not np.isfinite(newcomer).all():
            return Decision(refusal=SCORE_NOT_FINITE)
        holders = archive.occupants(cell)
        if not holders:
            return Decision()
        front = self._vectors(holders)
        known = np.vstack([front, *self._gone.get(cell, ())])
        if dominated_by_any(newcomer, known) or (known == newcomer).all(axis=1).any():
            return Decision(refusal=DOMINATED)
        leaving = [holder for holder, vector in zip(holders, front, strict=True) if dominates(newcomer, vector)]
        if leaving or len(holders) < self.depth:
            return Decision(leaving=leaving)
        row = most_crowded(np.vstack([front, newcomer]))
        if row < len(holders):
            return Decision(leaving=[holders[row]])
        return Decision(refusal=CROWDED)

    def left(self, archive: ProgramArchive, cell: Cell, program: Program) -> None:
        holders = archive.occupants(cell)
        if not holders:
            self._gone.pop(cell, None)
            return
        vector = self._vectors([program])[0]
        if not dominated_by_any(vector, self._vectors(holders)):
            self._remember(cell, vector)

    def turned_away(self, cell: Cell, program: Program, refusal: str) -> None:
        if refusal == CROWDED:
            self._remember(cell, self._vectors([program])[0])

    def forget(self) -> None:
        self._gone.clear()

    def state(self) -> Any:
        return [[list(cell), [list(vector) for vector in vectors]] for cell, vectors in self._gone.items()]

    def restore(self, state: Any) -> None:
        self._gone.clear()
        for cell, vectors in state or ():
            self._gone[tuple(cell)] = [tuple(vector) for vector in vectors]

    def _remember(self, cell: Cell, vector: FloatArray) -> None:
        kept = [other for other in self._gone[cell] if not dominates(vector, np.array(other))]
        self._gone[cell] = [*kept, tuple(vector.tolist())]

    def _vectors(self, programs: Sequence[Program]) -> FloatArray:
        return np.array([self._vector(program) for program in programs], dtype=np.float64)


def competition_for(selector: ArchiveSelector | Any) -> Competition:
    """The way of competing that an archive selector asks for."""
    if isinstance(selector, ParetoArchiveSelector) and selector.front_size > 1:
        return FrontCompetition(selector)
    if scalar_score(selector) is not None:
        return ScalarCompetition(selector)
    return PairwiseCompetition(selector)
