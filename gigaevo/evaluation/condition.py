"""A condition on a metric that decides whether a stage is worth its cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gigaevo.programs import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a metric must be for a stage to run. Where several limits are given, all of them hold.

    Attributes:
        metric: Name of the metric.
        at_least: Least value.
        at_most: Greatest value.
        reaches: A value that it must be as good as, in the direction that the problem declares for the metric.

    Raises:
        ValueError: No limit, or one that is no finite number.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    reaches: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str):
            raise ValueError(f"'metric' is {self.metric!r}; it must be the name of a metric")
        limits = {key: getattr(self, key) for key in LIMITS if getattr(self, key) is not None}
        if not limits:
            raise ValueError(f"the condition on '{self.metric}' has no limit; give one of {', '.join(LIMITS)}")
        for key, value in limits.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"the condition on '{self.metric}' has {key}: {value!r}; it must be a number")

    @classmethod
    def of(cls, given: Condition | Mapping[str, Any]) -> Condition:
        """The condition that ``given`` is or describes.

        Raises:
            ValueError: It describes none; one line.
        """
        if isinstance(given, Condition):
            return given
        if not isinstance(given, Mapping) or "metric" not in given or set(given) - {"metric", *LIMITS}:
            raise ValueError(f"a condition has the keys metric and {', '.join(LIMITS)}; found {given!r}")
        return cls(**given)

    def in_terms_of(self, metrics: Metrics) -> Condition:
        """The same with ``reaches`` as the limit that it stands for."""
        if self.reaches is None:
            return self
        at_least, at_most = self.at_least, self.at_most
        if metrics.higher_is_better(self.metric):
            at_least = self.reaches if at_least is None else max(at_least, self.reaches)
        else:
            at_most = self.reaches if at_most is None else min(at_most, self.reaches)
        return Condition(metric=self.metric, at_least=at_least, at_most=at_most)

    def why_not(self, metrics: Mapping[str, float]) -> str | None:
        """Why ``metrics`` do not meet the condition, in a few words; None where they do. What was not measured, and
        what is not a number, does not."""
        value = metrics.get(self.metric)
        if value is None:
            return f"{self.metric} was not measured"
        if self.at_least is not None and not value >= self.at_least:
            return f"{self.metric} is {value:g}, not at least {self.at_least:g}"
        if self.at_most is not None and not value <= self.at_most:
            return f"{self.metric} is {value:g}, not at most {self.at_most:g}"
        return None


LIMITS = ("at_least", "at_most", "reaches")
