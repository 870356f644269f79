# Variation of single rows, for loops that are fused with other work. ``variation_numpy`` documents what they do.

from libc.math cimport fabs, rint
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy

from gigaevo.kernels.compiled._rng cimport (
    Rng,
    inverse_of_misses,
    misses,
    next_word,
    normal,
    threshold,
)
from gigaevo.kernels.compiled._rng cimport uniform as drawn_uniform


cdef extern from "_variation.h":
    enum:
        GENE_BLOCK

    ctypedef struct SbxBlock:
        double* a
        double* b
        double* lower
        double* upper
        double* drawn
        double* lesser
        double* greater

    ctypedef struct PolynomialBlock:
        double* gene
        double* lower
        double* upper
        double* drawn

    void sbx_block_values(SbxBlock* block, int used, double eta, int bounded) noexcept nogil
    void polynomial_block_values(PolynomialBlock* block, int used, double eta) noexcept nogil


cdef struct Sbx:
    # Parameters; and gene pairs that wait until there are enough of them to be worked on together.
    Py_ssize_t genes
    const double* lower  # NULL without bounds
    const double* upper
    double eta
    uint64_t gene_threshold
    uint64_t exchange_threshold
    int waiting
    SbxBlock block
    double* takes_lesser[GENE_BLOCK]
    double* takes_greater[GENE_BLOCK]


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
    sbx.waiting = 0


cdef inline void sbx_pair(
    Sbx* sbx, const double* a, const double* b, double* first, double* second, Rng* rng
) noexcept nogil:
    """Cross two parents. The children are complete after ``sbx_finish``; until then they must stay where they are.

    ``first`` may be ``a``, and ``second`` ``b``.
    """
    cdef Py_ssize_t gene
    cdef uint64_t word
    cdef double of_a, of_b
    cdef bint swapped
    cdef int at
    for gene in range(sbx.genes):
        word = next_word(rng)
        of_a, of_b = a[gene], b[gene]
        first[gene], second[gene] = of_a, of_b
        # Whether the gene takes part cannot be predicted: it is written down anyway, and stays only if it does.
        at = sbx.waiting
        swapped = (of_a > of_b) != (<uint32_t>word < sbx.exchange_threshold)
        sbx.block.a[at], sbx.block.b[at] = of_a, of_b
        if sbx.lower != NULL:
            sbx.block.lower[at], sbx.block.upper[at] = sbx.lower[gene], sbx.upper[gene]
        sbx.block.drawn[at] = drawn_uniform(rng)
        sbx.takes_lesser[at] = &second[gene] if swapped else &first[gene]
        sbx.takes_greater[at] = &first[gene] if swapped else &second[gene]
        sbx.waiting = at + (((word >> 32) < sbx.gene_threshold) & (fabs(of_a - of_b) > 1e-14))
        if sbx.waiting == GENE_BLOCK:
            sbx_finish(sbx)


cdef inline void sbx_finish(Sbx* sbx) noexcept nogil:
    """Write what waits into the children."""
    cdef int item
    sbx_block_values(&sbx.block, sbx.waiting, sbx.eta, sbx.lower != NULL)
    for item in range(sbx.waiting):
        sbx.takes_lesser[item][0] = sbx.block.lesser[item]
        sbx.takes_greater[item][0] = sbx.block.greater[item]
    sbx.waiting = 0


cdef struct Hits:
    # Which genes of a stream of rows are hit: drawn as the numbers of genes between them, so that the cost follows the hits.
    double inverse
    int64_t ahead  # genes that are missed before the next hit


cdef inline void begin_hits(Hits* hits, double rate, Rng* rng) noexcept nogil:
    """Each gene of the rows to come is hit with probability ``rate``, 0 to 1."""
    hits.inverse = inverse_of_misses(rate)
    hits.ahead = misses(rng, hits.inverse)


cdef struct Polynomial:
    # Parameters; and genes that wait until there are enough of them to be mutated together.
    Py_ssize_t genes
    const double* lower
    const double* upper
    double eta
    Hits hits
    int waiting
    PolynomialBlock block
    double* targets[GENE_BLOCK]


cdef inline void polynomial_begin(
    Polynomial* mutation,
    Py_ssize_t genes,
    const double* lower,
    const double* upper,
    double eta,
    double gene_rate,
    Rng* rng,
) noexcept nogil:
    """Prepare mutations of rows."""
    mutation.genes, mutation.lower, mutation.upper, mutation.eta = genes, lower, upper, eta
    mutation.waiting = 0
    begin_hits(&mutation.hits, gene_rate, rng)


cdef inline void polynomial_row(Polynomial* mutation, double* row, Rng* rng) noexcept nogil:
    """Mutate a row in place. It is complete after ``polynomial_finish``; until then it must stay where it is."""
    cdef Py_ssize_t gene
    cdef int at
    while mutation.hits.ahead < mutation.genes:
        gene = mutation.hits.ahead
        mutation.hits.ahead += 1 + misses(rng, mutation.hits.inverse)
        if not mutation.lower[gene] < mutation.upper[gene]:
            continue
        at = mutation.waiting
        mutation.block.gene[at], mutation.block.drawn[at] = row[gene], drawn_uniform(rng)
        mutation.block.lower[at], mutation.block.upper[at] = mutation.lower[gene], mutation.upper[gene]
        mutation.targets[at] = &row[gene]
        mutation.waiting += 1
        if mutation.waiting == GENE_BLOCK:
            polynomial_finish(mutation)
    mutation.hits.ahead -= mutation.genes


cdef inline void polynomial_finish(Polynomial* mutation) noexcept nogil:
    """Write what waits into the rows."""
    cdef int item
    polynomial_block_values(&mutation.block, mutation.waiting, mutation.eta)
    for item in range(mutation.waiting):
        mutation.targets[item][0] = mutation.block.gene[item]
    mutation.waiting = 0


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
