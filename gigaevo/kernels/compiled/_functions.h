/* Test functions of optimization, of one genome each. Nothing here draws, allocates or raises.

   Sines and exponentials are polynomials of our own: those of the C library differ from machine to machine, and are not
   vectorised. Sums have eight lanes, whatever the width of registers, so that the values are the same everywhere. */
#ifndef GIGAEVO_FUNCTIONS_H
#define GIGAEVO_FUNCTIONS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_dispatch.h"

/* The order of the names in functions_numpy.py. */
enum { SPHERE, RASTRIGIN, ROSENBROCK, ACKLEY, GRIEWANK, SCHWEFEL, LEVY, ZAKHAROV, STYBLINSKI_TANG };
enum { ONEMAX, LEADING_ONES, TRAP };
enum { ZDT1, ZDT2, ZDT3, ZDT4, ZDT6, DTLZ1, DTLZ2 };

static const double PI_WHOLE = 3.141592653589793, PI_HIGH = 3.141592651605606, PI_LOW = 1.984187159361081e-09;
static const double PER_PI = 0.3183098861837907;

/* To the nearest whole number, of halves to the even one; exact up to 2^51. */
GIGAEVO_INLINE double rounded(double x) {
    const double shift = 6755399441055744.0;
    return (x + shift) - shift;
}

/* sin(pi t) for t in -0.5 to 0.5, to a relative error of 3e-16: interpolated at the nodes of Chebyshev. */
GIGAEVO_INLINE double sine_of_part(double t) {
    const double u = t * t;
    double s = 7.697826768224191e-07;
    s = s * u - 2.1903497074626018e-05;
    s = s * u + 0.0004662998161898394;
    s = s * u - 0.007370430505916944;
    s = s * u + 0.0821458865731029;
    s = s * u - 0.5992645293189447;
    s = s * u + 2.5501640398773007;
    s = s * u - 5.167712780049969;
    s = s * u + PI_WHOLE;
    return s * t;
}

/* sin(pi t)^2, which needs no sign. Cosines are made of it: cos(2 pi t) = 1 - 2 sin(pi t)^2. */
GIGAEVO_INLINE double squared_sine(double t) {
    const double s = sine_of_part(t - rounded(t));
    return s * s;
}

/* 1 for an even whole number, -1 for an odd one. */
GIGAEVO_INLINE double sign_of_turn(double whole) {
    const double odd = whole - 2.0 * rounded(0.5 * whole);
    return 1.0 - 2.0 * odd * odd;
}

/* sin(pi t) */
GIGAEVO_INLINE double sine_of_turns(double t) {
    const double whole = rounded(t);
    return sign_of_turn(whole) * sine_of_part(t - whole);
}

/* x - k pi in half turns, for a multiple k of 1/2 below 2^24 */
GIGAEVO_INLINE double rest_of_turns(double x, double k) {
    return ((x - k * PI_HIGH) - k * PI_LOW) * PER_PI;
}

/* sin(x) and cos(x) of radians */
GIGAEVO_INLINE double sine(double x) {
    const double whole = rounded(x * PER_PI);
    return sign_of_turn(whole) * sine_of_part(rest_of_turns(x, whole));
}

GIGAEVO_INLINE double cosine(double x) {
    const double whole = rounded(x * PER_PI - 0.5);
    return -sign_of_turn(whole) * sine_of_part(rest_of_turns(x, whole + 0.5));
}

/* e^x for x from -700 to 700; less is 0 */
GIGAEVO_INLINE double exponential(double x) {
    const double whole = rounded(x * 1.4426950408889634);
    const double r = (x - whole * 0.6931471804855391) - whole * 7.440617110012397e-11;
    double sum = 1.0;
    union { double value; uint64_t bits; } power;
    if (x < -700.0)
        return 0.0;
    for (int n = 13; n > 0; n--)
        sum = 1.0 + sum * r / n;
    power.bits = (uint64_t)((int64_t)whole + 1023) << 52;
    return sum * power.value;
}

/* Sums over genes: the terms of a block are made side by side, then added up in lanes. */

#define GENES_AT_ONCE 64
#define SUM_LANES 8

/* A term of gene ``place`` (from 0), which is x; the one behind it is next. */
typedef double (*gene_term)(double x, double next, double place);

/* The sum of the terms of the first ``n`` genes of a row that has ``d``. */
GIGAEVO_INLINE double sum_of(gene_term term, const double *row, ptrdiff_t n, ptrdiff_t d) {
    double x[GENES_AT_ONCE + SUM_LANES], terms[GENES_AT_ONCE], lanes[SUM_LANES] = {0};
    for (ptrdiff_t start = 0; start < n; start += GENES_AT_ONCE) {
        const ptrdiff_t here = n - start < GENES_AT_ONCE ? n - start : GENES_AT_ONCE;
        const ptrdiff_t whole = (here + SUM_LANES - 1) / SUM_LANES * SUM_LANES;
        const ptrdiff_t given = d - start < here + 1 ? d - start : here + 1;
        memcpy(x, row + start, (size_t)given * sizeof(double));
        for (ptrdiff_t j = given; j <= whole; j++)
            x[j] = 0.0;
        for (ptrdiff_t j = 0; j < whole; j++)
            terms[j] = term(x[j], x[j + 1], (double)(start + j));
        for (ptrdiff_t j = here; j < whole; j++)
            terms[j] = 0.0;
        for (ptrdiff_t j = 0; j < whole; j += SUM_LANES)
            for (ptrdiff_t lane = 0; lane < SUM_LANES; lane++)
                lanes[lane] += terms[j + lane];
    }
    return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

#define GENE_TERM(name) GIGAEVO_INLINE double name(double x, double next, double place)
#define UNUSED_TERMS (void)next, (void)place

GENE_TERM(plain) { UNUSED_TERMS; return x; }
GENE_TERM(square) { UNUSED_TERMS; return x * x; }
GENE_TERM(by_place) { (void)next; return 0.5 * (place + 1.0) * x; }
GENE_TERM(wave) { UNUSED_TERMS; return squared_sine(x); }
GENE_TERM(rastrigin_term) { UNUSED_TERMS; return x * x + 20.0 * squared_sine(x); }
GENE_TERM(rastrigin_twice) { UNUSED_TERMS; return x * x + 20.0 * squared_sine(2.0 * x); }
GENE_TERM(rosenbrock_term) {
    const double ridge = next - x * x, short_of = 1.0 - x;
    (void)place;
    return 100.0 * ridge * ridge + short_of * short_of;
}
GENE_TERM(schwefel_term) { UNUSED_TERMS; return x * sine(sqrt(fabs(x))); }
GENE_TERM(levy_term) {
    const double w = 0.25 * (x - 1.0), wave_here = squared_sine(w + (1.0 + PER_PI));
    UNUSED_TERMS;
    return w * w * (1.0 + 10.0 * wave_here);
}
GENE_TERM(styblinski_term) { const double u = x * x; UNUSED_TERMS; return u * u - 16.0 * u + 5.0 * x; }
GENE_TERM(from_middle) { UNUSED_TERMS; x -= 0.5; return x * x; }
GENE_TERM(dtlz1_term) { UNUSED_TERMS; x -= 0.5; return x * x + 2.0 * squared_sine(10.0 * x); }

GIGAEVO_INLINE double product_of_cosines(const double *row, ptrdiff_t d) {
    double factors[GENES_AT_ONCE], product = 1.0;
    for (ptrdiff_t start = 0; start < d; start += GENES_AT_ONCE) {
        const ptrdiff_t here = d - start < GENES_AT_ONCE ? d - start : GENES_AT_ONCE;
        for (ptrdiff_t j = 0; j < here; j++)
            factors[j] = cosine(row[start + j] / sqrt((double)(start + j + 1)));
        for (ptrdiff_t j = 0; j < here; j++)
            product *= factors[j];
    }
    return product;
}

GIGAEVO_INLINE double ackley_of(const double *row, ptrdiff_t d) {
    const double radius = sqrt(sum_of(square, row, d, d) / d), waves = sum_of(wave, row, d, d) / d;
    return 20.0 * (1.0 - exponential(-0.2 * radius)) + 2.718281828459045 * (1.0 - exponential(-2.0 * waves));
}

GIGAEVO_INLINE double levy_of(const double *row, ptrdiff_t d) {
    const double first = 1.0 + 0.25 * (row[0] - 1.0), last = 0.25 * (row[d - 1] - 1.0);
    return squared_sine(first) + sum_of(levy_term, row, d - 1, d) + last * last * (1.0 + squared_sine(2.0 * last));
}

GIGAEVO_INLINE double zakharov_of(const double *row, ptrdiff_t d) {
    const double slope = sum_of(by_place, row, d, d), squared = slope * slope;
    return sum_of(square, row, d, d) + squared + squared * squared;
}

/* The value of a function of numbers; d >= 1. */
WIDE static double value_of(int code, const double *row, ptrdiff_t d) {
    switch (code) {
    case SPHERE: return sum_of(square, row, d, d);
    case RASTRIGIN: return sum_of(rastrigin_term, row, d, d);
    case ROSENBROCK: return sum_of(rosenbrock_term, row, d - 1, d);
    case ACKLEY: return ackley_of(row, d);
    case GRIEWANK: return 1.0 + sum_of(square, row, d, d) / 4000.0 - product_of_cosines(row, d);
    case SCHWEFEL: return 418.9828872724338 * d - sum_of(schwefel_term, row, d, d);
    case LEVY: return levy_of(row, d);
    case ZAKHAROV: return zakharov_of(row, d);
    case STYBLINSKI_TANG: return 0.5 * sum_of(styblinski_term, row, d, d);
    default: return NAN;
    }
}

/* Functions of several objectives, all minimised. */

GIGAEVO_INLINE void zdt(int code, const double *row, ptrdiff_t d, double *out) {
    const double x = row[0], others = (double)(d - 1);
    double g = code == ZDT4 ? 1.0 + sum_of(rastrigin_twice, row + 1, d - 1, d - 1) : sum_of(plain, row + 1, d - 1, d - 1);
    if (code == ZDT6) {
        const double waves = sine_of_turns(6.0 * x), third = waves * waves * waves;
        out[0] = 1.0 - exponential(-4.0 * x) * third * third;
        g = 1.0 + 9.0 * sqrt(sqrt(g / others));
    } else {
        out[0] = x;
        if (code != ZDT4)
            g = 1.0 + 9.0 * g / others;
    }
    const double share = out[0] / g;
    if (code == ZDT2 || code == ZDT6)
        out[1] = g * (1.0 - share * share);
    else if (code == ZDT3)
        out[1] = g * (1.0 - sqrt(share) - share * sine_of_turns(10.0 * x));
    else
        out[1] = g * (1.0 - sqrt(share));
}

GIGAEVO_INLINE void dtlz1(const double *row, ptrdiff_t d, ptrdiff_t m, double *out) {
    const ptrdiff_t places = m - 1, others = d - places;
    double rest = 0.5 * (1.0 + 100.0 * sum_of(dtlz1_term, row + places, others, others));
    for (ptrdiff_t k = 0; k < places; k++) {
        out[m - 1 - k] = rest * (1.0 - row[k]);
        rest *= row[k];
    }
    out[0] = rest;
}

GIGAEVO_INLINE void dtlz2(const double *row, ptrdiff_t d, ptrdiff_t m, double *out) {
    const ptrdiff_t places = m - 1, others = d - places;
    double rest = 1.0 + sum_of(from_middle, row + places, others, others);
    for (ptrdiff_t k = 0; k < places; k++) {
        out[m - 1 - k] = rest * sine_of_turns(0.5 * row[k]);
        rest *= sine_of_turns(0.5 - 0.5 * row[k]);
    }
    out[0] = rest;
}

/* The objectives of a function into out[0] to out[m - 1]; d >= 2, and d >= m. */
WIDE static void objectives_of(int code, const double *row, ptrdiff_t d, ptrdiff_t m, double *out) {
    switch (code) {
    case DTLZ1: dtlz1(row, d, m, out); break;
    case DTLZ2: dtlz2(row, d, m, out); break;
    default: zdt(code, row, d, out);
    }
}

/* Functions of bits (bytes of 0 and 1), all maximised. */

/* Ones among n bits; adds up eight bytes at a time. */
GIGAEVO_INLINE int64_t ones_of(const uint8_t *bits, ptrdiff_t n) {
    const uint64_t even = 0x00ff00ff00ff00ffu;
    int64_t ones = 0;
    ptrdiff_t at = 0;
    while (n - at >= 8) {
        uint64_t sums = 0, word;
        const ptrdiff_t end = n - at > 8 * 255 ? at + 8 * 255 : at + (n - at) / 8 * 8;
        for (; at < end; at += 8) {
            memcpy(&word, bits + at, 8);
            sums += word;
        }
        sums = (sums & even) + (sums >> 8 & even);
        ones += (int64_t)(sums * 0x0001000100010001u >> 48);
    }
    for (; at < n; at++)
        ones += bits[at];
    return ones;
}

/* The value of a function of bits; traps are of ``order`` bits each, of which d is a multiple. */
GIGAEVO_INLINE double bits_value_of(int code, const uint8_t *bits, ptrdiff_t d, ptrdiff_t order) {
    int64_t value = 0;
    switch (code) {
    case ONEMAX: return (double)ones_of(bits, d);
    case LEADING_ONES:
        while (value < d && bits[value])
            value++;
        return (double)value;
    case TRAP:
        for (ptrdiff_t at = 0; at + order <= d; at += order) {
            const int64_t ones = ones_of(bits + at, order);
            value += ones == order ? order : order - 1 - ones;
        }
        return (double)value;
    default: return NAN;
    }
}

/* The same functions of packed bits: gene j is bit j % 64 of word j / 64, those behind the last gene are 0. */

GIGAEVO_INLINE int64_t ones_of_word(uint64_t word) {
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (int64_t)(word * 0x0101010101010101u >> 56);
}

GIGAEVO_INLINE double packed_trap_of(const uint64_t *words, ptrdiff_t d, ptrdiff_t order) {
    const uint64_t all = order < 64 ? ((uint64_t)1 << order) - 1 : ~(uint64_t)0;
    int64_t value = 0;
    for (ptrdiff_t at = 0; at + order <= d; at += order) {
        const int shift = (int)(at & 63);
        uint64_t block = words[at >> 6] >> shift;
        if (shift + order > 64)
            block |= words[(at >> 6) + 1] << (64 - shift);
        block &= all;
        value += block == all ? order : order - 1 - ones_of_word(block);
    }
    return (double)value;
}

/* ``order`` is at most 64. */
GIGAEVO_INLINE double packed_value_of(int code, const uint64_t *words, ptrdiff_t d, ptrdiff_t order) {
    const ptrdiff_t n = (d + 63) / 64;
    int64_t value = 0;
    switch (code) {
    case ONEMAX:
        for (ptrdiff_t word = 0; word < n; word++)
            value += ones_of_word(words[word]);
        return (double)value;
    case LEADING_ONES:
        for (ptrdiff_t word = 0; word < n; word++) {
            const uint64_t zeros = ~words[word];
            value += zeros ? ones_of_word((zeros & -zeros) - 1) : 64;
            if (zeros)
                break;
        }
        return (double)value;
    case TRAP: return packed_trap_of(words, d, order);
    default: return NAN;
    }
}

/* Functions of permutations, minimised. */

/* Pairs of queens on one diagonal. ``counts`` has room for 4 d numbers. */
GIGAEVO_INLINE double conflicts_of(const int32_t *columns, ptrdiff_t d, int32_t *counts) {
    int32_t *rising = counts, *falling = counts + 2 * d;
    int64_t pairs = 0;
    memset(counts, 0, (size_t)(4 * d) * sizeof(int32_t));
    for (ptrdiff_t row = 0; row < d; row++) {
        pairs += rising[columns[row] + row]++;
        pairs += falling[columns[row] - row + d]++;
    }
    return (double)pairs;
}

/* Length of the closed tour; ``distances`` is of shape (d, d). */
GIGAEVO_INLINE double tour_length_of(const int32_t *places, ptrdiff_t d, const double *distances) {
    double length = distances[places[d - 1] * d + places[0]];
    for (ptrdiff_t step = 1; step < d; step++)
        length += distances[places[step - 1] * d + places[step]];
    return length;
}

#endif
