"""Runs of the shipped problems whose programs are driven from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.command import ROOT, run, summary
from tests.end_to_end.population import stored_programs

# Its driver asks for two numbers; its validator forgets that they must not be above 10.
FILES = {
    "task_description.txt": "Answer with large numbers of at most 10.\n",
    "metrics.yaml": "specs:\n  fitness: {description: sum, is_primary: true, lower_bound: 0.0, upper_bound: 100.0}\n",
    "problem.yaml": "noisy: true\n",
    "driver.py": (
        "def drive(program, context):\n"
        "    answers = [program.call(number).value for number in (1, 2)]\n"
        "    return {'answers': answers, 'cpu_s': program.cpu_s()}\n"
    ),
    "validate.py": "def validate(output):\n    return {'fitness': float(sum(output['answers']))}\n",
    "verify.py": (
        "def verify(output):\n"
        "    if max(output['answers']) > 10:\n"
        "        raise ValueError(f\"{max(output['answers'])} is above 10\")\n"
    ),
    "initial_programs/a_fair.py": "def entrypoint(request):\n    step = 2\n    return step * request\n",
    "initial_programs/b_hole.py": "def entrypoint(request):\n    step = 30\n    return step * request\n",
}
DRIVEN = sorted(path.parent.name for path in ROOT.glob("problems/*/driver.py"))


@pytest.mark.parametrize("problem", DRIVEN)
def test_a_driven_problem_evolves(problem: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = run(
        f"problem.name={problem}", "max_mutants=2", "max_seconds=null", "stage_timeout=30", f"hydra.run.dir={folder}"
    )
    if "needs a loopback of its own" in done.stderr or "needs a network namespace" in done.stderr:
        pytest.skip("this machine gives programs no private loopback")
    assert done.returncode == 0, done.stderr
    result = summary(folder)
    best = result["best"]["metrics"]
    assert best["validity"] == 1.0
    assert best["fitness"] > 0.5
    assert best["cost"] > 0.0
    assert result["best"]["rescored"]["fitness"] is not None
    assert result["counts"]["mutants"] == 2
    for name in ("config.yaml", "run.log", "run.db", "best_program.py"):
        assert (folder / name).stat().st_size > 0
    seeds = [program for program in stored_programs(folder) if program.number < 0]
    assert [seed.metrics["validity"] for seed in seeds] == [1.0] * 5


def test_a_driven_problem_is_refused_inline_in_a_line(tmp_path: Path) -> None:
    chosen = ["problem.name=data_pipeline", "sandbox=inline", "~operators.syntax_tree"]
    done = run(*chosen, "max_mutants=1", f"hydra.run.dir={tmp_path / 'out'}")
    assert done.returncode != 0
    assert "problem data_pipeline has a driver.py, which calls programs from outside; use sandbox=auto" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_driver_saw_is_sampled_confirmed_and_verified(tmp_path: Path) -> None:
    problem, folder = tmp_path / "numbers", tmp_path / "out"
    for name, text in FILES.items():
        path = problem / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    done = run(f"problem.dir={problem}", "max_mutants=3", f"hydra.run.dir={folder}")
    assert done.returncode == 0, done.stderr
    told = summary(folder)
    assert 6.0 <= told["best"]["metrics"]["fitness"] <= 20.0
    assert told["best"]["verified_again"]["accepted"]
    assert told["best"]["rescored"]["fitness"] == told["best"]["metrics"]["fitness"]
    initial = {program.number: program for program in stored_programs(folder) if program.number < 0}
    fair, hole = initial[-1], initial[-2]
    assert fair.metrics["fitness_samples"] == 6.0  # an evaluation, and the second look of what became the best
    assert hole.error is not None
    assert hole.error.kind == "leak"
    assert hole.error.message == "passed validate.py, and verify.py refuses it: 60 is above 10"
