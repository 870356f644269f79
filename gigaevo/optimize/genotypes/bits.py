"""Genomes of bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.arguments import check_whole
from gigaevo.optimize.genotypes.base import Genotype, first_place, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.genotypes.base import Codes


@dataclass(frozen=True)
class BinaryGenotype(Genotype):
    """Bits.

    Args:
        genes_size: How many, at least 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    genes_size: int

    def __post_init__(self) -> None:
        check_whole("genes_size", self.genes_size)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def random(self, n: int, stream: RandomStream) -> Codes:
        return stream.integers(n * self.genes_size, 2).astype(np.uint8).reshape(n, self.genes_size)

    def decode(self, codes: Codes) -> NDArray[Any]:
        return codes.view(np.bool_)

    def encode(self, genomes: Any) -> Codes:
        rows = rows_of(genomes, self.genes_size)
        if rows.dtype != np.bool_:
            wrong = ~np.isin(rows, (0, 1))
            if wrong.any():
                raise ValueError(f"genomes{first_place(wrong)} is {rows[wrong][0]}, expected 0 or 1")
        return rows.astype(np.uint8)
