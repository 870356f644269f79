# cython: boundscheck=False, wraparound=False, cdivision=True
"""Children of the elites of an archive, compiled. ``emission_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint32_t

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport are_below, fits
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng, below, normal

from gigaevo.kernels.checks import emission_checks

cnp.import_array()

cdef extern from "_memory.h" nogil:
    void will_read(const void* address)


cdef struct Emission:
    const double* pool
    int64_t elites
    int64_t dims
    const double* sigma
    double line_sigma
    const double* lower
    const double* upper
    const int64_t* rows  # NULL where they are drawn


cdef inline const double* vector_of(object given, int64_t size) noexcept:
    """The numbers of a float64 array of shape (size,), NULL if it is none."""
    if fits(given, cnp.NPY_FLOAT64, 1) and cnp.PyArray_DIM(<cnp.ndarray>given, 0) == size:
        return <const double*>cnp.PyArray_DATA(<cnp.ndarray>given)
    return NULL


cdef bint load(
    Emission* made, object pool, int64_t count, object sigma, double line_sigma, object lower, object upper, object rows
) noexcept:
    """Fill in the arguments; False when one of them does not fit as it is."""
    cdef int64_t axis
    if not fits(pool, cnp.NPY_FLOAT64, 2) or not 0.0 <= line_sigma < INFINITY or count < 0:
        return False
    made.pool = <const double*>cnp.PyArray_DATA(<cnp.ndarray>pool)
    made.elites, made.dims = cnp.PyArray_DIM(<cnp.ndarray>pool, 0), cnp.PyArray_DIM(<cnp.ndarray>pool, 1)
    made.sigma, made.line_sigma = vector_of(sigma, made.dims), line_sigma
    made.lower, made.upper = vector_of(lower, made.dims), vector_of(upper, made.dims)
    if made.elites < 1 or made.sigma == NULL or made.lower == NULL or made.upper == NULL:
        return False
    for axis in range(made.dims):
        if not (0.0 <= made.sigma[axis] < INFINITY and made.lower[axis] <= made.upper[axis]):
            return False
    made.rows = NULL
    if rows is not None:
        if not fits(rows, cnp.NPY_INT64, 1) or cnp.PyArray_DIM(<cnp.ndarray>rows, 0) != count:
            return False
        made.rows = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>rows)
        return are_below(made.rows, count, made.elites)
    return True


cdef void breed(const Emission* given, int64_t count, double* children, Rng* source) noexcept nogil:
    """Parents are drawn one child ahead, so that they are there when they are needed."""
    cdef Rng rng = source[0]  # on the stack the compiler may keep it in registers
    cdef uint32_t elites = <uint32_t>given.elites
    cdef int64_t dims = given.dims, item, axis, first, second = 0, next_first, next_second = 0
    cdef const double* x
    cdef const double* y
    cdef double* child
    cdef double along = 0.0, value
    cdef bint line = given.line_sigma > 0.0
    next_first = draw(given, 0, elites, &rng)
    if line:
        next_second = below(&rng, elites)
    for item in range(count):
        first, second = next_first, next_second
        if item + 1 < count:
            next_first = draw(given, item + 1, elites, &rng)
            will_read(given.pool + next_first * dims)
            if line:
                next_second = below(&rng, elites)
                will_read(given.pool + next_second * dims)
        x, y, child = given.pool + first * dims, given.pool + second * dims, children + item * dims
        if line:
            along = given.line_sigma * normal(&rng)
        for axis in range(dims):
            value = x[axis] + given.sigma[axis] * normal(&rng)
            if line:
                value += along * (y[axis] - x[axis])
            value = value if value > given.lower[axis] else given.lower[axis]
            child[axis] = value if value < given.upper[axis] else given.upper[axis]
    source[0] = rng


cdef inline int64_t draw(const Emission* given, int64_t item, uint32_t elites, Rng* rng) noexcept nogil:
    """The first parent of a child."""
    return given.rows[item] if given.rows != NULL else below(rng, elites)


def iso_line(pool, count, sigma, double line_sigma, lower, upper, RandomStream stream not None, rows=None):
    """See ``emission_numpy.iso_line``."""
    cdef Emission given
    cdef cnp.npy_intp[2] shape
    cdef int64_t size = count
    if not load(&given, pool, size, sigma, line_sigma, lower, upper, rows):
        checked = emission_checks.checked_emission(pool, count, sigma, line_sigma, lower, upper, rows)
        if not load(&given, checked.pool, size, checked.sigma, line_sigma, checked.lower, checked.upper, checked.rows):
            raise AssertionError("the twin accepts what the compiled kernel refuses")
    shape[0], shape[1] = size, given.dims
    cdef cnp.ndarray children = cnp.PyArray_EMPTY(2, shape, cnp.NPY_FLOAT64, 0)
    cdef double* data = <double*>cnp.PyArray_DATA(children)
    if size:
        with nogil:
            breed(&given, size, data, &stream.rng)
    return children
