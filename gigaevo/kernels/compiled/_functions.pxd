# Test functions of one genome each, for the loops of other kernels; the codes are those of functions_numpy.

from libc.stdint cimport int32_t, uint8_t, uint64_t


cdef extern from "_functions.h" nogil:
    double value_of(int code, const double* row, Py_ssize_t d) noexcept
    void objectives_of(int code, const double* row, Py_ssize_t d, Py_ssize_t m, double* out) noexcept
    double bits_value_of(int code, const uint8_t* bits, Py_ssize_t d, Py_ssize_t order) noexcept
    double packed_value_of(int code, const uint64_t* words, Py_ssize_t d, Py_ssize_t order) noexcept
    double conflicts_of(const int32_t* columns, Py_ssize_t d, int32_t* counts) noexcept
    double tour_length_of(const int32_t* places, Py_ssize_t d, const double* distances) noexcept
