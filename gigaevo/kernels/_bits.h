/* Loops over sets of bits, 64 to a word. With gcc on x86-64 under glibc they exist twice, for wide registers (AVX2) and
   for any, and the loader takes what the machine has; there is nothing to round, so the results are the same. */
#ifndef GIGAEVO_BITS_H
#define GIGAEVO_BITS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define GIGAEVO_WIDE __attribute__((target_clones("avx2", "default"), noinline))
#else
#define GIGAEVO_WIDE
#endif

/* row &= other */
GIGAEVO_WIDE static void and_into(uint64_t *restrict row, const uint64_t *restrict other, ptrdiff_t words) {
    for (ptrdiff_t word = 0; word < words; word++)
        row[word] &= other[word];
}

/* Whether a and b have a bit in common; looks at eight words at a time, for the answer is often in the first. */
GIGAEVO_WIDE static int have_common(const uint64_t *a, const uint64_t *b, ptrdiff_t words) {
    ptrdiff_t word = 0;
    for (; word + 8 <= words; word += 8) {
        uint64_t common = 0;
        for (ptrdiff_t next = word; next < word + 8; next++)
            common |= a[next] & b[next];
        if (common)
            return 1;
    }
    uint64_t common = 0;
    for (; word < words; word++)
        common |= a[word] & b[word];
    return common != 0;
}

#endif
