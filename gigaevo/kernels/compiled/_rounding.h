/* Genes that are whole numbers. */

#ifndef GIGAEVO_ROUNDING_H
#define GIGAEVO_ROUNDING_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* Halves go to even, as in numpy. */
static inline void round_some(double *values, const uint8_t *integer, ptrdiff_t genes) {
    for (ptrdiff_t gene = 0; gene < genes; gene++)
        if (integer[gene]) values[gene] = rint(values[gene]);
}

#endif
