"""Loading the trusted Python files of a problem folder, with messages that say which line is at fault."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigaevo.evaluation.sandbox import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CONTEXT_BYTES = 256 << 20  # the context is the problem's own: the cap only keeps a mistake from filling memory


class StartFailure(Exception):
    """Something that must work before any program can run does not; the text says what, where and why."""

    def __init__(self, message: str, *, file: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.file = file
        self.line = line


def open_folder(problem_dir: Path) -> None:
    """Make the files of ``problem_dir`` importable, ``helper`` first of all."""
    sys.path.insert(0, str(problem_dir))
    importlib.invalidate_caches()


def load(problem_dir: Path, name: str) -> Any:
    """Module ``name`` of the folder; None where it has no such file.

    Raises:
        StartFailure: Its import raised.
    """
    if not (problem_dir / f"{name}.py").is_file():
        return None
    try:
        return importlib.import_module(name)
    except BaseException as error:
        raise failure_of(error, problem_dir, f"{name}.py") from error


def preload(modules: Sequence[str]) -> None:
    """Import ``modules``.

    Raises:
        StartFailure: One of them cannot be imported.
    """
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}"
            text = (
                f"preload: cannot import {name!r} ({reason}); install it, or take it out of `preload` in problem.yaml"
            )
            raise StartFailure(text, file="problem.yaml") from error


def function_of(module: Any, name: str, file: str) -> Callable[..., Any]:
    """The function ``name`` that ``module`` must define.

    Raises:
        StartFailure: It does not.
    """
    function = getattr(module, name, None)
    if not callable(function):
        raise StartFailure(f"{file}: defines no function {name!r}", file=file)
    return function  # type: ignore[no-any-return]


def build_context(problem_dir: Path) -> Any:
    """What ``build_context()`` of the folder's context.py returns.

    Raises:
        StartFailure: It raised, or there is no such function.
    """
    build = function_of(load(problem_dir, "context"), "build_context", "context.py")
    try:
        return build()
    except BaseException as error:
        raise failure_of(error, problem_dir, "context.py") from error


def context_for(problem_dir: Path, *, text: str | None, has_file: bool) -> Any:
    """The context of this process: read from ``text``, else built where the folder has context.py, else None."""
    if text is not None:
        return wire.decode(text)
    return build_context(problem_dir) if has_file else None


def failure_of(error: BaseException, problem_dir: Path, file: str) -> StartFailure:
    """``error`` as a message that names the innermost line of the problem's own files, ``file`` where there is none."""
    line = 0
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(problem_dir):
        file, line = str(Path(error.filename).relative_to(problem_dir)), error.lineno or 0
        reason = f"{type(error).__name__}: {error.msg}"
    else:
        reason = f"{type(error).__name__}: {error}"
        for frame, number in traceback.walk_tb(error.__traceback__):
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(problem_dir):
                file, line = str(path.relative_to(problem_dir)), number
    where = f"{file}, line {line}" if line else file
    return StartFailure(f"{where}: {reason}", file=file, line=line)
