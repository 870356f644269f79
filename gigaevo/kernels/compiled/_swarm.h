/* The arithmetic of a particle that moves, gene by gene; swarm_numpy.fly says what it is. */

#ifndef GIGAEVO_SWARM_H
#define GIGAEVO_SWARM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_dispatch.h"

typedef struct {
    double inertia, cognitive, social;
} Pulls;

/* A number of 32 bits times 2^-32: put behind the exponent of 2^52, which is taken away again. */
static inline double share_of(uint64_t bits) {
    double number;
    bits |= 0x4330000000000000u;
    memcpy(&number, &bits, sizeof number);
    return (number - 4503599627370496.0) * (1.0 / 4294967296.0);
}

/* A word for each gene: r is of its upper half, s of its lower one. */
WIDE static void fly_row(double *RESTRICT position, double *RESTRICT velocity, const double *RESTRICT own,
                         const double *RESTRICT leader, const uint64_t *RESTRICT words, double *RESTRICT moved,
                         const double *RESTRICT limits, const double *RESTRICT lower, const double *RESTRICT upper,
                         Pulls pulls, ptrdiff_t genes) {
    for (ptrdiff_t gene = 0; gene < genes; gene++) {
        double at = position[gene], most = limits[gene];
        double r = share_of(words[gene] >> 32), s = share_of(words[gene] & 0xffffffffu);
        double speed = pulls.inertia * velocity[gene] + (pulls.cognitive * r) * (own[gene] - at);
        speed = speed + (pulls.social * s) * (leader[gene] - at);
        speed = speed >= -most ? speed : -most;
        speed = speed <= most ? speed : most;
        double to = at + speed;
        double inside = to >= lower[gene] ? to : lower[gene];
        inside = inside <= upper[gene] ? inside : upper[gene];
        velocity[gene] = inside == to ? speed : 0.0;
        position[gene] = inside;
        moved[gene] = inside;
    }
}

#endif
