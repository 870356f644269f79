# cython: cdivision=True
# Non-dominated sorting: which front each row of ``objectives`` (n, m) belongs to. Larger is better, no number is NaN.
#
# Rows are looked at in lexicographic order, best first, so that a row can only be dominated by those before it, and rows
# that are the same follow one another. A row that front k does not dominate is dominated by no front after k: the first
# such front is found by bisection (ENS-BS; Zhang, Tian, Cheng and Jin, "An efficient approach to nondominated sorting for
# evolutionary multiobjective optimization", 2015). What differs is how a front answers:
# - two objectives: by the greatest second objective it holds (the sweep of Kung, Luccio and Preparata, 1975);
# - three: by its staircase, those of its (second, third) that no other covers;
# - more: by a set of bits, which has none in common with the set of rows that dominate the row asked for.

from libc.math cimport NAN
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from gigaevo.kernels.compiled._argsort cimport Item, merge_sort, sort_best_first
from gigaevo.kernels.compiled._staircase cimport Staircase, add_step, steps_above

cdef extern from "_bits.h":
    enum:
        STRIDE
    Py_ssize_t words_of(Py_ssize_t n) noexcept nogil
    Py_ssize_t words_before(Py_ssize_t place) noexcept nogil
    void restrict_dominators(
        const int32_t* places,
        const uint8_t* tied,
        Py_ssize_t n,
        Py_ssize_t begin,
        Py_ssize_t end,
        uint64_t* at_least,
        uint64_t* dominators,
    ) noexcept nogil
    bint have_common(const uint64_t* a, const uint64_t* b, Py_ssize_t words) noexcept nogil

cdef enum:
    GROUP = 16  # fronts that are counted rather than bisected
    FEW_FRONTS = 6
    COUNTED = 16  # groups that are
    MOST_WORDS = 2097152  # of dominators kept at a time: 16 MiB, all rows of a population of 16,384


cdef struct Order:
    # Room for sorting n rows of m objectives.
    Item* items  # n
    Item* spare  # n
    int32_t* buckets  # 2 n + 1
    int32_t* lexicographic  # n rows, best first
    int32_t* by_objective  # m times n rows, best first, equal values by row; NULL where it is not wanted
    uint8_t* tied  # of each of these whether its value is that of the one before


cdef inline void sort_objective(
    const double* objectives, Py_ssize_t n, Py_ssize_t m, Py_ssize_t axis, Order* order
) noexcept nogil:
    """Sort the rows by one objective into ``order.items``, best first, equal values by row."""
    cdef Py_ssize_t row
    for row in range(n):
        order.items[row].value = objectives[row * m + axis]
        order.items[row].row = row
    sort_best_first(order.items, order.spare, order.buckets, n)


cdef inline bint same_row(const double* objectives, Py_ssize_t m, int64_t a, int64_t b) noexcept nogil:
    cdef Py_ssize_t axis
    for axis in range(m):
        if objectives[a * m + axis] != objectives[b * m + axis]:
            return False
    return True


cdef inline void sort_ties(
    const double* objectives, Py_ssize_t m, Py_ssize_t axis, Item* items, Item* spare, Py_ssize_t n
) noexcept nogil:
    """Order rows that are equal in objective ``axis``, by which the items are sorted, by the objectives after it."""
    cdef Py_ssize_t begin = 0, end, place, after
    if axis + 1 >= m:
        return
    while begin < n:
        end = begin + 1
        while end < n and items[end].value == items[begin].value:
            end += 1
        if end - begin > 1:
            after = first_difference(objectives, m, axis + 1, items + begin, end - begin)
            if after < m:  # some differ, so that calls are never nested more deeply than there are rows
                for place in range(begin, end):
                    items[place].value = objectives[items[place].row * m + after]
                merge_sort(items + begin, spare, end - begin)
                sort_ties(objectives, m, after, items + begin, spare, end - begin)
        begin = end


cdef inline Py_ssize_t first_difference(
    const double* objectives, Py_ssize_t m, Py_ssize_t axis, const Item* items, Py_ssize_t n
) noexcept nogil:
    """The first objective, from ``axis`` on, in which not all rows are equal; ``m`` if there is none."""
    cdef Py_ssize_t place
    for axis in range(axis, m):
        for place in range(1, n):
            if objectives[items[place].row * m + axis] != objectives[items[0].row * m + axis]:
                return axis
    return m


cdef inline void sort_rows(const double* objectives, Py_ssize_t n, Py_ssize_t m, Order* order) noexcept nogil:
    """Fill ``order``: the lexicographic one, equal rows by number, and those by single objectives if they are wanted."""
    cdef Py_ssize_t axis, place
    for axis in range(m - 1 if order.by_objective != NULL else 0, -1, -1):
        sort_objective(objectives, n, m, axis, order)
        if order.by_objective != NULL:
            for place in range(n):
                order.by_objective[axis * n + place] = <int32_t>order.items[place].row
                order.tied[axis * n + place] = place > 0 and order.items[place].value == order.items[place - 1].value
    sort_ties(objectives, m, 0, order.items, order.spare, n)
    for place in range(n):
        order.lexicographic[place] = <int32_t>order.items[place].row


cdef inline Py_ssize_t ranks_of_one(
    const double* objectives, Py_ssize_t n, const int32_t* order, int64_t* ranks
) noexcept nogil:
    """One front for each value; returns their number."""
    cdef Py_ssize_t place
    cdef int64_t front = -1
    for place in range(n):
        if place == 0 or objectives[order[place]] != objectives[order[place - 1]]:
            front += 1
        ranks[order[place]] = front
    return front + 1


cdef inline Py_ssize_t fronts_above(
    const double* greatest, const double* least_of_group, Py_ssize_t fronts, double second
) noexcept nogil:
    """How many of ``greatest``, which descend, are at least ``second``: groups of them, then those of the next group."""
    cdef Py_ssize_t low = 0, half, group, groups = fronts // GROUP
    if fronts <= FEW_FRONTS:  # the vectors below would wait for what was just stored
        for group in range(fronts):
            low += greatest[group] >= second
        return low
    while groups > COUNTED:
        half = groups >> 1
        if least_of_group[low + half - 1] >= second:
            low += half
            groups -= half
        else:
            groups = half
    half = low
    for group in range(groups):
        low += least_of_group[half + group] >= second
    half = GROUP * low
    low = half
    for group in range(GROUP):
        low += greatest[half + group] >= second
    return low


cdef inline Py_ssize_t ranks_of_two(
    const double* objectives, Py_ssize_t n, const int32_t* order, double* greatest, int64_t* ranks
) noexcept nogil:
    """Returns the number of fronts.

    ``greatest`` has room for 2 ``n`` + 2 ``GROUP``: the greatest second objective of each front, NaN behind the last,
    and the least of each whole group of them.
    """
    cdef Py_ssize_t place, front = 0, fronts = 0
    cdef double first, second, last_first = 0.0, last_second = 0.0
    cdef double* least_of_group = greatest + n + GROUP
    for place in range(GROUP):
        greatest[place] = NAN
    for place in range(n):
        first = objectives[2 * <Py_ssize_t>order[place]]
        second = objectives[2 * <Py_ssize_t>order[place] + 1]
        if place == 0 or first != last_first or second != last_second:
            front = fronts_above(greatest, least_of_group, fronts, second)
            greatest[front] = second
            if front % GROUP == GROUP - 1:
                least_of_group[front // GROUP] = second
            if front == fronts:
                fronts += 1
                greatest[fronts + GROUP - 1] = NAN
            last_first, last_second = first, second
        ranks[order[place]] = front
    return fronts


cdef inline Py_ssize_t ranks_of_three(
    const double* objectives, Py_ssize_t n, const int32_t* order, Staircase* stairs, int64_t* ranks
) noexcept nogil:
    """Returns the number of fronts, -1 if there is no memory. ``stairs`` has room for ``n``."""
    cdef Py_ssize_t place, low, high, middle, above, above_of_low, fronts = 0
    cdef bint added = True
    cdef const double* row
    for place in range(n):
        if place and same_row(objectives, 3, order[place], order[place - 1]):
            ranks[order[place]] = ranks[order[place - 1]]
            continue
        row = objectives + 3 * <Py_ssize_t>order[place]
        low, high, above_of_low = 0, fronts, 0
        while low < high:
            middle = (low + high) >> 1
            above = steps_above(&stairs[middle], row[1])
            if above > 0 and stairs[middle].steps[above - 1].second >= row[2]:  # it covers the row
                low = middle + 1
            else:
                high, above_of_low = middle, above
        if low == fronts:
            memset(&stairs[low], 0, sizeof(Staircase))
            fronts += 1
        added = add_step(&stairs[low], above_of_low, row[1], row[2])
        if not added:
            break
        ranks[order[place]] = low
    for place in range(fronts):
        free(stairs[place].steps)
    return fronts if added else -1


cdef struct FrontBits:
    # The places, in lexicographic order, of the rows of a front; words before ``first`` are 0 and not kept; whole strides.
    uint64_t* words
    Py_ssize_t first
    Py_ssize_t size
    Py_ssize_t room


cdef inline bint add_place(FrontBits* front, Py_ssize_t place) noexcept nogil:
    """Add a place after all others; False if there is no memory."""
    cdef Py_ssize_t size, room
    cdef uint64_t* moved
    if front.size == 0:
        front.first = words_of(place + 1) - STRIDE
    size = words_of(place + 1) - front.first
    if size > front.room:
        room = 2 * size
        moved = <uint64_t*>realloc(front.words, room * sizeof(uint64_t))
        if moved == NULL:
            return False
        front.words = moved
        front.room = room
    if size > front.size:
        memset(front.words + front.size, 0, (size - front.size) * sizeof(uint64_t))
        front.size = size
    front.words[(place >> 6) - front.first] |= <uint64_t>1 << (place & 63)
    return True


cdef inline void fill_prefixes(uint64_t* dominators, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """To each place from ``begin`` to ``end`` all places before it."""
    cdef Py_ssize_t place, offset = words_before(begin)
    cdef uint64_t* row
    for place in range(begin, end):
        row = dominators + (words_before(place) - offset)
        memset(row, 255, (place >> 6) * sizeof(uint64_t))
        memset(row + (place >> 6), 0, (words_of(place + 1) - (place >> 6)) * sizeof(uint64_t))
        row[place >> 6] = (<uint64_t>1 << (place & 63)) - 1


cdef inline bint place_rows(
    const double* objectives,
    Py_ssize_t m,
    const int32_t* order,
    const uint64_t* dominators,
    Py_ssize_t begin,
    Py_ssize_t end,
    FrontBits* fronts,
    Py_ssize_t* count,
    int64_t* ranks,
) noexcept nogil:
    """Find the fronts of the places from ``begin`` to ``end``; False if there is no memory."""
    cdef Py_ssize_t place, low, high, middle, offset = words_before(begin)
    cdef const uint64_t* row
    for place in range(begin, end):
        if place and same_row(objectives, m, order[place], order[place - 1]):
            ranks[order[place]] = ranks[order[place - 1]]
            continue
        row = dominators + (words_before(place) - offset)
        low, high = 0, count[0]
        while low < high:
            middle = (low + high) >> 1
            if have_common(row + fronts[middle].first, fronts[middle].words, fronts[middle].size):
                low = middle + 1
            else:
                high = middle
        if low == count[0]:
            memset(&fronts[low], 0, sizeof(FrontBits))
            count[0] += 1
        if not add_place(&fronts[low], place):
            return False
        ranks[order[place]] = low
    return True


cdef inline Py_ssize_t places_at_a_time(Py_ssize_t n) noexcept nogil:
    """Of how many places the dominators are kept at a time: as many as memory is allowed for, at least 64."""
    if words_before(n) <= MOST_WORDS:
        return n
    return max(<Py_ssize_t>64, MOST_WORDS // words_of(n))


cdef inline Py_ssize_t words_for_many(Py_ssize_t n) noexcept nogil:
    """Words that ``ranks_of_many`` needs: a set of n, and the dominators it keeps at a time."""
    cdef Py_ssize_t width = places_at_a_time(n)
    return words_of(n) + (words_before(n) if width == n else width * words_of(n))


cdef inline Py_ssize_t ranks_of_many(
    const double* objectives,
    Py_ssize_t n,
    Py_ssize_t m,
    const Order* order,
    int32_t* place_of,
    int32_t* places,
    FrontBits* fronts,
    uint64_t* bits,
    int64_t* ranks,
) noexcept nogil:
    """Returns the number of fronts, -1 if there is no memory.

    ``place_of``, ``places`` and ``fronts`` have room for ``n``, ``bits`` for ``words_for_many(n)``.
    """
    cdef Py_ssize_t begin = 0, end, axis, item, place, count = 0, width = places_at_a_time(n)
    cdef uint64_t* at_least = bits
    cdef uint64_t* dominators = bits + words_of(n)
    cdef bint placed = True
    for place in range(n):
        place_of[order.lexicographic[place]] = <int32_t>place
    while placed and begin < n:
        end = min(begin + width, n)
        fill_prefixes(dominators, begin, end)
        for axis in range(1, m):
            for item in range(n):
                places[item] = place_of[order.by_objective[axis * n + item]]
            restrict_dominators(places, order.tied + axis * n, n, begin, end, at_least, dominators)
        placed = place_rows(objectives, m, order.lexicographic, dominators, begin, end, fronts, &count, ranks)
        begin = end
    for place in range(count):
        free(fronts[place].words)
    return count if placed else -1
