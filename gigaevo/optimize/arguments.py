"""What arguments of optimizers are, and how they are shown."""

from __future__ import annotations

import math
from typing import Any, TypeGuard, TypeVar

import numpy as np

Kind = TypeVar("Kind")

LONGEST = 200  # characters of what is shown


def is_number(given: Any) -> bool:
    """Whether it is a real number, of Python or numpy; a truth value is none."""
    return isinstance(given, (int, float, np.integer, np.floating)) and not isinstance(given, bool)


def is_true(given: Any) -> bool:
    """Whether it is the truth value True, of Python or numpy; a number or a text is none."""
    return isinstance(given, (bool, np.bool_)) and bool(given)


def is_whole(given: Any, least: int = 0) -> bool:
    """Whether it is a whole number from ``least``, of Python or numpy; a truth value is none."""
    return isinstance(given, (int, np.integer)) and not isinstance(given, bool) and int(given) >= least


def check_whole(name: str, given: Any, least: int = 1) -> None:
    """Raise ValueError if an argument is no whole number from ``least``."""
    if not is_whole(given, least):
        raise ValueError(f"{name} is {brief(given)}, expected a whole number from {least}")


def check_number(
    name: str, given: Any, least: float = -math.inf, greatest: float = math.inf, *, above: bool = False
) -> None:
    """Raise ValueError if an argument is no finite number from ``least`` to ``greatest``.

    Args:
        name: Of the argument.
        given: What it is.
        least: The least that is allowed.
        greatest: The greatest that is allowed.
        above: Whether ``least`` itself is not.
    """
    if is_number(given) and math.isfinite(given) and least <= given <= greatest and not (above and given == least):
        return
    if greatest < math.inf:
        expected = f"{'above ' * above}{least:g} {'and at most' if above else 'to'} {greatest:g}"
    elif least > -math.inf:
        expected = f"a finite number above {least:g}" if above else f"a finite number of {least:g} or more"
    else:
        expected = "a finite number"
    raise ValueError(f"{name} is {brief(given)}, expected {expected}")


def check_truth(name: str, given: Any) -> None:
    """Raise ValueError if an argument is neither True nor False."""
    if not isinstance(given, (bool, np.bool_)):
        raise ValueError(f"{name} is {brief(given)}, expected True or False")


def check_truths(**given: Any) -> None:
    """``check_truth`` of several: a text such as "false" would count as True."""
    for name, word in given.items():
        check_truth(name, word)


def is_count(given: Any) -> bool:
    """Whether it is a whole number from 1."""
    return is_whole(given, 1)


def keeps(given: object, kind: type[Kind], method: str) -> TypeGuard[Kind]:
    """Whether it is of ``kind`` and has the ``method`` of that class, not another that a subclass put in its place."""
    return isinstance(given, kind) and getattr(type(given), method) is getattr(kind, method)


def brief(thing: Any) -> str:
    """``repr`` of it in one line, with the middle left out where that is long: of a thousand alleles or ranges."""
    return shortened(repr(thing))


def shortened(shown: str) -> str:
    """A text in one line, with the middle left out where that is long."""
    shown = in_one_line(shown)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 43]} ... {shown[-38:]}"


def in_one_line(shown: str) -> str:
    """A text without the breaks and the indents that numpy makes."""
    return " ".join(shown.split()) if "\n" in shown else shown
