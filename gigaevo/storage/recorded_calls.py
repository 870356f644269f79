"""The calls of a run that has been recorded, looked at without touching its database."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gigaevo.storage.base import LoggedCall, StorageError

T = TypeVar("T")

_LAST = "SELECT key, max(number) FROM calls WHERE json_extract(reply, ?) GROUP BY key"
_CALL = "SELECT number, key, request, reply FROM calls WHERE number = ?"


class RecordedCalls:
    """The calls in a run's SQLite file, opened for reading only; the run itself may still go on.

    Args:
        path: The file.

    Raises:
        StorageError: It cannot be opened, or is no run database with calls.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise StorageError(f"{path} is not there: it must be the database of a run")
        try:
            self._file = _read_only(path)
            (version,) = self._file.execute("PRAGMA user_version").fetchone()
            if version < 2:
                self._file.close()
                raise StorageError(f"{path} holds no calls: it was written before calls were kept")
            self._file.execute("SELECT 1 FROM calls LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise StorageError(f"cannot read {path}: {error}; it must be an intact run database") from error
        self._closed = False
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gigaevo-recorded-calls")

    async def last(self, marked: str) -> Mapping[str, int]:
        """Number of the last call of each key among those whose reply has a true ``marked``."""
        rows = await self._read(lambda file: file.execute(_LAST, (f"$.{marked}",)).fetchall())
        return dict(rows)

    async def call(self, number: int) -> LoggedCall | None:
        """One call; None where there is none of that number."""
        row = await self._read(lambda file: file.execute(_CALL, (number,)).fetchone())
        if row is None:
            return None
        number, key, request, reply = row
        answer = None if reply is None else json.loads(reply)
        return LoggedCall(number=number, key=key, request=json.loads(request), reply=answer)

    async def close(self) -> None:
        """Let go of the file. May be called twice."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._reading, self._file.close)
            self._reading.shutdown(wait=False)

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reading, query, self._file)
        except sqlite3.Error as error:
            raise StorageError(f"cannot read {self.path}: {error}") from error


def _read_only(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing, not even a file beside ``path`` where nobody else has it open."""
    alone = not path.with_name(path.name + "-wal").exists()
    address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    return sqlite3.connect(address, uri=True, timeout=30.0, isolation_level=None, check_same_thread=False)
