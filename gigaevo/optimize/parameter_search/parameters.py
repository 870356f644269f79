"""Parameters of strategies: what the functions of the ``evolutionary_optimizer`` document take and give back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.checks.variation_checks import LARGEST_WHOLE
from gigaevo.optimize.arguments import check_number, check_truth, check_whole, is_number
from gigaevo.optimize.genotypes import MultiRangeGenotype
from gigaevo.optimize.records import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.optimize.parameter_search.walk_forward import Window
    from gigaevo.optimize.populations.convergence import GenerationStats


@dataclass(frozen=True)
class ParamBound:
    """A parameter and its range.

    Args:
        name: Its name.
        min_val: Its least value.
        max_val: Its greatest value, not below the least.
        is_discrete: Whether it is a whole number, within 2**53.

    Raises:
        ValueError: There is no such value; the message names the parameter.
    """

    name: str
    min_val: float
    max_val: float
    is_discrete: bool = False

    def __post_init__(self) -> None:
        check_truth(f"is_discrete of {self.name!r}", self.is_discrete)
        ends = (self.min_val, self.max_val)
        shown = f"the bounds of {self.name!r} are {self.min_val!r} and {self.max_val!r}, expected"
        if not all(is_number(end) and math.isfinite(end) for end in ends) or self.min_val > self.max_val:
            raise ValueError(f"{shown} finite numbers with min <= max")
        if self.is_discrete and math.ceil(self.min_val) > math.floor(self.max_val):
            raise ValueError(f"{shown} a whole number between them: it is discrete")
        if self.is_discrete and max(-self.min_val, self.max_val) > LARGEST_WHOLE:
            raise ValueError(f"{shown} whole numbers within 2**53: it is discrete")

    @classmethod
    def of(cls, given: ParamBound | Mapping[str, Any]) -> ParamBound:
        """The bound itself, or that of a dictionary with ``name``, ``min``, ``max`` and perhaps ``discrete``.

        The names that ``ParamBound`` has for them, ``min_val``, ``max_val`` and ``is_discrete``, will do as well.

        Raises:
            ValueError: The dictionary lacks one of them, or has something else.
        """
        if isinstance(given, ParamBound):
            return given
        if not isinstance(given, Mapping):
            raise ValueError(f"a bound is {given!r}, expected a ParamBound or a dictionary with name, min and max")
        words = {"min_val": "min", "max_val": "max", "is_discrete": "discrete"}
        given = {words.get(key, key): value for key, value in given.items()}
        known = {"name", "min", "max", "discrete"}
        missing, more = {"name", "min", "max"} - set(given), set(given) - known
        if missing or more:
            wrong = f"lacks {', '.join(sorted(missing))}" if missing else f"has {', '.join(sorted(more))} as well"
            raise ValueError(f"the bound {dict(given)} {wrong}; it takes name, min, max and discrete")
        return cls(str(given["name"]), given["min"], given["max"], given.get("discrete", False))


@dataclass(frozen=True)
class EvolutionConfig:
    """How a population evolves.

    Args:
        pop_size: Individuals, at least 2.
        generations: At most, at least 1.
        mutation_rate: Chance of each gene to be mutated, 0 to 1.
        crossover_rate: Chance of two parents to be recombined, 0 to 1; else the child is a copy of the first.
        tournament_size: Contestants of a tournament, at least 1.
        elite_count: The best that are kept as they are, 0 or more and fewer than ``pop_size``.
        sigma: Standard deviation of a mutation, as a share of the parameter's range, above 0.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    pop_size: int = 50
    generations: int = 100
    mutation_rate: float = 0.1
    crossover_rate: float = 0.7
    tournament_size: int = 3
    elite_count: int = 2
    sigma: float = 0.1

    def __post_init__(self) -> None:
        for name, least in (("pop_size", 2), ("generations", 1), ("tournament_size", 1), ("elite_count", 0)):
            check_whole(name, getattr(self, name), least)
        for name in ("mutation_rate", "crossover_rate"):
            check_number(name, getattr(self, name), 0.0, 1.0)
        check_number("sigma", self.sigma, 0.0, above=True)
        if self.elite_count >= self.pop_size:
            raise ValueError(f"elite_count is {self.elite_count}, expected less than pop_size ({self.pop_size})")


@dataclass(frozen=True)
class Individual:
    """A genome and its fitness; NaN while it has none."""

    genome: list[float]
    fitness: float = float("nan")


@dataclass(frozen=True)
class WindowResult(Record):
    """What was found on one window of walk-forward.

    Attributes:
        window: The ticks of its parts.
        best_params: The best parameters of the training part.
        train_fitness: Their fitness there.
        fitness: Their fitness on the held-out part.
    """

    window: Window
    best_params: dict[str, Any]
    train_fitness: float
    fitness: float


@dataclass(frozen=True, repr=False)
class EvolutionResult(Record):
    """What ``evolve`` and ``evolve_islands`` found. Answers to attributes and to items.

    Attributes:
        best_genome: The parameters that were best in training, in the order of the bounds; of the last window where
            there are several.
        best_params: The same by name.
        best_fitness: Their fitness on the held-out part, the mean over the windows where there are several; on all data
            where nothing is held out.
        train_fitness: Their fitness in training.
        top_strategies: The best of training, different from one another, best first: dictionaries with ``params``,
            ``fitness`` (held out) and ``train_fitness``.
        generations: That were made, in all windows.
        evaluations: Backtests that were asked for; equal parameters are tested once.
        converged: Whether the search stalled or collapsed before its last generation.
        reason: What ended it, in words.
        sigma: Mutation strength at the end.
        history: Statistics of each generation, fitness in training.
        windows: What was found on each window; empty without walk-forward windows.
        seed: What it was seeded with.
    """

    best_genome: list[float]
    best_params: dict[str, Any]
    best_fitness: float
    train_fitness: float
    top_strategies: list[dict[str, Any]]
    generations: int
    evaluations: int
    converged: bool
    reason: str
    sigma: float
    history: list[GenerationStats] = field(default_factory=list)
    windows: list[WindowResult] = field(default_factory=list)
    seed: int | list[int] | None = None

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value:.6g}" for name, value in self.best_params.items())
        return (
            f"EvolutionResult(best_fitness={self.best_fitness:.6g}, train_fitness={self.train_fitness:.6g}, {shown}; "
            f"ended by {self.reason!r} after {self.generations} generations, {self.evaluations} evaluations, "
            f"seed={self.seed})"
        )


def genotype_of(param_bounds: Sequence[ParamBound | Mapping[str, Any]]) -> MultiRangeGenotype:
    """The genotype of parameters.

    Raises:
        ValueError: There is none, a name is there twice, or a range is not in order; the message names it.
    """
    if isinstance(param_bounds, (str, Mapping)) or not isinstance(param_bounds, Sequence) or not param_bounds:
        raise ValueError(f"param_bounds is {param_bounds!r}, expected a list of bounds, one for each parameter")
    bounds = [ParamBound.of(given) for given in param_bounds]
    names = [bound.name for bound in bounds]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ValueError(f"param_bounds has {name!r} twice; names must differ")
    return MultiRangeGenotype(
        [(bound.min_val, bound.max_val) for bound in bounds],
        integer=[bound.is_discrete for bound in bounds],
        names=names,
    )


def params_of(genotype: MultiRangeGenotype, genome: NDArray[np.float64]) -> dict[str, Any]:
    """The parameters by name: whole numbers as ``int``, others as ``float``."""
    pairs = zip(genotype.names, genome.tolist(), genotype.integer.tolist(), strict=True)
    return {name: int(value) if whole else value for name, value, whole in pairs}
