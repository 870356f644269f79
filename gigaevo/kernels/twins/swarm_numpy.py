"""Particle swarms (Kennedy and Eberhart 1995), in numpy: the twin of ``_swarm``.

A particle has a position, a velocity and its own best: the place where it had its greatest merit. Merits: larger is
better, minus infinity where a particle was never valid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.advances import Advance
from gigaevo.kernels.checks import array_checks, functions_checks, swarm_checks
from gigaevo.kernels.checks.array_checks import flag_array, index_array, owned_array
from gigaevo.kernels.twins.functions_numpy import drop_invalid, evaluate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.advances import Task
    from gigaevo.kernels.checks.swarm_checks import Flight
    from gigaevo.kernels.twins.random_numpy import RandomStream

    Doubles = NDArray[np.float64]
    Indices = NDArray[np.int64]


def fly(
    positions: Doubles,
    velocities: Doubles,
    own: ArrayLike,
    leaders: ArrayLike,
    particles: ArrayLike,
    flight: Flight,
    limits: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    integer: ArrayLike | None,
    stream: RandomStream,
    draws: ArrayLike | None = None,
) -> Doubles:
    """Move particles, one after the other.

    v becomes inertia v + cognitive r (own - x) + social s (own of the leader - x), with r and s of their own in [0, 1)
    for each gene, in steps of 2^-32, and is cut to the limit; x becomes x + v. A particle that would leave the bounds
    stops at the bound in that gene (Clerc, "Standard PSO 2007").

    Args:
        positions: float64 (size, genes), within the bounds, changed.
        velocities: float64 (size, genes), changed.
        own: float64 (size, genes), the own bests.
        leaders: int64 (size,), the particle that each one follows.
        particles: int64 (n,), those that move.
        flight: Inertia and pulls.
        limits: float64 (genes,), the greatest velocity.
        lower: float64 (genes,).
        upper: float64 (genes,).
        integer: bool (genes,): genes that are rounded in what is given back, halves to even; None: no gene is.
        stream: Source of what is drawn.
        draws: uint64 (n, genes), in place of the stream: r from the upper half of a word, s from the lower one.

    Returns:
        Where the particles are now, float64 (n, genes).

    Raises:
        ValueError: Shapes do not fit, an index is out of its range, or what is changed cannot be written to.
    """
    places = owned_array("positions", positions, 2)
    speeds = owned_array("velocities", velocities, 2)
    size, genes = places.shape
    array_checks.check_shape("velocities", speeds, (size, genes))
    bests = array_checks.float_array("own", own, 2)
    array_checks.check_shape("own", bests, (size, genes))
    followed = index_array("leaders", leaders, 1, size)
    array_checks.check_shape("leaders", followed, (size,))
    rows = index_array("particles", particles, 1, size)
    greatest, low, high = (
        array_checks.float_array(name, given, 1)
        for name, given in (("limits", limits), ("lower", lower), ("upper", upper))
    )
    for name, array in (("limits", greatest), ("lower", low), ("upper", high)):
        array_checks.check_shape(name, array, (genes,))
    whole = None if integer is None else flag_array("integer", integer, (genes,)).view(np.bool_)
    n = len(rows)
    if draws is not None:
        words = swarm_checks.draw_array(draws, (n, genes))
        pulls = np.stack([words >> np.uint64(32), words & np.uint64(2**32 - 1)], axis=1) / 2.0**32
    else:
        pulls = stream.uniforms(2 * n * genes).reshape(n, 2, genes)
    moved = np.empty((n, genes))
    if len(np.unique(rows)) == n:
        _move(places, speeds, bests, followed, rows, flight, greatest, low, high, pulls, moved)
    else:
        for row in range(n):  # a particle that moves twice goes on from where it came to
            part = slice(row, row + 1)
            _move(places, speeds, bests, followed, rows[part], flight, greatest, low, high, pulls[part], moved[part])
    return moved if whole is None else np.where(whole, np.rint(moved), moved)


def _move(
    places: Doubles,
    speeds: Doubles,
    bests: Doubles,
    followed: Indices,
    rows: Indices,
    flight: Flight,
    greatest: Doubles,
    low: Doubles,
    high: Doubles,
    pulls: Doubles,
    moved: Doubles,
) -> None:
    """Move different particles at once; where they come to is written to ``moved`` as well."""
    inertia, cognitive, social = flight
    at = places[rows]
    with np.errstate(over="ignore", invalid="ignore"):
        speed = inertia * speeds[rows] + (cognitive * pulls[:, 0]) * (bests[rows] - at)
        speed = speed + (social * pulls[:, 1]) * (bests[followed[rows]] - at)
        speed = np.where(speed >= -greatest, speed, -greatest)
        speed = np.where(speed <= greatest, speed, greatest)
        to = at + speed
    outside = ~((to >= low) & (to <= high))
    to = np.where(to >= low, to, low)
    to = np.where(to <= high, to, high)
    speeds[rows] = np.where(outside, 0.0, speed)
    places[rows] = to
    moved[:] = to


def note_own(own: Doubles, merits: Doubles, particles: ArrayLike, codes: ArrayLike, code_merits: ArrayLike) -> int:
    """Let particles remember where they were better than ever, one after the other.

    Args:
        own: float64 (size, genes), changed.
        merits: float64 (size,), those of ``own``, changed.
        particles: int64 (n,), who was there.
        codes: float64 (n, genes), where.
        code_merits: float64 (n,).

    Returns:
        How many were better than their own best.

    Raises:
        ValueError: Shapes do not fit, an index is out of its range, or what is changed cannot be written to.
    """
    bests = owned_array("own", own, 2)
    ranks = owned_array("merits", merits, 1)
    array_checks.check_shape("merits", ranks, (len(bests),))
    rows = index_array("particles", particles, 1, len(bests))
    there = array_checks.float_array("codes", codes, 2)
    array_checks.check_shape("codes", there, (len(rows), bests.shape[1]))
    worth = array_checks.float_array("code_merits", code_merits, 1)
    array_checks.check_shape("code_merits", worth, (len(rows),))
    better = 0
    for visit, row in enumerate(rows.tolist()):
        if worth[visit] > ranks[row]:
            bests[row] = there[visit]
            ranks[row] = worth[visit]
            better += 1
    return better


def ring_leaders(merits: ArrayLike, neighbors: int) -> Indices:
    """The best particle among each one and its neighbours on a ring.

    Args:
        merits: float64 (size,), at least one; not NaN.
        neighbors: How many to either side; all are neighbours where that goes round.

    Returns:
        int64 (size,): of equally good ones the particle itself, else the first as counted from the left.

    Raises:
        ValueError: There is no particle, or no neighbour.
    """
    worth = array_checks.float_array("merits", merits, 1)
    swarm_checks.check_not_empty(len(worth))
    swarm_checks.check_ring(neighbors)
    size = len(worth)
    reach = min(neighbors, size // 2)
    leaders = np.arange(size)
    for step in (step for step in range(-reach, reach + 1) if step):
        others = (np.arange(size) + step) % size
        leaders = np.where(worth[others] > worth[leaders], others, leaders)
    return leaders


def advance(
    positions: Doubles,
    velocities: Doubles,
    own: Doubles,
    merits: Doubles,
    leaders: NDArray[np.int64],
    particles: ArrayLike,
    flight: Flight,
    limits: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    integer: ArrayLike | None,
    neighbors: int,
    task: Task,
    stream: RandomStream,
) -> Advance:
    """Make generations on a native function until one reaches the target: ``fly``, ``note_own``, new leaders, in turns.

    Args:
        positions: As the next five and the bounds, of ``fly``; ``own`` and ``leaders`` are changed as well.
        velocities: See there.
        own: See there.
        merits: float64 (size,), those of ``own``, changed.
        leaders: int64 (size,), changed.
        particles: int64 (n,), those that move in each generation.
        flight: See there.
        limits: See there.
        lower: See there.
        upper: See there.
        integer: See there.
        neighbors: Of the ring; 0: the best particle leads all, the first of equally good ones.
        task: See ``Task``.
        stream: Source of what is drawn.

    Returns:
        What was done.

    Raises:
        ValueError: Shapes do not fit, an argument is out of its range, or what is changed cannot be written to.
    """
    array_checks.check_genes(positions.shape[1])
    functions_checks.check_task(task, positions.shape[1])
    swarm_checks.check_loop(leaders, neighbors)
    invalid, best_merit, best_generation = 0, task.best_merit, 0
    for generation in range(1, task.generations + 1):
        codes = fly(positions, velocities, own, leaders, particles, flight, limits, lower, upper, integer, stream)
        worth = task.sign * evaluate(task.function, codes)
        invalid += drop_invalid(worth)
        row = int(worth.argmax())
        if worth[row] > best_merit:
            best_merit, best_generation, task.best_code[:] = float(worth[row]), generation, codes[row]
        if note_own(own, merits, particles, codes, worth):
            leaders[:] = ring_leaders(merits, neighbors) if neighbors else merits.argmax()
        if best_merit >= task.target:
            break
    return Advance(generation, invalid, best_merit, best_generation)
