"""What the pipeline promises: order, skipping, side by side, and that no stage ends a run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evaluation.pipeline import Pipeline, PipelineError, Stage, StageResult
from gigaevo.evaluation.stages.complexity import ComplexityStage
from gigaevo.evaluation.stages.syntax import SyntaxStage
from gigaevo.programs import Cost, ErrorKind, Program, ProgramError

PROGRAM = Program(id="p", source="def entrypoint():\n    return 1\n")


class Step(Stage):
    """A stage that notes when it ran, and fails if told to."""

    def __init__(
        self, name: str, requires: Sequence[str] = (), *, fails: bool = False, log: list[str] | None = None
    ) -> None:
        self.name = name
        self.requires = requires
        self._fails = fails
        self._log = log if log is not None else []

    async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
        assert set(inputs) == set(self.requires)
        self._log.append(self.name)
        error = ProgramError(kind=ErrorKind.INVALID, message=self.name, stage=self.name) if self._fails else None
        return StageResult(metrics={self.name: 1.0}, value=self.name, error=error, cost=Cost(validate_calls=1))


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[str, tuple[str, ...], bool]]:
    """Stages in random order, each requiring some of those before it in a hidden order, some of them failing."""
    names = [f"s{index}" for index in range(draw(st.integers(1, 7)))]
    stages = []
    for index, name in enumerate(names):
        requires = tuple(draw(st.lists(st.sampled_from(names[:index]), unique=True))) if index else ()
        stages.append((name, requires, draw(st.booleans())))
    return draw(st.permutations(stages))


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_stage_runs_after_all_it_requires_and_only_if_they_succeeded(
    stages: list[tuple[str, tuple[str, ...], bool]],
) -> None:
    log: list[str] = []
    pipeline = Pipeline(stages=[Step(name, requires, fails=fails, log=log) for name, requires, fails in stages])
    result = asyncio.run(pipeline.evaluate(PROGRAM))
    requires_of = {name: requires for name, requires, _ in stages}
    fails = {name for name, _, failing in stages if failing}

    def runs(name: str) -> bool:
        return all(runs(other) and other not in fails for other in requires_of[name])

    assert sorted(log) == sorted(name for name in requires_of if runs(name))
    for name in log:
        assert all(log.index(other) < log.index(name) for other in requires_of[name])
    assert result.metrics == dict.fromkeys(log, 1.0)
    assert result.cost.validate_calls == len(log)
    assert (result.error is not None) == bool(fails & set(log))


async def test_stages_that_are_ready_together_run_side_by_side() -> None:
    met = asyncio.Barrier(2)

    class Meets(Step):
        async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
            await asyncio.wait_for(met.wait(), 10)
            return await super().run(program, inputs)

    result = await Pipeline(stages=[Meets("a"), Meets("b")]).evaluate(PROGRAM)
    assert result.error is None


async def test_a_stage_that_raises_is_the_programs_error_and_others_go_on() -> None:
    class Broken(Step):
        async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
            raise ZeroDivisionError("oops")

    result = await Pipeline(stages=[Broken("a"), Step("b"), Step("c", ["a"])]).evaluate(PROGRAM)
    assert result.error is not None
    assert result.error.stage == "a"
    assert "ZeroDivisionError" in result.error.message
    assert result.metrics == {"b": 1.0}


async def test_a_stage_that_takes_too_long_is_cancelled() -> None:
    class Endless(Step):
        timeout_s = 0.05

        async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    result = await Pipeline(stages=[Endless("a"), Step("b")]).evaluate(PROGRAM)
    assert result.error is not None
    assert result.error.kind is ErrorKind.TIMEOUT


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([Step("a"), Step("a")], "two stages are called 'a'"),
        ([Step("a", ["b"])], "requires 'b', which is not in the pipeline"),
        ([Step("a", ["b"]), Step("b", ["a"])], "require each other"),
    ],
)
def test_stages_that_form_no_pipeline_are_refused(stages: list[Stage], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        Pipeline(stages=stages)


async def test_a_text_that_is_no_python_has_the_error_syntax_and_no_complexity() -> None:
    pipeline = Pipeline(stages=[SyntaxStage(), ComplexityStage()])
    bad = await pipeline.evaluate(Program(id="p", source="def entrypoint(:\n"))
    assert bad.error is not None
    assert bad.error.kind is ErrorKind.SYNTAX
    assert bad.metrics == {}
    good = await pipeline.evaluate(PROGRAM)
    assert good.error is None
    assert good.metrics["complexity_score"] == (
        good.metrics["ast_nodes"] + 5 * good.metrics["cyclomatic_complexity"] + good.metrics["lines"]
    )
