# cython: boundscheck=False, wraparound=False, cdivision=True
"""Order statistics of changing values, compiled. ``ranking_python``, with ``treap``, is the twin and documents the class.

The loops are nogil functions, called with the lock held: they take microseconds, and another thread can never see
half a change. Sums are made in the order in which the twin makes them, so that they are equal to the last bit.
"""

cimport cython
from libc.math cimport INFINITY, isfinite, isnan
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.stdlib cimport free, realloc

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport are_below, are_uniforms, fits, new_array

import numpy as np

from gigaevo.kernels.checks import array_checks
from gigaevo.kernels.twins.ranking_python import LEAST_SUM, rows_by_scan

cnp.import_array()

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define gigaevo_prefetch(address) __builtin_prefetch(address)
    #else
    #define gigaevo_prefetch(address)
    #endif
    """
    void prefetch "gigaevo_prefetch"(const void* address) noexcept nogil

cdef enum:
    NIL = -1  # no row
    LANES = 16  # descents made side by side: each waits for memory at every step, and they can wait together

cdef enum Law:
    VALUE
    ABOVE
    BELOW

cdef double LEAST_WHOLE = LEAST_SUM


cdef struct Node:
    # See treap.Node. A node is found by its row; it fills one cache line.
    double value
    double sum
    double low
    double high
    double above
    double below
    int32_t size
    int32_t left
    int32_t right
    uint32_t priority


cdef inline uint32_t hashed(uint32_t row) noexcept nogil:
    """See ``treap.hashed``."""
    row ^= row >> 16
    row *= <uint32_t>0x85EBCA6B
    row ^= row >> 13
    row *= <uint32_t>0xC2B2AE35
    return row ^ (row >> 16)


cdef inline bint precedes(double value, int64_t row, double other_value, int64_t other) noexcept nogil:
    """Whether (value, row) comes before (other_value, other)."""
    return value < other_value or (value == other_value and row < other)


cdef inline int32_t size_of(const Node* nodes, int32_t row) noexcept nogil:
    return nodes[row].size if row != NIL else 0


cdef void sum_up(Node* nodes, int32_t row) noexcept nogil:
    """See ``treap.Node.sum_up``."""
    cdef Node* node = &nodes[row]
    cdef const Node* left = &nodes[node.left] if node.left != NIL else NULL
    cdef const Node* right = &nodes[node.right] if node.right != NIL else NULL
    node.low = node.value if left == NULL else left.low
    node.high = node.value if right == NULL else right.high
    node.size, node.sum = 1, node.value
    node.above, node.below = node.value - node.low, node.high - node.value
    if left != NULL:
        node.size += left.size
        node.sum = left.sum + node.sum
        node.above = left.above + node.above
        node.below += left.below + left.size * (node.high - left.high)
    if right != NULL:
        node.size += right.size
        node.sum += right.sum
        node.above += right.above + right.size * (right.low - node.low)
        node.below += right.below


cdef inline void make_leaf(Node* nodes, int32_t row, double value) noexcept nogil:
    cdef Node* node = &nodes[row]
    node.value = value
    node.left = node.right = NIL
    node.priority = hashed(<uint32_t>row)
    sum_up(nodes, row)


cdef void split(Node* nodes, int32_t row, int32_t at, int32_t* before, int32_t* after) noexcept nogil:
    """See ``treap.split``."""
    if row == NIL:
        before[0] = after[0] = NIL
        return
    if precedes(nodes[row].value, row, nodes[at].value, at):
        before[0] = row
        split(nodes, nodes[row].right, at, &nodes[row].right, after)
    else:
        after[0] = row
        split(nodes, nodes[row].left, at, before, &nodes[row].left)
    sum_up(nodes, row)


cdef int32_t join(Node* nodes, int32_t first, int32_t second) noexcept nogil:
    """See ``treap.join``."""
    if first == NIL:
        return second
    if second == NIL:
        return first
    if nodes[first].priority > nodes[second].priority:
        nodes[first].right = join(nodes, nodes[first].right, second)
        sum_up(nodes, first)
        return first
    nodes[second].left = join(nodes, first, nodes[second].left)
    sum_up(nodes, second)
    return second


cdef int32_t insert(Node* nodes, int32_t root, int32_t new) noexcept nogil:
    """See ``treap.insert``."""
    if root == NIL:
        return new
    if nodes[new].priority > nodes[root].priority:
        split(nodes, root, new, &nodes[new].left, &nodes[new].right)
        sum_up(nodes, new)
        return new
    if precedes(nodes[new].value, new, nodes[root].value, root):
        nodes[root].left = insert(nodes, nodes[root].left, new)
    else:
        nodes[root].right = insert(nodes, nodes[root].right, new)
    sum_up(nodes, root)
    return root


cdef int32_t remove(Node* nodes, int32_t root, int32_t old) noexcept nogil:
    """See ``treap.remove``."""
    if root == old:
        return join(nodes, nodes[old].left, nodes[old].right)
    if precedes(nodes[old].value, old, nodes[root].value, root):
        nodes[root].left = remove(nodes, nodes[root].left, old)
    else:
        nodes[root].right = remove(nodes, nodes[root].right, old)
    sum_up(nodes, root)
    return root


cdef int32_t tree_of(Node* nodes, const int64_t* order, int64_t n, int32_t* spine) noexcept nogil:
    """See ``treap.tree_of``; ``order`` has the rows by rank, ``spine`` room for n rows."""
    cdef int64_t depth = 0
    cdef int64_t rank
    cdef int32_t row
    for rank in range(n):
        row = <int32_t>order[rank]
        while depth and nodes[spine[depth - 1]].priority < nodes[row].priority:
            depth -= 1
            nodes[row].left = spine[depth]
            sum_up(nodes, spine[depth])
        if depth:
            nodes[spine[depth - 1]].right = row
        spine[depth] = row
        depth += 1
    for rank in range(depth - 1, -1, -1):
        sum_up(nodes, spine[rank])
    return spine[0] if n else NIL


cdef inline void prefetch_children(const Node* nodes, int32_t row) noexcept nogil:
    # A hint that may name any address, also that of NIL.
    prefetch(&nodes[nodes[row].left])
    prefetch(&nodes[nodes[row].right])


cdef inline bint step_to_rank(const Node* nodes, int32_t* row, int64_t* rank) noexcept nogil:
    """A step from ``row`` to where the ``rank`` below it is; False once it is at ``row``."""
    cdef int64_t before = size_of(nodes, nodes[row[0]].left)
    if rank[0] == before:
        return False
    if rank[0] < before:
        row[0] = nodes[row[0]].left
    else:
        rank[0] -= before + 1
        row[0] = nodes[row[0]].right
    return True


cdef void find_ranks(const Node* nodes, int32_t root, const int64_t* ranks, Py_ssize_t n, int64_t* rows) noexcept nogil:
    """See ``treap.row_at``."""
    cdef int32_t at[LANES]
    cdef int64_t left[LANES]
    cdef Py_ssize_t first = 0
    cdef Py_ssize_t lane, lanes
    cdef bint moving
    while first < n:
        lanes = min(<Py_ssize_t>LANES, n - first)
        for lane in range(lanes):
            at[lane], left[lane] = root, ranks[first + lane]
        moving = True
        while moving:
            moving = False
            for lane in range(lanes):
                prefetch_children(nodes, at[lane])
            for lane in range(lanes):
                moving |= step_to_rank(nodes, &at[lane], &left[lane])
        for lane in range(lanes):
            rows[first + lane] = at[lane]
        first += lanes


cdef int64_t count_before(const Node* nodes, int32_t root, double value, int64_t row) noexcept nogil:
    """See ``treap.count_before``."""
    cdef int64_t count = 0
    while root != NIL:
        if precedes(nodes[root].value, root, value, row):
            count += 1 + size_of(nodes, nodes[root].left)
            root = nodes[root].right
        else:
            root = nodes[root].left
    return count


cdef inline double weight(const Node* node, Law law, double worst) noexcept nogil:
    """See ``treap.Node.weight``."""
    if law == VALUE:
        return node.sum
    if law == ABOVE:
        return node.above + node.size * (node.low - worst)
    return node.below + node.size * (worst - node.high)


cdef inline bint step_to_share(
    const Node* nodes, int32_t* row, double* target, Law law, double worst
) noexcept nogil:
    """A step from ``row`` to where the share is in which ``target`` lies; False once it is that of ``row``."""
    cdef const Node* node = &nodes[row[0]]
    cdef int32_t worse = node.right if law == BELOW else node.left
    cdef int32_t better = node.left if law == BELOW else node.right
    cdef double share = weight(&nodes[worse], law, worst) if worse != NIL else 0.0
    cdef double rest = target[0] - share
    if target[0] < share:
        row[0] = worse
        return True
    share = node.value if law == VALUE else abs(node.value - worst)
    if better == NIL or rest < share:
        return False
    target[0] = rest - share
    row[0] = better
    return True


cdef void find_shares(
    const Node* nodes, int32_t root, const double* uniforms, Py_ssize_t n, Law law, double worst, int64_t* rows
) noexcept nogil:
    """See ``treap.row_of_share``."""
    cdef double whole = weight(&nodes[root], law, worst)
    cdef int32_t at[LANES]
    cdef double target[LANES]
    cdef Py_ssize_t first = 0
    cdef Py_ssize_t lane, lanes
    cdef bint moving
    while first < n:
        lanes = min(<Py_ssize_t>LANES, n - first)
        for lane in range(lanes):
            at[lane], target[lane] = root, uniforms[first + lane] * whole
        moving = True
        while moving:
            moving = False
            for lane in range(lanes):
                prefetch_children(nodes, at[lane])
            for lane in range(lanes):
                moving |= step_to_share(nodes, &at[lane], &target[lane], law, worst)
        for lane in range(lanes):
            rows[first + lane] = at[lane]
        first += lanes


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
