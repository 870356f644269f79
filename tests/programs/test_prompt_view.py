"""What language models are shown of a program, and what they never are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.programs import ErrorKind, Metrics, MetricSpec, Program, ProgramError, ProgramState
from gigaevo.programs.prompt_view import differences, explained, fenced, one_line, source_of, view_of

METRICS = Metrics(
    {
        "score": MetricSpec(
            description="How good\nit is", is_primary=True, lower_bound=0.0, upper_bound=2.0, decimals=2, unit="m"
        ),
        "cost": MetricSpec(description="What it takes", higher_is_better=False),
        "held_out": MetricSpec(description="Not for prompts", include_in_prompts=False),
    }
)


def program(**fields: object) -> Program:
    given: dict[str, object] = {
        "id": "p",
        "source": "def entrypoint():\n    return 1\n",
        "state": ProgramState.COMPLETED,
    }
    return Program.model_validate(given | fields)


def test_metrics_are_told_with_meaning_direction_and_bounds() -> None:
    assert explained(METRICS).splitlines() == [
        "- score (the objective, higher is better, in m, at least 0, at most 2): How good it is",
        "- cost (lower is better): What it takes",
    ]


def test_values_are_told_as_people_see_them_the_objective_first() -> None:
    shown = view_of(program(metrics={"cost": 1.0, "held_out": 9.0, "score": 0.5}, out_of_bounds=["cost"]), METRICS)
    assert shown.measured == "- score = 0.50 m\n- cost = 1.00000 (beyond its bounds)"


def test_a_change_is_told_metric_by_metric() -> None:
    before, after = program(metrics={"score": 0.5, "cost": 2.0}), program(metrics={"score": 0.7, "cost": 3.0})
    assert differences(before.metrics, after, METRICS) == (
        "score 0.50 m → 0.70 m (better), cost 2.00000 → 3.00000 (worse)"
    )
    assert differences(before.metrics, before, METRICS) == "score unchanged"
    failed = program(error=ProgramError(kind=ErrorKind.TIMEOUT, message="too\nslow"))
    assert differences(before.metrics, failed, METRICS) == "failed (timeout): too slow"


def test_what_verification_said_is_never_shown() -> None:
    leak = program(
        metrics={"score": 1.9},
        error=ProgramError(kind=ErrorKind.LEAK, message="SECRET rule", traceback="SECRET traceback"),
        artifacts={"verification": {"message": "SECRET", "accepted": False}, "dropped_metrics": ["SECRET"]},
    )
    shown = view_of(leak, METRICS, artifacts=["*"])
    assert "SECRET" not in repr(shown)
    assert shown.error == "leak: the answer does not hold"


def test_metrics_that_are_not_for_prompts_are_never_shown() -> None:
    held_out = program(metrics={"score": 1.0, "held_out": 0.123456})
    assert "0.123456" not in repr(view_of(held_out, METRICS, artifacts=["*"]))
    assert "held_out" not in explained(METRICS) + differences({"held_out": 1.0}, held_out, METRICS)


def test_an_error_is_told_with_the_end_of_its_traceback_and_what_was_printed() -> None:
    failed = program(
        error=ProgramError(kind=ErrorKind.EXCEPTION, message="ValueError: no", traceback="line\n" * 2_000 + "the end"),
        artifacts={"stderr": "warned", "stdout": "said", "note": "kept"},
    )
    shown = view_of(failed, METRICS, artifacts=["*"])
    assert shown.error.startswith("exception: ValueError: no\n```\n... (cut)\n")
    assert shown.error.endswith("the end\n```")
    assert "warned" in shown.printed and "said" in shown.printed
    assert [text for text in shown.artifacts if "warned" in text] == []
    assert len(shown.artifacts) == 1


def test_several_files_are_named_and_the_entry_comes_first() -> None:
    shown = source_of({"lib/a.py": "A = 1\n", "main.py": "import lib.a\n", "notes.txt": "x"}, "main.py")
    assert re.findall(r"^File: (.*)$", shown, re.MULTILINE) == ["main.py", "lib/a.py", "notes.txt"]


@given(st.text())
def test_no_text_closes_its_fence(text: str) -> None:
    first, *inside, last = fenced(text, "python").split("\n")
    assert first.removesuffix("python") == last
    assert not any(line.strip().startswith(last) for line in inside)
    body = "\n".join(inside)
    assert body == text or body == text.removesuffix("\n")


@given(st.text())
def test_a_line_is_a_line(text: str) -> None:
    line = one_line(text)
    assert line.splitlines() in ([], [line])
    line.encode()


@pytest.mark.parametrize("text", ["a\x1b[31mred", "a\u2028b", "a\ud800b", "a\x00b"])
def test_control_characters_are_replaced(text: str) -> None:
    assert "\N{REPLACEMENT CHARACTER}" in one_line(text)
