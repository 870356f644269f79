/* Numbers of genes that a rare change passes over, a block at a time: their logarithms are vectorised. */
#ifndef GIGAEVO_GAPS_H
#define GIGAEVO_GAPS_H

#include "_powers.h"

#define GAP_BLOCK 32

/* From uniform numbers of [0, 1) in gaps[] to whole ones: floor(log(1 - drawn) * inverse), at most 2^53. */
WIDE static void uniforms_to_gaps(double *gaps, double inverse) {
    for (int i = 0; i < GAP_BLOCK; i++) {
        const double gap = portable_log(1.0 - gaps[i]) * inverse;
        gaps[i] = gap < 9007199254740992.0 ? gap : 9007199254740992.0;
    }
}

#endif
