# cython: boundscheck=False, wraparound=False, cdivision=True
"""Hypervolume, compiled. ``hypervolume_numpy`` documents it and is its twin."""

from libc.math cimport INFINITY
from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memmove

cimport numpy as cnp

from gigaevo.kernels.compiled._argsort cimport Item, sort_best_first
from gigaevo.kernels.compiled._boundary cimport fits
from gigaevo.kernels.compiled._staircase cimport Staircase, Step, add_step, steps_above

from gigaevo.kernels.checks import array_checks, pareto_checks

cnp.import_array()


cdef struct Room:
    # For sorting; what is in it is needed no longer when a slice is measured.
    Item* items  # n
    Item* spare  # n
    int32_t* buckets  # 2 n + 1
    Step* steps  # n + 1


def hypervolume(objectives, reference):
    """See ``hypervolume_numpy.hypervolume``."""
    if not fits(objectives, cnp.NPY_FLOAT64, 2):
        objectives = array_checks.float_array("objectives", objectives, 2)
    pareto_checks.check_objectives(objectives)
    reference = pareto_checks.reference_point(reference, objectives)
    cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>objectives, 0)
    cdef Py_ssize_t m = cnp.PyArray_DIM(<cnp.ndarray>objectives, 1)
    cdef const double* rows = <const double*>cnp.PyArray_DATA(<cnp.ndarray>objectives)
    cdef const double* corner = <const double*>cnp.PyArray_DATA(<cnp.ndarray>reference)
    cdef double volume
    with nogil:
        volume = measured(rows, n, m, corner)
    if volume < 0.0:
        raise MemoryError(f"no memory for the hypervolume of {n} rows of {m} objectives")
    return volume


cdef double measured(const double* rows, Py_ssize_t n, Py_ssize_t m, const double* corner) noexcept nogil:
    """The hypervolume; -1 if there is no memory."""
    cdef Py_ssize_t row, axis, count = 0
    cdef bint beyond, endless = False
    cdef double volume
    cdef Room room
    # The rows that count; and, for each number of objectives above three, sorted rows and a slice of them.
    cdef double* counted = <double*>malloc(
        n * (2 * sizeof(Item) + sizeof(double) * m * (1 + 2 * m)) + (n + 1) * sizeof(Step) + (2 * n + 1) * sizeof(int32_t)
    )
    if counted == NULL:
        return -1.0
    room.items = <Item*>(counted + n * m * (1 + 2 * m))
    room.spare = room.items + n
    room.steps = <Step*>(room.spare + n)
    room.buckets = <int32_t*>(room.steps + n + 1)
    for row in range(n):
        beyond = True
        for axis in range(m):
            beyond &= rows[row * m + axis] > corner[axis]
        if beyond:
            memcpy(counted + count * m, rows + row * m, m * sizeof(double))
            count += 1
            for axis in range(m):
                endless |= rows[row * m + axis] == INFINITY
    volume = INFINITY if endless else volume_of(counted, count, m, corner, &room, counted + n * m)
    free(counted)
    return volume


cdef double volume_of(
    double* rows, Py_ssize_t n, Py_ssize_t m, const double* corner, Room* room, double* spare
) noexcept nogil:
    """The volume between ``corner`` and rows that are beyond it; ``spare`` has room for slices."""
    if n == 0:
        return 0.0
    if m == 1:
        return length_of(rows, n, corner)
    if m == 2:
        return area_of(rows, n, corner, room)
    if m == 3:
        return volume_of_three(rows, n, corner, room)
    if m == 4:
        return volume_of_four(rows, n, corner, room, spare)
    return volume_of_many(rows, n, m, corner, room, spare)


cdef double length_of(const double* rows, Py_ssize_t n, const double* corner) noexcept nogil:
    cdef double greatest = rows[0]
    cdef Py_ssize_t row
    for row in range(1, n):
        greatest = max(greatest, rows[row])
    return greatest - corner[0]


cdef void sort_by(const double* rows, Py_ssize_t n, Py_ssize_t m, Py_ssize_t axis, Room* room) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(n):
        room.items[row].value = rows[row * m + axis]
        room.items[row].row = row
    sort_best_first(room.items, room.spare, room.buckets, n)


cdef double area_of(const double* rows, Py_ssize_t n, const double* corner, Room* room) noexcept nogil:
    """A strip for each row that reaches higher than those of a better first objective."""
    cdef double area = 0.0, top = corner[1]
    cdef const double* row
    cdef Py_ssize_t place
    sort_by(rows, n, 2, 0, room)
    for place in range(n):
        row = rows + 2 * room.items[place].row
        if row[1] > top:
            area += (row[0] - corner[0]) * (row[1] - top)
            top = row[1]
    return area


cdef double volume_of_three(const double* rows, Py_ssize_t n, const double* corner, Room* room) noexcept nogil:
    """Slices along the third objective, best first; the area of a slice grows with each row (Fonseca, Paquete and
    López-Ibáñez, 2006)."""
    cdef double volume = 0.0, area = 0.0
    cdef Py_ssize_t place
    cdef const double* row
    cdef Staircase stairs
    stairs.steps, stairs.size, stairs.room = room.steps, 0, <int32_t>(n + 1)
    sort_by(rows, n, 3, 2, room)
    for place in range(n):
        row = rows + 3 * room.items[place].row
        area += gained_area(&stairs, row[0], row[1], corner)
        volume += area * (row[2] - (rows[3 * room.items[place + 1].row + 2] if place + 1 < n else corner[2]))
    return volume


cdef double gained_area(Staircase* stairs, double first, double second, const double* corner) noexcept nogil:
    """Add a step to a staircase that has room, remove those it covers; the area that is new, 0 if it is covered."""
    cdef double area = 0.0, right = first, top = corner[1]
    cdef Py_ssize_t above = steps_above(stairs, first) if stairs.size else 0
    cdef Py_ssize_t step = above
    if above > 0:
        top = stairs.steps[above - 1].second
        if top >= second:
            return 0.0
    while step < stairs.size and stairs.steps[step].second <= second:
        area += (right - stairs.steps[step].first) * (second - top)
        right, top = stairs.steps[step].first, stairs.steps[step].second
        step += 1
    area += (right - (stairs.steps[step].first if step < stairs.size else corner[0])) * (second - top)
    add_step(stairs, above, first, second)
    return area


cdef double volume_of_four(
    double* rows, Py_ssize_t n, const double* corner, Room* room, double* spare
) noexcept nogil:
    """What each row adds in the first three objectives to those that are at least as good in the fourth, which are kept
    in order of the third (after Guerreiro and Fonseca, "Computing and updating hypervolume contributions in up to four
    dimensions", 2018)."""
    cdef double volume = 0.0
    cdef double* kept = spare
    cdef Py_ssize_t place, count = 0
    cdef const double* row
    sort_by(rows, n, 4, 3, room)
    for place in range(n):
        row = rows + 4 * room.items[place].row
        volume += gained_volume(kept, &count, row, corner, room) * (row[3] - corner[3])
    return volume


cdef double gained_volume(
    double* kept, Py_ssize_t* count, const double* row, const double* corner, Room* room
) noexcept nogil:
    """Take ``row`` into the rows of three objectives that no other covers, best in the third first; the volume that is
    new: slices of its box without what the others, cut to it, cover."""
    cdef double box = (row[0] - corner[0]) * (row[1] - corner[1])
    cdef double volume = 0.0, area = 0.0, level = row[2], right = corner[0], top = corner[1], first, second
    cdef Py_ssize_t place, begin = count[0]
    cdef const double* other
    cdef Staircase stairs
    stairs.steps, stairs.size, stairs.room = room.steps, 0, <int32_t>(count[0] + 1)
    for place in range(count[0]):
        other = kept + 3 * place
        first, second = min(row[0], other[0]), min(row[1], other[1])
        if other[2] < row[2] and begin == count[0]:
            begin = place
        if first <= right or second <= top:  # the strips that others cover along the sides of the box
            continue
        if other[2] < level:
            volume += (box - area) * (level - other[2])
            level = other[2]
        if first == row[0]:
            if second == row[1]:
                if begin == count[0]:
                    return 0.0
                area = box
                break
            top = second
        elif second == row[1]:
            right = first
        area += gained_area(&stairs, first, second, corner)
    volume += (box - area) * (level - corner[2])
    insert(kept, count, begin, row)
    return volume


cdef void insert(double* kept, Py_ssize_t* count, Py_ssize_t begin, const double* row) noexcept nogil:
    """Put ``row`` at ``begin``, and remove those behind that it covers."""
    cdef Py_ssize_t place, end = begin
    for place in range(begin, count[0]):
        if kept[3 * place] > row[0] or kept[3 * place + 1] > row[1]:
            memmove(kept + 3 * end, kept + 3 * place, 3 * sizeof(double))
            end += 1
    memmove(kept + 3 * (begin + 1), kept + 3 * begin, 3 * (end - begin) * sizeof(double))
    memcpy(kept + 3 * begin, row, 3 * sizeof(double))
    count[0] = end + 1


cdef double volume_of_many(
    double* rows, Py_ssize_t n, Py_ssize_t m, const double* corner, Room* room, double* spare
) noexcept nogil:
    """What each row adds to those that are at least as good in the last objective (While, Bradstreet and Barone, "A fast
    way of calculating exact hypervolumes", 2012): its box without what their boxes, cut to it, cover."""
    cdef double volume = 0.0, base
    cdef Py_ssize_t place, other, axis, count
    cdef double* ordered = spare
    cdef double* cut = spare + n * m
    cdef const double* row
    sort_by(rows, n, m, m - 1, room)
    for place in range(n):
        memcpy(ordered + place * m, rows + room.items[place].row * m, m * sizeof(double))
    for place in range(n):
        row = ordered + place * m
        count = 0
        for other in range(place):
            for axis in range(m - 1):
                cut[count * (m - 1) + axis] = min(row[axis], ordered[other * m + axis])
            count = with_last(cut, count, m - 1)
        base = 1.0
        for axis in range(m - 1):
            base *= row[axis] - corner[axis]
        base -= volume_of(cut, count, m - 1, corner, room, cut + n * (m - 1))
        volume += base * (row[m - 1] - corner[m - 1])
    return volume


cdef Py_ssize_t with_last(double* rows, Py_ssize_t count, Py_ssize_t m) noexcept nogil:
    """Take row ``count`` into the ``count`` rows that no other covers, remove those it covers; their new number."""
    cdef double* last = rows + count * m
    cdef Py_ssize_t row, axis, kept = 0
    cdef bint covered, covering
    for row in range(count):
        covered = covering = True
        for axis in range(m):
            covered &= rows[row * m + axis] >= last[axis]
            covering &= rows[row * m + axis] <= last[axis]
        if covered:  # then none before it was removed: the last row would cover one that this row covers
            return count
        if not covering:
            if kept != row:
                memcpy(rows + kept * m, rows + row * m, m * sizeof(double))
            kept += 1
    if kept != count:
        memcpy(rows + kept * m, last, m * sizeof(double))
    return kept + 1
