"""Crossover and mutation of vectors: functions on one genome, and parts of a genetic algorithm.

The functions return a list of floats, or a float64 array where the genome is an array. ``seed`` is a whole number, a
numpy Generator or SeedSequence, or None for a fresh one each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, overload

import numpy as np

from gigaevo.kernels import genetic, variation
from gigaevo.kernels.checks import array_checks
from gigaevo.kernels.checks.array_checks import check_not_negative, check_rate
from gigaevo.kernels.checks.variation_checks import needed_bounds
from gigaevo.kernels.random import RandomStream
from gigaevo.optimize.arguments import check_whole
from gigaevo.optimize.seeds import seed_sequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.optimize.seeds import Seed

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

BOUNDS = ("bounds_min", "bounds_max", "is_discrete")  # names of arguments, for errors


@dataclass(frozen=True)
class SBX:
    """Simulated binary crossover (Deb and Agrawal 1995), cut off at the bounds.

    Args:
        eta: Distribution index, 0 or more: the larger, the nearer are children to their parents.
        rate: Probability of a pair to be crossed, 0 to 1.
        gene_rate: Probability of each gene of a crossed pair to take part, 0 to 1.
        exchange_rate: Probability, 0 to 1, that the children's values of a gene change sides. Without it, all genes of
            a child would stay near to those of one parent, which costs a good deal of quality.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    eta: float = 15.0
    rate: float = 0.9
    gene_rate: float = 0.5
    exchange_rate: float = 0.5

    def __post_init__(self) -> None:
        check_not_negative("eta", self.eta)
        for name in ("rate", "gene_rate", "exchange_rate"):
            check_rate(name, getattr(self, name))

    def cross(
        self, a: Floats, b: Floats, stream: RandomStream, lower: Floats, upper: Floats, out: Floats | None = None
    ) -> Floats:
        """See ``base.Crossover``."""
        return variation.sbx(
            a,
            b,
            stream,
            lower=lower,
            upper=upper,
            eta=self.eta,
            pair_rate=self.rate,
            gene_rate=self.gene_rate,
            exchange_rate=self.exchange_rate,
            out=out,
        )


@dataclass(frozen=True)
class UniformCrossover:
    """Genes change places, each of them with the same probability.

    Args:
        rate: Probability of each gene to be exchanged, as in ``uniform_crossover``: 0.5 exchanges a fair half; 0 to 1.
        pair_rate: Probability of a pair to be crossed, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    rate: float = 0.5
    pair_rate: float = 1.0

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)
        check_rate("pair_rate", self.pair_rate)

    def cross(
        self, a: Floats, b: Floats, stream: RandomStream, lower: Floats, upper: Floats, out: Floats | None = None
    ) -> Floats:
        """See ``base.Crossover``."""
        children: Floats = exchanges(a).uniform(a, b, stream, pair_rate=self.pair_rate, gene_rate=self.rate, out=out)
        return children


@dataclass(frozen=True)
class _Points:
    """Genes between random points change places.

    Args:
        rate: Probability of a pair to be crossed, 0 to 1.
    """

    rate: float = 1.0
    cuts: ClassVar[int]

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)

    def cross(
        self, a: Floats, b: Floats, stream: RandomStream, lower: Floats, upper: Floats, out: Floats | None = None
    ) -> Floats:
        """See ``base.Crossover``."""
        children: Floats = exchanges(a).points(a, b, stream, cuts=self.cuts, pair_rate=self.rate, out=out)
        return children


class OnePoint(_Points):
    """Genes behind one random point change places.

    Args:
        rate: Probability of a pair to be crossed, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    cuts = 1


class TwoPoint(_Points):
    """Genes between two random points change places.

    Args:
        rate: Probability of a pair to be crossed, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    cuts = 2


@dataclass(frozen=True)
class BlendCrossover:
    """Genes are drawn anew from around those of the parents (BLX-alpha, Eshelman and Schaffer 1993).

    Args:
        alpha: How far beyond the parents, in distances between them; 0 or more.
        rate: Probability of a pair to be crossed, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    alpha: float = 0.5
    rate: float = 1.0

    def __post_init__(self) -> None:
        check_not_negative("alpha", self.alpha)
        check_rate("rate", self.rate)

    def cross(
        self, a: Floats, b: Floats, stream: RandomStream, lower: Floats, upper: Floats, out: Floats | None = None
    ) -> Floats:
        """See ``base.Crossover``."""
        return variation.blend(a, b, stream, lower=lower, upper=upper, alpha=self.alpha, pair_rate=self.rate, out=out)


@dataclass(frozen=True)
class ArithmeticCrossover:
    """Children on the line between their parents, as far from one as from the other.

    Args:
        rate: Probability of a pair to be crossed, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    rate: float = 1.0

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)

    def cross(
        self, a: Floats, b: Floats, stream: RandomStream, lower: Floats, upper: Floats, out: Floats | None = None
    ) -> Floats:
        """See ``base.Crossover``."""
        return variation.arithmetic(a, b, stream, pair_rate=self.rate, out=out)


@dataclass(frozen=True)
class PolynomialMutation:
    """Polynomial mutation (Deb and Goyal 1996), cut off at the bounds.

    Args:
        eta: Distribution index, 0 or more: the larger, the smaller the changes.
        rate: Probability of each gene to be changed, 0 to 1; None for one gene of a genome on average.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    eta: float = 20.0
    rate: float | None = None

    def __post_init__(self) -> None:
        check_not_negative("eta", self.eta)
        if self.rate is not None:
            check_rate("rate", self.rate)

    def mutate(
        self,
        genomes: Floats,
        stream: RandomStream,
        lower: Floats,
        upper: Floats,
        integer: Bools | None = None,
        out: Floats | None = None,
    ) -> Floats:
        """See ``base.Mutation``."""
        rate = gene_rate(self.rate, genomes.shape[1])
        return variation.polynomial(
            genomes, stream, lower=lower, upper=upper, eta=self.eta, gene_rate=rate, integer=integer, out=out
        )


@dataclass(frozen=True)
class GaussianMutation:
    """Normal noise on genes.

    Args:
        sigma: Its standard deviation, as a fraction of the range of the gene, 0 or more.
        rate: Probability of each gene to be changed, 0 to 1.
        reflect: Whether what falls beyond a bound is thrown back by as much; else it is set to the bound.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    sigma: float = 0.1
    rate: float = 0.1
    reflect: bool = False

    def __post_init__(self) -> None:
        check_not_negative("sigma", self.sigma)
        check_rate("rate", self.rate)

    def mutate(
        self,
        genomes: Floats,
        stream: RandomStream,
        lower: Floats,
        upper: Floats,
        integer: Bools | None = None,
        out: Floats | None = None,
    ) -> Floats:
        """See ``base.Mutation``."""
        return variation.gaussian(
            genomes,
            stream,
            sigma=self.sigma,
            lower=lower,
            upper=upper,
            gene_rate=self.rate,
            integer=integer,
            reflect=self.reflect,
            out=out,
        )


def gene_rate(rate: float | None, genes: int) -> float:
    """``rate``, or what changes one of ``genes`` on average."""
    return 1.0 / max(1, genes) if rate is None else rate


def exchanges(parents: Floats) -> Any:
    """The kernels that exchange genes of such parents: numbers, or codes of bits and alleles."""
    return variation if parents.dtype == np.float64 else genetic


@overload
def gaussian_mutate(
    genome: Floats,
    bounds_min: ArrayLike,
    bounds_max: ArrayLike,
    is_discrete: ArrayLike | None = ...,
    sigma: float = ...,
    rate: float = ...,
    seed: Seed = ...,
) -> Floats: ...
@overload
def gaussian_mutate(
    genome: Sequence[float],
    bounds_min: ArrayLike,
    bounds_max: ArrayLike,
    is_discrete: ArrayLike | None = ...,
    sigma: float = ...,
    rate: float = ...,
    seed: Seed = ...,
) -> list[float]: ...
def gaussian_mutate(
    genome: Sequence[float] | Floats,
    bounds_min: ArrayLike,
    bounds_max: ArrayLike,
    is_discrete: ArrayLike | None = None,
    sigma: float = 0.1,
    rate: float = 0.1,
    seed: Seed = None,
) -> list[float] | Floats:
    """A genome with normal noise on some of its genes; what falls beyond a bound is set to it.

    Args:
        genome: d numbers; those beyond a bound are brought back.
        bounds_min: Least value of each gene.
        bounds_max: Greatest value of each gene.
        is_discrete: Whether each gene is a whole number: it is rounded, changed or not. None: none is.
        sigma: Standard deviation of the noise, as a fraction of the range of a gene.
        rate: Probability of each gene to be changed.

    Raises:
        ValueError: Lengths differ, bounds are reversed or not finite, a discrete gene has no whole number within them,
            a number of the genome is NaN or infinite, ``rate`` is not in [0, 1] or ``sigma`` is negative.
    """
    given = array_checks.float_array("genome", genome, 1)
    array_checks.check_finite("genome", given)
    lower, upper, integer = needed_bounds("a mutation", bounds_min, bounds_max, is_discrete, len(given), BOUNDS)
    check_rate("rate", rate)
    (mutant,) = variation.gaussian(
        given[np.newaxis],
        RandomStream(seed_sequence(seed)),
        sigma=sigma,
        lower=lower,
        upper=upper,
        gene_rate=rate,
        integer=integer,
    )
    return _as_given(mutant, genome)


@overload
def uniform_crossover(parent_a: Floats, parent_b: Floats, rate: float = ..., seed: Seed = ...) -> Floats: ...
@overload
def uniform_crossover(
    parent_a: Sequence[float], parent_b: Sequence[float], rate: float = ..., seed: Seed = ...
) -> list[float]: ...
def uniform_crossover(
    parent_a: Sequence[float] | Floats, parent_b: Sequence[float] | Floats, rate: float = 0.5, seed: Seed = None
) -> list[float] | Floats:
    """A child of two genomes: each gene is that of ``parent_b`` with probability ``rate``, else that of ``parent_a``.

    Raises:
        ValueError: The parents differ in length, or ``rate`` is not in [0, 1].
    """
    first, second = array_checks.float_array("parent_a", parent_a, 1), array_checks.float_array("parent_b", parent_b, 1)
    array_checks.check_shape("parent_b", second, first.shape)
    check_rate("rate", rate)
    stream = RandomStream(seed_sequence(seed))
    child, _ = variation.uniform(first[np.newaxis], second[np.newaxis], stream, gene_rate=rate)
    return _as_given(child, parent_a)


@overload
def init_population(
    bounds_min: Floats, bounds_max: Floats, is_discrete: ArrayLike | None = ..., pop_size: int = ..., seed: Seed = ...
) -> Floats: ...
@overload
def init_population(
    bounds_min: Sequence[float],
    bounds_max: Sequence[float],
    is_discrete: ArrayLike | None = ...,
    pop_size: int = ...,
    seed: Seed = ...,
) -> list[list[float]]: ...
def init_population(
    bounds_min: Sequence[float] | Floats,
    bounds_max: Sequence[float] | Floats,
    is_discrete: ArrayLike | None = None,
    pop_size: int = 50,
    seed: Seed = None,
) -> list[list[float]] | Floats:
    """Random genomes from within bounds; of a discrete gene, each whole number is equally likely, the bounds too.

    Returns:
        ``pop_size`` lists of floats, or a float64 array of shape (pop_size, d) where ``bounds_min`` is an array.

    Raises:
        ValueError: Lengths differ, bounds are reversed or not finite, a discrete gene has no whole number within them,
            or ``pop_size`` is negative.
    """
    genes = len(array_checks.float_array("bounds_min", bounds_min, 1))
    lower, upper, integer = needed_bounds("a genome", bounds_min, bounds_max, is_discrete, genes, BOUNDS)
    check_whole("pop_size", pop_size, 0)
    stream = RandomStream(seed_sequence(seed))
    made = variation.random_genomes(pop_size, stream, lower=lower, upper=upper, integer=integer)
    return made if isinstance(bounds_min, np.ndarray) else made.tolist()


def _as_given(made: Floats, genome: Sequence[float] | Floats) -> list[float] | Floats:
    """An array where ``genome`` is one, else a list."""
    if isinstance(genome, np.ndarray):
        return made
    numbers: list[float] = made.tolist()
    return numbers
