# cython: boundscheck=False, wraparound=False, cdivision=True
"""Populations that grow by offspring and are cut by selection, compiled. ``strategy_numpy`` documents the functions.

Each step is a nogil function over one ``Herd`` (``_herd.pxd``, ``_offspring.pxd``); the functions of Python check their
arguments and call one of them, those of ``_strategy_loops`` call all of them, generation after generation.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport are_below, fits
from gigaevo.kernels.compiled._herd cimport (
    BY_LAW,
    FLIP,
    GENES,
    NOTHING,
    POINTS,
    QUEENS,
    REJUVENATION,
    STEP,
    SWAP,
    Cross,
    Herd,
    Mutation,
    Scoring,
    elite_selection,
    let_aged_die,
    share,
    tournament_selection,
)
from gigaevo.kernels.compiled._offspring cimport are_boards, crossover, mutate, score
from gigaevo.kernels.compiled._random cimport RandomStream

import numpy as np

from gigaevo.kernels.checks import strategy_checks as checks

cnp.import_array()


# The boundary


cdef int open_herd(Herd* herd, object pool, object size, int64_t extra) except -1:
    """Look at the arrays of ``pool``, and take room for its population or ``extra`` entries; free it with free()."""
    cdef bint sound
    genes, merits, ages, order = pool
    sound = (
        (fits(genes, cnp.NPY_UINT64, 2) or fits(genes, cnp.NPY_FLOAT64, 2))
        and fits(merits, cnp.NPY_FLOAT64, 1)
        and fits(ages, cnp.NPY_INT64, 1)
        and fits(order, cnp.NPY_INT64, 1)
        and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>genes)
        and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>merits)
        and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>ages)
        and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>order)
    )
    if sound:
        herd.capacity, herd.width = cnp.PyArray_DIM(<cnp.ndarray>genes, 0), cnp.PyArray_DIM(<cnp.ndarray>genes, 1)
        herd.order = <int64_t*>cnp.PyArray_DATA(<cnp.ndarray>order)
        herd.ages = <int64_t*>cnp.PyArray_DATA(<cnp.ndarray>ages)
        herd.size = size
        sound = (
            cnp.PyArray_DIM(<cnp.ndarray>merits, 0) == herd.capacity
            and cnp.PyArray_DIM(<cnp.ndarray>ages, 0) == herd.capacity
            and cnp.PyArray_DIM(<cnp.ndarray>order, 0) == herd.capacity
            and 0 <= herd.size <= herd.capacity
            and (herd.ages + herd.capacity <= herd.order or herd.order + herd.capacity <= herd.ages)
            and are_below(herd.order, herd.capacity, herd.capacity)
        )
    if not sound:
        checks.check_pool(pool, size)
        raise ValueError("the arrays of a pool must be writable")
    herd.genes = <uint64_t*>cnp.PyArray_DATA(<cnp.ndarray>genes)
    herd.merits = <double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    herd.bits = cnp.PyArray_TYPE(<cnp.ndarray>genes) == cnp.NPY_UINT64
    herd.room = max(herd.capacity, herd.width, extra) + 2
    herd.scratch = malloc(6 * herd.room * sizeof(int64_t))
    if herd.scratch == NULL:
        raise MemoryError
    herd.keys = <double*>herd.scratch
    herd.spare_keys = herd.keys + herd.room
    herd.ranked = <int64_t*>(herd.spare_keys + herd.room)
    herd.spare = herd.ranked + herd.room
    herd.counts = herd.spare + herd.room
    return 0


cdef int read_crossing(Cross* cross, object pool, object crossing) except -1:
    # The common case is told by a few comparisons in C; the checks of Python find out what is wrong with the others.
    cdef int64_t there
    exchange, cross.selection_rate, cross.crossover_rate, number, allow_duplicates, cuts, genes_size = crossing
    cross.exchange, cross.number = exchange, number
    cross.allow_duplicates, cross.genes_size = allow_duplicates, genes_size
    if not fits(cuts, cnp.NPY_INT64, 1):
        checks.check_crossing(pool, crossing)
    cross.cuts = integers_of(cuts)
    cross.cut_count = cnp.PyArray_DIM(<cnp.ndarray>cuts, 0)
    there = cross.genes_size if cross.exchange == GENES else cross.cut_count
    if not (
        NOTHING <= cross.exchange <= REJUVENATION
        and 0.0 <= cross.selection_rate <= 1.0
        and 0.0 <= cross.crossover_rate <= 1.0
        and holds(pool.genes, cross.genes_size)
        and are_below(cross.cuts, cross.cut_count, cross.genes_size)
        and (cross.exchange not in (GENES, POINTS) or 1 <= cross.number <= there)
    ):
        checks.check_crossing(pool, crossing)
    return 0


cdef bint holds(object genes, int64_t genes_size) noexcept:
    """Whether rows of ``genes`` hold just ``genes_size`` genes."""
    if fits(genes, cnp.NPY_UINT64, 2):
        return genes_size >= 1 and (genes_size + 63) // 64 == cnp.PyArray_DIM(<cnp.ndarray>genes, 1)
    return genes_size >= 1 and fits(genes, cnp.NPY_FLOAT64, 2) and genes_size == cnp.PyArray_DIM(<cnp.ndarray>genes, 1)


cdef int read_mutation(
    Mutation* mutation, object pool, size, first, probability, least, most, mutable, genes_size
) except -1:
    # The common case is told by a few comparisons in C; the checks of Python find out what is wrong with the others.
    cdef int64_t begin = first, end = size, fewest = least, largest = most, genes = genes_size
    mutation.probability = probability
    mutation.least, mutation.most = fewest, largest
    if not (
        fits(mutable, cnp.NPY_INT64, 1)
        and holds(pool.genes, genes)
        and 0.0 <= mutation.probability <= 1.0
        and 1 <= fewest <= largest < 2**31
        and 0 <= begin <= end
        and are_below(integers_of(mutable), cnp.PyArray_DIM(<cnp.ndarray>mutable, 0), genes)
    ):
        checks.check_mutation(pool, size, first, probability, least, most, mutable, genes_size)
    mutation.mutable = integers_of(mutable)
    mutation.mutable_count = cnp.PyArray_DIM(<cnp.ndarray>mutable, 0)
    return 0


cdef inline bint is_vector(object given, int dtype, int64_t n) noexcept:
    return fits(given, dtype, 1) and cnp.PyArray_DIM(<cnp.ndarray>given, 0) == n


cdef inline bint are_sets(const int64_t* starts, const int64_t* stops, int64_t n) noexcept nogil:
    """Whether each gene lies in its set, and all sets among the genes."""
    cdef bint fit = True
    cdef int64_t gene
    for gene in range(n):
        fit &= 0 <= starts[gene] <= gene < stops[gene] <= n
    return fit


cdef inline const double* floats_of(object array) noexcept:
    return <const double*>cnp.PyArray_DATA(<cnp.ndarray>array)


cdef inline const int64_t* integers_of(object array) noexcept:
    return <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>array)


# The functions of Python


def select_elite(pool, size, target_size, replacement_rate, elitism_rate):
    """See ``strategy_numpy.select_elite``."""
    cdef Herd herd
    cdef double replacement = replacement_rate, elitism = elitism_rate
    cdef int64_t target = target_size
    if not (0.0 <= replacement <= 1.0 and 0.0 <= elitism <= 1.0 and target >= 1):
        checks.check_selection(target_size, replacement_rate, elitism_rate)
    open_herd(&herd, pool, size, 0)
    with nogil:
        elite_selection(&herd, target, replacement, elitism)
        free(herd.scratch)
    return herd.size


def select_tournament(
    pool, size, target_size, replacement_rate, elitism_rate, tournament_size, RandomStream stream not None
):
    """See ``strategy_numpy.select_tournament``."""
    cdef Herd herd
    cdef double replacement = replacement_rate, elitism = elitism_rate
    cdef int64_t target = target_size, contestants = tournament_size
    checks.check_selection(target_size, replacement_rate, elitism_rate, tournament_size)
    open_herd(&herd, pool, size, 0)
    with nogil:
        tournament_selection(&herd, target, replacement, elitism, contestants, &stream.rng)
        free(herd.scratch)
    return herd.size


def drop_aged(pool, size, max_age):
    """See ``strategy_numpy.drop_aged``."""
    cdef Herd herd
    cdef int64_t oldest = max_age
    open_herd(&herd, pool, size, 0)
    let_aged_die(&herd, oldest)
    free(herd.scratch)
    return herd.size


def cross_over(pool, size, crossing, RandomStream stream not None):
    """See ``strategy_numpy.cross_over``."""
    cdef Herd herd
    cdef Cross cross
    cdef int64_t first
    read_crossing(&cross, pool, crossing)
    open_herd(&herd, pool, size, max(cross.genes_size, cross.cut_count))
    try:
        if cross.exchange != REJUVENATION:
            checks.check_room(pool, size, herd.size + share(herd.size, cross.selection_rate))
        with nogil:
            first = crossover(&herd, &cross, &stream.rng)
    finally:
        free(herd.scratch)
    return herd.size, first


def mutate_bits(pool, size, first, probability, least, most, mutable, genes_size, RandomStream stream not None):
    """See ``strategy_numpy.mutate_bits``."""
    cdef Mutation mutation
    checks.check_bits(pool)
    mutation.change = FLIP
    read_mutation(&mutation, pool, size, first, probability, least, most, mutable, genes_size)
    return mutated(pool, size, first, &mutation, stream)


def mutate_values(pool, size, first, probability, least, most, mutable, laws, RandomStream stream not None):
    """See ``strategy_numpy.mutate_values``."""
    cdef Mutation mutation
    checks.check_numbers(pool)
    genes_size = pool.genes.shape[1]
    mutation.change = BY_LAW
    read_mutation(&mutation, pool, size, first, probability, least, most, mutable, genes_size)
    read_laws(&mutation, laws, genes_size)
    return mutated(pool, size, first, &mutation, stream)


cdef int read_laws(Mutation* mutation, object laws, genes_size) except -1:
    law, low, high, down, up = laws
    if not (
        is_vector(law, cnp.NPY_INT64, genes_size)
        and is_vector(low, cnp.NPY_FLOAT64, genes_size)
        and is_vector(high, cnp.NPY_FLOAT64, genes_size)
        and is_vector(down, cnp.NPY_FLOAT64, genes_size)
        and is_vector(up, cnp.NPY_FLOAT64, genes_size)
        and are_below(integers_of(law), genes_size, STEP + 1)
    ):
        checks.check_laws(laws, genes_size)
    mutation.law, mutation.low, mutation.high = integers_of(law), floats_of(low), floats_of(high)
    mutation.down, mutation.up = floats_of(down), floats_of(up)
    return 0


def mutate_swaps(pool, size, first, probability, least, most, mutable, starts, stops, RandomStream stream not None):
    """See ``strategy_numpy.mutate_swaps``."""
    cdef Mutation mutation
    checks.check_numbers(pool)
    genes_size = pool.genes.shape[1]
    mutation.change = SWAP
    read_mutation(&mutation, pool, size, first, probability, least, most, mutable, genes_size)
    read_sets(&mutation, starts, stops, genes_size)
    return mutated(pool, size, first, &mutation, stream)


cdef int read_sets(Mutation* mutation, object starts, object stops, genes_size) except -1:
    if not (
        is_vector(starts, cnp.NPY_INT64, genes_size)
        and is_vector(stops, cnp.NPY_INT64, genes_size)
        and are_sets(integers_of(starts), integers_of(stops), genes_size)
    ):
        checks.check_sets(starts, stops, genes_size)
    mutation.starts, mutation.stops = integers_of(starts), integers_of(stops)
    return 0


cdef int read_task(
    Mutation* mutation, Scoring* scoring, object pool, size, object change, object told, genes_size
) except -1:
    """What ``advance`` and ``climb`` are told of mutation and scoring."""
    kind, probability, least, most, mutable, laws, starts, stops = change
    checks.check_task(pool, size, change, told)
    read_mutation(mutation, pool, size, 0, probability, least, most, mutable, genes_size)
    mutation.change = kind
    if mutation.change == BY_LAW:
        read_laws(mutation, laws, genes_size)
    elif mutation.change == SWAP:
        read_sets(mutation, starts, stops, genes_size)
    return read_scoring(scoring, pool, told)


def score_unknown(pool, size, scoring):
    """See ``strategy_numpy.score_unknown``."""
    cdef Herd herd
    cdef Scoring told
    cdef int64_t scored
    read_scoring(&told, pool, scoring)
    open_herd(&herd, pool, size, 0)
    try:
        if told.score == QUEENS and not are_boards(&herd):
            checks.check_order(pool, size)
        with nogil:
            scored = score(&herd, &told)
    finally:
        free(herd.scratch)
    return scored


cdef int read_scoring(Scoring* scoring, object pool, object told) except -1:
    checks.check_scoring(pool, told)
    scoring.score, scoring.code, scoring.sign = told
    return 0


def distinct_rows(pool, size):
    """See ``strategy_numpy.distinct_rows``."""
    cdef Herd herd
    if not 0 <= size <= len(pool.order):
        checks.check_pool(pool, size)
    first = np.zeros(size, np.bool_)
    cdef char* flags = <char*>cnp.PyArray_DATA(<cnp.ndarray>first)
    cdef int64_t slots = 4
    while slots < 2 * <int64_t>size:
        slots *= 2
    open_herd(&herd, pool, size, slots)
    with nogil:
        flag_distinct(&herd, slots, flags)
        free(herd.scratch)
    return first


cdef object mutated(object pool, size, first, Mutation* mutation, RandomStream stream):
    cdef Herd herd
    cdef int64_t count, begin = first
    open_herd(&herd, pool, size, mutation.mutable_count)
    with nogil:
        count = mutate(&herd, mutation, begin, &stream.rng)
        free(herd.scratch)
    return count


cdef void flag_distinct(Herd* herd, int64_t slots, char* flags) noexcept nogil:
    """A hash table of positions in ``counts``; genes are compared where their places collide."""
    cdef int64_t item, word, slot, other
    cdef const uint64_t* words
    cdef uint64_t mixed
    for slot in range(slots):
        herd.counts[slot] = -1
    for item in range(herd.size):
        words = herd.genes + herd.order[item] * herd.width
        mixed = 0
        for word in range(herd.width):
            mixed = (mixed ^ words[word]) * <uint64_t>0x9E3779B97F4A7C15
            mixed ^= mixed >> 29
        slot = <int64_t>(mixed & <uint64_t>(slots - 1))
        while True:
            other = herd.counts[slot]
            if other < 0:
                herd.counts[slot] = item
                flags[item] = 1
                break
            if are_same(words, herd.genes + herd.order[other] * herd.width, herd.width):
                break
            slot = (slot + 1) & (slots - 1)


cdef bint are_same(const uint64_t* words, const uint64_t* others, int64_t width) noexcept nogil:
    cdef int64_t word
    for word in range(width):
        if words[word] != others[word]:
            return False
    return True
