"""What a search among numbers keeps: summaries and elites, together or not at all."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gigaevo.storage.base import StorageError
from gigaevo.storage.search import SqliteSearchStorage


def opened(path: Path, **arguments: Any) -> SqliteSearchStorage:
    storage = SqliteSearchStorage(path=path, **arguments)
    storage.open()
    return storage


def line(generation: int, best: float = 0.5) -> dict[str, Any]:
    return {"generation": generation, "best": best}


def test_what_is_kept_is_there_again(tmp_path: Path) -> None:
    storage = opened(tmp_path / "run.db")
    storage.keep([line(1), line(2)], [{"genome": [1, 2], "fitness": 3.0}])
    storage.keep([line(3)], [{"genome": [4, 5], "fitness": 2.0}, {"genome": [6, 7], "fitness": 9.0}])
    storage.close()
    storage.close()
    assert [path.name for path in tmp_path.iterdir()] == ["run.db"]
    again = opened(tmp_path / "run.db", synchronous="normal")
    assert again.generations() == [line(1), line(2), line(3)]
    assert [elite["genome"] for elite in again.elites()] == [[4, 5], [6, 7]]  # the new ones, in their order
    again.close()


def test_a_search_that_goes_on_forgets_what_it_does_not_know_of(tmp_path: Path) -> None:
    storage = opened(tmp_path / "run.db")
    storage.keep([line(number) for number in range(1, 9)], [])
    storage.rewind(5)
    assert [kept["generation"] for kept in storage.generations()] == [1, 2, 3, 4, 5]
    storage.keep([line(5, best=0.1), line(6)], [])
    assert storage.generations()[-2:] == [line(5, best=0.1), line(6)]
    storage.close()


def test_nothing_of_what_cannot_be_kept_is_kept(tmp_path: Path) -> None:
    storage = opened(tmp_path / "run.db")
    storage.keep([line(1)], [{"genome": [1]}])
    with pytest.raises(StorageError, match="an elite holds a value that is not JSON"):
        storage.keep([line(2)], [{"genome": object()}])
    storage._ready().execute("CREATE TRIGGER full BEFORE INSERT ON elites BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(StorageError, match=r"cannot write to .*run\.db: disk full"):
        storage.keep([line(2)], [{"genome": [2]}])
    assert (storage.generations(), storage.elites()) == ([line(1)], [{"genome": [1]}])
    storage.close()


def test_one_process_writes_at_a_time(tmp_path: Path) -> None:
    storage = opened(tmp_path / "run.db")
    with pytest.raises(StorageError, match="another process"):
        opened(tmp_path / "run.db")
    storage.close()
    opened(tmp_path / "run.db").close()


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="synchronous is 'never'; it can be full or normal"):
        SqliteSearchStorage(path=tmp_path / "run.db", synchronous="never")
    with pytest.raises(StorageError, match="is not open"):
        SqliteSearchStorage(path=tmp_path / "run.db").elites()
    (tmp_path / "run.db").write_bytes(b"not a database " * 1000)
    with pytest.raises(StorageError, match="must be an intact run database"):
        opened(tmp_path / "run.db")
    assert not (tmp_path / "run.db.lock").exists()


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "run.db") as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StorageError, match="not of a gigaevo run"):
        opened(tmp_path / "run.db")


def test_a_file_whose_tables_are_no_text_is_told_of_as_broken(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    opened(path).close()
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE elites", b"CREATE\xdbTABLE elites"))
    with pytest.raises(StorageError, match=r"cannot open .*run\.db for writing: .*; it must be an intact run database"):
        opened(path)
