"""Crossovers and mutations of vectors of numbers, in numpy: the twin of ``_variation``.

Crossovers take two parents of each pair, ``a`` and ``b`` of shape (n, d), and return their children, (2n, d): children
``i`` and ``n + i`` are of pair ``i``, the first beginning as a copy of ``a[i]``, the second of ``b[i]``. ``out`` may be
the array whose halves are the parents. ``pair_rate`` is the probability of a pair to be crossed at all, ``gene_rate``
that of each of its genes to take part.

Mutations take genomes of shape (n, d); ``gene_rate`` is the probability of each gene to be changed. ``out`` may be the
genomes themselves.

Bounds, ``lower`` and ``upper`` of shape (d,), are inclusive. Genomes are expected to lie within; children and mutants
then do. Arguments that are not float64 arrays are converted; ``out`` must be one, else ValueError is raised, as it is
for shapes that do not fit, rates outside of [0, 1], bounds that are reversed, not finite or given on one side only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.checks import array_checks
from gigaevo.kernels.checks.array_checks import check_not_negative, check_rate
from gigaevo.kernels.checks.variation_checks import (
    bounds,
    bounds_and_integers,
    check_cuts,
    deviations,
    needed_bounds,
    parents,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.twins.random_numpy import RandomStream

    Floats = NDArray[np.float64]

CLOSE = 1e-14  # genes of two parents that differ by no more are left alone by SBX


def sbx(
    a: ArrayLike,
    b: ArrayLike,
    stream: RandomStream,
    *,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    eta: float = 15.0,
    pair_rate: float = 0.9,
    gene_rate: float = 0.5,
    exchange_rate: float = 0.5,
    out: Floats | None = None,
) -> Floats:
    """Simulated binary crossover: two values on both sides of the parents', as far apart as bits would bring them.

    From Deb and Agrawal, "Simulated Binary Crossover for Continuous Search Space" (1995); the distribution is cut off
    at the bounds as in Deb's NSGA-II code. Of each pair of values, the one that is nearer to ``a`` goes to the first
    child, or with probability ``exchange_rate`` to the second: without exchange, genes of one parent stay together.

    Args:
        eta: Distribution index, 0 or more: the larger, the nearer are children to their parents.

    Returns:
        float64 of shape (2n, d), ``out`` if given.
    """
    first, second = parents(a, b)
    limits = bounds(lower, upper, first.shape[1])
    check_not_negative("eta", eta)
    for name, rate in (("pair_rate", pair_rate), ("gene_rate", gene_rate), ("exchange_rate", exchange_rate)):
        check_rate(name, rate)
    children = array_checks.output(out, (2 * len(first), first.shape[1]))
    crossed = crossed_genes(first.shape, stream, pair_rate, gene_rate) & (np.abs(first - second) > CLOSE)
    exchanged = happens(first.shape, stream, exchange_rate)
    less, more = np.minimum(first, second)[crossed], np.maximum(first, second)[crossed]
    drawn = stream.uniforms(len(less))
    middle, half = 0.5 * (less + more), 0.5 * (more - less)
    if limits is None:
        down = up = _sbx_spread(np.full(len(less), 2.0), drawn, eta)
    else:
        low, high = (np.broadcast_to(side, first.shape)[crossed] for side in limits)
        down = _sbx_spread(_sbx_room((less - low) / half, eta), drawn, eta)
        up = _sbx_spread(_sbx_room((high - more) / half, eta), drawn, eta)
    lesser, greater = middle - down * half, middle + up * half
    if limits is not None:
        lesser, greater = np.clip(lesser, low, high), np.clip(greater, low, high)
    swapped = exchanged[crossed] != (first > second)[crossed]
    new_first, new_second = first.copy(), second.copy()
    new_first[crossed] = np.where(swapped, greater, lesser)
    new_second[crossed] = np.where(swapped, lesser, greater)
    return _joined(new_first, new_second, children)


def uniform(
    a: ArrayLike,
    b: ArrayLike,
    stream: RandomStream,
    *,
    pair_rate: float = 1.0,
    gene_rate: float = 0.5,
    out: Floats | None = None,
) -> Floats:
    """Uniform crossover: each gene of a crossed pair is exchanged with probability ``gene_rate``.

    Returns:
        float64 of shape (2n, d), ``out`` if given.
    """
    first, second = parents(a, b)
    check_rate("pair_rate", pair_rate)
    check_rate("gene_rate", gene_rate)
    children = array_checks.output(out, (2 * len(first), first.shape[1]))
    return exchange(first, second, crossed_genes(first.shape, stream, pair_rate, gene_rate), children)


def points(
    a: ArrayLike,
    b: ArrayLike,
    stream: RandomStream,
    *,
    cuts: int = 1,
    pair_rate: float = 1.0,
    out: Floats | None = None,
) -> Floats:
    """Crossover at ``cuts`` different points between genes, all equally likely: every other stretch is exchanged.

    The first stretch stays. Where there are fewer points, all are cut; a genome of one gene stays as it is.

    Args:
        cuts: Number of points, 1 or more.

    Returns:
        float64 of shape (2n, d), ``out`` if given.

    Raises:
        ValueError: Also for ``cuts`` below 1.
    """
    first, second = parents(a, b)
    check_rate("pair_rate", pair_rate)
    check_cuts(cuts)
    children = array_checks.output(out, (2 * len(first), first.shape[1]))
    return exchange(first, second, every_other_stretch(first.shape, cuts, stream, pair_rate), children)


def blend(
    a: ArrayLike,
    b: ArrayLike,
    stream: RandomStream,
    *,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    alpha: float = 0.5,
    pair_rate: float = 1.0,
    gene_rate: float = 1.0,
    out: Floats | None = None,
) -> Floats:
    """Blend crossover: two values drawn evenly from between the parents' and ``alpha`` times their distance beyond.

    BLX-alpha, from Eshelman and Schaffer, "Real-Coded Genetic Algorithms and Interval-Schemata" (1993). What falls
    beyond a bound is set to it.

    Args:
        alpha: 0 (never beyond the parents) or more.

    Returns:
        float64 of shape (2n, d), ``out`` if given.
    """
    first, second = parents(a, b)
    limits = bounds(lower, upper, first.shape[1])
    check_not_negative("alpha", alpha)
    check_rate("pair_rate", pair_rate)
    check_rate("gene_rate", gene_rate)
    children = array_checks.output(out, (2 * len(first), first.shape[1]))
    crossed = crossed_genes(first.shape, stream, pair_rate, gene_rate)
    reach = alpha * np.abs(first - second)
    start, end = np.minimum(first, second) - reach, np.maximum(first, second) + reach
    new_first = np.where(crossed, start + _uniforms(first.shape, stream) * (end - start), first)
    new_second = np.where(crossed, start + _uniforms(first.shape, stream) * (end - start), second)
    if limits is not None:
        new_first, new_second = np.clip(new_first, *limits), np.clip(new_second, *limits)
    return _joined(new_first, new_second, children)


def arithmetic(
    a: ArrayLike, b: ArrayLike, stream: RandomStream, *, pair_rate: float = 1.0, out: Floats | None = None
) -> Floats:
    """Arithmetic crossover: both children lie on the line between their parents, as far from one as from the other.

    The first child is ``a + w (b - a)``, the second ``b - w (b - a)``, with ``w`` drawn from [0, 1) for each pair.

    Returns:
        float64 of shape (2n, d), ``out`` if given.
    """
    first, second = parents(a, b)
    check_rate("pair_rate", pair_rate)
    children = array_checks.output(out, (2 * len(first), first.shape[1]))
    weight = _uniforms((len(first), 1), stream) * happens((len(first), 1), stream, pair_rate)
    step = weight * (second - first)
    low, high = np.minimum(first, second), np.maximum(first, second)  # a sum that is rounded can pass its end
    return _joined(np.clip(first + step, low, high), np.clip(second - step, low, high), children)


def polynomial(
    genomes: ArrayLike,
    stream: RandomStream,
    *,
    lower: ArrayLike,
    upper: ArrayLike,
    eta: float = 20.0,
    gene_rate: float = 0.1,
    integer: ArrayLike | None = None,
    out: Floats | None = None,
) -> Floats:
    """Polynomial mutation, cut off at the bounds as in Deb's NSGA-II code.

    Args:
        eta: Distribution index, 0 or more: the larger, the smaller the changes.
        integer: bool (d,), which genes are whole numbers: they are rounded, all of them, and kept within bounds.

    Returns:
        float64 of shape (n, d), ``out`` if given.
    """
    given = array_checks.float_array("genomes", genomes, 2)
    low, high, whole = needed_bounds("polynomial mutation", lower, upper, integer, given.shape[1])
    check_not_negative("eta", eta)
    check_rate("gene_rate", gene_rate)
    mutants = array_checks.output(out, given.shape)
    changed = happens(given.shape, stream, gene_rate) & (low < high)
    least, greatest = (np.broadcast_to(side, given.shape)[changed] for side in (low, high))
    drawn = stream.uniforms(len(least))
    downwards = drawn < 0.5
    gene = np.clip(given[changed], least, greatest)
    span = greatest - least
    beyond = np.where(downwards, greatest - gene, gene - least) / span
    tail = np.where(downwards, 2.0 * drawn, 2.0 * (1.0 - drawn))
    step = (tail + (1.0 - tail) * beyond ** (eta + 1.0)) ** (1.0 / (eta + 1.0)) - 1.0
    result = given.copy()
    result[changed] = gene + np.where(downwards, step, -step) * span
    return _settled(result, low, high, whole, mutants)


def gaussian(
    genomes: ArrayLike,
    stream: RandomStream,
    *,
    sigma: ArrayLike = 0.1,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    gene_rate: float = 0.1,
    integer: ArrayLike | None = None,
    reflect: bool = False,
    out: Floats | None = None,
) -> Floats:
    """Normal noise on genes.

    Args:
        sigma: Standard deviation, a number or one for each gene, (d,): a fraction of ``upper - lower``, or a distance
            where there are no bounds.
        integer: bool (d,), which genes are whole numbers: they are rounded, all of them, and kept within bounds.
        reflect: Whether what falls beyond a bound is thrown back by as much; else it is set to the bound. Noise of
            more than the whole range ends on a bound in either case.

    Returns:
        float64 of shape (n, d), ``out`` if given.
    """
    given = array_checks.float_array("genomes", genomes, 2)
    low, high, whole = bounds_and_integers(lower, upper, integer, given.shape[1])
    scale = deviations(sigma, given.shape[1], low, high)
    check_rate("gene_rate", gene_rate)
    mutants = array_checks.output(out, given.shape)
    changed = happens(given.shape, stream, gene_rate)
    result = given.copy()
    noise = stream.normals(int(changed.sum())) * np.broadcast_to(scale, given.shape)[changed]
    result[changed] += noise
    if reflect and low is not None and high is not None:
        result = np.where(changed & (result < low), 2.0 * low - result, result)
        result = np.where(changed & (result > high), 2.0 * high - result, result)
    return _settled(result, low, high, whole, mutants)


def random_genomes(
    n: int,
    stream: RandomStream,
    *,
    lower: ArrayLike,
    upper: ArrayLike,
    integer: ArrayLike | None = None,
    out: Floats | None = None,
) -> Floats:
    """``n`` genomes drawn evenly from within the bounds; of a whole number, each one is equally likely.

    Args:
        integer: bool (d,), which genes are whole numbers.

    Returns:
        float64 of shape (n, d), ``out`` if given.
    """
    array_checks.check_count(n)
    genes = len(array_checks.float_array("lower", lower, 1))
    low, high, whole = needed_bounds("a random genome", lower, upper, integer, genes)
    made = array_checks.output(out, (n, genes))
    drawn = _uniforms((n, genes), stream)
    if whole is None:
        np.minimum(low + drawn * (high - low), high, out=made)
    else:
        values = low + drawn * np.where(whole, high - low + 1.0, high - low)
        np.minimum(np.where(whole, np.floor(values), values), high, out=made)
    return made


def _uniforms(shape: tuple[int, ...], stream: RandomStream) -> Floats:
    return stream.uniforms(int(np.prod(shape))).reshape(shape)


def happens(shape: tuple[int, ...], stream: RandomStream, rate: float) -> NDArray[np.bool_]:
    """Independent events of probability ``rate``."""
    return _uniforms(shape, stream) < rate


def crossed_genes(
    shape: tuple[int, ...], stream: RandomStream, pair_rate: float, gene_rate: float
) -> NDArray[np.bool_]:
    """Which genes of which pairs take part, (n, d)."""
    return happens((shape[0], 1), stream, pair_rate) & happens(shape, stream, gene_rate)


def every_other_stretch(shape: tuple[int, ...], cuts: int, stream: RandomStream, pair_rate: float) -> NDArray[np.bool_]:
    """Which genes lie behind an odd number of ``cuts`` different points, (n, d); none of a pair that is not crossed."""
    n, genes = shape
    chosen = np.zeros(shape, np.bool_)
    if genes > 1:
        places = _uniforms((n, genes - 1), stream).argsort(axis=1, kind="stable")
        chosen[:, 1:] = np.cumsum(places < cuts, axis=1) % 2 == 1
    return chosen & happens((n, 1), stream, pair_rate)


def exchange(
    first: NDArray[Any], second: NDArray[Any], chosen: NDArray[np.bool_], children: NDArray[Any]
) -> NDArray[Any]:
    """Children of pairs that exchange the ``chosen`` genes, written to ``children``."""
    return _joined(np.where(chosen, second, first), np.where(chosen, first, second), children)


def _joined(first: NDArray[Any], second: NDArray[Any], children: NDArray[Any]) -> NDArray[Any]:
    children[: len(first)], children[len(first) :] = first, second
    return children


def _sbx_room(halves: Floats, eta: float) -> Floats:
    """Twice the share of the unbounded distribution that lies before a bound, ``halves`` half distances away."""
    return 2.0 - (1.0 + np.maximum(halves, 0.0)) ** -(eta + 1.0)


def _sbx_spread(room: Floats, drawn: Floats, eta: float) -> Floats:
    """How far from the middle a child lies, in half distances of the parents."""
    share = drawn * room
    return np.where(share <= 1.0, share, 1.0 / (2.0 - share)) ** (1.0 / (eta + 1.0))


def _settled(
    mutants: Floats, low: Floats | None, high: Floats | None, whole: NDArray[np.bool_] | None, out: Floats
) -> Floats:
    """Discrete genes rounded, and all within bounds, in ``out``."""
    if whole is not None:
        mutants = np.where(whole, np.rint(mutants), mutants)
    if low is not None and high is not None:
        mutants = np.clip(mutants, low, high)
    out[:] = mutants
    return out
