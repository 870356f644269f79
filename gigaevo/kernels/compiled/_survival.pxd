# Who stays in a population, and which rows are there already: on rows of any type, ``stride`` bytes each.
# ``breeding_numpy`` documents what is done.

from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy


cdef inline double greatest(double* merits, Py_ssize_t n, Py_ssize_t rank) noexcept nogil:
    """The ``rank``-th greatest of ``n`` merits, from 1 on; they change places. Quickselect of Hoare (1961)."""
    cdef Py_ssize_t low = 0, high = n - 1, left, right, wanted = rank - 1
    cdef double pivot, first, middle, last
    while low < high:
        first, middle, last = merits[low], merits[(low + high) >> 1], merits[high]
        pivot = max(min(first, middle), min(max(first, middle), last))
        left, right = low, high
        while left <= right:
            while merits[left] > pivot:
                left += 1
            while merits[right] < pivot:
                right -= 1
            if left <= right:
                merits[left], merits[right] = merits[right], merits[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            return pivot
    return merits[wanted]


cdef inline void compete_rows(
    char* codes,
    double* merits,
    Py_ssize_t n,
    const char* children,
    const double* child_merits,
    Py_ssize_t count,
    Py_ssize_t stride,
    double* scratch,
) noexcept nogil:
    """The best ``n`` of all stay, of equal merits the children; ``scratch`` has room for ``n + count`` numbers."""
    cdef Py_ssize_t row = 0, child, free_for_equal = n, child_equals = 0
    cdef double least
    memcpy(scratch, merits, n * sizeof(double))
    memcpy(scratch + n, child_merits, count * sizeof(double))
    least = greatest(scratch, n + count, n)
    for child in range(n):
        free_for_equal -= merits[child] > least
    for child in range(count):
        free_for_equal -= child_merits[child] > least
        child_equals += child_merits[child] == least
    child_equals = min(child_equals, free_for_equal)
    free_for_equal -= child_equals  # what is left for those that were there before
    for child in range(count):
        if child_merits[child] < least or (child_merits[child] == least and child_equals == 0):
            continue
        child_equals -= child_merits[child] == least
        while merits[row] > least or (merits[row] == least and free_for_equal > 0):
            free_for_equal -= merits[row] == least
            row += 1
        merits[row] = child_merits[child]
        memcpy(codes + row * stride, children + child * stride, stride)
        row += 1


cdef inline void succeed_rows(
    char* codes,
    double* merits,
    Py_ssize_t n,
    const char* children,
    const double* child_merits,
    Py_ssize_t elites,
    Py_ssize_t stride,
    double* scratch,
) noexcept nogil:
    """The best ``elites`` move to the front, of equal merits the lower rows; children take the rows behind them."""
    cdef Py_ssize_t row, kept = 0, equals = elites
    cdef double least
    if elites:
        memcpy(scratch, merits, n * sizeof(double))
        least = greatest(scratch, n, elites)
        for row in range(n):
            equals -= merits[row] > least
        for row in range(n):
            if merits[row] > least or (merits[row] == least and equals > 0):
                equals -= merits[row] == least
                if kept != row:
                    merits[kept] = merits[row]
                    memcpy(codes + kept * stride, codes + row * stride, stride)
                kept += 1
                if kept == elites:
                    break
    memcpy(merits + elites, child_merits, (n - elites) * sizeof(double))
    memcpy(codes + elites * stride, children, (n - elites) * stride)


cdef struct Known:
    # Rows that are known, in a table of open addresses: places of codes from 0 on, of children behind them.
    Py_ssize_t n
    Py_ssize_t stride
    const char* codes
    const char* children
    uint64_t last  # slot; the number of slots is a power of two, at least twice that of rows
    int32_t* places  # -1: an empty slot
    uint32_t* tags


cdef inline uint64_t slots_for(Py_ssize_t rows) noexcept nogil:
    cdef uint64_t slots = 16
    while slots < <uint64_t>(2 * rows):
        slots *= 2
    return slots


cdef inline uint64_t row_hash(const char* row, Py_ssize_t stride) noexcept nogil:
    """64 bits from the words of a row, each multiplied by an odd number of its own."""
    cdef uint64_t total = 0, word, factor = 0x9E3779B97F4A7C15u
    cdef Py_ssize_t at = 0
    while at + 8 <= stride:
        memcpy(&word, row + at, 8)
        total += (word ^ (word >> 32)) * factor
        factor += 0xBF58476D1CE4E5B8u
        at += 8
    if at < stride:
        word = 0
        memcpy(&word, row + at, stride - at)
        total += (word ^ (word >> 32)) * factor
    total = (total ^ (total >> 32)) * 0x94D049BB133111EBu
    return total ^ (total >> 31)


cdef inline bint was_known(Known* known, Py_ssize_t place) noexcept nogil:
    """Whether a row like that at ``place`` is known; it is from now on."""
    cdef const char* row = row_at(known, place)
    cdef uint64_t code = row_hash(row, known.stride), slot = code & known.last
    cdef uint32_t tag = <uint32_t>(code >> 32)
    while known.places[slot] >= 0:
        if known.tags[slot] == tag and memcmp(row_at(known, known.places[slot]), row, known.stride) == 0:
            return True
        slot = (slot + 1) & known.last
    known.places[slot], known.tags[slot] = <int32_t>place, tag
    return False


cdef inline const char* row_at(const Known* known, Py_ssize_t place) noexcept nogil:
    if place < known.n:
        return known.codes + place * known.stride
    return known.children + (place - known.n) * known.stride
