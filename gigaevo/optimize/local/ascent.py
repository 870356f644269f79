"""Quasi-Newton ascent of a function that may have kinks, from function values alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

DIFFERENCE = 1e-7  # step of the finite differences, in units
FIRST_STEP = 0.02  # length of the first step along the gradient, in units
LONGEST_STEP = 1.0  # of one coordinate in one line search, in units
SUFFICIENT, CURVATURE = 1e-4, 0.5  # of the weak Wolfe conditions
LINE_TRIALS = 30
PATIENCE = 6  # iterations of hardly any gain before it ends


def difference_gradient(merit: Callable[[Vector], float], x: Vector, value: float) -> Vector:
    """Gradient by one-sided differences: forward, or backward where the forward point has no value.

    Args:
        merit: Function of a vector of shape (n,); minus infinity where it has no value.
        x: Point, shape (n,). Left as it was.
        value: ``merit(x)``, finite.

    Returns:
        float64 of shape (n,); 0 for a coordinate in which neither neighbour has a value.
    """
    gradient = np.zeros(x.size)
    point = x.copy()
    for i in range(x.size):
        for step in (DIFFERENCE, -DIFFERENCE):
            point[i] = x[i] + step
            slope = (merit(point) - value) / step
            if math.isfinite(slope):
                gradient[i] = slope
                break
        point[i] = x[i]
    return gradient


def _line_search(
    merit: Callable[[Vector], float], x: Vector, value: float, direction: Vector, slope: float
) -> tuple[float, float] | None:
    """Step length and value that satisfy the weak Wolfe conditions, by doubling and bisection.

    Returns:
        (length, value), the best acceptable one where the trials ran out; None where nothing rose.
    """
    low, high, length = 0.0, math.inf, 1.0
    reach = float(np.abs(direction).max())
    nudge = DIFFERENCE / float(np.linalg.norm(direction))
    found: tuple[float, float] | None = None
    for _ in range(LINE_TRIALS):
        reached = merit(x + length * direction)
        if not reached > value + SUFFICIENT * length * slope:
            high = length
        else:
            if found is None or reached > found[1]:
                found = (length, reached)
            if (merit(x + (length + nudge) * direction) - reached) / nudge <= CURVATURE * slope:
                break
            low = length
            if length * reach >= LONGEST_STEP:
                break
        length = min(2.0 * low, LONGEST_STEP / reach) if math.isinf(high) else 0.5 * (low + high)
        if (high - low) * reach < 1e-11:
            break
    return found


def ascend(merit: Callable[[Vector], float], x: Vector, *, tolerance: float = 1e-8) -> tuple[Vector, float]:
    """Climb ``merit`` from ``x`` by BFGS with finite differences and a weak Wolfe line search.

    With that line search BFGS also converges on functions with kinks, such as the smallest of many areas or an
    objective minus a penalty: A. S. Lewis and M. L. Overton, "Nonsmooth optimization via quasi-Newton methods",
    Mathematical Programming 141 (2013). The variables should be scaled so that 1 is a large change of any.

    Args:
        merit: What to climb, of a vector of shape (n,); minus infinity where it has no value. May raise to stop.
        x: Where to begin, shape (n,), float64.
        tolerance: Relative gain of an iteration that counts as hardly any.

    Returns:
        The last point and its merit.
    """
    value = merit(x)
    if not math.isfinite(value):
        return x, value
    gradient = difference_gradient(merit, x, value)
    inverse: NDArray[np.float64] | None = None
    idle = 0
    while idle < PATIENCE:
        norm = float(np.linalg.norm(gradient))
        if norm == 0.0 or not math.isfinite(norm):
            break
        direction = gradient * (FIRST_STEP * 0.1**idle / norm) if inverse is None else inverse @ gradient
        slope = float(gradient @ direction)
        found = None
        if slope > 0.0:
            direction *= min(1.0, LONGEST_STEP / float(np.abs(direction).max()))
            found = _line_search(merit, x, value, direction, float(gradient @ direction))
        if found is None:
            if inverse is None and idle > 1:
                break
            inverse, idle = None, idle + 1
            continue
        length, reached = found
        move = length * direction
        x = x + move
        following = difference_gradient(merit, x, reached)
        inverse = _updated(inverse, move, gradient - following)
        idle = idle + 1 if reached - value < tolerance * abs(value) else 0
        value, gradient = reached, following
    return x, value


def _updated(inverse: NDArray[np.float64] | None, move: Vector, fall: Vector) -> NDArray[np.float64] | None:
    """The BFGS update of the inverse (negative) Hessian by a move and the fall of the gradient along it."""
    curvature = float(move @ fall)
    if not curvature > 0.0:
        return inverse
    if inverse is None:
        inverse = np.eye(move.size) * (curvature / float(fall @ fall))
    image = inverse @ fall
    rate = 1.0 / curvature
    cross = np.outer(move, image)
    inverse += ((1.0 + rate * float(fall @ image)) * rate) * np.outer(move, move) - rate * (cross + cross.T)
    return inverse
