# cython: boundscheck=False, wraparound=False, cdivision=True
"""Children of the elites of an archive, compiled. ``emission_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint32_t, uint64_t

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport are_below, fits
from gigaevo.kernels.compiled._lanes cimport LANES, Lanes, fill_lanes, fill_normals, seed_lanes
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng, scaled

from gigaevo.kernels.checks import emission_checks

cnp.import_array()

cdef extern from "_memory.h" nogil:
    void will_read(const void* address)

cdef extern from "_emission.h" nogil:
    void vary_rows(
        double* children, Py_ssize_t count, Py_ssize_t dims, const double* pool, const int64_t* first,
        const int64_t* second, const double* along, const double* sigma, const double* lower, const double* upper
    )

cdef enum:
    FAMILIES = 32  # children at a time, a whole number of steps of the lanes


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
    """Parents of some children are drawn at once, and are on their way from memory while the normal numbers are made."""
    cdef Rng rng = source[0]  # on the stack the compiler may keep it in registers
    cdef Lanes lanes
    cdef uint64_t[FAMILIES] words
    cdef int64_t[FAMILIES] first, second
    cdef double[FAMILIES] along
    cdef int64_t dims = given.dims, done = 0, item, some
    cdef uint32_t elites = <uint32_t>given.elites
    cdef bint line = given.line_sigma > 0.0
    seed_lanes(&lanes, &rng)
    while done < count:
        some = min(count - done, <int64_t>FAMILIES)
        fill_lanes(&lanes, words, FAMILIES // LANES)
        for item in range(some):  # a word has two parents
            first[item] = scaled(<uint32_t>(words[item] >> 32), elites)
            if given.rows != NULL:
                first[item] = given.rows[done + item]
            will_read_row(given.pool + first[item] * dims, dims)
            if line:
                second[item] = scaled(<uint32_t>words[item], elites)
                will_read_row(given.pool + second[item] * dims, dims)
        if line:
            fill_normals(&lanes, along, some, &rng)
            for item in range(some):
                along[item] *= given.line_sigma
        fill_normals(&lanes, children + done * dims, some * dims, &rng)
        vary_rows(
            children + done * dims, some, dims, given.pool, first, second if line else NULL, along, given.sigma,
            given.lower, given.upper,
        )
        done += some
    source[0] = rng


cdef inline void will_read_row(const double* row, int64_t dims) noexcept nogil:
    """Ask for both ends of a row; in between, where there is more, the processor sees where it leads."""
    will_read(row)
    will_read(row + dims - 1)


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
