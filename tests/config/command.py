"""``python run.py`` inside the process of the tests: the file and the arguments are those of a user.

A process of its own would take half a second longer each time and show the same; that a status, a signal or a kill gets
through to a real one is what ``tests/end_to_end`` is for.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from gigaevo.config.result import ExitStatus, RunResult

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    out: str
    err: str


def the_line(ended: Ended) -> str:
    """The one line of an error in the configuration, with its end."""
    assert ended.status == 2, ended
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1, ended.err
    return ended.err


def run(*arguments: str, cwd: Path, **environment: str) -> Ended:
    """Run the command to its end, in the working directory ``cwd``."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", [str(ROOT / "run.py"), *arguments]),
        mock.patch.dict(os.environ, environment),
        _forgetting_modules_below(cwd),
    ):
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            gc.enable()  # run.py starts without collections, and only a run that begins turns them on again
    return Ended(status, out.getvalue(), err.getvalue())


def start(*arguments: str, cwd: Path, parts: str = "", ending: str = "0", **environment: str) -> Ended:
    """Run the command with everything but the search, which any ending can stand for.

    Args:
        arguments: As typed.
        cwd: The working directory.
        parts: Nodes to build, with commas between them; the class of each is printed.
        ending: An exit status, ``fault``, ``interrupt`` or ``seed 1 fails``.
        environment: Variables.
    """

    def execute(settings: Any, builder: Any, output_dir: Path) -> RunResult:
        for part in filter(None, parts.split(",")):
            print(part, type(builder.node(part)).__name__)
        print("run", settings.problem.name, settings.seed, settings.max_mutants, settings.resume, output_dir)
        if ending == "fault":
            raise RuntimeError("out of order")
        if ending == "interrupt":
            raise KeyboardInterrupt
        status = {"seed 1 fails": "3" if settings.seed == 1 else "0"}.get(ending, ending)
        return RunResult(status=ExitStatus(int(status)), best_fitness=1.0)

    return started(execute, *arguments, cwd=cwd, **environment)


def started(execute: Callable[[Any, Any, Path], RunResult], *arguments: str, cwd: Path, **environment: str) -> Ended:
    """Run the command with ``execute`` in place of whatever would search."""
    with (
        mock.patch("gigaevo.config.assemble.execute", execute),
        mock.patch("gigaevo.config.numeric.assemble.execute_search", execute),
    ):
        return run(*arguments, cwd=cwd, **environment)


@contextlib.contextmanager
def _forgetting_modules_below(folder: Path) -> Iterator[None]:
    """Let each command import users' files anew, as a new process would."""
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and folder in Path(file).parents and ROOT not in Path(file).parents:
                del sys.modules[name]
