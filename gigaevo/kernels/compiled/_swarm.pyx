# cython: boundscheck=False, wraparound=False, cdivision=True
"""Particle swarms, compiled. ``swarm_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY, isfinite
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport new_array, new_table
from gigaevo.kernels.compiled._functions cimport value_of
from gigaevo.kernels.compiled._inputs cimport doubles, flags, indices, owned, reading
from gigaevo.kernels.compiled._lanes cimport LANES, Lanes, fill_lanes, seed_lanes
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng


from gigaevo.kernels.checks import array_checks, functions_checks, swarm_checks
from gigaevo.kernels.advances import Advance

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
    double* own
    int64_t* leaders
    const double* limits
    const double* lower
    const double* upper
    const uint8_t* integer  # or NULL
    Py_ssize_t size
    Py_ssize_t genes
    Pulls pulls


cdef void fly_rows(
    const Swarm* swarm, const int64_t* movers, Py_ssize_t n, uint64_t* words, Rng* rng, double* codes
) noexcept nogil:
    """``fly``: ``words`` are the draws of all, or with ``rng`` room for those of one, in whole steps of the lanes."""
    cdef Py_ssize_t row, at, genes = swarm.genes, steps = (swarm.genes + LANES - 1) // LANES
    cdef Lanes lanes
    if rng != NULL:
        seed_lanes(&lanes, rng)
    for row in range(n):
        at = movers[row] * genes
        if rng != NULL:
            fill_lanes(&lanes, words, steps)
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


cdef int prepare(
    Swarm* swarm,
    object positions,
    object velocities,
    object own,
    object leaders,
    object flight,
    object limits,
    object lower,
    object upper,
    object integer,
) except -1:
    """Fill ``swarm`` with arrays that can be read in place, or raise; they must outlive it."""
    cdef Py_ssize_t size = cnp.PyArray_DIM(<cnp.ndarray>positions, 0)
    cdef Py_ssize_t genes = cnp.PyArray_DIM(<cnp.ndarray>positions, 1)
    if not cnp.PyArray_SAMESHAPE(<cnp.ndarray>positions, <cnp.ndarray>velocities):
        array_checks.check_shape("velocities", velocities, (size, genes))
    if not cnp.PyArray_SAMESHAPE(<cnp.ndarray>positions, <cnp.ndarray>own):
        array_checks.check_shape("own", own, (size, genes))
    if cnp.PyArray_DIM(<cnp.ndarray>leaders, 0) != size:
        array_checks.check_shape("leaders", leaders, (size,))
    if cnp.PyArray_DIM(<cnp.ndarray>limits, 0) != genes:
        array_checks.check_shape("limits", limits, (genes,))
    if cnp.PyArray_DIM(<cnp.ndarray>lower, 0) != genes:
        array_checks.check_shape("lower", lower, (genes,))
    if cnp.PyArray_DIM(<cnp.ndarray>upper, 0) != genes:
        array_checks.check_shape("upper", upper, (genes,))
    swarm.pulls.inertia, swarm.pulls.cognitive, swarm.pulls.social = flight
    swarm.size, swarm.genes = size, genes
    swarm.positions = <double*>cnp.PyArray_DATA(<cnp.ndarray>positions)
    swarm.velocities = <double*>cnp.PyArray_DATA(<cnp.ndarray>velocities)
    swarm.own, swarm.leaders = <double*>reading(own), <int64_t*>cnp.PyArray_DATA(<cnp.ndarray>leaders)
    swarm.limits, swarm.lower, swarm.upper = reading(limits), reading(lower), reading(upper)
    swarm.integer = NULL
    if integer is not None:
        swarm.integer = <const uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>integer)
    return 0


def fly(
    positions,
    velocities,
    own,
    leaders,
    particles,
    flight,
    limits,
    lower,
    upper,
    integer,
    RandomStream stream not None,
    draws=None,
):
    """See ``swarm_numpy.fly``."""
    cdef Swarm swarm
    positions, velocities = owned("positions", positions, 2), owned("velocities", velocities, 2)
    own = doubles("own", own, 2)
    cdef Py_ssize_t size = cnp.PyArray_DIM(<cnp.ndarray>positions, 0)
    cdef Py_ssize_t genes = cnp.PyArray_DIM(<cnp.ndarray>positions, 1)
    leaders, particles = indices("leaders", leaders, 1, size), indices("particles", particles, 1, size)
    limits, lower, upper = doubles("limits", limits, 1), doubles("lower", lower, 1), doubles("upper", upper, 1)
    integer = None if integer is None else flags("integer", integer, -1, genes)
    prepare(&swarm, positions, velocities, own, leaders, flight, limits, lower, upper, integer)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>particles, 0)
    cdef bint given = draws is not None
    scratch = swarm_checks.draw_array(draws, (n, genes)) if given else new_array(genes + LANES, cnp.NPY_UINT64)
    moved = new_table(n, genes, cnp.NPY_FLOAT64)
    cdef uint64_t* words = <uint64_t*>cnp.PyArray_DATA(<cnp.ndarray>scratch)
    cdef double* codes = <double*>cnp.PyArray_DATA(moved)
    cdef const int64_t* movers = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>particles)
    with nogil:
        fly_rows(&swarm, movers, n, words, NULL if given else &stream.rng, codes)
    return moved


cdef Py_ssize_t note_rows(
    double* own,
    double* merits,
    Py_ssize_t genes,
    const int64_t* rows,
    Py_ssize_t n,
    const double* codes,
    const double* worth,
) noexcept nogil:
    """``note_own``."""
    cdef Py_ssize_t visit, better = 0
    for visit in range(n):
        if worth[visit] > merits[rows[visit]]:
            merits[rows[visit]] = worth[visit]
            memcpy(own + rows[visit] * genes, codes + visit * genes, genes * sizeof(double))
            better += 1
    return better


def note_own(own, merits, particles, codes, code_merits):
    """See ``swarm_numpy.note_own``."""
    own, merits = owned("own", own, 2), owned("merits", merits, 1)
    cdef Py_ssize_t size = cnp.PyArray_DIM(<cnp.ndarray>own, 0), genes = cnp.PyArray_DIM(<cnp.ndarray>own, 1)
    if cnp.PyArray_DIM(<cnp.ndarray>merits, 0) != size:
        array_checks.check_shape("merits", merits, (size,))
    particles = indices("particles", particles, 1, size)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>particles, 0), better
    codes, code_merits = doubles("codes", codes, 2), doubles("code_merits", code_merits, 1)
    if cnp.PyArray_DIM(<cnp.ndarray>codes, 0) != n or cnp.PyArray_DIM(<cnp.ndarray>codes, 1) != genes:
        array_checks.check_shape("codes", codes, (n, genes))
    if cnp.PyArray_DIM(<cnp.ndarray>code_merits, 0) != n:
        array_checks.check_shape("code_merits", code_merits, (n,))
    cdef double* bests = <double*>cnp.PyArray_DATA(<cnp.ndarray>own)
    cdef double* ranks = <double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    cdef const int64_t* rows = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>particles)
    cdef const double* there = reading(codes)
    cdef const double* worth = reading(code_merits)
    with nogil:
        better = note_rows(bests, ranks, genes, rows, n, there, worth)
    return better


cdef void lead_ring(const double* worth, int64_t size, int64_t neighbors, int64_t* leaders) noexcept nogil:
    """``ring_leaders``."""
    cdef int64_t particle, other, leader, step, reach = min(neighbors, size // 2)
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
        leaders[particle] = leader


cdef void lead_all(const double* worth, int64_t size, int64_t* leaders) noexcept nogil:
    """The best particle leads all, the first of equally good ones."""
    cdef int64_t particle, leader = 0
    for particle in range(1, size):
        if worth[particle] > worth[leader]:
            leader = particle
    for particle in range(size):
        leaders[particle] = leader


def ring_leaders(merits, int64_t neighbors):
    """See ``swarm_numpy.ring_leaders``."""
    merits = doubles("merits", merits, 1)
    cdef int64_t size = cnp.PyArray_DIM(<cnp.ndarray>merits, 0)
    swarm_checks.check_not_empty(size)
    swarm_checks.check_ring(neighbors)
    leaders = new_array(size, cnp.NPY_INT64)
    cdef const double* worth = reading(merits)
    with nogil:
        lead_ring(worth, size, neighbors, <int64_t*>cnp.PyArray_DATA(leaders))
    return leaders


def advance(
    positions,
    velocities,
    own,
    merits,
    leaders,
    particles,
    flight,
    limits,
    lower,
    upper,
    integer,
    int64_t neighbors,
    task,
    RandomStream stream not None,
):
    """See ``swarm_numpy.advance``."""
    cdef Swarm swarm
    swarm_checks.check_loop(leaders, neighbors)
    positions, velocities = owned("positions", positions, 2), owned("velocities", velocities, 2)
    own, merits = owned("own", own, 2), owned("merits", merits, 1)
    cdef Py_ssize_t size = cnp.PyArray_DIM(<cnp.ndarray>positions, 0)
    cdef Py_ssize_t genes = cnp.PyArray_DIM(<cnp.ndarray>positions, 1)
    array_checks.check_genes(genes)
    functions_checks.check_task(task, genes)
    if cnp.PyArray_DIM(<cnp.ndarray>merits, 0) != size:
        array_checks.check_shape("merits", merits, (size,))
    leaders, particles = indices("leaders", leaders, 1, size), indices("particles", particles, 1, size)
    limits, lower, upper = doubles("limits", limits, 1), doubles("lower", lower, 1), doubles("upper", upper, 1)
    integer = None if integer is None else flags("integer", integer, -1, genes)
    prepare(&swarm, positions, velocities, own, leaders, flight, limits, lower, upper, integer)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>particles, 0), row, top
    scratch, moved = new_array(genes + LANES, cnp.NPY_UINT64), new_table(n, genes, cnp.NPY_FLOAT64)
    values = new_array(n, cnp.NPY_FLOAT64)
    cdef uint64_t* words = <uint64_t*>cnp.PyArray_DATA(scratch)
    cdef double* codes = <double*>cnp.PyArray_DATA(moved)
    cdef double* worth = <double*>cnp.PyArray_DATA(values)
    cdef double* ranks = <double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    cdef double* best_code = <double*>cnp.PyArray_DATA(<cnp.ndarray>task.best_code)
    cdef const int64_t* movers = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>particles)
    cdef int function = task.function
    cdef double sign = task.sign, target = task.target, best_merit = task.best_merit
    cdef int64_t generation = 0, generations = task.generations, invalid = 0, best_generation = 0
    with nogil:
        while generation < generations:
            generation += 1
            top = -1
            fly_rows(&swarm, movers, n, words, &stream.rng, codes)
            for row in range(n):
                worth[row] = sign * value_of(function, codes + row * genes, genes)
                if not isfinite(worth[row]):
                    worth[row] = -INFINITY
                    invalid += 1
                if worth[row] > best_merit:
                    top, best_merit = row, worth[row]
            if top >= 0:
                best_generation = generation
                memcpy(best_code, codes + top * genes, genes * sizeof(double))
            if note_rows(swarm.own, ranks, genes, movers, n, codes, worth):
                if neighbors:
                    lead_ring(ranks, size, neighbors, swarm.leaders)
                else:
                    lead_all(ranks, size, swarm.leaders)
            if best_merit >= target:
                break
    return Advance(generation, invalid, best_merit, best_generation)
