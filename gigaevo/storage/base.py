"""What a storage is: programs and one ordered journal, durable together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gigaevo.programs import Program, ProgramState


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One thing that happened. The order of ``sequence`` is the order in which the run's state came about.

    Attributes:
        kind: What happened; the engine owns the words.
        payload: JSON values.
        sequence: Position in the journal, from 1; 0 while it is not written.
    """

    kind: str
    payload: Mapping[str, Any]
    sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCall:
    """One attempt to get an answer out of a service, kept word for word.

    Attributes:
        number: Unique in a run, from 1; the order in which calls were begun.
        key: What the call is for; attempts at the same thing share it.
        request: What was sent, and what was set aside for it; JSON values.
        reply: What came of it, JSON values; None while that is not known, and for ever where a crash came between.
    """

    number: int
    key: str
    request: Mapping[str, Any]
    reply: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What becomes durable together or not at all.

    Attributes:
        insert: New programs.
        update: Programs whose whole record is written again.
        states: New states of programs whose record does not change otherwise.
        journal: Entries, in order.
        snapshot: The run's whole state as of the last entry of ``journal``; None for no snapshot.
        calls: Calls that are being begun, each with a number that is new; those whose reply is known have it.
        replies: What came of calls that were begun before, by their number.
    """

    insert: Sequence[Program] = ()
    update: Sequence[Program] = ()
    states: Mapping[str, ProgramState] = field(default_factory=dict)
    journal: Sequence[JournalEntry] = ()
    snapshot: Mapping[str, Any] | None = None
    calls: Sequence[LoggedCall] = ()
    replies: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


class StorageError(RuntimeError):
    """The storage cannot do what was asked; the message says what, where, and what would be right."""


class ProgramStorage(ABC):
    """Durable truth of one run."""

    @abstractmethod
    async def open(self) -> None:
        """Make ready.

        Raises:
            StorageError: It is of another schema version, or another process is writing to it.
        """

    @abstractmethod
    async def close(self) -> None:
        """Write what is pending, then let go. May be called twice."""

    @abstractmethod
    def commit(self, transaction: Transaction) -> Awaitable[int]:
        """Make ``transaction`` durable; the awaitable is done once it is.

        Transactions take effect in the order of the calls: the place in the order is taken, and the programs
        are copied, when ``commit`` is called, whether or not the result is awaited at once. Reads that are
        asked for later see it.

        Returns:
            Sequence number of the last journal entry written so far.

        Raises:
            StorageError: A program of ``insert`` or a call exists already, one of ``update``, ``states`` or
                ``replies`` does not, a value is not JSON, or the storage failed or is closed. Nothing of the
                transaction is written.
        """

    @abstractmethod
    async def get(self, program_id: str) -> Program | None:
        """The program as last committed."""

    @abstractmethod
    async def get_many(self, program_ids: Iterable[str]) -> dict[str, Program]:
        """Programs by id; unknown ids are left out."""

    @abstractmethod
    def programs(self, *, states: Iterable[ProgramState] | None = None) -> AsyncIterator[Program]:
        """Programs in order of insertion, in pages, optionally those in given states."""

    @abstractmethod
    async def count(self) -> Mapping[ProgramState, int]:
        """Number of programs in each state."""

    @abstractmethod
    async def hashes(self) -> dict[str, str]:
        """Syntax hash to id of every program that has one; the first inserted where several share it."""

    @abstractmethod
    async def lineage(self, program_id: str) -> list[tuple[str, str]]:
        """(child, parent) pairs of a program's whole ancestry, without duplicates."""

    @abstractmethod
    async def latest_snapshot(self) -> tuple[int, dict[str, Any]] | None:
        """Sequence number and state of the newest snapshot; None where there is none."""

    @abstractmethod
    def calls(self) -> AsyncIterator[LoggedCall]:
        """All logged calls, in pages, by number."""

    @abstractmethod
    def journal(self, *, after: int = 0) -> AsyncIterator[JournalEntry]:
        """Entries with ``sequence > after``, in order."""


class SearchStorage(ABC):
    """Durable truth of one search among numbers: what became of its generations, and its elites. Not every vector."""

    @abstractmethod
    def open(self) -> None:
        """Make ready.

        Raises:
            StorageError: It is of another schema version, or another process is writing to it.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go. May be called twice."""

    @abstractmethod
    def keep(self, generations: Sequence[Mapping[str, Any]], elites: Sequence[Mapping[str, Any]]) -> None:
        """Add summaries of generations, and replace the elites; both are durable together once it returns.

        Args:
            generations: JSON values, each with the number ``generation``; one that is known is replaced.
            elites: JSON values, the best first: the best genome, a Pareto front, or an archive.

        Raises:
            StorageError: A value is not JSON, or the storage failed or is closed. Nothing is written.
        """

    @abstractmethod
    def rewind(self, generation: int) -> None:
        """Forget generations after ``generation``, of which a search that goes on there knows nothing."""

    @abstractmethod
    def generations(self) -> list[dict[str, Any]]:
        """The summaries, in order."""

    @abstractmethod
    def elites(self) -> list[dict[str, Any]]:
        """The elites as last kept."""
