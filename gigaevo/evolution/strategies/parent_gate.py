"""The gate that a program must pass to become a parent: among the best, and good enough in what is required."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from loguru import logger

from gigaevo.kernels import ValueRanking
from gigaevo.programs import Metrics, Program

RowArray = npt.NDArray[np.int64]

LOOKED_AT = 128  # elites that are looked at where a selector finds none that passes
_MORE = (1, 4, 16)  # how many times as many parents a selector is asked for, until enough of them pass


@dataclass(frozen=True, kw_only=True)
class ParentGate:
    """Lets a share of a population, the best of it by the primary metric, become parents, and of these whoever reaches
    every required metric. A selector chooses among them as it would otherwise choose among all.

    Args:
        metrics: The problem's.
        top_fraction: Share of the population, in (0, 1]; at least one program. Whoever is as good as the last of these
            passes too.
        require: Values that metrics must reach, each in its metric's direction: at least, or at most where less is
            better. A program that lacks the metric does not pass.

    Raises:
        ValueError: A share out of its range, a bound that is no number, or a metric that nobody measures.
    """

    metrics: Metrics
    top_fraction: float = 1.0
    require: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 < self.top_fraction <= 1.0:
            raise ValueError(f"parents.top_fraction must be above 0 and at most 1; found {self.top_fraction}")
        for key, bound in self.require.items():
            if key not in self.metrics.specs:
                near = difflib.get_close_matches(key, self.metrics.specs, n=1)
                known = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.metrics.declared)}"
                raise ValueError(f"parents.require: nobody measures {key!r} ({known})")
            if not math.isfinite(bound):
                raise ValueError(f"parents.require.{key} must be a number; found {bound}")

    @property
    def told(self) -> str:
        """What is asked of a parent, in words."""
        asked = [] if self.top_fraction == 1.0 else [f"among the best {self.top_fraction:g} of the population"]
        for key, bound in self.require.items():
            asked.append(f"{key} at {'least' if self.metrics.higher_is_better(key) else 'most'} {bound:g}")
        return " and ".join(asked) or "anything"

    def lets_in(self, program: Program, ranking: ValueRanking) -> bool:
        """Whether a program may become a parent.

        Args:
            program: Evaluated; it need not be one of the ranked.
            ranking: Order statistics of the primary metric over the population, not empty.
        """
        return self._passes(program, self._least(ranking))

    def choose(
        self,
        ask: Callable[[int], Sequence[Program]],
        total: int,
        *,
        ranking: ValueRanking,
        at: Callable[[RowArray], Sequence[Program]],
        rng: np.random.Generator,
    ) -> list[Program]:
        """At most ``total`` parents that pass; none where none is found.

        The selector is asked first, and again for more, until enough of those that it names pass: in this way it may
        be of any kind, and nothing is looked through. What is still lacking is drawn uniformly among the best.

        Args:
            ask: Gives as many parents as it is asked for, as a selector chooses them; it may give fewer.
            total: How many are wanted, at least 1.
            ranking: Order statistics of the primary metric over the population, not empty.
            at: The programs of rows of the ranking.
            rng: For the draws among the best.
        """
        least, able = self._least(ranking), list[Program]()
        for times in _MORE:
            named = ask(total * times)
            able = [program for program in named if self._passes(program, least)]
            if len(able) >= min(total, len(named)):
                return able[:total]
        known = {program.id for program in able}
        drawn = at(self._drawn(ranking, rng))
        return (able + [one for one in drawn if one.id not in known and self._passes(one, least)])[:total]

    def _count(self, ranking: ValueRanking) -> int:
        return max(1, math.ceil(self.top_fraction * len(ranking)))

    def _ranks(self, ranking: ValueRanking, places: RowArray) -> RowArray:
        """Ranks of the places counted from the best, which is 0."""
        return len(ranking) - 1 - places if self.metrics.primary.higher_is_better else places

    def _least(self, ranking: ValueRanking) -> float | None:
        """The primary metric of the last that is among the best; None where all are."""
        count = self._count(ranking)
        if count == len(ranking):
            return None
        [row] = ranking.rows_at(self._ranks(ranking, np.array([count - 1])))
        return float(ranking.values[row])

    def _drawn(self, ranking: ValueRanking, rng: np.random.Generator) -> RowArray:
        """Rows of some of the best, drawn uniformly, without repetition; of all of them where they are few."""
        count = self._count(ranking)
        places = rng.choice(count, size=min(count, LOOKED_AT), replace=False)
        return ranking.rows_at(self._ranks(ranking, places))

    def _passes(self, program: Program, least: float | None) -> bool:
        key, values = self.metrics.primary_key, program.metrics
        if least is not None and not self._reaches(key, values.get(key), least):
            return False
        return all(self._reaches(name, values.get(name), bound) for name, bound in self.require.items())

    def _reaches(self, key: str, value: float | None, bound: float) -> bool:
        if value is None or math.isnan(value):
            return False
        return value >= bound if self.metrics.higher_is_better(key) else value <= bound


class Gatekeeper:
    """Keeps the gate of one population. As long as nobody passes the best becomes the parent, which is said once.

    Args:
        gate: What is asked of parents.
        population: What people call it.
    """

    def __init__(self, gate: ParentGate, population: str) -> None:
        self.gate = gate
        self._population = population
        self._told = False

    def choose(
        self,
        ask: Callable[[int], Sequence[Program]],
        total: int,
        *,
        ranking: ValueRanking,
        at: Callable[[RowArray], Sequence[Program]],
        rng: np.random.Generator,
    ) -> list[Program]:
        """At most ``total`` parents, at least one; see ``ParentGate.choose``."""
        parents = self.gate.choose(ask, total, ranking=ranking, at=at, rng=rng)
        if parents:
            return parents
        if not self._told:
            self._told = True
            logger.warning(
                "[Parents] {}: nobody passes ({}); as long as that is so the best becomes the parent",
                self._population,
                self.gate.told,
            )
        upwards = self.gate.metrics.primary.higher_is_better
        return list(at(ranking.largest(1) if upwards else ranking.smallest(1)))
