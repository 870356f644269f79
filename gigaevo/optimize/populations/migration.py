"""Islands that exchange their best: the functions of the ``evolutionary_optimizer`` document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.arguments import brief, check_whole
from gigaevo.optimize.operators.selection import SelectionMethod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


class MigrationTopology(Enum):
    """Who sends to whom.

    Attributes:
        Ring: Island i to island i + 1, the last one to the first.
        FullyConnected: Every island to every other.
    """

    Ring = "ring"
    FullyConnected = "fully_connected"

    @classmethod
    def of(cls, given: MigrationTopology | str) -> MigrationTopology:
        """The topology itself or the one of that name.

        Raises:
            ValueError: There is none of that name.
        """
        try:
            return cls(given)
        except ValueError:
            names = " or ".join(repr(topology.value) for topology in cls)
            raise ValueError(f"topology is {given!r}, expected {names}") from None


@dataclass(frozen=True)
class IslandConfig:
    """How islands exchange genomes.

    Args:
        n_islands: Populations, at least 1.
        migration_interval: Generations between migrations, at least 1.
        migration_count: Genomes that an island sends to each that it sends to, 0 or more.
        topology: Who sends to whom.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    n_islands: int = 4
    migration_interval: int = 5
    migration_count: int = 2
    topology: MigrationTopology = MigrationTopology.Ring

    def __post_init__(self) -> None:
        object.__setattr__(self, "topology", MigrationTopology.of(self.topology))
        for name, least in (("n_islands", 1), ("migration_interval", 1), ("migration_count", 0)):
            check_whole(name, getattr(self, name), least)

    def senders_to(self, island: int) -> list[int]:
        """The islands that send to ``island``, in order."""
        if self.n_islands == 1:
            return []
        if self.topology is MigrationTopology.Ring:
            return [(island - 1) % self.n_islands]
        return [other for other in range(self.n_islands) if other != island]


def island_migrate(
    islands: Sequence[ArrayLike], fitnesses: Sequence[ArrayLike], config: IslandConfig | None = None
) -> list[Any]:
    """Send the best genomes of islands to others, where they take the places of the worst.

    All islands send what they had before the migration. The best genome of an island is never replaced: if more arrive
    than it has others, the last to arrive are turned away. Equal fitness: the earlier genome is the better one.

    Args:
        islands: Populations of shape (n, genes_size), of which each may have its own n.
        fitnesses: Shape (n,) each; larger is better, NaN the worst.
        config: How many, and who to whom; its ``n_islands`` must be theirs. None: a ring of them, two genomes each.

    Returns:
        The new populations: arrays where arrays were given, else lists of lists.

    Raises:
        ValueError: Shapes do not fit.
    """
    for name, given in (("islands", islands), ("fitnesses", fitnesses)):
        if isinstance(given, Mapping) or not hasattr(given, "__len__"):
            raise ValueError(f"{name} is {brief(given)}, expected a list with an entry for each island")
    if config is None:
        config = IslandConfig(n_islands=max(1, len(islands)))
    if not isinstance(config, IslandConfig):
        raise ValueError(f"config is {brief(config)}, expected an IslandConfig or None")
    if len(islands) != config.n_islands or len(fitnesses) != config.n_islands:
        raise ValueError(
            f"there are {len(islands)} islands and {len(fitnesses)} fitnesses, expected config.n_islands "
            f"({config.n_islands}) of each"
        )
    try:
        genomes = [np.asarray(island) for island in islands]
        merits = [np.asarray(fitness, np.float64) for fitness in fitnesses]
    except (TypeError, ValueError) as error:
        raise ValueError(f"islands and fitnesses must be populations and their fitness: {error}") from None
    for index, (population, merit) in enumerate(zip(genomes, merits, strict=True)):
        if population.ndim != 2 or merit.shape != (len(population),):
            raise ValueError(
                f"island {index} has shape {population.shape} and fitnesses {merit.shape}, expected (n, d), (n,)"
            )
        if population.shape[1] != genomes[0].shape[1]:
            raise ValueError(
                f"island {index} has genomes of {population.shape[1]} genes, expected {genomes[0].shape[1]}, as many "
                "as island 0"
            )
    if genomes:  # whole numbers on one island must not cut what arrives from another
        common = np.result_type(*genomes)
        genomes = [population.astype(common, copy=False) for population in genomes]
    moved = [population for population, _ in migrated(genomes, merits, config)]
    pairs = zip(moved, islands, strict=True)
    return [new if isinstance(given, np.ndarray) else new.tolist() for new, given in pairs]


def migrated(
    genomes: Sequence[NDArray[Any]], merits: Sequence[NDArray[np.float64]], config: IslandConfig
) -> list[tuple[NDArray[Any], NDArray[np.float64]]]:
    """New genomes and merits of each island after ``island_migrate``."""
    orders = [np.argsort(-np.nan_to_num(merit, nan=-np.inf), kind="stable") for merit in merits]
    after = []
    for island in range(config.n_islands):
        arriving = [
            (sender, row) for sender in config.senders_to(island) for row in orders[sender][: config.migration_count]
        ]
        population, merit = genomes[island].copy(), merits[island].copy()
        places = orders[island][::-1][: max(0, len(population) - 1)]
        for place, (sender, row) in zip(places, arriving, strict=False):
            population[place], merit[place] = genomes[sender][row], merits[sender][row]
        after.append((population, merit))
    return after


def island_selection_methods(n_islands: int) -> list[SelectionMethod]:
    """The selection method of each island: roulette wheel, rank, UCB1 and epsilon-greedy, in turns.

    Raises:
        ValueError: ``n_islands`` is no whole number, or below 0.
    """
    check_whole("n_islands", n_islands, 0)
    turns = (
        SelectionMethod.RouletteWheel,
        SelectionMethod.Rank,
        SelectionMethod.Ucb1,
        SelectionMethod.EpsilonGreedy,
    )
    return [turns[island % len(turns)] for island in range(n_islands)]
