# cython: boundscheck=False, wraparound=False, cdivision=True
"""Sampling and adaptation of CMA-ES, compiled. ``cma_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY, fabs, fmod, isfinite, sqrt
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport fits
from gigaevo.kernels.compiled._functions cimport value_of
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng, normal, portable_exp, portable_log

from gigaevo.kernels.checks import array_checks, cma_checks

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


cdef struct Room:
    double* tiles  # whole tiles of samples, and of count + 1 lanes
    double* rows  # (count + 2) x stride
    double* shapes  # 2 (count + 1)
    double* upper  # n x stride
    Py_ssize_t* order  # 2 (count + 1)


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
    array_checks.check_count(count)
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
        points = array_checks.float_array("points", points, 2)
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
    state.step[0] *= portable_exp(rise if rise < LARGEST_RISE else LARGEST_RISE)
    usual = sqrt(1.0 - portable_exp(2.0 * (generation + 1) * portable_log(1.0 - rates.c_sigma)))
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
    const Rates* rates, Py_ssize_t generation, const uint8_t* foreign, double largest, Room* room
) noexcept nogil:
    """Equations 41 to 47."""
    cdef double* rows = room.rows
    cdef double* tiles = room.tiles
    cdef double* shapes = room.shapes
    cdef Py_ssize_t* order = room.order
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
    total = 0.0
    for i in range(n):
        total = max(total, state.covariance[i * n + i])
    if state.step[0] * sqrt(total) > largest:
        state.step[0] = largest / sqrt(total)


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


cdef struct Progress:
    Py_ssize_t made  # generations
    Py_ssize_t best_in  # the generation of the best of them, -1 for none
    Py_ssize_t invalid
    double best
    double condition


cdef void judge(
    int function, double sign, const double* codes, Py_ssize_t count, Py_ssize_t n, double* merits,
    double* best_code, double* extremes, Progress* progress
) noexcept nogil:
    """Evaluate a generation; note the best, and the largest and least merit in ``extremes``."""
    cdef Py_ssize_t row, i
    cdef double merit
    extremes[0], extremes[1] = -INFINITY, INFINITY
    for row in range(count):
        merit = sign * value_of(function, codes + row * n, n)
        if not isfinite(merit):
            merit = -INFINITY
            progress.invalid += 1
        merits[row] = merit
        extremes[0], extremes[1] = max(extremes[0], merit), min(extremes[1], merit)
        if merit > progress.best:
            progress.best, progress.best_in = merit, progress.made
            for i in range(n):
                best_code[i] = codes[row * n + i]


def cma_advance(
    RandomStream stream not None, state, int function, double sign, lower, upper, rim, weights, rates,
    Py_ssize_t generation, Py_ssize_t generations, Py_ssize_t patience, double target, double best, codes, merits,
    best_code, extremes, Py_ssize_t kept, double largest=INFINITY
):
    """See ``cma_numpy.cma_advance``."""
    cdef State arrays
    cdef Room room
    cdef Progress progress
    load_state(&arrays, state)
    cdef Py_ssize_t n = arrays.n, count, window
    cma_checks.check_largest(largest)
    cma_checks.check_advance(function, codes, merits, best_code, extremes, n, patience, kept)
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
    cdef double* best_genes = <double*>cnp.PyArray_DATA(<cnp.ndarray>best_code)
    cdef double* seen = <double*>cnp.PyArray_DATA(<cnp.ndarray>extremes)
    cdef double* samples = <double*>malloc(count * n * sizeof(double))
    if samples == NULL:
        raise MemoryError
    progress.made, progress.best_in, progress.invalid, progress.best = 0, -1, 0, best
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
    return progress.made, progress.condition, progress.best, progress.best_in, progress.invalid
