# cython: boundscheck=False, wraparound=False, cdivision=True
"""The nearest centroid, compiled. ``cvt_numpy`` documents the class and is its twin.

Beyond four axes the point is compared with all centroids, or the twin's k-d tree asked where there are very many.

The table: the box is halved along its longest side until there are some buckets for each centroid. Each half inherits
the centroids that may be nearest somewhere within it, which are those nearer to it than the whole of it is to some
other one; in the end the few that are left are compared in pairs, and those go whose side of the bisector the bucket
does not touch. All this is in coordinates from the corner of the box, in which halves are exact, and with some slack,
so that rounding loses nobody.
"""

cimport cython
from libc.math cimport INFINITY, fabs, isfinite
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, malloc, realloc

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport fits, new_array

import numpy as np

from gigaevo.kernels.checks import array_checks, cvt_checks
from gigaevo.kernels.twins import cvt_numpy

cnp.import_array()

cdef extern from "_cvt_loops.h" nogil:
    int64_t nearest_of_all(const double* point, const double* columns, int64_t count, int64_t dims)

cdef enum:
    TABLE_AXES = 4  # beyond it a bucket has too many centroids
    MAX_HALVINGS = 32

cdef int64_t[5] BUCKETS = [0, 32, 32, 16, 8]  # for each centroid, at least, by the number of axes

cdef double SLACK = 1e-9  # in units of the box
cdef int64_t MAX_ENTRIES = 2**31 - 1


cdef struct Region:
    # A box of buckets: bounds of shape (axes,), and the first bucket and the number of buckets along each axis.
    double[TABLE_AXES] lower
    double[TABLE_AXES] upper
    int64_t[TABLE_AXES] corner
    int64_t[TABLE_AXES] sides


@cython.final
cdef class CentroidIndex:
    """See ``cvt_numpy.CentroidIndex``."""

    cdef readonly object centroids
    cdef object tree  # the twin, where its k-d tree is the fastest; else None
    cdef cnp.ndarray lower, upper
    cdef cnp.ndarray columns, inner  # coordinates axis by axis, (dims, count): as given, and from the box's corner
    cdef int64_t count, dims
    # The table; buckets is NULL where there is none. A bucket that belongs to one centroid holds its number, another
    # one -1 - the place in lists where the number of its centroids is, and then they.
    cdef int32_t* buckets
    cdef int32_t* lists
    cdef int64_t used, room
    cdef double[TABLE_AXES] low, high, scale, last
    cdef int64_t[TABLE_AXES] sides, strides

    def __cinit__(self, centroids, lower=None, upper=None):
        self.centroids = cvt_checks.checked_centroids(centroids)
        self.centroids.flags.writeable = False
        self.lower, self.upper = cvt_checks.expected_box(self.centroids, lower, upper)
        self.columns = np.ascontiguousarray(self.centroids.T)
        self.inner = np.ascontiguousarray((self.centroids - self.lower).T)
        self.count, self.dims = self.centroids.shape
        if self.dims <= TABLE_AXES:
            self.build()
        elif cvt_checks.tree_pays(self.count, self.dims):
            self.tree = cvt_numpy.CentroidIndex(self.centroids)

    def __dealloc__(self):
        free(self.buckets)
        free(self.lists)

    def __reduce__(self):
        return CentroidIndex, (self.centroids, self.lower, self.upper)

    def cells(self, values):
        """See ``cvt_numpy.CentroidIndex.cells``."""
        cdef Py_ssize_t n
        if self.tree is not None:
            return self.tree.cells(values)
        if not (fits(values, cnp.NPY_FLOAT64, 2) and cnp.PyArray_DIM(<cnp.ndarray>values, 1) == self.dims):
            values = array_checks.float_array("values", values, 2)
            cvt_checks.check_point_shape(values, self.dims)
        n = cnp.PyArray_DIM(<cnp.ndarray>values, 0)
        cells = new_array(n, cnp.NPY_INT64)
        cdef const double* points = <const double*>cnp.PyArray_DATA(<cnp.ndarray>values)
        cdef int64_t* cell_data = <int64_t*>cnp.PyArray_DATA(cells)
        cdef bint sound
        with nogil:
            sound = self.find(points, n, cell_data)
        if not sound:
            array_checks.check_finite("values", values)
        return cells

    def cell(self, values):
        """See ``cvt_numpy.CentroidIndex.cell``."""
        cdef int64_t cell
        if not (fits(values, cnp.NPY_FLOAT64, 1) and cnp.PyArray_DIM(<cnp.ndarray>values, 0) == self.dims):
            values = array_checks.float_array("values", values, 1)
            cvt_checks.check_point_shape(values, self.dims)
        if not self.find(<const double*>cnp.PyArray_DATA(<cnp.ndarray>values), 1, &cell):
            array_checks.check_finite("values", values)
        return cell

    cdef bint find(self, const double* points, Py_ssize_t n, int64_t* cells) noexcept nogil:
        """The cells of points; False if one is not finite."""
        if self.buckets == NULL:
            return self.find_among_all(points, n, cells)
        if self.dims == 2:
            return self.find_in_table(points, n, 2, cells)
        return self.find_in_table(points, n, self.dims, cells)

    cdef inline bint find_in_table(
        self, const double* points, Py_ssize_t n, int64_t dims, int64_t* cells
    ) noexcept nogil:
        cdef const double* centroids = <const double*>cnp.PyArray_DATA(<cnp.ndarray>self.centroids)
        cdef const double* point
        cdef const int32_t* near
        cdef int64_t axis, bucket
        cdef Py_ssize_t item
        cdef int32_t owner, place
        cdef double at, square, difference, least
        cdef bint inside, nearer
        for item in range(n):
            point = points + item * dims
            bucket, inside = 0, True
            for axis in range(dims):
                inside &= (self.low[axis] <= point[axis]) & (point[axis] <= self.high[axis])
                at = (point[axis] - self.low[axis]) * self.scale[axis]
                bucket += <int64_t>(at if at < self.last[axis] else self.last[axis]) * self.strides[axis]
            if not inside:
                if not self.find_among_all(point, 1, &cells[item]):
                    return False
                continue
            owner = self.buckets[bucket]
            if owner < 0:
                near = self.lists + (-1 - owner)
                least = INFINITY
                for place in range(1, near[0] + 1):
                    square = 0.0
                    for axis in range(dims):
                        difference = point[axis] - centroids[near[place] * dims + axis]
                        square += difference * difference
                    nearer = square < least
                    least = square if nearer else least
                    owner = near[place] if nearer else owner
            cells[item] = owner
        return True

    cdef bint find_among_all(self, const double* points, Py_ssize_t n, int64_t* cells) noexcept nogil:
        cdef const double* columns = <const double*>cnp.PyArray_DATA(self.columns)
        cdef Py_ssize_t item
        cdef int64_t axis
        for item in range(n):
            for axis in range(self.dims):
                if not isfinite(points[item * self.dims + axis]):
                    return False
            cells[item] = nearest_of_all(points + item * self.dims, columns, self.count, self.dims)
        return True

    cdef int build(self) except -1:
        """Make the table."""
        cdef int[MAX_HALVINGS] order  # the axis of each halving
        cdef double[TABLE_AXES] width
        cdef Region region
        cdef int64_t axis, longest, total = 1
        cdef int halvings = 0
        for axis in range(self.dims):
            self.low[axis], self.high[axis] = self.lower[axis], self.upper[axis]
            width[axis] = self.high[axis] - self.low[axis]
            region.lower[axis], region.upper[axis] = 0.0, width[axis]
            region.corner[axis], region.sides[axis] = 0, 1
            if not isfinite(width[axis]):
                return 0
        while total < BUCKETS[self.dims] * self.count and halvings < MAX_HALVINGS:
            longest = 0
            for axis in range(1, self.dims):
                if width[axis] > width[longest]:
                    longest = axis
            order[halvings] = <int>longest
            halvings += 1
            width[longest] *= 0.5
            region.sides[longest] *= 2
            total *= 2
        for axis in range(self.dims - 1, -1, -1):
            self.sides[axis] = region.sides[axis]
            self.strides[axis] = 1 if axis == self.dims - 1 else self.strides[axis + 1] * self.sides[axis + 1]
            self.scale[axis] = self.sides[axis] / (self.high[axis] - self.low[axis])
            self.last[axis] = <double>(self.sides[axis] - 1)
            if not isfinite(self.scale[axis]):
                return 0
        self.buckets = <int32_t*>malloc(total * sizeof(int32_t))
        cdef int32_t* everybody = <int32_t*>malloc((halvings + 2) * self.count * sizeof(int32_t))
        if self.buckets == NULL or everybody == NULL:
            free(everybody)
            raise MemoryError(f"no memory for an index of {self.count} centroids")
        for axis in range(self.count):
            everybody[axis] = <int32_t>axis
        cdef int failed = self.divide(&region, order, halvings, everybody, self.count)
        free(everybody)
        if failed:
            raise MemoryError(f"no memory for an index of {self.count} centroids")
        return 0

    cdef int divide(
        self, const Region* region, const int* order, int halvings, int32_t* inherited, int64_t count
    ) noexcept nogil:
        """Fill the buckets of a region; behind ``inherited`` there is room for those of its parts. 1: no memory."""
        cdef Region half
        cdef int32_t* own = inherited + count
        cdef int64_t kept = self.within_reach(region, inherited, count, own)
        cdef int64_t axis, side
        if halvings == 0:
            return self.fill(region, own, kept)
        axis = order[0]
        for side in range(2):
            half = region[0]
            half.sides[axis] = region.sides[axis] // 2
            if side == 0:
                half.upper[axis] = 0.5 * (region.lower[axis] + region.upper[axis])
            else:
                half.lower[axis] = 0.5 * (region.lower[axis] + region.upper[axis])
                half.corner[axis] = region.corner[axis] + half.sides[axis]
            if self.divide(&half, order + 1, halvings - 1, own, kept):
                return 1
        return 0

    cdef int64_t within_reach(
        self, const Region* region, const int32_t* inherited, int64_t count, int32_t* kept
    ) noexcept nogil:
        """Those whose least distance to a region is not beyond the greatest distance to another; how many."""
        cdef const double* inner = <const double*>cnp.PyArray_DATA(self.inner)
        cdef int64_t item, axis, found = 0
        cdef double reach = INFINITY, far, below, above, slack
        for item in range(count):
            far = 0.0
            for axis in range(self.dims):
                slack = SLACK * (self.high[axis] - self.low[axis])
                below = fabs(inner[axis * self.count + inherited[item]] - region.lower[axis]) + slack
                above = fabs(inner[axis * self.count + inherited[item]] - region.upper[axis]) + slack
                far += max(below, above) * max(below, above)
            reach = min(reach, far)
        for item in range(count):
            far = 0.0
            for axis in range(self.dims):
                slack = SLACK * (self.high[axis] - self.low[axis])
                below = region.lower[axis] - inner[axis * self.count + inherited[item]] - slack
                above = inner[axis * self.count + inherited[item]] - region.upper[axis] - slack
                below = max(max(below, above), 0.0)
                far += below * below
            if far <= reach:
                kept[found] = inherited[item]
                found += 1
        return found

    cdef int fill(self, const Region* region, const int32_t* near, int64_t count) noexcept nogil:
        """Write down a bucket and those of ``near`` that are nearest somewhere within it. 1: no memory."""
        cdef int64_t bucket = 0, item, other, axis
        cdef int32_t kept = 0
        cdef bint needed
        for axis in range(self.dims):
            bucket += region.corner[axis] * self.strides[axis]
        if self.used + count + 1 > self.room and self.enlarge(self.used + count + 1):
            return 1
        for item in range(count):
            needed = True
            for other in range(count):
                if other != item and self.is_nearer(region, near[other], near[item]):
                    needed = False
                    break
            if needed:
                kept += 1
                self.lists[self.used + kept] = near[item]
        if kept == 1:
            self.buckets[bucket] = self.lists[self.used + 1]
            return 0
        self.buckets[bucket] = <int32_t>(-1 - self.used)
        self.lists[self.used] = kept
        self.used += kept + 1
        return 0

    cdef inline bint is_nearer(self, const Region* region, int32_t one, int32_t other) noexcept nogil:
        """Whether ``one`` is nearer than ``other`` everywhere in a region."""
        cdef const double* inner = <const double*>cnp.PyArray_DATA(self.inner)
        cdef double most = 0.0, c, o, slack, size
        cdef int64_t axis
        for axis in range(self.dims):
            o, c = inner[axis * self.count + one], inner[axis * self.count + other]
            size = self.high[axis] - self.low[axis]
            slack = SLACK * size * size
            most += slack + max(
                (c - o) * ((region.lower[axis] - c) + (region.lower[axis] - o)),
                (c - o) * ((region.upper[axis] - c) + (region.upper[axis] - o)),
            )
        return most < 0.0

    cdef int enlarge(self, int64_t least) noexcept nogil:
        """Make room in the lists. 1: no memory, or more than 32 bits count."""
        cdef int64_t room = max(2 * self.room, max(least, 1024))
        if room > MAX_ENTRIES:
            return 1
        cdef int32_t* lists = <int32_t*>realloc(self.lists, room * sizeof(int32_t))
        if lists == NULL:
            return 1
        self.lists, self.room = lists, room
        return 0
