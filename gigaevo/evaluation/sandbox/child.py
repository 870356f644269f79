"""What runs in the forked child: one program, from its text to its encoded answer.

The child does as little as it can before the program runs, and ends by ``os._exit``: nothing the program left
behind (threads, exit handlers, finalisers) runs after its answer. The answer is one letter (``V`` for a value, ``E``
for an error), the length of the rest in 4 bytes, and the rest.
"""

from __future__ import annotations

import gc
import inspect
import json
import linecache
import os
import random
import signal
import sys
import traceback
import types
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gigaevo.evaluation.sandbox import limits as limits_module
from gigaevo.evaluation.sandbox import linux, wire
from gigaevo.evaluation.sandbox.endings import report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gigaevo.evaluation.sandbox.limits import Limits

PROGRAM_FILE = "<program>"
MAX_DESCRIPTORS = 4096  # the server has no descriptor beyond
_RESULT_FD = 3
_FRAMES = 30


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What every program of a problem is given, ready in the server's memory.

    Attributes:
        run: ``run`` of the folder's harness.py; None where there is none.
        context: What ``build_context()`` gave; None where the folder has no context.py.
        has_context: Whether it has.
        base_address_space: Bytes of address space the server has.
    """

    run: Callable[[Callable[..., Any], Any], Any] | None
    context: Any
    has_context: bool
    base_address_space: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """One program to run: its files, the one that defines ``entrypoint``, its caps and its scratch folder."""

    files: Mapping[str, str]
    entry: str
    limits: Limits
    scratch: str


class _Failure(Exception):
    """The program failed in a way that has a kind of its own."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def become_program(job: Job, problem: Problem, server: int, stdout: int, stderr: int, result: int) -> NoReturn:
    """Turn this freshly forked process into the program, and end it.

    Args:
        job: The program.
        problem: What it is given.
        server: Process id of the server.
        stdout: Pipe for what it prints.
        stderr: Pipe for what it prints as errors.
        result: Pipe for its answer.
    """
    status = 1
    try:
        own = os.getpid()
        _detach(job.scratch, server, stdout, stderr, result)
        confine(job.limits, problem.base_address_space)
        answer = _answer(job, problem)
        if os.getpid() == own:  # a process that the program forked may come by here as well
            _flush()
            _write(answer)
            status = 0
    finally:
        os._exit(status)


def confine(limits: Limits, base_address_space: int) -> None:
    """Everything that narrows what this process may do, in the order in which it must be applied.

    Namespaces, no-new-privileges, Landlock and the system call filter belong here.
    """
    limits_module.apply(limits, base_address_space)


def _detach(scratch: str, server: int, stdout: int, stderr: int, result: int) -> None:
    """Have a session, standard streams, a result pipe and a folder of our own, and nothing else of the server's."""
    os.setsid()
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != server:  # it died before we asked
        os._exit(1)
    null = os.open(os.devnull, os.O_RDONLY)
    # Pipes first go above the standard range, so that no copy overwrites one that is still to be copied.
    high = [os.dup(fd) if fd <= _RESULT_FD else fd for fd in (null, stdout, stderr, result)]
    for target, source in enumerate(high):
        os.dup2(source, target)
    os.closerange(_RESULT_FD + 1, MAX_DESCRIPTORS)
    os.chdir(scratch)
    os.environ["HOME"] = os.environ["TMPDIR"] = scratch
    sys.path.insert(0, scratch)
    random.seed(0)  # forking reseeds it from the system; a program should give the same answer each time
    gc.enable()


def _answer(job: Job, problem: Problem) -> bytes:
    """What the program answers, framed; its failure where it fails."""
    try:
        returned = _run(job, problem)
        text = wire.encode(returned, max_bytes=job.limits.output_bytes)
        return _frame(b"V", text)
    except _Failure as failure:
        return _error(failure.kind, failure.message)
    except wire.WireError as error:
        return _error("output", str(error))
    except MemoryError:
        return _error("memory", f"it needs more than the {job.limits.memory_mb} MiB allowed")
    except SystemExit as error:
        return _error("exit", f"it called sys.exit({error.code!r:.100}) instead of returning")
    except BaseException as error:
        return _error("exception", _describe(error), _own_frames(error, job))


def _run(job: Job, problem: Problem) -> Any:
    source = job.files[job.entry]
    if len(job.files) > 1:
        _write_files(job)
    try:
        code = compile(source, PROGRAM_FILE, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _Failure("syntax", f"{error.msg} (line {error.lineno})") from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise _Failure("syntax", f"Python cannot compile it: {error or 'it is nested too deeply'}") from None
    module = types.ModuleType("program")
    sys.modules["program"] = module
    exec(code, module.__dict__)
    entrypoint = module.__dict__.get("entrypoint")
    if not callable(entrypoint):
        raise _Failure("exception", "it defines no function `entrypoint`")
    if problem.run is not None:
        return problem.run(entrypoint, problem.context)
    if problem.has_context and _takes_an_argument(entrypoint):
        return entrypoint(problem.context)
    return entrypoint()


def _write_files(job: Job) -> None:
    """Put the files beside the entry into the scratch folder, so that it can import them."""
    for path, text in job.files.items():
        if path != job.entry:
            file = Path(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def _takes_an_argument(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    except ValueError:  # a built-in without a signature
        return True
    return True


def _describe(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:  # its __str__ is the program's own code
        text = "(an exception that cannot be shown)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _own_frames(error: BaseException, job: Job) -> str:
    """The traceback's frames that are in the program's files, innermost last."""
    source = job.files[job.entry]
    linecache.cache[PROGRAM_FILE] = (len(source), None, source.splitlines(keepends=True), PROGRAM_FILE)
    own = (PROGRAM_FILE, job.scratch)
    try:
        frames = [
            (frame, line)
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename.startswith(own)
        ]
        summary = traceback.StackSummary.extract(iter(frames[-_FRAMES:]))
        return "".join(summary.format()).replace(f"{job.scratch}/", "")
    except BaseException:
        return ""


def _error(kind: str, message: str, trace: str = "") -> bytes:
    return _frame(b"E", json.dumps(report(kind, message, trace)))


def _frame(letter: bytes, text: str) -> bytes:
    return letter + len(text).to_bytes(4, "big") + text.encode("ascii")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the program may have replaced or closed it
            continue


def _write(answer: bytes) -> None:
    view = memoryview(answer)
    while view:
        view = view[os.write(_RESULT_FD, view) :]
