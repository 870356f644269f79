"""Ranges of constants, as comments on their lines mark them: ``STEP = 0.3  # tune: 0.01 .. 1.0``.

A mark says that a constant matters and where its good values lie. Language models write such marks, people can too, and
numeric search goes by them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_MARK = re.compile(rf"#[ \t]*tune:[ \t]*({_NUMBER})[ \t]*\.\.[ \t]*({_NUMBER})(?![\w.])")
_LARGEST = 1e100
_DECADES = 2.0  # from so many on a range of positive numbers is searched by orders of magnitude


@dataclass(frozen=True, slots=True)
class Range:
    """Where a constant may lie.

    Attributes:
        low: Least value.
        high: Greatest value, greater than ``low``.
    """

    low: float
    high: float

    @property
    def logarithmic(self) -> bool:
        """Whether it spans orders of magnitude, so that steps are factors."""
        return self.low > 0.0 and math.log10(self.high / self.low) >= _DECADES

    def place_of(self, value: float) -> float:
        """Where ``value`` lies in it: 0 at its low end, 1 at its high end; what lies outside counts as at the end."""
        if self.logarithmic:
            least = math.log(self.low)  # a ratio of the ends may be beyond float64
            place = (math.log(max(value, self.low)) - least) / (math.log(self.high) - least)
        else:
            place = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, place))

    def at(self, place: float) -> float:
        """The value at ``place``, which is brought to [0, 1]."""
        place = min(1.0, max(0.0, place))
        if self.logarithmic:
            return self.within(self.low ** (1.0 - place) * self.high**place)
        return self.within(self.low + place * (self.high - self.low))

    def within(self, value: float) -> float:
        """``value``, or the end of the range that it lies beyond."""
        return min(self.high, max(self.low, value))


def ranges_in(text: str) -> dict[int, Range]:
    """The marked ranges of a program, by line, from 1. A mark that is no range, such as ``2 .. 1``, is none."""
    if "tune:" not in text:
        return {}
    found: dict[int, Range] = {}
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        mark = _MARK.search(line) if "tune:" in line else None
        if mark is not None:
            low, high = float(mark[1]), float(mark[2])
            if -_LARGEST <= low < high <= _LARGEST:
                found[number] = Range(low, high)
    return found
