"""The document's YAML as files of the user's, and what became of the runs."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

from tests.config.command import Ended, run
from tests.seed_document.manifest import Block, Kind

HEADER = "# @package _global_\n"  # in the first line of every choice of a user's
SHORT = ("mutation=no_freeze", "max_mutants=10", "engine.generation_size=1")

Archive = dict[str, dict[tuple[int, ...], set[str]]]


def user_file(block: Block) -> str:
    """A YAML block, or the twin of one, as a file in a user's folder of configurations."""
    return HEADER + block.text if block.kind is Kind.YAML else block.twin_path.read_text(encoding="utf-8")


def run_with(text: str, *arguments: str, folder: Path, files: dict[str, str] | None = None) -> Ended:
    """Run ``python run.py`` with ``text`` as the user's own algorithm, and its output in ``folder / "out"``."""
    algorithms = folder / "own" / "algorithm"
    algorithms.mkdir(parents=True)
    for name, content in {"printed.yaml": text, **(files or {})}.items():
        (algorithms / name).write_text(content, encoding="utf-8")
    own = ("--config-dir", str(folder / "own"), "algorithm=printed")
    return run(*own, *SHORT, *arguments, f"hydra.run.dir={folder / 'out'}", cwd=folder)


def archive_of(folder: Path) -> Archive:
    """Programs by island and cell after a run, by what its journal says of them."""
    archive: Archive = {}
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'out' / 'run.db'}?mode=ro", uri=True)) as connection:
        payloads = connection.execute("SELECT payload FROM journal ORDER BY sequence").fetchall()
    for (payload,) in payloads:
        for event in json.loads(payload).get("events", ()):
            if event["action"] not in ("insert", "remove"):
                continue
            cell = archive.setdefault(event["island_id"], {}).setdefault(tuple(event["cell"]), set())
            if event["action"] == "insert":
                cell.add(event["program_id"])
                cell.discard(event.get("displaced"))
            else:
                cell.remove(event["program_id"])
    return {island: {cell: ids for cell, ids in cells.items() if ids} for island, cells in archive.items()}
