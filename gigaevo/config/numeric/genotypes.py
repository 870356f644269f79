"""From what ``genotype.yaml`` says to a genotype of ``gigaevo.optimize``, and how genomes are shown to people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gigaevo import optimize
from gigaevo.problems.errors import ProblemError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.problems.genotype_file import GenotypeDescription

_CLASSES = {
    "binary": "BinaryGenotype",
    "range": "RangeGenotype",
    "multi_range": "MultiRangeGenotype",
    "list": "ListGenotype",
    "multi_list": "MultiListGenotype",
    "unique": "UniqueGenotype",
    "multi_unique": "MultiUniqueGenotype",
}


def genotype_of(description: GenotypeDescription) -> Genotype:
    """The genotype that a problem describes.

    Raises:
        ProblemError: Bounds or alleles make no sense.
    """
    try:
        genotype: Genotype = getattr(optimize, _CLASSES[description.kind])(**description.arguments)
    except (ValueError, TypeError) as error:
        raise ProblemError(str(error), path=description.path, line=description.line) from error
    except MemoryError as error:
        raise ProblemError("there are more genes than fit into memory", path=description.path) from error
    return genotype


@dataclass(frozen=True)
class GenomeForm:
    """How genomes are handed to the fitness function and written down: genes that have names as a mapping.

    Attributes:
        names: Of the genes; empty where they have none.
        whole: Whether each gene is a whole number among floats, so that it is shown as one.
    """

    names: tuple[str, ...] = ()
    whole: tuple[bool, ...] = ()

    @classmethod
    def of(cls, description: GenotypeDescription, genotype: Genotype) -> GenomeForm:
        """That of a problem's genomes."""
        integer = getattr(genotype, "integer", None)
        return cls(description.names, () if integer is None else tuple(integer.tolist()))

    def given(self, genome: NDArray[Any]) -> Any:
        """What a fitness function gets: a dict of plain values where genes have names, else the array itself."""
        return self.plain(genome) if self.names else genome

    def plain(self, genome: NDArray[Any]) -> Any:
        """The same as JSON values: a list, or a dict by name."""
        values = genome.tolist()
        if any(self.whole):
            values = [int(value) if whole else value for value, whole in zip(values, self.whole, strict=True)]
        elif values and isinstance(values[0], bool):
            values = [int(value) for value in values]
        return dict(zip(self.names, values, strict=True)) if self.names else values
