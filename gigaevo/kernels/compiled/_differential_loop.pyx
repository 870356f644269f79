# cython: boundscheck=False, wraparound=False, cdivision=True
"""Generations of differential evolution on a native function, compiled; ``differential_loop_numpy`` is the twin."""

from libc.math cimport INFINITY, isfinite
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport new_array, new_table
from gigaevo.kernels.compiled._differential cimport (
    Draw,
    cross_rows,
    draw_rows,
    lead_rows,
    means_of,
    recombine_rows,
    replace_rows,
    settle_rows,
)
from gigaevo.kernels.compiled._functions cimport value_of
from gigaevo.kernels.compiled._inputs cimport doubles, flags, indices, owned, reading
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng, uniform

from gigaevo.kernels.checks import array_checks, differential_checks, functions_checks
from gigaevo.kernels.advances import Advance

cnp.import_array()

cdef struct Search:
    Draw draw
    Py_ssize_t n
    Py_ssize_t genes
    Py_ssize_t columns
    double* pool
    double* merits
    int64_t room
    double* memory_weights
    double* memory_rates
    uint32_t entries
    int64_t* counters
    const int64_t* targets
    const double* lower
    const double* upper
    const uint8_t* integer
    int function
    double sign
    bint exponential
    bint adaptive
    double lowest
    double highest
    double* best_code
    double best_merit
    int64_t best_generation
    int64_t invalid
    # Room for a generation.
    int64_t* leaders
    int64_t* parents
    uint8_t* crossed
    double* weights
    double* rates
    double* trials
    double* worth
    double* gains


cdef void evaluate_trials(Search* search, int64_t generation) noexcept nogil:
    """Merits of the trials; the best is noted."""
    cdef Py_ssize_t row, best = -1
    cdef double merit
    for row in range(search.n):
        merit = search.sign * value_of(search.function, search.trials + row * search.genes, search.genes)
        if not isfinite(merit):
            merit = -INFINITY
            search.invalid += 1
        search.worth[row] = merit
        if merit > search.best_merit:
            best, search.best_merit = row, merit
    if best >= 0:
        search.best_generation = generation
        memcpy(search.best_code, search.trials + best * search.genes, search.genes * sizeof(double))


cdef void make_generation(Search* search, int64_t generation, Rng* rng) noexcept nogil:
    cdef Py_ssize_t trial
    cdef int64_t oldest = search.counters[1]
    lead_rows(search.merits, search.draw.size, search.leaders, search.draw.most)
    if search.adaptive:
        settle_rows(
            search.memory_weights, search.memory_rates, search.entries, search.n, search.weights, search.rates, rng
        )
    elif search.highest > search.lowest:
        for trial in range(search.n):
            search.weights[trial] = search.lowest + (search.highest - search.lowest) * uniform(rng)
    search.draw.pool = <uint32_t>(search.draw.size + search.counters[0])
    draw_rows(&search.draw, search.targets, search.n, search.parents, rng)
    cross_rows(search.crossed, search.n, search.genes, search.rates, search.exponential, rng)
    recombine_rows(
        search.trials,
        search.pool,
        search.genes,
        search.targets,
        search.n,
        search.parents,
        search.columns,
        search.weights,
        search.crossed,
        search.lower,
        search.upper,
        search.integer,
    )
    evaluate_trials(search, generation)
    search.counters[0] = replace_rows(
        search.pool,
        search.genes,
        search.merits,
        search.draw.size,
        search.targets,
        search.n,
        search.trials,
        search.worth,
        search.counters[0],
        search.room,
        search.gains,
        rng,
    )
    if search.adaptive and means_of(
        search.gains,
        search.weights,
        search.rates,
        search.n,
        search.memory_weights + oldest,
        search.memory_rates + oldest,
    ):
        search.counters[1] = (oldest + 1) % search.entries


def advance(
    plan,
    pool,
    merits,
    memory,
    counters,
    targets,
    lower,
    upper,
    integer,
    task,
    RandomStream stream not None,
):
    """See ``differential_loop_numpy.advance``."""
    cdef Search search
    differential_checks.check_plan(plan, memory, counters)
    pool, merits = owned("pool", pool, 2), owned("merits", merits, 1)
    cdef int64_t rows = cnp.PyArray_DIM(<cnp.ndarray>pool, 0), size = cnp.PyArray_DIM(<cnp.ndarray>merits, 0)
    cdef Py_ssize_t genes = cnp.PyArray_DIM(<cnp.ndarray>pool, 1), n
    array_checks.check_genes(genes)
    functions_checks.check_task(task, genes)
    differential_checks.check_room(rows, size, counters[0])
    differential_checks.check_most(plan.leading, size)
    targets = indices("targets", targets, 1, size)
    n = cnp.PyArray_DIM(<cnp.ndarray>targets, 0)
    lower, upper = doubles("lower", lower, 1), doubles("upper", upper, 1)
    for name, array in (("lower", lower), ("upper", upper)):
        if cnp.PyArray_DIM(<cnp.ndarray>array, 0) != genes:
            array_checks.check_shape(name, array, (genes,))
    integer = None if integer is None else flags("integer", integer, -1, genes)
    leaders = new_array(plan.leading, cnp.NPY_INT64)
    leaders[:] = 0
    differential_checks.check_draw(
        size, rows, leaders, min(2, plan.leading), plan.base, plan.pull, plan.differences
    )
    columns = 1 + plan.pull + 2 * plan.differences
    parents, crossed = new_table(n, columns, cnp.NPY_INT64), new_table(n, genes, cnp.NPY_UINT8)
    trials, settings = new_table(n, genes, cnp.NPY_FLOAT64), new_table(4, n, cnp.NPY_FLOAT64)
    settings[0], settings[1] = plan.lowest, plan.rate
    search.n, search.genes, search.columns, search.room = n, genes, columns, rows - size
    search.function, search.sign, search.invalid, search.best_generation = task.function, task.sign, 0, 0
    search.exponential, search.adaptive = plan.exponential, plan.adaptive
    search.lowest, search.highest, search.best_merit = plan.lowest, plan.highest, task.best_merit
    search.pool = <double*>cnp.PyArray_DATA(<cnp.ndarray>pool)
    search.merits = <double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    search.entries = <uint32_t>cnp.PyArray_DIM(<cnp.ndarray>memory, 1)
    search.memory_weights = <double*>cnp.PyArray_DATA(<cnp.ndarray>memory)
    search.memory_rates = search.memory_weights + search.entries
    search.counters = <int64_t*>cnp.PyArray_DATA(<cnp.ndarray>counters)
    search.targets = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>targets)
    search.lower, search.upper = reading(lower), reading(upper)
    search.integer = NULL
    if integer is not None:
        search.integer = <const uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>integer)
    search.best_code = <double*>cnp.PyArray_DATA(<cnp.ndarray>task.best_code)
    search.leaders = <int64_t*>cnp.PyArray_DATA(<cnp.ndarray>leaders)
    search.parents = <int64_t*>cnp.PyArray_DATA(<cnp.ndarray>parents)
    search.crossed = <uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>crossed)
    search.trials = <double*>cnp.PyArray_DATA(<cnp.ndarray>trials)
    search.weights = <double*>cnp.PyArray_DATA(<cnp.ndarray>settings)
    search.rates = search.weights + n
    search.worth, search.gains = search.weights + 2 * n, search.weights + 3 * n
    search.draw.size, search.draw.leaders = <uint32_t>size, search.leaders
    search.draw.most, search.draw.least = plan.leading, min(2, plan.leading)
    search.draw.base, search.draw.pull = plan.base, plan.pull
    search.draw.members = differential_checks.members_drawn(plan.base, plan.differences)
    cdef int64_t generation = 0, generations = task.generations
    cdef double target = task.target
    with nogil:
        while generation < generations:
            generation += 1
            make_generation(&search, generation, &stream.rng)
            if search.best_merit >= target:
                break
    return Advance(generation, search.invalid, search.best_merit, search.best_generation)
