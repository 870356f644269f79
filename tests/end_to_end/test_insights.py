"""Notes about parents in whole runs: each is asked for once, stored, paid for, and shown to whoever changes it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gigaevo.programs import Program
from gigaevo.testing import served
from tests.end_to_end.command import run, summary

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


@pytest.fixture
def reading(tmp_path: Path) -> list[str]:
    """Arguments of a short run whose operator reads."""
    (tmp_path / "mine" / "mutation").mkdir(parents=True)
    (tmp_path / "mine" / "mutation" / "reading.yaml").write_text(READING)
    return [
        *("--config-dir", str(tmp_path / "mine"), "mutation=reading", "llm=local", "pipeline=with_insights"),
        *("problem.name=toy_example", "max_mutants=15", "seed=3"),
    ]


async def against_the_server(*commands: list[str]) -> list[subprocess.CompletedProcess[str]]:
    """The commands, one after the other, with a stand-in for the model."""
    async with served() as url:
        return [
            await asyncio.to_thread(run, *command, *([] if "resume" in command[0] else [f"llm_base_url={url}"]))
            for command in commands
        ]


def calls(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT key, request FROM calls ORDER BY number").fetchall()
    return [(key, json.loads(request)) for key, request in rows]


def programs(folder: Path) -> dict[str, Program]:
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        found = [Program.from_json(record) for (record,) in connection.execute("SELECT record FROM records")]
    return {program.id: program for program in found}


async def test_each_parent_is_asked_about_once_also_after_a_resume(reading: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    first, again = await against_the_server(
        [*reading, f"hydra.run.dir={folder}"],
        [f"resume={folder}", "max_mutants=25"],
    )
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    everybody, asked = programs(folder), calls(folder)
    times = Counter(key for key, _ in asked)
    assert len(everybody) == 3 + 25
    parents = {parent for program in everybody.values() for parent in program.parents}
    assert parents
    for program_id in parents:
        program = everybody[program_id]
        assert times[f"insight/{program_id}"] == 1
        assert times[f"lineage/{program_id}"] == (1 if program.parents else 0)
        assert program.artifacts["insight"]
        assert ("lineage_note" in program.artifacts) == bool(program.parents)
    studied = {key.split("/")[1] for key, _ in asked if key.startswith("insight/")}
    assert all(("insight" in program.artifacts) <= (program_id in studied) for program_id, program in everybody.items())

    shown = [request for key, request in asked if key.startswith("mutation/") and "messages" in request]
    assert shown
    for request in shown:
        assert "NOTES ABOUT THE PROGRAM\n> " in request["messages"][1]["content"]
    roles = summary(folder)["llm"]["spending"]["by_role"]
    assert roles["insight"]["calls"] == len(studied)
    assert roles["lineage"]["calls"] == sum(key.startswith("lineage/") for key in times)


@pytest.mark.slow
async def test_the_same_seed_gives_the_same_notes(reading: list[str], tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:  # a server of its own for each: it answers a question that it knows in another way
        [done] = await against_the_server([*reading, "engine.deterministic=true", f"hydra.run.dir={folder}"])
        assert done.returncode == 0, done.stderr
    one, other = (
        {
            program_id: (program.source, program.parents, program.artifacts)
            for program_id, program in programs(folder).items()
        }
        for folder in folders
    )
    assert one == other


def test_without_a_language_model_there_is_one_line(tmp_path: Path) -> None:
    done = run("pipeline=with_insights", "problem.name=toy_example", f"hydra.run.dir={tmp_path / 'out'}")
    assert done.returncode == 2
    [line] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "pipeline.stages[4].models needs a language model: add llm=single" in line
    assert not (tmp_path / "out").exists()
