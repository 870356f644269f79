"""Whole runs of the strategies with a fitness that the kernels know, in numpy: the twin of ``_strategy_loops``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.checks.strategy_checks import (
    check_best,
    check_mutation,
    check_pool,
    check_room,
    check_sets,
    check_steepest,
    check_task,
)
from gigaevo.kernels.strategy_laws import Pool
from gigaevo.kernels.twins.strategy_numpy import (
    cross_over,
    drop_aged,
    mutate_bits,
    mutate_swaps,
    mutate_values,
    score_unknown,
    select_elite,
    select_tournament,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.kernels.strategy_laws import Goal, Mutation, Plan, Progress, Scoring
    from gigaevo.kernels.twins.random_numpy import RandomStream


def advance(pool: Pool, progress: Progress, plan: Plan, stream: RandomStream) -> None:
    """Make whole generations with a fitness that the kernels know, until the goal is reached.

    A generation: the aged die, selection, crossover, mutation, merits of the offspring that have none, the best. It is
    what the functions of ``strategy_numpy`` do one after the other, with the same numbers drawn.

    Args:
        pool: The population, every merit known.
        progress: Where the run stands; brought up to date.
        plan: See ``Plan``.
        stream: Where it draws from.

    Raises:
        ValueError: The pool or the plan is not as it says.
    """
    check_pool(pool, progress.size)
    check_task(pool, progress.size, plan.mutation, plan.scoring)
    check_best(pool, progress)
    while not _is_over(progress, plan.goal):
        progress.generation += 1
        size = progress.size
        if plan.max_age:
            size = drop_aged(pool, size, plan.max_age)
        rates = (plan.target_size, plan.replacement_rate, plan.elitism_rate)
        if plan.tournament_size:
            size = select_tournament(pool, size, *rates, plan.tournament_size, stream)
        else:
            size = select_elite(pool, size, *rates)
        size, first = cross_over(pool, size, plan.crossing, stream)
        _mutate_by(pool, size, first, plan.mutation, plan.crossing.genes_size, stream)
        progress.size = size
        progress.evaluations += score_unknown(pool, size, plan.scoring)
        _note_best(pool, progress, plan.goal.replace_on_equal)


def climb(
    pool: Pool,
    progress: Progress,
    mutation: Mutation,
    genes_size: int,
    scoring: Scoring,
    goal: Goal,
    stream: RandomStream,
) -> None:
    """Make generations of a climb by a fitness that the kernels know: one neighbour each, and a move if it is better.

    From a chromosome of merit -inf it moves to any; to one as good as the present only if the goal says so.

    Args:
        pool: Two rows; the first in its order is where the climber stands, its merit known.
        progress: Where the run stands, of size 1; brought up to date.
        mutation: How a neighbour comes to be; its probability is not looked at.
        genes_size: Genes of a chromosome.
        scoring: The fitness function.
        goal: When it ends.
        stream: Where it draws from.

    Raises:
        ValueError: An argument is not as it says.
    """
    check_pool(pool, 1)
    check_room(pool, 1, 2)
    check_task(pool, 1, mutation, scoring)
    check_best(pool, progress)
    sure = mutation._replace(probability=1.0)
    while not _is_over(progress, goal):
        progress.generation += 1
        stand, trial = pool.order[:2].tolist()
        pool.genes[trial] = pool.genes[stand]
        pool.merits[trial] = pool.merits[stand]
        _mutate_by(pool, 2, 1, sure, genes_size, stream)
        progress.size = 2
        progress.evaluations += score_unknown(pool, 2, scoring)
        _note_best(pool, progress, goal.replace_on_equal)
        progress.size = 1
        merit, present = float(pool.merits[trial]), float(pool.merits[stand])
        if merit > present or present == -np.inf or (goal.replace_on_equal and merit == present):
            pool.order[:2] = trial, stand


def climb_steepest(
    pool: Pool,
    progress: Progress,
    mutation: Mutation,
    genes_size: int,
    scoring: Scoring,
    goal: Goal,
    stream: RandomStream,
) -> None:
    """Make generations of a climb that looks at all neighbours and moves to the best if it is better.

    The neighbours are each mutable gene flipped, or each swap of two genes of a set. From a chromosome of merit -inf it
    moves to any; to one as good as the present only if the goal says so: of several, one drawn by chance.

    Args:
        pool: See ``climb``.
        progress: See ``climb``.
        mutation: Of ``FLIP`` or ``SWAP``; its probability and numbers are not looked at.
        genes_size: Genes of a chromosome.
        scoring: The fitness function.
        goal: When it ends.
        stream: Where it draws from, if the goal lets equals move.

    Raises:
        ValueError: An argument is not as it says.
    """
    check_pool(pool, 1)
    check_room(pool, 1, 2)
    check_task(pool, 1, mutation, scoring)
    check_steepest(mutation)
    check_mutation(pool, 1, 0, 1.0, mutation.least, mutation.most, mutation.mutable, genes_size)
    if mutation.starts is not None and mutation.stops is not None:
        check_sets(mutation.starts, mutation.stops, genes_size)
    check_best(pool, progress)
    while not _is_over(progress, goal):
        progress.generation += 1
        stand, trial = pool.order[:2].tolist()
        rows = _neighbours(pool.genes[stand], mutation)
        if not len(rows):
            progress.stale_generations += 1
            continue
        if goal.replace_on_equal:
            rows = rows[stream.permutation(len(rows))]
        unknown = np.full(len(rows), np.nan)
        around = Pool(rows, unknown, np.zeros(len(rows), np.int64), np.arange(len(rows)))
        progress.evaluations += score_unknown(around, len(rows), scoring)
        progress.size = len(rows)
        _note_best(around, progress, goal.replace_on_equal)
        progress.size = 1
        last = len(rows) - 1 - int(unknown[::-1].argmax())
        chosen = last if goal.replace_on_equal else int(unknown.argmax())
        merit, present = float(unknown[chosen]), float(pool.merits[stand])
        if merit > present or present == -np.inf or (goal.replace_on_equal and merit == present):
            pool.genes[trial], pool.merits[trial] = rows[chosen], merit
            pool.order[:2] = trial, stand


def _neighbours(row: NDArray[Any], mutation: Mutation) -> NDArray[Any]:
    if mutation.stops is None:
        rows = np.repeat(row[None], len(mutation.mutable), axis=0)
        for place, gene in enumerate(mutation.mutable.tolist()):
            rows[place, gene // 64] ^= np.uint64(1 << gene % 64)
        return rows
    pairs = [(left, right) for left, stop in enumerate(mutation.stops.tolist()) for right in range(left + 1, stop)]
    rows = np.repeat(row[None], len(pairs), axis=0)
    for place, (left, right) in enumerate(pairs):
        rows[place, left], rows[place, right] = row[right], row[left]
    return rows


def _mutate_by(pool: Pool, size: int, first: int, mutation: Mutation, genes_size: int, stream: RandomStream) -> None:
    told = (pool, size, first, mutation.probability, mutation.least, mutation.most, mutation.mutable)
    if mutation.laws is not None:
        mutate_values(*told, mutation.laws, stream)
    elif mutation.starts is not None and mutation.stops is not None:
        mutate_swaps(*told, mutation.starts, mutation.stops, stream)
    else:
        mutate_bits(*told, genes_size, stream)


def _is_over(progress: Progress, goal: Goal) -> bool:
    if progress.generation >= goal.last_generation:
        return True
    if 0 < goal.stale_break <= progress.stale_generations:
        return True
    if progress.best_merit < goal.valid_merit:
        return False
    if progress.best_merit >= goal.target_merit:
        return True
    if 0 < goal.max_generations <= progress.generation:
        return True
    return 0 < goal.max_stale_generations <= progress.stale_generations


def _note_best(pool: Pool, progress: Progress, replace_on_equal: bool) -> None:
    rows = pool.order[: progress.size]
    merits = pool.merits[rows]
    row = int(rows[len(rows) - 1 - np.argmax(merits[::-1]) if replace_on_equal else np.argmax(merits)])
    merit = float(pool.merits[row])
    if merit > progress.best_merit:
        progress.best_generation, progress.stale_generations = progress.generation, 0
    else:
        progress.stale_generations += 1
        if not (replace_on_equal and merit == progress.best_merit > -np.inf):
            return
    progress.best_merit = merit
    progress.best_genes[:] = pool.genes[row]
