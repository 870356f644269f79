# cython: cdivision=True
# The steps of CMA-ES over a loaded state: drawing, folding, ranking, updating. ``cma_numpy`` says what they do.

from libc.math cimport INFINITY, fabs, fmod, isfinite, sqrt
from libc.stdint cimport uint8_t

from gigaevo.kernels.compiled._functions cimport value_of
from gigaevo.kernels.compiled._rng cimport Rng, normal, portable_exp, portable_log

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

cdef extern from * nogil:
    """
    #define LARGEST_RISE 1.0  /* as in cma_numpy */
    """
    double LARGEST_RISE

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

cdef struct Room:
    double* tiles  # whole tiles of samples, and of count + 1 lanes
    double* rows  # (count + 2) x stride
    double* shapes  # 2 (count + 1)
    double* upper  # n x stride
    Py_ssize_t* order  # 2 (count + 1)

cdef struct Progress:
    Py_ssize_t made  # generations
    Py_ssize_t best_generation  # the one that the best is from, from 1; 0: none of them
    Py_ssize_t invalid
    double best
    double condition


cdef inline double* lane_of(double* tiles, Py_ssize_t n, Py_ssize_t item) noexcept nogil:
    """Where an item of tiles begins; its variables are ``LANES`` apart."""
    return tiles + item // LANES * n * LANES + item % LANES


cdef inline void draw(Rng* rng, const State* state, double* tiles, Py_ssize_t count, double* out) noexcept nogil:
    """Fill ``out`` with samples; ``tiles`` has room for whole tiles of them."""
    cdef Py_ssize_t n = state.n, groups = (count + LANES - 1) // LANES, sample, i
    cdef double* tile
    cdef double step = state.step[0]
    for sample in range(groups * LANES):
        tile = lane_of(tiles, n, sample)
        for i in range(n):
            tile[i * LANES] = normal(rng) if sample < count else 0.0
    cma_multiply(state.factor, n, tiles, groups)
    for sample in range(count):
        tile = lane_of(tiles, n, sample)
        for i in range(n):
            out[sample * n + i] = state.mean[i] + step * state.scale[i] * tile[i * LANES]


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


cdef inline void fold(
    const double* points, Py_ssize_t count, Py_ssize_t n, const double* low, const double* high, const double* edge,
    double* out
) noexcept nogil:
    cdef Py_ssize_t row, i
    for row in range(count):
        for i in range(n):
            out[row * n + i] = folded(points[row * n + i], low[i], high[i], edge[i])


cdef inline void rank(const double* merits, Py_ssize_t count, Py_ssize_t* order, Py_ssize_t* room) noexcept nogil:
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


cdef inline void whiten(
    const State* state, const double* rows, const Py_ssize_t* chosen, Py_ssize_t count, double* tiles
) noexcept nogil:
    """Spread ``rows[chosen]`` over tiles and divide them by the factor."""
    cdef Py_ssize_t n = state.n, groups = (count + LANES - 1) // LANES, item, i
    cdef double* tile
    for item in range(groups * LANES):
        tile = lane_of(tiles, n, item)
        for i in range(n):
            tile[i * LANES] = rows[chosen[item] * state.stride + i] if item < count else 0.0
    cma_divide(state.factor, n, tiles, groups)


cdef inline void bring_near(
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


cdef inline bint adapt_step(const State* state, const double* move, const Rates* rates, Py_ssize_t generation) noexcept nogil:
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


cdef inline double condition(const State* state) noexcept nogil:
    """See ``cma_numpy._condition``."""
    cdef double most = 0.0, least = INFINITY
    cdef Py_ssize_t i, n = state.n
    for i in range(n):
        most = max(most, state.covariance[i * n + i])
        least = min(least, state.factor[i * n + i] * state.factor[i * n + i])
    return most / least if least > 0.0 else INFINITY


cdef inline void update(
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


cdef inline void judge(
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
            progress.best, progress.best_generation = merit, progress.made + 1
            for i in range(n):
                best_code[i] = codes[row * n + i]
