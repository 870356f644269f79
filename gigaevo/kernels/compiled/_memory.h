/* Rows of an archive in memory: hints of what will be needed, and copies. */

#ifndef GIGAEVO_MEMORY_H
#define GIGAEVO_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define will_read(address) __builtin_prefetch((address), 0)
#define will_write(address) __builtin_prefetch((address), 1)
#else
#define will_read(address) ((void)(address))
#define will_write(address) ((void)(address))
#endif

/* Copies a short row without a call: what is copied is too little for one to pay. */
static inline void copy_row(double *to, const double *from, int64_t width)
{
    int64_t place = 0;
    if (width > 64) {
        memcpy(to, from, (size_t)width * sizeof(double));
        return;
    }
    for (; place + 4 <= width; place += 4) {
        double four[4];
        memcpy(four, from + place, sizeof four);
        memcpy(to + place, four, sizeof four);
    }
    for (; place < width; place++)
        to[place] = from[place];
}

#endif
