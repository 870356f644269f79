# Variation of single rows, for loops that are fused with other work. ``variation_numpy`` documents what they do.

from libc.math cimport fabs, rint
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy

from gigaevo.kernels._rng cimport (
    Rng,
    inverse_of_misses,
    misses,
    next_word,
    normal,
    portable_exp,
    portable_log,
    threshold,
)
from gigaevo.kernels._rng cimport uniform as drawn_uniform


cdef extern from "_variation.h":
    enum:
        SBX_BLOCK

    ctypedef struct SbxBlock:
        int count
        double* a
        double* b
        double* lower
        double* upper
        double* drawn
        double* lesser
        double* greater

    void sbx_block_values(SbxBlock* block, double eta, int bounded) noexcept nogil


cdef struct Sbx:
    # Parameters; and gene pairs that wait until there are enough of them to be worked on together.
    Py_ssize_t genes
    const double* lower  # NULL without bounds
    const double* upper
    double eta
    uint64_t gene_threshold
    uint64_t exchange_threshold
    SbxBlock block
    double* takes_lesser[SBX_BLOCK]
    double* takes_greater[SBX_BLOCK]


cdef inline void sbx_begin(
    Sbx* sbx,
    Py_ssize_t genes,
    const double* lower,
    const double* upper,
    double eta,
    double gene_rate,
    double exchange_rate,
) noexcept nogil:
    """Prepare crossings; bounds are both NULL where there are none."""
    sbx.genes, sbx.lower, sbx.upper, sbx.eta = genes, lower, upper, eta
    sbx.gene_threshold, sbx.exchange_threshold = threshold(gene_rate), threshold(exchange_rate)
    sbx.block.count = 0


cdef inline void sbx_pair(
    Sbx* sbx, const double* a, const double* b, double* first, double* second, Rng* rng
) noexcept nogil:
    """Cross two parents. The children are complete after ``sbx_finish``; until then they must stay where they are.

    ``first`` may be ``a``, and ``second`` ``b``.
    """
    cdef SbxBlock* block = &sbx.block
    cdef Py_ssize_t gene
    cdef uint64_t word
    cdef double of_a, of_b
    cdef bint swapped
    for gene in range(sbx.genes):
        word = next_word(rng)
        of_a, of_b = a[gene], b[gene]
        first[gene], second[gene] = of_a, of_b
        if (word >> 32) >= sbx.gene_threshold or not fabs(of_a - of_b) > 1e-14:
            continue
        swapped = (of_a > of_b) != (<uint32_t>word < sbx.exchange_threshold)
        block.a[block.count], block.b[block.count] = of_a, of_b
        if sbx.lower != NULL:
            block.lower[block.count], block.upper[block.count] = sbx.lower[gene], sbx.upper[gene]
        block.drawn[block.count] = drawn_uniform(rng)
        sbx.takes_lesser[block.count] = &second[gene] if swapped else &first[gene]
        sbx.takes_greater[block.count] = &first[gene] if swapped else &second[gene]
        block.count += 1
        if block.count == SBX_BLOCK:
            sbx_finish(sbx)


cdef inline void sbx_finish(Sbx* sbx) noexcept nogil:
    """Write what waits into the children."""
    cdef int item
    sbx_block_values(&sbx.block, sbx.eta, sbx.lower != NULL)
    for item in range(sbx.block.count):
        sbx.takes_lesser[item][0] = sbx.block.lesser[item]
        sbx.takes_greater[item][0] = sbx.block.greater[item]
    sbx.block.count = 0


cdef struct Hits:
    # Which genes of a stream of rows are hit: drawn as the numbers of genes between them, so that the cost follows the hits.
    double inverse
    int64_t ahead  # genes that are missed before the next hit


cdef inline void begin_hits(Hits* hits, double rate, Rng* rng) noexcept nogil:
    """Each gene of the rows to come is hit with probability ``rate``, 0 to 1."""
    hits.inverse = inverse_of_misses(rate)
    hits.ahead = misses(rng, hits.inverse)


cdef inline double polynomial_gene(double gene, double low, double high, double eta, Rng* rng) noexcept nogil:
    """A mutant of ``gene``, which lies between two different bounds."""
    cdef double drawn = drawn_uniform(rng)
    cdef double span = high - low
    cdef bint down = drawn < 0.5
    cdef double beyond, tail, step
    gene = max(low, min(gene, high))
    beyond = (high - gene if down else gene - low) / span
    tail = 2.0 * (drawn if down else 1.0 - drawn)
    if beyond > 0.0:
        tail += (1.0 - tail) * portable_exp((eta + 1.0) * portable_log(beyond))
    step = portable_exp(portable_log(tail) / (eta + 1.0)) - 1.0 if tail > 0.0 else -1.0
    gene += span * (step if down else -step)
    return max(low, min(gene, high))


cdef inline void polynomial_row(
    double* row, Py_ssize_t genes, const double* lower, const double* upper, double eta, Hits* hits, Rng* rng
) noexcept nogil:
    """Mutate a row in place; ``hits`` goes on from row to row."""
    cdef Py_ssize_t gene
    while hits.ahead < genes:
        gene = hits.ahead
        if lower[gene] < upper[gene]:
            row[gene] = polynomial_gene(row[gene], lower[gene], upper[gene], eta, rng)
        hits.ahead += 1 + misses(rng, hits.inverse)
    hits.ahead -= genes


cdef inline double bounced(double value, double low, double high, bint reflect) noexcept nogil:
    """``value`` within bounds: thrown back by as much as it is beyond one, or set to it."""
    if reflect:
        if value < low:
            value = 2.0 * low - value
        if value > high:
            value = 2.0 * high - value
    return max(low, min(value, high))


cdef inline void gaussian_row(
    double* row,
    Py_ssize_t genes,
    const double* deviations,
    const double* lower,
    const double* upper,
    bint reflect,
    Hits* hits,
    Rng* rng,
) noexcept nogil:
    """Mutate a row in place; bounds are both NULL where there are none, ``hits`` goes on from row to row."""
    cdef Py_ssize_t gene
    cdef double value
    while hits.ahead < genes:
        gene = hits.ahead
        value = row[gene] + deviations[gene] * normal(rng)
        row[gene] = value if lower == NULL else bounced(value, lower[gene], upper[gene], reflect)
        hits.ahead += 1 + misses(rng, hits.inverse)
    hits.ahead -= genes


cdef inline void round_row(
    double* row, Py_ssize_t genes, const unsigned char* integer, const double* lower, const double* upper
) noexcept nogil:
    """Round the integer genes of a row to whole numbers within bounds, which are whole too, or NULL."""
    cdef Py_ssize_t gene
    for gene in range(genes):
        if integer[gene]:
            row[gene] = rint(row[gene])
            if lower != NULL:
                row[gene] = max(lower[gene], min(row[gene], upper[gene]))


cdef inline void clip_row(
    const double* given, double* row, Py_ssize_t genes, const double* lower, const double* upper
) noexcept nogil:
    """A copy within bounds, which are both NULL where there are none; ``row`` may be ``given``."""
    cdef Py_ssize_t gene
    if lower == NULL:
        if given != row:
            memcpy(row, given, genes * sizeof(double))
        return
    for gene in range(genes):
        row[gene] = max(lower[gene], min(given[gene], upper[gene]))
