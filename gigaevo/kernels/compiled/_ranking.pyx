# cython: boundscheck=False, wraparound=False, cdivision=True
"""Order statistics of changing values, compiled. ``ranking_python``, with ``treap``, is the twin and documents the class.

The loops are nogil functions (``_treap.pxd``), called with the lock held: they take microseconds, and another thread
can never see half a change. Sums are made in the order in which the twin makes them, so that they are equal to the last
bit.
"""

cimport cython
from libc.math cimport INFINITY, isfinite, isnan
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, realloc

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport are_below, are_uniforms, fits, new_array
from gigaevo.kernels.compiled._treap cimport (
    ABOVE,
    BELOW,
    NIL,
    VALUE,
    Law,
    Node,
    count_before,
    find_ranks,
    find_shares,
    insert,
    make_leaf,
    remove,
    tree_of,
    weight,
)

import numpy as np

from gigaevo.kernels.checks import array_checks
from gigaevo.kernels.twins.ranking_python import LEAST_SUM, rows_by_scan

cnp.import_array()

cdef double LEAST_WHOLE = LEAST_SUM


@cython.final
cdef class ValueRanking:
    """See ``ranking_python.ValueRanking``."""

    cdef Node* nodes  # of each row its node
    cdef int64_t count, capacity
    cdef int32_t root
    cdef cnp.ndarray value_rows  # the values once more, for views of them
    cdef double* row_values

    def __cinit__(self, values=()):
        array = array_checks.float_array("values", values, 1)
        array_checks.check_finite("values", array)
        array_checks.check_rows(len(array))
        self.root = NIL
        self.resize(len(array))
        self.build(array)

    def __dealloc__(self):
        free(self.nodes)

    def append(self, double value):
        """See ``ranking_python.ValueRanking.append``."""
        if not isfinite(value):
            array_checks.check_number("value", value)
        if self.count == self.capacity:
            array_checks.check_rows(self.count + 1)
            self.resize(max(self.count + 1, 2 * self.capacity))
        self.count += 1
        self.place(<int32_t>(self.count - 1), value)

    def replace(self, int64_t row, double value):
        """See ``ranking_python.ValueRanking.replace``."""
        self.check_row(row)
        if not isfinite(value):
            array_checks.check_number("value", value)
        self.take(<int32_t>row)
        self.place(<int32_t>row, value)

    def remove(self, int64_t row):
        """See ``ranking_python.ValueRanking.remove``."""
        cdef int64_t last = self.count - 1
        self.check_row(row)
        self.take(<int32_t>row)
        if row != last:
            self.take(<int32_t>last)
            self.place(<int32_t>row, self.row_values[last])
        self.count = last

    def clear(self):
        """See ``ranking_python.ValueRanking.clear``."""
        self.count = 0
        self.root = NIL

    def __len__(self):
        return self.count

    @property
    def values(self):
        """See ``ranking_python.ValueRanking.values``."""
        view = self.value_rows[: self.count]
        view.flags.writeable = False
        return view

    @property
    def minimum(self):
        """See ``ranking_python.ValueRanking.minimum``."""
        array_checks.check_has_rows(self.count)
        return self.nodes[self.root].low

    @property
    def maximum(self):
        """See ``ranking_python.ValueRanking.maximum``."""
        array_checks.check_has_rows(self.count)
        return self.nodes[self.root].high

    @property
    def total(self):
        """See ``ranking_python.ValueRanking.total``."""
        return self.nodes[self.root].sum if self.count else 0.0

    def rows_at(self, ranks):
        """See ``ranking_python.ValueRanking.rows_at``."""
        ranks = self.checked_indices("ranks", ranks)
        cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>ranks, 0)
        rows = new_array(n, cnp.NPY_INT64)
        cdef const int64_t* rank_data = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>ranks)
        cdef int64_t* row_data = <int64_t*>cnp.PyArray_DATA(rows)
        find_ranks(self.nodes, self.root, rank_data, n, row_data)
        return rows

    def ranks_of(self, rows):
        """See ``ranking_python.ValueRanking.ranks_of``."""
        rows = self.checked_indices("rows", rows)
        cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>rows, 0)
        ranks = new_array(n, cnp.NPY_INT64)
        cdef const int64_t* row_data = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>rows)
        cdef int64_t* rank_data = <int64_t*>cnp.PyArray_DATA(ranks)
        cdef Py_ssize_t item
        for item in range(n):
            rank_data[item] = count_before(self.nodes, self.root, self.row_values[row_data[item]], row_data[item])
        return ranks

    def count_below(self, double value):
        """See ``ranking_python.ValueRanking.count_below``."""
        if isnan(value):
            array_checks.check_not_nan("value", value)
        return count_before(self.nodes, self.root, value, 0)

    def count_at_most(self, double value):
        """See ``ranking_python.ValueRanking.count_at_most``."""
        if isnan(value):
            array_checks.check_not_nan("value", value)
        return count_before(self.nodes, self.root, value, self.count)

    def smallest(self, n):
        """See ``ranking_python.ValueRanking.smallest``."""
        array_checks.check_count(n)
        return self.rows_at(np.arange(min(n, self.count), dtype=np.int64))

    def largest(self, n):
        """See ``ranking_python.ValueRanking.largest``."""
        array_checks.check_count(n)
        return self.rows_at(np.arange(self.count - 1, self.count - 1 - min(n, self.count), -1, dtype=np.int64))

    def sample_proportional(self, uniforms, *, bint higher_is_better):
        """See ``ranking_python.ValueRanking.sample_proportional``."""
        if not fits(uniforms, cnp.NPY_FLOAT64, 1):
            uniforms = array_checks.float_array("uniforms", uniforms, 1)
        cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>uniforms, 0)
        cdef const double* drawn = <const double*>cnp.PyArray_DATA(<cnp.ndarray>uniforms)
        if not are_uniforms(drawn, n):
            array_checks.check_uniforms(uniforms)
        rows = new_array(n, cnp.NPY_INT64)
        if n == 0:
            return rows
        array_checks.check_has_rows(self.count)
        cdef int64_t* row_data = <int64_t*>cnp.PyArray_DATA(rows)
        cdef const Node* top = &self.nodes[self.root]
        cdef double worst = top.low if higher_is_better else top.high
        cdef Law law = ABOVE if higher_is_better else BELOW
        cdef double whole
        cdef Py_ssize_t item
        if top.low == top.high:
            for item in range(n):  # the product can round up to the number of rows
                row_data[item] = min(<int64_t>(drawn[item] * self.count), self.count - 1)
            return rows
        if higher_is_better and top.low > 0.0:
            law, worst = VALUE, 0.0
        whole = weight(top, law, worst)
        if not LEAST_WHOLE <= whole < INFINITY:
            return rows_by_scan(self.values, uniforms, higher_is_better=higher_is_better)
        find_shares(self.nodes, self.root, drawn, n, law, worst, row_data)
        return rows

    cdef int build(self, cnp.ndarray array) except -1:
        """Take the values of ``array``, for which there is room."""
        cdef cnp.ndarray order = array.argsort(kind="stable")
        cdef cnp.ndarray spine = new_array(len(array), cnp.NPY_INT32)
        cdef int64_t row
        self.count = len(array)
        self.value_rows[: self.count] = array
        for row in range(self.count):
            make_leaf(self.nodes, <int32_t>row, self.row_values[row])
        self.root = tree_of(
            self.nodes, <const int64_t*>cnp.PyArray_DATA(order), self.count, <int32_t*>cnp.PyArray_DATA(spine)
        )
        return 0

    cdef inline void place(self, int32_t row, double value) noexcept nogil:
        """Put a row that is not in the tree into it."""
        self.row_values[row] = value
        make_leaf(self.nodes, row, value)
        self.root = insert(self.nodes, self.root, row)

    cdef inline void take(self, int32_t row) noexcept nogil:
        """Take a row out of the tree."""
        self.root = remove(self.nodes, self.root, row)

    cdef inline int check_row(self, int64_t row) except -1:
        if not 0 <= row < self.count:
            array_checks.check_row(row, self.count)
        return 0

    cdef cnp.ndarray checked_indices(self, str name, given):
        """An array of integers from 0 to count - 1."""
        if not fits(given, cnp.NPY_INT64, 1):
            given = array_checks.int_array(name, given, 1)
        if not are_below(
            <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>given), cnp.PyArray_DIM(<cnp.ndarray>given, 0), self.count
        ):
            array_checks.check_below(name, given, self.count)
        return given

    cdef int resize(self, int64_t capacity) except -1:
        """Move everything to where there is room for ``capacity`` rows."""
        cdef Node* nodes = <Node*>realloc(self.nodes, max(capacity, 1) * sizeof(Node))
        if nodes == NULL:
            raise MemoryError(f"no room for {capacity} ranked rows")
        self.nodes = nodes
        grown = np.empty(capacity, np.float64)
        if self.count:
            grown[: self.count] = self.value_rows[: self.count]
        self.value_rows = grown
        self.row_values = <double*>cnp.PyArray_DATA(self.value_rows)
        self.capacity = capacity
        return 0
