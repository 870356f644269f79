from gigaevo.kernels.compiled._rng cimport Rng


cdef class RandomStream:
    cdef Rng rng
