/* The first try of the ziggurat (_ziggurat.h) for many words at once, in a loop that compilers vectorise. */
#ifndef GIGAEVO_NORMALS_H
#define GIGAEVO_NORMALS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "_dispatch.h"
#include "_powers.h"
#include "_ziggurat.h"

/* Where each word's point lies, and whether that is outside of what surely is under the curve, as 0 or 1. The layer is
 * in the lower 8 bits of a word; its upper 52 become a number in [-1, 1) by being written into the mantissa of 2. */
WIDE static void first_tries(const uint64_t *RESTRICT words, double *RESTRICT normals, int64_t *RESTRICT outside,
                             ptrdiff_t count) {
    ptrdiff_t item;
    for (item = 0; item < count; item++) {
        const int64_t layer = (int64_t)(words[item] & 255);
        const double x = (double_of_bits((words[item] >> 12) | 0x4000000000000000ull) - 3.0) * ZIGGURAT_WIDTH[layer];
        normals[item] = x;
        outside[item] = !(fabs(x) < ZIGGURAT_WIDTH[layer + 1]);
    }
}

#endif
