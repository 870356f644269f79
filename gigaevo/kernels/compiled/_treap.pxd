# The tree of a ``ValueRanking``, and descents in it, many side by side; ``treap`` documents the functions.

from libc.stdint cimport int32_t, int64_t, uint32_t

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


cdef inline void sum_up(Node* nodes, int32_t row) noexcept nogil:
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


cdef inline void split(Node* nodes, int32_t row, int32_t at, int32_t* before, int32_t* after) noexcept nogil:
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


cdef inline int32_t join(Node* nodes, int32_t first, int32_t second) noexcept nogil:
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


cdef inline int32_t insert(Node* nodes, int32_t root, int32_t new) noexcept nogil:
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


cdef inline int32_t remove(Node* nodes, int32_t root, int32_t old) noexcept nogil:
    """See ``treap.remove``."""
    if root == old:
        return join(nodes, nodes[old].left, nodes[old].right)
    if precedes(nodes[old].value, old, nodes[root].value, root):
        nodes[root].left = remove(nodes, nodes[root].left, old)
    else:
        nodes[root].right = remove(nodes, nodes[root].right, old)
    sum_up(nodes, root)
    return root


cdef inline int32_t tree_of(Node* nodes, const int64_t* order, int64_t n, int32_t* spine) noexcept nogil:
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


cdef inline void find_ranks(const Node* nodes, int32_t root, const int64_t* ranks, Py_ssize_t n, int64_t* rows) noexcept nogil:
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


cdef inline int64_t count_before(const Node* nodes, int32_t root, double value, int64_t row) noexcept nogil:
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


cdef inline void find_shares(
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
