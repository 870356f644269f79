/* The arithmetic of a trial, gene by gene; differential_numpy.recombine says what it is. */

#ifndef GIGAEVO_DIFFERENTIAL_H
#define GIGAEVO_DIFFERENTIAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

#if defined(__GNUC__)
typedef double Four __attribute__((vector_size(32)));
typedef int64_t FourWords __attribute__((vector_size(32)));
typedef int8_t FourBytes __attribute__((vector_size(4)));

/* Of `a` where `mask` is set, else of `b`. */
#define CHOSEN(mask, a, b) ((Four)(((FourWords)(a) & (mask)) | ((FourWords)(b) & ~(mask))))
#endif

/* From mutant to trial, in place. What is NaN is not within a bound and so becomes a number.

   Four genes at a time by hand: left alone, the compiler takes as many as there are bytes of `crossed` in a register,
   which is more than most genomes have. */
WIDE static void cross_within(double *RESTRICT trial, const double *RESTRICT target, const uint8_t *RESTRICT crossed,
                              const double *RESTRICT lower, const double *RESTRICT upper, ptrdiff_t genes) {
    ptrdiff_t gene = 0;
#if defined(__GNUC__)
    for (; gene + 4 <= genes; gene += 4) {
        Four value, own, low, high;
        FourBytes taken;
        memcpy(&value, trial + gene, sizeof value);
        memcpy(&own, target + gene, sizeof own);
        memcpy(&low, lower + gene, sizeof low);
        memcpy(&high, upper + gene, sizeof high);
        memcpy(&taken, crossed + gene, sizeof taken);
        value = CHOSEN(value >= low, value, 0.5 * low + 0.5 * own);
        value = CHOSEN(value <= high, value, 0.5 * high + 0.5 * own);
        value = CHOSEN(-__builtin_convertvector(taken, FourWords), value, own);
        memcpy(trial + gene, &value, sizeof value);
    }
#endif
    for (; gene < genes; gene++) {
        double value = trial[gene], own = target[gene];
        value = value >= lower[gene] ? value : 0.5 * lower[gene] + 0.5 * own;
        value = value <= upper[gene] ? value : 0.5 * upper[gene] + 0.5 * own;
        trial[gene] = crossed[gene] ? value : own;
    }
}

#endif
