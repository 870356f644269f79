# cython: boundscheck=False, wraparound=False, cdivision=True
"""Grid binning, compiled. ``grid_numpy`` documents the functions and is their twin."""

from libc.math cimport INFINITY, isfinite, log, sqrt
from libc.stdint cimport int64_t, uint8_t

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport Table, fits, load_table, new_array

from gigaevo.kernels.checks import array_checks, grid_checks

cnp.import_array()

cdef extern from "_grid_loops.h" nogil:
    int64_t GRID_LOOP_CELLS
    void grid_linear(
        const double* values, Py_ssize_t points, Py_ssize_t dims, Py_ssize_t row, Py_ssize_t column,
        const double* lower, const double* upper, const double* scale, const double* cells, int64_t* numbers,
        int64_t* outside
    )

cdef enum:
    MAX_AXES = 8

cdef enum:
    LINEAR = 0
    LOGARITHMIC = 1
    SQUARE_ROOT = 2

cdef int64_t MAX_CELLS = grid_checks.MAX_CELLS
cdef int64_t MAX_RESOLUTION = grid_checks.MAX_RESOLUTION
cdef double EDGE_SLACK = grid_checks.EDGE_SLACK

cdef struct Axis:
    double lower
    double upper
    double log_lower
    double scale
    double cells  # the resolution, to compare positions with
    int64_t resolution
    uint8_t binning


cdef inline double stretched(const Axis* axis, double inside) noexcept nogil:
    """Distance from the lower bound in the measure in which the cells are of equal width."""
    if axis.binning == LOGARITHMIC:
        return log(inside) - axis.log_lower
    if axis.binning == SQUARE_ROOT:
        return sqrt(inside - axis.lower)
    return inside - axis.lower


cdef bint load_axis(Axis* axis, double lower, double upper, int64_t resolution, uint8_t binning) noexcept nogil:
    """Fill ``axis``; False when it is not sound."""
    cdef double span
    if not (isfinite(lower) and isfinite(upper) and lower < upper):
        return False
    if resolution < 1 or resolution > MAX_RESOLUTION or binning > SQUARE_ROOT:
        return False
    if binning == LOGARITHMIC and lower <= 0.0:
        return False
    axis.lower, axis.upper, axis.resolution, axis.binning = lower, upper, resolution, binning
    axis.log_lower = log(lower) if binning == LOGARITHMIC else 0.0
    axis.cells = <double>resolution
    span = stretched(axis, upper)
    axis.scale = resolution / span * EDGE_SLACK if span > 0.0 else INFINITY
    return isfinite(span) and isfinite(axis.scale)


cdef inline Py_ssize_t length(object array) noexcept:
    return cnp.PyArray_DIM(<cnp.ndarray>array, 0)


cdef int load_axes(
    Axis* axes, Py_ssize_t dims, object lower, object upper, object resolution, object binning
) except -1:
    """Fill ``axes`` from the arguments of a call, or raise."""
    cdef Py_ssize_t axis
    cdef int64_t cells = 1
    cdef bint sound = 1 <= dims <= MAX_AXES
    cdef const double* lowers
    cdef const double* uppers
    cdef const int64_t* resolutions
    cdef const uint8_t* kinds
    if not fits(lower, cnp.NPY_FLOAT64, 1):
        lower = array_checks.float_array("lower", lower, 1)
    if not fits(upper, cnp.NPY_FLOAT64, 1):
        upper = array_checks.float_array("upper", upper, 1)
    if not fits(resolution, cnp.NPY_INT64, 1):
        resolution = array_checks.int_array("resolution", resolution, 1)
    if not fits(binning, cnp.NPY_UINT8, 1):
        binning = grid_checks.binning_array(binning)
    sound = sound and length(lower) == length(upper) == length(resolution) == length(binning) == dims
    if sound:
        lowers = <const double*>cnp.PyArray_DATA(<cnp.ndarray>lower)
        uppers = <const double*>cnp.PyArray_DATA(<cnp.ndarray>upper)
        resolutions = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>resolution)
        kinds = <const uint8_t*>cnp.PyArray_DATA(<cnp.ndarray>binning)
        for axis in range(dims):
            if not load_axis(&axes[axis], lowers[axis], uppers[axis], resolutions[axis], kinds[axis]):
                sound = False
                break
            if cells > MAX_CELLS // resolutions[axis]:
                sound = False
                break
            cells *= resolutions[axis]
    if not sound:
        grid_checks.checked_axes(lower, upper, resolution, binning, dims)
        raise AssertionError("the twin accepts axes that the compiled kernel refuses")
    return 0


cdef inline int64_t linear_index(const Axis* axis, double value, int64_t* clamped) noexcept nogil:
    """The index of ``value`` on a linear axis; what is rare (outside, on the upper bound, NaN) is out of the way."""
    cdef double at = (value - axis.lower) * axis.scale
    if value >= axis.lower and at < axis.cells:
        return <int64_t>at
    clamped[0] += not axis.lower <= value <= axis.upper
    return 0 if value < axis.lower else axis.resolution - 1


cdef inline int64_t index_of(const Axis* axis, double value, int64_t* clamped) noexcept nogil:
    """The index of ``value`` on an axis; ``clamped`` is incremented if it is outside or NaN."""
    cdef double at
    if axis.binning == LINEAR:
        return linear_index(axis, value, clamped)
    if not axis.lower <= value <= axis.upper:
        clamped[0] += 1
        return 0 if value < axis.lower else axis.resolution - 1
    at = stretched(axis, value) * axis.scale
    return <int64_t>at if at < axis.cells else axis.resolution - 1


cdef void bin_points(const Table* values, const Axis* axes, int64_t* cells, int64_t* clamped) noexcept nogil:
    """Number the cells of points, and count the values that were clamped, or NaN."""
    cdef int64_t cell, point, axis
    cdef const double* row
    for point in range(values.rows):
        row = values.data + point * values.row_step
        cell = 0
        for axis in range(values.columns):
            cell = cell * axes[axis].resolution + index_of(&axes[axis], row[axis * values.column_step], clamped)
        cells[point] = cell


cdef bint bin_linear(const Table* values, const Axis* axes, int64_t* cells, int64_t* clamped) noexcept nogil:
    """``bin_points`` several points at a time; False if an axis is not linear or the cells are too many."""
    cdef double[MAX_AXES] lower, upper, scale, sides
    cdef int64_t total = 1, axis
    for axis in range(values.columns):
        if axes[axis].binning != LINEAR:
            return False
        lower[axis], upper[axis] = axes[axis].lower, axes[axis].upper
        scale[axis], sides[axis] = axes[axis].scale, axes[axis].cells
        total *= axes[axis].resolution
    if total > GRID_LOOP_CELLS:
        return False
    grid_linear(
        values.data, values.rows, values.columns, values.row_step, values.column_step, lower, upper, scale, sides,
        cells, clamped,
    )
    return True


def bin_grid(values, lower, upper, resolution, binning):
    """See ``grid_numpy.bin_grid``."""
    cdef Axis axes[MAX_AXES]
    cdef Table table
    cdef int64_t clamped = 0
    if not load_table(&table, values):
        values = array_checks.float_array("values", values, 2)
        load_table(&table, values)
    load_axes(axes, table.columns, lower, upper, resolution, binning)
    cells = new_array(table.rows, cnp.NPY_INT64)
    cdef int64_t* numbers = <int64_t*>cnp.PyArray_DATA(cells)
    with nogil:
        if not bin_linear(&table, axes, numbers, &clamped):
            bin_points(&table, axes, numbers, &clamped)
    if clamped:  # only then can there be a NaN or an infinity
        array_checks.check_finite("values", values)
    return cells


def bin_cell(values, lower, upper, resolution, binning):
    """See ``grid_numpy.bin_cell``."""
    cdef Axis axes[MAX_AXES]
    cdef Py_ssize_t dims, axis
    cdef int64_t clamped = 0, cell = 0
    if not fits(values, cnp.NPY_FLOAT64, 1):
        values = array_checks.float_array("values", values, 1)
    dims = cnp.PyArray_DIM(<cnp.ndarray>values, 0)
    load_axes(axes, dims, lower, upper, resolution, binning)
    cdef const double* data = <const double*>cnp.PyArray_DATA(<cnp.ndarray>values)
    for axis in range(dims):
        cell = cell * axes[axis].resolution + index_of(&axes[axis], data[axis], &clamped)
    if clamped:  # only then can there be a NaN or an infinity
        array_checks.check_finite("values", values)
    return cell


def bin_point(values, lower, upper, resolution, binning):
    """See ``grid_numpy.bin_point``."""
    cdef Axis axes[MAX_AXES]
    cdef Py_ssize_t dims, axis
    cdef int64_t clamped = 0
    if not fits(values, cnp.NPY_FLOAT64, 1):
        values = array_checks.float_array("values", values, 1)
    dims = cnp.PyArray_DIM(<cnp.ndarray>values, 0)
    load_axes(axes, dims, lower, upper, resolution, binning)
    cdef const double* data = <const double*>cnp.PyArray_DATA(<cnp.ndarray>values)
    indices = []
    for axis in range(dims):
        indices.append(index_of(&axes[axis], data[axis], &clamped))
    if clamped:  # only then can there be a NaN or an infinity
        array_checks.check_finite("values", values)
    return tuple(indices)
