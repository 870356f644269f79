/* The arithmetic of a particle that moves, gene by gene; swarm_numpy.fly says what it is. */

#ifndef GIGAEVO_SWARM_H
#define GIGAEVO_SWARM_H

#include <stddef.h>
#include <stdint.h>

#include "_dispatch.h"

typedef struct {
    double inertia, cognitive, social;
    const double *limits, *lower, *upper;
} Flight;

/* Words of 32 bits become numbers in [0, 1) exactly; signed ones convert faster, so half a turn is added. */
WIDE static void fly_row(double *RESTRICT position, double *RESTRICT velocity, const double *RESTRICT own,
                         const double *RESTRICT leader, const uint32_t *RESTRICT draws, double *RESTRICT moved,
                         Flight flight, ptrdiff_t genes) {
    const double unit = 1.0 / 4294967296.0;
    const uint32_t *second = draws + genes;
    for (ptrdiff_t gene = 0; gene < genes; gene++) {
        double at = position[gene], most = flight.limits[gene];
        double r = ((double)(int32_t)(draws[gene] ^ 0x80000000u) + 2147483648.0) * unit;
        double s = ((double)(int32_t)(second[gene] ^ 0x80000000u) + 2147483648.0) * unit;
        double speed = flight.inertia * velocity[gene] + (flight.cognitive * r) * (own[gene] - at);
        speed = speed + (flight.social * s) * (leader[gene] - at);
        speed = speed >= -most ? speed : -most;
        speed = speed <= most ? speed : most;
        double to = at + speed;
        double inside = to >= flight.lower[gene] ? to : flight.lower[gene];
        inside = inside <= flight.upper[gene] ? inside : flight.upper[gene];
        velocity[gene] = inside == to ? speed : 0.0;
        position[gene] = inside;
        moved[gene] = inside;
    }
}

#endif
