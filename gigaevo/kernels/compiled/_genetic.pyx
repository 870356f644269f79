# cython: boundscheck=False, wraparound=False, cdivision=True
"""Crossovers and mutations of bits, alleles and permutations, compiled. ``genetic_numpy`` documents them."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport fits
from gigaevo.kernels.compiled._genes cimport (
    Hits,
    begin_hits,
    exchange_bytes,
    exchange_ints,
    exchange_mask,
    flip_bytes,
    inverted,
    matched_row,
    order_row,
    scrambled,
    to_next_hit,
    two_places,
)
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng, below, next_word, threshold

import numpy as np

from gigaevo.kernels.checks import genetic_checks as checks
from gigaevo.kernels.checks.array_checks import check_rate, output
from gigaevo.kernels.checks.variation_checks import check_cuts

cnp.import_array()

cdef enum Rearrangement:
    SWAP
    INVERSION
    SCRAMBLE


def uniform(a, b, RandomStream stream not None, *, double pair_rate=1.0, double gene_rate=0.5, out=None):
    """See ``genetic_numpy.uniform``."""
    if not 0.0 <= gene_rate <= 1.0:
        check_rate("gene_rate", gene_rate)
    return exchanged(a, b, stream, 0, pair_rate, gene_rate, out)


def points(a, b, RandomStream stream not None, *, int64_t cuts=1, double pair_rate=1.0, out=None):
    """See ``genetic_numpy.points``."""
    if cuts < 1:
        check_cuts(cuts)
    return exchanged(a, b, stream, cuts, pair_rate, 1.0, out)


def flip(genomes, RandomStream stream not None, *, double gene_rate, out=None):
    """See ``genetic_numpy.flip``."""
    cdef Py_ssize_t row, n, genes
    cdef Hits hits
    cdef uint8_t* bits
    if not fits(genomes, cnp.NPY_UINT8, 2):
        genomes = checks.codes("genomes", genomes, np.uint8)
    if not 0.0 <= gene_rate <= 1.0:
        check_rate("gene_rate", gene_rate)
    out = copied(genomes, out)
    n, genes = (<cnp.ndarray>out).shape[0], (<cnp.ndarray>out).shape[1]
    bits = <uint8_t*>cnp.PyArray_DATA(out)
    with nogil:
        begin_hits(&hits, gene_rate, &stream.rng)
        for row in range(n):
            flip_bytes(bits + row * genes, genes, &hits, &stream.rng)
    return out


def reset(genomes, RandomStream stream not None, *, limits, double gene_rate, out=None):
    """See ``genetic_numpy.reset``."""
    cdef Py_ssize_t row, n, genes
    cdef Hits hits
    cdef int32_t* alleles
    cdef const int32_t* many
    if not fits(genomes, cnp.NPY_INT32, 2):
        genomes = checks.codes("genomes", genomes, np.int32)
    limits = checks.limits(limits, genomes.shape[1])
    if not 0.0 <= gene_rate <= 1.0:
        check_rate("gene_rate", gene_rate)
    out = copied(genomes, out)
    n, genes = (<cnp.ndarray>out).shape[0], (<cnp.ndarray>out).shape[1]
    alleles, many = <int32_t*>cnp.PyArray_DATA(out), <const int32_t*>cnp.PyArray_DATA(limits)
    with nogil:
        begin_hits(&hits, gene_rate, &stream.rng)
        for row in range(n):
            reset_row(alleles + row * genes, many, genes, &hits, &stream.rng)
    return out


def order(a, b, RandomStream stream not None, *, ends=None, double pair_rate=1.0, out=None):
    """See ``genetic_numpy.order``."""
    return recombined(a, b, stream, ends, pair_rate, out, False)


def matched(a, b, RandomStream stream not None, *, ends=None, double pair_rate=1.0, out=None):
    """See ``genetic_numpy.matched``."""
    return recombined(a, b, stream, ends, pair_rate, out, True)


def swap(genomes, RandomStream stream not None, *, double rate=1.0, ends=None, out=None):
    """See ``genetic_numpy.swap``."""
    return rearranged(SWAP, genomes, stream, rate, ends, out)


def inversion(genomes, RandomStream stream not None, *, double rate=1.0, ends=None, out=None):
    """See ``genetic_numpy.inversion``."""
    return rearranged(INVERSION, genomes, stream, rate, ends, out)


def scramble(genomes, RandomStream stream not None, *, double rate=1.0, ends=None, out=None):
    """See ``genetic_numpy.scramble``."""
    return rearranged(SCRAMBLE, genomes, stream, rate, ends, out)


cdef object copied(object genomes, object out):
    """``genomes`` in ``out``, which may be the same, or in a new array."""
    if out is None:
        return genomes.copy()
    out = output(out, genomes.shape, genomes.dtype)
    if out is not genomes:
        out[:] = genomes
    return out


cdef object exchanged(
    object a, object b, RandomStream stream, int64_t cuts, double pair_rate, double gene_rate, object out
):
    cdef Py_ssize_t pair, n, genes
    cdef cnp.npy_intp shape[2]
    cdef uint64_t limit = threshold(gene_rate), crossed
    cdef bint bytewise
    cdef char* one
    cdef char* other
    cdef char* first
    cdef char* second
    cdef uint64_t* mask
    if not (fits(a, cnp.NPY_UINT8, 2) and fits(b, cnp.NPY_UINT8, 2)) or a.shape != b.shape:
        a, b = checks.parents(a, b, np.uint8, np.int32)
    if not 0.0 <= pair_rate <= 1.0:
        check_rate("pair_rate", pair_rate)
    n, genes = (<cnp.ndarray>a).shape[0], (<cnp.ndarray>a).shape[1]
    out = output(out, (2 * n, genes), a.dtype)
    bytewise = cnp.PyArray_TYPE(<cnp.ndarray>a) == cnp.NPY_UINT8
    shape[0] = (genes + 63) // 64
    scratch = cnp.PyArray_EMPTY(1, shape, cnp.NPY_UINT64, 0)
    mask, crossed = <uint64_t*>cnp.PyArray_DATA(scratch), threshold(pair_rate)
    one, other = <char*>cnp.PyArray_DATA(a), <char*>cnp.PyArray_DATA(b)
    first = <char*>cnp.PyArray_DATA(out)
    cdef Py_ssize_t stride = genes if bytewise else 4 * genes
    second = first + n * stride
    with nogil:
        for pair in range(n):
            if (next_word(&stream.rng) >> 32) < crossed:
                exchange_mask(mask, genes, cuts, limit, &stream.rng)
                if bytewise:
                    exchange_bytes(<uint8_t*>one, <uint8_t*>other, <uint8_t*>first, <uint8_t*>second, genes, mask)
                else:
                    exchange_ints(<int32_t*>one, <int32_t*>other, <int32_t*>first, <int32_t*>second, genes, mask)
            elif first != one:
                memcpy(first, one, stride)
                memcpy(second, other, stride)
            elif second != other:
                memcpy(second, other, stride)
            one += stride
            other += stride
            first += stride
            second += stride
    return out


cdef void reset_row(int32_t* row, const int32_t* limits, Py_ssize_t genes, Hits* hits, Rng* rng) noexcept nogil:
    cdef int32_t allele
    while hits.ahead < genes:
        if limits[hits.ahead] > 1:
            allele = <int32_t>below(rng, <uint32_t>(limits[hits.ahead] - 1))
            row[hits.ahead] = allele + (allele >= row[hits.ahead])
        to_next_hit(hits, rng)
    hits.ahead -= genes


cdef object recombined(
    object a, object b, RandomStream stream, object ends, double pair_rate, object out, bint by_matching
):
    cdef Py_ssize_t pair, n, genes, start, end, part, parts, first, last
    cdef uint64_t crossed = threshold(pair_rate)
    cdef const int32_t* one
    cdef const int32_t* other
    cdef int32_t* children
    cdef int32_t* scratch
    cdef const int64_t* stops
    if not (fits(a, cnp.NPY_INT32, 2) and fits(b, cnp.NPY_INT32, 2)) or a.shape != b.shape:
        a, b = checks.parents(a, b, np.int32)
    n, genes = (<cnp.ndarray>a).shape[0], (<cnp.ndarray>a).shape[1]
    ends = checks.set_ends(ends, genes)
    if not 0.0 <= pair_rate <= 1.0:
        check_rate("pair_rate", pair_rate)
    room = np.empty(genes, np.int32)
    parts, stops, scratch = len(ends), <const int64_t*>cnp.PyArray_DATA(ends), <int32_t*>cnp.PyArray_DATA(room)
    one, other = <const int32_t*>cnp.PyArray_DATA(a), <const int32_t*>cnp.PyArray_DATA(b)
    for name, rows in (("a", a), ("b", b)):
        if not are_permutations(<const int32_t*>cnp.PyArray_DATA(rows), n, genes, stops, parts, scratch):
            checks.check_permutations(name, rows, ends)
    out = output(out, (2 * n, genes), a.dtype)
    children = <int32_t*>cnp.PyArray_DATA(out)
    with nogil:
        for pair in range(n):
            memcpy(children + pair * genes, one, genes * sizeof(int32_t))
            memcpy(children + (n + pair) * genes, other, genes * sizeof(int32_t))
            if (next_word(&stream.rng) >> 32) < crossed:
                start = 0
                for part in range(parts):
                    end = stops[part]
                    if end - start > 1:
                        two_places(end - start, &first, &last, &stream.rng)
                        cross_set(
                            one + start, other + start, children + pair * genes + start, end - start, first, last,
                            scratch, by_matching,
                        )
                        cross_set(
                            other + start, one + start, children + (n + pair) * genes + start, end - start, first,
                            last, scratch, by_matching,
                        )
                    start = end
            one += genes
            other += genes
    return out


cdef inline void cross_set(
    const int32_t* a,
    const int32_t* b,
    int32_t* child,
    Py_ssize_t size,
    Py_ssize_t first,
    Py_ssize_t last,
    int32_t* scratch,
    bint by_matching,
) noexcept nogil:
    if by_matching:
        matched_row(a, b, child, size, first, last, scratch)
    else:
        order_row(a, b, child, size, first, last, <uint8_t*>scratch)


cdef bint are_permutations(
    const int32_t* rows, Py_ssize_t n, Py_ssize_t genes, const int64_t* ends, Py_ssize_t parts, int32_t* seen_in
) noexcept nogil:
    """Whether each set of each row has each of its alleles once."""
    cdef Py_ssize_t row, part, start, gene
    cdef uint32_t allele
    for gene in range(genes):
        seen_in[gene] = -1
    for row in range(n):
        start = 0
        for part in range(parts):
            for gene in range(start, ends[part]):
                allele = <uint32_t>rows[row * genes + gene]
                if allele >= <uint64_t>(ends[part] - start) or seen_in[start + allele] == row:
                    return False
                seen_in[start + allele] = <int32_t>row
            start = ends[part]
    return True


cdef object rearranged(
    Rearrangement how, object genomes, RandomStream stream, double rate, object ends, object out
):
    cdef Py_ssize_t row, n, genes, gene, start = 0, end = 0, part, parts, first, last, movable = 0
    cdef uint64_t limit = threshold(rate)
    cdef int32_t* alleles
    cdef const int64_t* stops
    if not fits(genomes, cnp.NPY_INT32, 2):
        genomes = checks.codes("genomes", genomes, np.int32)
    n, genes = (<cnp.ndarray>genomes).shape[0], (<cnp.ndarray>genomes).shape[1]
    ends = checks.set_ends(ends, genes)
    if not 0.0 <= rate <= 1.0:
        check_rate("rate", rate)
    out = copied(genomes, out)
    alleles = <int32_t*>cnp.PyArray_DATA(out)
    parts, stops = len(ends), <const int64_t*>cnp.PyArray_DATA(ends)
    for part in range(parts):
        movable += stops[part] - start if stops[part] - start > 1 else 0
        start = stops[part]
    if not movable:
        return out
    with nogil:
        for row in range(n):
            if (next_word(&stream.rng) >> 32) < limit:
                gene = below(&stream.rng, <uint32_t>movable)
                set_of(gene, stops, parts, &start, &end)
                two_places(end - start, &first, &last, &stream.rng)
                rearrange(how, alleles + row * genes, start + first, start + last, &stream.rng)
    return out


cdef inline void set_of(
    Py_ssize_t movable, const int64_t* ends, Py_ssize_t parts, Py_ssize_t* start, Py_ssize_t* end
) noexcept nogil:
    """The set of a gene, counted among those whose set has two alleles or more."""
    cdef Py_ssize_t part
    end[0] = 0
    for part in range(parts):
        start[0], end[0] = end[0], ends[part]
        if end[0] - start[0] > 1:
            if movable < end[0] - start[0]:
                return
            movable -= end[0] - start[0]


cdef inline void rearrange(Rearrangement how, int32_t* row, Py_ssize_t first, Py_ssize_t last, Rng* rng) noexcept nogil:
    if how == SWAP:
        row[first], row[last] = row[last], row[first]
    elif how == INVERSION:
        inverted(row, first, last)
    else:
        scrambled(row, first, last, rng)
