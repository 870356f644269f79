"""Reading the text files of a problem folder, within limits."""

from __future__ import annotations

from pathlib import Path

from gigaevo.problems.errors import ProblemError

MAX_BYTES = 1 << 20


def read_text(path: Path) -> str:
    """Text of ``path``, without a byte order mark.

    Raises:
        ProblemError: It is no readable file, is larger than 1 MiB or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ProblemError(f"cannot be read: {error.strerror or error}", path=path) from error
    if len(data) > MAX_BYTES:
        raise ProblemError("is larger than 1 MiB; keep data in files that context.py reads", path=path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProblemError("is not UTF-8 text; save it as UTF-8", path=path, line=line) from error
