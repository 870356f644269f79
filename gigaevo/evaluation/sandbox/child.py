"""What runs in the forked child: one program, from its text to its encoded answer.

The child does as little as it can before the program runs, and ends by ``os._exit``: nothing the program left
behind (threads, exit handlers, finalisers) runs after its answer. An answer is one letter (``V`` for a value, ``E``
for an error), the length of the rest in 4 bytes, and the rest; ``A`` with the same shape may follow a value: what the
program left in its folder ``artifacts``. A program that is driven answers one call after another.
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
from gigaevo.evaluation.sandbox.commands import CommandFailure, Commands, answer_of
from gigaevo.evaluation.sandbox.endings import report
from gigaevo.evaluation.sandbox.left_behind import left_artifacts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gigaevo.evaluation.sandbox.isolation import Isolation
    from gigaevo.evaluation.sandbox.limits import Limits

PROGRAM_FILE = "<program>"
MAX_DESCRIPTORS = 4096  # the server has no descriptor beyond
RESULT_FD = 3
READY = b"R"
_FRAMES = 30


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What every program of a problem is given, ready in the server's memory.

    Attributes:
        run: ``run`` of the folder's harness.py; None where there is none.
        context: What ``build_context()`` gave; None where the folder has no context.py.
        has_context: Whether it has.
        commands: How a program is run where no entrypoint is called; None where one is.
    """

    run: Callable[[Callable[..., Any], Any], Any] | None
    context: Any
    has_context: bool
    commands: Commands | None = None


@dataclass(kw_only=True)
class Job:
    """One program to run.

    Attributes:
        files: Relative path to text.
        entry: The file that defines ``entrypoint``.
        limits: Its caps.
        scratch: Path of its scratch folder.
        slot: A number that no other program has at the time.
        seed: Where the generators of ``random`` and ``numpy.random`` start.
        driven: Whether it answers calls, instead of being called once.
        threads: Whether it may start threads.
        processes: Whether it may start processes.
    """

    files: Mapping[str, str]
    entry: str
    limits: Limits
    scratch: str
    slot: int = 0
    seed: int = 0
    driven: bool = False
    threads: bool = False
    processes: bool = False


class _Failure(Exception):
    """The program failed in a way that has a kind of its own."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def become_program(
    job: Job, problem: Problem, isolation: Isolation, texts: Callable[[], list[str]], parent: int, *streams: int
) -> NoReturn:
    """Turn this freshly forked process into the program, and end it.

    Args:
        job: The program, its texts left empty.
        problem: What it is given.
        isolation: Keeps it from everything else.
        texts: Gives the texts of its files, in their order; the server has them where no other child finds them.
        parent: Process id of the server as this process sees it; 0 from within a PID namespace of its own.
        streams: Pipes for what it prints and for what it prints as errors, and the channel for its answer.
    """
    leave = os._exit  # the program may put something else in its place
    status = 1
    try:
        job.files = dict(zip(job.files, texts(), strict=True))
        detach(parent, *streams)
        try:
            _confine(job, isolation)
        except BaseException as error:
            write(error_frame("exit", f"its process could not be confined: {describe(error)}"))
            os._exit(1)
        own = os.getpid()
        if job.driven:
            _serve(job, problem)
        else:
            answer = answer_once(job, problem)
            if os.getpid() == own:  # a process that the program forked may come by here as well
                _flush()
                write(answer + left_artifacts(job.scratch) if answer[:1] == b"V" else answer)
        status = 0
    finally:
        leave(status)


def detach(parent: int, stdout: int, stderr: int, result: int) -> None:
    """Have a session, standard streams and a channel of our own, and die with the server."""
    os.setsid()
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)
    null = os.open(os.devnull, os.O_RDONLY)
    # Descriptors first go above the standard range, so that no copy overwrites one that is still to be copied.
    high = [os.dup(fd) if fd <= RESULT_FD else fd for fd in (null, stdout, stderr, result)]
    for target, source in enumerate(high):
        os.dup2(source, target)


def _confine(job: Job, isolation: Isolation) -> None:
    """Everything that narrows what this process may do, in the order in which it must be applied."""
    base = limits_module.address_space()  # what the server's imports take
    others = 0 if job.limits.processes == 1 else isolation.other_tasks()
    isolation.enter(job.slot, job.scratch)
    linux.die_with_parent(signal.SIGKILL)  # a change of user takes it back
    os.closerange(RESULT_FD + 1, MAX_DESCRIPTORS)
    os.environ["HOME"] = os.environ["TMPDIR"] = job.scratch
    sys.path.insert(0, job.scratch)
    random.seed(job.seed)  # forking reseeds it from the system; a program should give the same answer each time
    if job.seed:
        sys.modules["numpy.random"].seed(job.seed)
    gc.enable()
    limits_module.apply(job.limits, base, other_tasks=others)
    isolation.seal(threads=job.threads, processes=job.processes)


def _serve(job: Job, problem: Problem) -> None:
    """Answer calls until there are no more. The program is loaded once; its state stays from call to call."""
    loaded: list[Callable[..., Any]] = []
    first = _answer(job, lambda: loaded.append(_loaded(job)))
    write(first if first[:1] == b"E" else READY)
    if not loaded:
        return
    own = os.getpid()
    while (request := _request()) is not None:
        answer = _answer(job, lambda text=request: _call(loaded[0], problem, wire.decode(text), gives=True))  # type: ignore[misc]
        if os.getpid() != own:
            return
        _flush()
        write(answer)


def _request() -> str | None:
    """The next call's argument, encoded; None where there is none."""
    head = _read(4)
    return None if len(head) < 4 else _read(int.from_bytes(head, "big")).decode("ascii")


def _read(size: int) -> bytes:
    data = bytearray()
    while len(data) < size and (chunk := os.read(RESULT_FD, size - len(data))):
        data += chunk
    return bytes(data)


def answer_once(job: Job, problem: Problem) -> bytes:
    """The program's answer to being called, or run, once."""
    if problem.commands is not None:
        commands = problem.commands
        return _answer(job, lambda: answer_of(commands, job.files, job.limits, seed=job.seed))
    return _answer(job, lambda: _call(_loaded(job), problem, problem.context, gives=problem.has_context))


def _answer(job: Job, work: Callable[[], Any]) -> bytes:
    """What ``work`` returns, framed; the program's failure where it fails."""
    try:
        text = wire.encode(work(), max_bytes=job.limits.output_bytes)
        return frame(b"V", text)
    except _Failure as failure:
        return error_frame(failure.kind, failure.message)
    except CommandFailure as failure:
        return error_frame(failure.kind, failure.message, failure.said)
    except wire.WireError as error:
        return error_frame("output", str(error))
    except MemoryError:
        return error_frame("memory", f"it needs more than the {job.limits.memory_mb} MiB allowed")
    except SystemExit as error:
        return error_frame("exit", f"it called sys.exit({_shown(error.code)}) instead of returning")
    except BaseException as error:
        return error_frame("exception", describe(error), _own_frames(error, job))


def _shown(code: Any) -> str:
    return repr(code)[:100] if type(code) in (int, str, type(None)) else "..."


def _call(entrypoint: Callable[..., Any], problem: Problem, argument: Any, *, gives: bool) -> Any:
    """Call ``entrypoint``, through the harness where the problem has one.

    Args:
        entrypoint: The program's.
        problem: Its problem.
        argument: What it is called with, if it takes an argument.
        gives: Whether there is an argument.
    """
    if problem.run is not None:
        return problem.run(entrypoint, argument)
    return entrypoint(argument) if gives and _takes_an_argument(entrypoint) else entrypoint()


def _loaded(job: Job) -> Callable[..., Any]:
    """The program's ``entrypoint``, once its text has run."""
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
    return entrypoint  # type: ignore[no-any-return]


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


def describe(error: BaseException) -> str:
    """Type and text of ``error``."""
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


def error_frame(kind: str, message: str, trace: str = "") -> bytes:
    """A failure as an answer."""
    return frame(b"E", json.dumps(report(kind, message, trace)))


def frame(letter: bytes, text: str) -> bytes:
    """An answer, or a part of one."""
    return letter + len(text).to_bytes(4, "big") + text.encode("ascii")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the program may have replaced or closed it
            continue


def write(answer: bytes) -> None:
    """Write into the channel."""
    view = memoryview(answer)
    while view:
        view = view[os.write(RESULT_FD, view) :]
