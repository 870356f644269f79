"""Tables of the SQLite storage, and making a connection ready to use them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from gigaevo.storage.base import StorageError

SCHEMA_VERSION = 3

# Records are apart from the columns that are scanned and changed often: a new state rewrites a few bytes, and
# reading all hashes does not touch the programs' text. The columns are the truth, whatever the record says.
_TABLES = (
    """CREATE TABLE programs (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        syntax_hash TEXT NOT NULL,
        number INTEGER NOT NULL
    )""",
    "CREATE TABLE records (position INTEGER PRIMARY KEY, record TEXT NOT NULL)",
    """CREATE TABLE parents (
        child TEXT NOT NULL,
        parent TEXT NOT NULL,
        PRIMARY KEY (child, parent)
    ) WITHOUT ROWID""",
    "CREATE TABLE journal (sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, payload TEXT NOT NULL)",
    "CREATE TABLE snapshots (sequence INTEGER PRIMARY KEY, state TEXT NOT NULL)",
)
_CALLS = "CREATE TABLE calls (number INTEGER PRIMARY KEY, key TEXT NOT NULL, request TEXT NOT NULL, reply TEXT)"
# Of searches among numbers.
_SEARCH = (
    "CREATE TABLE generations (generation INTEGER PRIMARY KEY, summary TEXT NOT NULL)",
    "CREATE TABLE elites (rank INTEGER PRIMARY KEY, record TEXT NOT NULL)",
)
_ADDED = {2: (_CALLS,), 3: _SEARCH}  # tables that each version has beyond the one before


def connect(path: Path, *, synchronous: str) -> sqlite3.Connection:
    """A connection in autocommit mode that several threads may use in turn, with write-ahead logging.

    Raises:
        sqlite3.Error: The file is no intact database.
    """
    # The time-out is for people who look into the file with other programs while a run writes to it.
    connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
    except UnicodeDecodeError as error:  # sqlite3 fails to tell which of its own words are broken
        connection.close()
        raise sqlite3.DatabaseError("malformed database schema") from error
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file, or those that a file of an earlier version lacks.

    Raises:
        StorageError: It was written by a newer version, or by another program.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise StorageError(
            f"{path} has schema version {version}, and this gigaevo knows up to {SCHEMA_VERSION}: "
            "go on with the newer gigaevo that wrote it"
        )
    if version == 0 and connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None:
        raise StorageError(f"{path} is an SQLite database, but not of a gigaevo run: choose another file")
    missing = [table for added, tables in _ADDED.items() if added > version for table in tables]
    connection.execute("BEGIN IMMEDIATE")
    for table in (*(_TABLES if version == 0 else ()), *missing):
        connection.execute(table)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
