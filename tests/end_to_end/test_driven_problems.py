"""Runs of the shipped problems whose programs are driven from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.command import ROOT, run, summary
from tests.end_to_end.population import stored_programs

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
