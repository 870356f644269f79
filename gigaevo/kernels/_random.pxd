from gigaevo.kernels._rng cimport Rng


cdef class RandomStream:
    cdef Rng rng
