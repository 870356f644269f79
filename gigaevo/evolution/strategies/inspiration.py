"""Inspirations: elites that whoever changes a parent may learn from, the best ones and some that are unlike it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from gigaevo.evolution.strategies.archive import Cell, birth_order
from gigaevo.evolution.strategies.island import Island
from gigaevo.programs import Program
from gigaevo.programs.metrics import NOVELTY_KEY

DRAWN_FOR_EACH = 8  # elites that are drawn for each diverse inspiration; the most unlike of them are taken


def inspirations_of(
    islands: Sequence[Island],
    parents: Sequence[Program],
    *,
    best: int,
    diverse: int,
    higher_is_better: bool,
    rng: np.random.Generator,
) -> list[Program]:
    """See ``EvolutionStrategy.inspirations``. O(log n) for each one named; nothing looks through an archive.

    Args:
        islands: Where to look.
        parents: Left out of the answer.
        best: How many of the best over all islands, the best first.
        diverse: How many more. Some elites of other cells than the parents' are drawn uniformly, and of these the one
            farthest from the parents is taken, then the one farthest from all of them, and so on.
        higher_is_better: Direction of the primary metric.
        rng: Draws.
    """
    taken = {parent.id for parent in parents}
    populated = [island for island in islands if len(island)]
    leading = _best(populated, best, taken, higher_is_better=higher_is_better) if best > 0 else []
    taken |= {program.id for program in leading}
    if diverse < 1 or not populated:
        return leading
    return leading + _unlike(_drawn(populated, parents, taken, DRAWN_FOR_EACH * diverse, rng), parents, diverse)


def _best(islands: Sequence[Island], count: int, taken: set[str], *, higher_is_better: bool) -> list[Program]:
    """The best over all islands; one that lives on several is named once."""
    found: dict[str, tuple[float, float, Program]] = {}
    for island in islands:
        ranking = island.primary_ranking()
        wanted = count + len(taken)  # so many that enough are left without those that are taken
        rows = ranking.largest(wanted) if higher_is_better else ranking.smallest(wanted)
        sign = -1.0 if higher_is_better else 1.0
        for row, program in zip(rows.tolist(), island.archive.programs(rows), strict=True):
            found[program.id] = (sign * float(ranking.values[row]), birth_order(program), program)
    order = sorted(found.values(), key=lambda entry: (*entry[:2], entry[2].id))
    return [program for *_, program in order if program.id not in taken][:count]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An elite with the axes of its island, along which others are like it or not."""

    program: Program
    widths: Mapping[str, float]


def _drawn(
    islands: Sequence[Island], parents: Sequence[Program], taken: set[str], count: int, rng: np.random.Generator
) -> list[_Candidate]:
    """Different elites in the order drawn, uniformly over all islands, none of them in the cell of a parent."""
    ends = list(accumulate(len(island) for island in islands))
    occupied = [_cells_of(island, parents) for island in islands]
    widths = [_widths(island) for island in islands]
    names, drawn = set(taken), list[_Candidate]()
    for number in rng.choice(ends[-1], size=min(ends[-1], count + len(taken)), replace=False).tolist():
        place = bisect_right(ends, number)
        archive = islands[place].archive
        row = number - ends[place] + len(archive)
        [program] = archive.programs(np.array([row]))
        if program.id not in names and archive.cell_at(row) not in occupied[place]:
            drawn.append(_Candidate(program, widths[place]))
        names.add(program.id)
    return drawn[:count]


def _cells_of(island: Island, parents: Iterable[Program]) -> set[Cell]:
    return {island.archive.cell_of(parent.id) for parent in parents if parent.id in island}


def _widths(island: Island) -> Mapping[str, float]:
    return {key: width for key, width in island.behavior_space.scales().items() if key != NOVELTY_KEY}


def _unlike(candidates: Sequence[_Candidate], parents: Sequence[Program], count: int) -> list[Program]:
    """Farthest first: each is the one whose nearest among the parents and those chosen before is the farthest away; of
    equals the one drawn first."""
    left = {
        place: min((_distance(one, other) for other in parents), default=math.inf)
        for place, one in enumerate(candidates)
    }
    chosen: list[Program] = []
    while left and len(chosen) < count:
        farthest = max(left, key=left.__getitem__)
        del left[farthest]
        program = candidates[farthest].program
        chosen.append(program)
        for place, nearest in left.items():
            left[place] = min(nearest, _distance(candidates[place], program))
    return chosen


def _distance(candidate: _Candidate, other: Program) -> float:
    """Distance along the axes of the candidate's island, as a share of their diagonal; infinite where the other was
    not measured along all of them: a program that failed is unlike everything."""
    own, total = candidate.program.metrics, 0.0
    for key, width in candidate.widths.items():
        value = other.metrics.get(key, math.inf)
        if not math.isfinite(value):
            return math.inf
        total += ((own[key] - value) / width) ** 2
    return math.sqrt(total / max(1, len(candidate.widths)))
