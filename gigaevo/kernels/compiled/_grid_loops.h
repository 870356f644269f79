/* Linear grids in loops without a branch, which compilers turn into vector instructions.

   Each operation is exact or rounded as IEEE 754 says, so every version gives what the scalar loops of
   _grid.pyx give. */

#ifndef GIGAEVO_GRID_LOOPS_H
#define GIGAEVO_GRID_LOOPS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_dispatch.h"

/* Up to so many cells are numbered in doubles, whose last bit still counts single cells. */
#define GRID_LOOP_CELLS ((int64_t)1 << 51)
#define GRID_BLOCK 64

/* The numbers of up to GRID_BLOCK points, `row` numbers from one to the next and `column` from axis to axis; `outside`
   counts the values that are outside or NaN. A NaN gets a number that means nothing. */
GIGAEVO_INLINE void grid_block(const double *values, ptrdiff_t points, ptrdiff_t dims, ptrdiff_t row, ptrdiff_t column,
                               const double *lower, const double *upper, const double *scale, const double *cells,
                               int64_t *numbers, int64_t *outside)
{
    double number[GRID_BLOCK];
    ptrdiff_t axis, point;
    for (point = 0; point < points; point++)
        number[point] = 4503599627370496.0; /* 2^52: the lower bits of such a double are a whole number */
    for (axis = dims - 1; axis >= 0; axis--) {
        double from = lower[axis], to = upper[axis], by = scale[axis], last = cells[axis] - 1.0, width = 1.0;
        ptrdiff_t later;
        int64_t inside = 0;
        for (later = axis + 1; later < dims; later++)
            width *= cells[later];
        for (point = 0; point < points; point++) {
            double value = values[point * row + axis * column];
            double at = (value - from) * by;
            at = at > 0.0 ? at : 0.0;
            at = at < last ? at : last;
            inside += (value >= from) & (value <= to);
            number[point] += width * (double)(int32_t)at;
        }
        *outside += points - inside;
    }
    for (point = 0; point < points; point++) {
        int64_t bits;
        memcpy(&bits, &number[point], sizeof bits);
        numbers[point] = bits & (((int64_t)1 << 52) - 1);
    }
}

GIGAEVO_INLINE void grid_blocks(const double *values, ptrdiff_t points, ptrdiff_t dims, ptrdiff_t row,
                                ptrdiff_t column, const double *lower, const double *upper, const double *scale,
                                const double *cells, int64_t *numbers, int64_t *outside)
{
    ptrdiff_t done = 0;
    for (; done + GRID_BLOCK <= points; done += GRID_BLOCK)
        grid_block(values + done * row, GRID_BLOCK, dims, row, column, lower, upper, scale, cells, numbers + done,
                   outside);
    grid_block(values + done * row, points - done, dims, row, column, lower, upper, scale, cells, numbers + done,
               outside);
}

/* The cells of points on up to 8 linear axes, of GRID_LOOP_CELLS cells in all. The commonest numbers of axes are known
   to the compiler where nothing lies between the values, so that it reads neighbouring ones at once. */
WIDE static void grid_linear(const double *values, ptrdiff_t points, ptrdiff_t dims, ptrdiff_t row, ptrdiff_t column,
                             const double *lower, const double *upper, const double *scale, const double *cells,
                             int64_t *numbers, int64_t *outside)
{
    if (row != dims || column != 1)
        grid_blocks(values, points, dims, row, column, lower, upper, scale, cells, numbers, outside);
    else if (dims == 2)
        grid_blocks(values, points, 2, 2, 1, lower, upper, scale, cells, numbers, outside);
    else if (dims == 1)
        grid_blocks(values, points, 1, 1, 1, lower, upper, scale, cells, numbers, outside);
    else if (dims == 3)
        grid_blocks(values, points, 3, 3, 1, lower, upper, scale, cells, numbers, outside);
    else if (dims == 4)
        grid_blocks(values, points, 4, 4, 1, lower, upper, scale, cells, numbers, outside);
    else
        grid_blocks(values, points, dims, dims, 1, lower, upper, scale, cells, numbers, outside);
}

#endif
