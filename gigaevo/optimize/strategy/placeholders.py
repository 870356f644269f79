"""Simple fitness functions that need no calls of Python: for trying things out, and for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.arguments import check_number

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class CountTrue:
    """How many genes are true."""

    name = "count_true"
    maximize = True
    objectives = 1

    def evaluate(self, genomes: NDArray[Any]) -> NDArray[np.float64]:
        """Of each of ``genomes``, float64 of shape (n,)."""
        return np.asarray(np.count_nonzero(genomes, axis=1), np.float64)


@dataclass(frozen=True)
class SumGenes:
    """The sum of the genes.

    Args:
        precision: What the sum is rounded down to, above 0; None: it is not.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    precision: float | None = None

    name = "sum_genes"
    maximize = True
    objectives = 1

    def __post_init__(self) -> None:
        if self.precision is not None:
            check_number("precision", self.precision, 0.0, above=True)

    def evaluate(self, genomes: NDArray[Any]) -> NDArray[np.float64]:
        """Of each of ``genomes``, float64 of shape (n,)."""
        sums: NDArray[np.float64] = genomes.sum(axis=1, dtype=np.float64)
        return sums if self.precision is None else np.floor(sums / self.precision) * self.precision


@dataclass(frozen=True)
class Zero:
    """0 for everyone."""

    name = "zero"
    maximize = True
    objectives = 1

    def evaluate(self, genomes: NDArray[Any]) -> NDArray[np.float64]:
        """Zeros of shape (n,)."""
        return np.zeros(len(genomes))


@dataclass
class Countdown:
    """One less with each evaluation, whatever the genes, down to 0: the time of a search made visible.

    Args:
        start: What the first evaluation gives, at least 0.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    start: int
    left: int = field(init=False, repr=False)

    name = "countdown"
    maximize = False
    objectives = 1

    def __post_init__(self) -> None:
        if self.start < 0:
            raise ValueError(f"start is {self.start}, expected 0 or more")
        self.left = self.start

    def evaluate(self, genomes: NDArray[Any]) -> NDArray[np.float64]:
        """The next numbers of the countdown, shape (n,)."""
        scores = np.maximum(self.left - np.arange(len(genomes)), 0).astype(np.float64)
        self.left = max(0, self.left - len(genomes))
        return scores
