# Crossover and mutation of single rows of bits, alleles and permutations, for loops that are fused with other work.
# ``genetic_numpy`` documents what they do. Which genes a pair exchanges is a mask of one bit a gene, so that rows of
# bytes and rows of packed bits, gene ``j`` being bit ``j % 64`` of word ``j // 64``, make the same of the same draws.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from gigaevo.kernels.compiled._rng cimport Rng, below, inverse_of_misses, next_word, uniform


cdef extern from "_gaps.h" nogil:
    enum:
        GAP_BLOCK

    void uniforms_to_gaps(double* gaps, double inverse) noexcept


cdef struct Hits:
    # Which genes of a stream of rows are hit, as ``Hits`` of _variation, but that gaps are drawn a block at a time.
    double inverse
    int64_t ahead  # genes that are missed before the next hit
    int used
    double gaps[GAP_BLOCK]


cdef inline void begin_hits(Hits* hits, double rate, Rng* rng) noexcept nogil:
    """Each gene of the rows to come is hit with probability ``rate``, 0 to 1."""
    hits.inverse, hits.ahead, hits.used = inverse_of_misses(rate), -1, GAP_BLOCK
    if hits.inverse < -9007199254740992.0:  # never, in practice
        hits.ahead = 9223372036854775807
    else:
        to_next_hit(hits, rng)


cdef inline void to_next_hit(Hits* hits, Rng* rng) noexcept nogil:
    cdef int item
    if hits.used == GAP_BLOCK:
        for item in range(GAP_BLOCK):
            hits.gaps[item] = uniform(rng)
        uniforms_to_gaps(hits.gaps, hits.inverse)
        hits.used = 0
    hits.ahead += 1 + <int64_t>hits.gaps[hits.used]
    hits.used += 1


cdef inline uint64_t rare_bits(uint64_t limit, Rng* rng) noexcept nogil:
    """64 bits, each 1 with probability ``limit`` / 2^32: one word for a half, at most 32.

    Bit by bit of the probability from its last one: a random bit is joined by ``or`` where it is 1, by ``and`` where 0.
    """
    cdef uint64_t bits = 0
    cdef int place = 0
    if limit >> 32:
        return ~<uint64_t>0
    if not limit:
        return 0
    while not (limit >> place) & 1:
        place += 1
    while place < 32:
        bits = bits | next_word(rng) if (limit >> place) & 1 else bits & next_word(rng)
        place += 1
    return bits


cdef inline void toggle_from(uint64_t* mask, Py_ssize_t words, Py_ssize_t place) noexcept nogil:
    """Turn all bits from ``place`` on."""
    cdef Py_ssize_t word = place >> 6
    mask[word] ^= ~<uint64_t>0 << (place & 63)
    for word in range(word + 1, words):
        mask[word] = ~mask[word]


cdef inline void cut_mask(uint64_t* mask, Py_ssize_t genes, int64_t cuts, Rng* rng) noexcept nogil:
    """Every other stretch between ``cuts`` different places; all places where there are fewer."""
    cdef Py_ssize_t words = (genes + 63) >> 6, place
    cdef uint32_t first, second, left
    memset(mask, 0, words * sizeof(uint64_t))
    if genes < 2:
        return
    if cuts == 1 or (cuts == 2 and genes > 2):
        first = 1 + below(rng, <uint32_t>(genes - 1))
        toggle_from(mask, words, first)
        if cuts == 2:
            second = 1 + below(rng, <uint32_t>(genes - 2))
            toggle_from(mask, words, second + (second >= first))
        return
    left = <uint32_t>min(cuts, genes - 1)
    for place in range(1, genes):
        if below(rng, <uint32_t>(genes - place)) < left:
            toggle_from(mask, words, place)
            left -= 1


cdef inline void exchange_mask(uint64_t* mask, Py_ssize_t genes, int64_t cuts, uint64_t limit, Rng* rng) noexcept nogil:
    """What a pair exchanges: between ``cuts`` places, or with 0 each gene with probability ``limit`` / 2^32."""
    cdef Py_ssize_t word
    if cuts:
        cut_mask(mask, genes, cuts, rng)
        return
    for word in range((genes + 63) >> 6):
        mask[word] = rare_bits(limit, rng)


cdef inline uint64_t eight_bytes(uint64_t bits) noexcept nogil:
    """A byte of 255 for each of the lowest eight bits that is 1."""
    cdef uint64_t apart = ((bits & 255) * 0x0101010101010101u) & 0x8040201008040201u
    return (((apart + 0x7F7F7F7F7F7F7F7Fu) >> 7) & 0x0101010101010101u) * 255


cdef inline void exchange_bytes(
    const uint8_t* a, const uint8_t* b, uint8_t* first, uint8_t* second, Py_ssize_t genes, const uint64_t* mask
) noexcept nogil:
    cdef uint64_t of_a, of_b, differing
    cdef Py_ssize_t gene = 0
    cdef bint exchanged
    while gene + 8 <= genes:
        memcpy(&of_a, a + gene, 8)
        memcpy(&of_b, b + gene, 8)
        differing = (of_a ^ of_b) & eight_bytes(mask[gene >> 6] >> (gene & 63))
        of_a ^= differing
        of_b ^= differing
        memcpy(first + gene, &of_a, 8)
        memcpy(second + gene, &of_b, 8)
        gene += 8
    while gene < genes:
        exchanged = (mask[gene >> 6] >> (gene & 63)) & 1
        first[gene], second[gene] = b[gene] if exchanged else a[gene], a[gene] if exchanged else b[gene]
        gene += 1


cdef inline void exchange_ints(
    const int32_t* a, const int32_t* b, int32_t* first, int32_t* second, Py_ssize_t genes, const uint64_t* mask
) noexcept nogil:
    cdef int32_t differing
    cdef Py_ssize_t gene
    for gene in range(genes):
        differing = (a[gene] ^ b[gene]) & -<int32_t>((mask[gene >> 6] >> (gene & 63)) & 1)
        first[gene], second[gene] = a[gene] ^ differing, b[gene] ^ differing


cdef inline void exchange_words(
    const uint64_t* a, const uint64_t* b, uint64_t* first, uint64_t* second, Py_ssize_t words, const uint64_t* mask
) noexcept nogil:
    cdef uint64_t differing
    cdef Py_ssize_t word
    for word in range(words):
        differing = (a[word] ^ b[word]) & mask[word]
        first[word], second[word] = a[word] ^ differing, b[word] ^ differing


cdef inline void flip_bytes(uint8_t* row, Py_ssize_t genes, Hits* hits, Rng* rng) noexcept nogil:
    """Flip what is hit; ``hits`` goes on from row to row."""
    while hits.ahead < genes:
        row[hits.ahead] ^= 1
        to_next_hit(hits, rng)
    hits.ahead -= genes


cdef inline void flip_words(uint64_t* row, Py_ssize_t genes, Hits* hits, Rng* rng) noexcept nogil:
    """``flip_bytes`` of packed bits."""
    while hits.ahead < genes:
        row[hits.ahead >> 6] ^= <uint64_t>1 << (hits.ahead & 63)
        to_next_hit(hits, rng)
    hits.ahead -= genes


cdef inline void pack_row(const uint8_t* bits, uint64_t* words, Py_ssize_t genes) noexcept nogil:
    """Bytes of 0 and 1 as packed bits; those behind the last gene are 0."""
    cdef uint64_t eight
    cdef Py_ssize_t gene = 0
    memset(words, 0, ((genes + 63) >> 6) * sizeof(uint64_t))
    while gene + 8 <= genes:
        memcpy(&eight, bits + gene, 8)
        words[gene >> 6] |= ((eight * 0x0102040810204080u) >> 56) << (gene & 63)
        gene += 8
    while gene < genes:
        words[gene >> 6] |= <uint64_t>bits[gene] << (gene & 63)
        gene += 1


cdef inline void unpack_row(const uint64_t* words, uint8_t* bits, Py_ssize_t genes) noexcept nogil:
    cdef Py_ssize_t gene
    for gene in range(genes):
        bits[gene] = (words[gene >> 6] >> (gene & 63)) & 1


cdef inline void two_places(Py_ssize_t size, Py_ssize_t* first, Py_ssize_t* last, Rng* rng) noexcept nogil:
    """Two different places of ``size``, at least 2, in order."""
    cdef Py_ssize_t one = below(rng, <uint32_t>size), other = below(rng, <uint32_t>(size - 1))
    other += other >= one
    first[0], last[0] = min(one, other), max(one, other)


cdef inline void order_row(
    const int32_t* a,
    const int32_t* b,
    int32_t* child,
    Py_ssize_t size,
    Py_ssize_t first,
    Py_ssize_t last,
    uint8_t* taken,
) noexcept nogil:
    """Order crossover: ``first`` to ``last`` are of ``a``, the others in the order of ``b``, both from behind ``last`` on."""
    cdef Py_ssize_t place, source = last, target = last
    memset(taken, 0, size)
    for place in range(first, last + 1):
        child[place] = a[place]
        taken[a[place]] = 1
    for place in range(size):
        source = source + 1 if source + 1 < size else 0
        if not taken[b[source]]:
            target = target + 1 if target + 1 < size else 0
            child[target] = b[source]


cdef inline void matched_row(
    const int32_t* a,
    const int32_t* b,
    int32_t* child,
    Py_ssize_t size,
    Py_ssize_t first,
    Py_ssize_t last,
    int32_t* place_in_a,
) noexcept nogil:
    """Partially matched crossover: ``first`` to ``last`` are of ``a``, the others of ``b`` where it has what is left."""
    cdef Py_ssize_t place
    cdef int32_t allele
    for place in range(size):
        place_in_a[a[place]] = <int32_t>place
    for place in range(size):
        if first <= place <= last:
            child[place] = a[place]
            continue
        allele = b[place]
        while first <= place_in_a[allele] <= last:
            allele = b[place_in_a[allele]]
        child[place] = allele


cdef inline void inverted(int32_t* row, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    while first < last:
        row[first], row[last] = row[last], row[first]
        first += 1
        last -= 1


cdef inline void scrambled(int32_t* row, Py_ssize_t first, Py_ssize_t last, Rng* rng) noexcept nogil:
    cdef Py_ssize_t place, other
    for place in range(last, first, -1):
        other = first + below(rng, <uint32_t>(place - first + 1))
        row[place], row[other] = row[other], row[place]
