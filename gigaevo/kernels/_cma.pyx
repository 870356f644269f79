# cython: boundscheck=False, wraparound=False, cdivision=True
"""Sampling and adaptation of CMA-ES, compiled. ``cma_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY, exp, fabs, fmod, isfinite, pow, sqrt
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc

cimport numpy as cnp

from gigaevo.kernels._boundary cimport fits
from gigaevo.kernels._random cimport RandomStream
from gigaevo.kernels._rng cimport Rng, normal

from gigaevo.kernels import checks, cma_checks

cnp.import_array()

cdef extern from "_cma_linear.h" nogil:
    enum:
        LANES
    void cma_multiply(const double* factor, Py_ssize_t n, double* tiles, Py_ssize_t groups)
    void cma_divide(const double* factor, Py_ssize_t n, double* tiles, Py_ssize_t groups)
    void cma_add_squares(
        double* covariance, Py_ssize_t n, double decay, const double* rows, Py_ssize_t stride, Py_ssize_t count,
        const double* weights, double* weighted
    )
    int cma_decompose(const double* covariance, Py_ssize_t n, double* factor, double* upper, Py_ssize_t stride)

cdef enum:
    FIELDS = 7

cdef double LARGEST_RISE = 1.0  # see cma_numpy

cdef struct State:
    Py_ssize_t n
    Py_ssize_t stride  # n rounded up to whole tiles
    double* mean
    double* step
    double* scale
    double* covariance
    double* factor
    double* step_path
    double* shape_path

cdef struct Rates:
    double c_mean
    double c_sigma
    double d_sigma
    double c_path
    double c_one
    double c_mu
    double mu_eff
    double chi


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


cdef void draw(Rng* rng, const State* state, double* tiles, Py_ssize_t count, double* out) noexcept nogil:
    """Fill ``out`` with samples; ``tiles`` has room for whole tiles of them."""
    cdef Py_ssize_t n = state.n, groups = (count + LANES - 1) // LANES, sample, i
    cdef double* tile
    cdef double step = state.step[0]
    for sample in range(groups * LANES):
        tile = tiles + sample // LANES * n * LANES + sample % LANES
        for i in range(n):
            tile[i * LANES] = normal(rng) if sample < count else 0.0
    cma_multiply(state.factor, n, tiles, groups)
    for sample in range(count):
        tile = tiles + sample // LANES * n * LANES + sample % LANES
        for i in range(n):
            out[sample * n + i] = state.mean[i] + step * state.scale[i] * tile[i * LANES]


def cma_sample(RandomStream stream not None, state, count, out=None):
    """See ``cma_numpy.cma_sample``."""
    cdef State arrays
    checks.check_count(count)
    cdef Py_ssize_t samples = count
    load_state(&arrays, state)
    cdef Py_ssize_t groups = (samples + LANES - 1) // LANES
    out = cma_checks.sample_buffer(out, count, arrays.n)
    cdef double* data = <double*>cnp.PyArray_DATA(<cnp.ndarray>out)
    cdef double* tiles = <double*>malloc((groups * LANES * arrays.n + 1) * sizeof(double))
    if tiles == NULL:
        raise MemoryError
    with nogil:
        draw(&stream.rng, &arrays, tiles, samples, data)
        free(tiles)
    return out


cdef inline double folded(double x, double low, double high, double edge) noexcept nogil:
    """One number brought into its bounds; see ``cma_numpy.cma_fold``."""
    cdef double from_low, from_high, width, mapped
    if low + edge <= x <= high - edge:
        return x
    if not isfinite(high):
        from_low, from_high = fabs(x - (low - edge)), INFINITY
    elif not isfinite(low):
        from_low, from_high = INFINITY, fabs(high + edge - x)
    else:
        width = high - low + 2.0 * edge
        from_low = x - (low - edge)
        if x < low - edge:
            from_low = -from_low
        from_low = fmod(from_low, 2.0 * width)
        if from_low > width:
            from_low = 2.0 * width - from_low
        from_high = width - from_low
    if from_low < 2.0 * edge:
        mapped = low + from_low * from_low / (4.0 * edge)
    elif from_high < 2.0 * edge:
        mapped = high - from_high * from_high / (4.0 * edge)
    else:
        mapped = low - edge + from_low if isfinite(low) else high + edge - from_high
    if not mapped >= low:
        return low
    return mapped if mapped <= high else high


cdef void fold(
    const double* points, Py_ssize_t count, Py_ssize_t n, const double* low, const double* high, const double* edge,
    double* out
) noexcept nogil:
    cdef Py_ssize_t row, i
    for row in range(count):
        for i in range(n):
            out[row * n + i] = folded(points[row * n + i], low[i], high[i], edge[i])


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
        points = checks.float_array("points", points, 2)
    cdef Py_ssize_t count = cnp.PyArray_DIM(<cnp.ndarray>points, 0), n = cnp.PyArray_DIM(<cnp.ndarray>points, 1)
    if not are_bounds(lower, upper, rim, n):
        lower, upper, rim = cma_checks.checked_bounds(lower, upper, rim, n)
    out = cma_checks.sample_buffer(out, count, n)
    cdef const double* given = <const double*>cnp.PyArray_DATA(<cnp.ndarray>points)
    cdef const double* low = <const double*>cnp.PyArray_DATA(<cnp.ndarray>lower)
    cdef const double* high = <const double*>cnp.PyArray_DATA(<cnp.ndarray>upper)
    cdef const double* edge = <const double*>cnp.PyArray_DATA(<cnp.ndarray>rim)
    cdef double* data = <double*>cnp.PyArray_DATA(<cnp.ndarray>out)
    with nogil:
        fold(given, count, n, low, high, edge, data)
    return out


cdef void rank(const double* merits, Py_ssize_t count, Py_ssize_t* order, Py_ssize_t* room) noexcept nogil:
    """Indices from the largest merit to the least, equal ones as they come: merge sort from the bottom up."""
    cdef Py_ssize_t width = 1, start, middle, end, left, right, place
    for place in range(count):
        order[place] = place
    while width < count:
        start = 0
        while start < count:
            middle, end = min(start + width, count), min(start + 2 * width, count)
            left, right = start, middle
            for place in range(start, end):
                if left < middle and (right >= end or merits[order[left]] >= merits[order[right]]):
                    room[place] = order[left]
                    left += 1
                else:
                    room[place] = order[right]
                    right += 1
            start = end
        for place in range(count):
            order[place] = room[place]
        width *= 2


cdef inline double squared_length(const double* lane, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0.0
    for i in range(n):
        total += lane[i * LANES] * lane[i * LANES]
    return total


cdef void whiten(
    const State* state, const double* rows, const Py_ssize_t* chosen, Py_ssize_t count, double* tiles
) noexcept nogil:
    """Spread ``rows[chosen]`` over tiles and divide them by the factor."""
    cdef Py_ssize_t n = state.n, groups = (count + LANES - 1) // LANES, item, i
    cdef double* tile
    for item in range(groups * LANES):
        tile = tiles + item // LANES * n * LANES + item % LANES
        for i in range(n):
            tile[i * LANES] = rows[chosen[item] * state.stride + i] if item < count else 0.0
    cma_divide(state.factor, n, tiles, groups)


cdef inline double* lane_of(double* tiles, Py_ssize_t n, Py_ssize_t item) noexcept nogil:
    return tiles + item // LANES * n * LANES + item % LANES


cdef void bring_near(
    const State* state, double* rows, const Py_ssize_t* order, const uint8_t* foreign, Py_ssize_t count,
    Py_ssize_t* chosen, double* tiles
) noexcept nogil:
    """See ``cma_numpy._bring_near``; ``foreign`` is by sample, ``rows`` are by rank."""
    cdef Py_ssize_t n = state.n, injected = 0, place, i
    cdef double length, limit = sqrt(<double>n) + 2.0 * n / (n + 2.0)
    chosen[0] = 0
    for place in range(count):
        if foreign[order[place]]:
            chosen[injected] = place
            injected += 1
    whiten(state, rows, chosen, injected, tiles)
    for place in range(injected):
        length = sqrt(squared_length(lane_of(tiles, n, place), n))
        if length > limit:
            for i in range(n):
                rows[chosen[place] * state.stride + i] *= limit / length


cdef bint adapt_step(const State* state, const double* move, const Rates* rates, Py_ssize_t generation) noexcept nogil:
    """Equations 43 and 44; whether h_sigma is 0. ``move`` is a lane."""
    cdef Py_ssize_t n = state.n, i
    cdef double gain = sqrt(rates.c_sigma * (2.0 - rates.c_sigma) * rates.mu_eff), length = 0.0, rise, usual
    for i in range(n):
        state.step_path[i] = (1.0 - rates.c_sigma) * state.step_path[i] + gain * move[i * LANES]
        length += state.step_path[i] * state.step_path[i]
    length = sqrt(length)
    rise = rates.c_sigma / rates.d_sigma * (length / rates.chi - 1.0)
    state.step[0] *= exp(rise if rise < LARGEST_RISE else LARGEST_RISE)
    usual = sqrt(1.0 - pow(1.0 - rates.c_sigma, 2.0 * (generation + 1)))
    return not length < (1.4 + 2.0 / (n + 1.0)) * rates.chi * usual


cdef double condition(const State* state) noexcept nogil:
    """See ``cma_numpy._condition``."""
    cdef double most = 0.0, least = INFINITY
    cdef Py_ssize_t i, n = state.n
    for i in range(n):
        most = max(most, state.covariance[i * n + i])
        least = min(least, state.factor[i * n + i] * state.factor[i * n + i])
    return most / least if least > 0.0 else INFINITY


cdef void update(
    const State* state, const double* genomes, const double* merits, const double* weights, Py_ssize_t count,
    const Rates* rates, Py_ssize_t generation, const uint8_t* foreign, double* rows, double* tiles, double* shapes,
    Py_ssize_t* order
) noexcept nogil:
    """Equations 41 to 47. Room: ``rows`` (count + 2) x stride, ``tiles`` for count + 1 lanes, ``shapes`` 2 (count + 1),
    ``order`` 2 (count + 1)."""
    cdef Py_ssize_t n = state.n, stride = state.stride, place, i, negatives = 0
    cdef Py_ssize_t* chosen = order + count + 1
    cdef double step = state.step[0], total = 0.0, gain, decay
    cdef double* row
    cdef double* move = rows + (count + 1) * stride
    rank(merits, count, order, chosen)
    for place in range(count):
        row = rows + place * stride
        for i in range(n):
            row[i] = (genomes[order[place] * n + i] - state.mean[i]) / (step * state.scale[i])
        for i in range(n, stride):
            row[i] = 0.0
        total += weights[place]
    if foreign != NULL:
        bring_near(state, rows, order, foreign, count, chosen, tiles)
    for i in range(stride):
        move[i] = 0.0
    for place in range(count):
        shapes[place] = weights[place] * rates.c_mu
        row = rows + place * stride
        if weights[place] > 0.0:
            for i in range(n):
                move[i] += weights[place] * row[i]  # 41
        elif weights[place] < 0.0:
            negatives += 1
            chosen[negatives] = place
    chosen[0] = count + 1
    whiten(state, rows, chosen, negatives + 1, tiles)
    for i in range(1, negatives + 1):
        shapes[chosen[i]] *= n / max(squared_length(lane_of(tiles, n, i), n), 1e-300)  # 46
    for i in range(n):
        state.mean[i] += rates.c_mean * step * state.scale[i] * move[i]  # 42
    stalled = adapt_step(state, tiles, rates, generation)
    gain = 0.0 if stalled else sqrt(rates.c_path * (2.0 - rates.c_path) * rates.mu_eff)
    row = rows + count * stride
    for i in range(stride):
        row[i] = 0.0
    for i in range(n):
        state.shape_path[i] = (1.0 - rates.c_path) * state.shape_path[i] + gain * move[i]  # 45
        row[i] = state.shape_path[i]
    shapes[count] = rates.c_one
    decay = 1.0 - rates.c_one - rates.c_mu * total
    if stalled:
        decay += rates.c_one * rates.c_path * (2.0 - rates.c_path)
    cma_add_squares(state.covariance, n, decay, rows, stride, count + 1, shapes, shapes + count + 1)  # 47


cdef double refactored(const State* state) except? -1.0:
    """Decompose the covariance; as ``cma_numpy.cma_factor``."""
    cdef double* upper = <double*>malloc(state.n * state.stride * sizeof(double))
    cdef bint done
    if upper == NULL:
        raise MemoryError
    with nogil:
        done = cma_decompose(state.covariance, state.n, state.factor, upper, state.stride)
        free(upper)
    return condition(state) if done else INFINITY


def cma_factor(state):
    """See ``cma_numpy.cma_factor``."""
    cdef State arrays
    load_state(&arrays, state)
    return refactored(&arrays)


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
    state, genomes, merits, weights, rates, Py_ssize_t generation, *, foreign=None, bint decompose=True
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
    cdef Py_ssize_t count = cnp.PyArray_DIM(<cnp.ndarray>genomes, 0), tiles_size, rows_size
    foreign = cma_checks.checked_foreign(foreign, count)
    cdef const uint8_t* flags = NULL
    if foreign is not None:
        flags = <const uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>foreign)
    cdef const double* points = <const double*>cnp.PyArray_DATA(<cnp.ndarray>genomes)
    cdef const double* values = <const double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    cdef const double* ranked = <const double*>cnp.PyArray_DATA(<cnp.ndarray>weights)
    cdef const Rates* constants = <const Rates*>cnp.PyArray_DATA(<cnp.ndarray>rates)
    rows_size = (count + 2) * arrays.stride
    tiles_size = (count + LANES) // LANES * LANES * arrays.n
    cdef double* room = <double*>malloc((rows_size + tiles_size + 2 * (count + 1)) * sizeof(double))
    cdef Py_ssize_t* order = <Py_ssize_t*>malloc(2 * (count + 1) * sizeof(Py_ssize_t))
    if room == NULL or order == NULL:
        free(room)
        free(order)
        raise MemoryError
    with nogil:
        update(
            &arrays, points, values, ranked, count, constants, generation, flags, room, room + rows_size,
            room + rows_size + tiles_size, order
        )
        free(room)
        free(order)
    return refactored(&arrays) if decompose else condition(&arrays)
