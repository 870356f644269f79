/* Logarithm and exponential of doubles from additions, multiplications and one division: the same bits on every machine,
 * which libm does not promise, and without branches, so that loops of them are vectorised. Errors are below 4 units in
 * the last place.
 */
#ifndef GIGAEVO_POWERS_H
#define GIGAEVO_POWERS_H

#include <stdint.h>
#include <string.h>

#include "_dispatch.h"

GIGAEVO_INLINE double double_of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

GIGAEVO_INLINE uint64_t bits_of_double(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Natural logarithm of a normal positive number. Of x = 2^k m with m between sqrt(1/2) and sqrt(2), it is k log(2) plus
 * the series of 2 artanh((m - 1) / (m + 1)). */
GIGAEVO_INLINE double portable_log(double x) {
    const uint64_t bits = bits_of_double(x) + 0x00095f6199000000ull; /* carries into the exponent from sqrt(2) on */
    const uint64_t biased = bits >> 52;
    const uint64_t rest = (bits & 0x000fffffffffffffull) + 0x3fe6a09e67000000ull;
    /* An integer below 2^52 becomes a double by being written into the mantissa of 2^52. */
    const double k = double_of_bits(biased | 0x4330000000000000ull) - (4503599627370496.0 + 1023.0);
    const double m = double_of_bits(rest);
    const double s = (m - 1.0) / (m + 1.0);
    const double z = s * s;
    double series = 1.0 / 19.0;
    series = series * z + 1.0 / 17.0;
    series = series * z + 1.0 / 15.0;
    series = series * z + 1.0 / 13.0;
    series = series * z + 1.0 / 11.0;
    series = series * z + 1.0 / 9.0;
    series = series * z + 1.0 / 7.0;
    series = series * z + 1.0 / 5.0;
    series = series * z + 1.0 / 3.0;
    const double twice = s + s;
    return k * 0.6931471803691238 + (twice + (twice * z * series + k * 1.9082149292705877e-10));
}

/* e^x; x is taken as at least -700 and at most 700. Of x = n log(2) + r, it is 2^n times the series of e^r. */
GIGAEVO_INLINE double portable_exp(double x) {
    const double round = 6755399441055744.0; /* 1.5 * 2^52: the sum is rounded to a whole number, in its lowest bits */
    x = x < -700.0 ? -700.0 : x;
    x = x > 700.0 ? 700.0 : x;
    const double shifted = x * 1.4426950408889634 + round;
    const double n = shifted - round;
    const double r = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
    double series = 1.0 / 6227020800.0;
    series = series * r + 1.0 / 479001600.0;
    series = series * r + 1.0 / 39916800.0;
    series = series * r + 1.0 / 3628800.0;
    series = series * r + 1.0 / 362880.0;
    series = series * r + 1.0 / 40320.0;
    series = series * r + 1.0 / 5040.0;
    series = series * r + 1.0 / 720.0;
    series = series * r + 1.0 / 120.0;
    series = series * r + 1.0 / 24.0;
    series = series * r + 1.0 / 6.0;
    series = series * r + 0.5;
    series = series * r + 1.0;
    series = series * r + 1.0;
    return double_of_bits(bits_of_double(series) + (bits_of_double(shifted) << 52));
}

#endif
