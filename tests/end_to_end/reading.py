"""Runs whose only operator is a language model that reads, and what is left of them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from gigaevo.programs import Program

# A mutation of one's own that reads and rewrites, without any other operator beside it.
READING = """\
# @package _global_
mutation_operator:
  _target_: gigaevo.evolution.mutation.llm.LLMMutationOperator
  mode: rewrite
  models: ${ref:llm}
  context:
    _target_: gigaevo.evolution.mutation.llm.ContextBuilder
    prompts:
      _target_: gigaevo.llm.prompts.Prompts
  chronicle:
    _target_: gigaevo.evolution.mutation.llm.Chronicle
"""


def reads(tmp_path: Path) -> list[str]:
    """Arguments of a run with that operator."""
    folder = tmp_path / "mine" / "mutation"
    folder.mkdir(parents=True)
    (folder / "reading.yaml").write_text(READING)
    return ["--config-dir", str(tmp_path / "mine"), "mutation=reading", "llm=local", "problem.name=toy_example"]


def calls(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Keys and requests of all calls, in order."""
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT key, request FROM calls ORDER BY number").fetchall()
    return [(key, json.loads(request)) for key, request in rows]


def programs(folder: Path) -> dict[str, Program]:
    """All programs by id."""
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        found = [Program.from_json(record) for (record,) in connection.execute("SELECT record FROM records")]
    return {program.id: program for program in found}
