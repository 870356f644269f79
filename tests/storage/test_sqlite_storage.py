"""The SQLite storage: the contract, and what a file brings with it."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from storage_contract import MakeStorage, StorageContract, collect, program

from gigaevo.programs import ProgramState
from gigaevo.storage import JournalEntry, LoggedCall, SqliteProgramStorage, StorageError, Transaction

WRITING_PROCESS = Path(__file__).with_name("writing_process.py")


class TestSqliteKeepsTheContract(StorageContract):
    @pytest.fixture(params=["full", "normal"])
    def make(self, tmp_path: Path, request: pytest.FixtureRequest) -> MakeStorage:
        return lambda: SqliteProgramStorage(path=tmp_path / "run.db", synchronous=request.param)


def start_writing(path: Path, prefix: str, *more: str) -> subprocess.Popen[str]:
    """Another process that writes to ``path``; returns once it has opened it."""
    command = [sys.executable, str(WRITING_PROCESS), str(path), prefix, *more]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    return child


def kill(child: subprocess.Popen[str]) -> list[str]:
    """Kill ``child`` as it stands; the complete lines it had still printed."""
    assert child.stdout is not None
    child.kill()
    rest = child.stdout.read()
    child.wait()
    child.stdout.close()
    return rest.split("\n")[:-1]


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    moments = random.Random(20)
    acknowledged: list[str] = []
    for attempt in range(10):
        child = start_writing(path, f"k{attempt}")
        assert child.stdout is not None
        acknowledged += [child.stdout.readline().strip() for _ in range(moments.randrange(1, 300))]
        acknowledged += kill(child)

        with sqlite3.connect(path) as looking:
            assert looking.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        looking.close()
        storage = SqliteProgramStorage(path=path)
        await storage.open()
        present = [found.id async for found in storage.programs()]
        entries = await collect(storage.journal())
        await storage.close()
        assert len(set(present)) == len(present)
        assert set(acknowledged) <= set(present)
        assert [entry.payload["id"] for entry in entries] == present
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))


async def test_a_second_writing_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    child = start_writing(path, "first")
    storage = SqliteProgramStorage(path=path)
    with pytest.raises(StorageError, match=rf"another process \({child.pid}\) is writing to .*run\.db"):
        await storage.open()
    kill(child)
    again = SqliteProgramStorage(path=path)
    await again.open()
    assert await again.commit(Transaction(journal=[JournalEntry(kind="mine", payload={})])) > 0
    await again.close()


async def test_two_storages_of_one_process_do_not_share_a_file(tmp_path: Path) -> None:
    first = SqliteProgramStorage(path=tmp_path / "run.db")
    await first.open()
    with pytest.raises(StorageError, match=f"another process \\({os.getpid()}\\)"):
        await SqliteProgramStorage(path=tmp_path / "run.db").open()
    await first.commit(Transaction(insert=[program("a")]))
    await first.close()


async def test_closing_leaves_one_file(tmp_path: Path) -> None:
    storage = SqliteProgramStorage(path=tmp_path / "run.db")
    await storage.open()
    await storage.commit(Transaction(insert=[program("a")]))
    await storage.count()
    await storage.close()
    assert [file.name for file in tmp_path.iterdir()] == ["run.db"]


async def test_only_the_newest_snapshots_stay(tmp_path: Path) -> None:
    storage = SqliteProgramStorage(path=tmp_path / "run.db", snapshots_kept=3)
    await storage.open()
    for k in range(10):
        await storage.commit(Transaction(journal=[JournalEntry(kind="k", payload={})], snapshot={"k": k}))
    await storage.close()
    with sqlite3.connect(tmp_path / "run.db") as looking:
        assert looking.execute("SELECT sequence FROM snapshots").fetchall() == [(8,), (9,), (10,)]
    looking.close()


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    storage = SqliteProgramStorage(path=path)
    await storage.open()
    await storage.close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StorageError, match=r"run\.db has schema version 99.*knows up to 3.*newer gigaevo"):
        await SqliteProgramStorage(path=path).open()


@pytest.mark.parametrize(
    ("version", "later"), [(1, ("calls", "generations", "elites")), (2, ("generations", "elites"))]
)
async def test_a_file_of_an_earlier_version_gets_the_later_tables_and_keeps_its_programs(
    tmp_path: Path, version: int, later: tuple[str, ...]
) -> None:
    path = tmp_path / "run.db"
    storage = SqliteProgramStorage(path=path)
    await storage.open()
    await storage.commit(Transaction(insert=[program("a")]))
    await storage.close()
    with sqlite3.connect(path) as older:
        for table in later:
            older.execute(f"DROP TABLE {table}")
        older.execute(f"PRAGMA user_version = {version}")
    older.close()
    again = SqliteProgramStorage(path=path)
    await again.open()
    with sqlite3.connect(path) as looking:
        assert looking.execute("SELECT count(*) FROM elites").fetchone() == (0,)
    looking.close()
    await again.commit(Transaction(calls=[LoggedCall(number=1, key="k", request={})]))
    assert [call.key async for call in again.calls()] == ["k"]
    assert await again.get("a") is not None
    await again.close()


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "run.db") as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StorageError, match="not of a gigaevo run"):
        await SqliteProgramStorage(path=tmp_path / "run.db").open()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.db").write_bytes(b"not a database " * 1000)
    with pytest.raises(StorageError, match=r"cannot open .*run\.db for writing: .*not a database"):
        await SqliteProgramStorage(path=tmp_path / "run.db").open()
    assert not (tmp_path / "run.db.lock").exists()


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot open .*nowhere/run\.db for writing: No such file"):
        await SqliteProgramStorage(path=tmp_path / "nowhere" / "run.db").open()


async def test_a_folder_that_may_not_be_written_to_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(65534)  # root may write anywhere
            with pytest.raises(StorageError, match=r"cannot open .*run\.db for writing: Permission denied"):
                await SqliteProgramStorage(path=folder / "run.db").open()
        finally:
            os.seteuid(user)


async def test_a_full_disk_fails_every_later_commit_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    child = start_writing(path, "p", "400000")  # no file may grow beyond that: the disk is full for this process
    output, _ = child.communicate()
    *acknowledged, message = output.strip().split("\n")
    assert message.startswith(f"cannot write to {path}: ")
    storage = SqliteProgramStorage(path=path)
    await storage.open()
    present = {found.id async for found in storage.programs()}
    assert acknowledged
    assert set(acknowledged) <= present
    await storage.commit(Transaction(insert=[program("again")]))
    await storage.close()


async def test_a_storage_that_failed_once_refuses_with_the_same_message(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    storage = SqliteProgramStorage(path=path)
    await storage.open()
    await storage.commit(Transaction(insert=[program("a")]))
    with sqlite3.connect(path) as breaking:
        breaking.execute("DROP TABLE records")
    breaking.close()
    results = await asyncio.gather(
        storage.commit(Transaction(insert=[program("b")])),
        storage.commit(Transaction(states={"a": ProgramState.DISCARDED})),
        return_exceptions=True,
    )
    with pytest.raises(StorageError) as later:
        await storage.commit(Transaction())
    assert {str(result) for result in results} == {str(later.value)}
    assert str(later.value).startswith(f"cannot write to {path}: no such table")
    with pytest.raises(StorageError, match=r"cannot read .*run\.db: no such table"):
        await storage.get("a")
    assert await storage.count() == {ProgramState.FRESH: 1}
    await storage.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"synchronous": "off"}, "synchronous is 'off'; it can be full or normal"),
        ({"snapshots_kept": 0}, "at least 1"),
    ],
)
def test_impossible_arguments_are_refused(tmp_path: Path, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SqliteProgramStorage(path=tmp_path / "run.db", **arguments)
