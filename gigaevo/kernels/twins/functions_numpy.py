"""Test functions of optimization, in numpy: the twin of ``_functions``.

The two agree to within rounding. Sources: Surjanovic and Bingham, "Virtual Library of Simulation Experiments" (the
functions of numbers); Deb and Goldberg, "Analyzing deception in trap functions" (1993); Zitzler, Deb and Thiele,
"Comparison of multiobjective evolutionary algorithms" (2000); Deb, Thiele, Laumanns and Zitzler, "Scalable test
problems for evolutionary multiobjective optimization" (2005).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.checks import functions_checks as checks
from gigaevo.kernels.checks.array_checks import output
from gigaevo.kernels.checks.functions_checks import BITS, REAL, SEVERAL

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Rows = NDArray[np.float64]


def evaluate(code: int, genomes: ArrayLike, out: Any = None) -> NDArray[np.float64]:
    """Values of a function of numbers, which is minimised.

    Args:
        code: Its place in ``REAL``.
        genomes: float64 of shape (n, d), 1 gene or more.
        out: Where to put them, float64 of shape (n,).

    Returns:
        ``out``, or a new array.

    Raises:
        ValueError: An argument does not fit its description.
    """
    checks.check_code(code, REAL)
    rows = checks.numbers(genomes, 1)
    values = output(out, (len(rows),))
    with np.errstate(over="ignore", invalid="ignore"):  # what is no finite number is invalid, and says so itself
        values[:] = _REAL[code](rows)
    return values


def evaluate_several(code: int, genomes: ArrayLike, objectives: int = 2, out: Any = None) -> NDArray[np.float64]:
    """Values of a function of several objectives, which are minimised.

    Args:
        code: Its place in ``SEVERAL``.
        genomes: float64 of shape (n, d), with d at least 2, and not below ``objectives``.
        objectives: 2, but for the DTLZ functions.
        out: Where to put them, float64 of shape (n, objectives).

    Returns:
        ``out``, or a new array.

    Raises:
        ValueError: An argument does not fit its description.
    """
    checks.check_code(code, SEVERAL)
    checks.check_objectives(SEVERAL[code], objectives)
    rows = checks.numbers(genomes, max(2, objectives))
    values = output(out, (len(rows), objectives))
    with np.errstate(over="ignore", invalid="ignore"):
        if SEVERAL[code] == "dtlz1":
            _dtlz1(rows, values)
        elif SEVERAL[code] == "dtlz2":
            _dtlz2(rows, values)
        else:
            _zdt(SEVERAL[code], rows, values)
    return values


def evaluate_bits(code: int, genomes: ArrayLike, order: int = 1, out: Any = None) -> NDArray[np.float64]:
    """Values of a function of bits, which is maximised.

    Args:
        code: Its place in ``BITS``.
        genomes: bool, or whole numbers of 0 and 1, shape (n, d).
        order: Bits of a trap, of which d is a multiple; the others do not look at it.
        out: Where to put them, float64 of shape (n,).

    Returns:
        ``out``, or a new array.

    Raises:
        ValueError: An argument does not fit its description.
    """
    checks.check_code(code, BITS)
    rows = checks.bits(genomes, order)
    values = output(out, (len(rows),))
    if BITS[code] == "onemax":
        values[:] = rows.sum(axis=1)
    elif BITS[code] == "leading_ones":
        values[:] = np.minimum.accumulate(rows, axis=1).sum(axis=1)
    else:
        ones = rows.reshape(len(rows), -1, order).sum(axis=2, dtype=np.int64)
        values[:] = np.where(ones == order, order, order - 1 - ones).sum(axis=1)
    return values


def conflicts(genomes: ArrayLike, out: Any = None) -> NDArray[np.float64]:
    """Pairs of queens that stand on one diagonal of the board.

    Args:
        genomes: The column of the queen of each row, whole numbers of shape (n, d): permutations of 0 to d - 1.
        out: Where to put them, float64 of shape (n,).

    Returns:
        ``out``, or a new array.

    Raises:
        ValueError: An argument does not fit its description.
    """
    columns = checks.places(genomes)
    values = output(out, (len(columns),))
    rows = np.arange(columns.shape[1])
    values[:] = 0.0
    for diagonals in (columns + rows, columns - rows):
        ordered = np.sort(diagonals, axis=1)
        for apart in range(1, columns.shape[1]):  # one pair for each distance in the order of the diagonals
            values += (ordered[:, apart:] == ordered[:, :-apart]).sum(axis=1)
    return values


def tour_lengths(genomes: ArrayLike, distances: ArrayLike, out: Any = None) -> NDArray[np.float64]:
    """Lengths of closed tours.

    Args:
        genomes: The places in the order of the tour, whole numbers of shape (n, d): permutations of 0 to d - 1.
        distances: From each place to each, finite, shape (d, d).
        out: Where to put them, float64 of shape (n,).

    Returns:
        ``out``, or a new array.

    Raises:
        ValueError: An argument does not fit its description.
    """
    table = checks.distances(distances)
    rows = checks.places(genomes, len(table))
    values = output(out, (len(rows),))
    values[:] = table[np.roll(rows, 1, axis=1), rows].sum(axis=1)
    return values


def drop_invalid(merits: NDArray[np.float64]) -> int:
    """Set what is no finite number to minus infinity, in place; how many merits that were."""
    invalid = ~np.isfinite(merits)
    merits[invalid] = -np.inf
    return int(np.count_nonzero(invalid))


def _sums(terms: Rows) -> Rows:
    total: Rows = terms.sum(axis=1)
    return total


def _sphere(x: Rows) -> Rows:
    return _sums(x**2)


def _rastrigin(x: Rows) -> Rows:
    """10 d + the sum of x^2 - 10 cos(2 pi x), without the cancellation."""
    return _sums(x**2 + 20.0 * np.sin(np.pi * x) ** 2)


def _rosenbrock(x: Rows) -> Rows:
    return _sums(100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2)


def _ackley(x: Rows) -> Rows:
    radius, waves = np.sqrt(_sums(x**2) / x.shape[1]), _sums(np.sin(np.pi * x) ** 2) / x.shape[1]
    total: Rows = 20.0 * (1.0 - np.exp(-0.2 * radius)) + np.e * (1.0 - np.exp(-2.0 * waves))
    return total


def _griewank(x: Rows) -> Rows:
    cosines: Rows = np.cos(x / np.sqrt(np.arange(1, x.shape[1] + 1))).prod(axis=1)
    total: Rows = 1.0 + _sums(x**2) / 4000.0 - cosines
    return total


def _schwefel(x: Rows) -> Rows:
    total: Rows = 418.9828872724338 * x.shape[1] - _sums(x * np.sin(np.sqrt(np.abs(x))))
    return total


def _levy(x: Rows) -> Rows:
    w = 0.25 * (x - 1.0)
    between = _sums(w[:, :-1] ** 2 * (1.0 + 10.0 * np.sin(np.pi * (w[:, :-1] + 1.0) + 1.0) ** 2))
    first, last = np.sin(np.pi * (1.0 + w[:, 0])) ** 2, w[:, -1] ** 2 * (1.0 + np.sin(2.0 * np.pi * w[:, -1]) ** 2)
    total: Rows = first + between + last
    return total


def _zakharov(x: Rows) -> Rows:
    slope = _sums(0.5 * np.arange(1, x.shape[1] + 1) * x)
    return _sums(x**2) + slope**2 + slope**4


def _styblinski_tang(x: Rows) -> Rows:
    return _sums(0.5 * (x**4 - 16.0 * x**2 + 5.0 * x))


_REAL = (
    _sphere,
    _rastrigin,
    _rosenbrock,
    _ackley,
    _griewank,
    _schwefel,
    _levy,
    _zakharov,
    _styblinski_tang,
)


def _zdt(name: str, x: Rows, out: Rows) -> None:
    first, others = x[:, 0], x[:, 1:]
    if name == "zdt4":
        g = 1.0 + (others**2 + 20.0 * np.sin(2.0 * np.pi * others) ** 2).sum(axis=1)
    elif name == "zdt6":
        first = 1.0 - np.exp(-4.0 * first) * np.sin(6.0 * np.pi * first) ** 6
        g = 1.0 + 9.0 * others.mean(axis=1) ** 0.25
    else:
        g = 1.0 + 9.0 * others.mean(axis=1)
    share = first / g
    out[:, 0] = first
    if name in {"zdt2", "zdt6"}:
        out[:, 1] = g * (1.0 - share**2)
    elif name == "zdt3":
        out[:, 1] = g * (1.0 - np.sqrt(share) - share * np.sin(10.0 * np.pi * first))
    else:
        out[:, 1] = g * (1.0 - np.sqrt(share))


def _dtlz1(x: Rows, out: Rows) -> None:
    places, others = x[:, : out.shape[1] - 1], x[:, out.shape[1] - 1 :] - 0.5
    rest = 0.5 * (1.0 + 100.0 * (others**2 + 2.0 * np.sin(10.0 * np.pi * others) ** 2).sum(axis=1))
    for k in range(places.shape[1]):
        out[:, -1 - k] = rest * (1.0 - places[:, k])
        rest = rest * places[:, k]
    out[:, 0] = rest


def _dtlz2(x: Rows, out: Rows) -> None:
    angles, others = 0.5 * np.pi * x[:, : out.shape[1] - 1], x[:, out.shape[1] - 1 :] - 0.5
    rest = 1.0 + (others**2).sum(axis=1)
    for k in range(angles.shape[1]):
        out[:, -1 - k] = rest * np.sin(angles[:, k])
        rest = rest * np.cos(angles[:, k])
    out[:, 0] = rest
