"""Notes about parents in whole runs: each is asked for once, stored, paid for, and shown to whoever changes it."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from gigaevo.testing import served
from tests.end_to_end.command import run, summary
from tests.end_to_end.reading import calls, programs, reads


@pytest.fixture
def reading(tmp_path: Path) -> list[str]:
    """Arguments of a short run whose operator reads notes."""
    return [*reads(tmp_path), "pipeline=with_insights", "max_mutants=15", "seed=3"]


async def against_the_server(*commands: list[str]) -> list[subprocess.CompletedProcess[str]]:
    """The commands, one after the other, with a stand-in for the model."""
    async with served() as url:
        return [
            await asyncio.to_thread(run, *command, *([] if "resume" in command[0] else [f"llm_base_url={url}"]))
            for command in commands
        ]


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
async def test_a_replay_gives_the_same_notes(reading: list[str], tmp_path: Path) -> None:
    recorded, replayed = tmp_path / "recorded", tmp_path / "replayed"
    [first] = await against_the_server([*reading, "engine.deterministic=true", f"hydra.run.dir={recorded}"])
    again = run("llm=replay", f"transcript={recorded}", f"hydra.run.dir={replayed}")  # its server is gone
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    one, other = (
        {
            program_id: (program.source, program.parents, program.artifacts)
            for program_id, program in programs(folder).items()
        }
        for folder in (recorded, replayed)
    )
    assert one == other
    assert any("lineage_note" in artifacts for _, _, artifacts in one.values())


def test_without_a_language_model_there_is_one_line(tmp_path: Path) -> None:
    done = run("pipeline=with_insights", "problem.name=toy_example", f"hydra.run.dir={tmp_path / 'out'}")
    assert done.returncode == 2
    [line] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "pipeline.stages[4].models needs a language model: add llm=single" in line
    assert not (tmp_path / "out").exists()
