# cython: boundscheck=False, wraparound=False, cdivision=True
"""Sampling and adaptation of CMA-ES, compiled. ``cma_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport fits
from gigaevo.kernels.compiled._cma_steps cimport (
    LANES,
    Progress,
    Rates,
    Room,
    State,
    cma_decompose,
    condition,
    draw,
    fold,
    judge,
    update,
)
from gigaevo.kernels.compiled._random cimport RandomStream

from gigaevo.kernels.advances import Advance
from gigaevo.kernels.checks import array_checks, cma_checks, functions_checks

cnp.import_array()

cdef enum:
    FIELDS = 7

cdef inline bint is_state_array(object given, int ndim, Py_ssize_t n) noexcept:
    cdef int axis
    if not (fits(given, cnp.NPY_FLOAT64, ndim) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>given)):
        return False
    for axis in range(ndim):
        if cnp.PyArray_DIM(<cnp.ndarray>given, axis) != n:
            return False
    return True


cdef int load_state(State* state, object described) except -1:
    """Point ``state`` at the arrays of a ``CmaState``, or raise."""
    cdef tuple given = tuple(described)
    cdef Py_ssize_t n = 0, item
    cdef double** fields = &state.mean
    cdef bint sound = len(given) == FIELDS and cnp.PyArray_CheckExact(given[0]) and given[0].ndim == 1
    if sound:
        n = cnp.PyArray_DIM(<cnp.ndarray>given[0], 0)
        sound = n > 0 and is_state_array(given[0], 1, n) and is_state_array(given[1], 1, 1)
        sound = sound and is_state_array(given[2], 1, n) and is_state_array(given[3], 2, n)
        sound = sound and is_state_array(given[4], 2, n) and is_state_array(given[5], 1, n)
        sound = sound and is_state_array(given[6], 1, n)
    if not sound:
        cma_checks.check_state(described)
        raise AssertionError("the twin accepts a state that the compiled kernel refuses")
    for item in range(FIELDS):
        fields[item] = <double*>cnp.PyArray_DATA(<cnp.ndarray>given[item])
    state.n = n
    state.stride = (n + LANES - 1) // LANES * LANES
    return 0


cdef int make_room(Room* room, const State* state, Py_ssize_t count) except -1:
    """Room for drawing, updating and decomposing; ``clear`` gives it back."""
    cdef Py_ssize_t tiles = (count + LANES) // LANES * LANES * state.n, rows = (count + 2) * state.stride
    cdef Py_ssize_t upper = state.n * state.stride
    room.tiles = <double*>malloc((tiles + rows + 2 * (count + 1) + upper) * sizeof(double))
    room.order = <Py_ssize_t*>malloc(2 * (count + 1) * sizeof(Py_ssize_t))
    if room.tiles == NULL or room.order == NULL:
        clear(room)
        raise MemoryError
    room.rows = room.tiles + tiles
    room.shapes = room.rows + rows
    room.upper = room.shapes + 2 * (count + 1)
    return 0


cdef void clear(Room* room) noexcept:
    free(room.tiles)
    free(room.order)


def cma_sample(RandomStream stream not None, state, count, out=None):
    """See ``cma_numpy.cma_sample``."""
    cdef State arrays
    array_checks.check_count(count)
    cdef Py_ssize_t samples = count
    load_state(&arrays, state)
    cdef Py_ssize_t groups = (samples + LANES - 1) // LANES
    out = array_checks.output(out, (count, arrays.n))
    cdef double* data = <double*>cnp.PyArray_DATA(<cnp.ndarray>out)
    cdef double* tiles = <double*>malloc((groups * LANES * arrays.n + 1) * sizeof(double))
    if tiles == NULL:
        raise MemoryError
    with nogil:
        draw(&stream.rng, &arrays, tiles, samples, data)
        free(tiles)
    return out


cdef bint are_bounds(object lower, object upper, object rim, Py_ssize_t n) noexcept:
    """Whether the bounds of a fold can be read as they are, values too."""
    cdef Py_ssize_t i
    cdef const double* low
    cdef const double* high
    cdef const double* edge
    cdef bint sound = True
    if not (fits(lower, cnp.NPY_FLOAT64, 1) and fits(upper, cnp.NPY_FLOAT64, 1) and fits(rim, cnp.NPY_FLOAT64, 1)):
        return False
    if cnp.PyArray_DIM(<cnp.ndarray>lower, 0) != n or cnp.PyArray_DIM(<cnp.ndarray>upper, 0) != n:
        return False
    if cnp.PyArray_DIM(<cnp.ndarray>rim, 0) != n:
        return False
    low = <const double*>cnp.PyArray_DATA(<cnp.ndarray>lower)
    high = <const double*>cnp.PyArray_DATA(<cnp.ndarray>upper)
    edge = <const double*>cnp.PyArray_DATA(<cnp.ndarray>rim)
    for i in range(n):
        sound &= low[i] <= high[i] and 0.0 <= edge[i] <= 0.5 * (high[i] - low[i])
    return sound


def cma_fold(points, lower, upper, rim, out=None):
    """See ``cma_numpy.cma_fold``."""
    if not fits(points, cnp.NPY_FLOAT64, 2):
        points = array_checks.float_array("points", points, 2)
    cdef Py_ssize_t count = cnp.PyArray_DIM(<cnp.ndarray>points, 0), n = cnp.PyArray_DIM(<cnp.ndarray>points, 1)
    if not are_bounds(lower, upper, rim, n):
        lower, upper, rim = cma_checks.checked_bounds(lower, upper, rim, n)
    out = array_checks.output(out, (count, n))
    cdef const double* given = <const double*>cnp.PyArray_DATA(<cnp.ndarray>points)
    cdef const double* low = <const double*>cnp.PyArray_DATA(<cnp.ndarray>lower)
    cdef const double* high = <const double*>cnp.PyArray_DATA(<cnp.ndarray>upper)
    cdef const double* edge = <const double*>cnp.PyArray_DATA(<cnp.ndarray>rim)
    cdef double* data = <double*>cnp.PyArray_DATA(<cnp.ndarray>out)
    with nogil:
        fold(given, count, n, low, high, edge, data)
    return out


def cma_factor(state):
    """See ``cma_numpy.cma_factor``."""
    cdef State arrays
    cdef Room room
    cdef bint done
    load_state(&arrays, state)
    make_room(&room, &arrays, 0)
    with nogil:
        done = cma_decompose(arrays.covariance, arrays.n, arrays.factor, room.upper, arrays.stride)
    clear(&room)
    return condition(&arrays) if done else INFINITY


cdef bint is_shaped(object genomes, object merits, object weights, object rates, Py_ssize_t n) noexcept:
    """Whether the arguments of an update can be read as they are, values aside."""
    cdef Py_ssize_t count
    if not (fits(genomes, cnp.NPY_FLOAT64, 2) and fits(merits, cnp.NPY_FLOAT64, 1)):
        return False
    if not (fits(weights, cnp.NPY_FLOAT64, 1) and fits(rates, cnp.NPY_FLOAT64, 1)):
        return False
    count = cnp.PyArray_DIM(<cnp.ndarray>genomes, 0)
    return (
        count > 0
        and cnp.PyArray_DIM(<cnp.ndarray>genomes, 1) == n
        and cnp.PyArray_DIM(<cnp.ndarray>merits, 0) == count
        and cnp.PyArray_DIM(<cnp.ndarray>weights, 0) == count
        and cnp.PyArray_DIM(<cnp.ndarray>rates, 0) == sizeof(Rates) // sizeof(double)
    )


cdef bint is_sound(const double* merits, const double* weights, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t item
    cdef bint sound = weights[0] > 0.0
    for item in range(count):
        sound &= merits[item] == merits[item]
    for item in range(1, count):
        sound &= weights[item] <= weights[item - 1]
    return sound


def cma_update(
    state, genomes, merits, weights, rates, Py_ssize_t generation, *, foreign=None, double largest=INFINITY,
    bint decompose=True
):
    """See ``cma_numpy.cma_update``."""
    cdef State arrays
    load_state(&arrays, state)
    if not is_shaped(genomes, merits, weights, rates, arrays.n) or not is_sound(
        <const double*>cnp.PyArray_DATA(<cnp.ndarray>merits),
        <const double*>cnp.PyArray_DATA(<cnp.ndarray>weights),
        cnp.PyArray_DIM(<cnp.ndarray>merits, 0),
    ):
        genomes, merits, weights, rates = cma_checks.checked_samples(genomes, merits, weights, rates, arrays.n)
    cdef Py_ssize_t count = cnp.PyArray_DIM(<cnp.ndarray>genomes, 0)
    cdef Room room
    foreign = cma_checks.checked_foreign(foreign, count)
    cma_checks.check_largest(largest)
    cdef const uint8_t* flags = NULL
    if foreign is not None:
        flags = <const uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>foreign)
    cdef const double* points = <const double*>cnp.PyArray_DATA(<cnp.ndarray>genomes)
    cdef const double* values = <const double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    cdef const double* ranked = <const double*>cnp.PyArray_DATA(<cnp.ndarray>weights)
    cdef const Rates* constants = <const Rates*>cnp.PyArray_DATA(<cnp.ndarray>rates)
    make_room(&room, &arrays, count)
    cdef bint sound = True
    with nogil:
        update(&arrays, points, values, ranked, count, constants, generation, flags, largest, &room)
        if decompose:
            sound = cma_decompose(arrays.covariance, arrays.n, arrays.factor, room.upper, arrays.stride)
    clear(&room)
    return condition(&arrays) if sound else INFINITY


def cma_advance(
    RandomStream stream not None, state, task, lower, upper, rim, weights, rates, Py_ssize_t generation,
    Py_ssize_t patience, codes, merits, extremes, Py_ssize_t kept, double largest=INFINITY
):
    """See ``cma_numpy.cma_advance``."""
    cdef State arrays
    cdef Room room
    cdef Progress progress
    load_state(&arrays, state)
    cdef Py_ssize_t n = arrays.n, count, window
    cma_checks.check_largest(largest)
    functions_checks.check_task(task, n)
    cma_checks.check_advance(codes, merits, extremes, n, patience, kept)
    cdef int function = task.function
    cdef Py_ssize_t generations = task.generations
    cdef double sign = task.sign, target = task.target
    count, window = (<cnp.ndarray>codes).shape[0], (<cnp.ndarray>extremes).shape[0]
    lower, upper, rim = cma_checks.checked_bounds(lower, upper, rim, n)
    _, _, weights, rates = cma_checks.checked_samples(codes, merits, weights, rates, n)
    cdef const double* low = <const double*>cnp.PyArray_DATA(<cnp.ndarray>lower)
    cdef const double* high = <const double*>cnp.PyArray_DATA(<cnp.ndarray>upper)
    cdef const double* edge = <const double*>cnp.PyArray_DATA(<cnp.ndarray>rim)
    cdef const double* ranked = <const double*>cnp.PyArray_DATA(<cnp.ndarray>weights)
    cdef const Rates* constants = <const Rates*>cnp.PyArray_DATA(<cnp.ndarray>rates)
    cdef double* genes = <double*>cnp.PyArray_DATA(<cnp.ndarray>codes)
    cdef double* values = <double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    cdef double* best_genes = <double*>cnp.PyArray_DATA(<cnp.ndarray>task.best_code)
    cdef double* seen = <double*>cnp.PyArray_DATA(<cnp.ndarray>extremes)
    cdef double* samples = <double*>malloc(count * n * sizeof(double))
    if samples == NULL:
        raise MemoryError
    progress.made, progress.best_generation, progress.invalid, progress.best = 0, 0, 0, task.best_merit
    progress.condition = condition(&arrays)
    try:
        make_room(&room, &arrays, count)
        with nogil:
            while progress.made < generations and progress.best < target and progress.condition < INFINITY:
                draw(&stream.rng, &arrays, room.tiles, count, samples)
                fold(samples, count, n, low, high, edge, genes)
                judge(
                    function, sign, genes, count, n, values, best_genes,
                    seen + 2 * ((kept + progress.made) % window), &progress
                )
                update(
                    &arrays, samples, values, ranked, count, constants, generation + progress.made, NULL, largest, &room
                )
                progress.condition = condition(&arrays)
                if (generation + progress.made) % patience == 0:
                    if not cma_decompose(arrays.covariance, n, arrays.factor, room.upper, arrays.stride):
                        progress.condition = INFINITY
                    else:
                        progress.condition = condition(&arrays)
                progress.made += 1
        clear(&room)
    finally:
        free(samples)
    return Advance(progress.made, progress.invalid, progress.best, progress.best_generation), progress.condition
