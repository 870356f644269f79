"""The metrics that describe a program to a behaviour space, beside those of its problem."""

from __future__ import annotations

import pytest

from gigaevo.evaluation.pipeline import Pipeline
from gigaevo.evaluation.sandbox.client import RunOutcome
from gigaevo.evaluation.sandbox.workers import ValidationOutcome
from gigaevo.evaluation.stages.complexity import ComplexityStage
from gigaevo.evaluation.stages.run import RunStage
from gigaevo.evaluation.stages.syntax import SyntaxStage
from gigaevo.evaluation.stages.validate import ValidateStage
from gigaevo.programs import Metrics, MetricSpec, Program

PROGRAM = Program(id="p", source="def entrypoint():\n    return [i for i in range(3)]\n")
FITNESS = MetricSpec(description="f", is_primary=True)
NAMES = ("validity", "complexity", "paradigm", "runtime", "novelty")


class Server:
    """Answers as the server of programs does, for what is the same each time."""

    async def run(self, *_: object, **__: object) -> RunOutcome:
        return RunOutcome(
            output="1", error=None, wall_time_s=0.5, cpu_time_s=0.25, peak_memory_mb=8.0, stdout="", stderr=""
        )


class Validators:
    """Answers with given metrics."""

    def __init__(self, **metrics: float) -> None:
        self._metrics = metrics

    async def validate(self, _: str, *, timeout_s: float) -> ValidationOutcome:
        return ValidationOutcome(metrics=self._metrics, artifacts={}, error=None, calls=1)


def standard(**metrics: float) -> Pipeline:
    """The stages of ``config/pipeline/standard.yaml`` around a problem that returns ``metrics``."""
    return Pipeline(
        stages=[
            SyntaxStage(),
            RunStage(server=Server()),  # type: ignore[arg-type]
            ValidateStage(workers=Validators(**metrics), call_timeout_s=1.0),  # type: ignore[arg-type]
            ComplexityStage(),
        ]
    )


async def test_complexity_and_runtime_are_the_score_and_the_cpu_time_by_another_name() -> None:
    metrics = (await standard(fitness=1.0).evaluate(PROGRAM)).metrics
    assert metrics["complexity"] == metrics["complexity_score"] > 6.0
    assert metrics["runtime"] == metrics["cpu_time_s"] == 0.25
    assert metrics["paradigm"] == 2.0


async def test_the_empty_program_has_the_least_complexity_that_is_declared() -> None:
    pipeline = Pipeline(stages=[SyntaxStage(), ComplexityStage()])
    metrics = (await pipeline.evaluate(Program(id="e", source=""))).metrics
    specs = Metrics({"fitness": FITNESS}).specs
    for key in ("complexity", "complexity_score"):
        assert metrics[key] == specs[key].lower_bound


@pytest.mark.parametrize("name", [*NAMES, "complexity_score", "cpu_time_s"])
async def test_a_metric_of_the_problem_takes_the_place_of_ours(name: str) -> None:
    own = MetricSpec(description="the problem's", lower_bound=-2.0)
    assert Metrics({"fitness": FITNESS, name: own}).specs[name] is own
    metrics = (await standard(**{"fitness": 1.0, name: -1.0}).evaluate(PROGRAM)).metrics
    assert metrics[name] == -1.0


@pytest.mark.parametrize("name", NAMES)
def test_what_behaviour_spaces_name_is_declared_from_a_lower_bound_on(name: str) -> None:
    spec = Metrics({"fitness": FITNESS}).specs[name]
    assert spec.lower_bound is not None
    assert (spec.upper_bound is None) == (name == "runtime")
    assert not spec.is_primary


async def test_a_program_of_several_files_is_as_large_as_they_are_together() -> None:
    pipeline = Pipeline(stages=[SyntaxStage(), ComplexityStage()])
    files = {
        "main.py": "import lib.x\n",
        "lib/x.py": "for i in range(3):\n    print(i)\n",
        "data/words.txt": "one two\n",
    }
    found = await pipeline.evaluate(Program(id="p", files=files))
    assert found.error is None
    assert (found.metrics["lines"], found.metrics["cyclomatic_complexity"], found.metrics["paradigm"]) == (
        4.0,
        2.0,
        3.0,
    )


async def test_a_program_in_another_language_has_a_size_and_no_paradigm() -> None:
    pipeline = Pipeline(stages=[SyntaxStage(), ComplexityStage()])
    source = "// words\nint main() {\n  return 3;\n}\n"
    found = await pipeline.evaluate(Program(id="p", source=source, entry="main.cpp"))
    assert (found.metrics["lines"], found.metrics["ast_nodes"]) == (3.0, 9.0)
    assert found.metrics["complexity"] == 9.0 + 5.0 + 3.0
    assert "paradigm" not in found.metrics


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"main.py": "x = 1\n", "lib/x.py": "def (:\n"}, "lib/x.py: line 1: invalid syntax"),
        ({"main.py": "def (:\n", "lib/x.py": "x = 1\n"}, "line 1: invalid syntax"),
        ({"main.py": "x = 1\n", "../x.py": "x = 1\n"}, "the path '../x.py' must be relative and stay inside"),
        ({"main.py": "x = 1\n", "/x.py": "x = 1\n"}, "the path '/x.py' must be relative"),
        ({"lib/x.py": "x = 1\n"}, "the entry file 'main.py' is none of the program's files"),
        ({"main.py": "x = 1\n", "a.txt": "\0"}, "a.txt: line 1: the program has a null byte in it"),
    ],
)
async def test_a_file_that_cannot_be_one_fails_the_program_before_it_runs(files: dict[str, str], message: str) -> None:
    found = await standard(fitness=1.0).evaluate(Program(id="p", files=files))
    assert found.error is not None
    assert (found.error.kind.value, found.error.stage) == ("syntax", "syntax")
    assert message in found.error.message
    assert found.output is None
