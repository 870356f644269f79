# cython: boundscheck=False, wraparound=False, cdivision=True
"""Which rows are new, compiled. ``distinct_numpy`` documents it and is its twin."""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy, memset

cimport numpy as cnp

from gigaevo.kernels._boundary cimport new_array

from gigaevo.kernels import distinct_checks

cnp.import_array()

cdef uint64_t GOLDEN = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio: odd, and its multiples lie far apart


def new_rows(rows, known):
    """See ``distinct_numpy.new_rows``."""
    if not (are_rows(rows) and are_rows(known)):
        rows, known = distinct_checks.plain_rows("rows", rows), distinct_checks.plain_rows("known", known)
        distinct_checks.check_alike(rows, known)
    elif (
        cnp.PyArray_TYPE(<cnp.ndarray>rows) != cnp.PyArray_TYPE(<cnp.ndarray>known)
        or cnp.PyArray_DIM(<cnp.ndarray>rows, 1) != cnp.PyArray_DIM(<cnp.ndarray>known, 1)
    ):
        distinct_checks.check_alike(rows, known)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>rows, 0)
    cdef Py_ssize_t size = cnp.PyArray_DIM(<cnp.ndarray>rows, 1) * cnp.PyArray_ITEMSIZE(<cnp.ndarray>rows)
    cdef Py_ssize_t before = cnp.PyArray_DIM(<cnp.ndarray>known, 0)
    cdef const char* row_data = <const char*>cnp.PyArray_DATA(<cnp.ndarray>rows)
    cdef const char* known_data = <const char*>cnp.PyArray_DATA(<cnp.ndarray>known)
    found = new_array(n, cnp.NPY_INT64)
    cdef int64_t* found_data = <int64_t*>cnp.PyArray_DATA(found)
    cdef Py_ssize_t count
    with nogil:
        count = find_new(row_data, n, known_data, before, size, found_data)
    if count < 0:
        raise MemoryError(f"no memory for {n + before} rows")
    return found[:count]


cdef inline bint are_rows(object given) noexcept:
    return (
        cnp.PyArray_CheckExact(given)
        and cnp.PyArray_NDIM(<cnp.ndarray>given) == 2
        and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>given)
        and cnp.PyArray_TYPE(<cnp.ndarray>given) != cnp.NPY_OBJECT
    )


cdef Py_ssize_t find_new(
    const char* rows, Py_ssize_t n, const char* known, Py_ssize_t before, Py_ssize_t size, int64_t* found
) noexcept nogil:
    """Write which of ``rows`` are new; their number, -1 if there is no memory. Open addressing with linear probing."""
    cdef Py_ssize_t row, count = 0
    cdef int shift = 60
    cdef Py_ssize_t slots = 16
    cdef const char* given
    while slots < 2 * (n + before):
        slots *= 2
        shift -= 1
    # Rows that were met, by slot: 0 where there is none, k + 1 for row k, counting the known ones first.
    cdef int32_t* table = <int32_t*>malloc(slots * sizeof(int32_t))
    if table == NULL:
        return -1
    memset(table, 0, slots * sizeof(int32_t))
    for row in range(before + n):
        given = row_of(known, before, rows, row, size)
        if add_row(table, slots - 1, shift, known, before, rows, row, given, size) and row >= before:
            found[count] = row - before
            count += 1
    free(table)
    return count


cdef inline const char* row_of(
    const char* known, Py_ssize_t before, const char* rows, Py_ssize_t row, Py_ssize_t size
) noexcept nogil:
    return known + row * size if row < before else rows + (row - before) * size


cdef inline bint add_row(
    int32_t* table,
    Py_ssize_t mask,
    int shift,
    const char* known,
    Py_ssize_t before,
    const char* rows,
    Py_ssize_t row,
    const char* given,
    Py_ssize_t size,
) noexcept nogil:
    """Put a row into the table; False if it is there already."""
    cdef Py_ssize_t slot = <Py_ssize_t>(hash_of(given, size) >> shift)
    while table[slot]:
        if memcmp(row_of(known, before, rows, table[slot] - 1, size), given, size) == 0:
            return False
        slot = (slot + 1) & mask
    table[slot] = <int32_t>(row + 1)
    return True


cdef inline uint64_t hash_of(const char* row, Py_ssize_t size) noexcept nogil:
    """Words times odd numbers of their own, added up; the upper bits depend on all of them."""
    cdef uint64_t total = 0, factor = GOLDEN, word
    cdef Py_ssize_t byte = 0
    while byte + 8 <= size:
        memcpy(&word, row + byte, 8)
        total += (word ^ (word >> 32)) * factor
        factor += 2 * GOLDEN
        byte += 8
    if byte < size:
        word = 0
        memcpy(&word, row + byte, size - byte)
        total += (word ^ (word >> 32)) * factor
    return total * GOLDEN
