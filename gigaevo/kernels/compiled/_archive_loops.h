/* Checks of whole batches, without a branch so that compilers turn them into vector instructions. On x86-64 Linux GCC
   makes versions for AVX2 beside the portable ones. */

#ifndef GIGAEVO_ARCHIVE_LOOPS_H
#define GIGAEVO_ARCHIVE_LOOPS_H

#include <stddef.h>
#include <stdint.h>

#include "_dispatch.h"

/* Whether all of `cells` are in 0 to `total_cells` - 1. */
WIDE static int cells_are_sound(const int64_t *cells, ptrdiff_t n, int64_t total_cells)
{
    int64_t wrong = 0;
    ptrdiff_t item;
    for (item = 0; item < n; item++)
        wrong |= cells[item] | (total_cells - 1 - cells[item]); /* the sign bit, where either is negative */
    return wrong >= 0;
}

/* Whether no number is NaN or infinite. */
WIDE static int numbers_are_finite(const double *numbers, ptrdiff_t n)
{
    int64_t wrong = 0;
    ptrdiff_t item;
    for (item = 0; item < n; item++)
        wrong |= numbers[item] - numbers[item] != 0.0;
    return !wrong;
}

#endif
