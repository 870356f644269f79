# Generations of a genetic algorithm as loops over rows, for bits (bytes, or packed into words) and for numbers.
# ``breeding_numpy`` documents what they do; ``_breeding`` fills in what they need and calls them.

from libc.math cimport INFINITY, isfinite
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from gigaevo.kernels.compiled._functions cimport packed_value_of, value_of
from gigaevo.kernels.compiled._genes cimport (
    Hits,
    begin_hits,
    exchange_bytes,
    exchange_mask,
    exchange_words,
    flip_bytes,
    flip_words,
)
from gigaevo.kernels.compiled._rng cimport Rng, next_word
from gigaevo.kernels.compiled._selection cimport tournament_pick
from gigaevo.kernels.compiled._survival cimport Known, compete_rows, succeed_rows, was_known
from gigaevo.kernels.compiled._variation cimport (
    Polynomial,
    Sbx,
    polynomial_begin,
    polynomial_finish,
    polynomial_row,
    round_row,
    sbx_begin,
    sbx_finish,
    sbx_pair,
)


cdef struct Room:
    # What a generation works in; one piece of memory.
    void* memory
    double* valid  # merits of the parents, where some are invalid
    int32_t* valid_rows
    int32_t* targets  # rows of the children that are bred
    char* spare  # a child too many
    double* sorting

cdef struct Bits:
    # How bits are bred; packed rows are words, others bytes.
    bint packed
    int64_t cuts
    uint64_t gene_limit
    double flip_rate
    uint64_t* mask

cdef struct Reals:
    # How numbers are bred.
    const double* lower
    const double* upper
    const unsigned char* integer
    double eta
    double gene_rate
    double exchange_rate
    double mutation_eta
    double mutation_rate

cdef struct Breeding:
    Py_ssize_t n
    Py_ssize_t count
    Py_ssize_t genes
    Py_ssize_t stride  # bytes of a row
    char* codes
    double* merits
    char* children
    double* child_merits
    int64_t size  # of a tournament
    uint64_t pair_limit
    bint distinct
    int rounds  # in which children that are like another one are bred anew
    Bits* bits  # one of them, the other NULL
    Reals* reals
    Room room
    Known known

cdef struct Parents:
    # Those among whom is selected.
    const double* merits
    const int32_t* rows  # NULL: all
    uint32_t n

cdef struct Progress:
    int64_t made
    int64_t brought
    int64_t invalid
    double best
    char* best_row


cdef inline void breed(Breeding* breeding, Rng* rng) noexcept nogil:
    """Fill the children."""
    cdef Parents parents = parents_of(breeding)
    cdef Py_ssize_t row, wanted
    cdef int tried
    for row in range(breeding.count):
        breeding.room.targets[row] = <int32_t>row
    breed_targets(breeding, &parents, breeding.count, rng)
    if not breeding.distinct:
        return
    learn_population(breeding)
    wanted = breeding.count
    for tried in range(breeding.rounds):
        wanted = keep_repeated(breeding, wanted)
        if not wanted:
            return
        breed_targets(breeding, &parents, wanted, rng)


cdef inline Parents parents_of(Breeding* breeding) noexcept nogil:
    """All candidates, or the valid ones where some are not; where none is, all are equal."""
    cdef Parents parents
    cdef Py_ssize_t row, valid = 0
    for row in range(breeding.n):
        valid += breeding.merits[row] > -INFINITY
    parents.merits, parents.rows, parents.n = breeding.merits, NULL, <uint32_t>breeding.n
    if valid == breeding.n or valid == 0:
        return parents
    valid = 0
    for row in range(breeding.n):
        if breeding.merits[row] > -INFINITY:
            breeding.room.valid[valid], breeding.room.valid_rows[valid] = breeding.merits[row], <int32_t>row
            valid += 1
    parents.merits, parents.rows, parents.n = breeding.room.valid, breeding.room.valid_rows, <uint32_t>valid
    return parents


cdef inline const char* parent(Breeding* breeding, const Parents* parents, Rng* rng) noexcept nogil:
    cdef Py_ssize_t row = tournament_pick(parents.merits, parents.n, breeding.size, rng)
    return breeding.codes + (row if parents.rows == NULL else parents.rows[row]) * breeding.stride


cdef inline char* child(Breeding* breeding, Py_ssize_t item, Py_ssize_t wanted) noexcept nogil:
    """Where the ``item``-th child that is bred goes; one too many goes to the spare row."""
    return breeding.children + breeding.room.targets[item] * breeding.stride if item < wanted else breeding.room.spare


cdef inline void breed_targets(Breeding* breeding, const Parents* parents, Py_ssize_t wanted, Rng* rng) noexcept nogil:
    if breeding.bits != NULL:
        breed_bit_rows(breeding, parents, wanted, rng)
    else:
        breed_real_rows(breeding, parents, wanted, rng)


cdef inline void breed_bit_rows(Breeding* breeding, const Parents* parents, Py_ssize_t wanted, Rng* rng) noexcept nogil:
    cdef Bits* bits = breeding.bits
    cdef Py_ssize_t pair, pairs = (wanted + 1) >> 1, genes = breeding.genes, item
    cdef const char* one
    cdef const char* other
    cdef char* first
    cdef char* second
    cdef Hits hits
    for pair in range(pairs):
        one, other = parent(breeding, parents, rng), parent(breeding, parents, rng)
        first, second = child(breeding, pair, wanted), child(breeding, pairs + pair, wanted)
        if (next_word(rng) >> 32) >= breeding.pair_limit:
            memcpy(first, one, breeding.stride)
            memcpy(second, other, breeding.stride)
            continue
        exchange_mask(bits.mask, genes, bits.cuts, bits.gene_limit, rng)
        if bits.packed:
            exchange_words(
                <uint64_t*>one, <uint64_t*>other, <uint64_t*>first, <uint64_t*>second, breeding.stride >> 3, bits.mask
            )
        else:
            exchange_bytes(<uint8_t*>one, <uint8_t*>other, <uint8_t*>first, <uint8_t*>second, genes, bits.mask)
    begin_hits(&hits, bits.flip_rate, rng)
    for item in range(wanted):
        if bits.packed:
            flip_words(<uint64_t*>child(breeding, item, wanted), genes, &hits, rng)
        else:
            flip_bytes(<uint8_t*>child(breeding, item, wanted), genes, &hits, rng)


cdef inline void breed_real_rows(Breeding* breeding, const Parents* parents, Py_ssize_t wanted, Rng* rng) noexcept nogil:
    cdef Reals* reals = breeding.reals
    cdef Py_ssize_t pair, pairs = (wanted + 1) >> 1, genes = breeding.genes, item
    cdef const char* one
    cdef const char* other
    cdef char* first
    cdef char* second
    cdef Sbx sbx
    cdef Polynomial mutation
    sbx_begin(&sbx, genes, reals.lower, reals.upper, reals.eta, reals.gene_rate, reals.exchange_rate)
    for pair in range(pairs):
        one, other = parent(breeding, parents, rng), parent(breeding, parents, rng)
        first, second = child(breeding, pair, wanted), child(breeding, pairs + pair, wanted)
        if (next_word(rng) >> 32) < breeding.pair_limit:
            sbx_pair(&sbx, <double*>one, <double*>other, <double*>first, <double*>second, rng)
        else:
            memcpy(first, one, breeding.stride)
            memcpy(second, other, breeding.stride)
    sbx_finish(&sbx)
    polynomial_begin(&mutation, genes, reals.lower, reals.upper, reals.mutation_eta, reals.mutation_rate, rng)
    for item in range(wanted):
        polynomial_row(&mutation, <double*>child(breeding, item, wanted), rng)
    polynomial_finish(&mutation)
    if reals.integer != NULL:
        for item in range(wanted):
            round_row(<double*>child(breeding, item, wanted), genes, reals.integer, reals.lower, reals.upper)


cdef inline void learn_population(Breeding* breeding) noexcept nogil:
    cdef Known* known = &breeding.known
    cdef Py_ssize_t row
    known.n, known.stride = breeding.n, breeding.stride
    known.codes, known.children = breeding.codes, breeding.children
    memset(known.places, 255, (known.last + 1) * sizeof(int32_t))
    for row in range(breeding.n):
        was_known(known, row)


cdef inline Py_ssize_t keep_repeated(Breeding* breeding, Py_ssize_t wanted) noexcept nogil:
    """Of the first ``wanted`` targets, those that are like what is known move to the front; how many there are."""
    cdef Py_ssize_t item, repeats = 0
    for item in range(wanted):
        if was_known(&breeding.known, breeding.n + breeding.room.targets[item]):
            breeding.room.targets[repeats] = breeding.room.targets[item]
            repeats += 1
    return repeats


cdef inline void evaluate(Breeding* breeding, int function, Py_ssize_t order) noexcept nogil:
    cdef Py_ssize_t row
    cdef char* code = breeding.children
    for row in range(breeding.count):
        if breeding.bits != NULL:
            breeding.child_merits[row] = packed_value_of(function, <uint64_t*>code, breeding.genes, order)
        else:
            breeding.child_merits[row] = -value_of(function, <double*>code, breeding.genes)
        code += breeding.stride


cdef inline void note(Breeding* breeding, Progress* progress) noexcept nogil:
    """Count a generation; its best child is kept if it is better than all before."""
    cdef Py_ssize_t row, best = 0
    for row in range(breeding.count):
        if not isfinite(breeding.child_merits[row]):
            breeding.child_merits[row] = -INFINITY
            progress.invalid += 1
        if breeding.child_merits[row] > breeding.child_merits[best]:
            best = row
    progress.made += 1
    if breeding.child_merits[best] > progress.best:
        progress.best, progress.brought = breeding.child_merits[best], progress.made
        memcpy(progress.best_row, breeding.children + best * breeding.stride, breeding.stride)


cdef inline void survive(Breeding* breeding, int64_t elites) noexcept nogil:
    if elites < 0:
        compete_rows(
            breeding.codes, breeding.merits, breeding.n, breeding.children, breeding.child_merits, breeding.count,
            breeding.stride, breeding.room.sorting,
        )
    else:
        succeed_rows(
            breeding.codes, breeding.merits, breeding.n, breeding.children, breeding.child_merits, elites,
            breeding.stride, breeding.room.sorting,
        )
