"""What a strategy is: the population and the rules by which it keeps and offers programs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.parent_gate import ParentGate
from gigaevo.programs import Metrics, Program


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyContext:
    """What a strategy and its parts may want to know of the run; handed over by an optional ``bind(context)``.

    Attributes:
        metrics: Names, directions and bounds of the problem's metrics.
        random: Where generators come from: ``context.random.generator("elite_selector")``.
        behavior_keys: Metrics that the problem names as descriptors of behaviour; may be empty.
        generation_size: Proposals that count as a generation where a strategy does something every so many of them.
        parent_gate: What a program must pass to become a parent; None where everybody may.
    """

    metrics: Metrics
    random: RandomSource
    behavior_keys: Sequence[str] = ()
    generation_size: int = 20
    parent_gate: ParentGate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEvent:
    """One change of a strategy's state, as it is journalled: applying the events in order gives that state again.

    The actions: ``"insert"`` (into a free place of a cell or over its occupant), ``"remove"``, ``"reject"`` (a
    program was offered and is not kept), ``"observe"`` (a learning behaviour space saw a program), ``"rebin"`` (its
    edges moved, and the elites with them), ``"reset"`` (an island begins anew), ``"create"`` (a new island),
    ``"migration"`` (what became of the migrants).

    Attributes:
        action: One of these.
        island_id: Which island; empty where it concerns none.
        cell: Index of the cell along each axis.
        program_id: Who came, went or was turned away; empty where it concerns nobody.
        displaced: Occupant that an insertion drove out; None where there was room.
        details: What else the action needs to be repeated, as JSON values.
    """

    action: str
    island_id: str = ""
    cell: tuple[int, ...] = ()
    program_id: str = ""
    displaced: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """This event as JSON values, without what is empty."""
        given = {
            "island_id": self.island_id,
            "cell": list(self.cell),
            "program_id": self.program_id,
            "displaced": self.displaced,
            "details": dict(self.details),
        }
        return {"action": self.action, **{key: value for key, value in given.items() if value}}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> ArchiveEvent:
        """The event that ``to_json`` described."""
        return cls(**{**fields, "cell": tuple(fields.get("cell", ()))})


@dataclass(frozen=True, slots=True, kw_only=True)
class IslandMetrics:
    """How one island stands.

    Attributes:
        size: Programs it holds.
        coverage: Occupied cells as a share of its cells, in [0, 1].
        qd_score: Sum over its elites of the primary metric's distance from the worst.
        best: Best primary metric among its elites; None while it is empty.
        mean: Mean of the primary metric over its elites; None while it is empty.
        offered: Programs offered to it, migrants not counted.
        kept: Those of them that it kept at first.
    """

    size: int
    coverage: float
    qd_score: float
    best: float | None
    mean: float | None
    offered: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyMetrics:
    """How a strategy stands.

    Attributes:
        total_programs: Programs held by all islands.
        coverage: Occupied cells as a share of all cells, in [0, 1].
        qd_score: Sum over elites of the primary metric's distance from its worst bound (from the worst value seen
            where no bound is declared), so that each elite adds at least 0.
        sizes: Programs by island.
        generation: Generations of mutants that were offered so far.
        islands: Each island by itself; empty for strategies without.
        acceptance: By operator: programs offered, and those of them that an archive kept.
        migrants: Migrants that were sent, and those of them that their destination kept.
        faults: Times that a part of the strategy raised in this session.
    """

    total_programs: int
    coverage: float
    qd_score: float
    sizes: Mapping[str, int]
    generation: int = 0
    islands: Mapping[str, IslandMetrics] = field(default_factory=dict)
    acceptance: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    migrants: tuple[int, int] = (0, 0)
    faults: int = 0

    def to_dict(self) -> dict[str, float]:
        """These numbers by flat names: ``size/<island>``, ``best/<island>``, ``acceptance/<operator>`` and so on."""
        active = sum(size > 0 for size in self.sizes.values())
        flat: dict[str, float] = {
            "total_programs": self.total_programs,
            "active_populations": active,
            "programs_per_population": self.total_programs / active if active else 0.0,
            "generation": self.generation,
            **{f"size/{island}": size for island, size in self.sizes.items()},
            "coverage": self.coverage,
            "qd_score": self.qd_score,
        }
        for island_id, island in self.islands.items():
            for name in ("coverage", "qd_score", "best", "mean"):
                value = getattr(island, name)
                if value is not None:
                    flat[f"{name}/{island_id}"] = value
        for operator, (offered, kept) in self.acceptance.items():
            flat[f"acceptance/{operator}"] = kept / offered
        sent, settled = self.migrants
        if sent:
            flat["migrants_sent"] = sent
            flat["migration_success"] = settled / sent
        if self.faults:
            flat["faults"] = self.faults
        return flat


class StrategyFault(RuntimeError):
    """A strategy cannot go on, for the reason that the message gives: parts of it raised too often."""


class EvolutionStrategy(ABC):
    """Keeps a population and offers parents from it.

    The engine calls one method at a time. A strategy never reads storage: it is given programs, it reports what it did
    as events, and after a restart it is given the programs and events back.

    Attributes:
        independent: Whether children are to be samples that know nothing of one another: then failed ones are not
            repaired, and operators are told (``OperatorContext.independent``).
    """

    independent: bool = False

    def bind(self, context: StrategyContext) -> None:
        """Take what is known of the run. Called once, before anything else.

        Raises:
            ValueError: The strategy does not fit the problem (a metric that nobody measures, bounds that are missing).
        """

    @abstractmethod
    async def select_elites(self, total: int) -> list[Program]:
        """At most ``total`` parents; empty only while the population is empty.

        Raises:
            StrategyFault: Parts of the strategy raised too often; nothing has changed by this call.
        """

    def inspirations(self, parents: Sequence[Program], *, best: int, diverse: int) -> list[Program]:
        """Programs that whoever changes ``parents`` may learn from. Nothing changes by it.

        Args:
            parents: Left out of the answer.
            best: How many of the best to name, the best first.
            diverse: How many more that are unlike the parents and one another, drawn at random.

        Returns:
            At most ``best + diverse`` programs without repetition; by default none.
        """
        return []

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
        """Repeat a journalled change. ``program`` is the one that the event names; of one that is held already, or
        that only leaves, nothing but the id need be there."""

    def could_keep(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
        """Whether an archive might keep a program, were it offered now; True when in doubt. It answers at once, without
        looking through an archive: it is asked of programs that are being evaluated.

        Args:
            metrics: What was measured of the program and will not change.
            bounds: By metric, a value that it cannot be better than, in the problem's direction. A metric that is
                named nowhere may have any value.
        """
        return True

    def note_parents(self, program_ids: Sequence[str]) -> None:
        """Learn that these programs were chosen as parents of one proposal. Called when that is journalled, and again
        when the journal is replayed."""

    @abstractmethod
    def snapshot(self) -> dict[str, Any]:
        """The population as JSON values: ids, cells and counters, not programs."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any], programs: Mapping[str, Program]) -> None:
        """Go back to ``snapshot()``. ``programs`` holds those of ``remembered()``."""

    @abstractmethod
    def members(self) -> set[str]:
        """Ids of all programs that an archive holds."""

    def remembered(self) -> set[str]:
        """Ids of all programs that ``restore`` needs: the members, and what else a strategy goes by."""
        return self.members()

    @abstractmethod
    def holds(self, program_id: str) -> bool:
        """Whether an archive holds this program."""

    def closing_notes(self) -> list[str]:
        """What people should know that did not happen in a run that is over now, one line for each."""
        return []

    @abstractmethod
    async def get_metrics(self) -> StrategyMetrics:
        """How the population stands; cheap enough to be called after each program."""
