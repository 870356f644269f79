# Arguments of kernels as arrays that can be read in place: as they are, converted, or an error that names them.
# Python's modules are imported where they are needed, which is seldom: a .pxd has no globals.

from libc.math cimport isfinite, rint
from libc.stdint cimport int64_t

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport are_below, fits


cdef inline cnp.ndarray doubles(str name, object given, int ndim):
    """``given`` as it is where it can be read in place, else converted, or an error."""
    if fits(given, cnp.NPY_FLOAT64, ndim):
        return <cnp.ndarray>given
    from gigaevo.kernels.checks import array_checks
    return array_checks.float_array(name, given, ndim)


cdef inline const double* reading(cnp.ndarray array) noexcept:
    """Its data."""
    return <const double*>cnp.PyArray_DATA(array)


cdef inline cnp.ndarray indices(str name, object given, int ndim, Py_ssize_t limit):
    """``given`` as indices below ``limit``, or an error."""
    if fits(given, cnp.NPY_INT64, ndim) and are_below(
        <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>given), cnp.PyArray_SIZE(given), limit
    ):
        return <cnp.ndarray>given
    from gigaevo.kernels.checks import array_checks
    return array_checks.index_array(name, given, ndim, limit)


cdef inline cnp.ndarray flags(str name, object given, Py_ssize_t rows, Py_ssize_t genes):
    """``given``, of shape (rows, genes) or (genes,) where ``rows`` is negative, as bytes of 0 and 1, or an error."""
    if fits(given, cnp.NPY_UINT8, 1 if rows < 0 else 2) and cnp.PyArray_DIM(<cnp.ndarray>given, rows >= 0) == genes:
        if rows < 0 or cnp.PyArray_DIM(<cnp.ndarray>given, 0) == rows:
            return <cnp.ndarray>given
    from gigaevo.kernels.checks import array_checks
    if rows < 0:
        return array_checks.flag_array(name, given, (genes,))
    return array_checks.flag_array(name, given, (rows, genes))


cdef inline cnp.ndarray owned(str name, object given, int ndim):
    """``given``, which is written to, or an error."""
    if fits(given, cnp.NPY_FLOAT64, ndim) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>given):
        return <cnp.ndarray>given
    from gigaevo.kernels.checks import array_checks
    return array_checks.owned_array(name, given, ndim)


cdef inline bint are_bounds(object lower, object upper, Py_ssize_t genes) noexcept:
    """Whether both can be read in place and are in order, or both are None."""
    if lower is None and upper is None:
        return True
    if not (fits(lower, cnp.NPY_FLOAT64, 1) and fits(upper, cnp.NPY_FLOAT64, 1)):
        return False
    if cnp.PyArray_DIM(<cnp.ndarray>lower, 0) != genes or cnp.PyArray_DIM(<cnp.ndarray>upper, 0) != genes:
        return False
    cdef const double* low = <const double*>cnp.PyArray_DATA(<cnp.ndarray>lower)
    cdef const double* high = <const double*>cnp.PyArray_DATA(<cnp.ndarray>upper)
    cdef bint sound = True
    cdef Py_ssize_t gene
    for gene in range(genes):
        sound &= low[gene] <= high[gene] and isfinite(high[gene] - low[gene])
    return sound


cdef inline bint are_whole(object lower, object upper, object integer, Py_ssize_t genes) noexcept:
    """Whether the bounds of genes that are whole numbers are such already, so that all can be read in place."""
    cdef const unsigned char* whole
    cdef const double* low
    cdef const double* high
    cdef Py_ssize_t gene
    cdef bint sound = True
    if integer is None:
        return True
    if not fits(integer, cnp.NPY_BOOL, 1) or cnp.PyArray_DIM(<cnp.ndarray>integer, 0) != genes:
        return False
    if lower is None:
        return True
    whole = <const unsigned char*>cnp.PyArray_DATA(<cnp.ndarray>integer)
    low = <const double*>cnp.PyArray_DATA(<cnp.ndarray>lower)
    high = <const double*>cnp.PyArray_DATA(<cnp.ndarray>upper)
    for gene in range(genes):
        sound &= not whole[gene] or (low[gene] == rint(low[gene]) and high[gene] == rint(high[gene]))
    return sound
