"""Searches among numbers as a user has them: every problem by a fitting algorithm, kills, Ctrl-C, processes beside."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.config.numeric_choices import HOME
from tests.end_to_end.command import ROOT, command, metrics_lines, run, summary

SLOW = {
    "task_description.txt": "The middle of the range.\n",
    "metrics.yaml": "specs:\n  fitness: {description: squared distance, is_primary: true, higher_is_better: false}\n",
    "genotype.yaml": "kind: range\ngenes_size: 3\nallele_range: [-1, 1]\n",
    "fitness.py": "import time\n\n\ndef fitness(genome):\n    time.sleep(0.002)\n    return float((genome**2).sum())\n",
}


def problem(folder: Path, **changed: str) -> Path:
    """A problem whose fitness takes its time."""
    folder.mkdir()
    for name, text in {**SLOW, **{f"{name}.py": text for name, text in changed.items()}}.items():
        (folder / name).write_text(text)
    return folder


def rows(folder: Path, table: str) -> list[Any]:
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        return [json.loads(text) for (_, text) in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]


def without_time(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "elapsed_s"} for line in lines]


def found(folder: Path) -> dict[str, Any]:
    """All that a search came to, but for the time it took."""
    result = {key: value for key, value in summary(folder).items() if key not in ("elapsed_s", "evaluations_per_s")}
    lines, generations = without_time(metrics_lines(folder)), without_time(rows(folder, "generations"))
    return {"summary": result, "lines": lines, "generations": generations, "elites": rows(folder, "elites")}


def test_a_problem_runs_from_its_name_alone_and_loads_nothing_of_programs(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    code = (
        "import runpy, sys; sys.argv = sys.argv[1:]\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    heavy = ('litellm', 'gigaevo.evaluation', 'gigaevo.llm.client', 'scipy.stats')\n"
        "    print('status', end.code, [name for name in heavy if name in sys.modules])\n"
    )
    arguments = [*command("problem.name=onemax", "max_generations=300", f"hydra.run.dir={folder}")[1:]]
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "status 0 []", done
    assert summary(folder)["best"]["metrics"]["fitness"] == 100


@pytest.mark.parametrize(
    "algorithm", ["de", *(pytest.param(name, marks=pytest.mark.slow) for name in ("evolve", "map_elites", "nsga2"))]
)
def test_a_search_killed_three_times_finds_what_one_does_that_was_not(algorithm: str, tmp_path: Path) -> None:
    name = HOME[f"algorithm/{algorithm}"]
    start = [f"problem.name={name}", f"algorithm={algorithm}", "max_generations=900", "seed=5", "checkpoint_s=0.01"]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for _ in range(3):
        arguments = [f"resume={killed}"] if (killed / "config.yaml").is_file() else [*start, f"hydra.run.dir={killed}"]
        child = subprocess.Popen(
            command(*arguments), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert child.stderr is not None
        child.stderr.readline()  # it says where it begins
        child.stderr.readline()  # and of the first generation
        child.kill()
        child.wait()
        child.stderr.close()
    done = run(f"resume={killed}")
    assert done.returncode == 0, done.stderr
    assert run(*start, f"hydra.run.dir={whole}").returncode == 0
    assert found(killed) == found(whole)


@pytest.mark.parametrize(
    ("workers", "number"),
    [
        (0, signal.SIGINT),
        (2, signal.SIGINT),
        (2, signal.SIGTERM),
    ],  # to all its processes, as by a terminal or a service
)
def test_ctrl_c_ends_after_the_generation_and_says_how_to_go_on(workers: int, number: int, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    child = subprocess.Popen(
        command(
            f"problem.dir={problem(tmp_path / 'slow')}", f"workers={workers}", "observe.interval_s=0",
            f"hydra.run.dir={folder}",
        ),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert child.stderr is not None
    for line in child.stderr:
        if "generation 2" in line:
            break
    family = psutil.Process(child.pid).children(recursive=True)
    assert len(family) == workers
    os.killpg(child.pid, number)
    out, _ = child.communicate(timeout=200)
    assert child.returncode == 130
    assert f"resume={folder}" in out
    assert psutil.wait_procs(family, timeout=60)[1] == []
    before = summary(folder)
    assert (before["stop_reason"], before["fault"]) == ("interrupted", None)
    again = run(f"resume={folder}", f"max_generations={before['generation'] + 2}")
    assert again.returncode == 0, again.stderr
    assert summary(folder)["generation"] == before["generation"] + 2


def test_processes_that_evaluate_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    child = subprocess.Popen(
        command(f"problem.dir={problem(tmp_path / 'slow')}", "workers=2", f"hydra.run.dir={tmp_path / 'out'}"),
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stderr is not None
    child.stderr.readline()
    child.stderr.readline()
    family = psutil.Process(child.pid).children(recursive=True)
    assert len(family) == 2
    child.kill()
    child.wait()
    child.stderr.close()
    assert psutil.wait_procs(family, timeout=60)[1] == []


def test_processes_find_what_one_finds(tmp_path: Path) -> None:
    slow = problem(tmp_path / "slow")
    results = []
    for workers in (0, 2):
        folder = tmp_path / f"out_{workers}"
        done = run(f"problem.dir={slow}", f"workers={workers}", "max_generations=4", f"hydra.run.dir={folder}")
        assert done.returncode == 0, done.stderr
        results.append(found(folder))
    assert results[0] == results[1]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_fitness_that_raises_is_one_line_with_genome_and_place(workers: int, tmp_path: Path) -> None:
    broken = problem(tmp_path / "broken", fitness="def fitness(genome):\n    return 1 / int(genome[0] > 2)\n")
    folder = tmp_path / "out"
    done = run(f"problem.dir={broken}", f"workers={workers}", f"hydra.run.dir={folder}")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    fault = summary(folder)["fault"]
    assert "fitness.py" in fault
    genome = "0" if workers == 0 else r"\d+"  # side by side the first in time is told of
    assert re.search(rf"ZeroDivisionError: division by zero for genome {genome}: \[", fault)
    assert fault in " ".join(done.stdout.split())
    assert "fitness.py:2: " in fault


def test_a_search_that_failed_does_not_wait_for_a_process_that_hangs(tmp_path: Path) -> None:
    text = (
        "import time\nfrom pathlib import Path\n\ndef fitness(genome):\n"
        "    try:\n        Path(__file__).with_name('first').touch(exist_ok=False)\n"
        "    except FileExistsError:\n        time.sleep(1000)\n"
        "    time.sleep(0.2)\n    return 1 / 0\n"
    )
    folder = tmp_path / "out"
    stuck = problem(tmp_path / "stuck", fitness=text)
    done = run(f"problem.dir={stuck}", "workers=2", f"hydra.run.dir={folder}")
    assert done.returncode == 1
    assert "ZeroDivisionError" in summary(folder)["fault"]


def test_who_does_not_wait_for_the_generation_was_told_how_to_go_on(tmp_path: Path) -> None:
    text = "import sys\n\n\ndef fitness(genome):\n    print('called', file=sys.stderr)\n    while True:\n        pass\n"
    stuck, folder = problem(tmp_path / "stuck", fitness=text), tmp_path / "out"
    child = subprocess.Popen(
        command(f"problem.dir={stuck}", f"hydra.run.dir={folder}"), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    for awaited in ("called", f"and go on with python run.py resume={folder}"):
        for line in child.stderr:
            if awaited in line:
                break
        child.send_signal(signal.SIGINT)
    assert child.wait(timeout=60) == 130
    child.stderr.close()


def test_a_process_that_dies_is_told_of_in_one_line(tmp_path: Path) -> None:
    deadly = problem(tmp_path / "deadly", fitness="import os\n\ndef fitness(genome):\n    os._exit(3)\n")
    folder = tmp_path / "out"
    done = run(f"problem.dir={deadly}", "workers=1", f"hydra.run.dir={folder}")
    assert done.returncode == 1
    assert "ended abruptly" in summary(folder)["fault"]


def test_where_no_fitness_is_a_number_the_status_is_3(tmp_path: Path) -> None:
    hopeless = problem(tmp_path / "hopeless", fitness="def fitness(genome):\n    return float('nan')\n")
    folder = tmp_path / "out"
    done = run(f"problem.dir={hopeless}", "max_generations=2", f"hydra.run.dir={folder}")
    assert done.returncode == 3
    assert summary(folder)["best"] is None
    assert summary(folder)["counts"]["invalid"] == summary(folder)["evaluations"] > 0
    assert not (folder / "best_genome.json").exists()


def test_letters_that_the_terminal_lacks_end_nothing(tmp_path: Path) -> None:
    folder = problem(tmp_path / "cities", fitness="def fitness(order):\n    return order[0] == 'Łódź'\n")
    (folder / "genotype.yaml").write_text("kind: unique\nallele_list: [Łódź, Wien]\n", encoding="utf-8")
    done = run(
        f"problem.dir={folder}", "max_generations=2", f"hydra.run.dir={tmp_path / 'out'}",
        env={"PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert r"[Wien, \u0141\xf3d\u017a]" in done.stdout
