"""The chromosomes of a generation, in structure-of-arrays form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.strategy import distinct_rows
from gigaevo.kernels.strategy_laws import Pool

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Chromosome:
    """One candidate as the user sees it.

    Attributes:
        genes: Its genes, shape (genes_size,).
        fitness_score: What the fitness function gave, in the user's direction; None where it is invalid or not known.
        age: Generations since it came to be; 0 for offspring.
    """

    genes: NDArray[Any]
    fitness_score: float | None
    age: int = 0


class Population:
    """Chromosomes with room for offspring; one that is dropped leaves its row to those that come.

    Args:
        rows: Genes as the kernels hold them (``GeneSpace``), shape (n, width); merits are unknown yet, ages 0.
        capacity: Rows to begin with, at least n.

    Attributes:
        pool: The arrays, for kernels (``strategy_laws.Pool``).
        size: Chromosomes in the population: the rows ``pool.order[:size]``, in their order.
    """

    def __init__(self, rows: NDArray[Any], capacity: int = 0) -> None:
        self.size = len(rows)
        capacity = max(self.size, capacity, 1)
        genes = np.zeros((capacity, rows.shape[1]), rows.dtype)
        genes[: self.size] = rows
        self.pool = Pool(genes, np.full(capacity, np.nan), np.zeros(capacity, np.int64), np.arange(capacity))

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"Population(size={self.size}, best_merit={self.merits.max(initial=-np.inf):.6g})"

    @property
    def members(self) -> NDArray[np.int64]:
        """Rows of the population in its order: a view, for those who put it in another order."""
        return self.pool.order[: self.size]

    @property
    def genes(self) -> NDArray[Any]:
        """Genes as the kernels hold them, shape (size, width), a copy."""
        return self.pool.genes[self.members]

    @property
    def merits(self) -> NDArray[np.float64]:
        """Merits in the order of the population, a copy: larger is better, -inf invalid, NaN unknown."""
        return self.pool.merits[self.members]

    @property
    def ages(self) -> NDArray[np.int64]:
        """Ages in the order of the population, a copy."""
        return self.pool.ages[self.members]

    @property
    def cardinality(self) -> int:
        """How many chromosomes differ, counted exactly."""
        return int(np.count_nonzero(self.distinct()))

    def distinct(self) -> NDArray[np.bool_]:
        """Which chromosomes are the first with their genes, bool of shape (size,)."""
        return distinct_rows(self.pool, self.size)

    def unknown(self) -> NDArray[np.int64]:
        """Rows whose merit is not known."""
        members = self.members
        return members[np.isnan(self.pool.merits[members])]

    def best_row(self, *, last: bool = False) -> int:
        """The row of the largest merit; of equal ones the first in the order of the population, or the last."""
        members = self.members[::-1] if last else self.members
        return int(members[int(self.pool.merits[members].argmax())])

    def reserve(self, capacity: int) -> None:
        """Have at least ``capacity`` rows."""
        there = len(self.pool.order)
        if capacity <= there:
            return
        more = max(capacity, 2 * there) - there
        genes: NDArray[Any] = self.pool.genes
        _, merits, ages, order = self.pool
        self.pool = Pool(
            np.concatenate((genes, np.zeros((more, genes.shape[1]), genes.dtype))),
            np.concatenate((merits, np.full(more, np.nan))),
            np.concatenate((ages, np.zeros(more, np.int64))),
            np.concatenate((order, np.arange(there, there + more))),
        )

    def keep(self, positions: NDArray[np.int64]) -> None:
        """Let the population be those at ``positions``, all different, in that order."""
        kept = np.zeros(self.size, np.bool_)
        kept[positions] = True
        members = self.members.copy()
        self.members[:] = np.concatenate((members[positions], members[~kept]))
        self.size = len(positions)

    def by_merit(self) -> NDArray[np.int64]:
        """Positions, larger merits first; of equal ones the earlier first."""
        return np.argsort(-self.merits, kind="stable")
