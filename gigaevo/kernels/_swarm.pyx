# cython: boundscheck=False, wraparound=False, cdivision=True
"""Particle swarms, compiled. ``swarm_numpy`` documents the functions and is their twin."""

from libc.stdint cimport int64_t, uint8_t, uint64_t
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
    ctypedef struct Pulls:
        double inertia
        double cognitive
        double social

    void fly_row(
        double*,
        double*,
        const double*,
        const double*,
        const uint64_t*,
        double*,
        const double*,
        const double*,
        const double*,
        Pulls,
        Py_ssize_t,
    )

cnp.import_array()


cdef struct Swarm:
    double* positions
    double* velocities
    const double* own
    const int64_t* leaders
    const double* limits
    const double* lower
    const double* upper
    const uint8_t* integer  # or NULL
    Py_ssize_t genes
    Pulls pulls


cdef void fly_rows(
    const Swarm* swarm, const int64_t* movers, Py_ssize_t n, uint64_t* words, Rng* rng, double* codes
) noexcept nogil:
    """``fly``: ``words`` are the draws of all, or with ``rng`` room for those of one."""
    cdef Py_ssize_t row, at, gene, genes = swarm.genes
    for row in range(n):
        at = movers[row] * genes
        if rng != NULL:
            for gene in range(genes):
                words[gene] = next_word(rng)
        fly_row(
            swarm.positions + at,
            swarm.velocities + at,
            swarm.own + at,
            swarm.own + swarm.leaders[movers[row]] * genes,
            words,
            codes + row * genes,
            swarm.limits,
            swarm.lower,
            swarm.upper,
            swarm.pulls,
            genes,
        )
        if rng == NULL:
            words += genes
        if swarm.integer != NULL:
            round_some(codes + row * genes, swarm.integer, genes)


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
    scratch = swarm_checks.draw_array(draws, (n, genes)) if given else new_array(genes, cnp.NPY_UINT64)
    cdef uint64_t* words = <uint64_t*>cnp.PyArray_DATA(<cnp.ndarray>scratch)
    moved = new_table(n, genes, cnp.NPY_FLOAT64)
    cdef Swarm swarm
    swarm.pulls.inertia, swarm.pulls.cognitive, swarm.pulls.social = inertia, cognitive, social
    swarm.limits, swarm.lower, swarm.upper = reading(limits), reading(lower), reading(upper)
    swarm.genes, swarm.integer = genes, whole
    swarm.positions = <double*>cnp.PyArray_DATA(<cnp.ndarray>positions)
    swarm.velocities = <double*>cnp.PyArray_DATA(<cnp.ndarray>velocities)
    swarm.own, swarm.leaders = reading(own), <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>leaders)
    cdef double* codes = <double*>cnp.PyArray_DATA(moved)
    cdef const int64_t* movers = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>particles)
    with nogil:
        fly_rows(&swarm, movers, n, words, NULL if given else &stream.rng, codes)
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
