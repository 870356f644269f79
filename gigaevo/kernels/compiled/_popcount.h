/* True bits of words. Where the loader can choose (glibc), it takes the instruction if the processor has it. */
#ifndef GIGAEVO_POPCOUNT_H
#define GIGAEVO_POPCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "_dispatch.h"

static inline int64_t gigaevo_bits_of(uint64_t word) {
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_popcountll(word);
#else
    word -= (word >> 1) & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + ((word >> 2) & 0x3333333333333333u);
    word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return (int64_t)((word * 0x0101010101010101u) >> 56);
#endif
}

/* For each of n rows of `rows` whose merit is NaN: merit = sign * true bits. Returns how many there were. */
VERSIONS_FOR("popcnt") static int64_t gigaevo_score_bits(
    const uint64_t *genes, double *merits, const int64_t *rows, int64_t n, int64_t width, double sign
) {
    int64_t scored = 0;
    for (int64_t item = 0; item < n; item++) {
        const int64_t row = rows[item];
        if (merits[row] == merits[row]) continue;
        const uint64_t *words = genes + row * width;
        int64_t total = 0;
        for (int64_t word = 0; word < width; word++) total += gigaevo_bits_of(words[word]);
        merits[row] = sign * (double)total;
        scored++;
    }
    return scored;
}

#endif
