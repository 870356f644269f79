# cython: boundscheck=False, wraparound=False, cdivision=True
"""Particle swarms, compiled. ``swarm_numpy`` documents the functions and is their twin."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cimport numpy as cnp

from gigaevo.kernels._boundary cimport new_array, new_table
from gigaevo.kernels._inputs cimport doubles, flags, indices, owned, reading
from gigaevo.kernels._random cimport RandomStream
from gigaevo.kernels._rng cimport Rng, next_word


from gigaevo.kernels import checks, swarm_checks

cdef extern from "_rounding.h" nogil:
    void round_some(double*, const uint8_t*, Py_ssize_t)

cdef extern from "_swarm.h" nogil:
    ctypedef struct Flight:
        double inertia
        double cognitive
        double social
        const double* limits
        const double* lower
        const double* upper

    void fly_row(
        double*, double*, const double*, const double*, const uint32_t*, double*, Flight, Py_ssize_t
    )

cnp.import_array()


cdef inline void fill_words(uint32_t* words, Py_ssize_t pairs, Rng* rng) noexcept nogil:
    """Two words of 32 bits from each of 64."""
    cdef Py_ssize_t pair
    cdef uint64_t word
    for pair in range(pairs):
        word = next_word(rng)
        words[2 * pair] = <uint32_t>(word >> 32)
        words[2 * pair + 1] = <uint32_t>word


def fly(
    positions,
    velocities,
    own,
    leaders,
    particles,
    double inertia,
    double cognitive,
    double social,
    limits,
    lower,
    upper,
    RandomStream stream not None,
    integer=None,
    draws=None,
):
    """See ``swarm_numpy.fly``."""
    positions, velocities, own = owned("positions", positions, 2), owned("velocities", velocities, 2), doubles("own", own, 2)
    cdef Py_ssize_t size = cnp.PyArray_DIM(<cnp.ndarray>positions, 0), genes = cnp.PyArray_DIM(<cnp.ndarray>positions, 1)
    if not cnp.PyArray_SAMESHAPE(<cnp.ndarray>positions, <cnp.ndarray>velocities):
        checks.check_shape("velocities", velocities, (size, genes))
    if not cnp.PyArray_SAMESHAPE(<cnp.ndarray>positions, <cnp.ndarray>own):
        checks.check_shape("own", own, (size, genes))
    leaders, particles = indices("leaders", leaders, 1, size), indices("particles", particles, 1, size)
    if cnp.PyArray_DIM(<cnp.ndarray>leaders, 0) != size:
        checks.check_shape("leaders", leaders, (size,))
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>particles, 0), row
    limits, lower, upper = doubles("limits", limits, 1), doubles("lower", lower, 1), doubles("upper", upper, 1)
    for name, array in (("limits", limits), ("lower", lower), ("upper", upper)):
        if cnp.PyArray_DIM(<cnp.ndarray>array, 0) != genes:
            checks.check_shape(name, array, (genes,))
    cdef const uint8_t* whole = NULL
    if integer is not None:
        integer = flags("integer", integer, -1, genes)
        whole = <const uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>integer)
    cdef bint given = draws is not None
    scratch = swarm_checks.draw_array(draws, (n, 2, genes)) if given else new_array(2 * genes, cnp.NPY_UINT32)
    cdef uint32_t* words = <uint32_t*>cnp.PyArray_DATA(<cnp.ndarray>scratch)
    moved = new_table(n, genes, cnp.NPY_FLOAT64)
    cdef Flight flight
    flight.inertia, flight.cognitive, flight.social = inertia, cognitive, social
    flight.limits, flight.lower, flight.upper = reading(limits), reading(lower), reading(upper)
    cdef double* places = <double*>cnp.PyArray_DATA(<cnp.ndarray>positions)
    cdef double* speeds = <double*>cnp.PyArray_DATA(<cnp.ndarray>velocities)
    cdef double* codes = <double*>cnp.PyArray_DATA(moved)
    cdef const double* bests = reading(own)
    cdef const int64_t* followed = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>leaders)
    cdef const int64_t* movers = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>particles)
    cdef Py_ssize_t at
    with nogil:
        for row in range(n):
            at = movers[row] * genes
            if not given:
                fill_words(words, genes, &stream.rng)
            fly_row(
                places + at,
                speeds + at,
                bests + at,
                bests + followed[movers[row]] * genes,
                words,
                codes + row * genes,
                flight,
                genes,
            )
            if given:
                words += 2 * genes
            if whole != NULL:
                round_some(codes + row * genes, whole, genes)
    return moved


def note_own(own, merits, particles, codes, code_merits):
    """See ``swarm_numpy.note_own``."""
    own, merits = owned("own", own, 2), owned("merits", merits, 1)
    cdef Py_ssize_t size = cnp.PyArray_DIM(<cnp.ndarray>own, 0), genes = cnp.PyArray_DIM(<cnp.ndarray>own, 1)
    if cnp.PyArray_DIM(<cnp.ndarray>merits, 0) != size:
        checks.check_shape("merits", merits, (size,))
    particles = indices("particles", particles, 1, size)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>particles, 0), visit, better = 0
    codes, code_merits = doubles("codes", codes, 2), doubles("code_merits", code_merits, 1)
    if cnp.PyArray_DIM(<cnp.ndarray>codes, 0) != n or cnp.PyArray_DIM(<cnp.ndarray>codes, 1) != genes:
        checks.check_shape("codes", codes, (n, genes))
    if cnp.PyArray_DIM(<cnp.ndarray>code_merits, 0) != n:
        checks.check_shape("code_merits", code_merits, (n,))
    cdef double* bests = <double*>cnp.PyArray_DATA(<cnp.ndarray>own)
    cdef double* ranks = <double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    cdef const int64_t* rows = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>particles)
    cdef const double* there = reading(codes)
    cdef const double* worth = reading(code_merits)
    with nogil:
        for visit in range(n):
            if worth[visit] > ranks[rows[visit]]:
                ranks[rows[visit]] = worth[visit]
                memcpy(bests + rows[visit] * genes, there + visit * genes, genes * sizeof(double))
                better += 1
    return better


def ring_leaders(merits, int64_t neighbors):
    """See ``swarm_numpy.ring_leaders``."""
    merits = doubles("merits", merits, 1)
    cdef int64_t size = cnp.PyArray_DIM(<cnp.ndarray>merits, 0), particle, other, leader, step, reach
    swarm_checks.check_not_empty(size)
    swarm_checks.check_ring(neighbors)
    leaders = new_array(size, cnp.NPY_INT64)
    cdef int64_t* followed = <int64_t*>cnp.PyArray_DATA(leaders)
    cdef const double* worth = reading(merits)
    reach = min(neighbors, size // 2)
    with nogil:
        for particle in range(size):
            leader = particle
            other = particle - reach
            if other < 0:
                other += size
            for step in range(2 * reach + 1):
                if worth[other] > worth[leader]:
                    leader = other
                other += 1
                if other == size:
                    other = 0
            followed[particle] = leader
    return leaders
