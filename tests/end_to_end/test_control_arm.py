"""The control arm with language models: repeated sampling at equal tokens, and a comparison that goes by them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gigaevo.testing import served
from tests.end_to_end.command import run
from tests.end_to_end.reading import calls, programs, reads

BUDGET = 60_000  # tokens
GOOD = "GOOD PROGRAMS OF THIS SEARCH"
TRIED = "WHAT WAS ALREADY TRIED ON THE PROGRAM"
REPEATED = "the same as an earlier one"


@pytest.mark.slow
async def test_both_arms_are_compared_at_equal_tokens_and_the_control_sees_nothing_that_was_evolved(
    tmp_path: Path,
) -> None:
    async with served() as url:
        arguments = [
            *("-m", *reads(tmp_path), "algorithm=single_island,best_of_n", "seed=0,1"),
            *(
                f"llm_base_url={url}",
                f"budget.tokens={BUDGET}",
                "engine.max_remote_mutations_in_flight=2",  # so that much is tried when the next one is asked
                "max_seconds=null",
                f"hydra.sweep.dir={tmp_path / 'all'}",
            ),
        ]
        done = await asyncio.to_thread(run, *arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "all" / "sweep_comparison.json").read_text())
    [compared] = found["comparisons"]
    assert (compared["control"], compared["expense"]["resource"]) == (True, "tokens")
    assert compared["sentence"] in done.stdout
    for arm in found["arms"]:
        assert 0 < arm["spent"]["tokens"]["total"] <= 2 * BUDGET
    # Whether a parent is chosen again after its child was settled is up to chance and time: not in every run.
    assert any(TRIED in text for job in "01" for text in questions(tmp_path / "all" / job))
    for job in "01":
        evolved, control = tmp_path / "all" / job, tmp_path / "all" / str(int(job) + 2)
        assert any(GOOD in text for text in questions(evolved))
        assert not any(told in text for told in (GOOD, TRIED, REPEATED) for text in questions(control))
        initial = {program.id for program in programs(control).values() if program.number < 0}
        assert {parent for program in programs(control).values() for parent in program.parents} <= initial


def questions(folder: Path) -> list[str]:
    """What models were asked, the last turn of each conversation."""
    return [request["messages"][-1]["content"] for _, request in calls(folder) if "messages" in request]
