"""Who stays in the population, and in which order they are paired.

Both selections let the best ``elitism_rate`` of all pass first. Then ``replacement_rate`` of the places that are left
go to offspring, the rest to parents; places that one group cannot fill go to the remaining offspring first, then to
the remaining parents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gigaevo.kernels.checks.array_checks import check_rate
from gigaevo.kernels.strategy import select_elite, select_tournament
from gigaevo.optimize.arguments import check_whole

if TYPE_CHECKING:
    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.strategy.population import Population


class Select(Protocol):
    """Cuts a population to its size and lines it up."""

    def __call__(self, population: Population, target_population_size: int, stream: RandomStream) -> None:
        """Leave at most ``target_population_size`` chromosomes, in the order in which they are paired."""


@dataclass(frozen=True)
class SelectElite:
    """The best of each group, lined up by fitness; ties go to the earlier in the population.

    Args:
        replacement_rate: Share of the population that is to be offspring, in [0, 1]: 1 is generational replacement, 0.2
            to 0.8 a steady state.
        elitism_rate: Share that passes before replacement takes place, in [0, 1]; typically 0.01 to 0.05.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    replacement_rate: float
    elitism_rate: float

    def __post_init__(self) -> None:
        check_rate("replacement_rate", self.replacement_rate)
        check_rate("elitism_rate", self.elitism_rate)

    def __call__(self, population: Population, target_population_size: int, stream: RandomStream) -> None:
        """See ``Select``; draws nothing."""
        population.size = select_elite(
            population.pool, population.size, target_population_size, self.replacement_rate, self.elitism_rate
        )


@dataclass(frozen=True)
class SelectTournament:
    """Winners of tournaments within each group, lined up as they win: sorted, but not strictly.

    Args:
        replacement_rate: See ``SelectElite``.
        elitism_rate: See ``SelectElite``.
        tournament_size: Contestants, drawn with replacement, at least 1; of equals the first drawn wins.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    replacement_rate: float
    elitism_rate: float
    tournament_size: int

    def __post_init__(self) -> None:
        check_rate("replacement_rate", self.replacement_rate)
        check_rate("elitism_rate", self.elitism_rate)
        check_whole("tournament_size", self.tournament_size)

    def __call__(self, population: Population, target_population_size: int, stream: RandomStream) -> None:
        """See ``Select``."""
        population.size = select_tournament(
            population.pool,
            population.size,
            target_population_size,
            self.replacement_rate,
            self.elitism_rate,
            self.tournament_size,
            stream,
        )
