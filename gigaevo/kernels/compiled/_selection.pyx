# cython: boundscheck=False, wraparound=False, cdivision=True
"""Selection, compiled. ``selection_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY, log, sqrt
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport fits, new_array
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng, below, next_word, scaled, threshold
from gigaevo.kernels.compiled._selection cimport rank_pick, tournament_pick

import numpy as np

from gigaevo.kernels.checks import array_checks, selection_checks

cnp.import_array()

cdef double FLOOR = 1e-6


cdef struct Field:
    # Candidates among which is selected.
    const double* merits
    Py_ssize_t n


cdef struct Slot:
    # One column of an alias table: below ``limit`` (of 2^32) it is the column itself that is picked, else ``alias``.
    uint32_t limit
    uint32_t alias


def tournament(merits, Py_ssize_t count, Py_ssize_t size, RandomStream stream not None):
    """See ``selection_numpy.tournament``."""
    cdef Field field
    cdef Py_ssize_t pick
    pool, rows = checked_field(merits, count, &field)
    if size < 1:
        selection_checks.check_size(size)
    if size > 64:
        size = selection_checks.contested(size, field.n)
    picked = new_array(count, cnp.NPY_INT64)
    cdef int64_t* picks = <int64_t*>cnp.PyArray_DATA(picked)
    with nogil:
        for pick in range(count):
            picks[pick] = tournament_pick(field.merits, <uint32_t>field.n, size, &stream.rng)
    return picked if rows is None else rows[picked]


def roulette(merits, Py_ssize_t count, RandomStream stream not None, double floor=FLOOR):
    """See ``selection_numpy.roulette``."""
    cdef Field field
    pool, rows = checked_field(merits, count, &field)
    array_checks.check_not_negative("floor", floor)
    picked = new_array(count, cnp.NPY_INT64)
    cdef int64_t* picks = <int64_t*>cnp.PyArray_DATA(picked)
    cdef bint done
    if count:
        with nogil:
            done = spin(&field, count, floor, picks, &stream.rng)
        if not done:
            raise MemoryError
    return picked if rows is None else rows[picked]


def rank(merits, Py_ssize_t count, RandomStream stream not None):
    """See ``selection_numpy.rank``."""
    cdef Field field
    cdef Py_ssize_t pick
    pool, rows = checked_field(merits, count, &field)
    picked = new_array(count, cnp.NPY_INT64)
    cdef int64_t* picks = <int64_t*>cnp.PyArray_DATA(picked)
    with nogil:
        for pick in range(count):
            picks[pick] = rank_pick(field.merits, <uint32_t>field.n, &stream.rng)
    return picked if rows is None else rows[picked]


def uniform(merits, Py_ssize_t count, RandomStream stream not None):
    """See ``selection_numpy.uniform``."""
    cdef Field field
    cdef Py_ssize_t pick
    pool, rows = checked_field(merits, count, &field)
    picked = new_array(count, cnp.NPY_INT64)
    cdef int64_t* picks = <int64_t*>cnp.PyArray_DATA(picked)
    with nogil:
        for pick in range(count):
            picks[pick] = below(&stream.rng, <uint32_t>field.n)
    return picked if rows is None else rows[picked]


def epsilon_greedy(merits, Py_ssize_t count, double epsilon, RandomStream stream not None):
    """See ``selection_numpy.epsilon_greedy``."""
    cdef Field field
    cdef Py_ssize_t pick
    cdef uint64_t word
    pool, rows = checked_field(merits, count, &field)
    array_checks.check_rate("epsilon", epsilon)
    picked = new_array(count, cnp.NPY_INT64)
    cdef int64_t* picks = <int64_t*>cnp.PyArray_DATA(picked)
    cdef uint64_t explores = threshold(epsilon)
    cdef int64_t best = first_of_greatest(&field)
    with nogil:
        for pick in range(count):
            word = next_word(&stream.rng)
            picks[pick] = scaled(<uint32_t>word, <uint32_t>field.n) if (word >> 32) < explores else best
    return picked if rows is None else rows[picked]


def ucb1(merits, counts, Py_ssize_t total, Py_ssize_t count, double exploration=1.0):
    """See ``selection_numpy.ucb1``."""
    cdef Field field
    pool, rows = checked_field(merits, count, &field)
    counts = selection_checks.pick_counts(counts, len(merits))
    array_checks.check_not_negative("total", total)
    array_checks.check_not_negative("exploration", exploration)
    selected = counts.copy() if rows is None else counts[rows]
    rarity = 1.0 / np.sqrt(np.maximum(selected, 1))
    picked = new_array(count, cnp.NPY_INT64)
    cdef int64_t* picks = <int64_t*>cnp.PyArray_DATA(picked)
    cdef int64_t* times = <int64_t*>cnp.PyArray_DATA(<cnp.ndarray>selected)
    cdef double* rare = <double*>cnp.PyArray_DATA(<cnp.ndarray>rarity)
    with nogil:
        pull_arms(&field, times, rare, total, count, exploration, picks)
    return picked if rows is None else rows[picked]


cdef tuple checked_field(object merits, Py_ssize_t count, Field* field):
    """The merits among which is selected, to be kept alive, and their rows if they are not all."""
    if not fits(merits, cnp.NPY_FLOAT64, 1):
        merits = array_checks.float_array("merits", merits, 1)
    rows = None
    field.n = cnp.PyArray_DIM(<cnp.ndarray>merits, 0)
    if count <= 0 or field.n == 0 or field.n > array_checks.MAX_ROWS:
        selection_checks.check_picks(field.n, count)
    field.merits = <const double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    if not all_valid(field.merits, field.n):
        merits, rows = selection_checks.contestants(merits)
        field.n = cnp.PyArray_DIM(<cnp.ndarray>merits, 0)
        field.merits = <const double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    return merits, rows


cdef bint all_valid(const double* merits, Py_ssize_t n) noexcept nogil:
    cdef bint valid = True
    cdef Py_ssize_t row
    for row in range(n):
        valid &= merits[row] > -INFINITY
    return valid


cdef int64_t first_of_greatest(const Field* field) noexcept nogil:
    cdef int64_t best = 0
    cdef Py_ssize_t row
    for row in range(1, field.n):
        if field.merits[row] > field.merits[best]:
            best = row
    return best


cdef bint spin(const Field* field, Py_ssize_t count, double floor, int64_t* picks, Rng* rng) noexcept nogil:
    """Roulette by an alias table (Walker 1974, built as by Vose 1991); False if there is no memory for one."""
    cdef double* weights = <double*>malloc(field.n * sizeof(double))
    cdef Slot* table = <Slot*>malloc(field.n * sizeof(Slot))
    cdef Py_ssize_t pick
    cdef uint64_t word
    cdef uint32_t column, own
    cdef Slot slot
    cdef bint made = weights != NULL and table != NULL
    if made:
        fill_table(weights, table, field.n, weigh(field, floor, weights))
        for pick in range(count):
            word = next_word(rng)
            column = scaled(<uint32_t>(word >> 32), <uint32_t>field.n)
            slot = table[column]
            # Which of the two is picked cannot be predicted, so it is not a branch.
            own = 0 - <uint32_t>(<uint32_t>word < slot.limit)
            picks[pick] = slot.alias ^ ((slot.alias ^ column) & own)
    free(weights)
    free(table)
    return made


cdef double weigh(const Field* field, double floor, double* weights) noexcept nogil:
    """Weights as in ``selection_checks.shares``, and their sum."""
    cdef double least = field.merits[0], greatest = field.merits[0], scale, shift, total = 0.0
    cdef Py_ssize_t row
    for row in range(1, field.n):
        least, greatest = min(field.merits[row], least), max(field.merits[row], greatest)
    if greatest == INFINITY:
        for row in range(field.n):
            weights[row] = field.merits[row] == INFINITY
            total += weights[row]
        return total
    if not least < greatest:
        for row in range(field.n):
            weights[row] = 1.0
        return <double>field.n
    shift = 0.5 if greatest - least == INFINITY else 1.0  # of halves the difference does not overflow
    scale = shift * greatest - shift * least
    for row in range(field.n):
        weights[row] = (shift * field.merits[row] - shift * least) / scale + floor
        total += weights[row]
    return total


cdef void fill_table(double* weights, Slot* table, Py_ssize_t n, double total) noexcept nogil:
    """Fill columns up to one n-th of ``total`` each: a light one with what a heavy one has too much of.

    ``light`` and ``heavy`` go through the columns once; what a heavy one keeps may become light behind ``light``, and is
    then filled at once.
    """
    cdef double level = total / n, share
    cdef Py_ssize_t light = 0, heavy = 0, column
    for column in range(n):
        table[column].limit, table[column].alias = 0xFFFFFFFF, <uint32_t>column
    while light < n and weights[light] >= level:
        light += 1
    while heavy < n and weights[heavy] < level:
        heavy += 1
    column = light
    while light < n and heavy < n:
        share = weights[column] / level
        table[column].limit = <uint32_t>(share * 4294967295.0)
        table[column].alias = <uint32_t>heavy
        weights[heavy] -= level - weights[column]
        if weights[heavy] < level:
            column = heavy
            heavy += 1
            while heavy < n and weights[heavy] < level:
                heavy += 1
            if column < light:
                continue
        light += 1
        while light < n and weights[light] >= level:
            light += 1
        column = light


cdef void pull_arms(
    const Field* field,
    int64_t* times,
    double* rarity,
    int64_t total,
    Py_ssize_t count,
    double exploration,
    int64_t* picks,
) noexcept nogil:
    """Picks by UCB1; ``rarity`` is one by the root of how often each candidate was selected."""
    cdef Py_ssize_t pick
    cdef int64_t chosen = 0
    for pick in range(count):
        if chosen >= 0:  # once there is no fresh one left, there never will be
            chosen = fittest_of_fresh(field, times)
        picks[pick] = chosen
        if chosen < 0:
            picks[pick] = first_of_greatest_bound(field, rarity, exploration * sqrt(2.0 * log(<double>max(total, 1))))
        times[picks[pick]] += 1
        rarity[picks[pick]] = 1.0 / sqrt(<double>times[picks[pick]])
        total += 1


cdef int64_t fittest_of_fresh(const Field* field, const int64_t* times) noexcept nogil:
    """The best of the candidates that were never selected, -1 if there is none left."""
    cdef int64_t best = -1
    cdef Py_ssize_t row
    for row in range(field.n):
        if times[row] == 0 and (best < 0 or field.merits[row] > field.merits[best]):
            best = row
    return best


cdef int64_t first_of_greatest_bound(const Field* field, const double* rarity, double width) noexcept nogil:
    cdef int64_t best = 0
    cdef double bound, greatest = field.merits[0] + width * rarity[0]
    cdef Py_ssize_t row
    for row in range(1, field.n):
        bound = field.merits[row] + width * rarity[row]
        if bound > greatest:
            best, greatest = row, bound
    return best
