"""Which implementation of the kernels is in use: all are compiled, or all are twins."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec

# Modules that Cython compiles. One that is missing sends everybody to the twins, for kernels pass random streams and
# archives to one another.
COMPILED = (
    "_archive",
    "_breeding",
    "_cma",
    "_cvt",
    "_differential",
    "_differential_loop",
    "_emission",
    "_functions",
    "_genetic",
    "_grid",
    "_hypervolume",
    "_pareto",
    "_random",
    "_ranking",
    "_row_memory",
    "_selection",
    "_strategy",
    "_strategy_loops",
    "_swarm",
    "_variation",
)

_pure_python = os.environ.get("GIGAEVO_PURE_PYTHON") == "1"


def _import_error() -> str | None:
    """Why the compiled kernels cannot be used, None if they can."""
    if _pure_python:
        return "GIGAEVO_PURE_PYTHON=1"
    for name in COMPILED:
        if find_spec(f"gigaevo.kernels.compiled.{name}") is None:
            return f"No module named 'gigaevo.kernels.compiled.{name}'"
    try:
        import_module("gigaevo.kernels.compiled._random")
    except ImportError as error:
        return str(error)
    return None


IMPORT_ERROR = _import_error()
BACKEND = "cython" if IMPORT_ERROR is None else "numpy"


def backend_note() -> str | None:
    """One line for the user when the twins are used without having been asked for, else None."""
    if IMPORT_ERROR is None or _pure_python:
        return None
    return (
        f"The compiled kernels could not be imported ({IMPORT_ERROR}): using their numpy twins, which give the same "
        "results more slowly. Install a C compiler and run `pip install --force-reinstall --no-deps gigaevo`, in a "
        "checkout `python setup.py build_ext --inplace`; GIGAEVO_PURE_PYTHON=1 silences this line."
    )
