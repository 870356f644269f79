"""A folder of results: one SQLite file that several runs may use at a time."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from gigaevo.evaluation.stage import StageResult
from gigaevo.programs import Cost, ProgramError

FILE = "results.db"
BUSY_S = 0.1  # how long another run's write is waited for: what cannot be kept at once is not kept
OPENING_S = 5.0  # the same while the file is made
# The sizes come before the texts, so that they can be summed without reading these.
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS results "
    "(key BLOB PRIMARY KEY, digest BLOB NOT NULL, size INTEGER NOT NULL, body TEXT NOT NULL)"
)
_SHARE_UNSEEN = 0.125  # of the room, written between two looks at how much there is
_SHARE_LEFT = 0.9  # of the room, once the oldest have gone
_REMOVE_OLDEST = (
    "DELETE FROM results WHERE rowid <= (SELECT rowid FROM (SELECT rowid, SUM(size) OVER (ORDER BY rowid) AS freed "
    "FROM results) WHERE freed >= ? ORDER BY rowid LIMIT 1)"
)


class ResultFolder:
    """Results by key, in one file; the oldest go when there are too many.

    Each entry is written in one step and carries a digest of itself. What is damaged is passed over and said once, and
    where the file itself cannot be used the run goes on without it.

    Args:
        folder: Made if it is not there.
        max_bytes: Greatest sum of the entries' sizes; now and then an eighth more for each run that writes.

    Raises:
        ValueError: The folder cannot be made or written to.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self.path = folder / FILE
        self._max_bytes = max_bytes
        self._unseen = max_bytes  # bytes written since the last look
        self._damage_is_told = False
        self._file: sqlite3.Connection | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(self.path, timeout=OPENING_S, isolation_level=None)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._file.execute(_SCHEMA)
            self._file.execute(f"PRAGMA busy_timeout={int(1000 * BUSY_S)}")
        except OSError as error:
            raise ValueError(f"the cache folder {folder} cannot be made: {error.strerror or error}") from None
        except sqlite3.OperationalError as error:
            self.close()
            raise ValueError(f"the cache {self.path} cannot be used: {error}") from None
        except sqlite3.DatabaseError as error:
            self._give_up(error)

    def get(self, key: bytes) -> StageResult | None:
        """A result; None where there is none that can be read."""
        if self._file is None:
            return None
        try:
            row = self._file.execute("SELECT body, digest FROM results WHERE key = ?", (key,)).fetchone()
        except sqlite3.OperationalError:  # another run holds the file
            return None
        except sqlite3.DatabaseError as error:
            self._give_up(error)
            return None
        if row is None:
            return None
        body, digest = row
        try:
            if _digest(body) != digest:
                raise ValueError("its digest differs")
            return _read(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._tell_damage(f"an entry is damaged ({error})")
            return None

    def put(self, key: bytes, result: StageResult) -> None:
        """Keep a result, if JSON can hold it and nobody else is writing for long. An entry of this key is replaced."""
        if self._file is None or not _is_json(result.value):
            return
        try:
            body = json.dumps(_written(result), separators=(",", ":"))
        except (TypeError, ValueError, RecursionError):
            return
        try:
            row = (key, _digest(body), len(body), body)
            self._file.execute("INSERT OR REPLACE INTO results (key, digest, size, body) VALUES (?, ?, ?, ?)", row)
            self._unseen += len(body)
            if self._unseen > _SHARE_UNSEEN * self._max_bytes:
                self._make_room()
        except sqlite3.OperationalError:
            return
        except sqlite3.DatabaseError as error:
            self._give_up(error)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _make_room(self) -> None:
        """Take out the oldest until a tenth of the room is free, if there is too much."""
        assert self._file is not None
        self._unseen = 0
        size = self._file.execute("SELECT COALESCE(SUM(size), 0) FROM results").fetchone()[0]
        if size > self._max_bytes:
            self._file.execute(_REMOVE_OLDEST, (size - _SHARE_LEFT * self._max_bytes,))

    def _give_up(self, error: sqlite3.DatabaseError) -> None:
        self._tell_damage(f"it cannot be used any more ({error})")
        self.close()

    def _tell_damage(self, what: str) -> None:
        if not self._damage_is_told:
            from loguru import logger

            self._damage_is_told = True
            logger.warning("cache {}: {}; it is computed anew. Remove the file to be rid of this", self.path, what)


def _digest(body: Any) -> bytes:
    return hashlib.blake2b(str(body).encode(), digest_size=16).digest()


def _written(result: StageResult) -> dict[str, Any]:
    return {
        "metrics": dict(result.metrics),
        "artifacts": dict(result.artifacts),
        "output": result.output,
        "value": result.value,
        "error": None if result.error is None else result.error.model_dump(mode="json"),
        "cost": None if result.cost is None else result.cost.model_dump(mode="json"),
    }


def _read(entry: dict[str, Any]) -> StageResult:
    error, cost = entry["error"], entry["cost"]
    return StageResult(
        metrics={str(name): float(value) for name, value in entry["metrics"].items()},
        artifacts=dict(entry["artifacts"]),
        output=entry["output"],
        value=entry["value"],
        error=None if error is None else ProgramError.model_validate(error),
        cost=None if cost is None else Cost.model_validate(cost),
    )


def _is_json(value: Any) -> bool:
    """Whether JSON gives ``value`` back as it is, of the same types."""
    if isinstance(value, dict) and type(value) is dict:
        return all(type(key) is str and _is_json(item) for key, item in value.items())
    if type(value) is list:
        return all(map(_is_json, value))
    return value is None or type(value) in (bool, int, float, str)
