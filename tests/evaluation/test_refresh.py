"""A refresh runs the stages that depend on descendants and no other, and what fails in it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from gigaevo.evaluation.base import Refresher
from gigaevo.evaluation.pipeline import Pipeline, PipelineError, Stage, StageResult
from gigaevo.programs import ErrorKind, Program, ProgramError

ELITE = Program(id="elite", source="def entrypoint():\n    return 1\n", metrics={"children": 2.0})
CHILDREN = [Program(id=name, source="", parents=["elite"]) for name in ("first", "second", "third")]


class Plain(Stage):
    """A stage that looks at its program alone."""

    def __init__(self, name: str, requires: Sequence[str] = ()) -> None:
        self.name = name
        self.requires = requires
        self.runs: list[Mapping[str, StageResult]] = []

    async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
        self.runs.append(inputs)
        return StageResult(metrics={self.name: float(len(self.runs))}, value=self.name)


class Lineage(Plain):
    """A stage that counts children: those it counted before and those that are new."""

    depends_on_descendants = True

    async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
        await super().run(program, inputs)
        new = inputs["descendants"].value
        return StageResult(
            metrics={"children": program.metrics.get("children", 0.0) + len(new)},
            artifacts={"youngest": new[-1].id if new else None},
            value=self.name,
        )


class FailsInARefresh(Lineage):
    """The same, with a failure beside values where there is somebody to count."""

    async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
        found = await super().run(program, inputs)
        if not inputs["descendants"].value:
            return found
        error = ProgramError(kind=ErrorKind.INVALID, message="cannot say", stage=self.name)
        return StageResult(metrics=found.metrics, artifacts=found.artifacts, error=error)


async def test_a_refresh_runs_the_stages_that_depend_on_descendants_and_no_other() -> None:
    plain, lineage = Plain("plain"), Lineage("lineage")
    pipeline = Pipeline(stages=[plain, lineage])
    refreshed = await pipeline.refresh(ELITE, CHILDREN)
    assert plain.runs == []
    assert lineage.runs == [{"descendants": StageResult(value=tuple(CHILDREN))}]
    assert refreshed.metrics == {"children": 5.0}
    assert refreshed.artifacts == {"youngest": "third"}
    assert refreshed.error is None


async def test_an_evaluation_runs_them_too_before_there_are_descendants() -> None:
    plain, lineage = Plain("plain"), Lineage("lineage")
    evaluation = await Pipeline(stages=[lineage, plain]).evaluate(Program(id="new", source=""))
    assert evaluation.metrics == {"plain": 1.0, "children": 0.0}
    assert lineage.runs == [{"descendants": StageResult(value=())}]
    assert plain.runs == [{}]


async def test_stages_of_a_refresh_may_require_each_other() -> None:
    first, second = Lineage("first"), Lineage("second", requires=["first"])
    await Pipeline(stages=[second, first]).refresh(ELITE, CHILDREN)
    assert second.runs[0]["first"].value == "first"
    assert second.runs[0]["descendants"].value == tuple(CHILDREN)


async def test_a_stage_that_fails_in_a_refresh_changes_nothing_and_skips_those_that_require_it() -> None:
    dependent, other = Lineage("dependent", requires=["failing"]), Plain("other")
    other.depends_on_descendants = True
    pipeline = Pipeline(stages=[FailsInARefresh("failing"), dependent, other])
    refreshed = await pipeline.refresh(ELITE, CHILDREN)
    assert refreshed.metrics == {"other": 1.0}
    assert refreshed.artifacts == {}
    assert refreshed.error is not None
    assert refreshed.error.message == "cannot say"
    assert dependent.runs == []


async def test_a_stage_that_raises_or_hangs_in_a_refresh_is_an_error_and_ends_nothing() -> None:
    class Broken(Lineage):
        async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
            raise ZeroDivisionError("oops")

    refreshed = await Pipeline(stages=[Broken("broken"), Lineage("lineage")]).refresh(ELITE, CHILDREN)
    assert refreshed.metrics == {"children": 5.0}
    assert refreshed.error is not None
    assert "ZeroDivisionError" in refreshed.error.message


def test_a_pipeline_says_whether_anything_depends_on_descendants() -> None:
    without, with_one = Pipeline(stages=[Plain("plain")]), Pipeline(stages=[Plain("plain"), Lineage("lineage")])
    assert isinstance(without, Refresher)
    assert not without.depends_on_descendants
    assert with_one.depends_on_descendants


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([Plain("run"), Lineage("lineage", ["run"])], "requires 'run', which a refresh does not run"),
        ([Lineage("lineage"), Plain("report", ["lineage"])], "'report' requires 'lineage', whose result changes"),
        ([Plain("descendants")], "is called 'descendants', which is the name of an input"),
    ],
)
def test_stages_that_a_refresh_could_not_run_are_refused(stages: list[Stage], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        Pipeline(stages=stages)
