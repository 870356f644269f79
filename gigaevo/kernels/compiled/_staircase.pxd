# The staircase of a set of points in two objectives, larger is better: the points that no other covers.

from libc.stdint cimport int32_t
from libc.stdlib cimport realloc
from libc.string cimport memmove


cdef struct Step:
    double first
    double second


cdef struct Staircase:
    # The first number of its steps falls, the second rises.
    Step* steps
    int32_t size
    int32_t room


cdef inline Py_ssize_t steps_above(const Staircase* stairs, double first) noexcept nogil:
    """How many steps have at least ``first``; there must be one step."""
    cdef Py_ssize_t low = 0, half, size = stairs.size
    while size > 1:
        half = size >> 1
        low += half if stairs.steps[low + half - 1].first >= first else 0
        size -= half
    return low + (stairs.steps[low].first >= first)


cdef inline bint add_step(Staircase* stairs, Py_ssize_t begin, double first, double second) noexcept nogil:
    """Add a step that is not covered behind ``begin``, those that have at least ``first``; remove the steps it covers.
    False if there is no memory."""
    cdef Py_ssize_t end
    cdef Step* moved
    if stairs.size == stairs.room:
        moved = <Step*>realloc(stairs.steps, (2 * stairs.room + 4) * sizeof(Step))
        if moved == NULL:
            return False
        stairs.steps = moved
        stairs.room = 2 * stairs.room + 4
    if begin > 0 and stairs.steps[begin - 1].first == first:
        begin -= 1
    end = begin
    while end < stairs.size and stairs.steps[end].second <= second:
        end += 1
    memmove(stairs.steps + begin + 1, stairs.steps + end, (stairs.size - end) * sizeof(Step))
    stairs.steps[begin].first = first
    stairs.steps[begin].second = second
    stairs.size += <int32_t>(begin + 1 - end)
    return True
