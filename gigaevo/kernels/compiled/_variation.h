/* Simulated binary crossover and polynomial mutation of a block of genes at once, in loops that compilers vectorise. What
 * lies in a block beyond the genes in use is worked on too, up to a multiple of four, and not looked at.
 */
#ifndef GIGAEVO_VARIATION_H
#define GIGAEVO_VARIATION_H

#include "_powers.h"

#define GENE_BLOCK 64

typedef struct {
    double a[GENE_BLOCK], b[GENE_BLOCK], lower[GENE_BLOCK], upper[GENE_BLOCK], drawn[GENE_BLOCK];
    double lesser[GENE_BLOCK], greater[GENE_BLOCK]; /* the children's values */
} SbxBlock;

typedef struct {
    double gene[GENE_BLOCK], lower[GENE_BLOCK], upper[GENE_BLOCK], drawn[GENE_BLOCK];
} PolynomialBlock;

/* `exponent` if it is a whole number for which multiplications will do, else 0. */
GIGAEVO_INLINE unsigned small_whole(double exponent) {
    return exponent >= 1.0 && exponent <= 64.0 && exponent == (double)(unsigned)exponent ? (unsigned)exponent : 0;
}

/* x^exponent, for x in [0, 1]. Powers below e^-600 are taken as that: subnormal numbers are slow. */
GIGAEVO_INLINE void raise_all(double *x, int count, double exponent) {
    double result[GENE_BLOCK];
    unsigned whole = small_whole(exponent);
    const double least = portable_exp(-600.0 / exponent);
    int i;
    for (i = 0; i < count; i++) x[i] = x[i] < least ? least : x[i];
    if (whole == 0) {
        for (i = 0; i < count; i++) x[i] = portable_exp(exponent * portable_log(x[i]));
        return;
    }
    for (i = 0; i < count; i++) result[i] = whole & 1 ? x[i] : 1.0;
    for (whole >>= 1; whole; whole >>= 1) {
        for (i = 0; i < count; i++) x[i] = x[i] * x[i];
        if (whole & 1)
            for (i = 0; i < count; i++) result[i] = result[i] * x[i];
    }
    for (i = 0; i < count; i++) x[i] = result[i];
}

/* How far a child lies from the middle of its parents, in their half distances. `outside` holds the share of the
 * unbounded distribution that lies beyond the bound, times two. */
GIGAEVO_INLINE void spread_all(double *outside, const double *drawn, int count, double root) {
    int i;
    for (i = 0; i < count; i++) {
        const double share = drawn[i] * (2.0 - outside[i]);
        const double rest = 2.0 - share;
        outside[i] = (share <= 1.0 ? root : -root) * portable_log(share <= 1.0 ? share : rest);
    }
    for (i = 0; i < count; i++) outside[i] = portable_exp(outside[i]);
}

WIDE static void sbx_block_bounded(SbxBlock *block, int used, double eta) {
    double middle[GENE_BLOCK], half[GENE_BLOCK], down[GENE_BLOCK], up[GENE_BLOCK];
    const int count = (used + 3) & ~3;
    int i;
    for (i = 0; i < count; i++) {
        const double less = block->a[i] < block->b[i] ? block->a[i] : block->b[i];
        const double more = block->a[i] < block->b[i] ? block->b[i] : block->a[i];
        const double below = less - block->lower[i], above = block->upper[i] - more;
        middle[i] = 0.5 * less + 0.5 * more;
        half[i] = 0.5 * more - 0.5 * less;
        down[i] = half[i] / (half[i] + (below > 0.0 ? below : 0.0));
        up[i] = half[i] / (half[i] + (above > 0.0 ? above : 0.0));
    }
    raise_all(down, count, eta + 1.0);
    raise_all(up, count, eta + 1.0);
    spread_all(down, block->drawn, count, 1.0 / (eta + 1.0));
    spread_all(up, block->drawn, count, 1.0 / (eta + 1.0));
    for (i = 0; i < count; i++) {
        const double lesser = middle[i] - down[i] * half[i];
        const double greater = middle[i] + up[i] * half[i];
        block->lesser[i] = lesser > block->lower[i] ? lesser : block->lower[i];
        block->greater[i] = greater < block->upper[i] ? greater : block->upper[i];
    }
}

WIDE static void sbx_block_free(SbxBlock *block, int used, double eta) {
    double spread[GENE_BLOCK];
    const int count = (used + 3) & ~3;
    int i;
    for (i = 0; i < count; i++) spread[i] = 0.0;
    spread_all(spread, block->drawn, count, 1.0 / (eta + 1.0));
    for (i = 0; i < count; i++) {
        const double middle = 0.5 * block->a[i] + 0.5 * block->b[i];
        const double half = 0.5 * block->a[i] - 0.5 * block->b[i];
        const double distance = half < 0.0 ? -half : half;
        block->lesser[i] = middle - spread[i] * distance;
        block->greater[i] = middle + spread[i] * distance;
    }
}

/* The children's values of the first `used` gene pairs. */
static void sbx_block_values(SbxBlock *block, int used, double eta, int bounded) {
    if (bounded)
        sbx_block_bounded(block, used, eta);
    else
        sbx_block_free(block, used, eta);
}

/* The mutants of the first `used` genes, in place. */
WIDE static void polynomial_block_values(PolynomialBlock *block, int used, double eta) {
    double tail[GENE_BLOCK], beyond[GENE_BLOCK];
    const double root = 1.0 / (eta + 1.0);
    const int count = (used + 3) & ~3;
    int i;
    for (i = 0; i < count; i++) {
        const double low = block->lower[i], high = block->upper[i];
        const double raised = block->gene[i] > low ? block->gene[i] : low;
        const double gene = raised < high ? raised : high;
        const double down = high - gene, up = gene - low;
        block->gene[i] = gene;
        beyond[i] = (block->drawn[i] < 0.5 ? down : up) / (high - low);
        tail[i] = 2.0 * (block->drawn[i] < 0.5 ? block->drawn[i] : 1.0 - block->drawn[i]);
    }
    raise_all(beyond, count, eta + 1.0);
    for (i = 0; i < count; i++) tail[i] = root * portable_log(tail[i] + (1.0 - tail[i]) * beyond[i]);
    for (i = 0; i < count; i++) {
        const double low = block->lower[i], high = block->upper[i];
        const double step = (portable_exp(tail[i]) - 1.0) * (high - low);
        const double moved = block->gene[i] + (block->drawn[i] < 0.5 ? step : -step);
        const double raised = moved > low ? moved : low;
        block->gene[i] = raised < high ? raised : high;
    }
}

#endif
