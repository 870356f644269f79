"""Which operators a genetic algorithm takes for which genotype, by default and at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.genotypes import (
    BinaryGenotype,
    ListGenotype,
    MultiListGenotype,
    MultiUniqueGenotype,
    Ranges,
    UniqueGenotype,
)
from gigaevo.optimize.operators.discrete import (
    BitFlip,
    Inversion,
    MatchedCrossover,
    OrderCrossover,
    RandomReset,
    Scramble,
    Swap,
)
from gigaevo.optimize.operators.variation import (
    SBX,
    ArithmeticCrossover,
    BlendCrossover,
    GaussianMutation,
    OnePoint,
    PolynomialMutation,
    TwoPoint,
    UniformCrossover,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.optimize.genotypes import Genotype

LISTS = (ListGenotype, MultiListGenotype)
ORDERS = (UniqueGenotype, MultiUniqueGenotype)

# What each operator of ours works on; those of users say nothing.
WORKS_ON: dict[type, tuple[type[Genotype], ...]] = {
    **dict.fromkeys((SBX, BlendCrossover, ArithmeticCrossover, PolynomialMutation, GaussianMutation), (Ranges,)),
    **dict.fromkeys((UniformCrossover, OnePoint, TwoPoint), (Ranges, BinaryGenotype, *LISTS)),
    BitFlip: (BinaryGenotype,),
    RandomReset: LISTS,
    **dict.fromkeys((OrderCrossover, MatchedCrossover, Swap, Inversion, Scramble), ORDERS),
}


def check_operator(name: str, operator: Any, genotype: Genotype) -> None:
    """Raise TypeError if it is no operator, or one of ours that does not work on ``genotype``."""
    step, example = ("cross", "UniformCrossover()") if name == "crossover" else ("mutate", "GaussianMutation()")
    if isinstance(operator, type) or not callable(getattr(operator, step, None)):
        raise TypeError(f"{name} is {operator!r}, expected something that can {step}, such as {example}")
    kinds = WORKS_ON.get(type(operator))
    if kinds is not None and not isinstance(genotype, kinds):
        fitting = [
            kind.__name__
            for kind, works_on in WORKS_ON.items()
            if isinstance(genotype, works_on) and hasattr(kind, "cross") == hasattr(operator, "cross")
        ]
        raise TypeError(f"{name} is {operator!r}, expected for a {type(genotype).__name__} {' or '.join(fitting)}")


def check_mutants(mutants: NDArray[Any], mutation: Any, shape: tuple[int, int]) -> None:
    """Raise ValueError if ``mutation`` gave back something of another shape."""
    if mutants.shape != shape:
        raise ValueError(f"{mutation!r} returned shape {mutants.shape}, expected {shape}")


def default_crossover(genotype: Genotype, rate: float) -> Any:
    """The usual crossover of ``genotype``."""
    if isinstance(genotype, Ranges):
        return SBX(rate=rate)
    return OrderCrossover(rate) if isinstance(genotype, ORDERS) else UniformCrossover(pair_rate=rate)


def default_mutation(genotype: Genotype, adaptive: bool) -> Any:
    """The usual mutation of ``genotype``; with ``adaptive``, one that has a strength."""
    if isinstance(genotype, Ranges):
        if adaptive:
            return GaussianMutation(sigma=0.1, rate=max(0.1, 1.0 / genotype.genes_size))
        return PolynomialMutation()
    if isinstance(genotype, BinaryGenotype):
        return BitFlip()
    return Inversion() if isinstance(genotype, ORDERS) else RandomReset()


def code_bounds(genotype: Genotype) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_] | None]:
    """Least and greatest code of each gene, and which genes are whole numbers, if some are.

    Of a permutation, the first and the last gene of the set of each gene: see ``discrete``.
    """
    if isinstance(genotype, Ranges):
        return genotype.lower, genotype.upper, genotype.integer if genotype.integer.any() else None
    lower, upper = np.zeros(genotype.genes_size), np.ones(genotype.genes_size)
    if isinstance(genotype, ListGenotype):
        upper[:] = len(genotype.allele_list) - 1
    elif isinstance(genotype, MultiListGenotype):
        upper[:] = [len(alleles) - 1 for alleles in genotype.allele_lists]
    elif isinstance(genotype, UniqueGenotype):
        upper[:] = genotype.genes_size - 1
    elif isinstance(genotype, MultiUniqueGenotype):
        for part in genotype.sets:
            lower[part], upper[part] = part.start, part.stop - 1
    return lower, upper, None
