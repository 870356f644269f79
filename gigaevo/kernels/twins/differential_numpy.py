"""Differential evolution (Storn and Price 1997), in numpy: the twin of ``_differential``.

What is drawn and what follows from it are apart: ``draw_parents`` and ``draw_crossover`` choose, ``recombine`` and
``replace`` compute, and with the same choices both implementations compute the same. Members are rows of ``pool``: the
population first, behind it the archive of replaced members where a strategy keeps one. Merits: larger is better, minus
infinity where a member is invalid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks, differential_checks
from gigaevo.kernels.checks.differential_checks import Base

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.twins.random_numpy import RandomStream

    Doubles = NDArray[np.float64]
    Indices = NDArray[np.int64]

SPREAD = 0.1  # of the settings that SHADE draws round its memory


def draw_parents(
    targets: ArrayLike,
    size: int,
    pool: int,
    leaders: ArrayLike,
    least: int,
    base: int,
    pull: bool,
    differences: int,
    stream: RandomStream,
) -> Indices:
    """Choose the members that each mutant is made of.

    Members are drawn evenly, different from one another and from the target. A leader may be any of them as well.

    Args:
        targets: int64 (n,), 0 to ``size - 1``: the member that each trial is for.
        size: Members of the population, more than a mutant draws.
        pool: Rows from which the last member of the last difference is drawn, ``size`` or more: beyond the population
            lies the archive (Zhang and Sanderson, "JADE", 2009).
        leaders: int64, rows of good members, the best first.
        least: A leader is one of the best k, k drawn evenly from ``least`` to ``len(leaders)``.
        base: A ``Base``: where the sum begins.
        pull: Whether the sum goes on towards a leader; then there is one difference.
        differences: 1 or 2.
        stream: Source of what is drawn.

    Returns:
        int64 (n, 3), (n, 4) with ``pull`` or (n, 5) with two differences; ``recombine`` says what the columns are.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """
    rows, best = (
        array_checks.index_array("targets", targets, 1, size),
        array_checks.int_array("leaders", leaders, 1),
    )
    differential_checks.check_draw(size, pool, best, least, base, pull, differences)
    n = len(rows)
    leading = np.empty(n, np.int64)
    if pull or base == Base.LEADER:
        among = least + np.floor(stream.uniforms(n) * (len(best) - least + 1)).astype(np.int64)
        leading = best[np.floor(stream.uniforms(n) * among).astype(np.int64)]
    drawn = _different_from(rows, size, pool, differential_checks.members_drawn(base, differences), stream)
    parents = np.empty((n, 1 + pull + 2 * differences), np.int64)
    if base == Base.RANDOM:
        parents[:, 0], drawn = drawn[:, 0], drawn[:, 1:]
    else:
        parents[:, 0] = rows if base == Base.TARGET else leading
    if pull:
        parents[:, 1] = leading
    parents[:, 1 + pull :] = drawn
    return parents


def _different_from(rows: Indices, size: int, pool: int, count: int, stream: RandomStream) -> Indices:
    """``count`` members for each row, the last from ``pool``: drawn among those left, then counted past the taken."""
    taken = rows[:, None]
    columns = []
    for place in range(count):
        left = (pool if place == count - 1 else size) - taken.shape[1]
        drawn = stream.integers(len(rows), left) if len(rows) else np.empty(0, np.int64)
        for column in range(taken.shape[1]):
            drawn += drawn >= taken[:, column]
        taken = np.sort(np.concatenate([taken, drawn[:, None]], axis=1), axis=1)
        columns.append(drawn)
    return np.stack(columns, axis=1)


def draw_crossover(rates: ArrayLike, genes: int, exponential: bool, stream: RandomStream) -> NDArray[np.uint8]:
    """Choose the genes that each trial takes from its mutant; one at least, at an even place.

    Args:
        rates: float64 (n,), 0 to 1. Binomial: each other gene with this probability, in steps of 2^-32.
        genes: Genes of a genome, 1 or more.
        exponential: A run of genes in place of single ones, round the end: it goes on with that probability.
        stream: Source of what is drawn.

    Returns:
        uint8 (n, genes), 1 where a gene is the mutant's.

    Raises:
        ValueError: A rate is out of its range.
    """
    chances = differential_checks.rate_array("rates", rates)
    array_checks.check_genes(genes)
    n = len(chances)
    crossed = np.zeros((n, genes), np.uint8)
    if not n:
        return crossed
    first = stream.integers(n, genes)
    taken = stream.uniforms(n * genes).reshape(n, genes) < chances[:, None]
    if exponential:
        taken[:, 0] = True
        run = np.logical_and.accumulate(taken, axis=1)
        order = (first[:, None] + np.arange(genes)) % genes
        np.put_along_axis(crossed, order, run.astype(np.uint8), axis=1)
    else:
        crossed[:] = taken
        crossed[np.arange(n), first] = 1
    return crossed


def recombine(
    pool: ArrayLike,
    targets: ArrayLike,
    parents: ArrayLike,
    weights: ArrayLike,
    crossed: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    integer: ArrayLike | None = None,
) -> Doubles:
    """The trials that follow from what was drawn.

    The mutant of weight w is base + w (a - b) of parents (base, a, b); base + w (leader - base) + w (a - b) of (base,
    leader, a, b); base + w (a - b) + w (c - d) of (base, a, b, c, d). A gene of it that is out of bounds goes half-way
    from the target's to the bound, as in JADE. Genes that are not crossed are the target's.

    Args:
        pool: float64 (rows, genes), within the bounds.
        targets: int64 (n,), rows of ``pool``.
        parents: int64 (n, 3), (n, 4) or (n, 5), rows of ``pool``.
        weights: float64 (n,).
        crossed: uint8 or bool (n, genes).
        lower: float64 (genes,).
        upper: float64 (genes,).
        integer: bool (genes,): genes of trials that are rounded, halves to even; their bounds are whole numbers. None:
            no gene is.

    Returns:
        float64 (n, genes).

    Raises:
        ValueError: Shapes do not fit, or an index is out of its range.
    """
    members = array_checks.float_array("pool", pool, 2)
    rows = array_checks.index_array("targets", targets, 1, len(members))
    sources = array_checks.index_array("parents", parents, 2, len(members))
    differential_checks.check_parents(sources, len(rows))
    factors = array_checks.float_array("weights", weights, 1)
    array_checks.check_shape("weights", factors, (len(rows),))
    genes = members.shape[1]
    mask = array_checks.flag_array("crossed", crossed, (len(rows), genes)).view(np.bool_)
    low, high = array_checks.float_array("lower", lower, 1), array_checks.float_array("upper", upper, 1)
    array_checks.check_shape("lower", low, (genes,))
    array_checks.check_shape("upper", high, (genes,))
    target, w = members[rows], factors[:, None]
    base, *others = (members[column] for column in sources.T)
    with np.errstate(over="ignore", invalid="ignore"):
        if len(others) == 2:
            mutant = base + w * (others[0] - others[1])
        elif len(others) == 3:
            mutant = base + w * (others[0] - base) + w * (others[1] - others[2])
        else:
            mutant = base + w * (others[0] - others[1]) + w * (others[2] - others[3])
    mutant = np.where(mutant >= low, mutant, 0.5 * low + 0.5 * target)
    mutant = np.where(mutant <= high, mutant, 0.5 * high + 0.5 * target)
    trials = np.where(mask, mutant, target)
    if integer is not None:
        whole = array_checks.flag_array("integer", integer, (genes,)).view(np.bool_)
        trials = np.where(whole, np.rint(trials), trials)
    return trials


def replace(
    pool: Doubles,
    merits: Doubles,
    targets: ArrayLike,
    trials: ArrayLike,
    trial_merits: ArrayLike,
    archived: int,
    stream: RandomStream,
) -> tuple[Doubles, int]:
    """Let each trial take the place of its target if it is at least as good, one after the other.

    Args:
        pool: float64 (rows, genes), changed: the population of ``len(merits)`` rows, then room for the archive, into
            which each member goes that a better trial replaces, over a random one when there is no more room.
        merits: float64 (size,) of the population, changed.
        targets: int64 (n,), members of the population.
        trials: float64 (n, genes).
        trial_merits: float64 (n,).
        archived: Rows of the archive that are filled.
        stream: Draws whom the archive forgets.

    Returns:
        By how much each trial was better than the member that it met, 0 where it was not, infinity where that one was
        invalid, float64 (n,); and the rows of the archive that are filled now.

    Raises:
        ValueError: Shapes do not fit, an index is out of its range, or ``pool`` or ``merits`` cannot be written to.
    """
    members = array_checks.owned_array("pool", pool, 2)
    ranks = array_checks.owned_array("merits", merits, 1)
    differential_checks.check_room(len(members), len(ranks), archived)
    rows = array_checks.index_array("targets", targets, 1, len(ranks))
    candidates = array_checks.float_array("trials", trials, 2)
    array_checks.check_shape("trials", candidates, (len(rows), members.shape[1]))
    worth = array_checks.float_array("trial_merits", trial_merits, 1)
    array_checks.check_shape("trial_merits", worth, (len(rows),))
    gains = np.zeros(len(rows))
    room = len(members) - len(ranks)
    for trial, row in enumerate(rows.tolist()):
        if not worth[trial] >= ranks[row]:
            continue
        if worth[trial] > ranks[row]:
            gains[trial] = float(worth[trial]) - float(ranks[row])  # infinite beyond float64, without a warning
            if room:
                place = archived if archived < room else int(stream.integers(1, room)[0])
                members[len(ranks) + place] = members[row]
                archived += archived < room
        members[row] = candidates[trial]
        ranks[row] = worth[trial]
    return gains, archived


def draw_settings(
    memory_weights: ArrayLike, memory_rates: ArrayLike, n: int, stream: RandomStream
) -> tuple[Doubles, Doubles]:
    """Weights and crossover rates of ``n`` trials, each round a random entry of the memory of what succeeded.

    Tanabe and Fukunaga, "Success-history based parameter adaptation for differential evolution", 2013: the weight is
    of a Cauchy distribution of scale 0.1, drawn again while it is not above 0 and at most 1; the rate of a normal
    distribution of standard deviation 0.1, cut to 0 to 1.

    Args:
        memory_weights: float64 (h,), above 0.
        memory_rates: float64 (h,), 0 to 1.
        n: Trials, 0 or more.
        stream: Source of what is drawn.

    Returns:
        Weights and rates, float64 (n,) each.

    Raises:
        ValueError: The memory is empty or out of its range.
    """
    centres = array_checks.float_array("memory_weights", memory_weights, 1)
    means = differential_checks.rate_array("memory_rates", memory_rates)
    differential_checks.check_memory(centres, means)
    array_checks.check_count(n)
    entry = stream.integers(n, len(centres)) if n else np.empty(0, np.int64)
    rates = np.clip(means[entry] + SPREAD * stream.normals(n), 0.0, 1.0)
    weights = np.zeros(n)
    open_rows = np.arange(n)
    while len(open_rows):
        slopes = stream.normals(len(open_rows)) / stream.normals(len(open_rows))  # of the Cauchy distribution
        weights[open_rows] = centres[entry[open_rows]] + SPREAD * slopes
        open_rows = open_rows[weights[open_rows] <= 0.0]
    return np.minimum(weights, 1.0), rates


def success_means(gains: ArrayLike, weights: ArrayLike, rates: ArrayLike) -> tuple[float, float] | None:
    """What SHADE remembers of a generation: means over the trials that were better than their targets.

    Each counts by its gain; one over an invalid target counts as the greatest finite gain, or 1 without any.

    Args:
        gains: float64 (n,), from ``replace``.
        weights: float64 (n,), above 0.
        rates: float64 (n,).

    Returns:
        The Lehmer mean of the weights (sum of squares by sum) and the mean of the rates; None without a success.

    Raises:
        ValueError: Lengths differ.
    """
    gained = array_checks.float_array("gains", gains, 1)
    factors, chances = array_checks.float_array("weights", weights, 1), array_checks.float_array("rates", rates, 1)
    array_checks.check_shape("weights", factors, gained.shape)
    array_checks.check_shape("rates", chances, gained.shape)
    better = gained > 0.0
    if not better.any():
        return None
    finite = gained[better & np.isfinite(gained)]
    greatest = float(finite.max()) if len(finite) else 1.0
    share = np.minimum(gained[better], greatest) / greatest
    factors, chances = factors[better], chances[better]
    # Sums in the order of the trials, as in the compiled kernel.
    squares, plain, mixed, whole = (
        float(np.cumsum(terms)[-1]) for terms in (share * factors * factors, share * factors, share * chances, share)
    )
    return squares / plain, mixed / whole


def best_members(merits: ArrayLike, most: int) -> Indices:
    """The members of the greatest merits, the best first, the first of equally good ones first.

    Args:
        merits: float64 (size,), not NaN.
        most: How many, 1 to ``size``.

    Returns:
        int64 (most,).

    Raises:
        ValueError: There are not so many.
    """
    worth = array_checks.float_array("merits", merits, 1)
    differential_checks.check_most(most, len(worth))
    return np.argsort(-worth, kind="stable")[:most]
