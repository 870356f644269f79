"""Axes whose bins are learned: bounds that widen to what is observed, and edges at quantiles of it.

What they learn is a function of the values observed, in their order, so that a replayed run learns the same. New bins
are asked for by ``pending`` and used only from ``adopt`` on: between the two their island makes the change durable.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from gigaevo.evolution.strategies.axes import Axis, BinningType, Cut, FloatArray, cut_between

# Bounds stay within these, so that the width of an axis is finite and a logarithmic one begins above 0.
LARGEST = 2.0**1022
SMALLEST_POSITIVE = 2.0**-1022

# Values closer than this share of their size are one value: a range between them would cut noise into bins.
NARROWEST = 1e-12

SAMPLE_SIZE = 1_000  # newest values that quantiles are taken of; more where there are very many bins
SAMPLE_PER_BIN = 10
LARGEST_SAMPLE = 10_000

FEW_BINS = 16  # up to here each possible bin must be in use; of more, chance leaves up to 1/e of them empty,
SPREAD = 0.5  # so that this share of them is enough
CROWDED = 0.1  # by how much a bin's share of the values may be above its fair one, beside what chance makes:
STANDARD_ERRORS = 3.0


class LearnedAxis(Protocol):
    """What a behaviour space asks of an axis that learns."""

    @property
    def cut(self) -> Cut:
        """How it is cut at present."""

    def observe(self, value: float) -> None:
        """Take note of a finite value."""

    def pending(self) -> dict[str, Any] | None:
        """The change that it wants, as JSON values; None where it is content."""

    def adopt(self, change: Mapping[str, Any]) -> None:
        """Be cut as ``change`` says from now on."""

    def state(self) -> dict[str, Any]:
        """All that it has learned, as JSON values."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to ``state()``."""


def learner_of(axis: Axis) -> LearnedAxis | None:
    """The object that learns the bins of ``axis``; None where they are fixed."""
    if not axis.learns:
        return None
    return QuantileEdges(axis) if axis.binning is BinningType.QUANTILE else WideningBounds(axis)


class WideningBounds:
    """Bounds that widen to what is observed.

    A side that was not given begins at the first two different values; from then on the range is doubled towards a
    value beyond it until it holds that value (in the logarithm on a logarithmic axis), so that bins change only
    O(log(range)) times and merge in pairs. A side that was given moves only if the axis is dynamic. A logarithmic axis
    takes no notice of values that are not above 0: they belong to its first bin.

    Args:
        axis: What was asked for.
    """

    def __init__(self, axis: Axis) -> None:
        self._axis = axis
        self._logarithmic = axis.binning is BinningType.LOGARITHMIC
        self._bounds: tuple[float, float] | None = None
        if axis.lower is not None and axis.upper is not None:
            self._bounds = axis.lower, axis.upper
        self._seen: tuple[float, float] | None = None

    @property
    def cut(self) -> Cut:
        return cut_between(*(self._bounds or (self._axis.lower, self._axis.upper)))

    def observe(self, value: float) -> None:
        if self._logarithmic and value <= 0.0:
            return
        least, greatest = self._seen or (value, value)
        self._seen = min(least, value), max(greatest, value)

    def pending(self) -> dict[str, Any] | None:
        wanted = self._wanted()
        return None if wanted == self._bounds else {"bounds": list(wanted)} if wanted else None

    def adopt(self, change: Mapping[str, Any]) -> None:
        lower, upper = change["bounds"]
        self._bounds = lower, upper

    def state(self) -> dict[str, Any]:
        return {"bounds": self._bounds and list(self._bounds), "seen": self._seen and list(self._seen)}

    def restore(self, state: Mapping[str, Any]) -> None:
        bounds, seen = state["bounds"], state["seen"]
        self._bounds = None if bounds is None else (bounds[0], bounds[1])
        self._seen = None if seen is None else (seen[0], seen[1])

    def _wanted(self) -> tuple[float, float] | None:
        """Bounds that hold all that was observed; the present ones where they do."""
        if self._seen is None:
            return self._bounds
        least, greatest = self._seen
        bounds = self._bounds or self._first_bounds(least, greatest)
        if bounds is None:
            return None
        lower, upper = bounds
        if upper < greatest and self._moves(self._axis.upper):
            upper = self._widened_up(lower, upper, greatest)
        if least < lower and self._moves(self._axis.lower):
            lower = self._widened_down(lower, upper, least)
        return lower, upper

    def _moves(self, given: float | None) -> bool:
        return given is None or self._axis.dynamic

    def _first_bounds(self, least: float, greatest: float) -> tuple[float, float] | None:
        """Where a side that was not given begins; None while the values make no range."""
        given = [bound for bound in (self._axis.lower, self._axis.upper) if bound is not None]
        lower = max(min([least, *given]) if self._moves(self._axis.lower) else given[0], -LARGEST)
        upper = min(max([greatest, *given]) if self._moves(self._axis.upper) else given[-1], LARGEST)
        if self._logarithmic:
            lower = max(lower, SMALLEST_POSITIVE)
        enough = max(NARROWEST * max(abs(lower), abs(upper)), SMALLEST_POSITIVE * self._axis.resolution)
        return (lower, upper) if upper - lower > enough else None

    def _widened_up(self, lower: float, upper: float, value: float) -> float:
        if self._logarithmic:
            ratio = upper / lower
            while lower * ratio < value:
                ratio *= ratio
            return min(lower * ratio, LARGEST)
        span = upper - lower
        while lower + span < value:
            span *= 2.0
        return min(lower + span, LARGEST)

    def _widened_down(self, lower: float, upper: float, value: float) -> float:
        if self._logarithmic:
            ratio = upper / lower
            while upper / ratio > value:
                ratio *= ratio
            return max(upper / ratio, SMALLEST_POSITIVE)
        span = upper - lower
        while upper - span > value:
            span *= 2.0
        return max(upper - span, -LARGEST)


class QuantileEdges:
    """Edges between which there are equally many of the newest values, each different value counted once.

    While there are fewer different values than bins, each value has a bin of its own and the last bins stay empty.
    Whether the edges still fit is looked at each time the number of observations has grown by a quarter, later after
    each quarter of the sample; they are learned anew only if a bin is crowded or too few bins are in use.

    Args:
        axis: What was asked for. Values beyond its bounds count as the bound, so that they get no bins of their own;
            a dynamic axis takes them as they are.
    """

    def __init__(self, axis: Axis) -> None:
        self._resolution = axis.resolution
        self._lower = None if axis.dynamic else axis.lower
        self._upper = None if axis.dynamic else axis.upper
        size = min(max(SAMPLE_SIZE, SAMPLE_PER_BIN * axis.resolution), LARGEST_SAMPLE)
        self._sample: deque[float] = deque(maxlen=size)
        self._observed = 0
        self._next_look = 2
        self._change: dict[str, Any] | None = None
        self._edges: FloatArray = np.empty(0)
        self._range: tuple[float, float] | None = None

    @property
    def cut(self) -> Cut:
        between = cut_between(self._lower, self._upper)
        width = between.width if self._range is None else self._range[1] - self._range[0]
        return Cut(lower=self._lower, upper=self._upper, width=width, edges=self._edges)

    def observe(self, value: float) -> None:
        lower = -LARGEST if self._lower is None else self._lower
        upper = LARGEST if self._upper is None else self._upper
        self._sample.append(min(max(value, lower), upper))
        self._observed += 1
        if self._observed >= self._next_look:
            self._next_look = self._observed + max(1, len(self._sample) // 4)
            self._look()

    def pending(self) -> dict[str, Any] | None:
        return self._change

    def adopt(self, change: Mapping[str, Any]) -> None:
        lower, upper = change["range"]
        self._edges = np.array(change["edges"], dtype=np.float64)
        self._range = lower, upper
        self._change = None

    def state(self) -> dict[str, Any]:
        return {
            "sample": list(self._sample),
            "observed": self._observed,
            "next_look": self._next_look,
            "change": self._change,
            "edges": self._edges.tolist(),
            "range": self._range and list(self._range),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._sample = deque(state["sample"], maxlen=self._sample.maxlen)
        self._observed = state["observed"]
        self._next_look = state["next_look"]
        self._change = state["change"]
        self._edges = np.array(state["edges"], dtype=np.float64)
        self._range = None if state["range"] is None else (state["range"][0], state["range"][1])

    def _look(self) -> None:
        """Decide whether the edges should be learned anew."""
        values = np.unique(np.array(self._sample))
        self._change = None
        if len(values) > 1 and (self._range is None or self._misfit(values)):
            edges = quantile_edges(values, self._resolution)
            self._change = {"edges": edges.tolist(), "range": [float(values[0]), float(values[-1])]}

    def _misfit(self, values: FloatArray) -> bool:
        """Whether a bin is crowded, or too few bins are in use, by ``values`` (n,), all different."""
        possible = min(len(values), self._resolution)
        counts = np.bincount(self._edges.searchsorted(values, side="right"))
        needed = possible if possible <= FEW_BINS else SPREAD * possible
        fair = 1.0 / possible
        most = fair + CROWDED + STANDARD_ERRORS * math.sqrt(fair * (1.0 - fair) / len(values))
        return bool(np.count_nonzero(counts) < needed or counts.max() > most * len(values))


def quantile_edges(values: FloatArray, bins: int) -> FloatArray:
    """Edges that cut sorted, different values into groups whose sizes differ by at most one.

    Args:
        values: float64 (n,), strictly increasing.
        bins: How many groups; n where there are fewer values.

    Returns:
        The least value of each group but the first, float64 (min(bins, n) - 1,), strictly increasing.
    """
    groups = min(bins, len(values))
    return values[np.arange(1, groups) * len(values) // groups]
