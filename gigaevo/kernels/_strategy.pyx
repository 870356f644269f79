# cython: boundscheck=False, wraparound=False, cdivision=True
"""Populations that grow by offspring and are cut by selection, compiled. ``strategy_numpy`` documents the functions.

Each step is a nogil function over one ``Herd``; the functions of Python check their arguments and call one of them,
``advance`` calls all of them, generation after generation.
"""

from libc.math cimport INFINITY, NAN, ceil, floor, isfinite
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cimport numpy as cnp

from gigaevo.kernels._boundary cimport are_below, fits
from gigaevo.kernels._functions cimport conflicts_of, value_of
from gigaevo.kernels._random cimport RandomStream
from gigaevo.kernels._rng cimport Rng, below, next_word, uniform

import numpy as np

from gigaevo.kernels import strategy_checks as checks

cnp.import_array()

cdef extern from "_popcount.h":
    int64_t score_bits "gigaevo_score_bits"(
        const uint64_t* genes, double* merits, const int64_t* rows, int64_t n, int64_t width, double sign
    ) noexcept nogil

cdef enum:
    NOTHING = 0
    HALF = 1
    GENES = 2
    POINTS = 3
    REJUVENATION = 4

cdef enum:
    REDRAW = 0
    REDRAW_WHOLE = 1
    MOVE = 2
    MOVE_WHOLE = 3
    STEP = 4

cdef double ROUNDING = 1e-9


cdef struct Herd:
    # The pool, and room to work in: each of the arrays below has ``room`` entries.
    uint64_t* genes
    double* merits
    int64_t* ages
    int64_t* order
    int64_t capacity
    int64_t width
    int64_t size
    bint bits
    int64_t room
    void* scratch
    double* keys
    double* spare_keys
    int64_t* ranked
    int64_t* spare
    int64_t* counts


cdef struct Cross:
    # See ``strategy_checks.Crossing``.
    int exchange
    double selection_rate
    double crossover_rate
    int64_t number
    bint allow_duplicates
    const int64_t* cuts
    int64_t cut_count
    int64_t genes_size


cdef enum:
    FLIP = 0
    BY_LAW = 1
    SWAP = 2

cdef enum:
    SUM = 0
    REAL = 1
    QUEENS = 2


cdef struct Scoring:
    # See ``strategy_checks.Scoring``.
    int score
    int code
    double sign


cdef struct Mutation:
    # See ``strategy_checks.Mutation``.
    int change
    double probability
    int64_t least
    int64_t most
    const int64_t* mutable
    int64_t mutable_count
    const int64_t* law
    const double* low
    const double* high
    const double* down
    const double* up
    const int64_t* starts
    const int64_t* stops


cdef inline int64_t share(int64_t size, double rate) noexcept nogil:
    """See ``strategy_checks.share``."""
    cdef int64_t part = <int64_t>ceil(size * rate - ROUNDING)
    return min(size, max(0, part))


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
        herd.size = size
        sound = (
            cnp.PyArray_DIM(<cnp.ndarray>merits, 0) == herd.capacity
            and cnp.PyArray_DIM(<cnp.ndarray>ages, 0) == herd.capacity
            and cnp.PyArray_DIM(<cnp.ndarray>order, 0) == herd.capacity
            and 0 <= herd.size <= herd.capacity
            and are_below(herd.order, herd.capacity, herd.capacity)
        )
    if not sound:
        checks.check_pool(pool, size)
        raise ValueError("the arrays of a pool must be writable")
    herd.genes = <uint64_t*>cnp.PyArray_DATA(<cnp.ndarray>genes)
    herd.merits = <double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    herd.ages = <int64_t*>cnp.PyArray_DATA(<cnp.ndarray>ages)
    herd.bits = cnp.PyArray_TYPE(<cnp.ndarray>genes) == cnp.NPY_UINT64
    herd.room = max(herd.capacity, herd.width, extra) + 2
    herd.scratch = malloc(5 * herd.room * sizeof(int64_t))
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
        0.0 <= cross.selection_rate <= 1.0
        and 0.0 <= cross.crossover_rate <= 1.0
        and holds(pool[0], cross.genes_size)
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
        and holds(pool[0], genes)
        and 0.0 <= mutation.probability <= 1.0
        and 1 <= fewest <= largest
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


# Selection


cdef void merge_sort(Herd* herd, int64_t n) noexcept nogil:
    """Sort ``keys`` and ``ranked`` with it, larger keys first; equal ones stay in their order."""
    cdef int64_t run = 1, begin, middle, end, left, right, at
    cdef double* keys = herd.keys
    cdef double* spare_keys = herd.spare_keys
    cdef int64_t* rows = herd.ranked
    cdef int64_t* spare = herd.spare
    while run < n:
        begin = 0
        while begin < n:
            middle, end = min(begin + run, n), min(begin + 2 * run, n)
            left, right = begin, middle
            for at in range(begin, end):
                if left < middle and (right >= end or keys[left] >= keys[right]):
                    spare_keys[at], spare[at] = keys[left], rows[left]
                    left += 1
                else:
                    spare_keys[at], spare[at] = keys[right], rows[right]
                    right += 1
            begin = end
        keys, spare_keys = spare_keys, keys
        rows, spare = spare, rows
        run *= 2
    herd.keys, herd.spare_keys, herd.ranked, herd.spare = keys, spare_keys, rows, spare


cdef void insertion_sort(Herd* herd, int64_t n) noexcept nogil:
    """``merge_sort`` for what is nearly sorted; falls back to it when much is to be moved."""
    cdef double* keys = herd.keys
    cdef int64_t* rows = herd.ranked
    cdef int64_t item, at, row, moves = 0
    cdef double key
    for item in range(1, n):
        if keys[item] <= keys[item - 1]:
            continue
        key, row, at = keys[item], rows[item], item
        while at > 0 and keys[at - 1] < key:
            keys[at], rows[at] = keys[at - 1], rows[at - 1]
            at -= 1
        keys[at], rows[at] = key, row
        moves += item - at
        if moves > 8 * n:
            merge_sort(herd, n)
            return


cdef void rank_by_merit(Herd* herd) noexcept nogil:
    """Fill ``ranked`` with the rows of the population, larger merits first; of equal ones the earlier first.

    Buckets of equal width between the least and the largest merit, filled in order; whole numbers within a small range,
    the usual case, are then sorted.
    """
    cdef int64_t n = herd.size, item, row, bucket, begin, filled, last = herd.size
    cdef double highest = -INFINITY, lowest = INFINITY, merit, scale
    for item in range(n):
        merit = herd.merits[herd.order[item]]
        merit = merit if merit == merit else -INFINITY
        herd.spare_keys[item] = merit
        highest = merit if merit > highest else highest
        merit = merit if merit > -INFINITY else INFINITY
        lowest = merit if merit < lowest else lowest
    scale = (n - 1) / (highest - lowest) if highest > lowest else 0.0
    if not isfinite(highest - lowest) or not isfinite(scale):
        for item in range(n):
            herd.keys[item], herd.ranked[item] = herd.spare_keys[item], herd.order[item]
        merge_sort(herd, n)
        return
    memset(herd.counts, 0, (n + 1) * sizeof(int64_t))
    for item in range(n):
        merit = herd.spare_keys[item]
        bucket = <int64_t>((highest - merit) * scale) if merit > -INFINITY else last
        herd.spare[item] = bucket
        herd.counts[bucket] += 1
    begin = 0
    for bucket in range(n + 1):
        filled = herd.counts[bucket]
        herd.counts[bucket] = begin
        begin += filled
    for item in range(n):
        bucket = herd.spare[item]
        filled = herd.counts[bucket]
        herd.counts[bucket] = filled + 1
        herd.keys[filled], herd.ranked[filled] = herd.spare_keys[item], herd.order[item]
    insertion_sort(herd, n)


cdef void share_places(
    int64_t there, int64_t old_there, int64_t places, double replacement_rate, int64_t* left
) noexcept nogil:
    """How many parents (left[0]) and how many offspring (left[1]) are kept."""
    cdef int64_t wanted = share(places, replacement_rate)
    left[1] = min(wanted, there)
    left[0] = min(places - wanted, old_there)
    left[1] += min(places - left[0] - left[1], there - left[1])
    left[0] += min(places - left[0] - left[1], old_there - left[0])


cdef void places_behind(
    Herd* herd, int64_t elite, int64_t places, double replacement_rate, int64_t* left
) noexcept nogil:
    """``share_places`` for those that are ranked behind the ``elite``."""
    cdef int64_t there = 0, item
    for item in range(elite, herd.size):
        there += herd.ages[herd.ranked[item]] == 0
    share_places(there, herd.size - elite - there, places, replacement_rate, left)


cdef void elite_selection(
    Herd* herd, int64_t target_size, double replacement_rate, double elitism_rate
) noexcept nogil:
    cdef int64_t elite = min(share(herd.size, elitism_rate), target_size)
    cdef int64_t kept = elite, dropped = 0, item, row
    cdef int64_t[2] left
    cdef bint young, take
    rank_by_merit(herd)
    places_behind(herd, elite, target_size - elite, replacement_rate, left)
    memcpy(herd.order, herd.ranked, elite * sizeof(int64_t))
    for item in range(elite, herd.size):  # without a branch: offspring and parents are mixed as by chance
        row = herd.ranked[item]
        young = herd.ages[row] == 0
        take = left[young] > 0
        left[young] -= take
        herd.order[kept] = herd.spare[dropped] = row
        kept += take
        dropped += not take
    memcpy(herd.order + kept, herd.spare, dropped * sizeof(int64_t))
    herd.size = kept


cdef inline double rank_of(const Herd* herd, int64_t row) noexcept nogil:
    cdef double merit = herd.merits[row]
    return merit if merit == merit else -INFINITY


cdef void take_winners(
    const Herd* herd, int64_t* group, int64_t there, int64_t places, int64_t tournament_size, int64_t* winners, Rng* rng
) noexcept nogil:
    """Move ``places`` winners out of the ``there`` rows of ``group``; the losers are its first ones then."""
    cdef int64_t place, contest, drawn, winner
    cdef double best, merit
    for place in range(places):
        winner = below(rng, <uint32_t>there)
        best = rank_of(herd, group[winner])
        for contest in range(1, min(tournament_size, there)):
            drawn = below(rng, <uint32_t>there)
            merit = rank_of(herd, group[drawn])
            if merit > best:
                winner, best = drawn, merit
        winners[place] = group[winner]
        there -= 1
        group[winner] = group[there]


cdef void tournament_selection(
    Herd* herd, int64_t target_size, double replacement_rate, double elitism_rate, int64_t tournament_size, Rng* rng
) noexcept nogil:
    cdef int64_t elite = min(share(herd.size, elitism_rate), target_size)
    cdef int64_t item, row, kept, young = 0, old = 0
    cdef int64_t[2] left
    cdef int64_t* parents = herd.counts
    rank_by_merit(herd)
    places_behind(herd, elite, target_size - elite, replacement_rate, left)
    for item in range(elite, herd.size):  # the offspring stay in ranked, the parents go to a place of their own
        row = herd.ranked[item]
        if herd.ages[row] == 0:
            herd.ranked[elite + young] = row
            young += 1
        else:
            parents[old] = row
            old += 1
    memcpy(herd.spare, herd.ranked, elite * sizeof(int64_t))
    take_winners(herd, herd.ranked + elite, young, left[1], tournament_size, herd.spare + elite, rng)
    kept = elite + left[1]
    take_winners(herd, parents, old, left[0], tournament_size, herd.spare + kept, rng)
    kept += left[0]
    take_winners(herd, herd.spare, kept, kept, tournament_size, herd.order, rng)
    memcpy(herd.order + kept, herd.ranked + elite, (young - left[1]) * sizeof(int64_t))
    memcpy(herd.order + kept + young - left[1], parents, (old - left[0]) * sizeof(int64_t))
    herd.size = kept


cdef void let_aged_die(Herd* herd, int64_t max_age) noexcept nogil:
    cdef int64_t kept = 0, dropped = 0, item, row
    for item in range(herd.size):
        row = herd.order[item]
        if herd.ages[row] < max_age:
            herd.order[kept] = row
            kept += 1
        else:
            herd.spare[dropped] = row
            dropped += 1
    memcpy(herd.order + kept, herd.spare, dropped * sizeof(int64_t))
    herd.size = kept if kept else dropped


# Crossover


cdef inline void exchange_words(uint64_t* left, uint64_t* right, uint64_t mask) noexcept nogil:
    cdef uint64_t different = (left[0] ^ right[0]) & mask
    left[0] ^= different
    right[0] ^= different


cdef inline void exchange_gene(Herd* herd, uint64_t* left, uint64_t* right, int64_t gene) noexcept nogil:
    if herd.bits:
        exchange_words(left + (gene >> 6), right + (gene >> 6), <uint64_t>1 << (gene & 63))
    else:
        exchange_words(left + gene, right + gene, ~<uint64_t>0)


cdef inline void exchange_tails(Herd* herd, uint64_t* left, uint64_t* right, int64_t cut) noexcept nogil:
    cdef int64_t word = cut
    if herd.bits:
        word = cut >> 6
        exchange_words(left + word, right + word, ~<uint64_t>0 << (cut & 63))
        word += 1
    while word < herd.width:
        exchange_words(left + word, right + word, ~<uint64_t>0)
        word += 1


cdef inline void exchange_half(Herd* herd, uint64_t* left, uint64_t* right, Rng* rng) noexcept nogil:
    cdef int64_t word
    cdef uint64_t coins = 0
    if herd.bits:
        for word in range(herd.width):
            exchange_words(left + word, right + word, next_word(rng))
        return
    for word in range(herd.width):
        if word & 63 == 0:
            coins = next_word(rng)
        exchange_words(left + word, right + word, <uint64_t>0 - (coins & 1))
        coins >>= 1


cdef inline int64_t draw_distinct(int64_t* items, int64_t done, int64_t there, Rng* rng) noexcept nogil:
    """The next of ``items`` without replacement: those before ``done`` were drawn."""
    cdef int64_t other = done + below(rng, <uint32_t>(there - done))
    items[done], items[other] = items[other], items[done]
    return items[done]


cdef void exchange_drawn(Herd* herd, const Cross* cross, uint64_t* left, uint64_t* right, Rng* rng) noexcept nogil:
    """Exchange genes, or all behind cuts. ``ranked`` holds a permutation of 0 to what there is to draw from."""
    cdef int64_t there = cross.genes_size if cross.exchange == GENES else cross.cut_count
    cdef int64_t done, drawn
    for done in range(cross.number):
        if cross.allow_duplicates:
            drawn = below(rng, <uint32_t>there)
        else:
            drawn = draw_distinct(herd.ranked, done, there, rng)
        if cross.exchange == GENES:
            exchange_gene(herd, left, right, drawn)
        else:
            exchange_tails(herd, left, right, cross.cuts[drawn])


cdef void clone_row(Herd* herd, int64_t source, int64_t target) noexcept nogil:
    cdef const uint64_t* words = herd.genes + source * herd.width
    cdef uint64_t* copies = herd.genes + target * herd.width
    cdef int64_t word
    for word in range(herd.width):
        copies[word] = words[word]
    herd.merits[target] = herd.merits[source]
    herd.ages[target] = 0


cdef int64_t rejuvenate(Herd* herd, int64_t selected) noexcept nogil:
    cdef int64_t item
    for item in range(herd.size):
        if item >= selected > 0:
            clone_row(herd, herd.order[(item - selected) % selected], herd.order[item])
        herd.ages[herd.order[item]] = 0
    return 0


cdef int64_t crossover(Herd* herd, const Cross* cross, Rng* rng) noexcept nogil:
    """Returns how many come before the offspring. The caller saw to it that there is room."""
    cdef int64_t selected = share(herd.size, cross.selection_rate)
    cdef int64_t first = herd.size, item, left, right
    cdef int64_t* children = herd.order + herd.size
    cdef uint64_t* left_genes
    cdef uint64_t* right_genes
    if cross.exchange == REJUVENATION:
        return rejuvenate(herd, selected)
    for item in range(first):
        herd.ages[herd.order[item]] += 1
    for item in range(selected):
        clone_row(herd, herd.order[item], children[item])
    herd.size += selected
    if cross.exchange == NOTHING:
        return first
    if cross.exchange != HALF:
        for item in range(max(cross.genes_size, cross.cut_count)):
            herd.ranked[item] = item
    for item in range(selected // 2):
        if uniform(rng) >= cross.crossover_rate:
            continue
        left, right = children[2 * item], children[2 * item + 1]
        left_genes, right_genes = herd.genes + left * herd.width, herd.genes + right * herd.width
        if cross.exchange == HALF:
            exchange_half(herd, left_genes, right_genes, rng)
        else:
            exchange_drawn(herd, cross, left_genes, right_genes, rng)
        herd.merits[left] = herd.merits[right] = NAN
    return first


# Mutation


cdef double moved_gene(const Mutation* mutation, double gene, int64_t at, Rng* rng) noexcept nogil:
    """The new value of a gene that is a number; see ``strategy_checks.GeneLaw``."""
    cdef int64_t law = mutation.law[at]
    cdef double low = mutation.low[at], high = mutation.high[at]
    cdef double down = mutation.down[at], up = mutation.up[at]
    cdef double u = uniform(rng), drawn
    if law == STEP:
        if u >= 0.5:
            down, up = up, down
        drawn = min(max(gene + down, low), high)
        return drawn if drawn != gene else min(max(gene + up, low), high)
    if law == MOVE or law == MOVE_WHOLE:
        low, high = max(low, gene + down), min(high, gene + up)
    if law == REDRAW or law == MOVE:
        return min(low + u * (high - low), high)
    low, high = ceil(low), floor(high)
    if law == REDRAW_WHOLE or high <= low:
        return min(low + floor(u * (high - low + 1.0)), high)
    drawn = min(low + floor(u * (high - low)), high - 1.0)
    return drawn + (drawn >= gene)


cdef inline void change_gene(Herd* herd, const Mutation* mutation, int64_t row, int64_t gene, Rng* rng) noexcept nogil:
    cdef uint64_t* words = herd.genes + row * herd.width
    cdef double* values = <double*>words
    cdef int64_t others, other
    if mutation.change == FLIP:
        words[gene >> 6] ^= <uint64_t>1 << (gene & 63)
    elif mutation.change == BY_LAW:
        values[gene] = moved_gene(mutation, values[gene], gene, rng)
    else:
        others = mutation.stops[gene] - mutation.starts[gene] - 1
        if others > 0:
            other = mutation.starts[gene] + below(rng, <uint32_t>others)
            other += other >= gene
            values[gene], values[other] = values[other], values[gene]


cdef int64_t mutate(Herd* herd, const Mutation* mutation, int64_t first, Rng* rng) noexcept nogil:
    cdef int64_t there = mutation.mutable_count, item, row, number, done, mutated = 0
    cdef int64_t most = min(mutation.most, there)
    if there == 0:
        return 0
    if most > 1:
        memcpy(herd.ranked, mutation.mutable, there * sizeof(int64_t))
    for item in range(first, herd.size):
        if uniform(rng) >= mutation.probability:
            continue
        row = herd.order[item]
        mutated += 1
        herd.merits[row] = NAN
        if most == 1:
            change_gene(herd, mutation, row, mutation.mutable[below(rng, <uint32_t>there)], rng)
            continue
        number = mutation.least
        if mutation.most > number:
            number += below(rng, <uint32_t>(mutation.most - number + 1))
        for done in range(min(number, there)):
            change_gene(herd, mutation, row, draw_distinct(herd.ranked, done, there, rng), rng)
    return mutated


# Merits


cdef double sum_of(const double* genes, int64_t n) noexcept nogil:
    cdef double total = 0.0
    cdef int64_t gene
    for gene in range(n):
        total += genes[gene]
    return total


cdef bint are_boards(const Herd* herd) noexcept nogil:
    """Whether all genes of the population are columns of a board."""
    cdef int64_t item, gene
    cdef const double* genes
    cdef bint fit = True
    for item in range(herd.size):
        genes = <const double*>(herd.genes + herd.order[item] * herd.width)
        for gene in range(herd.width):
            fit &= 0.0 <= genes[gene] < herd.width and genes[gene] == <int32_t>genes[gene]
    return fit


cdef double queens_of(Herd* herd, const double* genes) noexcept nogil:
    """Pairs of queens on one diagonal; the keys and ``ranked`` are where it counts."""
    cdef int32_t* columns = <int32_t*>herd.ranked
    cdef int64_t gene
    for gene in range(herd.width):
        columns[gene] = <int32_t>genes[gene]
    return conflicts_of(columns, herd.width, <int32_t*>herd.scratch)


cdef int64_t score(Herd* herd, const Scoring* scoring) noexcept nogil:
    """See ``strategy_numpy.score_unknown``."""
    cdef int64_t item, row, scored = 0
    cdef const double* genes
    cdef double value
    if herd.bits:
        return score_bits(herd.genes, herd.merits, herd.order, herd.size, herd.width, scoring.sign)
    for item in range(herd.size):
        row = herd.order[item]
        if herd.merits[row] == herd.merits[row]:
            continue
        genes = <const double*>(herd.genes + row * herd.width)
        if scoring.score == REAL:
            value = value_of(scoring.code, genes, herd.width)
        elif scoring.score == QUEENS:
            value = queens_of(herd, genes)
        else:
            value = sum_of(genes, herd.width)
        herd.merits[row] = scoring.sign * value if isfinite(value) else -INFINITY
        scored += 1
    return scored


cdef int64_t best_row(const Herd* herd, bint last) noexcept nogil:
    """The row of the largest merit, of equal ones the first or the last; the population must not be empty."""
    cdef int64_t best = herd.order[0], row, item
    for item in range(1, herd.size):
        row = herd.order[item]
        if herd.merits[row] > herd.merits[best] or (last and herd.merits[row] == herd.merits[best]):
            best = row
    return best


# The functions of Python


def select_elite(pool, size, target_size, replacement_rate, elitism_rate):
    """See ``strategy_numpy.select_elite``."""
    cdef Herd herd
    cdef double replacement = replacement_rate, elitism = elitism_rate
    cdef int64_t target = target_size
    if not (0.0 <= replacement <= 1.0 and 0.0 <= elitism <= 1.0 and target >= 1):
        check_selection(target_size, replacement_rate, elitism_rate)
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
    check_selection(target_size, replacement_rate, elitism_rate)
    if contestants < 1:
        raise ValueError(f"tournament_size must be at least 1, not {tournament_size}")
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


def advance(pool, progress, plan, RandomStream stream not None):
    """See ``strategy_numpy.advance``."""
    cdef Herd herd
    cdef Cross cross
    cdef Mutation mutation
    cdef Scoring scoring
    cdef Race race
    check_selection(plan.target_size, plan.replacement_rate, plan.elitism_rate)
    read_crossing(&cross, pool, plan.crossing)
    read_task(&mutation, &scoring, pool, progress.size, plan.mutation, plan.scoring, cross.genes_size)
    race.target_size = plan.target_size
    race.replacement_rate, race.elitism_rate = plan.replacement_rate, plan.elitism_rate
    race.tournament_size, race.max_age = plan.tournament_size, plan.max_age
    checks.check_best(pool, progress)
    open_herd(&herd, pool, progress.size, max(cross.genes_size, cross.cut_count))
    try:
        read_race(&race, progress, plan.goal)
        checks.check_room(pool, race.target_size, race.target_size + share(race.target_size, cross.selection_rate))
        with nogil:
            run_generations(&herd, &cross, &mutation, &scoring, &race, &stream.rng)
    finally:
        free(herd.scratch)
    write_race(&race, &herd, progress)


def climb(pool, progress, mutation, genes_size, scoring, goal, RandomStream stream not None):
    """See ``strategy_numpy.climb``."""
    cdef Herd herd
    cdef Mutation change
    cdef Scoring told
    cdef Race race
    read_task(&change, &told, pool, 1, mutation, scoring, genes_size)
    change.probability = 1.0
    checks.check_best(pool, progress)
    open_herd(&herd, pool, 1, change.mutable_count)
    try:
        checks.check_room(pool, 1, 2)
        read_race(&race, progress, goal)
        with nogil:
            run_climb(&herd, &change, &told, &race, &stream.rng)
    finally:
        free(herd.scratch)
    write_race(&race, &herd, progress)


cdef int check_selection(target_size, replacement_rate, elitism_rate) except -1:
    checks.check_rate("replacement_rate", replacement_rate)
    checks.check_rate("elitism_rate", elitism_rate)
    if target_size < 1:
        raise ValueError(f"target_size must be at least 1, not {target_size}")
    return 0


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


# The whole loop


cdef struct Race:
    # The first five: see ``strategy_checks.Plan``; then ``strategy_checks.Goal`` and ``strategy_checks.Progress``.
    int64_t target_size
    double replacement_rate
    double elitism_rate
    int64_t tournament_size
    int64_t max_age
    double target_merit
    double valid_merit
    int64_t max_generations
    int64_t max_stale_generations
    int64_t stale_break
    int64_t last_generation
    bint replace_on_equal
    int64_t generation
    int64_t stale_generations
    int64_t best_generation
    double best_merit
    uint64_t* best_genes
    int64_t evaluations


cdef int read_race(Race* race, object progress, object goal) except -1:
    race.target_merit, race.valid_merit = goal.target_merit, goal.valid_merit
    race.max_generations, race.max_stale_generations = goal.max_generations, goal.max_stale_generations
    race.stale_break, race.last_generation = goal.stale_break, goal.last_generation
    race.replace_on_equal = goal.replace_on_equal
    race.generation, race.stale_generations = progress.generation, progress.stale_generations
    race.best_generation, race.best_merit = progress.best_generation, progress.best_merit
    race.evaluations = progress.evaluations
    race.best_genes = <uint64_t*>cnp.PyArray_DATA(<cnp.ndarray>progress.best_genes)
    return 0


cdef int write_race(const Race* race, const Herd* herd, object progress) except -1:
    progress.size, progress.generation = herd.size, race.generation
    progress.stale_generations, progress.best_generation = race.stale_generations, race.best_generation
    progress.best_merit, progress.evaluations = race.best_merit, race.evaluations
    return 0


cdef bint is_over(const Race* race) noexcept nogil:
    if race.generation >= race.last_generation or 0 < race.stale_break <= race.stale_generations:
        return True
    if race.best_merit < race.valid_merit:
        return False
    return (
        race.best_merit >= race.target_merit
        or 0 < race.max_generations <= race.generation
        or 0 < race.max_stale_generations <= race.stale_generations
    )


cdef void note_best(Herd* herd, Race* race) noexcept nogil:
    cdef int64_t best = best_row(herd, race.replace_on_equal)
    cdef double merit = herd.merits[best]
    if merit > race.best_merit:
        race.best_generation, race.stale_generations = race.generation, 0
    else:
        race.stale_generations += 1
        if not (race.replace_on_equal and merit == race.best_merit > -INFINITY):
            return
    race.best_merit = merit
    memcpy(race.best_genes, herd.genes + best * herd.width, herd.width * sizeof(uint64_t))


cdef void run_generations(
    Herd* herd, const Cross* cross, const Mutation* mutation, const Scoring* scoring, Race* race, Rng* rng
) noexcept nogil:
    cdef int64_t first
    while not is_over(race):
        race.generation += 1
        if race.max_age:
            let_aged_die(herd, race.max_age)
        if race.tournament_size:
            tournament_selection(
                herd, race.target_size, race.replacement_rate, race.elitism_rate, race.tournament_size, rng
            )
        else:
            elite_selection(herd, race.target_size, race.replacement_rate, race.elitism_rate)
        first = crossover(herd, cross, rng)
        mutate(herd, mutation, first, rng)
        race.evaluations += score(herd, scoring)
        note_best(herd, race)


cdef void run_climb(
    Herd* herd, const Mutation* mutation, const Scoring* scoring, Race* race, Rng* rng
) noexcept nogil:
    cdef int64_t stand, trial
    cdef double merit, present
    while not is_over(race):
        race.generation += 1
        stand, trial = herd.order[0], herd.order[1]
        clone_row(herd, stand, trial)
        herd.size = 2
        mutate(herd, mutation, 1, rng)
        race.evaluations += score(herd, scoring)
        note_best(herd, race)
        herd.size = 1
        merit, present = herd.merits[trial], herd.merits[stand]
        if merit > present or present == -INFINITY or (race.replace_on_equal and merit == present):
            herd.order[0], herd.order[1] = trial, stand
