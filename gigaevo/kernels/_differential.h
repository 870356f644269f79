/* The arithmetic of a trial, gene by gene; differential_numpy.recombine says what it is. */

#ifndef GIGAEVO_DIFFERENTIAL_H
#define GIGAEVO_DIFFERENTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "_dispatch.h"

WIDE static void mutate_by_one(double *RESTRICT mutant, const double *base, const double *a, const double *b,
                               double weight, ptrdiff_t genes) {
    for (ptrdiff_t gene = 0; gene < genes; gene++) mutant[gene] = base[gene] + weight * (a[gene] - b[gene]);
}

WIDE static void mutate_towards(double *RESTRICT mutant, const double *base, const double *leader, const double *a,
                                const double *b, double weight, ptrdiff_t genes) {
    for (ptrdiff_t gene = 0; gene < genes; gene++)
        mutant[gene] = base[gene] + weight * (leader[gene] - base[gene]) + weight * (a[gene] - b[gene]);
}

WIDE static void mutate_by_two(double *RESTRICT mutant, const double *base, const double *a, const double *b,
                               const double *c, const double *d, double weight, ptrdiff_t genes) {
    for (ptrdiff_t gene = 0; gene < genes; gene++)
        mutant[gene] = base[gene] + weight * (a[gene] - b[gene]) + weight * (c[gene] - d[gene]);
}

/* From mutant to trial, in place. A NaN fails both comparisons' conditions once and becomes a number. */
WIDE static void cross_within(double *RESTRICT trial, const double *RESTRICT target, const uint8_t *RESTRICT crossed,
                              const double *RESTRICT lower, const double *RESTRICT upper, ptrdiff_t genes) {
    for (ptrdiff_t gene = 0; gene < genes; gene++) {
        double value = trial[gene], own = target[gene];
        value = value >= lower[gene] ? value : 0.5 * lower[gene] + 0.5 * own;
        value = value <= upper[gene] ? value : 0.5 * upper[gene] + 0.5 * own;
        trial[gene] = crossed[gene] ? value : own;
    }
}

#endif
