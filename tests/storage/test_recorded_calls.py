"""RecordedCalls: another run's calls are read, and its folder is left as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from gigaevo.storage import LoggedCall, StorageError, Transaction
from gigaevo.storage.recorded_calls import RecordedCalls
from gigaevo.storage.sqlite import SqliteProgramStorage

CALLS = [
    LoggedCall(number=1, key="a", request={"try": 0}, reply={"final": False}),
    LoggedCall(number=2, key="a", request={"try": 1}, reply={"final": True, "text": "früh"}),
    LoggedCall(number=3, key="b", request={"try": 0}, reply={"final": False}),
    LoggedCall(number=4, key="a", request={"try": 0}, reply={"final": True, "text": "spät"}),
    LoggedCall(number=5, key="c", request={"try": 0}),
]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[SqliteProgramStorage]:
    """A run that has made its calls and still goes on."""
    storage = SqliteProgramStorage(path=tmp_path / "run.db")
    await storage.open()
    await storage.commit(Transaction(calls=CALLS))
    yield storage
    await storage.close()


@pytest.mark.parametrize("ended", [True, False])
async def test_the_last_marked_call_of_each_key_is_found(running: SqliteProgramStorage, *, ended: bool) -> None:
    if ended:
        await running.close()
    before = {path.name: path.read_bytes() for path in running.path.parent.iterdir()} if ended else {}
    recorded = RecordedCalls(running.path)
    assert await recorded.last("final") == {"a": 4}
    assert await recorded.call(4) == CALLS[3]
    assert await recorded.call(5) == CALLS[4]
    assert await recorded.call(6) is None
    await recorded.close()
    await recorded.close()
    if ended:
        assert {path.name: path.read_bytes() for path in running.path.parent.iterdir()} == before


async def test_what_is_no_run_database_is_said_in_one_line(tmp_path: Path, running: SqliteProgramStorage) -> None:
    with pytest.raises(StorageError, match=r"nothing\.db is not there: it must be the database of a run"):
        RecordedCalls(tmp_path / "nothing.db")
    (tmp_path / "text.db").write_text("no database at all, but long enough to be looked at" * 20)
    with pytest.raises(StorageError, match=r"cannot read .*text\.db: file is not a database; it must be an intact run"):
        RecordedCalls(tmp_path / "text.db")
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        old.execute("PRAGMA user_version = 1")
    with pytest.raises(StorageError, match=r"old\.db holds no calls: it was written before calls were kept"):
        RecordedCalls(tmp_path / "old.db")
