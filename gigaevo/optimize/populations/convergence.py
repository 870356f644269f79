"""Whether a search has arrived, how far its steps should reach, and what a generation looks like.

The functions of the ``evolutionary_optimizer`` document; fitness is maximised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.neighbors import blocks, distances_between
from gigaevo.optimize.arguments import brief, check_number, check_whole, is_number
from gigaevo.optimize.records import Record
from gigaevo.optimize.scaling import scaled

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class ConvergenceState(Record):
    """Whether a search has converged.

    Attributes:
        converged: Whether it has.
        reason: Why, in words; empty while it has not.
        gens_without_improvement: Generations in a row without an improvement, this one included; to be passed on.
        improved: Whether this generation improved on the one before.
    """

    converged: bool
    reason: str
    gens_without_improvement: int
    improved: bool


@dataclass(frozen=True)
class SigmaState(Record):
    """What the 1/5 rule made of a mutation strength.

    Attributes:
        sigma: The new strength.
        success_rate: Share of mutations that were successes; NaN where there was none.
    """

    sigma: float
    success_rate: float


@dataclass(frozen=True)
class GenerationStats(Record):
    """Statistics of a generation; NaN where no fitness is a finite number.

    Attributes:
        generation: Its number.
        best_fitness: The largest fitness.
        median_fitness: The median.
        mean_fitness: The mean.
        worst_fitness: The least.
        std_fitness: The standard deviation.
        diversity: ``population_diversity`` of the genomes.
    """

    generation: int
    best_fitness: float
    median_fitness: float
    mean_fitness: float
    worst_fitness: float
    std_fitness: float
    diversity: float


def check_convergence(
    best_fitness: float,
    diversity: float,
    prev_best_fitness: float,
    gens_without_improvement: int,
    patience: int = 20,
    min_improvement: float = 1e-4,
    diversity_threshold: float = 0.01,
) -> ConvergenceState:
    """Whether evolution has stalled, or the population has collapsed.

    Args:
        best_fitness: The best fitness of this generation.
        diversity: ``population_diversity`` of this generation.
        prev_best_fitness: The best fitness before it.
        gens_without_improvement: Generations in a row without an improvement, before this one.
        patience: That many of them end a search, at least 1.
        min_improvement: Gain that counts as an improvement if it is exceeded, 0 or more.
        diversity_threshold: A diversity below it is a collapse, 0 or more; with 0 nothing is.

    Raises:
        ValueError: An argument is out of its range.
    """
    for name, fitness in (("best_fitness", best_fitness), ("prev_best_fitness", prev_best_fitness)):
        if not is_number(fitness):  # NaN and infinities are none that was found yet
            raise ValueError(f"{name} is {brief(fitness)}, expected a number")
    if not is_number(diversity):
        raise ValueError(f"diversity is {brief(diversity)}, expected a number")
    check_whole("gens_without_improvement", gens_without_improvement, 0)
    check_whole("patience", patience)
    check_number("min_improvement", min_improvement, 0.0)
    check_number("diversity_threshold", diversity_threshold, 0.0)
    first = math.isfinite(best_fitness) and not math.isfinite(prev_best_fitness)
    improved = first or float(best_fitness) - float(prev_best_fitness) > min_improvement
    stale = 0 if improved else gens_without_improvement + 1
    reason = ""
    if stale >= patience:
        reason = f"patience exhausted: no improvement above {min_improvement:g} for {stale} generations"
    elif diversity < diversity_threshold:
        reason = f"diversity collapse: {diversity:.4g} is below {diversity_threshold:g}"
    return ConvergenceState(bool(reason), reason, stale, improved)


def adapt_mutation_sigma(
    current_sigma: float,
    success_count: int,
    total_count: int,
    target_success_rate: float = 0.2,
    adaptation_factor: float = 1.5,
    sigma_min: float = 1e-6,
    sigma_max: float = 1.0,
) -> SigmaState:
    """Rechenberg's 1/5 rule (1973): stronger mutations where many succeed, weaker ones where few do.

    Args:
        current_sigma: Mutation strength so far, above 0.
        success_count: Mutants that were better than their parents.
        total_count: Mutants in all; with 0 the strength stays.
        target_success_rate: Share of successes at which the strength stays, in [0, 1].
        adaptation_factor: What it is multiplied with or divided by, at least 1.
        sigma_min: It never becomes less.
        sigma_max: It never becomes more.

    Raises:
        ValueError: An argument is out of its range.
    """
    check_number("current_sigma", current_sigma, 0.0, above=True)
    check_whole("total_count", total_count, 0)
    check_whole("success_count", success_count, 0)
    if success_count > total_count:
        raise ValueError(f"success_count is {success_count}, expected 0 to total_count ({total_count})")
    check_number("target_success_rate", target_success_rate, 0.0, 1.0)
    check_number("adaptation_factor", adaptation_factor, 1.0)
    check_number("sigma_max", sigma_max, 0.0, above=True)
    check_number("sigma_min", sigma_min, 0.0, above=True)
    if sigma_min > sigma_max:
        raise ValueError(f"sigma_min is {sigma_min}, expected above 0 and at most sigma_max ({sigma_max})")
    if total_count == 0:
        return SigmaState(min(max(current_sigma, sigma_min), sigma_max), math.nan)
    rate = success_count / total_count
    sigma = current_sigma
    if rate > target_success_rate:
        sigma *= adaptation_factor
    elif rate < target_success_rate:
        sigma /= adaptation_factor
    return SigmaState(min(max(sigma, sigma_min), sigma_max), rate)


def population_diversity(population: ArrayLike) -> float:
    """Mean Euclidean distance of two genomes, divided by their number of genes; 0 for fewer than two genomes.

    Args:
        population: Shape (n, genes_size).

    Raises:
        ValueError: It has another number of dimensions.
    """
    genomes = _numbers("population", population)
    if genomes.size == 0:
        return 0.0
    if genomes.ndim != 2:
        raise ValueError(f"population has shape {genomes.shape}, expected (n, genes_size)")
    n, genes_size = genomes.shape
    if n < 2:
        return 0.0
    parts, scale = scaled(genomes)
    columns = np.ascontiguousarray(parts.T)
    total = 0.0
    for rows in blocks(n, n):
        total += float(distances_between(columns[:, rows, None], columns[:, None, :]).sum())
    return total / float(n * (n - 1) * genes_size) * scale


def compute_generation_stats(
    generation: int, fitnesses: ArrayLike, population: ArrayLike | None = None
) -> GenerationStats:
    """Statistics of a generation.

    Args:
        generation: Its number.
        fitnesses: Shape (n,); what is not finite is left out.
        population: The genomes, shape (n, genes_size). Without them the diversity is that of the fitnesses.

    Raises:
        ValueError: Shapes do not fit.
    """
    values = _numbers("fitnesses", fitnesses)
    if values.ndim != 1:
        raise ValueError(f"fitnesses has shape {values.shape}, expected (n,)")
    if population is not None:
        population = _numbers("population", population)
        if population.shape[:1] != values.shape:
            raise ValueError(f"population has shape {population.shape}, expected ({len(values)}, genes_size)")
    valid = values[np.isfinite(values)]
    diversity = population_diversity(valid[:, None] if population is None else population)
    if not valid.size:
        return GenerationStats(generation, math.nan, math.nan, math.nan, math.nan, math.nan, diversity)
    parts, scale = scaled(valid)
    return GenerationStats(
        generation,
        best_fitness=float(valid.max()),
        median_fitness=float(np.median(parts)) * scale,
        mean_fitness=float(parts.mean()) * scale,
        worst_fitness=float(valid.min()),
        std_fitness=float(parts.std()) * scale,
        diversity=diversity,
    )


def _numbers(name: str, given: ArrayLike) -> NDArray[np.float64]:
    """``given`` as an array of float64.

    Raises:
        ValueError: It holds something else than numbers.
    """
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {brief(given)}, expected numbers, as many in each row") from None
