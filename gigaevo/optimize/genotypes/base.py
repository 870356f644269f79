"""What every genotype can do, and what all of them check."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.kernels.random import RandomStream

    Codes: TypeAlias = NDArray[Any]


SHOWN = 20  # genes or alleles up to which ``repr`` tells each


class Genotype(ABC):
    """The genes of a candidate and the alleles that each may have.

    Attributes:
        genes_size: Genes of a genome.
    """

    genes_size: int

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Of the codes."""

    @abstractmethod
    def random(self, n: int, stream: RandomStream) -> Codes:
        """Codes of ``n`` random genomes, shape (n, genes_size)."""

    @abstractmethod
    def decode(self, codes: Codes) -> NDArray[Any]:
        """The genomes of ``codes``, shape (n, genes_size); may be a view of them."""

    @abstractmethod
    def encode(self, genomes: Any) -> Codes:
        """The codes of ``genomes``, shape (n, genes_size), a new array.

        Raises:
            ValueError: They are of another shape, or of alleles that the genotype has not; the first is named.
        """


def rows_of(genomes: Any, genes_size: int) -> NDArray[Any]:
    """``genomes`` as an array of shape (n, genes_size).

    Raises:
        ValueError: They have another shape.
    """
    try:
        rows = np.asarray(list(genomes) if isinstance(genomes, Iterator) else genomes)
    except ValueError:
        raise ValueError(f"genomes has rows of several lengths, expected {genes_size} genes in each") from None
    if rows.ndim != 2 or rows.shape[1] != genes_size:
        raise ValueError(f"genomes has shape {rows.shape}, expected (n, {genes_size})")
    return rows


def first_place(where: NDArray[np.bool_]) -> str:
    """The first place that is True, as an index in brackets."""
    return "[" + ", ".join(str(int(index)) for index in np.argwhere(where)[0]) + "]"
