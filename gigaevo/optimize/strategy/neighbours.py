"""All chromosomes that one mutation away may be: what a steepest ascent looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.strategy_laws import GeneLaw
from gigaevo.optimize.strategy.gene_space import BitSpace, NumberSpace, OrderSpace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.strategy.gene_space import GeneSpace

    Rows = NDArray[Any]

MOST_WHOLE = 10_000  # values of one gene that are all looked at


def neighbours(space: GeneSpace, row: Rows, scale: int, stream: RandomStream) -> Rows:
    """The neighbours of ``row``.

    Bits: each flipped. Lists and whole numbers drawn anew: every other value. Numbers that move: a random one below and
    one above within the distance, or the two steps. Permutations: each swap of two genes of a set.

    Args:
        space: What the row means.
        row: Shape (width,).
        scale: Which mutation distance is in force.
        stream: Where it draws from.

    Returns:
        Rows that all differ from ``row``, shape (n, width); none where no gene may change.

    Raises:
        ValueError: A gene has so many whole values that looking at all of them makes no sense.
    """
    if isinstance(space, BitSpace):
        genes = np.arange(space.genes_size)
        rows = np.repeat(row[None], space.genes_size, axis=0)
        rows[genes, genes // 64] ^= np.uint64(1) << (genes % 64).astype(np.uint64)
        return rows
    if isinstance(space, OrderSpace):
        pairs = [_pairs(part) for part in space.sets]
        left, right = np.concatenate(pairs, axis=1)
        rows = np.repeat(row[None], len(left), axis=0)
        places = np.arange(len(left))
        rows[places, left], rows[places, right] = row[right], row[left]
        return rows
    if not isinstance(space, NumberSpace):
        raise TypeError(f"{space!r} is no space with neighbours")
    changed = [(gene, value) for gene in space.mutable.tolist() for value in _values(space, row, gene, scale, stream)]
    rows = np.repeat(row[None], len(changed), axis=0)
    for place, (gene, value) in enumerate(changed):
        rows[place, gene] = value
    return rows


def _pairs(part: slice) -> NDArray[np.int64]:
    """The two genes of each swap within a set, shape (2, n)."""
    left, right = np.triu_indices(part.stop - part.start, 1)
    return np.array((left + part.start, right + part.start), np.int64)


def _values(space: NumberSpace, row: Rows, gene: int, scale: int, stream: RandomStream) -> list[float]:
    """Other values of a gene."""
    laws = space.laws[scale]
    law, value = laws.law[gene], float(row[gene])
    low, high = float(laws.low[gene]), float(laws.high[gene])
    down, up = float(laws.down[gene]), float(laws.up[gene])
    if law == GeneLaw.REDRAW_WHOLE:
        if high - low > MOST_WHOLE:
            raise ValueError(f"gene {gene} has {high - low + 1:.0f} values, too many neighbours: give it a distance")
        found = np.arange(low, high + 1.0).tolist()
    elif law == GeneLaw.STEP:
        found = [max(value + down, low), min(value + up, high)]
    else:
        if law in (GeneLaw.MOVE, GeneLaw.MOVE_WHOLE):
            low, high = max(low, value + down), min(high, value + up)
        below, above = stream.uniforms(2).tolist()
        found = [low + below * (value - low), high - above * (high - value)]
        if law == GeneLaw.MOVE_WHOLE:
            found = [float(np.floor(found[0])), float(np.ceil(found[1]))]
    return [other for other in dict.fromkeys(found) if other != value]
