/* Many random words at once: four generators xoshiro256++ side by side, seeded by words of a stream.

   They are stepped together, so that which word is which gene's does not depend on how wide the registers are. */

#ifndef GIGAEVO_LANES_H
#define GIGAEVO_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_dispatch.h"

enum { LANES = 4 };

typedef struct {
    uint64_t a[LANES], b[LANES], c[LANES], d[LANES];
} Lanes;

#if defined(__GNUC__)
typedef uint64_t LaneWords __attribute__((vector_size(32)));

#define LANES_ROTATED(word, left) (((word) << (left)) | ((word) >> (64 - (left))))

/* `steps` times four words. */
WIDE static void fill_lanes(Lanes *RESTRICT lanes, uint64_t *RESTRICT words, ptrdiff_t steps) {
    LaneWords a, b, c, d;
    memcpy(&a, lanes->a, sizeof a);
    memcpy(&b, lanes->b, sizeof b);
    memcpy(&c, lanes->c, sizeof c);
    memcpy(&d, lanes->d, sizeof d);
    for (ptrdiff_t step = 0; step < steps; step++) {
        LaneWords word = a + d, shifted = b << 17;
        word = LANES_ROTATED(word, 23) + a;
        memcpy(words + LANES * step, &word, sizeof word);
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= shifted;
        d = LANES_ROTATED(d, 45);
    }
    memcpy(lanes->a, &a, sizeof a);
    memcpy(lanes->b, &b, sizeof b);
    memcpy(lanes->c, &c, sizeof c);
    memcpy(lanes->d, &d, sizeof d);
}
#else
static void fill_lanes(Lanes *lanes, uint64_t *words, ptrdiff_t steps) {
    for (ptrdiff_t step = 0; step < steps; step++) {
        for (int lane = 0; lane < LANES; lane++) {
            uint64_t *a = lanes->a + lane, *b = lanes->b + lane, *c = lanes->c + lane, *d = lanes->d + lane;
            uint64_t word = *a + *d, shifted = *b << 17;
            words[LANES * step + lane] = ((word << 23) | (word >> 41)) + *a;
            *c ^= *a;
            *d ^= *b;
            *b ^= *c;
            *a ^= *d;
            *c ^= shifted;
            *d = (*d << 45) | (*d >> 19);
        }
    }
}
#endif

#endif
