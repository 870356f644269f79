"""Values written as Python source that gives them back to the last bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

WIDTH = 100  # characters beyond which a container takes a line per part
INDENT = "    "


def program_source(value: Any, *, takes_context: bool) -> str:
    """A program whose ``entrypoint`` returns ``value``.

    Args:
        value: Made of None, bool, int, float, complex, str, bytes, list, tuple, dict, set, numpy scalars and arrays.
        takes_context: Whether ``entrypoint`` has the parameter ``context``.

    Raises:
        TypeError: Something in it is of another type.
    """
    body = literal(value, depth=1)
    head = "import numpy as np\n\n\n" if "np." in body else ""
    return f"{head}def entrypoint({'context' if takes_context else ''}):\n{INDENT}return {body}\n"


def literal(value: Any, *, depth: int = 0) -> str:
    """``value`` as an expression, in which ``np`` is numpy.

    Args:
        value: As in ``program_source``.
        depth: Levels of indentation of the line the expression begins on.

    Raises:
        TypeError: Something in it is of a type that cannot be written.
    """
    if isinstance(value, np.ndarray):
        return _array(value, depth)
    if isinstance(value, np.generic):
        return _numpy_scalar(value)
    if value is None or isinstance(value, (bool, int, str, bytes)):
        return repr(value)
    if isinstance(value, float):
        return _real(value)
    if isinstance(value, complex):
        return f"complex({_real(value.real)}, {_real(value.imag)})"
    if isinstance(value, list):
        return _bracketed("[", [literal(part, depth=depth + 1) for part in value], "]", depth)
    if isinstance(value, tuple):
        parts = [literal(part, depth=depth + 1) for part in value]
        return f"({parts[0]},)" if len(parts) == 1 else _bracketed("(", parts, ")", depth)
    if isinstance(value, dict):
        pairs = [f"{literal(k, depth=depth + 1)}: {literal(v, depth=depth + 1)}" for k, v in value.items()]
        return _bracketed("{", pairs, "}", depth)
    if isinstance(value, (set, frozenset)):
        parts = sorted(literal(part, depth=depth + 1) for part in value)
        inner = _bracketed("{", parts, "}", depth) if parts else "set()"
        return inner if isinstance(value, set) else f"frozenset({inner})"
    raise TypeError(f"cannot write a {type(value).__name__} as source")


def _real(number: float) -> str:
    if math.isfinite(number):
        return repr(float(number))
    return f'float("{number}")'


def _bracketed(opening: str, parts: list[str], closing: str, depth: int) -> str:
    """On one line where it fits, else a line for each part."""
    line = opening + ", ".join(parts) + closing
    if len(line) + len(INDENT) * depth <= WIDTH and "\n" not in line:
        return line
    lines = "".join(f"{INDENT * (depth + 1)}{part},\n" for part in parts)
    return f"{opening}\n{lines}{INDENT * depth}{closing}"


def _numpy_scalar(value: np.generic) -> str:
    plain = value.item()
    if not isinstance(plain, (bool, int, float, complex, str, bytes)) or isinstance(plain, np.generic):
        raise TypeError(f"cannot write a {type(value).__name__} as source")
    return f"np.{type(value).__name__}({literal(plain)})"


def _array(value: np.ndarray[Any, Any], depth: int) -> str:
    kind = value.dtype.kind
    extended = value.dtype.itemsize > {"f": 8, "c": 16}.get(kind, math.inf)  # long doubles have no literals
    if kind not in "biufcSU" or extended:
        raise TypeError(f"cannot write an array of {value.dtype} as source")
    name = repr(str(value.dtype))
    if value.size == 0:
        return f"np.empty({value.shape!r}, dtype={name})"
    return f"np.array({literal(value.tolist(), depth=depth)}, dtype={name})"
