"""Whether costs over growing inputs keep to a growth law."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gigaevo.programs.growth_law import GrowthLaw

LEAST_SIZES = 4
LEAST_SPAN = 4.0


class Verdict(StrEnum):
    """What the costs say of a law."""

    HOLDS = "holds"
    BROKEN = "does not hold"
    UNCLEAR = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthCheck:
    """A law held against costs.

    Attributes:
        law: The law.
        verdict: ``HOLDS`` where the interval of the excess lies below the tolerance, ``BROKEN`` where it lies above,
            else ``UNCLEAR``.
        excess: Power of n by which the costs outgrow the law; NaN where it was not fitted. Negative: they grow slower,
            which a law, as an upper bound, permits.
        interval: Confidence interval of the excess.
        reason: Why there is no clear verdict; empty where there is one.
    """

    law: GrowthLaw
    verdict: Verdict
    excess: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    reason: str = ""


def check_growth(
    law: GrowthLaw,
    sizes: Sequence[float],
    costs: Sequence[float],
    *,
    tolerance: float = 0.2,
    confidence: float = 0.95,
) -> GrowthCheck:
    """Hold costs over growing inputs against a law.

    The exponent is the Theil-Sen slope (median of the slopes between all pairs of different sizes) of
    log(cost / law(n)) over log(n), with Sen's interval: up to 29 % of the costs may be wild without moving it far. A
    law that the costs keep to gives a slope about 0. What differs by less than n to the power of ``tolerance`` counts
    as the same, a single logarithm among it: over two decades it looks like a power of about 0.2.

    Args:
        law: The law.
        sizes: Size of the input of each measurement, at least 1; four different ones that span a factor of four.
        costs: What it cost, above 0: CPU seconds, counted operations, bytes.
        tolerance: Power of n that is still forgiven, above 0.
        confidence: Of the interval, between 0 and 1.

    Raises:
        ValueError: ``sizes`` and ``costs`` differ in length, or one of their numbers is out of range.
    """
    n, cost = np.asarray(sizes, dtype=float), np.asarray(costs, dtype=float)
    if n.shape != cost.shape or n.ndim != 1:
        raise ValueError(f"sizes and costs differ in length: {n.shape} and {cost.shape}")
    if n.size and (not np.isfinite(cost).all() or n.min() < 1.0 or cost.min() <= 0.0):
        raise ValueError("sizes must be at least 1 and costs finite numbers above 0")
    different = np.unique(n)
    if different.size < LEAST_SIZES or different[-1] < LEAST_SPAN * different[0]:
        needed = f"costs of {LEAST_SIZES} sizes that span a factor of {LEAST_SPAN:g} are needed"
        return GrowthCheck(law=law, verdict=Verdict.UNCLEAR, reason=f"{needed}; there are {_span(different)}")
    excess, low, high = _slope(n, cost / np.array([law(size) for size in n]), confidence)
    if high <= tolerance:
        verdict = Verdict.HOLDS
    elif low > tolerance:
        verdict = Verdict.BROKEN
    else:
        verdict = Verdict.UNCLEAR
    reason = f"the excess lies between {low:.2f} and {high:.2f}" if verdict is Verdict.UNCLEAR else ""
    return GrowthCheck(law=law, verdict=verdict, excess=excess, interval=(low, high), reason=reason)


def _slope(n: np.ndarray, ratio: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Theil-Sen slope of log(ratio) over log(n), and its interval."""
    from scipy.stats import theilslopes  # takes a second, and few runs fit anything

    if np.ptp(ratio) == 0.0:  # all alike: the interval, which counts ties as noise, is not defined
        return 0.0, 0.0, 0.0
    with np.errstate(invalid="ignore"):
        fit = theilslopes(np.log(ratio), np.log(n), alpha=confidence)
    if np.isnan(fit.low_slope):  # counts that repeat exactly: one of each size says as much
        sizes = np.unique(n)
        return _slope(sizes, np.array([np.median(ratio[n == size]) for size in sizes]), confidence)
    return float(fit.slope), float(fit.low_slope), float(fit.high_slope)


def _span(different: np.ndarray) -> str:
    if not different.size:
        return "none"
    return f"{different.size}, from {different[0]:g} to {different[-1]:g}"
