"""Programs that are run by commands: building them, handing them the context, reading the JSON that they print.

All of this happens in the forked child, once it is confined. What a command reads and writes are files in the scratch
folder, so that nobody has to wait for a process that keeps a pipe open.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.limits import Limits

FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin")
_TAIL_BYTES = 4000  # of what a command says when it fails
_SHOWN = 120  # characters of a command or of a line in a message


@dataclass(frozen=True, kw_only=True)
class Commands:
    """How each program of a problem is run.

    Attributes:
        lines: One command after the other, each its words; the last one prints the answer.
        context: What that one finds on standard input; empty for nothing.
    """

    lines: tuple[tuple[str, ...], ...]
    context: bytes = b""


class CommandFailure(Exception):
    """A command did not do what it should.

    Attributes:
        kind: Kind of the error, by its name.
        message: One line.
        said: The end of what it wrote.
    """

    def __init__(self, kind: str, message: str, said: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.said = said


def context_text(value: Any) -> bytes:
    """A context as JSON. Arrays become lists, numpy's numbers numbers.

    Raises:
        ValueError: Something in it has no JSON.
    """
    try:
        return json.dumps(value, default=_plain, allow_nan=False).encode()
    except TypeError as error:
        raise ValueError(str(error)) from None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} has no JSON")


def missing(lines: Sequence[Sequence[str]]) -> str:
    """The first command whose file cannot be found, and is none that the program brings or builds; empty where all
    are there."""
    for words in lines:
        name = words[0]
        if "/" not in name:
            if shutil.which(name, path=_search_path()) is None:
                return name
        elif name[0] == "/" and not os.access(name, os.X_OK):
            return name
    return ""


def answer_of(commands: Commands, files: Mapping[str, str], limits: Limits, *, seed: int) -> Any:
    """Write a program into the folder we stand in, build it, run it, and give the value that it printed.

    Raises:
        CommandFailure: It could not be built or run, or printed something else than one JSON value.
    """
    for path, text in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8", newline="")
    variables, errors = _environment(seed), _Errors(limits.stdio_bytes)
    for words in commands.lines[:-1]:
        _build(words, variables, errors)
    return _printed(commands.lines[-1], commands.context, variables, errors, limits)


class _Errors:
    """Copies what commands say to our own standard error, the end of it where it is too long.

    Args:
        room: Bytes that may be written there.
    """

    def __init__(self, room: int) -> None:
        self._room = room

    def take(self, said: IO[bytes], most: int) -> str:
        """The end of what was said, for messages; at most ``most`` bytes of it are copied."""
        kept = min(most, self._room)
        size = said.seek(0, os.SEEK_END)
        said.seek(max(0, size - max(kept, _TAIL_BYTES)))
        end = said.read(max(kept, _TAIL_BYTES))
        copied = end[-kept:] if kept else b""
        if copied:
            self._room -= len(copied)
            with os.fdopen(os.dup(2), "wb") as stream:
                stream.write(copied)
        return end[-_TAIL_BYTES:].decode("utf-8", "replace")


def _build(words: Sequence[str], variables: Mapping[str, str], errors: _Errors) -> None:
    with tempfile.TemporaryFile(dir=".") as said:
        status = _executed(words, variables, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        tail = errors.take(said, _TAIL_BYTES)
    if status:
        line = next((line for line in tail.splitlines() if "error" in line.lower()), "") or _last_line(tail)
        _fail("syntax", words, status, line, tail)


def _printed(
    words: Sequence[str], context: bytes, variables: Mapping[str, str], errors: _Errors, limits: Limits
) -> Any:
    with (
        tempfile.TemporaryFile(dir=".") as given,
        tempfile.TemporaryFile(dir=".") as answer,
        tempfile.TemporaryFile(dir=".") as said,
    ):
        given.write(context)
        given.seek(0)
        status = _executed(words, variables, stdin=given, stdout=answer, stderr=said)
        tail = errors.take(said, limits.stdio_bytes)
        if answer.seek(0, os.SEEK_END) > limits.output_bytes or status == -signal.SIGXFSZ:
            raise CommandFailure("output", f"its answer is longer than the {limits.output_bytes} bytes allowed", tail)
        if status:
            _fail("exit", words, status, _last_line(tail), tail)
        answer.seek(0)
        return _value(answer.read(limits.output_bytes), tail)


def _executed(words: Sequence[str], variables: Mapping[str, str], **streams: Any) -> int:
    """Exit status of a command; negative where a signal ended it."""
    try:
        _make_executable(words[0])
        return subprocess.run(words, env=dict(variables), check=False, **streams).returncode
    except (OSError, ValueError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CommandFailure("exit", f"`{_shown(words)}` cannot be executed: {reason}") from None


def _make_executable(name: str) -> None:
    """Have a file of the program's own that is not executable made anew so: its mode may not be changed everywhere."""
    if "/" not in name or name[0] == "/" or os.access(name, os.X_OK):
        return
    path = Path(name)
    if not path.is_file() or path.is_symlink():
        return
    data = path.read_bytes()
    path.unlink()
    descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o755)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _fail(kind: str, words: Sequence[str], status: int, line: str, tail: str) -> NoReturn:
    """Say how a command failed."""
    if status == -signal.SIGXCPU:
        raise CommandFailure("timeout", f"`{_shown(words)}` used up its CPU time", tail)
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        raise CommandFailure("signal", f"`{_shown(words)}` was killed by {name}", tail)
    reason = f": {line[:_SHOWN]}" if line else ""
    raise CommandFailure(kind, f"`{_shown(words)}` ended with status {status}{reason}", tail)


def _value(data: bytes, said: str) -> Any:
    """The JSON value that a program printed."""
    if not data.strip():
        raise CommandFailure("output", "it printed nothing; its answer is one JSON value on standard output", said)
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise CommandFailure("output", "what it printed is nested too deeply", said) from None
    except ValueError as error:
        start = data[:_SHOWN].decode("utf-8", "replace")
        raise CommandFailure(
            "output", f"what it printed is not one JSON value: {error}; it begins {start!r}", said
        ) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def _shown(words: Sequence[str]) -> str:
    line = shlex.join(words)
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."


def _search_path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), *FOLDERS])


def _environment(seed: int) -> dict[str, str]:
    """All variables that a command finds."""
    scratch = os.getcwd()  # noqa: PTH109 (the folder's name as the program sees it)
    return {
        "PATH": _search_path(),
        "HOME": scratch,
        "TMPDIR": scratch,
        "LANG": "C.UTF-8",
        "SEED": str(seed),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
