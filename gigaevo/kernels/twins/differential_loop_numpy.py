"""Generations of differential evolution on a native function, in numpy: the twin of ``_differential_loop``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.advances import Advance
from gigaevo.kernels.checks import array_checks, differential_checks, functions_checks
from gigaevo.kernels.twins import differential_numpy
from gigaevo.kernels.twins.functions_numpy import drop_invalid, evaluate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.advances import Task
    from gigaevo.kernels.checks.differential_checks import Plan
    from gigaevo.kernels.twins.random_numpy import RandomStream

    Doubles = NDArray[np.float64]


def advance(
    plan: Plan,
    pool: Doubles,
    merits: Doubles,
    memory: Doubles,
    counters: NDArray[np.int64],
    targets: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    integer: ArrayLike | None,
    task: Task,
    stream: RandomStream,
) -> Advance:
    """Make generations until one reaches the target: the same as the functions of ``differential`` one after the other.

    Args:
        plan: How trials are made.
        pool: float64 (rows, genes), changed: the population of ``len(merits)`` rows, behind it the archive.
        merits: float64 (size,), changed.
        memory: float64 (2, h), changed: weights and rates that succeeded.
        counters: int64 (2,), changed: the rows of the archive that are filled, and the entry of the memory that is
            written next.
        targets: int64 (n,), members of the population: the targets of each generation.
        lower: float64 (genes,).
        upper: float64 (genes,).
        integer: bool (genes,) or None, as in ``recombine``.
        task: See ``Task``.
        stream: Source of what is drawn.

    Returns:
        What was done.

    Raises:
        ValueError: Shapes do not fit, an argument is out of its range, or what is changed cannot be written to.
    """
    differential_checks.check_plan(plan, memory, counters)
    array_checks.check_genes(pool.shape[1])
    functions_checks.check_task(task, pool.shape[1])
    differential_checks.check_room(len(pool), len(merits), int(counters[0]))
    invalid, best_merit, best_generation = 0, task.best_merit, 0
    for generation in range(1, task.generations + 1):
        archived, oldest = counters.tolist()
        leaders = differential_numpy.best_members(merits, plan.leading)
        weights, rates = settings(plan, memory, len(np.asarray(targets)), stream)
        parents = differential_numpy.draw_parents(
            targets,
            len(merits),
            len(merits) + archived,
            leaders,
            min(2, plan.leading),
            plan.base,
            plan.pull,
            plan.differences,
            stream,
        )
        crossed = differential_numpy.draw_crossover(rates, pool.shape[1], plan.exponential, stream)
        trials = differential_numpy.recombine(pool, targets, parents, weights, crossed, lower, upper, integer)
        worth = task.sign * evaluate(task.function, trials)
        invalid += drop_invalid(worth)
        row = int(worth.argmax())
        if worth[row] > best_merit:
            best_merit, best_generation, task.best_code[:] = float(worth[row]), generation, trials[row]
        gains, counters[0] = differential_numpy.replace(pool, merits, targets, trials, worth, archived, stream)
        means = differential_numpy.success_means(gains, weights, rates) if plan.adaptive else None
        if means is not None:
            memory[:, oldest] = means
            counters[1] = (oldest + 1) % memory.shape[1]
        if best_merit >= task.target:
            break
    return Advance(generation, invalid, best_merit, best_generation)


def settings(plan: Plan, memory: Doubles, n: int, stream: RandomStream) -> tuple[Doubles, Doubles]:
    """Weights and crossover rates of ``n`` trials."""
    if plan.adaptive:
        return differential_numpy.draw_settings(memory[0], memory[1], n, stream)
    weights = np.full(n, plan.lowest)
    if plan.highest > plan.lowest:
        weights += (plan.highest - plan.lowest) * stream.uniforms(n)
    return weights, np.full(n, plan.rate)
