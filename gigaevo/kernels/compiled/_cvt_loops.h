/* The nearest of all centroids, in loops that compilers turn into vector instructions. On x86-64 Linux GCC makes a
   version for AVX2 beside the portable one; sums are of the same order in both, and so are the results. */

#ifndef GIGAEVO_CVT_LOOPS_H
#define GIGAEVO_CVT_LOOPS_H

#include <stddef.h>
#include <stdint.h>

#include "_dispatch.h"

#define CVT_BLOCK 128

/* The first of the nearest centroids; `columns` are their coordinates axis by axis, (dims, count). */
WIDE static int64_t nearest_of_all(const double *point, const double *columns, int64_t count, int64_t dims)
{
    double squares[CVT_BLOCK];
    double least = 0.0;
    int64_t nearest = -1, begin, axis, place;
    for (begin = 0; begin < count; begin += CVT_BLOCK) {
        int64_t size = count - begin < CVT_BLOCK ? count - begin : CVT_BLOCK;
        double block_least;
        for (place = 0; place < size; place++) {
            double difference = point[0] - columns[begin + place];
            squares[place] = difference * difference;
        }
        for (axis = 1; axis < dims; axis++) {
            const double *column = columns + axis * count + begin;
            for (place = 0; place < size; place++) {
                double difference = point[axis] - column[place];
                squares[place] += difference * difference;
            }
        }
        block_least = squares[0];
        for (place = 1; place < size; place++)
            block_least = squares[place] < block_least ? squares[place] : block_least;
        if (nearest >= 0 && !(block_least < least))
            continue;
        for (place = 0; squares[place] != block_least; place++)
            ;
        least = block_least;
        nearest = begin + place;
    }
    return nearest;
}

#endif
