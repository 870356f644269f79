"""Stages for parents are left out of evaluations, and run when somebody is about to change a program."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigaevo.evaluation.base import Evaluation, ParentStudy
from gigaevo.evaluation.pipeline import ANCESTORS, Inputs, Pipeline, PipelineError, Stage, StageResult
from gigaevo.evaluation.sampling import SampledEvaluator
from gigaevo.programs import Program
from tests.evaluation.steps import METRICS, Note, failure, measured, problem

PARENT = Program(id="parent", source="def entrypoint():\n    return 1\n", metrics={"fitness": 1.0})
LINE = [Program(id=name, source="") for name in ("grandparent", "founder")]


def note_of(name: str, log: list[str], text: str = "", **settings: object) -> Note:
    """A stage for parents that leaves a text under its own name."""
    stage = Note(name, log, StageResult(artifacts={name: text or f"{name} said"}), **settings)  # type: ignore[arg-type]
    stage.for_parents = True
    stage.leaves = (name,)
    return stage


class Family(Stage):
    """Leaves the names of the ancestors."""

    name = "family"
    for_parents = True
    leaves = ("family",)

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        ancestors = inputs.value(ANCESTORS, tuple)
        return StageResult(artifacts={"family": [program.id, *(ancestor.id for ancestor in ancestors)]})


async def test_an_evaluation_and_a_second_one_leave_stages_for_parents_out() -> None:
    log: list[str] = []
    pipeline = Pipeline(stages=[note_of("insight", log), Note("run", log, measured(fitness=1.0))])
    for evaluation in (await pipeline.evaluate(PARENT), await pipeline.rescore(PARENT)):
        assert (evaluation.metrics, evaluation.artifacts, evaluation.skipped) == ({"fitness": 1.0}, {}, {})
    assert log == ["run", "run"]


async def test_a_study_runs_them_and_no_other() -> None:
    log: list[str] = []
    pipeline = Pipeline(stages=[Note("run", log), note_of("insight", log), note_of("lineage", log)])
    study = await pipeline.study(PARENT, LINE)
    assert log == ["insight", "lineage"]
    assert study.artifacts == {"insight": "insight said", "lineage": "lineage said"}
    assert (study.metrics, study.error, PARENT.artifacts) == ({}, None, {})


async def test_they_are_handed_the_ancestors() -> None:
    study = await Pipeline(stages=[Family()]).study(PARENT, LINE)
    assert study.artifacts == {"family": ["parent", "grandparent", "founder"]}
    assert (await Pipeline(stages=[Family()]).study(PARENT, [])).artifacts == {"family": ["parent"]}


async def test_a_stage_whose_artifacts_are_there_is_not_run_again_and_others_are_handed_them() -> None:
    log: list[str] = []
    seen: list[StageResult] = []

    def look(inputs: Inputs) -> StageResult:
        seen.append(inputs["insight"])
        return StageResult(artifacts={"advice": "do"})

    advice = Note("advice", log, look, requires=["insight"])
    advice.for_parents = True
    known = PARENT.model_copy(update={"artifacts": {"insight": "from an earlier session"}})
    study = await Pipeline(stages=[note_of("insight", log), advice]).study(known, [])
    assert log == ["advice"]
    assert study.artifacts == {"advice": "do"}
    assert [result.artifacts for result in seen] == [{"insight": "from an earlier session"}]


async def test_a_stage_that_fails_is_an_error_and_takes_nothing_from_the_others() -> None:
    log: list[str] = []
    broken = Note("broken", log, failure(artifacts={"broken": "half"}))
    dependent = note_of("dependent", log, requires=["broken"])
    broken.for_parents = True
    study = await Pipeline(stages=[broken, dependent, note_of("insight", log)]).study(PARENT, [])
    assert study.artifacts == {"insight": "insight said"}
    assert study.error is not None and study.error.message == "no"
    assert log == ["broken", "insight"]


def test_a_pipeline_says_whether_it_studies_parents() -> None:
    without, with_one = Pipeline(stages=[Note("run", [])]), Pipeline(stages=[Note("run", []), Family()])
    assert isinstance(without, ParentStudy)
    assert (without.studies_parents, with_one.studies_parents) == (False, True)


async def test_a_noisy_problem_studies_parents_once() -> None:
    log: list[str] = []
    pipeline = Pipeline(stages=[Note("run", log, measured(fitness=1.0)), note_of("insight", log)])
    sampled = SampledEvaluator(pipeline, metrics=METRICS, samples=3, confirmations=0)
    assert isinstance(sampled, ParentStudy) and sampled.studies_parents
    found: Evaluation = await sampled.study(PARENT, [])
    assert (found.artifacts, log) == ({"insight": "insight said"}, ["insight"])
    assert not SampledEvaluator(
        Pipeline(stages=[Note("run", [])]), metrics=METRICS, samples=3, confirmations=0
    ).studies_parents


def for_parents(name: str, **more: object) -> Note:
    stage = Note(name, [])
    stage.for_parents = True
    for key, value in more.items():
        setattr(stage, key, value)
    return stage


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            [Note("run", []), for_parents("note", requires=["run"])],
            "'note' is for parents and requires 'run', which is",
        ),
        (
            [for_parents("note"), Note("run", [], requires=["note"])],
            "'run' is not for parents and requires 'note', whi",
        ),
        ([for_parents("note", depends_on_descendants=True)], "is for parents and cannot depend on descendants as well"),
        ([for_parents("note", cached=True)], "is for parents and cannot be cached"),
        ([for_parents("note", measures=("x",))], "is for parents and cannot measure anything"),
        ([Note("ancestors", [])], "is called 'ancestors', which is the name of an input"),
    ],
)
def test_stages_that_do_not_fit_together_are_refused(stages: list[Stage], message: str, tmp_path: Path) -> None:
    with pytest.raises(PipelineError) as refusal:
        Pipeline(stages=stages, problem=problem(tmp_path))
    assert message in str(refusal.value)
