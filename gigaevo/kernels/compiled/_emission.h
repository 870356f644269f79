/* Children of pairs of parents, in loops that compilers vectorise. */
#ifndef GIGAEVO_EMISSION_H
#define GIGAEVO_EMISSION_H

#include <stddef.h>
#include <stdint.h>

#include "_dispatch.h"

GIGAEVO_INLINE double within(double value, double lower, double upper) {
    const double raised = value > lower ? value : lower;
    return raised < upper ? raised : upper;
}

/* Children from normal numbers, in place: each row of `children` becomes x + sigma * row + along * (y - x) within the
 * bounds, where x and y are the rows `first` and `second` of `pool`. Without `second` it is x + sigma * row. */
WIDE static void vary_rows(double *RESTRICT children, ptrdiff_t count, ptrdiff_t dims, const double *RESTRICT pool,
                           const int64_t *RESTRICT first, const int64_t *RESTRICT second,
                           const double *RESTRICT along, const double *RESTRICT sigma, const double *RESTRICT lower,
                           const double *RESTRICT upper) {
    ptrdiff_t item, axis;
    for (item = 0; item < count; item++) {
        double *RESTRICT child = children + item * dims;
        const double *x = pool + first[item] * dims;
        if (second) {
            const double *y = pool + second[item] * dims;
            const double step = along[item];
            for (axis = 0; axis < dims; axis++)
                child[axis] = within(x[axis] + sigma[axis] * child[axis] + step * (y[axis] - x[axis]), lower[axis], upper[axis]);
        } else {
            for (axis = 0; axis < dims; axis++)
                child[axis] = within(x[axis] + sigma[axis] * child[axis], lower[axis], upper[axis]);
        }
    }
}

#endif
