# cython: boundscheck=False, wraparound=False, cdivision=True
"""Random streams, compiled. ``random_numpy`` documents the class and is its twin; numbers differ between the two."""

from libc.stdint cimport int64_t

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport new_array
from gigaevo.kernels.compiled._rng cimport below, normal, uniform

import numpy as np

from gigaevo.kernels.checks import array_checks

cnp.import_array()


cdef class RandomStream:
    """See ``random_numpy.RandomStream``."""

    def __init__(self, seed):
        self.state = seed.generate_state(4, np.uint64)

    @property
    def state(self):
        """See ``random_numpy.RandomStream.state``."""
        return np.array([self.rng.a, self.rng.b, self.rng.c, self.rng.d], np.uint64)

    @state.setter
    def state(self, words):
        words = array_checks.random_state(words)
        self.rng.a, self.rng.b, self.rng.c, self.rng.d = (int(word) for word in words)

    def __reduce__(self):
        return restored_stream, (self.state,)

    def uniforms(self, n):
        """See ``random_numpy.RandomStream.uniforms``."""
        array_checks.check_count(n)
        drawn = new_array(n, cnp.NPY_FLOAT64)
        cdef double* data = <double*>cnp.PyArray_DATA(drawn)
        cdef Py_ssize_t item, count = n
        with nogil:
            for item in range(count):
                data[item] = uniform(&self.rng)
        return drawn

    def normals(self, n):
        """See ``random_numpy.RandomStream.normals``."""
        array_checks.check_count(n)
        drawn = new_array(n, cnp.NPY_FLOAT64)
        cdef double* data = <double*>cnp.PyArray_DATA(drawn)
        cdef Py_ssize_t item, count = n
        with nogil:
            for item in range(count):
                data[item] = normal(&self.rng)
        return drawn

    def integers(self, n, limit):
        """See ``random_numpy.RandomStream.integers``."""
        array_checks.check_count(n)
        array_checks.check_limit(limit)
        drawn = new_array(n, cnp.NPY_INT64)
        cdef int64_t* data = <int64_t*>cnp.PyArray_DATA(drawn)
        cdef Py_ssize_t item, count = n
        cdef unsigned int top = limit
        with nogil:
            for item in range(count):
                data[item] = below(&self.rng, top)
        return drawn

    def permutation(self, n):
        """See ``random_numpy.RandomStream.permutation``."""
        array_checks.check_count(n)
        order = new_array(n, cnp.NPY_INT64)
        cdef int64_t* data = <int64_t*>cnp.PyArray_DATA(order)
        cdef Py_ssize_t item, other, count = n
        with nogil:
            for item in range(count):
                data[item] = item
            for item in range(count - 1, 0, -1):
                other = below(&self.rng, <unsigned int>(item + 1))
                data[item], data[other] = data[other], data[item]
        return order


def restored_stream(words):
    """The stream whose ``state`` was ``words``."""
    cdef RandomStream stream = RandomStream.__new__(RandomStream)
    stream.state = words
    return stream
