"""All chromosomes of a genotype, one after the other."""

from __future__ import annotations

import math
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


def gene_values(space: GeneSpace, scale: int, around: Rows | None) -> list[Rows]:
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
        return [np.array([0.0, 1.0])] * space.genes_size
    if not isinstance(space, NumberSpace):
        raise TypeError(f"{space!r} has no values of single genes")
    return [_values(space, gene, scale, around) for gene in range(space.genes_size)]


def _values(space: NumberSpace, gene: int, scale: int, around: Rows | None) -> Rows:
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
        return np.array([around[gene]])  # all were tried at the first scale
    return np.arange(low, high + 1.0)


def _steps(low: float, high: float, scales: tuple[tuple[float, float], ...], scale: int, around: float | None) -> Rows:
    """A grid by the step of ``scale``: over the whole range, or round the best of the scale before."""
    if scale and around is not None:
        if scale >= len(scales):
            return np.array([around])
        down, up = scales[scale - 1]
        low, high = max(low, around + down), min(high, around + up)
    step = scales[scale][1] or -scales[scale][0]
    values: Rows = np.minimum(low + step * np.arange(math.floor((high - low) / step + _SLACK) + 1), high)
    return values


def count_permutations(space: GeneSpace, scale: int = 0, around: Rows | None = None) -> int:
    """How many there are, exactly, at ``scale``."""
    if isinstance(space, OrderSpace):
        return math.prod(math.factorial(part.stop - part.start) for part in space.sets)
    return math.prod(len(values) for values in gene_values(space, scale, around))


def permuted_rows(space: GeneSpace, at_a_time: int, scale: int = 0, around: Rows | None = None) -> Iterator[Rows]:
    """All rows, ``at_a_time`` together: the first genes change slowest."""
    if isinstance(space, OrderSpace):
        orders = product(*(permutations(range(part.stop - part.start)) for part in space.sets))
        while chunk := list(islice(orders, at_a_time)):
            codes = np.array([[index for part in order for index in part] for order in chunk], np.int32)
            yield space.rows_of(codes)
        return
    values = gene_values(space, scale, around)
    shape = tuple(len(column) for column in values)
    total = math.prod(shape)
    for begin in range(0, total, at_a_time):
        end = min(begin + at_a_time, total)
        rows = np.empty((end - begin, len(values)))
        left = np.arange(begin, end)
        for gene in range(len(values) - 1, -1, -1):
            left, index = np.divmod(left, shape[gene])
            rows[:, gene] = values[gene][index]
        yield space.rows_of(rows.astype(np.uint8)) if isinstance(space, BitSpace) else rows
