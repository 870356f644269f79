"""Replies that runs share: what was answered once need not be paid for again."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gigaevo.llm.base import NoReply, Reply, Request

FILE = "replies.db"
BUSY_S = 0.1  # how long another run's write is waited for: what cannot be kept at once is not kept
OPENING_S = 5.0  # the same while the file is made
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS replies "
    "(question BLOB NOT NULL, turn INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (question, turn)) WITHOUT ROWID"
)
_KEEP = (
    "INSERT INTO replies (question, turn, body) "
    "VALUES (?1, (SELECT coalesce(max(turn) + 1, 0) FROM replies WHERE question = ?1), ?2)"
)


class ReplyCache:
    """Replies by question, in one SQLite file that runs may use at a time. They stay until the folder is deleted.

    A question is the model that is asked first, everything that is sent with the messages, and the messages. What asked
    it, and when, does not matter. Asked again within a run, a question gets the second reply of those that are kept,
    or goes to the model: repeated sampling still varies. Only digests of questions are kept, and what models said.

    The run goes on without the cache where its file cannot be used.

    Args:
        folder: Made if it is not there; None for no cache.

    Raises:
        ValueError: The folder cannot be made or written to.
    """

    def __init__(self, *, folder: str | Path | None = None) -> None:
        self._file: sqlite3.Connection | None = None
        self._settings: dict[str, str] = {}
        self._asked: dict[bytes, int] = {}  # how often, in this run
        if folder is None:
            return
        path = Path(folder).expanduser() / FILE
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=OPENING_S, isolation_level=None)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._file.execute(_SCHEMA)
            self._file.execute(f"PRAGMA busy_timeout={int(1000 * BUSY_S)}")
        except OSError as error:
            raise ValueError(f"the cache folder {path.parent} cannot be made: {error.strerror or error}") from None
        except sqlite3.Error as error:
            self._let_go()
            raise ValueError(f"the cache {path} cannot be used: {error}") from None

    def bind(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """See ``gigaevo.llm.base.Answers``."""
        self._settings = {name: json.dumps(sent, sort_keys=True) for name, sent in settings.items()}

    async def find(self, request: Request) -> Reply | NoReply | None:
        """See ``gigaevo.llm.base.Answers``."""
        if self._file is None or not request.models:
            return None
        question = self._question(request, request.models[0])
        turn = self._asked.get(question, 0)
        self._asked[question] = turn + 1
        try:
            row = self._file.execute(
                "SELECT body FROM replies WHERE question = ? AND turn = ?", (question, turn)
            ).fetchone()
        except sqlite3.OperationalError:  # another run holds the file
            return None
        except sqlite3.Error:
            self._let_go()
            return None
        if row is None:
            return None
        body = json.loads(row[0])
        return Reply(text=body["text"], finish=body["finish"], model=request.models[0], cached=True)

    async def keep(self, request: Request, reply: Reply) -> None:
        """See ``gigaevo.llm.base.Answers``. A reply of a model that stood in is an answer to it, not to the first."""
        if self._file is None or reply.model not in self._settings:
            return
        body = json.dumps({"text": reply.text, "finish": reply.finish})
        try:
            self._file.execute(_KEEP, (self._question(request, reply.model), body))
        except sqlite3.OperationalError:
            return
        except sqlite3.Error:
            self._let_go()

    async def close(self) -> None:
        """See ``gigaevo.llm.base.Answers``."""
        self._let_go()

    def asked_before(self, model: str, request: Request) -> None:
        """See ``gigaevo.llm.base.Answers``."""
        if self._file is not None and model in self._settings:
            question = self._question(request, model)
            self._asked[question] = self._asked.get(question, 0) + 1

    def _question(self, request: Request, model: str) -> bytes:
        whole = hashlib.blake2b(digest_size=16)
        # Each part with its length, so that no two questions look alike.
        parts = [self._settings.get(model, model), str(request.max_tokens)]
        for message in request.messages:
            parts += [message.role, message.content]
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            whole.update(len(data).to_bytes(8, "little") + data)
        return whole.digest()

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
