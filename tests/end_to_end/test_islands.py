"""Runs with several islands: what each is there for, what migrates, and what a kill takes away."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gigaevo.programs import Program, ProgramState
from tests.end_to_end.command import ROOT, command, metrics_lines, mutant_numbers, run, sources
from tests.end_to_end.population import Islands, islands_at_the_end, islands_by_journal, stored_programs

# Programs that never end are cut off by what they compute, which does not depend on what else the machine has to do.
OFFLINE = ("mutation=no_freeze", "stage_timeout=60", "sandbox.cpu_time_s=1")


@dataclass(frozen=True)
class Ended:
    """A run that has ended."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, *arguments: str) -> Ended:
        done = run(*arguments, *OFFLINE, f"hydra.run.dir={folder}")
        assert done.returncode == 0, done.stderr
        return cls(folder)

    @property
    def log(self) -> str:
        return (self.folder / "run.log").read_text()

    @property
    def islands(self) -> Islands:
        return islands_at_the_end(self.folder)

    def elites(self, island: str) -> list[Program]:
        members = self.islands[island]
        return [program for program in stored_programs(self.folder) if program.id in members]


# Two islands on sorting, the same run twice


@pytest.fixture(scope="module")
def sorted_twice(tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    """The same run with pools of different sizes."""
    return [
        Ended.of(
            tmp_path_factory.mktemp("islands") / f"pool_of_{pool}",
            "problem.name=sorting", "experiment=multi_island_complexity", "max_mutants=300", "seed=1",
            "engine.deterministic=true", "max_seconds=null",
            f"engine.max_mutations_in_flight={pool}", f"engine.max_evaluations_in_flight={pool}",
        )
        for pool in (2, 5)
    ]  # fmt: skip


def passing(programs: list[Program]) -> list[Program]:
    return [program for program in programs if program.metrics["validity"] == 1.0]


def fitness(program: Program) -> float:
    return program.metrics["fitness"]


def smallness(program: Program) -> tuple[float, float]:
    return -program.metrics["complexity_score"], fitness(program)


def test_the_best_of_the_simplicity_island_is_smaller_than_the_best_of_the_fitness_island(
    sorted_twice: list[Ended],
) -> None:
    it = sorted_twice[0]
    small = max(passing(it.elites("simplicity_island")), key=smallness)
    fit = max(passing(it.elites("fitness_island")), key=fitness)
    assert small.metrics["complexity_score"] < fit.metrics["complexity_score"]
    assert fitness(small) < fitness(fit)


def test_migrations_happen_and_are_logged(sorted_twice: list[Ended]) -> None:
    log = sorted_twice[0].log
    moves = re.findall(r"\[Migration\] Island (\w+) → Island (\w+): program [0-9a-f]+", log)
    assert set(moves) <= {("fitness_island", "simplicity_island"), ("simplicity_island", "fitness_island")}
    summaries = re.findall(r"\[Migration\] Removed \d+ programs, added (\d+) programs", log)
    assert 0 < len(moves) == sum(map(int, summaries))


def test_in_deterministic_mode_a_run_with_islands_repeats_with_pools_of_any_size(sorted_twice: list[Ended]) -> None:
    first, second = sorted_twice
    assert sources(first.folder) == sources(second.folder)
    assert without_times(first) == without_times(second)
    assert first.islands == second.islands


def without_times(it: Ended) -> list[dict[str, Any]]:
    """The lines of ``metrics.jsonl`` without what a clock or a memory gauge says."""
    lines = []
    for line in metrics_lines(it.folder):
        measured = ("wall_time_s", "cpu_time_s", "peak_memory_mb", "runtime", "sort_cpu_s")
        metrics = {key: value for key, value in line["metrics"].items() if key not in measured}
        lines.append({**line, "metrics": metrics, "cost": None, "elapsed_s": None})
    return lines


# The other algorithms


def test_programs_of_three_kinds_settle_on_three_islands(tmp_path: Path) -> None:
    it = Ended.of(tmp_path / "out", "problem.name=heilbron", "experiment=multi_island_speed", "max_mutants=60")
    assert set(it.islands) == {"fitness_island", "simplicity_island", "speed_island"}
    assert all(it.islands.values())


GROWING = {
    "root_1": ("algorithm=hierarchical", "evolution_strategy.refine_after=20"),
    "niche_1": ("algorithm=adaptive_islands", "evolution_strategy.settled=2"),
}


@pytest.mark.parametrize(("island", "algorithm"), GROWING.items())
def test_islands_made_at_run_time_survive_kills(island: str, algorithm: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    start = (
        "problem.name=heilbron", *algorithm, *OFFLINE, "max_mutants=100000", "engine.snapshot_interval=70",
        "evolution_strategy.migration_interval=4", "observe.interval_s=0.05", f"hydra.run.dir={folder}",
    )  # fmt: skip
    kill_when(lambda mutants, made: made and mutants >= 120, *start)
    assert island in islands_by_journal(folder)
    committed = len(mutant_numbers(folder))
    kill_when(lambda mutants, made: mutants >= committed + 60, f"resume={folder}")
    most = len(mutant_numbers(folder)) + 60
    done = run(f"resume={folder}", f"max_mutants={most}")
    assert done.returncode == 0, done.stderr

    assert mutant_numbers(folder) == list(range(most))
    islands = islands_at_the_end(folder)
    assert islands[island]
    assert islands == islands_by_journal(folder)
    evolving = {program.id for program in stored_programs(folder) if program.state is ProgramState.EVOLVING}
    assert evolving == set().union(*islands.values())


def kill_when(due: Callable[[int, bool], bool], *arguments: str) -> None:
    """Start a run, and kill it as soon as its lines say that it is time.

    Args:
        due: Given how many mutants there are, and whether an island was made in this session.
        arguments: As typed.
    """
    child = subprocess.Popen(
        command(*arguments), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    made = False
    for line in child.stderr:  # there is one every 50 ms: no need to guess a time
        made |= "Created new island" in line
        count = re.search(r"(\d+) mutants", line)
        if count is not None and due(int(count[1]), made):
            break
    child.kill()
    child.communicate()
