"""What a genome may be: the search spaces of all optimizers.

Optimizers work on **codes**, arrays of one number for each gene: float64 for ranges, uint8 of 0 and 1 for bits, int32
indices of alleles for lists and sets. Fitness functions see **genomes**: what the codes stand for.
"""

from gigaevo.optimize.genotypes.alleles import (
    Alleles,
    ListGenotype,
    MultiListGenotype,
    MultiUniqueGenotype,
    UniqueGenotype,
)
from gigaevo.optimize.genotypes.base import Genotype
from gigaevo.optimize.genotypes.bits import BinaryGenotype
from gigaevo.optimize.genotypes.ranges import MultiRangeGenotype, RangeGenotype, Ranges, as_genotype, ranges_of

__all__ = [
    "Alleles",
    "BinaryGenotype",
    "Genotype",
    "ListGenotype",
    "MultiListGenotype",
    "MultiRangeGenotype",
    "MultiUniqueGenotype",
    "RangeGenotype",
    "Ranges",
    "UniqueGenotype",
    "as_genotype",
    "ranges_of",
]
