"""What tests look at of runs with language models."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any


def files_below(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def summary(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text())


def calls(folder: Path) -> list[tuple[str, Any, Any]]:
    """Key, request and reply of everything that was asked."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT key, request, reply FROM calls ORDER BY number").fetchall()
    return [(key, json.loads(request), json.loads(reply)) for key, request, reply in rows]
