# Arrays at the boundary of a kernel.

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


cdef inline cnp.ndarray new_array(cnp.npy_intp size, int dtype):
    """A new one-dimensional array that is not initialised."""
    return cnp.PyArray_EMPTY(1, &size, dtype, 0)
