# cython: boundscheck=False, wraparound=False, cdivision=True
"""Pareto kernels, compiled. ``pareto_numpy`` documents them and is their twin."""

from libc.math cimport INFINITY, isfinite
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc

cimport numpy as cnp

from gigaevo.kernels.compiled._argsort cimport Item, sort_best_first
from gigaevo.kernels.compiled._boundary cimport are_below, fits, new_array
from gigaevo.kernels.compiled._fronts cimport (
    FrontBits,
    Order,
    Staircase,
    ranks_of_many,
    ranks_of_one,
    ranks_of_three,
    ranks_of_two,
    same_row,
    sort_rows,
    words_for_many,
)
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng, below

import numpy as np

from gigaevo.kernels.checks import array_checks, pareto_checks

cnp.import_array()


cdef struct Lane:
    # A front while its rows are met in the order of one objective.
    int64_t last  # row met last
    int64_t met
    double best  # value of the first
    double before  # value of the last but one
    double value  # value of the last


cdef union PerFront:
    # What is known of a front: while its rows are found, and afterwards.
    Staircase stairs
    FrontBits bits
    Lane lane


cdef struct Workspace:
    # All of it is one block: several, given back one by one, would go to the system and come back page by page.
    Order order
    int32_t* place_of  # n
    double* floats  # 2 n + 32
    void* fronts  # n of Staircase, FrontBits or Lane
    Lane* lanes  # the same
    uint64_t* bits  # what ranks_of_many needs
    void* block


cdef bint make_workspace(Workspace* work, Py_ssize_t n, Py_ssize_t m, bint by_objective) noexcept nogil:
    """Room for n rows of m objectives; False if there is no memory."""
    cdef Py_ssize_t words = words_for_many(n) if m > 3 else 0
    cdef Py_ssize_t numbers = 4 * n + 1 + (m * n if by_objective else 0)
    work.block = malloc(
        n * (2 * sizeof(Item) + sizeof(PerFront) + 2 * sizeof(double))
        + 32 * sizeof(double)
        + words * sizeof(uint64_t)
        + numbers * sizeof(int32_t)
        + (m * n if by_objective else 0)
    )
    if work.block == NULL:
        return False
    work.order.items = <Item*>work.block
    work.order.spare = work.order.items + n
    work.fronts = work.order.spare + n
    work.lanes = <Lane*>work.fronts
    work.floats = <double*>(<PerFront*>work.fronts + n)
    work.bits = <uint64_t*>(work.floats + 2 * n + 32)
    work.order.buckets = <int32_t*>(work.bits + words)
    work.order.lexicographic = work.order.buckets + (2 * n + 1)
    work.place_of = work.order.lexicographic + n
    work.order.by_objective = work.place_of + n if by_objective else NULL
    work.order.tied = <uint8_t*>(work.place_of + n + m * n) if by_objective else NULL
    return True


cdef bint has_nan(const double* numbers, Py_ssize_t n) noexcept nogil:
    cdef bint found = False
    cdef Py_ssize_t item
    for item in range(n):
        found |= numbers[item] != numbers[item]
    return found


cdef Py_ssize_t rank_rows(
    const double* objectives, Py_ssize_t n, Py_ssize_t m, Workspace* work, int64_t* ranks
) noexcept nogil:
    """The front of each row; returns the number of fronts, -1 if there is no memory."""
    sort_rows(objectives, n, m, &work.order)
    if m == 1:
        return ranks_of_one(objectives, n, work.order.lexicographic, ranks)
    if m == 2:
        return ranks_of_two(objectives, n, work.order.lexicographic, work.floats, ranks)
    if m == 3:
        return ranks_of_three(objectives, n, work.order.lexicographic, <Staircase*>work.fronts, ranks)
    return ranks_of_many(
        objectives, n, m, &work.order, work.place_of, work.order.buckets, <FrontBits*>work.fronts, work.bits, ranks
    )


cdef void add_gaps(
    const double* values,
    Py_ssize_t n,
    Py_ssize_t m,
    const int32_t* order,
    const int64_t* ranks,
    Py_ssize_t fronts,
    Workspace* work,
    double* crowding,
) noexcept nogil:
    """Add what one objective says, whose values lie ``m`` apart; ``order`` has each front's rows best first."""
    cdef Py_ssize_t place, row
    cdef double value, width
    cdef double* gaps = work.floats
    cdef Lane* lane
    for place in range(fronts):
        work.lanes[place].met = 0
    for place in range(n):
        row = order[place]
        value = values[row * m]
        lane = &work.lanes[ranks[row]]
        if lane.met == 0:
            lane.best = value
            gaps[row] = INFINITY
        elif lane.met > 1:
            gaps[lane.last] = lane.before - value
        lane.before = lane.value
        lane.value = value
        lane.last = row
        lane.met += 1
    for place in range(fronts):
        gaps[work.lanes[place].last] = INFINITY
    for row in range(n):
        lane = &work.lanes[ranks[row]]
        width = lane.best - lane.value
        if width > 0.0 and isfinite(width):
            crowding[row] += gaps[row] / width


cdef void order_by_second(const double* objectives, Py_ssize_t n, Order* order, int32_t* by_second) noexcept nogil:
    """Each front's rows by the second of two objectives: the lexicographic order backwards, equal rows forwards."""
    cdef Py_ssize_t end = n, begin, place, filled = 0
    while end > 0:
        begin = end - 1
        while begin > 0 and same_row(objectives, 2, order.lexicographic[begin - 1], order.lexicographic[end - 1]):
            begin -= 1
        for place in range(begin, end):
            by_second[filled] = order.lexicographic[place]
            filled += 1
        end = begin


cdef void crowd_rows(
    const double* objectives,
    Py_ssize_t n,
    Py_ssize_t m,
    const int64_t* ranks,
    Py_ssize_t fronts,
    Workspace* work,
    double* crowding,
) noexcept nogil:
    """The crowding distance of each row in its front, from the orders that ranking has left."""
    cdef Py_ssize_t axis, row
    for row in range(n):
        crowding[row] = 0.0
    if work.order.by_objective != NULL:
        for axis in range(m):
            add_gaps(objectives + axis, n, m, work.order.by_objective + axis * n, ranks, fronts, work, crowding)
    else:
        add_gaps(objectives, n, m, work.order.lexicographic, ranks, fronts, work, crowding)
        if m == 2:
            order_by_second(objectives, n, &work.order, work.place_of)
            add_gaps(objectives + 1, n, m, work.place_of, ranks, fronts, work, crowding)
    for row in range(n):
        crowding[row] = crowding[row] / m if work.lanes[ranks[row]].met > 2 else INFINITY


cdef object checked_objectives(object given):
    if not fits(given, cnp.NPY_FLOAT64, 2):
        given = array_checks.float_array("objectives", given, 2)
    if cnp.PyArray_DIM(<cnp.ndarray>given, 1) == 0 or cnp.PyArray_DIM(<cnp.ndarray>given, 0) > 0x7FFFFFF0:
        pareto_checks.check_objectives(given)
    return given


cdef tuple ranked(object objectives, bint crowded):
    """Ranks and, if wanted, crowding of checked objectives."""
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>objectives, 0)
    cdef Py_ssize_t m = cnp.PyArray_DIM(<cnp.ndarray>objectives, 1)
    cdef const double* numbers = <const double*>cnp.PyArray_DATA(<cnp.ndarray>objectives)
    cdef cnp.ndarray ranks, crowding = None
    cdef int64_t* rank_data
    cdef double* crowding_data = NULL
    cdef Py_ssize_t fronts = -1
    cdef Workspace work
    if has_nan(numbers, n * m):
        return ranked_where_valid(objectives, crowded)
    ranks = new_array(n, cnp.NPY_INT64)
    rank_data = <int64_t*>cnp.PyArray_DATA(ranks)
    if crowded:
        crowding = new_array(n, cnp.NPY_FLOAT64)
        crowding_data = <double*>cnp.PyArray_DATA(crowding)
    with nogil:
        if make_workspace(&work, n, m, m > 3 or (m == 3 and crowded)):
            fronts = rank_rows(numbers, n, m, &work, rank_data)
            if crowding_data != NULL and fronts >= 0:
                crowd_rows(numbers, n, m, rank_data, fronts, &work, crowding_data)
        free(work.block)
    if fronts < 0:
        raise MemoryError(f"no memory for the fronts of {n} rows of {m} objectives")
    return ranks, crowding


cdef tuple ranked_where_valid(object objectives, bint crowded):
    """The same where some rows hold a NaN: they make up a last front, without crowding."""
    valid = ~np.isnan(objectives).any(axis=1)
    some_ranks, some_crowding = ranked(objectives[valid], crowded)
    ranks = np.full(len(objectives), some_ranks.max() + 1 if len(some_ranks) else 0)
    ranks[valid] = some_ranks
    if not crowded:
        return ranks, None
    crowding = np.zeros(len(objectives))
    crowding[valid] = some_crowding
    return ranks, crowding


def non_dominated_ranks(objectives):
    """See ``pareto_numpy.non_dominated_ranks``."""
    return ranked(checked_objectives(objectives), False)[0]


def ranks_and_crowding(objectives):
    """See ``pareto_numpy.ranks_and_crowding``."""
    return ranked(checked_objectives(objectives), True)


def crowding(objectives, front):
    """See ``pareto_numpy.crowding``."""
    objectives = checked_objectives(objectives)
    if not fits(front, cnp.NPY_INT64, 1):
        front = array_checks.int_array("front", front, 1)
    cdef Py_ssize_t rows = cnp.PyArray_DIM(<cnp.ndarray>objectives, 0)
    if not are_below(
        <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>front), cnp.PyArray_DIM(<cnp.ndarray>front, 0), rows
    ):
        array_checks.check_below("front", front, rows)
    return crowding_of_all(objectives[front])


cdef cnp.ndarray crowding_of_all(object objectives):
    """The crowding of rows that are one front."""
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>objectives, 0)
    cdef Py_ssize_t m = cnp.PyArray_DIM(<cnp.ndarray>objectives, 1)
    cdef const double* numbers = <const double*>cnp.PyArray_DATA(<cnp.ndarray>objectives)
    cdef cnp.ndarray ranks, crowding
    cdef bint made
    cdef Workspace work
    if has_nan(numbers, n * m):
        valid = ~np.isnan(objectives).any(axis=1)
        crowding = np.zeros(n)
        crowding[valid] = crowding_of_all(objectives[valid])
        return crowding
    ranks = np.zeros(n, np.int64)
    crowding = new_array(n, cnp.NPY_FLOAT64)
    if n == 0:
        return crowding
    with nogil:
        made = make_workspace(&work, n, m, True)
        if made:
            sort_rows(numbers, n, m, &work.order)
            crowd_rows(
                numbers, n, m, <int64_t*>cnp.PyArray_DATA(ranks), 1, &work, <double*>cnp.PyArray_DATA(crowding)
            )
        free(work.block)
    if not made:
        raise MemoryError(f"no memory for the crowding of {n} rows of {m} objectives")
    return crowding


def survivors(objectives, n):
    """See ``pareto_numpy.survivors``."""
    objectives = checked_objectives(objectives)
    cdef Py_ssize_t rows = cnp.PyArray_DIM(<cnp.ndarray>objectives, 0)
    cdef Py_ssize_t wanted = pareto_checks.survivor_count(n, rows)
    ranks, crowding = ranked(objectives, True)
    kept = new_array(wanted, cnp.NPY_INT64)
    kept_ranks = new_array(wanted, cnp.NPY_INT64)
    kept_crowding = new_array(wanted, cnp.NPY_FLOAT64)
    cdef const int64_t* rank_data = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>ranks)
    cdef const double* crowding_data = <const double*>cnp.PyArray_DATA(<cnp.ndarray>crowding)
    cdef int64_t* kept_data = <int64_t*>cnp.PyArray_DATA(kept)
    cdef int64_t* kept_rank_data = <int64_t*>cnp.PyArray_DATA(kept_ranks)
    cdef double* kept_crowding_data = <double*>cnp.PyArray_DATA(kept_crowding)
    cdef Py_ssize_t place
    cdef bint made
    with nogil:
        made = choose_survivors(rank_data, crowding_data, rows, wanted, kept_data)
        if made:
            for place in range(wanted):
                kept_rank_data[place] = rank_data[kept_data[place]]
                kept_crowding_data[place] = crowding_data[kept_data[place]]
    if not made:
        raise MemoryError(f"no memory for {rows} rows")
    return kept, kept_ranks, kept_crowding


cdef bint choose_survivors(
    const int64_t* ranks, const double* crowding, Py_ssize_t rows, Py_ssize_t wanted, int64_t* kept
) noexcept nogil:
    """Write the rows that survive, ascending; False if there is no memory."""
    cdef Py_ssize_t row, front = 0, left = wanted, filled = 0, chosen = 0
    cdef Workspace work
    cdef int32_t* sizes
    cdef int32_t* lives
    if not make_workspace(&work, rows, 1, False):
        return False
    sizes = work.place_of
    for row in range(rows):
        sizes[row] = 0
    for row in range(rows):
        sizes[ranks[row]] += 1
    while left > 0 and sizes[front] <= left:
        left -= sizes[front]
        front += 1
    # Of the front that does not fit whole the rows of infinite distance come first, then those of the largest.
    for row in range(rows):
        if ranks[row] == front and crowding[row] == INFINITY:
            work.order.items[chosen].row = row
            chosen += 1
    if chosen < left:
        for row in range(rows):
            if ranks[row] == front and crowding[row] != INFINITY:
                work.order.items[chosen + filled].value = crowding[row]
                work.order.items[chosen + filled].row = row
                filled += 1
        sort_best_first(work.order.items + chosen, work.order.spare, work.order.buckets, filled)
    lives = work.order.lexicographic
    for row in range(rows):
        lives[row] = ranks[row] < front
    for row in range(left):
        lives[work.order.items[row].row] = 1
    filled = 0
    for row in range(rows):
        if lives[row] and filled < wanted:
            kept[filled] = row
            filled += 1
    free(work.block)
    return True


def crowded_tournament(ranks, crowding, count, RandomStream stream not None):
    """See ``pareto_numpy.crowded_tournament``."""
    if not fits(ranks, cnp.NPY_INT64, 1):
        ranks = array_checks.int_array("ranks", ranks, 1)
    if not fits(crowding, cnp.NPY_FLOAT64, 1):
        crowding = array_checks.float_array("crowding", crowding, 1)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>ranks, 0)
    cdef Py_ssize_t wanted = pareto_checks.tournament_count(count, ranks, crowding)
    winners = new_array(wanted, cnp.NPY_INT64)
    cdef bint made
    with nogil:
        made = hold_tournaments(
            <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>ranks),
            <const double*>cnp.PyArray_DATA(<cnp.ndarray>crowding),
            n,
            wanted,
            &stream.rng,
            <int64_t*>cnp.PyArray_DATA(winners),
        )
    if not made:
        raise MemoryError(f"no memory for {n} contestants")
    return winners


cdef bint hold_tournaments(
    const int64_t* ranks, const double* crowding, Py_ssize_t n, Py_ssize_t wanted, Rng* rng, int64_t* winners
) noexcept nogil:
    """Fill ``winners``; contestants are drawn without replacement until all were; False if there is no memory."""
    cdef Py_ssize_t item, drawn = 0
    cdef int32_t a = 0, b = 0
    cdef int32_t* deck = <int32_t*>malloc((n + 1) * sizeof(int32_t))
    if deck == NULL:
        return False
    for item in range(n):
        deck[item] = <int32_t>item
    for item in range(wanted):
        a = draw(deck, n, &drawn, rng)
        b = draw(deck, n, &drawn, rng)
        if ranks[b] < ranks[a] or (ranks[b] == ranks[a] and crowding[b] > crowding[a]):
            a = b
        winners[item] = a
    free(deck)
    return True


cdef inline int32_t draw(int32_t* deck, Py_ssize_t n, Py_ssize_t* drawn, Rng* rng) noexcept nogil:
    """The next of a deck that is shuffled while it is dealt, and again when all are dealt."""
    cdef Py_ssize_t other
    cdef int32_t card
    if drawn[0] == n:
        drawn[0] = 0
    other = drawn[0] + below(rng, <unsigned int>(n - drawn[0]))
    card = deck[other]
    deck[other] = deck[drawn[0]]
    deck[drawn[0]] = card
    drawn[0] += 1
    return card
