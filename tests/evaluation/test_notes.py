"""Insights and lineage notes, asked of a real server by the real client."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.evaluation.pipeline import Pipeline
from gigaevo.evaluation.stages.insight import InsightStage
from gigaevo.evaluation.stages.lineage import LineageStage
from gigaevo.evaluation.stages.note import as_note
from gigaevo.llm.budget import Budget
from gigaevo.llm.prompts import PromptError, Prompts
from gigaevo.problems import Problem
from gigaevo.programs import ErrorKind, Metrics, MetricSpec, Program, ProgramError
from gigaevo.programs.artifact import RESERVED, kept
from gigaevo.testing.faults import Fault
from gigaevo.testing.language_model_server import ServerOptions
from tests.evaluation.steps import problem
from tests.llm.bench import Bench, bench

METRICS = Metrics(
    {
        "score": MetricSpec(description="what is paid", is_primary=True, higher_is_better=False),
        "secret": MetricSpec(description="for nobody's eyes", include_in_prompts=False),
    }
)
FOUNDER = Program(
    id="founder",
    number=-1,
    source="def entrypoint():\n    return 10\n",
    metrics={"score": 10.0, "secret": 77.125},
    artifacts={"stdout": "printed by the founder", "verification": {"message": "hidden verdict"}},
)
CHILD = Program(
    id="child",
    number=3,
    source="def entrypoint():\n    return 4\n",
    parents=["founder"],
    mutations_applied=["made it smaller"],
    metrics={"score": 4.0, "secret": 78.125},
)


def task(folder: Path, text: str = "Pay as little as you can.") -> Problem:
    return dataclasses.replace(problem(folder, metrics=METRICS), task_description=text)


def pipeline(it: Bench, folder: Path, **more: Any) -> Pipeline:
    """Both stages, asking the model of the bench."""
    given = {"models": it.client, "problem": task(folder), **more}
    return Pipeline(stages=[InsightStage(**given), LineageStage(**given)])


def asked(it: Bench) -> list[str]:
    """The questions that came, the last turn of each."""
    return [received.body["messages"][-1]["content"] for received in it.server.received]


async def test_a_model_is_asked_for_both_and_its_words_are_artifacts(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db", ServerOptions(script=["  Short.\n", "It got smaller."])) as it:
        study = await pipeline(it, tmp_path).study(CHILD, [FOUNDER])
        rows = await it.rows()
        spending = it.client.spending()
        questions = {row.key: row.request["messages"][-1]["content"] for row in rows}
    assert study.error is None
    assert sorted(study.artifacts.values()) == ["It got smaller.", "Short."]
    assert set(study.artifacts) == {"insight", "lineage_note"} <= RESERVED
    assert set(questions) == {"insight/child", "lineage/child"}
    assert {role: books["calls"] for role, books in spending["by_role"].items()} == {"insight": 1, "lineage": 1}
    for question in questions.values():
        assert "Pay as little as you can." in question and "return 4" in question
        assert "- score (the objective, lower is better): what is paid" in question
    assert "- score = 4" in questions["insight/child"] and "return 10" not in questions["insight/child"]
    lineage = questions["lineage/child"]
    assert lineage.index("return 10") < lineage.index("return 4") < lineage.index("score 10.00000 → 4.00000 (better)")
    assert "made it smaller" in lineage


async def test_an_initial_program_has_no_lineage(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db", ServerOptions(script=["Fine."])) as it:
        study = await pipeline(it, tmp_path).study(FOUNDER, [])
        assert [row.key for row in await it.rows()] == ["insight/founder"]
        [question] = asked(it)
    assert (study.artifacts, study.error) == ({"insight": "Fine."}, None)
    assert "printed by the founder" in question


async def test_what_is_not_for_prompts_is_not_in_the_question(tmp_path: Path) -> None:
    leak = ProgramError(kind=ErrorKind.LEAK, message="hidden reason", traceback="hidden traceback", stage="verify")
    failed = FOUNDER.model_copy(update={"error": leak})
    async with bench(tmp_path / "run.db") as it:
        await pipeline(it, tmp_path).study(CHILD, [failed])
        text = "\n".join(asked(it))
    assert "hidden" not in text and "secret" not in text and "77.125" not in text and "leak" in text


async def test_a_note_that_is_there_is_not_asked_for_again(tmp_path: Path) -> None:
    known = CHILD.model_copy(update={"artifacts": {"insight": "known"}})
    async with bench(tmp_path / "run.db", ServerOptions(script=["new"])) as it:
        assert (await pipeline(it, tmp_path).study(known, [FOUNDER])).artifacts == {"lineage_note": "new"}
        assert [row.key for row in await it.rows()] == ["lineage/child"]


async def test_without_a_reply_there_is_no_note_and_the_study_says_why(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db", budget=Budget(calls=1)) as it:
        first = await pipeline(it, tmp_path).study(CHILD, [])
        second = await pipeline(it, tmp_path).study(CHILD.model_copy(update={"id": "other"}), [FOUNDER])
        assert len(it.server.received) == 1
    assert set(first.artifacts) == {"insight"} and first.error is None
    assert second.artifacts == {} and second.error is not None
    assert second.error.message.startswith("no insight: ") and "budget.calls" in second.error.message


@pytest.mark.parametrize("fault", [Fault.EMPTY, Fault.HUGE])
async def test_a_note_is_some_text_of_limited_length_or_none(fault: Fault, tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db", ServerOptions(script=[fault], huge_bytes=1 << 16)) as it:
        study = await pipeline(it, tmp_path, chars=100).study(FOUNDER, [])
    if fault is Fault.EMPTY:
        assert study.artifacts == {} and study.error is not None
        assert study.error.message == "no insight: the model said nothing"
    else:
        assert len(study.artifacts["insight"]) <= 104


async def test_long_programs_are_cut_in_the_question_and_a_fence_holds_them(tmp_path: Path) -> None:
    long = FOUNDER.model_copy(update={"files": {"main.py": "x = 1 # ```\n" * 5000}})
    async with bench(tmp_path / "run.db") as it:
        await pipeline(it, tmp_path, token_budget=100).study(long, [])
        [question] = asked(it)
    assert len(question) < 400 + 3000 and "... (cut)" in question and "````python\n" in question


async def test_some_models_can_be_asked_and_settings_reach_the_request(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db") as it:
        await pipeline(it, tmp_path, ask=["bench"], max_tokens=33).study(FOUNDER, [])
        [received] = it.server.received
    assert received.body["max_tokens"] == 33


async def test_a_problem_may_have_prompts_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "insight.jinja").write_text("Look at {{ program }} in {{ words }} words")
    async with bench(tmp_path / "run.db") as it:
        await pipeline(it, tmp_path).study(FOUNDER, [])
        [question] = asked(it)
    assert question.startswith("Look at ```python\ndef entrypoint()")


async def test_a_prompt_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db") as it:
        with pytest.raises(PromptError, match="there is no 'fitness' here"):
            pipeline(it, tmp_path, prompts=Prompts(texts={"lineage": "{{ fitness }}"}))
        with pytest.raises(ValueError, match="max_tokens must be a whole number from 1; found 0"):
            pipeline(it, tmp_path, max_tokens=0)


def test_validators_cannot_write_notes() -> None:
    stored = kept({"insight": "buy me", "lineage_note": "obey", "table": "mine"})
    assert {name for name in stored if name in ("insight", "lineage_note", "table")} == {"table"}


@given(text=st.text(max_size=300), limit=st.integers(1, 100))
def test_whatever_a_model_says_a_note_is_short_and_plain(text: str, limit: int) -> None:
    note = as_note(text, limit)
    assert len(note) <= limit + 4
    assert note == note.strip()
    assert all(character.isprintable() or character in "\n\t" or ord(character) > 127 for character in note)


def test_thoughts_are_no_part_of_a_note() -> None:
    assert as_note("<think>hm</think>\nIt is good.", 100) == "It is good."
    assert as_note("<think>cut off in the middle", 100) == ""
    assert as_note("one two three", 9) == "one two ..."
