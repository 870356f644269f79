"""What a genetic algorithm is made of: how it selects parents, crosses and mutates them.

Each part is a Protocol with one method on arrays, so that one of your own is a small class. Those that come with the
package are in ``selection`` and ``variation``. All of them draw from the stream that they are given, and from nowhere
else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigaevo.kernels.random import RandomStream

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


class Selection(Protocol):
    """Which candidates become parents."""

    def select(
        self, merits: Floats, count: int, stream: RandomStream, counts: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Positions of ``count`` candidates, int64 of shape (count,), in random order; one may be there several times.

        Args:
            merits: How good each candidate is, float64 (n,): larger is better, minus infinity is invalid.
            count: Candidates to select, 0 or more.
            stream: What is drawn from.
            counts: How often each candidate has been selected so far, int64 (n,), for those who care (``Ucb1``); the
                caller adds to it what is returned. None: never.
        """


class Crossover(Protocol):
    """How two parents make two children."""

    def cross(
        self,
        a: Floats,
        b: Floats,
        stream: RandomStream,
        lower: Floats,
        upper: Floats,
        out: Floats | None = None,
    ) -> Floats:
        """Children of pairs of parents, float64 of shape (2n, d): ``i`` and ``n + i`` are of pair ``i``.

        Genes that are whole numbers may come out broken: the mutation that follows rounds them.

        Args:
            a: One parent of each pair, float64 (n, d).
            b: The other.
            stream: What is drawn from.
            lower: Least value of each gene, (d,).
            upper: Greatest value of each gene, (d,).
            out: Where to write the children; may be the array whose halves are ``a`` and ``b``.
        """


class Mutation(Protocol):
    """How a genome is changed a little."""

    def mutate(
        self,
        genomes: Floats,
        stream: RandomStream,
        lower: Floats,
        upper: Floats,
        integer: Bools | None = None,
        out: Floats | None = None,
    ) -> Floats:
        """Mutants of genomes, float64 of the same shape, (n, d).

        Args:
            genomes: float64 (n, d).
            stream: What is drawn from.
            lower: Least value of each gene, (d,).
            upper: Greatest value of each gene, (d,).
            integer: Which genes are whole numbers, bool (d,): they are rounded, changed or not. None: none of them.
            out: Where to write the mutants; may be ``genomes``.
        """
