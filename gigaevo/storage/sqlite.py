"""The embedded storage: one SQLite file in the run's folder, no server."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from gigaevo.programs import Program, ProgramState
from gigaevo.storage.base import JournalEntry, LoggedCall, ProgramStorage, StorageError, Transaction
from gigaevo.storage.lock import WriterLock
from gigaevo.storage.record import decode_program
from gigaevo.storage.sqlite_schema import connect, prepare
from gigaevo.storage.sqlite_writer import EncodedTransaction, GroupCommitWriter

T = TypeVar("T")

_SYNCHRONOUS = ("full", "normal")
_PAGE = 256  # programs or journal entries read at a time
_IDS_PER_QUERY = 500  # SQLite's least limit on parameters is 999

_PROGRAMS = "SELECT position, state, record FROM programs JOIN records USING (position)"
_LINEAGE = """
    WITH RECURSIVE ancestry (child, parent) AS (
        SELECT child, parent FROM parents WHERE child = ?
        UNION
        SELECT parents.child, parents.parent FROM parents JOIN ancestry ON parents.child = ancestry.parent
    )
    SELECT child, parent FROM ancestry
"""


class SqliteProgramStorage(ProgramStorage):
    """Programs and journal in one SQLite file, with write-ahead logging and group commit.

    Commits queue up for one writer thread, which makes all that wait durable at once; reads have a connection
    and a thread of their own and see every commit that was asked for before them. The event loop never waits
    for the disk. For one event loop, and for local disks: SQLite's locks do not work on network file systems.

    Args:
        path: The file; its folder must exist.
        synchronous: ``"full"``: what was acknowledged survives a power cut. ``"normal"``: it survives the
            death of the process, not of the machine; faster on disks that are slow to flush.
        snapshots_kept: Newest snapshots that stay, at least 1.

    Raises:
        ValueError: An argument is not one of those.
    """

    def __init__(self, *, path: str | Path, synchronous: str = "full", snapshots_kept: int = 2) -> None:
        if synchronous not in _SYNCHRONOUS:
            raise ValueError(f"synchronous is {synchronous!r}; it can be {' or '.join(_SYNCHRONOUS)}")
        if snapshots_kept < 1:
            raise ValueError(f"snapshots_kept is {snapshots_kept}; it must be at least 1")
        self.path = Path(path)
        self._synchronous = synchronous
        self._snapshots_kept = snapshots_kept
        self._reader: sqlite3.Connection | None = None
        self._reading: ThreadPoolExecutor | None = None
        self._writer: GroupCommitWriter | None = None
        self._latest: asyncio.Future[int] | None = None
        self._open_files = ExitStack()
        self._closing: asyncio.Future[None] | None = None

    async def open(self) -> None:
        if self._reading is not None:
            raise StorageError(f"{self.path} was opened before; make a new storage to open it again")
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gigaevo-storage-reads")
        try:
            await asyncio.get_running_loop().run_in_executor(self._reading, self._open)
        except BaseException:
            self._reading.shutdown(wait=False)
            raise

    def _open(self) -> None:
        try:
            with ExitStack() as opened:
                lock = WriterLock(self.path)
                opened.callback(lock.release)
                writing = connect(self.path, synchronous=self._synchronous)
                opened.callback(writing.close)
                prepare(writing, self.path)
                reading = connect(self.path, synchronous=self._synchronous)
                opened.callback(reading.close)
                reading.execute("PRAGMA query_only = 1")
                writer = GroupCommitWriter(writing, name=str(self.path), snapshots_kept=self._snapshots_kept)
                self._open_files = opened.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"cannot open {self.path} for writing: {_reason(error)}; it must be an intact run database, "
                "or a new file, in a folder that may be written to"
            ) from error
        self._open_files.callback(_truncate_log, writing)
        self._open_files.callback(writer.finish)
        self._reader, self._writer = reading, writer

    async def close(self) -> None:
        if self._closing is None:
            if self._reading is None or self._writer is None:
                return
            self._writer = None  # from here on commits are refused
            self._closing = asyncio.get_running_loop().run_in_executor(self._reading, self._open_files.close)
            self._reading.shutdown(wait=False)
        await asyncio.shield(self._closing)

    def commit(self, transaction: Transaction) -> Awaitable[int]:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        try:
            if self._writer is None:
                raise StorageError(self._not_open())
            self._writer.submit(EncodedTransaction.of(transaction), future)
        except StorageError as error:
            future.set_exception(error)
        else:
            self._latest = future
        return asyncio.shield(future)  # who stops waiting does not stop the commit

    async def get(self, program_id: str) -> Program | None:
        return (await self.get_many([program_id])).get(program_id)

    async def get_many(self, program_ids: Iterable[str]) -> dict[str, Program]:
        wanted = list(dict.fromkeys(program_ids))

        def read(connection: sqlite3.Connection) -> dict[str, Program]:
            found = {}
            for start in range(0, len(wanted), _IDS_PER_QUERY):
                ids = wanted[start : start + _IDS_PER_QUERY]
                for _, program in _select_programs(connection, f"WHERE id IN ({_marks(ids)})", ids):
                    found[program.id] = program
            return {program_id: found[program_id] for program_id in wanted if program_id in found}

        return await self._read(read)

    async def programs(self, *, states: Iterable[ProgramState] | None = None) -> AsyncIterator[Program]:
        wanted = None if states is None else [state.value for state in states]
        among = "" if wanted is None else f"AND state IN ({_marks(wanted)})"
        clause = f"WHERE position > ? {among} ORDER BY position LIMIT {_PAGE}"
        after = 0
        while True:
            parameters = [after, *(wanted or ())]
            page = await self._read(partial(_select_programs, clause=clause, parameters=parameters))
            for after, program in page:  # noqa: B007 (the last position is where the next page begins)
                yield program
            if len(page) < _PAGE:
                return

    async def count(self) -> Mapping[ProgramState, int]:
        rows = await self._fetch("SELECT state, count(*) FROM programs GROUP BY state")
        return {ProgramState(state): number for state, number in rows}

    async def hashes(self) -> dict[str, str]:
        # Latest first, so that the first of each hash has the last word.
        query = "SELECT syntax_hash, id FROM programs WHERE syntax_hash <> '' ORDER BY position DESC"
        return dict(await self._fetch(query))

    async def lineage(self, program_id: str) -> list[tuple[str, str]]:
        return await self._fetch(_LINEAGE, (program_id,))

    async def latest_snapshot(self) -> tuple[int, dict[str, Any]] | None:
        rows = await self._fetch("SELECT sequence, state FROM snapshots ORDER BY sequence DESC LIMIT 1")
        return None if not rows else (rows[0][0], json.loads(rows[0][1]))

    async def journal(self, *, after: int = 0) -> AsyncIterator[JournalEntry]:
        query = f"SELECT sequence, kind, payload FROM journal WHERE sequence > ? ORDER BY sequence LIMIT {_PAGE}"
        while True:
            page = await self._fetch(query, (after,))
            for sequence, kind, payload in page:
                yield JournalEntry(kind=kind, payload=json.loads(payload), sequence=sequence)
            if len(page) < _PAGE:
                return
            after = page[-1][0]

    async def calls(self) -> AsyncIterator[LoggedCall]:
        query = f"SELECT number, key, request, reply FROM calls WHERE number > ? ORDER BY number LIMIT {_PAGE}"
        after = 0
        while True:
            page = await self._fetch(query, (after,))
            for after, key, request, reply in page:
                answer = None if reply is None else json.loads(reply)
                yield LoggedCall(number=after, key=key, request=json.loads(request), reply=answer)
            if len(page) < _PAGE:
                return

    async def _fetch(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return await self._read(lambda connection: connection.execute(query, parameters).fetchall())

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Result of ``query``, asked in the reading thread once all commits up to now are done."""
        if self._writer is None or self._reading is None or self._reader is None:
            raise StorageError(self._not_open())
        reader = self._reader
        if self._latest is not None and not self._latest.done():
            await asyncio.wait([self._latest])
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reading, query, reader)
        except sqlite3.Error as error:
            raise StorageError(f"cannot read {self.path}: {error}") from error

    def _not_open(self) -> str:
        return f"{self.path} is {'closed' if self._closing is not None else 'not open yet'}"


def _select_programs(
    connection: sqlite3.Connection, clause: str, parameters: Sequence[Any]
) -> list[tuple[int, Program]]:
    """(position, program) of the rows that ``clause`` chooses."""
    found = []
    for position, state, record in connection.execute(f"{_PROGRAMS} {clause}", parameters):
        program = decode_program(record)
        program.state = ProgramState(state)
        found.append((position, program))
    return found


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _truncate_log(connection: sqlite3.Connection) -> None:
    """Move the write-ahead log into the file, so that one file stays."""
    with suppress(sqlite3.Error):  # nothing is lost: the next to open the file does it
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _reason(error: OSError | sqlite3.Error) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
