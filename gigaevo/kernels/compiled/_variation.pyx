# cython: boundscheck=False, wraparound=False, cdivision=True
"""Crossovers and mutations of vectors, compiled. ``variation_numpy`` documents the functions and is their twin."""

from libc.math cimport floor, isfinite
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport fits, new_array
from gigaevo.kernels.compiled._inputs cimport are_bounds, are_whole
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng, below, next_word, threshold
from gigaevo.kernels.compiled._rng cimport uniform as drawn_uniform
from gigaevo.kernels.compiled._variation cimport (
    Hits,
    Polynomial,
    Sbx,
    begin_hits,
    clip_row,
    gaussian_row,
    polynomial_begin,
    polynomial_finish,
    polynomial_row,
    round_row,
    sbx_begin,
    sbx_finish,
    sbx_pair,
)

from gigaevo.kernels.checks import array_checks, variation_checks

cnp.import_array()

cdef struct Pairs:
    # Parents and children; child rows of pair i are i of first and of second.
    const double* a
    const double* b
    double* first
    double* second
    Py_ssize_t count
    Py_ssize_t genes


cdef struct Limits:
    # Bounds, NULL where there are none, and which genes are integer, NULL if none is.
    const double* lower
    const double* upper
    const unsigned char* integer


def sbx(
    a,
    b,
    RandomStream stream not None,
    *,
    lower=None,
    upper=None,
    double eta=15.0,
    double pair_rate=0.9,
    double gene_rate=0.5,
    double exchange_rate=0.5,
    out=None,
):
    """See ``variation_numpy.sbx``."""
    cdef Pairs pairs
    cdef Limits limits
    cdef Sbx crossing
    a, b = checked_parents(a, b)
    lower, upper, _ = checked_limits(lower, upper, None, cnp.PyArray_DIM(<cnp.ndarray>a, 1), &limits)
    array_checks.check_not_negative("eta", eta)
    check_rate("pair_rate", pair_rate)
    check_rate("gene_rate", gene_rate)
    check_rate("exchange_rate", exchange_rate)
    out = children_of(a, b, out, &pairs)
    with nogil:
        sbx_begin(&crossing, pairs.genes, limits.lower, limits.upper, eta, gene_rate, exchange_rate)
        sbx_pairs(&pairs, &crossing, pair_rate, &stream.rng)
    return out


cdef void sbx_pairs(const Pairs* pairs, Sbx* crossing, double pair_rate, Rng* rng) noexcept nogil:
    cdef uint64_t crosses = threshold(pair_rate)
    cdef Py_ssize_t pair, at
    for pair in range(pairs.count):
        at = pair * pairs.genes
        if (next_word(rng) >> 32) < crosses:
            sbx_pair(crossing, pairs.a + at, pairs.b + at, pairs.first + at, pairs.second + at, rng)
        else:
            copy_pair(pairs, at)
    sbx_finish(crossing)


def uniform(
    a, b, RandomStream stream not None, *, double pair_rate=1.0, double gene_rate=0.5, out=None
):
    """See ``variation_numpy.uniform``."""
    cdef Pairs pairs
    a, b = checked_parents(a, b)
    check_rate("pair_rate", pair_rate)
    check_rate("gene_rate", gene_rate)
    out = children_of(a, b, out, &pairs)
    with nogil:
        uniform_pairs(&pairs, pair_rate, gene_rate, &stream.rng)
    return out


cdef void uniform_pairs(const Pairs* pairs, double pair_rate, double gene_rate, Rng* rng) noexcept nogil:
    cdef uint64_t crosses = threshold(pair_rate), exchanged = threshold(gene_rate)
    cdef Py_ssize_t pair, at, start
    for pair in range(pairs.count):
        at = pair * pairs.genes
        if (next_word(rng) >> 32) >= crosses:
            copy_pair(pairs, at)
            continue
        for start in range(0, pairs.genes, 64):
            exchange(pairs, at + start, min(64, pairs.genes - start), chosen_bits(exchanged, rng))


cdef inline uint64_t chosen_bits(uint64_t limit, Rng* rng) noexcept nogil:
    """64 bits, each of them set with probability ``limit / 2^32``."""
    cdef uint64_t bits = 0, word
    cdef int step
    if limit == <uint64_t>1 << 31:
        return next_word(rng)
    for step in range(32):
        word = next_word(rng)
        bits = bits << 2 | <uint64_t>((word >> 32) < limit) << 1 | <uint64_t>(<uint32_t>word < limit)
    return bits


cdef inline void exchange(const Pairs* pairs, Py_ssize_t at, Py_ssize_t genes, uint64_t bits) noexcept nogil:
    """Children of the at most 64 genes from ``at`` on; those whose bit is set are exchanged."""
    cdef const uint64_t* a = <const uint64_t*>(pairs.a + at)
    cdef const uint64_t* b = <const uint64_t*>(pairs.b + at)
    cdef uint64_t* first = <uint64_t*>(pairs.first + at)
    cdef uint64_t* second = <uint64_t*>(pairs.second + at)
    cdef uint64_t of_a, of_b, difference
    cdef Py_ssize_t gene
    for gene in range(genes):
        of_a, of_b = a[gene], b[gene]
        difference = (of_a ^ of_b) & (0 - (bits & 1))
        first[gene], second[gene] = of_a ^ difference, of_b ^ difference
        bits >>= 1


def points(a, b, RandomStream stream not None, *, Py_ssize_t cuts=1, double pair_rate=1.0, out=None):
    """See ``variation_numpy.points``."""
    cdef Pairs pairs
    a, b = checked_parents(a, b)
    check_rate("pair_rate", pair_rate)
    variation_checks.check_cuts(cuts)
    out = children_of(a, b, out, &pairs)
    with nogil:
        point_pairs(&pairs, cuts, pair_rate, &stream.rng)
    return out


cdef void point_pairs(const Pairs* pairs, Py_ssize_t cuts, double pair_rate, Rng* rng) noexcept nogil:
    """Points are chosen one after the other along the genome (selection sampling)."""
    cdef uint64_t crosses = threshold(pair_rate), swap
    cdef Py_ssize_t pair, at, gene, wanted
    for pair in range(pairs.count):
        at = pair * pairs.genes
        wanted = cuts if (next_word(rng) >> 32) < crosses else 0
        swap = 0
        for gene in range(pairs.genes):
            if gene and wanted and below(rng, <uint32_t>(pairs.genes - gene)) < <uint64_t>wanted:
                swap, wanted = 1 - swap, wanted - 1
            exchange(pairs, at + gene, 1, swap)


def blend(
    a,
    b,
    RandomStream stream not None,
    *,
    lower=None,
    upper=None,
    double alpha=0.5,
    double pair_rate=1.0,
    double gene_rate=1.0,
    out=None,
):
    """See ``variation_numpy.blend``."""
    cdef Pairs pairs
    cdef Limits limits
    a, b = checked_parents(a, b)
    lower, upper, _ = checked_limits(lower, upper, None, cnp.PyArray_DIM(<cnp.ndarray>a, 1), &limits)
    array_checks.check_not_negative("alpha", alpha)
    check_rate("pair_rate", pair_rate)
    check_rate("gene_rate", gene_rate)
    out = children_of(a, b, out, &pairs)
    with nogil:
        blend_pairs(&pairs, &limits, alpha, pair_rate, gene_rate, &stream.rng)
    return out


cdef void blend_pairs(
    const Pairs* pairs, const Limits* limits, double alpha, double pair_rate, double gene_rate, Rng* rng
) noexcept nogil:
    cdef uint64_t crosses = threshold(pair_rate), taken = threshold(gene_rate)
    cdef Py_ssize_t pair, at, gene
    cdef double of_a, of_b, start, span
    for pair in range(pairs.count):
        at = pair * pairs.genes
        if (next_word(rng) >> 32) >= crosses:
            copy_pair(pairs, at)
            continue
        for gene in range(pairs.genes):
            of_a, of_b = pairs.a[at + gene], pairs.b[at + gene]
            if (next_word(rng) >> 32) < taken:
                start = min(of_a, of_b)
                span = max(of_a, of_b) - start
                start -= alpha * span
                span *= 1.0 + 2.0 * alpha
                of_a, of_b = start + span * drawn_uniform(rng), start + span * drawn_uniform(rng)
                if limits.lower != NULL:
                    of_a = max(limits.lower[gene], min(of_a, limits.upper[gene]))
                    of_b = max(limits.lower[gene], min(of_b, limits.upper[gene]))
            pairs.first[at + gene], pairs.second[at + gene] = of_a, of_b


def arithmetic(a, b, RandomStream stream not None, *, double pair_rate=1.0, out=None):
    """See ``variation_numpy.arithmetic``."""
    cdef Pairs pairs
    a, b = checked_parents(a, b)
    check_rate("pair_rate", pair_rate)
    out = children_of(a, b, out, &pairs)
    with nogil:
        arithmetic_pairs(&pairs, pair_rate, &stream.rng)
    return out


cdef void arithmetic_pairs(const Pairs* pairs, double pair_rate, Rng* rng) noexcept nogil:
    cdef uint64_t crosses = threshold(pair_rate)
    cdef Py_ssize_t pair, at, gene
    cdef double weight, step, low, high
    for pair in range(pairs.count):
        at = pair * pairs.genes
        if (next_word(rng) >> 32) >= crosses:
            copy_pair(pairs, at)
            continue
        weight = drawn_uniform(rng)
        for gene in range(at, at + pairs.genes):
            low, high = min(pairs.a[gene], pairs.b[gene]), max(pairs.a[gene], pairs.b[gene])
            step = weight * (pairs.b[gene] - pairs.a[gene])
            pairs.first[gene], pairs.second[gene] = pairs.a[gene] + step, pairs.b[gene] - step
            pairs.first[gene] = max(low, min(pairs.first[gene], high))
            pairs.second[gene] = max(low, min(pairs.second[gene], high))


def polynomial(
    genomes,
    RandomStream stream not None,
    *,
    lower,
    upper,
    double eta=20.0,
    double gene_rate=0.1,
    integer=None,
    out=None,
):
    """See ``variation_numpy.polynomial``."""
    cdef Limits limits
    cdef Py_ssize_t n, genes
    genomes = checked_genomes(genomes)
    n, genes = cnp.PyArray_DIM(<cnp.ndarray>genomes, 0), cnp.PyArray_DIM(<cnp.ndarray>genomes, 1)
    lower, upper, integer = checked_limits(lower, upper, integer, genes, &limits)
    if lower is None:
        variation_checks.needed_bounds("polynomial mutation", None, None, None, genes)
    array_checks.check_not_negative("eta", eta)
    check_rate("gene_rate", gene_rate)
    out = output_of(n, genes, out)
    cdef const double* given = <const double*>cnp.PyArray_DATA(<cnp.ndarray>genomes)
    cdef double* rows = <double*>cnp.PyArray_DATA(<cnp.ndarray>out)
    with nogil:
        polynomial_rows(given, rows, n, genes, &limits, eta, gene_rate, &stream.rng)
    return out


cdef void polynomial_rows(
    const double* given,
    double* rows,
    Py_ssize_t n,
    Py_ssize_t genes,
    const Limits* limits,
    double eta,
    double gene_rate,
    Rng* rng,
) noexcept nogil:
    cdef Polynomial mutation
    cdef Py_ssize_t row
    polynomial_begin(&mutation, genes, limits.lower, limits.upper, eta, gene_rate, rng)
    for row in range(n):
        clip_row(given + row * genes, rows + row * genes, genes, limits.lower, limits.upper)
        polynomial_row(&mutation, rows + row * genes, rng)
    polynomial_finish(&mutation)
    if limits.integer != NULL:
        for row in range(n):
            round_row(rows + row * genes, genes, limits.integer, limits.lower, limits.upper)


def gaussian(
    genomes,
    RandomStream stream not None,
    *,
    sigma=0.1,
    lower=None,
    upper=None,
    double gene_rate=0.1,
    integer=None,
    bint reflect=False,
    out=None,
):
    """See ``variation_numpy.gaussian``."""
    cdef Limits limits
    cdef Py_ssize_t n, genes
    genomes = checked_genomes(genomes)
    n, genes = cnp.PyArray_DIM(<cnp.ndarray>genomes, 0), cnp.PyArray_DIM(<cnp.ndarray>genomes, 1)
    lower, upper, integer = checked_limits(lower, upper, integer, genes, &limits)
    deviations = deviations_of(sigma, genes, lower, upper, &limits)
    check_rate("gene_rate", gene_rate)
    out = output_of(n, genes, out)
    cdef const double* scale = <const double*>cnp.PyArray_DATA(<cnp.ndarray>deviations)
    cdef const double* given = <const double*>cnp.PyArray_DATA(<cnp.ndarray>genomes)
    cdef double* rows = <double*>cnp.PyArray_DATA(<cnp.ndarray>out)
    with nogil:
        gaussian_rows(given, rows, n, genes, scale, &limits, reflect, gene_rate, &stream.rng)
    return out


cdef void gaussian_rows(
    const double* given,
    double* rows,
    Py_ssize_t n,
    Py_ssize_t genes,
    const double* scale,
    const Limits* limits,
    bint reflect,
    double gene_rate,
    Rng* rng,
) noexcept nogil:
    cdef Hits hits
    cdef Py_ssize_t row
    begin_hits(&hits, gene_rate, rng)
    for row in range(n):
        clip_row(given + row * genes, rows + row * genes, genes, limits.lower, limits.upper)
        gaussian_row(rows + row * genes, genes, scale, limits.lower, limits.upper, reflect, &hits, rng)
        if limits.integer != NULL:
            round_row(rows + row * genes, genes, limits.integer, limits.lower, limits.upper)


def random_genomes(Py_ssize_t n, RandomStream stream not None, *, lower, upper, integer=None, out=None):
    """See ``variation_numpy.random_genomes``."""
    cdef Limits limits
    cdef Py_ssize_t genes
    array_checks.check_count(n)
    lower = array_checks.float_array("lower", lower, 1)
    genes = cnp.PyArray_DIM(<cnp.ndarray>lower, 0)
    lower, upper, integer = checked_limits(lower, upper, integer, genes, &limits)
    out = output_of(n, genes, out)
    cdef double* rows = <double*>cnp.PyArray_DATA(<cnp.ndarray>out)
    with nogil:
        random_rows(rows, n, genes, &limits, &stream.rng)
    return out


cdef void random_rows(double* rows, Py_ssize_t n, Py_ssize_t genes, const Limits* limits, Rng* rng) noexcept nogil:
    cdef Py_ssize_t row, gene
    cdef double span, value
    for row in range(n):
        for gene in range(genes):
            span = limits.upper[gene] - limits.lower[gene]
            if limits.integer != NULL and limits.integer[gene]:
                value = floor(limits.lower[gene] + drawn_uniform(rng) * (span + 1.0))
            else:
                value = limits.lower[gene] + drawn_uniform(rng) * span
            rows[row * genes + gene] = min(value, limits.upper[gene])


cdef inline void copy_pair(const Pairs* pairs, Py_ssize_t at) noexcept nogil:
    """Children of a pair that is not crossed."""
    if pairs.first != pairs.a:
        memcpy(pairs.first + at, pairs.a + at, pairs.genes * sizeof(double))
    if pairs.second != pairs.b:
        memcpy(pairs.second + at, pairs.b + at, pairs.genes * sizeof(double))


cdef inline int check_rate(str name, double rate) except -1:
    if not 0.0 <= rate <= 1.0:
        array_checks.check_rate(name, rate)
    return 0


cdef object checked_genomes(object genomes):
    return genomes if fits(genomes, cnp.NPY_FLOAT64, 2) else array_checks.float_array("genomes", genomes, 2)


cdef tuple checked_parents(object a, object b):
    if fits(a, cnp.NPY_FLOAT64, 2) and fits(b, cnp.NPY_FLOAT64, 2):
        if cnp.PyArray_SAMESHAPE(<cnp.ndarray>a, <cnp.ndarray>b):
            return a, b
    return variation_checks.parents(a, b)


cdef object output_of(Py_ssize_t rows, Py_ssize_t genes, object out):
    """``out`` if it can be written in place, a new array of ``rows`` times ``genes`` if it is None."""
    cdef cnp.npy_intp[2] shape
    shape[0], shape[1] = rows, genes
    if out is None:
        return cnp.PyArray_EMPTY(2, shape, cnp.NPY_FLOAT64, 0)
    return array_checks.output(out, (rows, genes))


cdef object children_of(object a, object b, object out, Pairs* pairs):
    """The array of the children, and where parents and children are."""
    pairs.count, pairs.genes = cnp.PyArray_DIM(<cnp.ndarray>a, 0), cnp.PyArray_DIM(<cnp.ndarray>a, 1)
    out = output_of(2 * pairs.count, pairs.genes, out)
    pairs.a = <const double*>cnp.PyArray_DATA(<cnp.ndarray>a)
    pairs.b = <const double*>cnp.PyArray_DATA(<cnp.ndarray>b)
    pairs.first = <double*>cnp.PyArray_DATA(<cnp.ndarray>out)
    pairs.second = pairs.first + pairs.count * pairs.genes
    return out


cdef tuple checked_limits(object lower, object upper, object integer, Py_ssize_t genes, Limits* limits):
    """Bounds and integer genes as arrays to be kept alive, and where they are."""
    limits.lower = limits.upper = NULL
    limits.integer = NULL
    if not (are_bounds(lower, upper, genes) and are_whole(lower, upper, integer, genes)):
        lower, upper, integer = variation_checks.bounds_and_integers(lower, upper, integer, genes)
    if lower is not None:
        limits.lower = <const double*>cnp.PyArray_DATA(<cnp.ndarray>lower)
        limits.upper = <const double*>cnp.PyArray_DATA(<cnp.ndarray>upper)
    if integer is not None:
        limits.integer = <const unsigned char*>cnp.PyArray_DATA(<cnp.ndarray>integer)
    return lower, upper, integer


cdef object deviations_of(object sigma, Py_ssize_t genes, object lower, object upper, const Limits* limits):
    """Standard deviation of each gene's noise."""
    cdef cnp.ndarray made
    cdef double* data
    cdef double fraction
    cdef Py_ssize_t gene
    if type(sigma) is not float:
        return variation_checks.deviations(sigma, genes, lower, upper)
    fraction = sigma
    if not (isfinite(fraction) and fraction >= 0.0):
        return variation_checks.deviations(sigma, genes, lower, upper)
    made = new_array(genes, cnp.NPY_FLOAT64)
    data = <double*>cnp.PyArray_DATA(made)
    for gene in range(genes):
        data[gene] = fraction * (limits.upper[gene] - limits.lower[gene]) if limits.lower != NULL else fraction
    return made
