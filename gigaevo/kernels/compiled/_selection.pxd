# Selection of one candidate, for loops that are fused with other work. ``selection_numpy`` documents what they do.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from gigaevo.kernels.compiled._rng cimport Rng, next_word, scaled


cdef inline uint32_t tournament_pick(const double* merits, uint32_t n, int64_t size, Rng* rng) noexcept nogil:
    """The winner of a tournament of ``size``, 1 or more, drawn with replacement from ``n`` merits without NaN."""
    cdef uint64_t word = next_word(rng)
    cdef uint32_t winner = scaled(<uint32_t>(word >> 32), n), other
    cdef double best = merits[winner], merit
    cdef int64_t drawn
    for drawn in range(1, size):
        if drawn & 1:
            other = scaled(<uint32_t>word, n)
        else:
            word = next_word(rng)
            other = scaled(<uint32_t>(word >> 32), n)
        merit = merits[other]
        winner = other if merit > best else winner
        best = merit if merit > best else best
    return winner


cdef inline uint32_t rank_pick(const double* merits, uint32_t n, Rng* rng) noexcept nogil:
    """A pick of ``n`` merits without NaN, with probability proportional to rank."""
    cdef uint64_t word = next_word(rng)
    cdef uint32_t first = scaled(<uint32_t>(word >> 32), n + 1), second = scaled(<uint32_t>word, n)
    second += second >= first
    # Row n is the imagined one that is worse than all.
    if first == n:
        return second
    if second == n:
        return first
    return second if merits[second] > merits[first] else first
