# cython: cdivision=True
# A population as the kernels of the strategy see it, and its selection; ``strategy_numpy`` documents what the steps do.

from libc.math cimport INFINITY, ceil, isfinite
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from gigaevo.kernels.compiled._rng cimport Rng, below

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


cdef struct Herd:
    # The pool, and room to work in: each of the arrays below has ``room`` entries, the counts twice as many.
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
    # See ``strategy_laws.Crossing``.
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
    # See ``strategy_laws.Scoring``.
    int score
    int code
    double sign


cdef struct Mutation:
    # See ``strategy_laws.Mutation``.
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
    """See ``strategy_laws.share``."""
    cdef int64_t part = <int64_t>ceil(size * rate - 1e-9)
    return min(size, max(0, part))


cdef inline void merge_sort(Herd* herd, int64_t n) noexcept nogil:
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


cdef inline void insertion_sort(Herd* herd, int64_t n) noexcept nogil:
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


cdef inline void rank_by_merit(Herd* herd) noexcept nogil:
    """Fill ``ranked`` with the rows of the population, larger merits first; of equal ones the earlier first.

    Buckets of equal width between the least and the largest merit, filled in order; whole numbers within a small range,
    the usual case, are then sorted. The two halves of the population are counted apart: where nearly all merits are
    equal, each count would have to wait for the one before.
    """
    cdef int64_t n = herd.size, half = herd.size // 2, item, bucket, filled, begin = 0
    cdef double highest = -INFINITY, lowest = INFINITY, merit, scale
    cdef const int64_t* order = herd.order
    cdef double* keys = herd.spare_keys
    cdef double* sorted_keys = herd.keys
    cdef int64_t* buckets = herd.spare
    cdef int64_t* ranked = herd.ranked
    cdef int64_t* early = herd.counts
    cdef int64_t* late = herd.counts + n + 1
    for item in range(n):
        merit = herd.merits[order[item]]
        merit = merit if merit == merit else -INFINITY
        keys[item] = merit
        highest = merit if merit > highest else highest
        merit = merit if merit > -INFINITY else INFINITY
        lowest = merit if merit < lowest else lowest
    scale = (n - 1) / (highest - lowest) if highest > lowest else 0.0
    if not isfinite(highest - lowest) or not isfinite(scale):
        memcpy(sorted_keys, keys, n * sizeof(double))
        memcpy(ranked, order, n * sizeof(int64_t))
        merge_sort(herd, n)
        return
    for item in range(n):
        merit = keys[item]
        buckets[item] = <int64_t>((highest - merit) * scale) if merit > -INFINITY else n
    memset(early, 0, 2 * (n + 1) * sizeof(int64_t))
    for item in range(half):
        early[buckets[item]] += 1
        late[buckets[half + item]] += 1
    if n & 1:
        late[buckets[n - 1]] += 1
    for bucket in range(n + 1):
        filled = early[bucket]
        early[bucket] = begin
        begin += filled
        filled = late[bucket]
        late[bucket] = begin
        begin += filled
    for item in range(half):
        put_next(early, buckets, item, keys, order, sorted_keys, ranked)
        put_next(late, buckets, half + item, keys, order, sorted_keys, ranked)
    if n & 1:
        put_next(late, buckets, n - 1, keys, order, sorted_keys, ranked)
    insertion_sort(herd, n)


cdef inline void put_next(
    int64_t* counts, const int64_t* buckets, int64_t item, const double* keys, const int64_t* order,
    double* sorted_keys, int64_t* ranked
) noexcept nogil:
    """Put an item at the next place of its bucket."""
    cdef int64_t bucket = buckets[item], place = counts[buckets[item]]
    counts[bucket] = place + 1
    sorted_keys[place], ranked[place] = keys[item], order[item]


cdef inline void share_places(
    int64_t there, int64_t old_there, int64_t places, double replacement_rate, int64_t* left
) noexcept nogil:
    """How many parents (left[0]) and how many offspring (left[1]) are kept."""
    cdef int64_t wanted = share(places, replacement_rate)
    left[1] = min(wanted, there)
    left[0] = min(places - wanted, old_there)
    left[1] += min(places - left[0] - left[1], there - left[1])
    left[0] += min(places - left[0] - left[1], old_there - left[0])


cdef inline void places_behind(
    Herd* herd, int64_t elite, int64_t places, double replacement_rate, int64_t* left
) noexcept nogil:
    """``share_places`` for those that are ranked behind the ``elite``."""
    cdef int64_t there = 0, item
    for item in range(elite, herd.size):
        there += herd.ages[herd.ranked[item]] == 0
    share_places(there, herd.size - elite - there, places, replacement_rate, left)


cdef inline void elite_selection(
    Herd* herd, int64_t target_size, double replacement_rate, double elitism_rate
) noexcept nogil:
    cdef int64_t elite = min(share(herd.size, elitism_rate), target_size)
    cdef int64_t kept = elite, dropped = 0, item, row
    cdef int64_t[2] left
    cdef bint young, take
    rank_by_merit(herd)
    places_behind(herd, elite, target_size - elite, replacement_rate, left)
    cdef const int64_t* ranked = herd.ranked
    cdef const int64_t* ages = herd.ages
    cdef int64_t* order = herd.order
    cdef int64_t* losers = herd.spare
    memcpy(order, ranked, elite * sizeof(int64_t))
    for item in range(elite, herd.size):  # without a branch: offspring and parents are mixed as by chance
        row = ranked[item]
        young = ages[row] == 0
        take = left[young] > 0
        left[young] -= take
        order[kept] = losers[dropped] = row
        kept += take
        dropped += not take
    memcpy(order + kept, losers, dropped * sizeof(int64_t))
    herd.size = kept


cdef inline double rank_of(const Herd* herd, int64_t row) noexcept nogil:
    cdef double merit = herd.merits[row]
    return merit if merit == merit else -INFINITY


cdef inline void take_winners(
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


cdef inline void tournament_selection(
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


cdef inline void let_aged_die(Herd* herd, int64_t max_age) noexcept nogil:
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
