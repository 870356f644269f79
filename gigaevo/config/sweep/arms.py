"""The arms of a sweep: jobs that differ in nothing but the seed."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from gigaevo.config.result import ExitStatus
from gigaevo.llm.base import ALL_GIVEN_UP

if TYPE_CHECKING:
    from gigaevo.config.sweep.record import Row

SEED = "seed"
ALGORITHM = "algorithm"
CONTROL = "best_of_n"  # the algorithm that samples without evolution
ENDED = ExitStatus.ENDED.name.lower()
RESOURCES = ("evaluations", "mutants", "tokens", "usd", "seconds")

_PROBLEM = ("problem.name", "problem.dir")


@dataclass(frozen=True)
class Arm:
    """Jobs of the same settings.

    Attributes:
        settings: Overrides of its jobs, the seed left out.
        label: Those of them that tell it apart from other arms, as typed.
        rows: Its jobs that ended well, one for each seed.
        left_out: Its other jobs, by status.
    """

    settings: Mapping[str, str]
    label: str
    rows: Sequence[Row]
    left_out: Mapping[str, int]

    @property
    def problem(self) -> str:
        """What is solved."""
        return next((str(row["problem"]) for row in self.rows), "")

    @property
    def metric(self) -> tuple[str, bool]:
        """Name of the primary metric, and whether larger values are better."""
        metric: Row = next((row["metric"] for row in self.rows), {})
        return metric.get("name", "fitness"), metric.get("higher_is_better", True)

    @property
    def seeds(self) -> list[str]:
        """Seeds of the jobs that count."""
        return [row["overrides"].get(SEED, "") for row in self.rows]

    @cached_property
    def values(self) -> list[float]:
        """Primary metric of the best program of each job; measured once more at its end, where it was."""
        return [
            row["best_fitness"] if row.get("rescored_fitness") is None else row["rescored_fitness"] for row in self.rows
        ]

    @property
    def best(self) -> float:
        """The best of them."""
        return max(self.values) if self.metric[1] else min(self.values)

    def spent(self, resource: str) -> list[float]:
        """How much of one of ``RESOURCES`` each job took."""
        return [(row.get("spent") or {}).get(resource) or 0.0 for row in self.rows]

    def typical(self, resource: str) -> float:
        """How much of it a job took, the median."""
        return statistics.median(self.spent(resource)) if self.rows else 0.0


@dataclass(frozen=True)
class Pair:
    """Two arms that differ in one setting.

    Attributes:
        setting: Which one.
        arm: One of them.
        against: The other; the control, where one of them is.
    """

    setting: str
    arm: Arm
    against: Arm

    @property
    def runs(self) -> int:
        """Runs of the arm that has fewer."""
        return min(len(self.arm.rows), len(self.against.rows))

    @property
    def has_control(self) -> bool:
        """Whether the question is if evolution helps."""
        return self.setting == ALGORITHM and self.against.settings.get(ALGORITHM) == CONTROL


def arms_of(rows: Sequence[Row]) -> list[Arm]:
    """The arms, in the order in which they began. Of two jobs of the same seed the later one counts."""
    jobs: dict[tuple[tuple[str, str], ...], dict[str, Row]] = {}
    for row in rows:
        settings = {key.lstrip("+"): value for key, value in row["overrides"].items()}
        seed = settings.pop(SEED, "")
        jobs.setdefault(tuple(sorted(settings.items())), {})[seed] = row
    every = [dict(settings) for settings in jobs]
    varied = [key for key in dict.fromkeys(key for settings in every for key in settings) if _varies(every, key)]
    return [_arm(settings, varied, seeds.values()) for settings, seeds in zip(every, jobs.values(), strict=True)]


def pairs_of(arms: Sequence[Arm]) -> Iterator[Pair]:
    """Arms that are to be compared: the same problem and metric, runs in both, and one setting that differs. Where one
    of the algorithms is the control, each is compared with that and with no other."""
    controlled = any(arm.settings.get(ALGORITHM) == CONTROL for arm in arms)
    for first, second in combinations([arm for arm in arms if arm.rows], 2):
        keys = dict.fromkeys([*first.settings, *second.settings])
        differing = [key for key in keys if first.settings.get(key) != second.settings.get(key)]
        comparable = (first.problem, first.metric) == (second.problem, second.metric)
        if len(differing) != 1 or not comparable or differing[0] in _PROBLEM:
            continue
        if first.settings.get(ALGORITHM) == CONTROL and differing == [ALGORITHM]:
            first, second = second, first
        pair = Pair(differing[0], first, second)
        if differing != [ALGORITHM] or not controlled or pair.has_control:
            yield pair


def _varies(every: Sequence[Mapping[str, str]], key: str) -> bool:
    return len({settings.get(key) for settings in every}) > 1


def _became(row: Row) -> str:
    """Its status; of a run whose models failed it, why it stopped: that says nothing of its settings."""
    given_up = row["status"] == ENDED and row.get("stop_reason") == ALL_GIVEN_UP
    return ALL_GIVEN_UP if given_up else str(row["status"])


def _arm(settings: Mapping[str, str], varied: Sequence[str], rows: Iterable[Row]) -> Arm:
    jobs = list(rows)
    ended = [row for row in jobs if _became(row) == ENDED and row.get("metric")]
    left_out = Counter(_became(row) for row in jobs if row not in ended)
    shown = {key: settings[key] for key in (varied or settings) if key in settings}
    label = " ".join(f"{key}={value}" for key, value in shown.items()) or "as configured"
    return Arm(settings, label, ended, dict(left_out))
