# cython: boundscheck=False, wraparound=False, cdivision=True
"""Test functions of optimization, compiled. ``functions_numpy`` documents the functions and is their twin."""

from libc.stdint cimport int32_t, uint8_t

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport fits
from gigaevo.kernels.compiled._functions cimport bits_value_of, conflicts_of, objectives_of, tour_length_of, value_of

import numpy as np

from gigaevo.kernels.checks import functions_checks as checks
from gigaevo.kernels.checks.array_checks import output
from gigaevo.kernels.checks.functions_checks import BITS, REAL, SEVERAL

cnp.import_array()

cdef int REAL_FUNCTIONS = len(REAL)
cdef int BIT_FUNCTIONS = len(BITS)
cdef int SEVERAL_FUNCTIONS = len(SEVERAL)


def evaluate(int code, genomes, out=None):
    cdef Py_ssize_t row, n, d
    cdef const double* genes
    cdef double* values
    if not 0 <= code < REAL_FUNCTIONS:
        checks.check_code(code, REAL)
    if not fits(genomes, cnp.NPY_FLOAT64, 2) or not (<cnp.ndarray>genomes).shape[1]:
        genomes = checks.numbers(genomes, 1)
    n, d = (<cnp.ndarray>genomes).shape[0], (<cnp.ndarray>genomes).shape[1]
    out = one_value_each(out, n)
    genes, values = <const double*>cnp.PyArray_DATA(genomes), <double*>cnp.PyArray_DATA(out)
    with nogil:
        for row in range(n):
            values[row] = value_of(code, genes + row * d, d)
    return out


def evaluate_several(int code, genomes, Py_ssize_t objectives=2, out=None):
    cdef Py_ssize_t row, n, d
    cdef const double* genes
    cdef double* values
    if not 0 <= code < SEVERAL_FUNCTIONS:
        checks.check_code(code, SEVERAL)
    checks.check_objectives(SEVERAL[code], objectives)
    if not fits(genomes, cnp.NPY_FLOAT64, 2) or (<cnp.ndarray>genomes).shape[1] < max(2, objectives):
        genomes = checks.numbers(genomes, max(2, objectives))
    n, d = (<cnp.ndarray>genomes).shape[0], (<cnp.ndarray>genomes).shape[1]
    out = output(out, (n, objectives))
    genes, values = <const double*>cnp.PyArray_DATA(genomes), <double*>cnp.PyArray_DATA(out)
    with nogil:
        for row in range(n):
            objectives_of(code, genes + row * d, d, objectives, values + row * objectives)
    return out


def evaluate_bits(int code, genomes, Py_ssize_t order=1, out=None):
    cdef Py_ssize_t row, n, d
    cdef const uint8_t* bits
    cdef double* values
    if not 0 <= code < BIT_FUNCTIONS:
        checks.check_code(code, BITS)
    if order != 1 or not fits(genomes, cnp.NPY_BOOL, 2) or not (<cnp.ndarray>genomes).shape[1]:
        genomes = checks.bits(genomes, order)
    n, d = (<cnp.ndarray>genomes).shape[0], (<cnp.ndarray>genomes).shape[1]
    out = one_value_each(out, n)
    bits, values = <const uint8_t*>cnp.PyArray_DATA(genomes), <double*>cnp.PyArray_DATA(out)
    with nogil:
        for row in range(n):
            values[row] = bits_value_of(code, bits + row * d, d, order)
    return out


def conflicts(genomes, out=None):
    cdef Py_ssize_t row, n, d
    cdef const int32_t* columns
    cdef int32_t* counts
    cdef double* values
    genomes = checks.places(genomes)
    n, d = (<cnp.ndarray>genomes).shape[0], (<cnp.ndarray>genomes).shape[1]
    out = one_value_each(out, n)
    scratch = np.empty(4 * d, np.int32)
    columns, counts = <const int32_t*>cnp.PyArray_DATA(genomes), <int32_t*>cnp.PyArray_DATA(scratch)
    values = <double*>cnp.PyArray_DATA(out)
    with nogil:
        for row in range(n):
            values[row] = conflicts_of(columns + row * d, d, counts)
    return out


def tour_lengths(genomes, distances, out=None):
    cdef Py_ssize_t row, n, d
    cdef const int32_t* places
    cdef const double* table
    cdef double* values
    distances = checks.distances(distances)
    genomes = checks.places(genomes, len(distances))
    n, d = (<cnp.ndarray>genomes).shape[0], (<cnp.ndarray>genomes).shape[1]
    out = one_value_each(out, n)
    places, table = <const int32_t*>cnp.PyArray_DATA(genomes), <const double*>cnp.PyArray_DATA(distances)
    values = <double*>cnp.PyArray_DATA(out)
    with nogil:
        for row in range(n):
            values[row] = tour_length_of(places + row * d, d, table)
    return out


cdef cnp.ndarray one_value_each(object out, Py_ssize_t n):
    """``out`` if it has room for ``n`` values, or a new array."""
    cdef cnp.npy_intp size = n
    if out is None:
        return cnp.PyArray_EMPTY(1, &size, cnp.NPY_FLOAT64, 0)
    return output(out, (n,))
