"""What ``fitness.py`` of a problem folder may be and do, and what is told of it where it does what it may not."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.config.command import ROOT, run, the_line
from tests.config.numeric_folders import NAMED, searched, written

DATACLASS = """\
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass
class Params:
    a: float
    n: int
    LARGEST: ClassVar[int] = 9


def fitness(params):
    return Params(**params).n
"""


@pytest.mark.parametrize("workers", [0, 1])
def test_classes_may_be_written_beside_the_fitness(workers: int, tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", genotype__yaml=NAMED, fitness__py=DATACLASS)
    found = searched(folder, "max_generations=20", f"workers={workers}", out=tmp_path / "out")
    assert found["best"]["metrics"]["fitness"] == 1


PANIC = "class Panic(BaseException):\n    pass\n\n\n"


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("raised", ["Panic('inner')", "GeneratorExit('inner')"])
def test_what_is_raised_and_no_exception_is_one_line_as_well(raised: str, workers: int, tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", fitness__py=f"{PANIC}def fitness(genome):\n    raise {raised}\n")
    fault = searched(folder, f"workers={workers}", out=tmp_path / "out", status=1)["fault"]
    kind = raised.partition("(")[0]
    assert fault == f"{folder}/fitness.py:6: the fitness function raised {kind}: inner"


def test_so_it_is_at_import_and_in_a_report(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "mine", fitness__py=f"{PANIC}def fitness(genome):\n    return 1\n\n\nraise Panic('inner')\n"
    )
    line = the_line(run(f"problem.dir={folder}", f"hydra.run.dir={tmp_path / 'out'}", cwd=ROOT))
    assert line == f"error: {folder}/fitness.py:9: cannot be imported: Panic: inner\n"
    written(
        folder, fitness__py=f"{PANIC}def fitness(genome):\n    return 1\n\n\ndef report(genome):\n    raise Panic\n"
    )
    fault = searched(folder, "max_generations=1", out=tmp_path / "out", status=1)["fault"]
    assert fault == f"{folder}/fitness.py:10: report raised Panic"


def test_the_line_that_ends_the_import_is_named(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", fitness__py="def fitness(genome):\n    return 1\n\n\nraise SystemExit(4)\n")
    line = the_line(run(f"problem.dir={folder}", f"hydra.run.dir={tmp_path / 'out'}", cwd=ROOT))
    assert line == f"error: {folder}/fitness.py:5: cannot be imported: it ended with SystemExit(4)\n"


TWO_ARGUMENTS = """\
class Refused(Exception):
    def __init__(self, where, why):
        super().__init__(f"{where}: {why}")


def fitness(genome):
    raise Refused("gear", "stuck")
"""


@pytest.mark.parametrize("workers", [0, 1])
def test_an_exception_that_cannot_be_sent_between_processes_is_named_all_the_same(workers: int, tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", fitness__py=TWO_ARGUMENTS)
    fault = searched(folder, f"workers={workers}", out=tmp_path / "out", status=1)["fault"]
    assert fault.startswith(f"{folder}/fitness.py:7: the fitness function raised Refused: gear: stuck for genome ")


@pytest.mark.parametrize("workers", [0, 1])
def test_so_is_what_is_no_fitness_and_cannot_be_sent(workers: int, tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", fitness__py="def fitness(genome):\n    return lambda: 1\n")
    fault = searched(folder, f"workers={workers}", out=tmp_path / "out", status=1)["fault"]
    assert "is <function fitness.<locals>.<lambda> at 0x" in fault
    assert fault.endswith(", expected a number or None" if workers == 0 else ", expected numbers")


def test_a_fitness_that_fails_since_the_run_was_interrupted_is_no_fault(tmp_path: Path) -> None:
    text = "import os, signal\n\n\ndef fitness(g):\n    os.kill(os.getpid(), signal.SIGINT)\n    raise OSError('cut')\n"
    found = searched(written(tmp_path / "mine", fitness__py=text), out=tmp_path / "out", status=130)
    assert found["stop_reason"] == "interrupted"
    assert "OSError: cut" in found["fault"]


FORKS = """\
import time
from multiprocessing import get_context

fork = get_context("fork")


def work(begun):
    begun.set()
    time.sleep(20)


def fitness(genome):
    begun = fork.Event()
    process = fork.Process(target=work, args=(begun,))
    process.start()
    begun.wait()
    process.terminate()
    process.join()
    return process.exitcode
"""


@pytest.mark.parametrize("workers", [0, 1])
def test_processes_that_a_fitness_forks_end_when_they_are_told_to(workers: int, tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", fitness__py=FORKS)
    limits = ("algorithm=ga", "optimizer.population_size=2", "max_generations=1")
    best = searched(folder, *limits, f"workers={workers}", out=tmp_path / "out")["best"]
    assert best["metrics"]["fitness"] == -signal.SIGTERM


@pytest.mark.parametrize("algorithm", ["de", "evolve"])
def test_every_algorithm_names_the_line_that_raised(algorithm: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", fitness__py="def fitness(genome):\n    raise KeyError('x')\n")
    fault = searched(folder, f"algorithm={algorithm}", out=tmp_path / "out", status=1)["fault"]
    assert fault.startswith(f"{folder}/fitness.py:2: the fitness function raised KeyError: 'x' for genome ")
