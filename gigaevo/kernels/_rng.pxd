# Random numbers for the inner loops of kernels: xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number
# generators", 2021). Its four words are seeded from numpy's SeedSequence by RandomStream (_random.pyx), never here.

from libc.math cimport log, sqrt
from libc.stdint cimport uint32_t, uint64_t


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


cdef inline uint32_t below(Rng* rng, uint32_t limit) noexcept nogil:
    """An integer in 0 to ``limit - 1``; each is as likely as any other up to 1 in 2^32 (``limit`` < 2^31)."""
    return <uint32_t>(((next_word(rng) >> 32) * limit) >> 32)


cdef inline double normal(Rng* rng) noexcept nogil:
    """Standard normal, by the polar method of Marsaglia."""
    cdef double x, y, square
    while True:
        x = 2.0 * uniform(rng) - 1.0
        y = 2.0 * uniform(rng) - 1.0
        square = x * x + y * y
        if 0.0 < square < 1.0:
            return x * sqrt(-2.0 * log(square) / square)
