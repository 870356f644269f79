# Four generators side by side (_lanes.h), for loops that need many words or normal numbers.

from libc.stdint cimport int64_t, uint64_t

from gigaevo.kernels.compiled._rng cimport Rng, next_word, outer_normal


cdef extern from "_lanes.h" nogil:
    enum:
        LANES

    ctypedef struct Lanes:
        uint64_t[4] a
        uint64_t[4] b
        uint64_t[4] c
        uint64_t[4] d

    void fill_lanes(Lanes*, uint64_t*, Py_ssize_t)


cdef extern from "_normals.h" nogil:
    void first_tries(const uint64_t*, double*, int64_t*, Py_ssize_t)


cdef enum:
    WORDS = 256  # at a time, a whole number of steps


cdef inline void seed_lanes(Lanes* lanes, Rng* rng) noexcept nogil:
    """By sixteen words of a stream."""
    cdef int lane
    for lane in range(LANES):
        lanes.a[lane], lanes.b[lane] = next_word(rng), next_word(rng)
        lanes.c[lane], lanes.d[lane] = next_word(rng), next_word(rng)


cdef inline void fill_normals(Lanes* lanes, double* normals, Py_ssize_t count, Rng* rng) noexcept nogil:
    """Standard normal numbers; for about one in a hundred ``rng`` is needed too."""
    cdef uint64_t[WORDS] words
    cdef int64_t[WORDS] outside
    cdef Py_ssize_t done = 0, item, some
    while done < count:
        some = min(count - done, <Py_ssize_t>WORDS)
        fill_lanes(lanes, words, (some + LANES - 1) // LANES)
        first_tries(words, normals + done, outside, some)
        for item in range(some):
            if outside[item]:
                normals[done + item] = outer_normal(rng, words[item] & 255, normals[done + item])
        done += some
