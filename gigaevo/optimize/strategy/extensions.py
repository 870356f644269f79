"""What happens to a population in which too few chromosomes differ.

An extension is looked at after selection: it is carried out when the population has its full size and at most
``cardinality_threshold`` of its chromosomes differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gigaevo.kernels.checks.array_checks import check_rate
from gigaevo.kernels.strategy_laws import share
from gigaevo.optimize.arguments import check_whole

if TYPE_CHECKING:
    from gigaevo.optimize.strategy.gene_space import GeneSpace
    from gigaevo.optimize.strategy.state import StrategyState

FEWEST = 2  # chromosomes that survive: a pair


class Extension(Protocol):
    """Changes a population that lost its diversity.

    Attributes:
        cardinality_threshold: It is carried out when no more chromosomes differ.
    """

    cardinality_threshold: int

    def __call__(self, state: StrategyState, space: GeneSpace) -> None:
        """Change ``state.population``."""


class _Triggered:
    """What the extensions below share: their arguments are checked."""

    cardinality_threshold: int

    def __post_init__(self) -> None:
        check_whole("cardinality_threshold", self.cardinality_threshold)
        for name in ("survival_rate", "elitism_rate"):
            if hasattr(self, name):
                check_rate(name, getattr(self, name))


@dataclass(frozen=True)
class ExtensionMassExtinction(_Triggered):
    """A cambrian explosion: all but a few die, elite and chance survivors, and their offspring fill the place.

    Args:
        cardinality_threshold: See ``Extension``; at least 1.
        survival_rate: Share that survives, in [0, 1]; two at least.
        elitism_rate: Share that surely survives, the best, in [0, 1]; one at least.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    cardinality_threshold: int
    survival_rate: float
    elitism_rate: float

    def __call__(self, state: StrategyState, space: GeneSpace) -> None:
        """See ``Extension``."""
        population = state.population
        survivors = min(max(FEWEST, share(population.size, self.survival_rate)), population.size)
        ranked = population.by_merit()
        elite = min(max(1, share(population.size, self.elitism_rate)), survivors)
        rest = ranked[elite:]
        chance = rest[state.stream.permutation(len(rest))[: survivors - elite]]
        population.keep(np.concatenate((ranked[:elite], chance)))


@dataclass(frozen=True)
class ExtensionMassGenesis(_Triggered):
    """All die but the best two that differ, of whom the population begins anew.

    Args:
        cardinality_threshold: See ``Extension``; at least 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    cardinality_threshold: int

    def __call__(self, state: StrategyState, space: GeneSpace) -> None:
        """See ``Extension``."""
        population = state.population
        population.keep(population.by_merit())
        positions = np.flatnonzero(population.distinct())
        if len(positions) < FEWEST:
            positions = np.arange(min(FEWEST, population.size))
        population.keep(positions[:FEWEST])


@dataclass(frozen=True)
class ExtensionMassDegeneration(_Triggered):
    """All but the elite are mutated, each in ``number_of_mutations`` genes.

    Args:
        cardinality_threshold: See ``Extension``; at least 1.
        number_of_mutations: Different genes that change, at least 1.
        elitism_rate: Share that stays as it is, the best, in [0, 1]; one at least.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    cardinality_threshold: int
    number_of_mutations: int
    elitism_rate: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("number_of_mutations", self.number_of_mutations)

    def __call__(self, state: StrategyState, space: GeneSpace) -> None:
        """See ``Extension``."""
        population = state.population
        population.keep(population.by_merit())
        elite = max(1, share(population.size, self.elitism_rate))
        numbers = (self.number_of_mutations, self.number_of_mutations)
        space.mutate(population, elite, 1.0, numbers, state.scale, state.stream)


@dataclass(frozen=True)
class ExtensionMassDeduplication(_Triggered):
    """Of chromosomes with the same genes one stays, the best placed.

    Args:
        cardinality_threshold: See ``Extension``; at least 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    cardinality_threshold: int

    def __call__(self, state: StrategyState, space: GeneSpace) -> None:
        """See ``Extension``."""
        state.population.keep(np.flatnonzero(state.population.distinct()))
