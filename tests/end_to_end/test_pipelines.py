"""Pipelines as a user has them: the shipped cascade, results of an earlier run, early ends, stages of one's own."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gigaevo.problems import load_problem
from gigaevo.programs import Program
from tests.end_to_end.command import ROOT, run, sources, summary

PROBLEMS = sorted(path.name for path in (ROOT / "problems").iterdir() if (path / "validate.py").is_file())


def programs(folder: Path) -> list[Program]:
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        return [Program.from_json(record) for (record,) in connection.execute("SELECT record FROM records")]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_cascade_works_for_every_problem(problem: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    mutants = 1 if (ROOT / "problems" / problem / "driver.py").is_file() else 6  # each takes seconds to drive
    done = run(
        f"problem.name={problem}", "pipeline=cascade", "mutation=no_freeze", f"max_mutants={mutants}",
        f"hydra.run.dir={folder}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert summary(folder)["counts"]["mutants"] == mutants
    valid = [program for program in programs(folder) if program.is_valid]
    assert valid
    noisy = load_problem(ROOT / "problems" / problem).settings.noisy
    for program in valid:
        measured = "remeasure" not in program.skipped
        spent_more = program.cost.cpu_time_s > program.metrics["cpu_time_s"]  # a sum beside a median
        if noisy:  # each look at a program decides anew, and its validity is of several
            assert spent_more or not measured
        else:
            assert measured == spent_more == (program.metrics["validity"] >= 0.5)


def test_a_program_beyond_a_threshold_is_pruned_and_shown(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = run(
        "problem.name=toy_example", "pipeline=cascade", "pipeline.stages.2.when.0.at_most=110", "max_mutants=30",
        "mutation=no_freeze", f"hydra.run.dir={folder}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts = summary(folder)["counts"]
    pruned = [program for program in programs(folder) if program.pruned]
    assert counts["outcomes"]["pruned"] == len(pruned) > 0
    assert counts["skipped"]["run"] == len(pruned)
    assert f"pruned {len(pruned)}" in done.stdout
    assert re.search(r"Stages +.*skipped: .*run \d+", done.stdout)
    for program in pruned:
        assert program.metrics["complexity_score"] > 110
        assert program.pruned.startswith("run: complexity_score is ")
        assert program.cost.validate_calls == 0
    assert "was not scored: run: complexity_score is" in (folder / "run.log").read_text()


def test_the_next_run_takes_what_is_the_same_from_the_folder(tmp_path: Path) -> None:
    def once(name: str, *more: str) -> dict[str, Any]:
        folder = tmp_path / name
        done = run(
            "problem.name=toy_example", "mutation=no_freeze", "max_mutants=25", "seed=2", "engine.deterministic=true",
            f"pipeline.cache.folder={tmp_path / 'kept'}", f"hydra.run.dir={folder}", *more,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert ("taken from the cache" in done.stdout) == bool(summary(folder)["counts"]["cached"])
        return summary(folder)

    first, second, other = once("first"), once("second"), once("other", "memory_limit_mb=900")
    assert first["counts"]["cached"] == {}
    evaluated = first["counts"]["evaluated"] - first["counts"]["failures"].get("exception", 0)
    assert second["counts"]["cached"]["validate"] == evaluated
    assert second["validate_calls"] == 0 < first["validate_calls"]
    assert second["best"]["metrics"] == first["best"]["metrics"]  # measured times included
    assert second["best"]["rescored"]["fitness"] == first["best"]["rescored"]["fitness"]
    assert second["best"]["rescored"]["wall_time_s"] != first["best"]["metrics"]["wall_time_s"]  # it did run again
    assert sources(tmp_path / "second") == sources(tmp_path / "first")
    assert other["counts"]["cached"] == {}  # other limits


STAGE = """
import ast
from gigaevo.evaluation.pipeline import Stage, StageResult

class GuessStage(Stage):
    '''Reads what the program will return, and does not tell the tenths.'''

    name = 'guess'
    requires = ('syntax',)

    async def run(self, program, inputs):
        value = ast.literal_eval(ast.parse(program.source).body[0].body[0].value)
        return StageResult(metrics={'fitness_upper_bound': float(int(value * 10) + 1) / 10})
"""
PIPELINE = """
defaults: [cascade, _self_]
stages:
  - _target_: gigaevo.evaluation.stages.syntax.SyntaxStage
  - _target_: guess.GuessStage
  - _target_: gigaevo.evaluation.stages.run.RunStage
    server: ${ref:program_server}
    requires: [syntax, guess]
  - _target_: gigaevo.evaluation.stages.validate.ValidateStage
    workers: ${ref:validators}
    call_timeout_s: ${stage_timeout}
"""


@pytest.fixture
def guessing(tmp_path: Path) -> list[str]:
    """Arguments of a run of a problem whose programs return their fitness, with a stage that knows it roughly."""
    problem = tmp_path / "numbers"
    (problem / "initial_programs").mkdir(parents=True)
    (problem / "task_description.txt").write_text("Return a large number below 1.\n")
    (problem / "metrics.yaml").write_text("specs:\n  fitness: {description: the number, is_primary: true}\n")
    (problem / "validate.py").write_text("def validate(output):\n    return {'fitness': min(output, 1.0)}\n")
    (problem / "initial_programs" / "half.py").write_text("def entrypoint():\n    return 0.5\n")
    mine = tmp_path / "mine" / "pipeline"
    mine.mkdir(parents=True)
    (mine / "guess.py").write_text(STAGE)
    (mine / "guessing.yaml").write_text(PIPELINE)
    return [
        "--config-dir", str(tmp_path / "mine"), "pipeline=guessing", f"problem.dir={problem}", "algorithm=best_of_n",
        "operators.constants.step=0.5", "operators.constants.min_step=0.3", "max_mutants=40", "seed=1",
        "mutation_operator.operators=[${operators.constants}]",
    ]  # fmt: skip


def test_what_no_archive_could_keep_is_not_run(guessing: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = run(*guessing, f"hydra.run.dir={folder}")
    assert done.returncode == 0, done.stderr
    result, everything = summary(folder), programs(folder)
    pruned = [program for program in everything if program.pruned]
    assert len(pruned) >= 5
    assert result["counts"]["outcomes"]["pruned"] == len(pruned)
    assert result["validate_calls"] == len(everything) - len(pruned)
    best = result["best"]["metrics"]["fitness"]
    assert best > 0.5
    for program in pruned:
        assert program.metrics["fitness_upper_bound"] <= best
        assert program.pruned.startswith("run: no archive could keep a program of fitness at most ")
    assert result["best"]["rescored"]["fitness"] == best


def test_the_stage_of_the_guide_works_as_it_is_printed(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "evaluation.md").read_text()
    for name, content in re.findall(r"```(?:python|yaml)\n# (mine/\S+)\n(.*?)```", text, flags=re.DOTALL):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (command,) = re.findall(r"^python run.py (--config-dir mine .*)$", text, flags=re.MULTILINE)
    folder = tmp_path / "out"
    done = run(*command.replace("mine", str(tmp_path / "mine"), 1).split(), f"hydra.run.dir={folder}")
    assert done.returncode == 0, done.stderr
    assert summary(folder)["counts"]["mutants"] == 20
    assert 1.0 < summary(folder)["best"]["metrics"]["density"] <= 60.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "pipeline.stages.2.requires=[syntx]",
            "stage 'run' requires 'syntx', which is not in the pipeline; did you mean",
        ),
        ("+pipeline.stages.0.retires=1", "(SyntaxStage): there is no setting 'retires'; of any stage there are name"),
    ],
)
def test_a_pipeline_that_cannot_be_is_one_line_and_status_2(change: str, message: str, tmp_path: Path) -> None:
    done = run("problem.name=toy_example", "pipeline=cascade", change, f"hydra.run.dir={tmp_path / 'out'}")
    assert done.returncode == 2, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert message in errors[0]
    assert not (tmp_path / "out" / "run.db").exists()
