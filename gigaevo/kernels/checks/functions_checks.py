"""What the kernels of test functions accept; both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.advances import Task


# The code of a function is its place.
REAL = (
    "sphere",
    "rastrigin",
    "rosenbrock",
    "ackley",
    "griewank",
    "schwefel",
    "levy",
    "zakharov",
    "styblinski_tang",
)
BITS = ("onemax", "leading_ones", "trap")
SEVERAL = ("zdt1", "zdt2", "zdt3", "zdt4", "zdt6", "dtlz1", "dtlz2")


def check_code(code: int, names: tuple[str, ...], name: str = "code") -> None:
    """Raise ValueError if there is no function of that code, an argument that is called ``name``."""
    if not 0 <= code < len(names):
        raise ValueError(f"{name} is {code}, expected 0 to {len(names) - 1}, one of {', '.join(names)}")


def check_task(task: Task, genes: int) -> None:
    """Raise ValueError if a loop cannot be begun with ``task`` on genomes of ``genes`` genes."""
    check_code(task.function, REAL, "function")
    if task.generations < 1:
        raise ValueError(f"generations is {task.generations}, expected 1 or more")
    best = array_checks.owned_array("best_code", task.best_code, 1)
    array_checks.check_shape("best_code", best, (genes,))


def numbers(genomes: ArrayLike, least: int) -> NDArray[np.float64]:
    """Genomes of ``least`` genes or more as a float64 array of shape (n, d).

    Raises:
        ValueError: They are something else.
    """
    rows = array_checks.float_array("genomes", genomes, 2)
    if rows.shape[1] < least:
        raise ValueError(f"genomes has shape {rows.shape}, expected {least} genes or more")
    return rows


def check_objectives(name: str, objectives: int) -> None:
    """Raise ValueError if function ``name`` cannot have as many objectives."""
    if name.startswith("zdt") and objectives != 2:
        raise ValueError(f"objectives is {objectives}, expected 2 for {name}")
    if objectives < 2:
        raise ValueError(f"objectives is {objectives}, expected 2 or more for {name}")


def bits(genomes: ArrayLike, order: int) -> NDArray[np.uint8]:
    """Genomes of bits as uint8 of 0 and 1, shape (n, d).

    Raises:
        ValueError: They are something else, or d is no multiple of ``order``.
    """
    if order < 1:
        raise ValueError(f"order is {order}, expected 1 or more")
    rows = np.asarray(genomes)
    if rows.ndim != 2 or rows.shape[1] < 1:
        raise ValueError(f"genomes has shape {rows.shape}, expected (n, d) with 1 gene or more")
    if rows.dtype != np.bool_ and rows.size and not (rows.dtype.kind in "iu" and rows.min() >= 0 and rows.max() <= 1):
        raise ValueError("genomes must be bits: bool, or whole numbers of which each is 0 or 1")
    if rows.shape[1] % order:
        raise ValueError(f"genomes has {rows.shape[1]} genes, expected a multiple of the order {order}")
    return np.ascontiguousarray(rows.astype(np.uint8, copy=False))


def places(genomes: ArrayLike, d: int | None = None) -> NDArray[np.int32]:
    """Permutations of 0 to d - 1 as int32 of shape (n, d); whether each is there once is not looked at.

    Raises:
        ValueError: They are no whole numbers of that range, or not ``d`` of them.
    """
    rows = np.asarray(genomes)
    expected = "(n, d) with 1 gene or more" if d is None else f"(n, {d})"
    if rows.ndim != 2 or rows.shape[1] < 1 or (d is not None and rows.shape[1] != d):
        raise ValueError(f"genomes has shape {rows.shape}, expected {expected}")
    last = rows.shape[1] - 1
    if rows.size and not (rows.dtype.kind in "iu" and rows.min() >= 0 and rows.max() <= last):
        raise ValueError(f"genomes must be permutations of the whole numbers 0 to {last}")
    return np.require(rows, np.int32, array_checks.IN_PLACE)


def distances(given: ArrayLike) -> NDArray[np.float64]:
    """Distances between places, float64 of shape (d, d).

    Raises:
        ValueError: It is no square, or a distance is not finite.
    """
    array = array_checks.float_array("distances", given, 2)
    if array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(f"distances has shape {array.shape}, expected (d, d) with 1 place or more")
    if not np.isfinite(array).all():
        raise ValueError("distances must be finite")
    return array
