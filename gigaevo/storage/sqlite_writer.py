"""The writing half of the SQLite storage: one thread that commits everything which waits in one go."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from gigaevo.storage.base import StorageError, Transaction
from gigaevo.storage.record import encode_program, encode_values


@dataclass(frozen=True, slots=True)
class ProgramRow:
    """One program as its tables keep it."""

    id: str
    state: str
    syntax_hash: str
    number: int
    record: str
    parents: Sequence[str]


@dataclass(frozen=True, slots=True)
class EncodedTransaction:
    """A transaction as text: what becomes of its programs afterwards does not matter any more."""

    insert: Sequence[ProgramRow]
    update: Sequence[ProgramRow]
    states: Mapping[str, str]
    journal: Sequence[tuple[str, str]]
    snapshot: str | None
    calls: Sequence[tuple[int, str, str, str | None]]
    replies: Sequence[tuple[int, str]]

    @classmethod
    def of(cls, transaction: Transaction) -> EncodedTransaction:
        """``transaction`` as it is now.

        Raises:
            StorageError: It holds a value that is not JSON.
        """
        insert, update = (
            [
                ProgramRow(p.id, p.state.value, p.syntax_hash, p.number, encode_program(p), tuple(p.parents))
                for p in programs
            ]
            for programs in (transaction.insert, transaction.update)
        )
        return cls(
            insert=insert,
            update=update,
            states={program_id: state.value for program_id, state in transaction.states.items()},
            journal=[
                (entry.kind, encode_values(entry.payload, f"journal entry {entry.kind!r}"))
                for entry in transaction.journal
            ],
            snapshot=None if transaction.snapshot is None else encode_values(transaction.snapshot, "the snapshot"),
            calls=[
                (call.number, call.key, encode_values(call.request, "a request"), _reply_text(call.reply))
                for call in transaction.calls
            ],
            replies=[(number, encode_values(reply, "a reply")) for number, reply in transaction.replies.items()],
        )


def _reply_text(reply: Mapping[str, Any] | None) -> str | None:
    return None if reply is None else encode_values(reply, "a reply")


Pending: TypeAlias = tuple[EncodedTransaction, "asyncio.Future[int]"]
Outcome: TypeAlias = int | StorageError


class GroupCommitWriter:
    """Takes transactions in order and makes them durable, as many at once as wait when the disk is free.

    Each transaction has a savepoint of its own: one that is refused leaves nothing and does not disturb its
    neighbours. When the file itself fails (disk full, removed, corrupt), the batch is undone and every later
    transaction is refused with the same message.

    Args:
        connection: Used by the writer's thread alone, in autocommit mode.
        name: How messages call the file.
        snapshots_kept: Newest snapshots that stay.
    """

    def __init__(self, connection: sqlite3.Connection, *, name: str, snapshots_kept: int) -> None:
        self._connection = connection
        self._name = name
        self._snapshots_kept = snapshots_kept
        self._queue: queue.SimpleQueue[Pending | None] = queue.SimpleQueue()
        self._failure: str | None = None
        self._sequence: int
        (self._sequence,) = connection.execute("SELECT coalesce(max(sequence), 0) FROM journal").fetchone()
        # A daemon: an interpreter that ends without close() loses what was not acknowledged, as after a kill.
        self._thread = threading.Thread(target=self._run, name="gigaevo-storage", daemon=True)
        self._thread.start()

    def submit(self, transaction: EncodedTransaction, future: asyncio.Future[int]) -> None:
        """Queue ``transaction``; ``future`` gets the journal's last sequence number, or a StorageError."""
        self._queue.put((transaction, future))

    def finish(self) -> None:
        """Write what is queued, then end the thread. Blocks."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            batch = [self._queue.get()]
            while not self._queue.empty():  # nobody else takes from it
                batch.append(self._queue.get())
            pending = [item for item in batch if item is not None]
            ending = len(pending) < len(batch)
            if pending:
                _resolve(pending, self._write([transaction for transaction, _ in pending]))

    def _write(self, batch: Sequence[EncodedTransaction]) -> list[Outcome]:
        """Commit ``batch``; one outcome each."""
        before = self._sequence
        if self._failure is None:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                outcomes = [self._write_one(transaction) for transaction in batch]
                self._connection.execute("COMMIT")
                return outcomes
            except Exception as error:  # whatever it is: the file's content is unknown to us from here on
                self._failure = f"cannot write to {self._name}: {error}"
                self._sequence = before
                self._undo()
        return [StorageError(self._failure) for _ in batch]

    def _undo(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # the next process to open the file rolls it back

    def _write_one(self, transaction: EncodedTransaction) -> Outcome:
        before = self._sequence
        execute = self._connection.execute
        execute("SAVEPOINT one")
        try:
            self._apply(transaction)
        except (StorageError, sqlite3.DataError, UnicodeError) as error:
            execute("ROLLBACK TO one")
            self._sequence = before
            return error if isinstance(error, StorageError) else StorageError(f"{self._name} cannot keep this: {error}")
        finally:
            if self._connection.in_transaction:  # a full disk has ended the whole transaction already
                execute("RELEASE one")
        return self._sequence

    def _apply(self, transaction: EncodedTransaction) -> None:
        for row in transaction.insert:
            self._insert(row)
        for row in transaction.update:
            self._update(row)
        for program_id, state in transaction.states.items():
            cursor = self._connection.execute("UPDATE programs SET state = ? WHERE id = ?", (state, program_id))
            self._expect_one(cursor, program_id)
        for kind, payload in transaction.journal:
            self._sequence += 1
            self._connection.execute("INSERT INTO journal VALUES (?, ?, ?)", (self._sequence, kind, payload))
        if transaction.snapshot is not None:
            self._snapshot(transaction.snapshot)
        for call in transaction.calls:
            self._begin_call(call)
        for number, reply in transaction.replies:
            cursor = self._connection.execute("UPDATE calls SET reply = ? WHERE number = ?", (reply, number))
            if cursor.rowcount != 1:
                raise StorageError(f"call {number} is not in {self._name}: log its request before its reply")

    def _begin_call(self, call: tuple[int, str, str, str | None]) -> None:
        try:
            self._connection.execute("INSERT INTO calls VALUES (?, ?, ?, ?)", call)
        except sqlite3.IntegrityError:
            raise StorageError(f"call {call[0]} exists already in {self._name}") from None

    def _insert(self, row: ProgramRow) -> None:
        try:
            cursor = self._connection.execute(
                "INSERT INTO programs (id, state, syntax_hash, number) VALUES (?, ?, ?, ?)",
                (row.id, row.state, row.syntax_hash, row.number),
            )
        except sqlite3.IntegrityError:
            raise StorageError(f"program {row.id} exists already in {self._name}") from None
        self._connection.execute("INSERT INTO records VALUES (?, ?)", (cursor.lastrowid, row.record))
        self._insert_parents(row)

    def _update(self, row: ProgramRow) -> None:
        cursor = self._connection.execute(
            "UPDATE programs SET state = ?, syntax_hash = ?, number = ? WHERE id = ?",
            (row.state, row.syntax_hash, row.number, row.id),
        )
        self._expect_one(cursor, row.id)
        self._connection.execute(
            "UPDATE records SET record = ? WHERE position = (SELECT position FROM programs WHERE id = ?)",
            (row.record, row.id),
        )
        self._connection.execute("DELETE FROM parents WHERE child = ?", (row.id,))
        self._insert_parents(row)

    def _insert_parents(self, row: ProgramRow) -> None:
        for parent in row.parents:
            self._connection.execute("INSERT OR IGNORE INTO parents VALUES (?, ?)", (row.id, parent))

    def _expect_one(self, cursor: sqlite3.Cursor, program_id: str) -> None:
        if cursor.rowcount != 1:
            raise StorageError(f"program {program_id} is not in {self._name}: insert it before changing it")

    def _snapshot(self, state: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?)", (self._sequence, state))
        self._connection.execute(
            "DELETE FROM snapshots WHERE sequence NOT IN"
            " (SELECT sequence FROM snapshots ORDER BY sequence DESC LIMIT ?)",
            (self._snapshots_kept,),
        )


def _resolve(pending: Sequence[Pending], outcomes: Sequence[Outcome]) -> None:
    """Tell those who wait: one wake-up for each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[int], Outcome]]] = {}
    for (_, future), outcome in zip(pending, outcomes, strict=True):
        by_loop.setdefault(future.get_loop(), []).append((future, outcome))
    for loop, results in by_loop.items():
        try:
            loop.call_soon_threadsafe(_set_results, results)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more


def _set_results(results: Sequence[tuple[asyncio.Future[int], Outcome]]) -> None:
    for future, outcome in results:
        if isinstance(outcome, StorageError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
