# cython: cdivision=True
# Random numbers for the inner loops of kernels: xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number
# generators", 2021). Its four words are seeded from numpy's SeedSequence by RandomStream (_random.pyx), never here.

from libc.math cimport INFINITY, fabs
from libc.stdint cimport int64_t, uint32_t, uint64_t


cdef extern from "_powers.h":
    double portable_log(double x) noexcept nogil
    double portable_exp(double x) noexcept nogil


cdef extern from "_ziggurat.h":
    const double* ZIGGURAT_WIDTH
    const double* ZIGGURAT_HEIGHT


cdef struct Rng:
    uint64_t a
    uint64_t b
    uint64_t c
    uint64_t d


cdef inline uint64_t rotated(uint64_t word, int left) noexcept nogil:
    return (word << left) | (word >> (64 - left))


cdef inline uint64_t next_word(Rng* rng) noexcept nogil:
    """64 random bits."""
    cdef uint64_t word = rotated(rng.a + rng.d, 23) + rng.a
    cdef uint64_t shifted = rng.b << 17
    rng.c ^= rng.a
    rng.d ^= rng.b
    rng.b ^= rng.c
    rng.a ^= rng.d
    rng.c ^= shifted
    rng.d = rotated(rng.d, 45)
    return word


cdef inline double uniform(Rng* rng) noexcept nogil:
    """A multiple of 2^-53 in [0, 1)."""
    return <double>(next_word(rng) >> 11) * (1.0 / 9007199254740992.0)


cdef inline uint32_t scaled(uint32_t bits, uint32_t limit) noexcept nogil:
    """An integer in 0 to ``limit - 1`` from 32 random bits: a word has two of them."""
    return <uint32_t>((<uint64_t>bits * limit) >> 32)


cdef inline uint32_t below(Rng* rng, uint32_t limit) noexcept nogil:
    """An integer in 0 to ``limit - 1``; each is as likely as any other up to 1 in 2^32 (``limit`` < 2^31)."""
    return scaled(<uint32_t>(next_word(rng) >> 32), limit)


cdef inline uint64_t threshold(double rate) noexcept nogil:
    """What 32 random bits are below with probability ``rate``, 0 to 1 (to a multiple of 2^-32)."""
    return <uint64_t>(rate * 4294967296.0 + 0.5)


cdef inline double normal(Rng* rng) noexcept nogil:
    """Standard normal, by the ziggurat (_ziggurat.h): one word and no logarithm in 99 of 100 cases."""
    cdef uint64_t word = next_word(rng)
    cdef int layer = word & 255
    cdef double x = <double>(<int64_t>word >> 11) * (1.0 / 4503599627370496.0) * ZIGGURAT_WIDTH[layer]
    if fabs(x) < ZIGGURAT_WIDTH[layer + 1]:
        return x
    return outer_normal(rng, layer, x)


cdef inline double outer_normal(Rng* rng, int layer, double x) noexcept nogil:
    """The normal number that begins with ``x``, which lies in ``layer`` but perhaps not under the curve."""
    cdef uint64_t word
    cdef double beyond, height
    while True:
        if layer == 0:
            while True:
                beyond = -portable_log(1.0 - uniform(rng)) / ZIGGURAT_WIDTH[1]
                if -2.0 * portable_log(1.0 - uniform(rng)) >= beyond * beyond:
                    return ZIGGURAT_WIDTH[1] + beyond if x > 0.0 else -ZIGGURAT_WIDTH[1] - beyond
        height = ZIGGURAT_HEIGHT[layer] + uniform(rng) * (ZIGGURAT_HEIGHT[layer + 1] - ZIGGURAT_HEIGHT[layer])
        if height < portable_exp(-0.5 * x * x):
            return x
        word = next_word(rng)
        layer = word & 255
        x = <double>(<int64_t>word >> 11) * (1.0 / 4503599627370496.0) * ZIGGURAT_WIDTH[layer]
        if fabs(x) < ZIGGURAT_WIDTH[layer + 1]:
            return x


cdef inline double inverse_of_misses(double rate) noexcept nogil:
    """What ``misses`` needs to know of a ``rate``, 0 to 1; minus infinity if it never succeeds."""
    if rate >= 1.0:
        return 0.0
    return 1.0 / portable_log(1.0 - rate) if 1.0 - rate < 1.0 else -INFINITY


cdef inline int64_t misses(Rng* rng, double inverse) noexcept nogil:
    """How many trials fail before the next success, of a rate given by ``inverse_of_misses``; at most 2^53."""
    cdef double drawn
    if inverse == 0.0:
        return 0
    drawn = portable_log(1.0 - uniform(rng)) * inverse
    return <int64_t>drawn if drawn < 9007199254740992.0 else 9007199254740992
