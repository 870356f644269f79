# Arrays at the boundary of a kernel.

from libc.stdint cimport int64_t, uint64_t

cimport numpy as cnp


cdef inline bint fits(object given, int dtype, int ndim) noexcept:
    """Whether ``given`` can be read in place: an aligned C-contiguous array of ``dtype`` in native byte order.

    Looking at the flags costs a tenth of taking a typed memoryview, which matters where one point is handled a call.
    """
    if not cnp.PyArray_CheckExact(given):
        return False
    return (
        cnp.PyArray_TYPE(<cnp.ndarray>given) == dtype
        and cnp.PyArray_NDIM(<cnp.ndarray>given) == ndim
        and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>given)
    )


cdef struct Table:
    # Numbers of shape (rows, columns), wherever they lie; steps are counted in numbers. ``data`` is NULL for none.
    const double* data
    int64_t rows
    int64_t columns
    int64_t row_step
    int64_t column_step


cdef inline bint load_table(Table* table, object given) noexcept:
    """Read an aligned float64 array of two dimensions in native byte order in place, whatever its strides; else False."""
    if not cnp.PyArray_CheckExact(given):
        return False
    if (
        cnp.PyArray_TYPE(<cnp.ndarray>given) != cnp.NPY_FLOAT64
        or cnp.PyArray_NDIM(<cnp.ndarray>given) != 2
        or not cnp.PyArray_ISBEHAVED_RO(<cnp.ndarray>given)
    ):
        return False
    table.data = <const double*>cnp.PyArray_DATA(<cnp.ndarray>given)
    table.rows, table.columns = cnp.PyArray_DIM(<cnp.ndarray>given, 0), cnp.PyArray_DIM(<cnp.ndarray>given, 1)
    table.row_step = cnp.PyArray_STRIDE(<cnp.ndarray>given, 0) // <int64_t>sizeof(double)
    table.column_step = cnp.PyArray_STRIDE(<cnp.ndarray>given, 1) // <int64_t>sizeof(double)
    return True


cdef inline cnp.ndarray new_array(cnp.npy_intp size, int dtype):
    """A new one-dimensional array that is not initialised."""
    return cnp.PyArray_EMPTY(1, &size, dtype, 0)


cdef inline cnp.ndarray new_table(Py_ssize_t rows, Py_ssize_t columns, int dtype):
    """A new table that is not initialised."""
    cdef cnp.npy_intp[2] shape
    shape[0], shape[1] = rows, columns
    return cnp.PyArray_EMPTY(2, shape, dtype, 0)


cdef inline bint are_uniforms(const double* given, Py_ssize_t n) noexcept nogil:
    """Whether all of ``given`` are in [0, 1)."""
    cdef Py_ssize_t item
    for item in range(n):
        if not (0.0 <= given[item] < 1.0):
            return False
    return True


cdef inline bint are_below(const int64_t* given, Py_ssize_t n, int64_t limit) noexcept nogil:
    """Whether all of ``given`` are in 0 to ``limit - 1``."""
    cdef bint below = True
    cdef Py_ssize_t item
    for item in range(n):
        below &= <uint64_t>given[item] < <uint64_t>limit
    return below
