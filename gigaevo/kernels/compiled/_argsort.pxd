# cython: cdivision=True
# Argsort of float64, best (largest) first, equal values by row. Values fall into as many buckets as there are items,
# evenly spaced between the least and the greatest, and one insertion pass finishes: about 5 ns an item. Where most fall
# into few buckets (an outlier, many ties) the pass gives up and a merge sort takes over: all steps are stable, so both
# end with the same order.

from libc.math cimport isfinite
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy

cdef enum:
    FEW = 24  # items that an insertion pass alone sorts fastest
    MOVES = 8  # of an item, on average, at which the insertion pass gives up


cdef struct Item:
    double value
    int64_t row


cdef inline bint insertion_sort(Item* items, Py_ssize_t n, Py_ssize_t most_moves) noexcept nogil:
    """Sort, stable; False if it would take more than about ``most_moves``, the order is then somewhere on the way."""
    cdef Py_ssize_t place, hole, moves = 0
    cdef Item item
    for place in range(1, n):
        item = items[place]
        hole = place
        while hole > 0 and items[hole - 1].value < item.value:
            items[hole] = items[hole - 1]
            hole -= 1
        items[hole] = item
        moves += place - hole
        if moves > most_moves:
            return False
    return True


cdef inline void merge_sort(Item* items, Item* spare, Py_ssize_t n) noexcept nogil:
    """Sort, stable. ``spare`` has room for ``n``."""
    cdef Item* source = items
    cdef Item* target = spare
    cdef Item* other
    cdef Py_ssize_t begin, middle, end, left, right, place, width = FEW
    begin = 0
    while begin < n:
        insertion_sort(items + begin, min(<Py_ssize_t>FEW, n - begin), FEW * FEW)
        begin += FEW
    while width < n:
        begin = 0
        while begin < n:
            middle = min(begin + width, n)
            end = min(middle + width, n)
            left, right = begin, middle
            for place in range(begin, end):
                if right == end or (left < middle and source[left].value >= source[right].value):
                    target[place] = source[left]
                    left += 1
                else:
                    target[place] = source[right]
                    right += 1
            begin = end
        other = source
        source = target
        target = other
        width *= 2
    if source != items:
        memcpy(items, source, n * sizeof(Item))


cdef inline void sort_best_first(Item* items, Item* spare, int32_t* buckets, Py_ssize_t n) noexcept nogil:
    """Sort, stable. ``spare`` has room for ``n`` items, ``buckets`` for 2 ``n`` + 1 numbers; no value is NaN."""
    cdef double least, greatest, scale
    cdef Py_ssize_t place
    cdef int32_t bucket
    cdef int32_t* starts = buckets + n
    if n <= FEW:
        insertion_sort(items, n, FEW * FEW)
        return
    least = greatest = items[0].value
    for place in range(1, n):
        least = min(least, items[place].value)
        greatest = max(greatest, items[place].value)
    if least == greatest:
        return
    scale = <double>(n - 1) / (greatest - least)
    if not (isfinite(scale) and isfinite(greatest - least) and scale > 0.0):
        merge_sort(items, spare, n)
        return
    for place in range(n + 1):
        starts[place] = 0
    for place in range(n):
        # The quotient may round up by less than one bucket, never beyond the last.
        bucket = min(<int32_t>((greatest - items[place].value) * scale), <int32_t>(n - 1))
        buckets[place] = bucket
        starts[bucket + 1] += 1
    for place in range(n):
        starts[place + 1] += starts[place]
    for place in range(n):
        bucket = buckets[place]
        spare[starts[bucket]] = items[place]
        starts[bucket] += 1
    memcpy(items, spare, n * sizeof(Item))
    if not insertion_sort(items, n, MOVES * n):
        merge_sort(items, spare, n)
