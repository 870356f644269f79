/* Sets of bits, 64 to a word, in reach of the vector unit. */
#ifndef GIGAEVO_BITS_H
#define GIGAEVO_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_dispatch.h"

#if defined(__GNUC__)
typedef uint64_t four_words __attribute__((vector_size(32), aligned(8), may_alias));
#define FOUR_WORDS 1
#endif

/* Sets are read in strides of eight words: loops of few, like counts are predicted well. */
enum { STRIDE = 8, STRIDE_PLACES = 64 * STRIDE };

/* Words of a set of n places. */
static inline ptrdiff_t words_of(ptrdiff_t n) {
    return (n + STRIDE_PLACES - 1) / STRIDE_PLACES * STRIDE;
}

/* The words of dominators before those of a place; each has those of the places up to it. */
static inline ptrdiff_t words_before(ptrdiff_t place) {
    ptrdiff_t strides = place / STRIDE_PLACES;
    return STRIDE * (strides + 1) * (strides * STRIDE_PLACES / 2 + place % STRIDE_PLACES);
}

/* Add a place to a set. It is written four words at a time, as keep_common reads it: a wide load that follows a narrow
   store to the same bytes would have to wait until that has left the processor. */
static inline void add_bit(uint64_t *set, ptrdiff_t place) {
#ifdef FOUR_WORDS
    uint64_t *begin = set + ((place >> 8) << 2);
    uint64_t word = (uint64_t)(place >> 6) & 3, bit = (uint64_t)1 << (place & 63);
    four_words numbers = {0, 1, 2, 3}, there = {word, word, word, word}, bits = {bit, bit, bit, bit};
    *(four_words *)begin |= (four_words)(numbers == there) & bits;
#else
    set[place >> 6] |= (uint64_t)1 << (place & 63);
#endif
}

/* row &= set */
static inline void keep_common(uint64_t *row, const uint64_t *set, ptrdiff_t words) {
#ifdef FOUR_WORDS
    for (ptrdiff_t word = 0; word < words; word += 8) {
        *(four_words *)(row + word) &= *(const four_words *)(set + word);
        *(four_words *)(row + word + 4) &= *(const four_words *)(set + word + 4);
    }
#else
    for (ptrdiff_t word = 0; word < words; word++)
        row[word] &= set[word];
#endif
}

/* Leave to the places from begin to end those dominators that are at least as good in one objective. The n places come
   in the order of it, best first; tied[k] says that place k is as good as the one before. The set has room for n places. */
WIDE static void restrict_dominators(const int32_t *places, const uint8_t *tied, ptrdiff_t n, ptrdiff_t begin,
                                      ptrdiff_t end, uint64_t *set, uint64_t *dominators) {
    ptrdiff_t offset = words_before(begin), added = 0;
    memset(set, 0, (size_t)words_of(n) * sizeof(uint64_t));
    for (ptrdiff_t item = 0; item < n; item++) {
        ptrdiff_t place = places[item];
        if (item == added) {
            add_bit(set, places[added++]);
            while (added < n && tied[added])
                add_bit(set, places[added++]);
        }
        if (begin <= place && place < end)
            keep_common(dominators + (words_before(place) - offset), set, words_of(place + 1));
    }
}

/* Whether a and b have a bit in common, which is often in the first strides. */
WIDE static int have_common(const uint64_t *a, const uint64_t *b, ptrdiff_t words) {
    for (ptrdiff_t begin = 0; begin < words; begin += STRIDE) {
        uint64_t common = 0;
        for (ptrdiff_t word = begin; word < begin + STRIDE; word++)
            common |= a[word] & b[word];
        if (common)
            return 1;
    }
    return 0;
}

#endif
