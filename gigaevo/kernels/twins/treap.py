"""The tree of a ``ValueRanking`` in plain Python; ``_ranking.pyx`` has it compiled.

A treap: by (value, row) a search tree, by priority a heap (Seidel and Aragon, Randomized Search Trees, Algorithmica 16,
1996). The priority is a hash of the row, so one set of rows and values has one tree, however it came about.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Law(Enum):
    """What the weight of a row is.

    Attributes:
        VALUE: The value.
        ABOVE: How far the value lies above the least one.
        BELOW: How far the value lies below the greatest one.
    """

    VALUE = auto()
    ABOVE = auto()
    BELOW = auto()


class Node:
    """A row with the rows below it in the tree, and what is summed up over all of these.

    Distances are summed up as such and not made from the sum of values, which would cancel where values are close
    together and far from zero: every term is positive, so each sum is right to a few units of its last digit.

    Attributes:
        size: Number of rows.
        sum: Of the values.
        low: The least value.
        high: The greatest value.
        above: Sum of the distances of values from ``low``.
        below: Sum of the distances of values from ``high``.
    """

    __slots__ = ("above", "below", "high", "left", "low", "priority", "right", "row", "size", "sum", "value")

    def __init__(self, row: int, value: float) -> None:
        self.row, self.value = row, value
        self.priority = hashed(row)
        self.left: Node | None = None
        self.right: Node | None = None
        self.low = self.high = value
        self.sum_up()

    def sum_up(self) -> None:
        """Make the sums anew from those of the two children."""
        value, left, right = self.value, self.left, self.right
        self.low = low = left.low if left else value
        self.high = high = right.high if right else value
        self.size, self.sum, self.above, self.below = 1, value, value - low, high - value
        if left:
            self.size += left.size
            self.sum = left.sum + self.sum
            self.above = left.above + self.above
            self.below += left.below + left.size * (high - left.high)
        if right:
            self.size += right.size
            self.sum += right.sum
            self.above += right.above + right.size * (right.low - low)
            self.below += right.below

    def before(self, other: Node) -> bool:
        """Whether the rank is lower than that of ``other``."""
        return (self.value, self.row) < (other.value, other.row)

    def weight(self, law: Law, worst: float) -> float:
        """Sum of the weights."""
        if law is Law.VALUE:
            return self.sum
        if law is Law.ABOVE:
            return self.above + self.size * (self.low - worst)
        return self.below + self.size * (worst - self.high)


def hashed(row: int) -> int:
    """A permutation of the 32-bit integers without any pattern (the finaliser of MurmurHash3): no two rows tie."""
    row ^= row >> 16
    row = row * 0x85EBCA6B & 0xFFFFFFFF
    row ^= row >> 13
    row = row * 0xC2B2AE35 & 0xFFFFFFFF
    return row ^ row >> 16


def size_of(node: Node | None) -> int:
    return node.size if node else 0


def tree_of(values: NDArray[np.float64]) -> Node | None:
    """The tree of rows 0 to n - 1, made from left to right in O(n log n)."""
    spine: list[Node] = []  # from the root to the node of the highest rank so far
    for row in values.argsort(kind="stable").tolist():
        node = Node(row, float(values[row]))
        while spine and spine[-1].priority < node.priority:
            node.left = spine.pop()
            node.left.sum_up()
        if spine:
            spine[-1].right = node
        spine.append(node)
    for node in reversed(spine):
        node.sum_up()
    return spine[0] if spine else None


def insert(node: Node | None, new: Node) -> Node:
    """The tree of ``node`` with ``new`` in it."""
    if node is None:
        return new
    if new.priority > node.priority:
        new.left, new.right = split(node, new)
        new.sum_up()
        return new
    if new.before(node):
        node.left = insert(node.left, new)
    else:
        node.right = insert(node.right, new)
    node.sum_up()
    return node


def remove(node: Node | None, old: Node) -> Node | None:
    """The tree of ``node`` without the row of ``old``, which it holds with the same value."""
    assert node is not None
    if node.row == old.row:
        return join(node.left, node.right)
    if old.before(node):
        node.left = remove(node.left, old)
    else:
        node.right = remove(node.right, old)
    node.sum_up()
    return node


def split(node: Node | None, at: Node) -> tuple[Node | None, Node | None]:
    """The trees of what comes before and after ``at``."""
    if node is None:
        return None, None
    if node.before(at):
        node.right, after = split(node.right, at)
        node.sum_up()
        return node, after
    before, node.left = split(node.left, at)
    node.sum_up()
    return before, node


def join(first: Node | None, second: Node | None) -> Node | None:
    """The tree of two of which every row of the first comes before every row of the second."""
    if first is None or second is None:
        return first or second
    if first.priority > second.priority:
        first.right = join(first.right, second)
        first.sum_up()
        return first
    second.left = join(first, second.left)
    second.sum_up()
    return second


def row_at(node: Node | None, rank: int) -> int:
    """The row of a rank that the tree has."""
    while node:
        before = size_of(node.left)
        if rank == before:
            return node.row
        if rank < before:
            node = node.left
        else:
            rank -= before + 1
            node = node.right
    raise AssertionError("the ranks of a tree are 0 to size - 1")


def count_before(node: Node | None, value: float, row: int) -> int:
    """How many rows of the tree come before (value, row) in the order."""
    count = 0
    while node:
        if (node.value, node.row) < (value, row):
            count += 1 + size_of(node.left)
            node = node.right
        else:
            node = node.left
    return count


def row_of_share(node: Node, target: float, law: Law, worst: float) -> int:
    """The row in whose share ``target`` lies, where the weights of the tree are laid out from the worst to the best.

    The best of a tree of any weight has weight itself: it takes what rounding left over.
    """
    while True:
        worse, better = (node.right, node.left) if law is Law.BELOW else (node.left, node.right)
        share = worse.weight(law, worst) if worse else 0.0
        if worse and target < share:
            node = worse
            continue
        target -= share
        share = node.value if law is Law.VALUE else abs(node.value - worst)
        if better is None or target < share:
            return node.row
        target -= share
        node = better
