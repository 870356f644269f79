"""Growth laws such as ``O(n log n)``: how fast a cost may grow with the size of the input."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_WHOLE = re.compile(r"O\((.+)\)\Z")
_FACTOR = re.compile(r"(?:(log)(?:(?:\^|\*\*)(\d+))?\s*\(?n\)?|n(?:(?:\^|\*\*)(\d+(?:\.\d+)?))?|1)(?=[\s*·]|\Z)")
_GREATEST_POWER = 10.0


@dataclass(frozen=True, slots=True)
class GrowthLaw:
    """``n`` to a power times the logarithm of ``n`` to a power.

    Attributes:
        power: Power of n, from 0 to 10.
        log_power: Power of log n, from 0 to 10.
    """

    power: float
    log_power: float

    @classmethod
    def parse(cls, text: str) -> GrowthLaw:
        """The law that ``text`` writes, such as ``O(1)``, ``O(log n)``, ``O(n log n)`` or ``O(n^1.5 log^2 n)``.

        Factors stand side by side or with ``*`` between them; powers are written with ``^`` or ``**``.

        Raises:
            ValueError: It is written otherwise.
        """
        whole = _WHOLE.match(text.strip())
        rest = whole[1].strip() if whole else ""
        power = log_power = 0.0
        while rest:
            factor = _FACTOR.match(rest)
            if factor is None:
                whole = None
                break
            if factor[1]:
                log_power += float(factor[2] or 1)
            elif factor[0] != "1":
                power += float(factor[3] or 1)
            rest = rest[factor.end() :].lstrip(" *·")
        if whole is None or max(power, log_power) > _GREATEST_POWER:
            raise ValueError(f"{text!r} is no growth law; write one like O(1), O(log n), O(n), O(n log n) or O(n^2)")
        return cls(power, log_power)

    def __call__(self, n: float) -> float:
        """The law at ``n``; the logarithm has base 2 and counts as 1 below n = 2."""
        return float(n**self.power * max(math.log2(n), 1.0) ** self.log_power)

    def __str__(self) -> str:
        factors = []
        if self.power:
            factors.append("n" if self.power == 1 else f"n^{self.power:g}")
        if self.log_power:
            factors.append("log n" if self.log_power == 1 else f"log^{self.log_power:g} n")
        return f"O({' '.join(factors) or '1'})"
