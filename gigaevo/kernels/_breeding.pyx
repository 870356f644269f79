# cython: boundscheck=False, wraparound=False, cdivision=True
"""Whole generations of a genetic algorithm, compiled. ``breeding_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY, isfinite, rint
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cimport numpy as cnp

from gigaevo.kernels._boundary cimport fits
from gigaevo.kernels._functions cimport packed_value_of, value_of
from gigaevo.kernels._genes cimport (
    Hits,
    begin_hits,
    exchange_bytes,
    exchange_mask,
    exchange_words,
    flip_bytes,
    flip_words,
    pack_row,
    unpack_row,
)
from gigaevo.kernels._random cimport RandomStream
from gigaevo.kernels._rng cimport Rng, next_word, threshold
from gigaevo.kernels._selection cimport tournament_pick
from gigaevo.kernels._survival cimport Known, compete_rows, row_hash, slots_for, succeed_rows, was_known
from gigaevo.kernels._variation cimport (
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

import numpy as np

from gigaevo.kernels import breeding_checks as checks
from gigaevo.kernels.breeding_numpy import PLUS, ROUNDS
from gigaevo.kernels.functions_checks import check_code
from gigaevo.kernels.functions_numpy import BITS, REAL
from gigaevo.kernels.variation_checks import check_index, check_rate, needed_bounds

cnp.import_array()

cdef int MOST_ROUNDS = ROUNDS

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


def breed_bits(
    codes,
    merits,
    Py_ssize_t count,
    RandomStream stream not None,
    *,
    int64_t size=3,
    int64_t cuts=0,
    double pair_rate=0.9,
    double gene_rate=0.5,
    double flip_rate=0.01,
    bint distinct=False,
):
    """See ``breeding_numpy.breed_bits``."""
    cdef Breeding breeding
    cdef Bits bits
    check_population(codes, merits, cnp.NPY_UINT8, np.uint8)
    set_bits(&breeding, &bits, size, cuts, pair_rate, gene_rate, flip_rate, distinct)
    return bred(&breeding, codes, merits, count, stream)


def breed_reals(
    codes,
    merits,
    Py_ssize_t count,
    RandomStream stream not None,
    *,
    lower,
    upper,
    integer=None,
    int64_t size=3,
    double eta=15.0,
    double pair_rate=0.9,
    double gene_rate=0.5,
    double exchange_rate=0.5,
    double mutation_eta=20.0,
    double mutation_rate=0.1,
    bint distinct=False,
):
    """See ``breeding_numpy.breed_reals``."""
    cdef Breeding breeding
    cdef Reals reals
    check_population(codes, merits, cnp.NPY_FLOAT64, np.float64)
    kept = limits_of(lower, upper, integer, (<cnp.ndarray>codes).shape[1])
    set_reals(
        &breeding, &reals, kept, size, eta, pair_rate, gene_rate, exchange_rate, mutation_eta, mutation_rate, distinct
    )
    return bred(&breeding, codes, merits, count, stream)


def repeated(children, codes):
    """See ``breeding_numpy.repeated``."""
    cdef Breeding breeding
    cdef Py_ssize_t row, count = len(children)
    cdef uint8_t* flags
    checks.check_children(codes, children, np.empty(count))
    repeats = np.zeros(count, np.bool_)
    flags = <uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>repeats)
    breeding.n, breeding.count, breeding.genes = len(codes), count, codes.shape[1]
    breeding.stride = breeding.genes * codes.itemsize
    breeding.codes = <char*>cnp.PyArray_DATA(<cnp.ndarray>codes)
    breeding.children = <char*>cnp.PyArray_DATA(<cnp.ndarray>children)
    breeding.distinct, breeding.bits, breeding.reals = True, NULL, NULL
    make_room(&breeding)
    with nogil:
        learn_population(&breeding)
        for row in range(count):
            flags[row] = was_known(&breeding.known, breeding.n + row)
    free(breeding.room.memory)
    return repeats


def compete(codes, merits, children, child_merits):
    """See ``breeding_numpy.compete``."""
    check_survival(codes, merits, children, child_merits)
    cdef Py_ssize_t n = (<cnp.ndarray>codes).shape[0], count = (<cnp.ndarray>children).shape[0]
    cdef Py_ssize_t stride = (<cnp.ndarray>codes).shape[1] * cnp.PyArray_ITEMSIZE(<cnp.ndarray>codes)
    cdef double* sorting = <double*>malloc((n + count) * sizeof(double))
    if sorting == NULL:
        raise MemoryError
    with nogil:
        compete_rows(
            <char*>cnp.PyArray_DATA(<cnp.ndarray>codes),
            <double*>cnp.PyArray_DATA(<cnp.ndarray>merits),
            n,
            <const char*>cnp.PyArray_DATA(<cnp.ndarray>children),
            <const double*>cnp.PyArray_DATA(<cnp.ndarray>child_merits),
            count,
            stride,
            sorting,
        )
    free(sorting)


def succeed(codes, merits, children, child_merits, Py_ssize_t elites=0):
    """See ``breeding_numpy.succeed``."""
    check_survival(codes, merits, children, child_merits)
    cdef Py_ssize_t n = (<cnp.ndarray>codes).shape[0]
    cdef Py_ssize_t stride = (<cnp.ndarray>codes).shape[1] * cnp.PyArray_ITEMSIZE(<cnp.ndarray>codes)
    if not 0 <= elites < n:
        checks.check_elites(elites, n)
    if (<cnp.ndarray>children).shape[0] != n - elites:
        checks.check_children(codes, children, child_merits, n - elites)
    cdef double* sorting = <double*>malloc(n * sizeof(double))
    if sorting == NULL:
        raise MemoryError
    with nogil:
        succeed_rows(
            <char*>cnp.PyArray_DATA(<cnp.ndarray>codes),
            <double*>cnp.PyArray_DATA(<cnp.ndarray>merits),
            n,
            <const char*>cnp.PyArray_DATA(<cnp.ndarray>children),
            <const double*>cnp.PyArray_DATA(<cnp.ndarray>child_merits),
            elites,
            stride,
            sorting,
        )
    free(sorting)


def advance_bits(
    codes,
    merits,
    RandomStream stream not None,
    *,
    int function,
    Py_ssize_t order,
    int64_t generations,
    int64_t elites,
    double best,
    double target,
    int64_t size=3,
    int64_t cuts=0,
    double pair_rate=0.9,
    double gene_rate=0.5,
    double flip_rate=0.01,
    bint distinct=False,
):
    """See ``breeding_numpy.advance_bits``."""
    cdef Breeding breeding
    cdef Bits bits
    cdef Progress progress
    cdef Py_ssize_t row, genes, width, n
    cdef uint8_t* rows
    cdef uint64_t* words
    check_population(codes, merits, cnp.NPY_UINT8, np.uint8)
    checks.check_changeable(codes, merits)
    check_code(function, BITS)
    check_order(order, codes.shape[1])
    if elites != PLUS:
        checks.check_elites(elites, len(codes))
    set_bits(&breeding, &bits, size, cuts, pair_rate, gene_rate, flip_rate, distinct)
    n, genes = codes.shape
    width = (genes + 63) // 64
    packed = np.empty((n, width), np.uint64)
    rows, words = <uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>codes), <uint64_t*>cnp.PyArray_DATA(<cnp.ndarray>packed)
    for row in range(n):
        pack_row(rows + row * genes, words + row * width, genes)
    bits.packed = True
    found = advanced(
        &breeding, packed, merits, genes, function, order, generations, elites, best, target, stream, &progress
    )
    for row in range(n):
        unpack_row(words + row * width, rows + row * genes, genes)
    best_codes = None
    if progress.brought:
        best_codes = np.empty(genes, np.uint8)
        unpack_row(
            <const uint64_t*>cnp.PyArray_DATA(<cnp.ndarray>found),
            <uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>best_codes),
            genes,
        )
    return progress.made, progress.brought, progress.best, best_codes, progress.invalid


def advance_reals(
    codes,
    merits,
    RandomStream stream not None,
    *,
    int function,
    int64_t generations,
    int64_t elites,
    double best,
    double target,
    lower,
    upper,
    integer=None,
    int64_t size=3,
    double eta=15.0,
    double pair_rate=0.9,
    double gene_rate=0.5,
    double exchange_rate=0.5,
    double mutation_eta=20.0,
    double mutation_rate=0.1,
    bint distinct=False,
):
    """See ``breeding_numpy.advance_reals``."""
    cdef Breeding breeding
    cdef Reals reals
    cdef Progress progress
    check_population(codes, merits, cnp.NPY_FLOAT64, np.float64)
    checks.check_changeable(codes, merits)
    check_code(function, REAL)
    if elites != PLUS:
        checks.check_elites(elites, len(codes))
    kept = limits_of(lower, upper, integer, (<cnp.ndarray>codes).shape[1])
    set_reals(
        &breeding, &reals, kept, size, eta, pair_rate, gene_rate, exchange_rate, mutation_eta, mutation_rate, distinct
    )
    found = advanced(
        &breeding, codes, merits, codes.shape[1], function, 0, generations, elites, best, target, stream, &progress
    )
    return progress.made, progress.brought, progress.best, found if progress.brought else None, progress.invalid


# Arguments

cdef int check_population(object codes, object merits, int kind, object dtype) except -1:
    if not (fits(codes, kind, 2) and fits(merits, cnp.NPY_FLOAT64, 1)) or (
        (<cnp.ndarray>codes).shape[0] != (<cnp.ndarray>merits).shape[0] or cnp.PyArray_SIZE(codes) == 0
    ):
        checks.check_population(codes, merits, dtype)
    return 0


cdef int check_survival(object codes, object merits, object children, object child_merits) except -1:
    if not (
        are_candidates(codes, merits)
        and are_candidates(children, child_merits)
        and (<cnp.ndarray>codes).shape[0] > 0
        and (<cnp.ndarray>codes).shape[1] > 0
        and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>codes)
        and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>merits)
        and (<cnp.ndarray>codes).shape[1] == (<cnp.ndarray>children).shape[1]
        and cnp.PyArray_TYPE(<cnp.ndarray>codes) == cnp.PyArray_TYPE(<cnp.ndarray>children)
    ):
        checks.check_population(codes, merits)
        checks.check_changeable(codes, merits)
        checks.check_children(codes, children, child_merits)
    return 0


cdef bint are_candidates(object codes, object merits) noexcept:
    """Whether both can be read in place and are of as many rows."""
    if not (cnp.PyArray_CheckExact(codes) and fits(codes, cnp.PyArray_TYPE(<cnp.ndarray>codes), 2)):
        return False
    return fits(merits, cnp.NPY_FLOAT64, 1) and (<cnp.ndarray>codes).shape[0] == (<cnp.ndarray>merits).shape[0]


cdef tuple limits_of(object lower, object upper, object integer, Py_ssize_t genes):
    """Bounds and whole genes as arrays that can be read in place."""
    if not are_limits(lower, upper, integer, genes):
        return needed_bounds("breed_reals", lower, upper, integer, genes)
    return lower, upper, integer


cdef bint are_limits(object lower, object upper, object integer, Py_ssize_t genes) noexcept:
    cdef const double* low
    cdef const double* high
    cdef const uint8_t* whole = NULL
    cdef bint sound = True
    cdef Py_ssize_t gene
    if not (fits(lower, cnp.NPY_FLOAT64, 1) and fits(upper, cnp.NPY_FLOAT64, 1)):
        return False
    if (<cnp.ndarray>lower).shape[0] != genes or (<cnp.ndarray>upper).shape[0] != genes:
        return False
    if integer is not None:
        if not fits(integer, cnp.NPY_BOOL, 1) or (<cnp.ndarray>integer).shape[0] != genes:
            return False
        whole = <const uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>integer)
    low, high = <const double*>cnp.PyArray_DATA(<cnp.ndarray>lower), <const double*>cnp.PyArray_DATA(<cnp.ndarray>upper)
    for gene in range(genes):
        sound &= low[gene] <= high[gene] and isfinite(high[gene] - low[gene])
        sound &= whole == NULL or not whole[gene] or (rint(low[gene]) == low[gene] and rint(high[gene]) == high[gene])
    return sound


cdef int check_order(Py_ssize_t order, Py_ssize_t genes) except -1:
    if not 1 <= order <= 64 or genes % order:
        raise ValueError(f"order is {order}, expected 1 to 64 and a divisor of the {genes} genes")
    return 0


cdef int set_common(Breeding* breeding, int64_t size, double pair_rate, bint distinct) except -1:
    if not 0.0 <= pair_rate <= 1.0:
        check_rate("pair_rate", pair_rate)
    breeding.size, breeding.pair_limit, breeding.distinct = size, threshold(pair_rate), distinct
    breeding.bits, breeding.reals = NULL, NULL
    return 0


cdef int set_bits(
    Breeding* breeding,
    Bits* bits,
    int64_t size,
    int64_t cuts,
    double pair_rate,
    double gene_rate,
    double flip_rate,
    bint distinct,
) except -1:
    if size < 1 or cuts < 0:
        checks.check_breeding(0, size, cuts)
    if not 0.0 <= gene_rate <= 1.0:
        check_rate("gene_rate", gene_rate)
    if not 0.0 <= flip_rate <= 1.0:
        check_rate("flip_rate", flip_rate)
    set_common(breeding, size, pair_rate, distinct)
    bits.packed, bits.cuts, bits.gene_limit, bits.flip_rate = False, cuts, threshold(gene_rate), flip_rate
    breeding.bits = bits
    return 0


cdef int set_reals(
    Breeding* breeding,
    Reals* reals,
    tuple limits,
    int64_t size,
    double eta,
    double pair_rate,
    double gene_rate,
    double exchange_rate,
    double mutation_eta,
    double mutation_rate,
    bint distinct,
) except -1:
    if size < 1:
        checks.check_breeding(0, size)
    if not (0.0 <= eta < INFINITY and 0.0 <= mutation_eta < INFINITY):
        check_index("eta", eta)
        check_index("mutation_eta", mutation_eta)
    if not (0.0 <= gene_rate <= 1.0 and 0.0 <= exchange_rate <= 1.0 and 0.0 <= mutation_rate <= 1.0):
        for name, rate in (("gene_rate", gene_rate), ("exchange_rate", exchange_rate), ("mutation_rate", mutation_rate)):
            check_rate(name, rate)
    set_common(breeding, size, pair_rate, distinct)
    lower, upper, integer = limits
    reals.lower = <const double*>cnp.PyArray_DATA(<cnp.ndarray>lower)
    reals.upper = <const double*>cnp.PyArray_DATA(<cnp.ndarray>upper)
    reals.integer = <const unsigned char*>cnp.PyArray_DATA(<cnp.ndarray>integer) if integer is not None else NULL
    reals.eta, reals.gene_rate, reals.exchange_rate = eta, gene_rate, exchange_rate
    reals.mutation_eta, reals.mutation_rate = mutation_eta, mutation_rate
    breeding.reals = reals
    return 0


# Generations

cdef object bred(Breeding* breeding, object codes, object merits, Py_ssize_t count, RandomStream stream):
    cdef cnp.npy_intp shape[2]
    if count < 0:
        checks.check_breeding(count, 1)
    shape[0], shape[1] = count, (<cnp.ndarray>codes).shape[1]
    children = cnp.PyArray_EMPTY(2, shape, cnp.PyArray_TYPE(<cnp.ndarray>codes), 0)
    point_to(breeding, codes, merits, children, shape[1])
    make_room(breeding)
    with nogil:
        breed(breeding, &stream.rng)
    free(breeding.room.memory)
    return children


cdef object advanced(
    Breeding* breeding,
    object codes,
    object merits,
    Py_ssize_t genes,
    int function,
    Py_ssize_t order,
    int64_t generations,
    int64_t elites,
    double best,
    double target,
    RandomStream stream,
    Progress* progress,
):
    """Make generations; the row of the best, if there was a better one."""
    count = len(codes) - max(elites, 0)
    children, child_merits = np.empty((count, codes.shape[1]), codes.dtype), np.empty(count)
    found = np.empty(codes.shape[1], codes.dtype)
    point_to(breeding, codes, merits, children, genes)
    breeding.child_merits = <double*>cnp.PyArray_DATA(<cnp.ndarray>child_merits)
    make_room(breeding)
    progress.made, progress.brought, progress.invalid, progress.best = 0, 0, 0, best
    progress.best_row = <char*>cnp.PyArray_DATA(<cnp.ndarray>found)
    with nogil:
        while progress.made < generations and not (progress.made and progress.best >= target):
            breed(breeding, &stream.rng)
            evaluate(breeding, function, order)
            note(breeding, progress)
            survive(breeding, elites)
    free(breeding.room.memory)
    return found


cdef void point_to(Breeding* breeding, cnp.ndarray codes, cnp.ndarray merits, cnp.ndarray children, Py_ssize_t genes):
    breeding.n, breeding.count, breeding.genes = codes.shape[0], children.shape[0], genes
    breeding.stride = codes.shape[1] * cnp.PyArray_ITEMSIZE(codes)
    breeding.codes, breeding.children = <char*>cnp.PyArray_DATA(codes), <char*>cnp.PyArray_DATA(children)
    breeding.merits = <double*>cnp.PyArray_DATA(merits)


cdef int make_room(Breeding* breeding) except -1:
    """Memory for generations; whoever asks for it frees ``room.memory``."""
    cdef Py_ssize_t rows = breeding.n + breeding.count, words = (breeding.genes + 63) // 64
    cdef Py_ssize_t spare = (breeding.stride + 7) // 8
    cdef uint64_t slots = slots_for(rows) if breeding.distinct else 0
    cdef Py_ssize_t numbers = breeding.n + rows + spare + words  # of 8 bytes
    cdef char* at = <char*>malloc(numbers * 8 + (breeding.n + breeding.count + 2 * slots) * sizeof(int32_t))
    if at == NULL:
        raise MemoryError
    breeding.room.memory = at
    breeding.room.valid = <double*>at
    breeding.room.sorting = breeding.room.valid + breeding.n
    breeding.room.spare = <char*>(breeding.room.sorting + rows)
    if breeding.bits != NULL:
        breeding.bits.mask = <uint64_t*>(breeding.room.sorting + rows + spare)
    at += numbers * 8
    breeding.room.valid_rows = <int32_t*>at
    breeding.room.targets = breeding.room.valid_rows + breeding.n
    breeding.known.places = breeding.room.targets + breeding.count
    breeding.known.tags = <uint32_t*>(breeding.known.places + slots)
    breeding.known.last = slots - 1
    return 0


cdef void breed(Breeding* breeding, Rng* rng) noexcept nogil:
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
    for tried in range(MOST_ROUNDS):
        wanted = keep_repeated(breeding, wanted)
        if not wanted:
            return
        breed_targets(breeding, &parents, wanted, rng)


cdef Parents parents_of(Breeding* breeding) noexcept nogil:
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


cdef void breed_targets(Breeding* breeding, const Parents* parents, Py_ssize_t wanted, Rng* rng) noexcept nogil:
    if breeding.bits != NULL:
        breed_bit_rows(breeding, parents, wanted, rng)
    else:
        breed_real_rows(breeding, parents, wanted, rng)


cdef void breed_bit_rows(Breeding* breeding, const Parents* parents, Py_ssize_t wanted, Rng* rng) noexcept nogil:
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


cdef void breed_real_rows(Breeding* breeding, const Parents* parents, Py_ssize_t wanted, Rng* rng) noexcept nogil:
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


cdef void learn_population(Breeding* breeding) noexcept nogil:
    cdef Known* known = &breeding.known
    cdef Py_ssize_t row
    known.n, known.stride = breeding.n, breeding.stride
    known.codes, known.children = breeding.codes, breeding.children
    memset(known.places, 255, (known.last + 1) * sizeof(int32_t))
    for row in range(breeding.n):
        was_known(known, row)


cdef Py_ssize_t keep_repeated(Breeding* breeding, Py_ssize_t wanted) noexcept nogil:
    """Of the first ``wanted`` targets, those that are like what is known move to the front; how many there are."""
    cdef Py_ssize_t item, repeats = 0
    for item in range(wanted):
        if was_known(&breeding.known, breeding.n + breeding.room.targets[item]):
            breeding.room.targets[repeats] = breeding.room.targets[item]
            repeats += 1
    return repeats


cdef void evaluate(Breeding* breeding, int function, Py_ssize_t order) noexcept nogil:
    cdef Py_ssize_t row
    cdef char* code = breeding.children
    for row in range(breeding.count):
        if breeding.bits != NULL:
            breeding.child_merits[row] = packed_value_of(function, <uint64_t*>code, breeding.genes, order)
        else:
            breeding.child_merits[row] = -value_of(function, <double*>code, breeding.genes)
        code += breeding.stride


cdef void note(Breeding* breeding, Progress* progress) noexcept nogil:
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


cdef void survive(Breeding* breeding, int64_t elites) noexcept nogil:
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
