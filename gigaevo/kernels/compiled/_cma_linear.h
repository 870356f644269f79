/* The linear algebra of CMA-ES, on tiles of LANES numbers that are worked on side by side.

   Every element is summed in an order that is fixed here, so that the results are the same whatever the width of the
   instructions that a compiler makes of a tile. */

#ifndef GIGAEVO_CMA_LINEAR_H
#define GIGAEVO_CMA_LINEAR_H

#include <math.h>
#include <stddef.h>

#include "_powers.h"

#define LANES 8

/* tiles[g][i][lane] of `groups` groups, n rows each: every lane is a vector v, which becomes L v. In place, from the
   last row up, since row i needs the rows up to i alone. */
WIDE static void cma_multiply(const double *factor, ptrdiff_t n, double *tiles, ptrdiff_t groups)
{
    for (ptrdiff_t group = 0; group < groups; group++) {
        double *tile = tiles + group * n * LANES;
        for (ptrdiff_t i = n - 1; i >= 0; i--) {
            double sum[LANES] = {0.0};
            for (ptrdiff_t j = 0; j <= i; j++)
                for (int lane = 0; lane < LANES; lane++)
                    sum[lane] += factor[i * n + j] * tile[j * LANES + lane];
            for (int lane = 0; lane < LANES; lane++)
                tile[i * LANES + lane] = sum[lane];
        }
    }
}

/* The other way: every lane v becomes L^-1 v, from the first row down. */
WIDE static void cma_divide(const double *factor, ptrdiff_t n, double *tiles, ptrdiff_t groups)
{
    for (ptrdiff_t group = 0; group < groups; group++) {
        double *tile = tiles + group * n * LANES;
        for (ptrdiff_t i = 0; i < n; i++) {
            double left[LANES];
            double inverse = 1.0 / factor[i * n + i];
            for (int lane = 0; lane < LANES; lane++)
                left[lane] = tile[i * LANES + lane];
            for (ptrdiff_t j = 0; j < i; j++)
                for (int lane = 0; lane < LANES; lane++)
                    left[lane] -= factor[i * n + j] * tile[j * LANES + lane];
            for (int lane = 0; lane < LANES; lane++)
                tile[i * LANES + lane] = left[lane] * inverse;
        }
    }
}

/* The lower half of C becomes decay C + sum over k of weights[k] rows[k] rows[k]'. Rows are `stride` apart, a multiple
   of LANES, and 0 beyond n. `weighted` is room for as many numbers as there are rows. */
WIDE static void cma_add_squares(double *covariance, ptrdiff_t n, double decay, const double *rows,
                                           ptrdiff_t stride, ptrdiff_t count, const double *weights,
                                           double *weighted)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        for (ptrdiff_t k = 0; k < count; k++)
            weighted[k] = weights[k] * rows[k * stride + i];
        for (ptrdiff_t j = 0; j <= i; j += LANES) {
            double sum[LANES] = {0.0};
            for (ptrdiff_t k = 0; k < count; k++)
                for (int lane = 0; lane < LANES; lane++)
                    sum[lane] += weighted[k] * rows[k * stride + j + lane];
            ptrdiff_t width = i + 1 - j < LANES ? i + 1 - j : LANES;
            for (ptrdiff_t lane = 0; lane < width; lane++)
                covariance[i * n + j + lane] = decay * covariance[i * n + j + lane] + sum[lane];
        }
    }
}

/* L of C = L L', both lower halves. Worked on are the rows of L' in `upper`, room for n rows of `stride` numbers, a
   multiple of LANES. Returns 0, and leaves L as it was, where C is not positive definite. */
WIDE static int cma_decompose(const double *covariance, ptrdiff_t n, double *factor, double *upper,
                                        ptrdiff_t stride)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        for (ptrdiff_t j = 0; j < stride; j++)
            upper[i * stride + j] = j < i || j >= n ? 0.0 : covariance[j * n + i];
        for (ptrdiff_t j = i - i % LANES; j < n; j += LANES) {
            double left[LANES];
            for (int lane = 0; lane < LANES; lane++)
                left[lane] = upper[i * stride + j + lane];
            for (ptrdiff_t k = 0; k < i; k++)
                for (int lane = 0; lane < LANES; lane++)
                    left[lane] -= upper[k * stride + i] * upper[k * stride + j + lane];
            for (int lane = 0; lane < LANES; lane++)
                upper[i * stride + j + lane] = left[lane];
        }
        double pivot = upper[i * stride + i];
        if (!(pivot > 0.0 && pivot < INFINITY))
            return 0;
        double inverse = 1.0 / sqrt(pivot);
        for (ptrdiff_t j = i; j < n; j++)
            upper[i * stride + j] *= inverse;
        for (ptrdiff_t j = i - i % LANES; j < i; j++)
            upper[i * stride + j] = 0.0;
    }
    for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t j = 0; j <= i; j++)
            factor[i * n + j] = upper[j * stride + i];
    return 1;
}

#endif
