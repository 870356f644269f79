"""The embedded storage of a search among numbers: tables of the run's one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gigaevo.storage.base import SearchStorage, StorageError
from gigaevo.storage.lock import WriterLock
from gigaevo.storage.record import encode_values
from gigaevo.storage.sqlite_schema import connect, prepare

_SYNCHRONOUS = ("full", "normal")


class SqliteSearchStorage(SearchStorage):
    """Summaries of generations, and elites, in one SQLite file. For local disks.

    Args:
        path: The file; its folder must exist.
        synchronous: ``"full"``: what was kept survives a power cut. ``"normal"``: it survives the death of the process.

    Raises:
        ValueError: ``synchronous`` is none of those.
    """

    def __init__(self, *, path: str | Path, synchronous: str = "full") -> None:
        if synchronous not in _SYNCHRONOUS:
            raise ValueError(f"synchronous is {synchronous!r}; it can be {' or '.join(_SYNCHRONOUS)}")
        self.path = Path(path)
        self._synchronous = synchronous
        self._connection: sqlite3.Connection | None = None
        self._open_files = ExitStack()

    def open(self) -> None:
        try:
            with ExitStack() as opened:
                lock = WriterLock(self.path)
                opened.callback(lock.release)
                connection = connect(self.path, synchronous=self._synchronous)
                opened.callback(connection.close)
                prepare(connection, self.path)
                self._open_files = opened.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"cannot open {self.path} for writing: {error}; it must be an intact run database, "
                "or a new file, in a folder that may be written to"
            ) from error
        self._connection = connection

    def close(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # one file stays
        except sqlite3.Error:
            pass  # nothing is lost: the next to open the file does it
        self._connection = None
        self._open_files.close()

    def keep(self, generations: Sequence[Mapping[str, Any]], elites: Sequence[Mapping[str, Any]]) -> None:
        lines = [(line["generation"], encode_values(line, "the summary of a generation")) for line in generations]
        rows = [(rank, encode_values(elite, "an elite")) for rank, elite in enumerate(elites)]
        connection = self._ready()
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO generations VALUES (?, ?)", lines)
            connection.execute("DELETE FROM elites")
            connection.executemany("INSERT INTO elites VALUES (?, ?)", rows)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo(connection)
            raise StorageError(f"cannot write to {self.path}: {error}") from error

    def rewind(self, generation: int) -> None:
        try:
            self._ready().execute("DELETE FROM generations WHERE generation > ?", (generation,))
        except sqlite3.Error as error:
            raise StorageError(f"cannot write to {self.path}: {error}") from error

    def generations(self) -> list[dict[str, Any]]:
        return self._read("SELECT summary FROM generations ORDER BY generation")

    def elites(self) -> list[dict[str, Any]]:
        return self._read("SELECT record FROM elites ORDER BY rank")

    def _read(self, query: str) -> list[dict[str, Any]]:
        try:
            return [json.loads(text) for (text,) in self._ready().execute(query)]
        except sqlite3.Error as error:
            raise StorageError(f"cannot read {self.path}: {error}") from error

    def _ready(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StorageError(f"{self.path} is not open")
        return self._connection

    @staticmethod
    def _undo(connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # the next process to open the file rolls it back
