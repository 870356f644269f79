/* The spread of simulated binary crossover for a block of gene pairs at once, in loops that compilers vectorise. */
#ifndef GIGAEVO_VARIATION_H
#define GIGAEVO_VARIATION_H

#include "_powers.h"

#define SBX_BLOCK 64

typedef struct {
    int count; /* pairs that are in use */
    double a[SBX_BLOCK], b[SBX_BLOCK], lower[SBX_BLOCK], upper[SBX_BLOCK], drawn[SBX_BLOCK];
    double lesser[SBX_BLOCK], greater[SBX_BLOCK]; /* the children's values, greater - lesser growing with drawn */
} SbxBlock;

/* x^exponent for positive x; by multiplications where the exponent is the small whole number `whole`, not 0. */
GIGAEVO_INLINE void raise_all(double *x, int count, double exponent, unsigned whole) {
    double result[SBX_BLOCK];
    int i;
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

GIGAEVO_INLINE unsigned small_whole(double exponent) {
    return exponent >= 1.0 && exponent <= 64.0 && exponent == (double)(unsigned)exponent ? (unsigned)exponent : 0;
}

/* From how often the half distance fits between a parent and a bound, to how far its child lies from the middle. */
GIGAEVO_INLINE void spread_all(double *halves, const double *drawn, int count, double eta, unsigned whole) {
    const double root = 1.0 / (eta + 1.0);
    int i;
    /* So far away that the distribution is not cut off: large powers would overflow. */
    for (i = 0; i < count; i++) halves[i] = halves[i] < 1e4 ? halves[i] : 1e4;
    for (i = 0; i < count; i++) halves[i] = 1.0 + (halves[i] > 0.0 ? halves[i] : 0.0);
    raise_all(halves, count, eta + 1.0, whole);
    for (i = 0; i < count; i++) {
        const double share = drawn[i] * (2.0 - 1.0 / halves[i]);
        const double outside = 1.0 / (2.0 - share);
        halves[i] = share <= 1.0 ? share : outside;
    }
    for (i = 0; i < count; i++) halves[i] = portable_exp(root * portable_log(halves[i]));
}

GIGAEVO_CLONES static void sbx_block_bounded(SbxBlock *block, double eta) {
    double middle[SBX_BLOCK], half[SBX_BLOCK], down[SBX_BLOCK], up[SBX_BLOCK];
    const unsigned whole = small_whole(eta + 1.0);
    const int count = (block->count + 3) & ~3; /* what lies beyond the pairs in use is worked on and not looked at */
    int i;
    for (i = 0; i < count; i++) {
        const double less = block->a[i] < block->b[i] ? block->a[i] : block->b[i];
        const double more = block->a[i] < block->b[i] ? block->b[i] : block->a[i];
        middle[i] = 0.5 * less + 0.5 * more;
        half[i] = 0.5 * more - 0.5 * less;
        down[i] = (less - block->lower[i]) / half[i];
        up[i] = (block->upper[i] - more) / half[i];
    }
    spread_all(down, block->drawn, count, eta, whole);
    spread_all(up, block->drawn, count, eta, whole);
    for (i = 0; i < count; i++) {
        const double lesser = middle[i] - down[i] * half[i];
        const double greater = middle[i] + up[i] * half[i];
        block->lesser[i] = lesser > block->lower[i] ? lesser : block->lower[i];
        block->greater[i] = greater < block->upper[i] ? greater : block->upper[i];
    }
}

GIGAEVO_CLONES static void sbx_block_free(SbxBlock *block, double eta) {
    double spread[SBX_BLOCK];
    const double root = 1.0 / (eta + 1.0);
    const int count = (block->count + 3) & ~3;
    int i;
    for (i = 0; i < count; i++) {
        const double share = 2.0 * block->drawn[i];
        const double outside = 1.0 / (2.0 - share);
        spread[i] = share <= 1.0 ? share : outside;
    }
    for (i = 0; i < count; i++) spread[i] = portable_exp(root * portable_log(spread[i]));
    for (i = 0; i < count; i++) {
        const double middle = 0.5 * block->a[i] + 0.5 * block->b[i];
        const double half = 0.5 * block->a[i] - 0.5 * block->b[i];
        const double distance = half < 0.0 ? -half : half;
        block->lesser[i] = middle - spread[i] * distance;
        block->greater[i] = middle + spread[i] * distance;
    }
}

/* The children's values of the pairs in use; `bounded` says whether there are bounds. */
static void sbx_block_values(SbxBlock *block, double eta, int bounded) {
    if (bounded)
        sbx_block_bounded(block, eta);
    else
        sbx_block_free(block, eta);
}

#endif
