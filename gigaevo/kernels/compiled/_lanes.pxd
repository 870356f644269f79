# Four generators side by side (_lanes.h), for loops that need many words.

from libc.stdint cimport uint64_t

from gigaevo.kernels.compiled._rng cimport Rng, next_word


cdef extern from "_lanes.h" nogil:
    enum:
        LANES

    ctypedef struct Lanes:
        uint64_t[4] a
        uint64_t[4] b
        uint64_t[4] c
        uint64_t[4] d

    void fill_lanes(Lanes*, uint64_t*, Py_ssize_t)


cdef inline void seed_lanes(Lanes* lanes, Rng* rng) noexcept nogil:
    """By sixteen words of a stream."""
    cdef int lane
    for lane in range(LANES):
        lanes.a[lane], lanes.b[lane] = next_word(rng), next_word(rng)
        lanes.c[lane], lanes.d[lane] = next_word(rng), next_word(rng)
