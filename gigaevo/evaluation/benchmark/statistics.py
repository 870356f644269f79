"""Robust statistics of timings, and the rule for when two programs differ.

Timings on a shared machine have heavy tails, drift, come in bursts, and depend on the process: two processes that run
the same text differ by 1 to 2 % for as long as they live, by where their memory lies. So samples are nested, rounds in
processes, and what counts in the end is how many processes agree, not how many rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]

LEVEL = 0.01
MARGIN = 0.01
TRIM = 0.1  # one of twelve at either end
LEAST_PAIRS = 6

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """How much larger one quantity is than another.

    Attributes:
        ratio: Estimate of the first divided by the second; 1 where they are equal.
        interval: Confidence interval of the ratio.
        differs: Whether the interval lies wholly outside [1 / (1 + margin), 1 + margin].
    """

    ratio: float
    interval: tuple[float, float]
    differs: bool


def median(values: FloatArray) -> float:
    """Median of ``values``, shape (n,), n >= 1."""
    return float(np.median(values))


def median_deviation(values: FloatArray) -> float:
    """Median absolute deviation from the median, not scaled to a standard deviation (times 1.4826 for a normal one)."""
    return float(stats.median_abs_deviation(values))


def typical_log_ratio(ones: FloatArray, others: FloatArray) -> float:
    """Median of log(ones / others): a burst that covers less than half of the rounds moves it little.

    Args:
        ones: Positive, shape (n,), n >= 1.
        others: Positive, of the same shape; pairs were measured on the same input.
    """
    return median(np.log(ones) - np.log(others))


def difference(log_ratios: Sequence[float], *, level: float = LEVEL, margin: float = MARGIN) -> Difference:
    """Whether two programs differ, by the log-ratios of their times in pairs of processes.

    The rule: each pair of processes gives one number, ``typical_log_ratio`` over its rounds. Two programs differ where
    the interval of the trimmed mean of these numbers (Tukey and McLaughlin, 1963; confidence 1 - ``level``, a tenth
    trimmed at either end) lies wholly beyond ``margin``. The margin is there for what pairs of processes have in
    common: equal programs whose texts lie elsewhere in memory in every process.

    Args:
        log_ratios: Of the first's time to the second's, one number for each pair of processes.
        level: How often equal programs may be found different, in (0, 1), were there nothing in common.
        margin: Relative difference that is none, at least 0.

    Returns:
        The difference. With fewer than six pairs the interval is all positive numbers, and nothing differs.

    Raises:
        ValueError: A number is not finite, or there is none.
    """
    values = np.asarray(log_ratios, dtype=np.float64)
    if not values.size or not np.isfinite(values).all():
        raise ValueError("log-ratios must be finite, and there must be at least one")
    if values.size < LEAST_PAIRS:
        return Difference(float(np.exp(np.median(values))), (0.0, float("inf")), False)
    low, high = trimmed_mean_interval(values, level=level)
    beyond = np.log1p(margin)
    return Difference(
        ratio=float(np.exp((low + high) / 2)),
        interval=(float(np.exp(low)), float(np.exp(high))),
        differs=bool(low > beyond or high < -beyond),
    )


def trimmed_mean_interval(values: FloatArray, *, level: float = LEVEL) -> tuple[float, float]:
    """Confidence interval of the mean with a tenth of the values, rounded, trimmed at either end.

    Args:
        values: Independent, shape (n,), n >= 3.
        level: One minus the confidence.
    """
    low, high = stats.mstats.trimmed_mean_ci(values, limits=(TRIM, TRIM), alpha=level)
    return float(low), float(high)


def bootstrap_interval(
    processes: Sequence[FloatArray], rng: np.random.Generator, *, level: float = LEVEL, resamples: int = _RESAMPLES
) -> tuple[float, float]:
    """Percentile interval of the median over processes of the median within each, by a nested bootstrap.

    Processes are drawn with replacement, then rounds of each with replacement, so that the interval is as wide as
    processes differ, however many rounds there are.

    Args:
        processes: The samples of each process, shape (m,) each, m >= 1; at least one process.
        rng: Draws the resamples.
        level: One minus the confidence.
        resamples: How many are drawn.
    """
    drawn = rng.integers(len(processes), size=(resamples, len(processes)))
    inner = np.empty(drawn.shape)
    for number, samples in enumerate(processes):
        places = drawn == number
        rounds = rng.integers(len(samples), size=(int(places.sum()), len(samples)))
        inner[places] = np.median(samples[rounds], axis=1)
    low, high = np.quantile(np.median(inner, axis=1), [level / 2, 1 - level / 2])
    return float(low), float(high)
