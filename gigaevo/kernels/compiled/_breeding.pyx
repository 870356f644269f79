# cython: boundscheck=False, wraparound=False, cdivision=True
"""Whole generations of a genetic algorithm, compiled. ``breeding_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport fits
from gigaevo.kernels.compiled._generations cimport (
    Bits,
    Breeding,
    Progress,
    Reals,
    breed,
    evaluate,
    learn_population,
    note,
    survive,
)
from gigaevo.kernels.compiled._genes cimport pack_row, unpack_row
from gigaevo.kernels.compiled._inputs cimport are_bounds, are_whole
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport threshold
from gigaevo.kernels.compiled._survival cimport compete_rows, slots_for, succeed_rows, was_known

import numpy as np

from gigaevo.kernels.advances import Advance
from gigaevo.kernels.checks import breeding_checks as checks
from gigaevo.kernels.checks.array_checks import MAX_ROWS, check_not_negative, check_rate
from gigaevo.kernels.checks.functions_checks import BITS, REAL, check_code
from gigaevo.kernels.checks.variation_checks import needed_bounds
from gigaevo.kernels.codes import PLUS, ROUNDS

cnp.import_array()

cdef int MOST_ROUNDS = ROUNDS


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
    cdef Py_ssize_t row, count
    cdef uint8_t* flags
    checks.check_children(codes, children, np.empty(np.shape(children)[:1]))
    count = len(children)
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
    check_apart(codes, merits, children, child_merits)
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
    check_apart(codes, merits, children, child_merits)
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
    checks.check_order(order, codes.shape[1])
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
    return told(&progress), best_codes


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
    return told(&progress), found if progress.brought else None


cdef object told(const Progress* progress):
    return Advance(progress.made, progress.invalid, progress.best, progress.brought)


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
    if not (are_ordered(merits) and are_ordered(child_merits)):
        checks.check_ordered(merits, child_merits)
    return 0


cdef int check_apart(object codes, object merits, object children, object child_merits) except -1:
    if overlap(codes, children) or overlap(merits, child_merits):
        checks.check_apart(codes, merits, children, child_merits)
    return 0


cdef bint overlap(cnp.ndarray one, cnp.ndarray other) noexcept:
    """Whether two arrays without gaps have bytes in common."""
    cdef const char* begin = <const char*>cnp.PyArray_DATA(one)
    cdef const char* start = <const char*>cnp.PyArray_DATA(other)
    return begin < start + cnp.PyArray_NBYTES(other) and start < begin + cnp.PyArray_NBYTES(one)


cdef bint are_ordered(cnp.ndarray merits) noexcept:
    """Whether none is NaN."""
    cdef const double* merit = <const double*>cnp.PyArray_DATA(merits)
    cdef bint ordered = True
    cdef Py_ssize_t row
    for row in range(merits.shape[0]):
        ordered &= merit[row] == merit[row]
    return ordered


cdef bint are_candidates(object codes, object merits) noexcept:
    """Whether both can be read in place and are of as many rows."""
    if not (cnp.PyArray_CheckExact(codes) and fits(codes, cnp.PyArray_TYPE(<cnp.ndarray>codes), 2)):
        return False
    if cnp.PyArray_TYPE(<cnp.ndarray>codes) not in (cnp.NPY_UINT8, cnp.NPY_INT32, cnp.NPY_FLOAT64):
        return False  # rows of others are looked at by the checks: those of objects or of texts are refused
    return fits(merits, cnp.NPY_FLOAT64, 1) and (<cnp.ndarray>codes).shape[0] == (<cnp.ndarray>merits).shape[0]


cdef tuple limits_of(object lower, object upper, object integer, Py_ssize_t genes):
    """Bounds and whole genes as arrays that can be read in place."""
    if lower is None or not (are_bounds(lower, upper, genes) and are_whole(lower, upper, integer, genes)):
        return needed_bounds("breed_reals", lower, upper, integer, genes)
    return lower, upper, integer


cdef int set_common(Breeding* breeding, int64_t size, double pair_rate, bint distinct) except -1:
    if not 0.0 <= pair_rate <= 1.0:
        check_rate("pair_rate", pair_rate)
    breeding.size, breeding.pair_limit, breeding.distinct = size, threshold(pair_rate), distinct
    breeding.bits, breeding.reals, breeding.rounds = NULL, NULL, MOST_ROUNDS
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
        check_not_negative("eta", eta)
        check_not_negative("mutation_eta", mutation_eta)
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
    breeding.size = min(breeding.size, 64 * breeding.n)  # as selection_checks.contested


cdef int make_room(Breeding* breeding) except -1:
    """Memory for generations; whoever asks for it frees ``room.memory``."""
    if breeding.n + breeding.count > MAX_ROWS:
        raise ValueError(f"{breeding.n} candidates and {breeding.count} children are more than {MAX_ROWS}")
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
