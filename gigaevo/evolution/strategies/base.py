"""What a strategy is: the population and the rules by which it keeps and offers programs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gigaevo.evolution.randomness import RandomSource
from gigaevo.programs import Metrics, Program


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyContext:
    """What a strategy and its parts may want to know of the run; handed over by an optional ``bind(context)``.

    Attributes:
        metrics: Names, directions and bounds of the problem's metrics.
        random: Where generators come from: ``context.random.generator("elite_selector")``.
        behavior_keys: Metrics that the problem names as descriptors of behaviour; may be empty.
        generation_size: Proposals that count as a generation where a strategy does something every so many of them.
    """

    metrics: Metrics
    random: RandomSource
    behavior_keys: Sequence[str] = ()
    generation_size: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEvent:
    """One change of an archive, as it is journalled: applying the events in order gives the archive again.

    Attributes:
        action: ``"insert"`` (into an empty cell or over its occupant) or ``"remove"``.
        island_id: Which island.
        cell: Index of the cell along each axis.
        program_id: Who came or went.
        displaced: Occupant that an insertion drove out; None where the cell was empty.
    """

    action: str
    island_id: str
    cell: tuple[int, ...]
    program_id: str
    displaced: str | None = None

    def to_json(self) -> dict[str, Any]:
        """This event as JSON values."""
        return {
            "action": self.action,
            "island_id": self.island_id,
            "cell": list(self.cell),
            "program_id": self.program_id,
            "displaced": self.displaced,
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> ArchiveEvent:
        """The event that ``to_json`` described."""
        return cls(**{**fields, "cell": tuple(fields["cell"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyMetrics:
    """How a strategy stands.

    Attributes:
        total_programs: Programs held by all islands.
        coverage: Occupied cells as a share of all cells, in [0, 1].
        qd_score: Sum over elites of the primary metric's distance from its worst bound (from the worst value seen
            where no bound is declared), so that each elite adds at least 0.
        sizes: Programs by island.
        generation: Longest line of ancestors (``Program.generation``) among the programs that islands were offered.
    """

    total_programs: int
    coverage: float
    qd_score: float
    sizes: Mapping[str, int]
    generation: int = 0

    def to_dict(self) -> dict[str, float]:
        """These numbers by flat names, ``size/<island>`` among them."""
        active = sum(size > 0 for size in self.sizes.values())
        return {
            "total_programs": self.total_programs,
            "active_populations": active,
            "programs_per_population": self.total_programs / active if active else 0.0,
            "generation": self.generation,
            "coverage": self.coverage,
            "qd_score": self.qd_score,
            **{f"size/{island}": size for island, size in self.sizes.items()},
        }


class EvolutionStrategy(ABC):
    """Keeps a population and offers parents from it.

    The engine calls one method at a time. A strategy never reads storage: it is given programs, it reports what it did
    as events, and after a restart it is given the programs and events back.
    """

    def bind(self, context: StrategyContext) -> None:
        """Take what is known of the run. Called once, before anything else.

        Raises:
            ValueError: The strategy does not fit the problem (a metric that nobody measures, bounds that are missing).
        """

    @abstractmethod
    async def select_elites(self, total: int) -> list[Program]:
        """At most ``total`` parents; empty only while the population is empty."""

    @abstractmethod
    async def add(self, program: Program) -> bool:
        """Offer a valid, evaluated program.

        Returns:
            Whether an archive keeps it now.
        """

    @abstractmethod
    async def remove(self, program_id: str) -> bool:
        """Take a program out of every archive; False where none held it."""

    @abstractmethod
    def drain_events(self) -> list[ArchiveEvent]:
        """What changed since the last call, in order."""

    @abstractmethod
    def apply(self, event: ArchiveEvent, program: Program) -> None:
        """Repeat a journalled change. ``program`` is the one that the event names."""

    def apply_rejection(self, program: Program) -> None:
        """Repeat a journalled offer of ``program`` that no archive kept; for strategies that remember such programs."""

    @abstractmethod
    def snapshot(self) -> dict[str, Any]:
        """The population as JSON values: ids, cells and counters, not programs."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any], programs: Mapping[str, Program]) -> None:
        """Go back to ``snapshot()``. ``programs`` holds every program that the snapshot names."""

    @abstractmethod
    def members(self) -> set[str]:
        """Ids of all programs that an archive holds."""

    @abstractmethod
    async def get_metrics(self) -> StrategyMetrics:
        """How the population stands; cheap enough to be called after each program."""
