# cython: cdivision=True
# How offspring come to be, change and are scored; ``strategy_numpy`` documents what the steps do.

from libc.math cimport INFINITY, NAN, ceil, floor, isfinite
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memcpy

from gigaevo.kernels.compiled._functions cimport conflicts_of, value_of
from gigaevo.kernels.compiled._herd cimport (
    BY_LAW,
    FLIP,
    GENES,
    HALF,
    MOVE,
    MOVE_WHOLE,
    NOTHING,
    QUEENS,
    REAL,
    REDRAW,
    REDRAW_WHOLE,
    REJUVENATION,
    STEP,
    Cross,
    Herd,
    Mutation,
    Scoring,
    share,
)
from gigaevo.kernels.compiled._rng cimport Rng, below, next_word, uniform

cdef extern from "_popcount.h":
    int64_t score_bits "gigaevo_score_bits"(
        const uint64_t* genes, double* merits, const int64_t* rows, int64_t n, int64_t width, double sign
    ) noexcept nogil


# Crossover


cdef inline void exchange_words(uint64_t* left, uint64_t* right, uint64_t mask) noexcept nogil:
    cdef uint64_t different = (left[0] ^ right[0]) & mask
    left[0] ^= different
    right[0] ^= different


cdef inline void exchange_gene(Herd* herd, uint64_t* left, uint64_t* right, int64_t gene) noexcept nogil:
    if herd.bits:
        exchange_words(left + (gene >> 6), right + (gene >> 6), <uint64_t>1 << (gene & 63))
    else:
        exchange_words(left + gene, right + gene, ~<uint64_t>0)


cdef inline void exchange_tails(Herd* herd, uint64_t* left, uint64_t* right, int64_t cut) noexcept nogil:
    cdef int64_t word = cut
    if herd.bits:
        word = cut >> 6
        exchange_words(left + word, right + word, ~<uint64_t>0 << (cut & 63))
        word += 1
    while word < herd.width:
        exchange_words(left + word, right + word, ~<uint64_t>0)
        word += 1


cdef inline void exchange_half(Herd* herd, uint64_t* left, uint64_t* right, Rng* rng) noexcept nogil:
    cdef int64_t word
    cdef uint64_t coins = 0
    if herd.bits:
        for word in range(herd.width):
            exchange_words(left + word, right + word, next_word(rng))
        return
    for word in range(herd.width):
        if word & 63 == 0:
            coins = next_word(rng)
        exchange_words(left + word, right + word, <uint64_t>0 - (coins & 1))
        coins >>= 1


cdef inline int64_t draw_distinct(int64_t* items, int64_t done, int64_t there, Rng* rng) noexcept nogil:
    """The next of ``items`` without replacement: those before ``done`` were drawn."""
    cdef int64_t other = done + below(rng, <uint32_t>(there - done))
    items[done], items[other] = items[other], items[done]
    return items[done]


cdef inline void exchange_drawn(Herd* herd, const Cross* cross, uint64_t* left, uint64_t* right, Rng* rng) noexcept nogil:
    """Exchange genes, or all behind cuts. ``ranked`` holds a permutation of 0 to what there is to draw from."""
    cdef int64_t there = cross.genes_size if cross.exchange == GENES else cross.cut_count
    cdef int64_t done, drawn
    for done in range(cross.number):
        if cross.allow_duplicates:
            drawn = below(rng, <uint32_t>there)
        else:
            drawn = draw_distinct(herd.ranked, done, there, rng)
        if cross.exchange == GENES:
            exchange_gene(herd, left, right, drawn)
        else:
            exchange_tails(herd, left, right, cross.cuts[drawn])


cdef inline void clone_row(Herd* herd, int64_t source, int64_t target) noexcept nogil:
    cdef const uint64_t* words = herd.genes + source * herd.width
    cdef uint64_t* copies = herd.genes + target * herd.width
    cdef int64_t word
    for word in range(herd.width):
        copies[word] = words[word]
    herd.merits[target] = herd.merits[source]
    herd.ages[target] = 0


cdef inline int64_t rejuvenate(Herd* herd, int64_t selected) noexcept nogil:
    cdef int64_t item
    for item in range(herd.size):
        if item >= selected > 0:
            clone_row(herd, herd.order[(item - selected) % selected], herd.order[item])
        herd.ages[herd.order[item]] = 0
    return 0


cdef inline int64_t crossover(Herd* herd, const Cross* cross, Rng* rng) noexcept nogil:
    """Returns how many come before the offspring. The caller saw to it that there is room."""
    cdef int64_t selected = share(herd.size, cross.selection_rate)
    cdef int64_t first = herd.size, item, left, right
    cdef int64_t* children = herd.order + herd.size
    cdef uint64_t* left_genes
    cdef uint64_t* right_genes
    if cross.exchange == REJUVENATION:
        return rejuvenate(herd, selected)
    for item in range(first):
        herd.ages[herd.order[item]] += 1
    for item in range(selected):
        clone_row(herd, herd.order[item], children[item])
    herd.size += selected
    if cross.exchange == NOTHING:
        return first
    if cross.exchange != HALF:
        for item in range(max(cross.genes_size, cross.cut_count)):
            herd.ranked[item] = item
    for item in range(selected // 2):
        if uniform(rng) >= cross.crossover_rate:
            continue
        left, right = children[2 * item], children[2 * item + 1]
        left_genes, right_genes = herd.genes + left * herd.width, herd.genes + right * herd.width
        if cross.exchange == HALF:
            exchange_half(herd, left_genes, right_genes, rng)
        else:
            exchange_drawn(herd, cross, left_genes, right_genes, rng)
        herd.merits[left] = herd.merits[right] = NAN
    return first


# Mutation


cdef inline double moved_gene(const Mutation* mutation, double gene, int64_t at, Rng* rng) noexcept nogil:
    """The new value of a gene that is a number; see ``strategy_laws.GeneLaw``."""
    cdef int64_t law = mutation.law[at]
    cdef double low = mutation.low[at], high = mutation.high[at]
    cdef double down = mutation.down[at], up = mutation.up[at]
    cdef double u = uniform(rng), drawn
    if law == STEP:
        if u >= 0.5:
            down, up = up, down
        drawn = min(max(gene + down, low), high)
        return drawn if drawn != gene else min(max(gene + up, low), high)
    if law == MOVE or law == MOVE_WHOLE:
        low, high = max(low, gene + down), min(high, gene + up)
    if law == REDRAW or law == MOVE:
        return min(low + u * (high - low), high)
    low, high = ceil(low), floor(high)
    if law == REDRAW_WHOLE or high <= low:
        return min(low + floor(u * (high - low + 1.0)), high)
    drawn = min(low + floor(u * (high - low)), high - 1.0)
    return drawn + (drawn >= gene)


cdef inline void change_gene(Herd* herd, const Mutation* mutation, int64_t row, int64_t gene, Rng* rng) noexcept nogil:
    cdef uint64_t* words = herd.genes + row * herd.width
    cdef double* values = <double*>words
    cdef int64_t others, other
    if mutation.change == FLIP:
        words[gene >> 6] ^= <uint64_t>1 << (gene & 63)
    elif mutation.change == BY_LAW:
        values[gene] = moved_gene(mutation, values[gene], gene, rng)
    else:
        others = mutation.stops[gene] - mutation.starts[gene] - 1
        if others > 0:
            other = mutation.starts[gene] + below(rng, <uint32_t>others)
            other += other >= gene
            values[gene], values[other] = values[other], values[gene]


cdef inline int64_t mutate(Herd* herd, const Mutation* mutation, int64_t first, Rng* rng) noexcept nogil:
    cdef int64_t there = mutation.mutable_count, item, row, number, done, mutated = 0
    cdef int64_t most = min(mutation.most, there)
    if there == 0:
        return 0
    if most > 1:
        memcpy(herd.ranked, mutation.mutable, there * sizeof(int64_t))
    for item in range(first, herd.size):
        if uniform(rng) >= mutation.probability:
            continue
        row = herd.order[item]
        mutated += 1
        herd.merits[row] = NAN
        if most == 1:
            change_gene(herd, mutation, row, mutation.mutable[below(rng, <uint32_t>there)], rng)
            continue
        number = mutation.least
        if mutation.most > number:
            number += below(rng, <uint32_t>(mutation.most - number + 1))
        for done in range(min(number, there)):
            change_gene(herd, mutation, row, draw_distinct(herd.ranked, done, there, rng), rng)
    return mutated


# Merits


cdef inline double sum_of(const double* genes, int64_t n) noexcept nogil:
    cdef double total = 0.0
    cdef int64_t gene
    for gene in range(n):
        total += genes[gene]
    return total


cdef inline bint are_boards(const Herd* herd) noexcept nogil:
    """Whether all genes of the population are columns of a board."""
    cdef int64_t item, gene
    cdef const double* genes
    cdef bint fit = True
    for item in range(herd.size):
        genes = <const double*>(herd.genes + herd.order[item] * herd.width)
        for gene in range(herd.width):
            fit &= 0.0 <= genes[gene] < herd.width and genes[gene] == <int32_t>genes[gene]
    return fit


cdef inline double queens_of(Herd* herd, const double* genes) noexcept nogil:
    """Pairs of queens on one diagonal; the keys and ``ranked`` are where it counts."""
    cdef int32_t* columns = <int32_t*>herd.ranked
    cdef int64_t gene
    for gene in range(herd.width):
        columns[gene] = <int32_t>genes[gene]
    return conflicts_of(columns, herd.width, <int32_t*>herd.scratch)


cdef inline int64_t score(Herd* herd, const Scoring* scoring) noexcept nogil:
    """See ``strategy_numpy.score_unknown``."""
    cdef int64_t item, row, scored = 0
    cdef const double* genes
    cdef double value
    if herd.bits:
        return score_bits(herd.genes, herd.merits, herd.order, herd.size, herd.width, scoring.sign)
    for item in range(herd.size):
        row = herd.order[item]
        if herd.merits[row] == herd.merits[row]:
            continue
        genes = <const double*>(herd.genes + row * herd.width)
        if scoring.score == REAL:
            value = value_of(scoring.code, genes, herd.width)
        elif scoring.score == QUEENS:
            value = queens_of(herd, genes)
        else:
            value = sum_of(genes, herd.width)
        herd.merits[row] = scoring.sign * value if isfinite(value) else -INFINITY
        scored += 1
    return scored


cdef inline int64_t best_row(const Herd* herd, bint last) noexcept nogil:
    """The row of the largest merit, of equal ones the first or the last; the population must not be empty."""
    cdef int64_t best = herd.order[0], row, item
    for item in range(1, herd.size):
        row = herd.order[item]
        if herd.merits[row] > herd.merits[best] or (last and herd.merits[row] == herd.merits[best]):
            best = row
    return best
