"""What a pipeline refuses before anything runs, in one line that names the stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gigaevo.evaluation.pipeline import Pipeline, PipelineError
from gigaevo.evaluation.stage import Inputs, Stage, StageResult
from gigaevo.evaluation.stages.complexity import ComplexityStage
from gigaevo.evaluation.stages.syntax import SyntaxStage
from gigaevo.programs import Program
from tests.evaluation.steps import PROGRAM, Note, problem


class Gives(Note):
    gives = int


class TakesInt(Note):
    takes: Mapping[str, type] = {"a": int}


class TakesText(Note):
    takes: Mapping[str, type] = {"a": str}


class Counts(Note):
    measures = ("lines", "words")


class CountsToo(Note):
    measures = ("words",)


class Late(Note):
    depends_on_descendants = True


def when(**condition: object) -> dict[str, object]:
    return {"requires": ["a"], "when": [condition]}


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([TakesInt("b", [])], "stage 'b' requires 'a', which is not in the pipeline"),
        ([Note("syntx", []), ComplexityStage()], "requires 'syntax', which is not .*; did you mean 'syntx'?"),
        ([Gives("a", []), TakesText("b", [])], "stage 'b' takes str from 'a', which gives int"),
        ([Note("a", []), TakesInt("b", [])], "stage 'b' takes int from 'a', which gives nothing"),
        ([Gives("a", []), Gives("a", [])], "two stages are called 'a'"),
        ([Counts("a", []), CountsToo("b", [])], "stages 'a' and 'b' both measure 'words'; let one require the other"),
        ([Note("a", [], requires=["b"]), Note("b", [], requires=["a"])], "stages require each other"),
        ([Note("a", [], requires="syntax")], r"'a': requires must be a list, such as \[syntax\]"),
        ([Note("a", [], retries=-1)], "'a': retries must be a whole number from 0; found -1"),
        ([Note("a", [], retries=True)], "'a': retries must be a whole number"),
        ([Note("a", [], timeout_s=0.0)], "'a': timeout_s must be seconds above 0, or null; found 0.0"),
        ([Note("a", [], cached="yes")], "'a': cached must be true or false; found 'yes'"),
        ([Late("a", [], cached=True)], "'a' depends on descendants and cannot be cached"),
        ([Note("a", [], when={"metric": "x"})], "'a': when must be a list of conditions"),
        ([Note("a", [], when=[{"metric": "lines", "at_least": 1}])], "'a' has conditions and requires no stage"),
        ([Note("a", []), Note("b", [], **when(metric="x"))], "the condition on 'x' has no limit; give one of at_least"),
        ([Note("a", []), Note("b", [], **when(metric="x", above=1))], "a condition has the keys metric and at_least"),
        ([Note("a", []), Note("b", [], **when(metric="x", at_most="2"))], "'x' has at_most: '2'; it must be a number"),
        ([Note("a", []), Note("b", [], **when(metric=3, at_most=2))], "'metric' is 3; it must be the name"),
        ([Note("a", []), Note("b", [], **when(metric="x", reaches=1))], "'reaches' goes by the problem's directions"),
    ],
)
def test_stages_that_do_not_fit_together_are_refused(stages: list[Stage], message: str) -> None:
    with pytest.raises(PipelineError, match=message) as refusal:
        Pipeline(stages=stages)
    assert "\n" not in str(refusal.value)


def test_a_condition_on_what_nobody_measures_is_refused_where_the_problem_is_known(tmp_path: Path) -> None:
    stages = [SyntaxStage(), Counts("a", []), Note("b", [], **when(metric="fitnes", at_least=1))]
    with pytest.raises(PipelineError, match=r"when: nobody measures 'fitnes'; did you mean 'fitness'\?"):
        Pipeline(stages=stages, problem=problem(tmp_path))
    for metric in ("words", "fitness", "validity", "complexity"):
        ahead = [Counts("a", []), Note("b", [], **when(metric=metric, at_least=1))]
        Pipeline(stages=ahead, problem=problem(tmp_path))


def test_a_stage_without_a_name_is_refused() -> None:
    class Nameless(Stage):
        async def run(self, program: Program, inputs: Inputs) -> StageResult:
            return StageResult()

    with pytest.raises(PipelineError, match="a Nameless has no name"):
        Pipeline(stages=[Nameless()])
    Pipeline(stages=[Nameless(name="named")])


def test_a_setting_that_no_stage_has_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no setting 'retires'; of any stage there are name, requires"):
        SyntaxStage(retires=2)  # type: ignore[call-arg]


def test_a_stage_may_take_what_is_more_special_than_it_asks_for() -> None:
    class GivesTruth(Note):
        gives = bool

    Pipeline(stages=[GivesTruth("a", []), TakesInt("b", [])])


async def test_a_stage_is_handed_what_it_takes_and_the_results_it_requires() -> None:
    seen: list[Inputs] = []

    def look(inputs: Inputs) -> StageResult:
        seen.append(inputs)
        assert inputs.value("a", int) == 7
        with pytest.raises(TypeError, match="stage 'a' handed on int; expected str"):
            inputs.value("a", str)
        return StageResult()

    stages = [Gives("a", [], StageResult(value=7)), Note("c", []), TakesInt("b", [], look, requires=["c"])]
    assert (await Pipeline(stages=stages).evaluate(PROGRAM)).error is None
    assert [set(inputs) for inputs in seen] == [{"a", "c"}]


async def test_a_stage_that_hands_on_something_else_than_it_declares_is_at_fault() -> None:
    log: list[str] = []
    stages = [Gives("a", log, StageResult(value="seven")), TakesInt("b", log)]
    evaluation = await Pipeline(stages=stages).evaluate(PROGRAM)
    assert log == ["a"]
    assert evaluation.error is not None
    assert evaluation.error.message == "stage 'a' handed on str, and declares int"
    assert evaluation.error.stage == "a"


async def test_of_two_stages_that_measure_the_same_the_later_ones_word_counts() -> None:
    first = Counts("a", [], StageResult(metrics={"words": 1.0}))
    second = CountsToo("b", [], StageResult(metrics={"words": 2.0}), requires=["a"])
    for stages in ([first, second], [second, first]):
        assert (await Pipeline(stages=stages).evaluate(PROGRAM)).metrics == {"words": 2.0}
