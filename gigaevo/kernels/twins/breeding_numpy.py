"""Whole generations of a genetic algorithm, in numpy: the twin of ``_breeding``.

A population is an array of ``codes``, one row for each candidate, with ``merits``, float64: larger is better, minus
infinity is invalid, no NaN. Breeding selects by tournaments, crosses, mutates and returns children, of which the
``i``-th and the ``i + p``-th are of pair ``i`` of ``p``. Survival changes a population in place.

With ``distinct``, children that are like a candidate of the population or an earlier child are bred anew, up to
``ROUNDS`` times; what is like another one then, stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gigaevo.kernels.advances import Advance
from gigaevo.kernels.checks import breeding_checks as checks
from gigaevo.kernels.checks.array_checks import check_not_negative, check_rate
from gigaevo.kernels.codes import PLUS, ROUNDS
from gigaevo.kernels.twins import functions_numpy, genetic_numpy, selection_numpy, variation_numpy

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.twins.random_numpy import RandomStream

    Codes: TypeAlias = NDArray[Any]
    Merits: TypeAlias = NDArray[np.float64]


def breed_bits(
    codes: NDArray[np.uint8],
    merits: Merits,
    count: int,
    stream: RandomStream,
    *,
    size: int = 3,
    cuts: int = 0,
    pair_rate: float = 0.9,
    gene_rate: float = 0.5,
    flip_rate: float = 0.01,
    distinct: bool = False,
) -> NDArray[np.uint8]:
    """Children of bits.

    Args:
        codes: uint8 of 0 and 1, shape (n, d).
        count: How many.
        size: Candidates of a tournament.
        cuts: Points of crossover, 0 for the uniform one.
        pair_rate: Probability of a pair to be crossed.
        gene_rate: Of each gene to be exchanged by the uniform crossover.
        flip_rate: Of each gene to be flipped.
        distinct: See above.

    Returns:
        uint8 of shape (count, d).

    Raises:
        ValueError: An argument does not fit its description.
    """
    checks.check_population(codes, merits, np.uint8)
    checks.check_breeding(count, size, cuts)
    for name, rate in (("pair_rate", pair_rate), ("gene_rate", gene_rate), ("flip_rate", flip_rate)):
        check_rate(name, rate)

    def bred(wanted: int) -> Codes:
        first, second = _parents(codes, merits, wanted, size, stream)
        if cuts:
            children = genetic_numpy.points(first, second, stream, cuts=cuts, pair_rate=pair_rate)
        else:
            children = genetic_numpy.uniform(first, second, stream, pair_rate=pair_rate, gene_rate=gene_rate)
        return genetic_numpy.flip(children[:wanted], stream, gene_rate=flip_rate)

    return _bred_apart(bred, codes, count, distinct)


def breed_reals(
    codes: Merits,
    merits: Merits,
    count: int,
    stream: RandomStream,
    *,
    lower: ArrayLike,
    upper: ArrayLike,
    integer: ArrayLike | None = None,
    size: int = 3,
    eta: float = 15.0,
    pair_rate: float = 0.9,
    gene_rate: float = 0.5,
    exchange_rate: float = 0.5,
    mutation_eta: float = 20.0,
    mutation_rate: float = 0.1,
    distinct: bool = False,
) -> Merits:
    """Children of numbers, by SBX and polynomial mutation (``variation_numpy``).

    Args:
        codes: float64 within the bounds, shape (n, d).
        count: How many.
        lower: Least value of each gene, shape (d,).
        upper: Greatest value of each gene.
        integer: Which genes are whole numbers, bool of shape (d,).
        size: Candidates of a tournament.
        eta: Distribution index of the crossover.
        pair_rate: Probability of a pair to be crossed.
        gene_rate: Of each of its genes to take part.
        exchange_rate: Of the values of a gene to change sides.
        mutation_eta: Distribution index of the mutation.
        mutation_rate: Probability of each gene to be mutated.
        distinct: See above.

    Returns:
        float64 of shape (count, d).

    Raises:
        ValueError: An argument does not fit its description.
    """
    checks.check_population(codes, merits, np.float64)
    checks.check_breeding(count, size)
    check_not_negative("mutation_eta", mutation_eta)
    check_rate("mutation_rate", mutation_rate)

    def bred(wanted: int) -> Codes:
        first, second = _parents(codes, merits, wanted, size, stream)
        children = variation_numpy.sbx(
            first,
            second,
            stream,
            lower=lower,
            upper=upper,
            eta=eta,
            pair_rate=pair_rate,
            gene_rate=gene_rate,
            exchange_rate=exchange_rate,
        )
        return variation_numpy.polynomial(
            children[:wanted],
            stream,
            lower=lower,
            upper=upper,
            integer=integer,
            eta=mutation_eta,
            gene_rate=mutation_rate,
        )

    return _bred_apart(bred, codes, count, distinct)


def repeated(children: Codes, codes: Codes) -> NDArray[np.bool_]:
    """Which children are like a row of ``codes`` or like a child before them, bit by bit; bool of shape (count,).

    Raises:
        ValueError: They are not of the same type and number of genes.
    """
    checks.check_children(codes, children, np.empty(np.shape(children)[:1]))
    known = {row.tobytes() for row in codes}
    repeats = np.zeros(len(children), np.bool_)
    for row, child in enumerate(children):
        repeats[row] = child.tobytes() in known
        known.add(child.tobytes())
    return repeats


def compete(codes: Codes, merits: Merits, children: Codes, child_merits: Merits) -> None:
    """The best n of population and children are the new population; of equal merits, the children and the lower rows.

    Who was there before keeps its row; children take the rows that become free, in their order.

    Args:
        codes: Of the population, shape (n, d); changed in place.
        merits: Its merits; changed in place.
        children: Of the same type, shape (count, d).
        child_merits: Their merits.

    Raises:
        ValueError: An argument does not fit its description.
    """
    checks.check_population(codes, merits)
    checks.check_changeable(codes, merits)
    checks.check_children(codes, children, child_merits)
    checks.check_ordered(merits, child_merits)
    checks.check_apart(codes, merits, children, child_merits)
    count = len(children)
    order = np.lexsort((np.arange(count + len(codes)), -np.concatenate([child_merits, merits])))[: len(codes)]
    accepted = np.sort(order[order < count])
    free = np.setdiff1d(np.arange(len(codes)), order[order >= count] - count)
    codes[free], merits[free] = children[accepted], child_merits[accepted]


def succeed(codes: Codes, merits: Merits, children: Codes, child_merits: Merits, elites: int = 0) -> None:
    """Children take the place of all but the best ``elites``, which move to the first rows; of equals the lower row.

    Args:
        codes: Of the population, shape (n, d); changed in place.
        merits: Its merits; changed in place.
        children: Of the same type, shape (n - elites, d).
        child_merits: Their merits.
        elites: 0 to n - 1.

    Raises:
        ValueError: An argument does not fit its description.
    """
    checks.check_population(codes, merits)
    checks.check_changeable(codes, merits)
    checks.check_elites(elites, len(codes))
    checks.check_children(codes, children, child_merits, len(codes) - elites)
    checks.check_ordered(merits, child_merits)
    checks.check_apart(codes, merits, children, child_merits)
    best = np.sort(np.argsort(-merits, kind="stable")[:elites])
    codes[:elites], merits[:elites] = codes[best], merits[best]
    codes[elites:], merits[elites:] = children, child_merits


def advance_bits(
    codes: NDArray[np.uint8],
    merits: Merits,
    stream: RandomStream,
    *,
    function: int,
    order: int,
    generations: int,
    elites: int,
    best: float,
    target: float,
    **breeding: Any,
) -> tuple[Advance, Codes | None]:
    """Generations on a native function of bits: ``breed_bits``, its values, ``compete`` or ``succeed``.

    Args:
        codes: Changed in place, as are ``merits``.
        function: Place in ``functions_checks.BITS``.
        order: Bits of its traps, 1 to 64 and a divisor of d; 1 for functions that have none.
        generations: How many, 1 or more.
        elites: As of ``succeed``, or ``PLUS``.
        best: Merit to be improved on.
        target: Merit at which to end.
        **breeding: Arguments of ``breed_bits``.

    Returns:
        What was done, and the codes of the best child, shape (d,); None if none was better.

    Raises:
        ValueError: An argument does not fit its description.
    """
    checks.check_population(codes, merits, np.uint8)
    checks.check_order(order, codes.shape[1])
    return _advance(
        codes,
        merits,
        lambda count: breed_bits(codes, merits, count, stream, **breeding),
        lambda children: functions_numpy.evaluate_bits(function, children, order),
        generations,
        elites,
        best,
        target,
    )


def advance_reals(
    codes: Merits,
    merits: Merits,
    stream: RandomStream,
    *,
    function: int,
    generations: int,
    elites: int,
    best: float,
    target: float,
    **breeding: Any,
) -> tuple[Advance, Codes | None]:
    """Generations on a native function of numbers, which is minimised; as ``advance_bits``, with ``breed_reals``.

    Args:
        function: Place in ``functions_checks.REAL``.
    """
    return _advance(
        codes,
        merits,
        lambda count: breed_reals(codes, merits, count, stream, **breeding),
        lambda children: -functions_numpy.evaluate(function, children),
        generations,
        elites,
        best,
        target,
    )


def _advance(
    codes: Codes,
    merits: Merits,
    breed: Callable[[int], Codes],
    merits_of: Callable[[Codes], Merits],
    generations: int,
    elites: int,
    best: float,
    target: float,
) -> tuple[Advance, Codes | None]:
    checks.check_changeable(codes, merits)
    if elites != PLUS:
        checks.check_elites(elites, len(codes))
    brought, found, invalid, made = 0, None, 0, 0
    while made < generations and not (made and best >= target):
        children = breed(len(codes) - max(elites, 0))
        child_merits = merits_of(children)
        invalid += functions_numpy.drop_invalid(child_merits)
        made += 1
        row = int(child_merits.argmax())
        if child_merits[row] > best:
            brought, best, found = made, float(child_merits[row]), children[row].copy()
        if elites == PLUS:
            compete(codes, merits, children, child_merits)
        else:
            succeed(codes, merits, children, child_merits, elites)
    return Advance(made, invalid, best, brought), found


def _parents(codes: Codes, merits: Merits, count: int, size: int, stream: RandomStream) -> tuple[Codes, Codes]:
    pairs = (count + 1) // 2
    picked = selection_numpy.tournament(merits, 2 * pairs, size, stream)
    return codes[picked[:pairs]], codes[picked[pairs:]]


def _bred_apart(bred: Callable[[int], Codes], codes: Codes, count: int, distinct: bool) -> Codes:
    children = bred(count)
    for _ in range(ROUNDS if distinct and count else 0):
        rows = np.flatnonzero(repeated(children, codes))
        if not len(rows):
            break
        children[rows] = bred(len(rows))
    return children
