"""A run that is killed with SIGKILL at any moment loses nothing that was committed."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from gigaevo.programs import ProgramState
from tests.end_to_end.command import ROOT, command, metrics_lines, mutant_numbers, programs_so_far, run, summary
from tests.end_to_end.population import islands_at_the_end, islands_by_journal, stored_programs


def kill_and_resume(folder: Path, *, mutants: int, kills: int, seed: int) -> list[psutil.Process]:
    """Start a run, kill it ``kills`` times at random moments, resume it each time; returns every process seen.

    A session is killed once it has written some programs, however long that takes: the first while it begins.
    """
    rng = np.random.default_rng(seed)
    start = ["problem.name=toy_example", "seed=5", f"max_mutants={mutants}", f"hydra.run.dir={folder}"]
    seen: list[psutil.Process] = []
    for number in range(kills):
        arguments = [f"resume={folder}"] if (folder / "config.yaml").is_file() else start
        enough = programs_so_far(folder) + (int(rng.integers(mutants // kills)) if number else 0)
        child = subprocess.Popen(command(*arguments), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while child.poll() is None and programs_so_far(folder) < enough:
            time.sleep(0.005)
        time.sleep(float(rng.uniform(0.0, 0.5)))  # the moment of the kill is the point of the test
        try:
            seen += [*psutil.Process(child.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            pass
        child.kill()
        child.wait()
    done = run(*([f"resume={folder}"] if (folder / "config.yaml").is_file() else start), timeout=600)
    assert done.returncode == 0, done.stderr
    return seen


def check(folder: Path, mutants: int, seen: list[psutil.Process]) -> None:
    assert psutil.wait_procs(seen, timeout=60)[1] == [], "a process is left over"
    assert sorted(mutant_numbers(folder)) == list(range(mutants))
    programs = stored_programs(folder)
    assert len({program.id for program in programs}) == len(programs)
    assert {program.state for program in programs} <= {ProgramState.EVOLVING, ProgramState.DISCARDED}
    assert sorted(line["number"] for line in metrics_lines(folder)) == list(range(mutants))
    result = summary(folder)
    assert result["counts"]["mutants"] == mutants
    elites = {program.id for program in programs if program.state is ProgramState.EVOLVING}
    assert len(elites) == result["archive"]["elites"]
    islands = islands_by_journal(folder)
    assert islands == islands_at_the_end(folder)
    assert set().union(*islands.values()) == elites


def test_a_run_killed_three_times_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    seen = kill_and_resume(folder, mutants=120, kills=3, seed=1)
    check(folder, 120, seen)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [2, 3])
def test_a_run_killed_ten_times_ends_as_if_it_had_not_been(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "out"
    seen = kill_and_resume(folder, mutants=300, kills=10, seed=seed)
    check(folder, 300, seen)
