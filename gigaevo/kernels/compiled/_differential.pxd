# The parts of a generation, for loops that stay in compiled code.

from libc.stdint cimport int64_t, uint8_t, uint32_t

from gigaevo.kernels.compiled._rng cimport Rng

cdef struct Draw:
    uint32_t size
    uint32_t pool
    const int64_t* leaders
    uint32_t least
    uint32_t most
    int base
    bint pull
    int members  # drawn for each mutant


cdef void draw_rows(
    const Draw* how, const int64_t* targets, Py_ssize_t n, int64_t* parents, Rng* rng
) noexcept nogil

cdef void cross_rows(
    uint8_t* crossed, Py_ssize_t n, Py_ssize_t genes, const double* rates, bint exponential, Rng* rng
) noexcept nogil

cdef void recombine_rows(
    double* trials,
    const double* pool,
    Py_ssize_t genes,
    const int64_t* targets,
    Py_ssize_t n,
    const int64_t* parents,
    Py_ssize_t columns,
    const double* weights,
    const uint8_t* crossed,
    const double* lower,
    const double* upper,
    const uint8_t* integer,
) noexcept nogil

cdef int64_t replace_rows(
    double* pool,
    Py_ssize_t genes,
    double* merits,
    int64_t size,
    const int64_t* targets,
    Py_ssize_t n,
    const double* trials,
    const double* worth,
    int64_t archived,
    int64_t room,
    double* gains,
    Rng* rng,
) noexcept nogil

cdef void settle_rows(
    const double* memory_weights,
    const double* memory_rates,
    uint32_t entries,
    Py_ssize_t n,
    double* weights,
    double* rates,
    Rng* rng,
) noexcept nogil

cdef bint means_of(
    const double* gains, const double* weights, const double* rates, Py_ssize_t n, double* weight, double* rate
) noexcept nogil

cdef void lead_rows(const double* merits, Py_ssize_t size, int64_t* leaders, Py_ssize_t most) noexcept nogil
