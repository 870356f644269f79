"""Migration policies: when elites migrate, how many of them, and to which islands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gigaevo.evolution.strategies.island import Island


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationPlan:
    """What one migration is to be.

    Attributes:
        exports: How many migrants an island may send, by id; an island that is not named sends none.
        receivers: Ids of the islands that take migrants.
        reason: Why nobody is to move, where that is so.
    """

    exports: Mapping[str, int] = field(default_factory=dict)
    receivers: frozenset[str] = frozenset()
    reason: str | None = None


class MigrationPolicy(ABC):
    """Decides on migrations. It looks at islands and remembers nothing, so that a resumed run decides alike."""

    @abstractmethod
    def period(self, generation_size: int) -> int:
        """Every how many proposals it wants to be asked, at least 1.

        Args:
            generation_size: Proposals that count as a generation.
        """

    @abstractmethod
    def plan(self, generation: int, islands: Sequence[Island]) -> MigrationPlan:
        """Who sends how many to whom now.

        Args:
            generation: Number of the present generation, counted in proposals.
            islands: All islands.
        """


class FixedMigrationPolicy(MigrationPolicy):
    """All islands send to all, the same number every time.

    Args:
        interval: Generations between migrations, at least 1.
        migrants: Elites that each island sends at most, at least 1.
    """

    def __init__(self, interval: int = 50, migrants: int = 5) -> None:
        self.interval = at_least_one("interval", interval)
        self.migrants = at_least_one("migrants", migrants)

    def period(self, generation_size: int) -> int:
        return self.interval * generation_size

    def plan(self, generation: int, islands: Sequence[Island]) -> MigrationPlan:
        return MigrationPlan(
            exports={island.id: self.migrants for island in islands},
            receivers=frozenset(island.id for island in islands),
        )


class ConservativeMigrationPolicy(FixedMigrationPolicy):
    """Seldom and few: islands develop strategies of their own, and share slowly."""

    def __init__(self, interval: int = 100, migrants: int = 3) -> None:
        super().__init__(interval, migrants)


class AggressiveMigrationPolicy(FixedMigrationPolicy):
    """Often and many: what is good is soon everywhere, and islands may become alike."""

    def __init__(self, interval: int = 20, migrants: int = 10) -> None:
        super().__init__(interval, migrants)


class AdaptiveMigrationPolicy(MigrationPolicy):
    """Islands that stagnate receive more often than those that find something by themselves.

    Every ``interval`` generations all islands send to all. In between, every ``fast_interval`` generations, islands
    that do not stagnate send to those that do; where all stagnate, all send to all.

    Args:
        interval: Generations between migrations of all islands; a multiple of ``fast_interval``.
        fast_interval: Generations between migrations to stagnating islands, at least 1.
        migrants: Elites that each island sends at most, at least 1.
        stagnation: Programs offered to an island since its best improved, from which on it counts as stagnating.
    """

    def __init__(
        self, *, interval: int = 50, fast_interval: int = 10, migrants: int = 5, stagnation: int = 100
    ) -> None:
        self.interval = at_least_one("interval", interval)
        self.fast_interval = at_least_one("fast_interval", fast_interval)
        self.migrants = at_least_one("migrants", migrants)
        self.stagnation = at_least_one("stagnation", stagnation)
        if interval % fast_interval:
            raise ValueError(
                f"AdaptiveMigrationPolicy: interval must be a multiple of fast_interval; found {interval} and "
                f"{fast_interval}"
            )

    def period(self, generation_size: int) -> int:
        return self.fast_interval * generation_size

    def plan(self, generation: int, islands: Sequence[Island]) -> MigrationPlan:
        everybody = {island.id for island in islands}
        stuck = {island.id for island in islands if island.stagnation >= self.stagnation}
        if generation % self.interval == 0 or stuck == everybody:
            senders = receivers = everybody
        elif stuck:
            senders, receivers = everybody - stuck, stuck
        else:
            return MigrationPlan(reason="interval not reached, and no island stagnates")
        return MigrationPlan(exports=dict.fromkeys(sorted(senders), self.migrants), receivers=frozenset(receivers))


_BY_NAME: dict[str, Callable[[], MigrationPolicy]] = {
    "conservative": ConservativeMigrationPolicy,
    "aggressive": AggressiveMigrationPolicy,
    "adaptive": AdaptiveMigrationPolicy,
}


def policy_of(value: MigrationPolicy | str) -> MigrationPolicy:
    """The policy that ``value`` names, with its defaults; one that is given as an object, as it is.

    Raises:
        ValueError: No policy has that name.
    """
    if not isinstance(value, str):
        return value
    if value not in _BY_NAME:
        raise ValueError(f"migration_policy: {value!r} is none of {', '.join(_BY_NAME)}")
    return _BY_NAME[value]()


def at_least_one(name: str, number: int) -> int:
    """``number``, if it is a whole one of at least 1.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(f"{name} must be a whole number of at least 1; found {number!r}")
    return number
