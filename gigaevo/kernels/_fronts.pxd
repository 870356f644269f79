# Non-dominated sorting: which front each row of ``objectives`` (n, m) belongs to. Larger is better, no number is NaN.
#
# Rows are looked at in lexicographic order, best first, so that a row can only be dominated by those before it, and rows
# that are the same follow one another. A row that front k does not dominate is dominated by no front after k: the first
# such front is found by bisection (ENS-BS; Zhang, Tian, Cheng and Jin, "An efficient approach to nondominated sorting for
# evolutionary multiobjective optimization", 2015). What differs is how a front answers:
# - two objectives: by the greatest second objective it holds (the sweep of Kung, Luccio and Preparata, 1975);
# - three: by its staircase, those of its (second, third) that no other covers;
# - more: by a set of bits, which has none in common with the set of rows that dominate the row asked for.

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memmove, memset

from gigaevo.kernels._argsort cimport Item, merge_sort, sort_best_first

cdef extern from "_bits.h":
    void and_into(uint64_t* row, const uint64_t* other, Py_ssize_t words) noexcept nogil
    bint have_common(const uint64_t* a, const uint64_t* b, Py_ssize_t words) noexcept nogil

cdef enum:
    COUNTED = 32  # fronts up to which counting is faster than bisection
    MOST_WORDS = 2097152  # of dominators kept at a time: 16 MiB, all rows of a population of 16,384


cdef struct Order:
    # Room for sorting n rows of m objectives.
    Item* items  # n
    Item* spare  # n
    int32_t* buckets  # 2 n + 1
    int32_t* lexicographic  # n rows, best first
    int32_t* by_objective  # m times n rows, best first, equal values by row; NULL where it is not wanted


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
    cdef Py_ssize_t begin = 0, end, place
    if axis + 1 >= m:
        return
    while begin < n:
        end = begin + 1
        while end < n and items[end].value == items[begin].value:
            end += 1
        if end - begin > 1:
            for place in range(begin, end):
                items[place].value = objectives[items[place].row * m + axis + 1]
            merge_sort(items + begin, spare, end - begin)
            sort_ties(objectives, m, axis + 1, items + begin, spare, end - begin)
        begin = end


cdef inline void sort_rows(const double* objectives, Py_ssize_t n, Py_ssize_t m, Order* order) noexcept nogil:
    """Fill ``order``: the lexicographic one, equal rows by number, and those by single objectives if they are wanted."""
    cdef Py_ssize_t axis, place
    if order.by_objective != NULL:
        for axis in range(m - 1, 0, -1):
            sort_objective(objectives, n, m, axis, order)
            for place in range(n):
                order.by_objective[axis * n + place] = <int32_t>order.items[place].row
    sort_objective(objectives, n, m, 0, order)
    if order.by_objective != NULL:
        for place in range(n):
            order.by_objective[place] = <int32_t>order.items[place].row
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


cdef inline Py_ssize_t fronts_above(const double* greatest, Py_ssize_t fronts, double second) noexcept nogil:
    """How many of ``greatest``, which descend, are at least ``second``."""
    cdef Py_ssize_t low = 0, half, front
    if fronts <= COUNTED:
        for front in range(fronts):
            low += greatest[front] >= second
        return low
    while fronts > 1:
        half = fronts >> 1
        low += half if greatest[low + half - 1] >= second else 0
        fronts -= half
    return low + (greatest[low] >= second)


cdef inline Py_ssize_t ranks_of_two(
    const double* objectives, Py_ssize_t n, const int32_t* order, double* greatest, int64_t* ranks
) noexcept nogil:
    """Returns the number of fronts. ``greatest``, room for ``n``: the greatest second objective of each front."""
    cdef Py_ssize_t place, front = 0, fronts = 0
    cdef double first, second, last_first = 0.0, last_second = 0.0
    for place in range(n):
        first = objectives[2 * <Py_ssize_t>order[place]]
        second = objectives[2 * <Py_ssize_t>order[place] + 1]
        if place == 0 or first != last_first or second != last_second:
            front = fronts_above(greatest, fronts, second)
            greatest[front] = second
            fronts += front == fronts
            last_first, last_second = first, second
        ranks[order[place]] = front
    return fronts


cdef struct Step:
    double second
    double third


cdef struct Staircase:
    # Steps that no other of the front covers: the second objective falls, the third rises.
    Step* steps
    int32_t size
    int32_t room


cdef inline Py_ssize_t steps_above(const Staircase* stairs, double second) noexcept nogil:
    """How many steps are at least ``second`` in that objective."""
    cdef Py_ssize_t low = 0, half, size = stairs.size
    while size > 1:
        half = size >> 1
        low += half if stairs.steps[low + half - 1].second >= second else 0
        size -= half
    return low + (stairs.steps[low].second >= second)


cdef inline bint covers(const Staircase* stairs, double second, double third) noexcept nogil:
    """Whether some step is at least ``second`` and ``third``: the highest of those far enough is the last of them."""
    cdef Py_ssize_t above = steps_above(stairs, second)
    return above > 0 and stairs.steps[above - 1].third >= third


cdef inline bint add_step(Staircase* stairs, double second, double third) noexcept nogil:
    """Add a step that is not covered, remove those it covers; False if there is no memory."""
    cdef Py_ssize_t begin = 0, end
    cdef Step* moved
    if stairs.size == stairs.room:
        moved = <Step*>realloc(stairs.steps, (2 * stairs.room + 4) * sizeof(Step))
        if moved == NULL:
            return False
        stairs.steps = moved
        stairs.room = 2 * stairs.room + 4
    if stairs.size:
        begin = steps_above(stairs, second)
        if begin > 0 and stairs.steps[begin - 1].second == second:
            begin -= 1
    end = begin
    while end < stairs.size and stairs.steps[end].third <= third:
        end += 1
    memmove(stairs.steps + begin + 1, stairs.steps + end, (stairs.size - end) * sizeof(Step))
    stairs.steps[begin].second = second
    stairs.steps[begin].third = third
    stairs.size += <int32_t>(begin + 1 - end)
    return True


cdef inline Py_ssize_t ranks_of_three(
    const double* objectives, Py_ssize_t n, const int32_t* order, int64_t* ranks
) noexcept nogil:
    """Returns the number of fronts, -1 if there is no memory."""
    cdef Py_ssize_t place, low, high, middle, fronts = 0
    cdef bint added = True
    cdef const double* row
    cdef Staircase* stairs = <Staircase*>calloc(n + 1, sizeof(Staircase))
    if stairs == NULL:
        return -1
    for place in range(n):
        if place and same_row(objectives, 3, order[place], order[place - 1]):
            ranks[order[place]] = ranks[order[place - 1]]
            continue
        row = objectives + 3 * <Py_ssize_t>order[place]
        low, high = 0, fronts
        while low < high:
            middle = (low + high) >> 1
            if covers(&stairs[middle], row[1], row[2]):
                low = middle + 1
            else:
                high = middle
        added = add_step(&stairs[low], row[1], row[2])
        fronts += low == fronts
        if not added:
            break
        ranks[order[place]] = low
    for place in range(fronts):
        free(stairs[place].steps)
    free(stairs)
    return fronts if added else -1


cdef struct FrontBits:
    # The places, in lexicographic order, of the rows of a front; words before ``first`` are 0 and not kept.
    uint64_t* words
    Py_ssize_t first
    Py_ssize_t size
    Py_ssize_t room


cdef inline bint add_place(FrontBits* front, Py_ssize_t place) noexcept nogil:
    """Add a place after all others; False if there is no memory."""
    cdef Py_ssize_t word = place >> 6
    cdef uint64_t* moved
    if front.size == 0:
        front.first = word
    word -= front.first
    if word >= front.room:
        moved = <uint64_t*>realloc(front.words, (2 * word + 8) * sizeof(uint64_t))
        if moved == NULL:
            return False
        front.words = moved
        front.room = 2 * word + 8
    if word >= front.size:
        memset(front.words + front.size, 0, (word + 1 - front.size) * sizeof(uint64_t))
        front.size = word + 1
    front.words[word] |= <uint64_t>1 << (place & 63)
    return True


cdef inline Py_ssize_t words_before(Py_ssize_t place) noexcept nogil:
    """Words of the dominators of all places before ``place``; of each, one for every 64 places up to it."""
    cdef Py_ssize_t block = place >> 6
    return 32 * block * (block + 1) + (place & 63) * (block + 1)


cdef inline void restrict_dominators(
    const double* values,
    const int32_t* by_objective,
    const int32_t* place_of,
    Py_ssize_t n,
    Py_ssize_t m,
    Py_ssize_t begin,
    Py_ssize_t end,
    uint64_t* at_least,
    uint64_t* dominators,
) noexcept nogil:
    """Leave to the places from ``begin`` to ``end`` the dominators that are at least as good in one objective.

    ``values`` are its, m apart; ``at_least`` has room for a set of n and holds the rows met so far, best first.
    """
    cdef Py_ssize_t first = 0, last, item, place, offset = words_before(begin)
    cdef double value
    memset(at_least, 0, ((n + 63) >> 6) * sizeof(uint64_t))
    while first < n:
        value = values[by_objective[first] * m]
        last = first
        while last < n and values[by_objective[last] * m] == value:
            place = place_of[by_objective[last]]
            at_least[place >> 6] |= <uint64_t>1 << (place & 63)
            last += 1
        for item in range(first, last):
            place = place_of[by_objective[item]]
            if begin <= place < end:
                and_into(dominators + (words_before(place) - offset), at_least, (place >> 6) + 1)
        first = last


cdef inline void fill_prefixes(uint64_t* dominators, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """To each place from ``begin`` to ``end`` all places before it."""
    cdef Py_ssize_t place, offset = words_before(begin)
    cdef uint64_t* row
    for place in range(begin, end):
        row = dominators + (words_before(place) - offset)
        memset(row, 255, (place >> 6) * sizeof(uint64_t))
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
        count[0] += low == count[0]
        if not add_place(&fronts[low], place):
            return False
        ranks[order[place]] = low
    return True


cdef inline Py_ssize_t ranks_of_many(
    const double* objectives, Py_ssize_t n, Py_ssize_t m, const Order* order, int32_t* place_of, int64_t* ranks
) noexcept nogil:
    """Returns the number of fronts, -1 if there is no memory. ``place_of`` has room for ``n``."""
    cdef Py_ssize_t begin = 0, end, axis, place, count = 0, words = (n + 63) >> 6
    # As many places at a time as their dominators fit into the memory allowed, at least 64.
    cdef Py_ssize_t width = n if words_before(n) <= MOST_WORDS else max(64, (MOST_WORDS // words) & ~63)
    cdef Py_ssize_t room = words_before(n) if width == n else width * words
    cdef bint placed = True
    cdef uint64_t* dominators = <uint64_t*>malloc((room + 1) * sizeof(uint64_t))
    cdef uint64_t* at_least = <uint64_t*>malloc((words + 1) * sizeof(uint64_t))
    cdef FrontBits* fronts = <FrontBits*>calloc(n + 1, sizeof(FrontBits))
    if dominators == NULL or at_least == NULL or fronts == NULL:
        placed = False
    for place in range(n):
        place_of[order.lexicographic[place]] = <int32_t>place
    while placed and begin < n:
        end = min(begin + width, n)
        fill_prefixes(dominators, begin, end)
        for axis in range(1, m):
            restrict_dominators(
                objectives + axis, order.by_objective + axis * n, place_of, n, m, begin, end, at_least, dominators
            )
        placed = place_rows(objectives, m, order.lexicographic, dominators, begin, end, fronts, &count, ranks)
        begin = end
    if fronts != NULL:
        for place in range(count):
            free(fronts[place].words)
    free(fronts)
    free(at_least)
    free(dominators)
    return count if placed else -1
