"""Workload: what programs of a problem are timed on."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from gigaevo.problems.errors import ProblemError
from gigaevo.problems.python_file import PythonFile


@dataclass(frozen=True, slots=True)
class Workload:
    """Inputs that a trusted module makes and whose answers it checks, see ``docs/benchmarking.md``.

    Attributes:
        source: Text of a Python module with ``make_input(size, rng)``, which returns an input of that size that may
            cross between processes, and ``check(input, answer)``, which says whether an answer is right and changes
            neither.
        sizes: Sizes of the inputs, increasing, at least 1 each; programs meet one input of each in every round.

    Raises:
        ValueError: There is no size, one is below 1, or they do not increase.
    """

    source: str
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        rising = all(one < other for one, other in zip(self.sizes, self.sizes[1:], strict=False))
        if not self.sizes or self.sizes[0] < 1 or not rising:
            raise ValueError(f"sizes must be whole numbers from 1 on that increase; found {list(self.sizes)}")


def workload_of(file: PythonFile) -> Workload:
    """The workload that ``benchmark.py`` of a problem folder describes; nothing of it is run.

    Raises:
        ProblemError: A function is missing or takes other arguments, or ``SIZES`` is no tuple of increasing numbers.
    """
    file.require_function("make_input", arguments=range(2, 3), remedy="write 'def make_input(size, rng):'")
    file.require_function("check", arguments=range(2, 3), remedy="write 'def check(input, answer):'")
    remedy = "write 'SIZES = (100, 1000, 10000)'"
    found = file.binding("SIZES")
    if found is None:
        raise ProblemError(f"defines no 'SIZES' at the top level; {remedy}", path=file.path)
    value = found.value if isinstance(found, ast.Assign | ast.AnnAssign) else None
    try:
        sizes = None if value is None else ast.literal_eval(value)
    except ValueError:
        sizes = None
    if not isinstance(sizes, tuple | list) or not all(type(size) is int for size in sizes):
        raise ProblemError(f"'SIZES' must be whole numbers, written out; {remedy}", path=file.path, line=found.lineno)
    try:
        return Workload(file.source, tuple(sizes))
    except ValueError as error:
        raise ProblemError(f"'SIZES': {error}; {remedy}", path=file.path, line=found.lineno) from None
