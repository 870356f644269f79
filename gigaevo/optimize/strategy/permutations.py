"""All chromosomes of a genotype, one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice, permutations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.genotypes import Ranges
from gigaevo.optimize.operators.mutation_types import MutationKind
from gigaevo.optimize.strategy.gene_space import BitSpace, NumberSpace, OrderSpace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gigaevo.optimize.strategy.gene_space import GeneSpace

    Rows = NDArray[Any]

_SLACK = 1e-9  # of a step: 10 steps of 0.1 reach 1.0
_ENDLESS = 2.0**63  # steps: more than anybody makes


@dataclass(frozen=True)
class Grid:
    """Values of a gene in equal steps; they are not held, of which there may be more than there is room for.

    Attributes:
        low: The first.
        step: From each to the next.
        high: What none is above.
        count: How many, at least 1.
    """

    low: float
    step: float
    high: float
    count: int

    def at(self, index: NDArray[np.int64]) -> Rows:
        """The values at ``index``, which is from 0 to ``count - 1``."""
        values: Rows = np.minimum(self.low + self.step * index, self.high)
        return values


def gene_grids(space: GeneSpace, scale: int, around: Rows | None) -> list[Grid]:
    """The values of each gene that are tried, in rising order.

    Args:
        space: Of bits or of numbers.
        scale: Which step is in force.
        around: The best row of the scale before: finer steps are made within one step of that scale round it. None at
            the first scale.

    Raises:
        ValueError: A gene is a number that has no step: there are too many of them.
    """
    if isinstance(space, BitSpace):
        return [_whole(0.0, 1.0)] * space.genes_size
    if not isinstance(space, NumberSpace):
        raise TypeError(f"{space!r} has no values of single genes")
    return [_grid(space, gene, scale, around) for gene in range(space.genes_size)]


def _grid(space: NumberSpace, gene: int, scale: int, around: Rows | None) -> Grid:
    low, high = float(space.lower[gene]), float(space.upper[gene])
    if isinstance(space.genotype, Ranges):
        kind = space.genotype.mutation_types[gene]
        if kind.kind is MutationKind.STEP:
            return _steps(low, high, kind.scales, scale, None if around is None else float(around[gene]))
        if not space.whole[gene] and low < high:
            raise ValueError(
                f"gene {gene} is any number of {low} to {high}: permutation needs whole numbers or MutationType.step"
            )
    if around is not None and space.scales > 1:
        return _only(float(around[gene]))  # all were tried at the first scale
    return _whole(low, high)


def _whole(low: float, high: float) -> Grid:
    return Grid(low, 1.0, high, int(high - low) + 1)


def _only(value: float) -> Grid:
    return Grid(value, 0.0, value, 1)


def _steps(low: float, high: float, scales: tuple[tuple[float, float], ...], scale: int, around: float | None) -> Grid:
    """A grid by the step of ``scale``: over the whole range, or round the best of the scale before."""
    if scale and around is not None:
        if scale >= len(scales):
            return _only(around)
        down, up = scales[scale - 1]
        low, high = max(low, around + down), min(high, around + up)
    step = scales[scale][1] or -scales[scale][0]
    steps = min((high - low) / step + _SLACK, _ENDLESS)
    return Grid(low, step, high, math.floor(steps) + 1)


def count_permutations(space: GeneSpace, scale: int = 0, around: Rows | None = None) -> int:
    """How many there are, exactly, at ``scale``."""
    if isinstance(space, OrderSpace):
        return math.prod(math.factorial(part.stop - part.start) for part in space.sets)
    return math.prod(grid.count for grid in gene_grids(space, scale, around))


def permuted_rows(space: GeneSpace, at_a_time: int, scale: int = 0, around: Rows | None = None) -> Iterator[Rows]:
    """All rows, ``at_a_time`` together: the first genes change slowest."""
    if isinstance(space, OrderSpace):
        orders = product(*(permutations(range(part.stop - part.start)) for part in space.sets))
        while chunk := list(islice(orders, at_a_time)):
            codes = np.array([[index for part in order for index in part] for order in chunk], np.int32)
            yield space.rows_of(codes)
        return
    grids = gene_grids(space, scale, around)
    total = math.prod(grid.count for grid in grids)
    tables: list[Any] = [grid.at(np.arange(grid.count)) if grid.count <= at_a_time else None for grid in grids]
    for begin in range(0, total, at_a_time):
        end = min(begin + at_a_time, total)
        rows = np.empty((end - begin, len(grids)))
        left = np.arange(begin, end)
        for gene in range(len(grids) - 1, -1, -1):
            left, index = np.divmod(left, grids[gene].count)
            rows[:, gene] = grids[gene].at(index) if tables[gene] is None else tables[gene][index]
        yield space.rows_of(rows.astype(np.uint8)) if isinstance(space, BitSpace) else rows
