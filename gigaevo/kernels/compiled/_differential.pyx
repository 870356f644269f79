# cython: boundscheck=False, wraparound=False, cdivision=True
"""Differential evolution, compiled. ``differential_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY, fabs, isfinite
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport fits, new_array, new_table
from gigaevo.kernels.compiled._inputs cimport doubles, flags, indices, owned, reading
from gigaevo.kernels.compiled._lanes cimport LANES, Lanes, fill_lanes, seed_lanes
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng, below, next_word, normal, threshold, uniform

from gigaevo.kernels.checks import array_checks, differential_checks

cdef extern from "_differential.h" nogil:
    void mutate_by_one(double*, const double*, const double*, const double*, double, Py_ssize_t)
    void mutate_towards(
        double*, const double*, const double*, const double*, const double*, double, Py_ssize_t
    )
    void mutate_by_two(
        double*, const double*, const double*, const double*, const double*, const double*, double, Py_ssize_t
    )
    void cross_within(double*, const double*, const uint8_t*, const double*, const double*, Py_ssize_t)

cdef extern from "_functions.h" nogil:
    double sine_of_part(double)  # of pi times the argument, from -0.5 to 0.5

cdef extern from "_rounding.h" nogil:
    void round_some(double*, const uint8_t*, Py_ssize_t)

cnp.import_array()

cdef enum:
    RANDOM = 0
    TARGET = 1
    LEADER = 2

cdef enum:
    MOST_DRAWN = 5
    WORDS = 64  # of a block of genes that are crossed

cdef double SPREAD = 0.1


cdef inline int64_t different(Rng* rng, const int64_t* taken, int count, uint32_t limit) noexcept nogil:
    """A number below ``limit`` that is none of the ``count`` ones in ``taken``: drawn again while it is."""
    cdef int64_t drawn
    cdef int other
    cdef bint again = True
    while again:
        drawn = below(rng, limit)
        again = False
        for other in range(count):
            again |= drawn == taken[other]
    return drawn


cdef void draw_rows(
    const Draw* how, const int64_t* targets, Py_ssize_t n, int64_t* parents, Rng* rng
) noexcept nogil:
    """``draw_parents``; how many columns a row has follows from ``how``."""
    cdef Py_ssize_t row
    cdef int64_t[MOST_DRAWN + 1] taken  # the target and what is drawn
    cdef int64_t leader = 0
    cdef uint32_t among
    cdef int member
    cdef bint led = how.pull or how.base == LEADER
    for row in range(n):
        if led:
            among = how.most if how.least == how.most else how.least + below(rng, how.most - how.least + 1)
            leader = how.leaders[0] if among == 1 else how.leaders[below(rng, among)]
        taken[0] = targets[row]
        for member in range(how.members):
            taken[member + 1] = different(
                rng, taken, member + 1, how.pool if member == how.members - 1 else how.size
            )
        member = 1
        if how.base == RANDOM:
            parents[0] = taken[1]
            member = 2
        else:
            parents[0] = taken[0] if how.base == TARGET else leader
        parents += 1
        if how.pull:
            parents[0] = leader
            parents += 1
        for member in range(member, how.members + 1):
            parents[0] = taken[member]
            parents += 1


def draw_parents(
    targets,
    int64_t size,
    int64_t pool,
    leaders,
    int64_t least,
    int base,
    bint pull,
    int differences,
    RandomStream stream not None,
):
    """See ``differential_numpy.draw_parents``."""
    cdef Draw how
    targets = indices("targets", targets, 1, size)
    if not fits(leaders, cnp.NPY_INT64, 1):
        leaders = array_checks.int_array("leaders", leaders, 1)
    cdef Py_ssize_t most = cnp.PyArray_DIM(<cnp.ndarray>leaders, 0), n = cnp.PyArray_DIM(<cnp.ndarray>targets, 0)
    how.members = 2 * differences + (base == RANDOM)
    how.base, how.pull = base, pull
    if not (
        RANDOM <= base <= LEADER
        and 1 <= differences <= (1 if pull else 2)
        and not (pull and base == LEADER)
        and how.members < size <= pool < 2**31
        and (1 <= least <= most < 2**31 or not (pull or base == LEADER))
    ):
        differential_checks.check_draw(size, pool, leaders, least, base, pull, differences)
        raise AssertionError("the twin accepts a draw that the compiled kernel refuses")
    how.size, how.pool, how.least, how.most = <uint32_t>size, <uint32_t>pool, <uint32_t>least, <uint32_t>most
    how.leaders = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>leaders)
    parents = new_table(n, 1 + pull + 2 * differences, cnp.NPY_INT64)
    cdef const int64_t* rows = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>targets)
    cdef int64_t* drawn = <int64_t*>cnp.PyArray_DATA(parents)
    with nogil:
        draw_rows(&how, rows, n, drawn, &stream.rng)
    return parents


cdef inline void cross_evenly(
    uint8_t* crossed, Py_ssize_t genes, double rate, Lanes* lanes, Rng* rng
) noexcept nogil:
    """Each gene with probability ``rate``: two genes a word, a block of words at a time."""
    cdef uint64_t limit = threshold(rate)
    cdef uint64_t[WORDS] words
    cdef Py_ssize_t block = 0, pair, pairs
    while block < genes:
        pairs = min(WORDS, (genes - block + 1) // 2)
        fill_lanes(lanes, words, (pairs + LANES - 1) // LANES)
        for pair in range(pairs - 1):
            crossed[block + 2 * pair] = (words[pair] >> 32) < limit
            crossed[block + 2 * pair + 1] = <uint64_t><uint32_t>words[pair] < limit
        pair = pairs - 1  # the last one may be of one gene
        crossed[block + 2 * pair] = (words[pair] >> 32) < limit
        if block + 2 * pair + 1 < genes:
            crossed[block + 2 * pair + 1] = <uint64_t><uint32_t>words[pair] < limit
        block += 2 * WORDS
    crossed[below(rng, <uint32_t>genes)] = 1


cdef inline void cross_in_a_run(uint8_t* crossed, Py_ssize_t genes, double rate, Rng* rng) noexcept nogil:
    """Genes from a random one on, round the end, while chance ``rate`` holds."""
    cdef uint64_t limit = threshold(rate)
    cdef Py_ssize_t gene = below(rng, <uint32_t>genes), taken
    memset(crossed, 0, genes)
    crossed[gene] = 1
    for taken in range(genes - 1):
        if (next_word(rng) >> 32) >= limit:
            return
        gene += 1
        if gene == genes:
            gene = 0
        crossed[gene] = 1


cdef void cross_rows(
    uint8_t* crossed, Py_ssize_t n, Py_ssize_t genes, const double* rates, bint exponential, Rng* rng
) noexcept nogil:
    """``draw_crossover``."""
    cdef Py_ssize_t row
    cdef Lanes lanes
    if n and not exponential:
        seed_lanes(&lanes, rng)
    for row in range(n):
        if exponential:
            cross_in_a_run(crossed + row * genes, genes, rates[row], rng)
        else:
            cross_evenly(crossed + row * genes, genes, rates[row], &lanes, rng)


def draw_crossover(rates, Py_ssize_t genes, bint exponential, RandomStream stream not None):
    """See ``differential_numpy.draw_crossover``."""
    rates = doubles("rates", rates, 1)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>rates, 0), row
    cdef const double* chances = reading(rates)
    cdef bint sound = True
    for row in range(n):
        sound &= 0.0 <= chances[row] <= 1.0
    if not sound:
        differential_checks.rate_array("rates", rates)
    if genes < 1 or genes >= 2**31:
        array_checks.check_genes(genes)
    table = new_table(n, genes, cnp.NPY_UINT8)
    cdef uint8_t* crossed = <uint8_t*>cnp.PyArray_DATA(table)
    with nogil:
        cross_rows(crossed, n, genes, chances, exponential, &stream.rng)
    return table


cdef void recombine_rows(
    double* trials,
    const double* pool,
    Py_ssize_t genes,
    const int64_t* targets,
    Py_ssize_t n,
    const int64_t* parents,
    Py_ssize_t columns,
    const double* weights,
    const uint8_t* crossed,
    const double* lower,
    const double* upper,
    const uint8_t* integer,
) noexcept nogil:
    """``recombine``; ``integer`` may be NULL."""
    cdef Py_ssize_t row
    cdef double* trial
    cdef const int64_t* of
    for row in range(n):
        trial = trials + row * genes
        of = parents + row * columns
        if columns == 3:
            mutate_by_one(
                trial, pool + of[0] * genes, pool + of[1] * genes, pool + of[2] * genes, weights[row], genes
            )
        elif columns == 4:
            mutate_towards(
                trial,
                pool + of[0] * genes,
                pool + of[1] * genes,
                pool + of[2] * genes,
                pool + of[3] * genes,
                weights[row],
                genes,
            )
        else:
            mutate_by_two(
                trial,
                pool + of[0] * genes,
                pool + of[1] * genes,
                pool + of[2] * genes,
                pool + of[3] * genes,
                pool + of[4] * genes,
                weights[row],
                genes,
            )
        cross_within(trial, pool + targets[row] * genes, crossed + row * genes, lower, upper, genes)
        if integer != NULL:
            round_some(trial, integer, genes)


def recombine(pool, targets, parents, weights, crossed, lower, upper, integer=None):
    """See ``differential_numpy.recombine``."""
    pool = doubles("pool", pool, 2)
    cdef Py_ssize_t rows = cnp.PyArray_DIM(<cnp.ndarray>pool, 0), genes = cnp.PyArray_DIM(<cnp.ndarray>pool, 1)
    targets, parents = indices("targets", targets, 1, rows), indices("parents", parents, 2, rows)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>targets, 0)
    cdef Py_ssize_t columns = cnp.PyArray_DIM(<cnp.ndarray>parents, 1)
    if cnp.PyArray_DIM(<cnp.ndarray>parents, 0) != n or not 3 <= columns <= 5:
        differential_checks.check_parents(parents, n)
    weights = doubles("weights", weights, 1)
    if cnp.PyArray_DIM(<cnp.ndarray>weights, 0) != n:
        array_checks.check_shape("weights", weights, (n,))
    crossed = flags("crossed", crossed, n, genes)
    lower, upper = doubles("lower", lower, 1), doubles("upper", upper, 1)
    if cnp.PyArray_DIM(<cnp.ndarray>lower, 0) != genes or cnp.PyArray_DIM(<cnp.ndarray>upper, 0) != genes:
        array_checks.check_shape("lower", lower, (genes,))
        array_checks.check_shape("upper", upper, (genes,))
    cdef const uint8_t* whole = NULL
    if integer is not None:
        integer = flags("integer", integer, -1, genes)
        whole = <const uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>integer)
    trials = new_table(n, genes, cnp.NPY_FLOAT64)
    cdef double* made = <double*>cnp.PyArray_DATA(trials)
    cdef const double* members = reading(pool)
    cdef const double* factors = reading(weights)
    cdef const double* low = reading(lower)
    cdef const double* high = reading(upper)
    cdef const int64_t* own = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>targets)
    cdef const int64_t* sources = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>parents)
    cdef const uint8_t* taken = <const uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>crossed)
    with nogil:
        recombine_rows(made, members, genes, own, n, sources, columns, factors, taken, low, high, whole)
    return trials


cdef int64_t replace_rows(
    double* pool,
    Py_ssize_t genes,
    double* merits,
    int64_t size,
    const int64_t* targets,
    Py_ssize_t n,
    const double* trials,
    const double* worth,
    int64_t archived,
    int64_t room,
    double* gains,
    Rng* rng,
) noexcept nogil:
    """``replace``: fill ``gains``; the rows of the archive that are filled now."""
    cdef Py_ssize_t trial
    cdef int64_t row, place
    for trial in range(n):
        row = targets[trial]
        gains[trial] = 0.0
        if not worth[trial] >= merits[row]:
            continue
        if worth[trial] > merits[row]:
            gains[trial] = worth[trial] - merits[row]
            if room:
                place = archived if archived < room else below(rng, <uint32_t>room)
                memcpy(pool + (size + place) * genes, pool + row * genes, genes * sizeof(double))
                archived += archived < room
        memcpy(pool + row * genes, trials + trial * genes, genes * sizeof(double))
        merits[row] = worth[trial]
    return archived


def replace(pool, merits, targets, trials, trial_merits, int64_t archived, RandomStream stream not None):
    """See ``differential_numpy.replace``."""
    pool, merits = owned("pool", pool, 2), owned("merits", merits, 1)
    cdef int64_t rows = cnp.PyArray_DIM(<cnp.ndarray>pool, 0), size = cnp.PyArray_DIM(<cnp.ndarray>merits, 0)
    cdef Py_ssize_t genes = cnp.PyArray_DIM(<cnp.ndarray>pool, 1)
    if size > rows or not 0 <= archived <= rows - size or rows >= 2**31:
        differential_checks.check_room(rows, size, archived)
    targets = indices("targets", targets, 1, size)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>targets, 0)
    trials, trial_merits = doubles("trials", trials, 2), doubles("trial_merits", trial_merits, 1)
    if cnp.PyArray_DIM(<cnp.ndarray>trials, 0) != n or cnp.PyArray_DIM(<cnp.ndarray>trials, 1) != genes:
        array_checks.check_shape("trials", trials, (n, genes))
    if cnp.PyArray_DIM(<cnp.ndarray>trial_merits, 0) != n:
        array_checks.check_shape("trial_merits", trial_merits, (n,))
    gains = new_array(n, cnp.NPY_FLOAT64)
    cdef double* members = <double*>cnp.PyArray_DATA(<cnp.ndarray>pool)
    cdef double* ranks = <double*>cnp.PyArray_DATA(<cnp.ndarray>merits)
    cdef double* gained = <double*>cnp.PyArray_DATA(gains)
    cdef const int64_t* own = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>targets)
    cdef const double* candidates = reading(trials)
    cdef const double* worth = reading(trial_merits)
    with nogil:
        archived = replace_rows(
            members, genes, ranks, size, own, n, candidates, worth, archived, rows - size, gained, &stream.rng
        )
    return gains, archived


cdef inline double cauchy(Rng* rng) noexcept nogil:
    """Of the standard Cauchy distribution: the tangent of an even angle; minus infinity once in 2^53 times."""
    cdef double half_turns = uniform(rng) - 0.5
    return sine_of_part(half_turns) / sine_of_part(0.5 - fabs(half_turns))


cdef void settle_rows(
    const double* memory_weights,
    const double* memory_rates,
    uint32_t entries,
    Py_ssize_t n,
    double* weights,
    double* rates,
    Rng* rng,
) noexcept nogil:
    """``draw_settings``."""
    cdef Py_ssize_t trial
    cdef uint32_t entry
    cdef double drawn
    for trial in range(n):
        entry = below(rng, entries)
        drawn = memory_rates[entry] + SPREAD * normal(rng)
        rates[trial] = 0.0 if drawn < 0.0 else 1.0 if drawn > 1.0 else drawn
        drawn = 0.0
        while not drawn > 0.0:
            drawn = memory_weights[entry] + SPREAD * cauchy(rng)
        weights[trial] = 1.0 if drawn > 1.0 else drawn


def draw_settings(memory_weights, memory_rates, Py_ssize_t n, RandomStream stream not None):
    """See ``differential_numpy.draw_settings``."""
    memory_weights = doubles("memory_weights", memory_weights, 1)
    memory_rates = doubles("memory_rates", memory_rates, 1)
    cdef Py_ssize_t entry, size = cnp.PyArray_DIM(<cnp.ndarray>memory_weights, 0)
    cdef bint sound = n >= 0 and 1 <= size < 2**31 and cnp.PyArray_DIM(<cnp.ndarray>memory_rates, 0) == size
    if sound:
        for entry in range(size):
            sound &= 0.0 < reading(memory_weights)[entry] < INFINITY and 0.0 <= reading(memory_rates)[entry] <= 1.0
    if not sound:
        differential_checks.rate_array("memory_rates", memory_rates)
        differential_checks.check_memory(memory_weights, memory_rates)
        array_checks.check_count(n)
        raise AssertionError("the twin accepts a memory that the compiled kernel refuses")
    weights, rates = new_array(n, cnp.NPY_FLOAT64), new_array(n, cnp.NPY_FLOAT64)
    cdef const double* centres = reading(memory_weights)
    cdef const double* means = reading(memory_rates)
    cdef double* factors = <double*>cnp.PyArray_DATA(weights)
    cdef double* chances = <double*>cnp.PyArray_DATA(rates)
    with nogil:
        settle_rows(centres, means, <uint32_t>size, n, factors, chances, &stream.rng)
    return weights, rates


cdef bint means_of(
    const double* gains, const double* weights, const double* rates, Py_ssize_t n, double* weight, double* rate
) noexcept nogil:
    """``success_means`` into ``weight`` and ``rate``; whether there is a success."""
    cdef double greatest = 0.0, share, squares = 0.0, plain = 0.0, mixed = 0.0, whole = 0.0
    cdef Py_ssize_t trial, successes = 0
    for trial in range(n):
        if gains[trial] > 0.0:
            successes += 1
            if isfinite(gains[trial]) and gains[trial] > greatest:
                greatest = gains[trial]
    if not successes:
        return False
    if greatest == 0.0:
        greatest = 1.0
    for trial in range(n):
        if gains[trial] > 0.0:
            share = (gains[trial] if gains[trial] < greatest else greatest) / greatest
            squares += share * weights[trial] * weights[trial]
            plain += share * weights[trial]
            mixed += share * rates[trial]
            whole += share
    weight[0], rate[0] = squares / plain, mixed / whole
    return True


def success_means(gains, weights, rates):
    """See ``differential_numpy.success_means``."""
    gains, weights, rates = doubles("gains", gains, 1), doubles("weights", weights, 1), doubles("rates", rates, 1)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>gains, 0)
    if cnp.PyArray_DIM(<cnp.ndarray>weights, 0) != n or cnp.PyArray_DIM(<cnp.ndarray>rates, 0) != n:
        array_checks.check_shape("weights", weights, (n,))
        array_checks.check_shape("rates", rates, (n,))
    cdef double weight, rate
    if not means_of(reading(gains), reading(weights), reading(rates), n, &weight, &rate):
        return None
    return weight, rate


cdef inline bint is_worse(const double* merits, int64_t member, int64_t other) noexcept nogil:
    """Of equally good members the later one is the worse."""
    return merits[member] < merits[other] or (merits[member] == merits[other] and member > other)


cdef inline void sink(const double* merits, int64_t* heap, Py_ssize_t place, Py_ssize_t size) noexcept nogil:
    """Let the member at ``place`` go down until none below it is worse."""
    cdef int64_t member = heap[place]
    cdef Py_ssize_t below = 2 * place + 1
    while below < size:
        if below + 1 < size and is_worse(merits, heap[below + 1], heap[below]):
            below += 1
        if not is_worse(merits, heap[below], member):
            break
        heap[place] = heap[below]
        place, below = below, 2 * below + 1
    heap[place] = member


cdef void lead_rows(const double* merits, Py_ssize_t size, int64_t* leaders, Py_ssize_t most) noexcept nogil:
    """``best_members``: a heap of the best so far with the worst of them on top, which is sorted in the end."""
    cdef Py_ssize_t member, place
    for member in range(most):
        leaders[member] = member
    for place in range(most // 2 - 1, -1, -1):
        sink(merits, leaders, place, most)
    for member in range(most, size):
        if merits[member] > merits[leaders[0]]:
            leaders[0] = member
            sink(merits, leaders, 0, most)
    for place in range(most - 1, 0, -1):
        leaders[0], leaders[place] = leaders[place], leaders[0]
        sink(merits, leaders, 0, place)


def best_members(merits, Py_ssize_t most):
    """See ``differential_numpy.best_members``."""
    merits = doubles("merits", merits, 1)
    cdef Py_ssize_t size = cnp.PyArray_DIM(<cnp.ndarray>merits, 0)
    if not 1 <= most <= size:
        differential_checks.check_most(most, size)
    leaders = new_array(most, cnp.NPY_INT64)
    lead_rows(reading(merits), size, <int64_t*>cnp.PyArray_DATA(leaders), most)
    return leaders
