"""The hypervolume in numpy: the twin of ``_hypervolume``, with the same errors and up to rounding the same results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks, pareto_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Rows = NDArray[np.float64]


def hypervolume(objectives: ArrayLike, reference: ArrayLike) -> float:
    """The volume of what ``objectives`` dominate and what is better than ``reference``; larger is better throughout.

    It is exact, but for rounding. Two objectives take n log n steps, three little more, four n^2 and each further one
    up to n times as many.

    Args:
        objectives: float64 (n, m), m at least 1. Rows that are not better than the reference in every objective, or
            hold a NaN, count nothing.
        reference: float64 (m,), finite: the corner from which is measured, worse than what is to count.

    Returns:
        0 or more; infinity if a row that counts has an infinite objective.

    Raises:
        ValueError: An argument does not fit its description; the text names argument, index and value.
    """
    rows = array_checks.float_array("objectives", objectives, 2)
    pareto_checks.check_objectives(rows)
    corner = pareto_checks.reference_point(reference, rows)
    counted = rows[(rows > corner).all(axis=1)]
    if np.isposinf(counted).any():
        return float("inf")
    with np.errstate(over="ignore", invalid="ignore"):
        return _volume(counted, corner)


def _volume(rows: Rows, corner: Rows) -> float:
    if len(rows) == 0:
        return 0.0
    if rows.shape[1] == 1:
        return float(rows.max() - corner[0])
    if rows.shape[1] == 2:
        return _area(rows, corner)
    # What each row adds to those that are at least as good in the last objective: its box without what their boxes, cut
    # to it, cover.
    ordered = rows[np.argsort(-rows[:, -1], kind="stable")]
    volume = 0.0
    for place, row in enumerate(ordered):
        cut = np.minimum(ordered[:place, :-1], row[:-1])
        base = float(np.prod(row[:-1] - corner[:-1])) - _volume(_uncovered(cut), corner[:-1])
        volume += base * float(row[-1] - corner[-1])
    return volume


def _area(rows: Rows, corner: Rows) -> float:
    ordered = rows[np.argsort(-rows[:, 0], kind="stable")]
    tops = np.maximum.accumulate(np.concatenate([corner[1:], ordered[:, 1]]))
    return float(((ordered[:, 0] - corner[0]) * np.diff(tops)).sum())


def _uncovered(rows: Rows) -> Rows:
    """Those that no other one covers, each once."""
    distinct: Rows = np.unique(rows, axis=0)
    covering = (distinct[:, None] >= distinct[None]).all(axis=2).sum(axis=0)
    alone: NDArray[np.bool_] = covering == 1  # by itself
    return distinct[alone]
