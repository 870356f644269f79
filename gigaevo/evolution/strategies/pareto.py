"""Pareto order of small fronts: rows are points, and larger is better along every axis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def dominates(a: FloatArray, b: FloatArray) -> bool:
    """Whether ``a`` is nowhere worse than ``b`` and somewhere better.

    Args:
        a: Objectives of one, shape (m,).
        b: Objectives of the other, shape (m,).
    """
    return bool((a >= b).all() and (a > b).any())


def dominated_by_any(point: FloatArray, points: FloatArray) -> bool:
    """Whether a row of ``points``, shape (n, m), dominates ``point``, shape (m,); False where there is no row."""
    return bool(((points >= point).all(axis=1) & (points > point).any(axis=1)).any())


def crowding_distances(points: FloatArray) -> FloatArray:
    """How much room each point has: the crowding distance of NSGA-II (Deb et al., 2002).

    Along each axis a point gets the distance between the next lower and the next higher value, as a share of the range;
    one at an end of the range gets infinity. An axis along which all are equal says nothing. Values that several points
    share count once, so that the order of the rows does not matter; of equal points the first has the distance and its
    copies have 0.

    Args:
        points: Finite objectives, shape (n, m).

    Returns:
        float64, shape (n,), from 0 to infinity.
    """
    distances = np.zeros(len(points))
    if not len(points):
        return distances
    distinct, first = np.unique(points + 0.0, axis=0, return_index=True)  # -0.0 becomes 0.0
    room = np.zeros(len(distinct)) if len(distinct) > 1 else np.full(1, np.inf)
    for column in distinct.T:
        room += _gaps(column)
    distances[first] = room
    return distances


def most_crowded(points: FloatArray) -> int:
    """The row with the least crowding distance; of equals the last.

    Args:
        points: Finite objectives, shape (n, m), n >= 1.
    """
    distances = crowding_distances(points)
    return int(np.flatnonzero(distances == distances.min())[-1])


def _gaps(column: FloatArray) -> FloatArray:
    """Distance between the neighbours of each value along one axis, as a share of the range."""
    values, where = np.unique(column, return_inverse=True)
    if len(values) == 1:
        return np.zeros(len(column))
    values = values / np.abs(values).max()  # the distance between the ends of the float range would overflow
    gaps = np.full(len(values), np.inf)
    gaps[1:-1] = (values[2:] - values[:-2]) / (values[-1] - values[0])
    return gaps[where]
