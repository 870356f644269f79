# cython: cdivision=True
# What is offered to an archive and what becomes of it, as memory. Python's modules are imported where they are needed,
# which is seldom: a .pxd has no globals.

from libc.stdint cimport int8_t, int32_t, int64_t

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport Table, fits, load_table, new_array


cdef struct Items:
    # What is offered; keys, behaviors and solutions are NULL where the archive keeps none.
    const int64_t* cells
    const double* objectives
    const int64_t* keys
    Table behaviors
    const double* solutions


cdef struct Outcome:
    # What became of each item, as ``add`` tells it, and the items that were let in, in order.
    int8_t* status
    int64_t* rows
    double* gains
    int32_t* winners


cdef inline const double* floats_in(object array) noexcept:
    """The numbers of a float64 array, NULL for None."""
    if array is None:
        return NULL
    return <const double*>cnp.PyArray_DATA(<cnp.ndarray>array)


cdef inline const double* row_in(const double* rows, int64_t row, int64_t width) noexcept nogil:
    if rows == NULL:
        return NULL
    return rows + row * width


cdef inline const double* behavior_in(const Items* items, int64_t item) noexcept nogil:
    return row_in(items.behaviors.data, item, items.behaviors.row_step)


cdef inline cnp.ndarray new_notes(Py_ssize_t n):
    """Room for what becomes of ``n`` items."""
    return new_array(n * (sizeof(int64_t) + sizeof(double) + sizeof(int32_t) + sizeof(int8_t)), cnp.NPY_INT8)


cdef inline void note_in(cnp.ndarray notes, Py_ssize_t n, Outcome* outcome) noexcept:
    """Let what becomes of ``n`` items be written to ``notes``."""
    outcome.rows = <int64_t*>cnp.PyArray_DATA(notes)
    outcome.gains = <double*>(outcome.rows + n)
    outcome.winners = <int32_t*>(outcome.gains + n)
    outcome.status = <int8_t*>(outcome.winners + n)


cdef inline int64_t first_of_the_best(const double* objectives, int64_t n) noexcept nogil:
    """The first item of the largest objective, -1 where there is none."""
    cdef int64_t item, best = 0
    for item in range(1, n):
        if objectives[item] > objectives[best]:
            best = item
    return best if n > 0 else -1


cdef inline bint are_equal(const double* left, const double* right, int64_t width) noexcept nogil:
    cdef int64_t place
    for place in range(width):
        if left[place] != right[place]:
            return False
    return True


cdef inline object checked_row(str name, object given, int64_t width):
    """An array of ``width`` numbers; None if the archive keeps none."""
    if width > 0 and fits(given, cnp.NPY_FLOAT64, 1) and cnp.PyArray_DIM(<cnp.ndarray>given, 0) == width:
        return given
    if width == 0 and given is None:
        return None
    from gigaevo.kernels.checks import archive_checks
    return archive_checks.optional_rows(name, given, (width,))


cdef inline object load_rows(Table* rows, str name, object given, Py_ssize_t n, int64_t width):
    """Look at an array of shape (n, width); the array, to be held, or None if the archive keeps none."""
    if width > 0 and load_table(rows, given) and rows.rows == n and rows.columns == width:
        return given
    rows.data = NULL
    if width == 0 and given is None:
        return None
    from gigaevo.kernels.checks import archive_checks
    given = archive_checks.optional_rows(name, given, (n, width))
    if given is not None:
        load_table(rows, given)
    return given


cdef inline object checked_rows(str name, object given, Py_ssize_t n, int64_t width):
    """A C-contiguous array of shape (n, width); None if the archive keeps none."""
    if (
        width > 0
        and fits(given, cnp.NPY_FLOAT64, 2)
        and cnp.PyArray_DIM(<cnp.ndarray>given, 0) == n
        and cnp.PyArray_DIM(<cnp.ndarray>given, 1) == width
    ):
        return given
    if width == 0 and given is None:
        return None
    from gigaevo.kernels.checks import archive_checks
    return archive_checks.optional_rows(name, given, (n, width))


cdef inline object checked_keys(object given, Py_ssize_t n, bint keyed):
    """int64 of shape (n,); None if the archive keeps none."""
    if keyed and fits(given, cnp.NPY_INT64, 1) and cnp.PyArray_DIM(<cnp.ndarray>given, 0) == n:
        return given
    if not keyed and given is None:
        return None
    from gigaevo.kernels.checks import archive_checks
    return archive_checks.optional_keys(given, n, keyed)


cdef inline int64_t checked_depth(object depth, int64_t total_cells) except -1:
    """The cells of a run, of which ``total_cells`` is a multiple."""
    cdef int64_t run = depth
    if run < 1 or total_cells % run:
        from gigaevo.kernels.checks import archive_checks
        archive_checks.check_depth(run, total_cells)
    return run
