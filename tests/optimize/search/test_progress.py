"""The progress bar of ``run(progress=True)``, on a terminal and without one."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from typing import Any

import pytest

from gigaevo.optimize import NSGA2, DifferentialEvolution, FitnessError, RangeGenotype
from tests.optimize.search.contract_cases import CASES, Case

SPACE = RangeGenotype(3, (-5.0, 5.0))

SCRIPT = """
from gigaevo.optimize import DifferentialEvolution, RangeGenotype
search = DifferentialEvolution(RangeGenotype(3, (-5.0, 5.0)), seed=1)
print(search.run(lambda genome: float((genome**2).sum()), progress=True, {stops}).reason)
"""


def on_a_terminal(stops: str, width: int) -> str:
    """What a script writes to a terminal as standard error, without the codes that move and colour."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(width), "TERM": "xterm"}
    command = [sys.executable, "-c", SCRIPT.format(stops=stops)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=True, text=True)
    os.close(theirs)
    assert ran.stdout.strip() in stops  # the reason and nothing else: the bar is no output
    written = b""
    while True:
        try:
            block = os.read(ours, 65_536)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        written += block
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("stops", ["evaluations=1_500", "generations=50"])
def test_a_line_tells_evaluations_and_best_whole(stops: str, width: int) -> None:
    last = on_a_terminal(stops, width).replace("\r", "\n").strip().splitlines()[-1]
    assert re.fullmatch(r"DifferentialEvolution ━+ 1,500 evaluations, best \S+ 0:00:\d\d", last.strip()), last
    assert len(last) <= width


def test_without_a_terminal_the_last_line_goes_to_the_standard_error(capfd: Any) -> None:
    NSGA2(SPACE, seed=1).run(lambda genome: genome[:2], generations=3, progress=True)
    written, told = capfd.readouterr()
    assert written == ""
    assert "NSGA2" in told and "300 evaluations" in told


def test_the_bar_is_put_away_when_the_fitness_raises(capfd: Any) -> None:
    search = DifferentialEvolution(SPACE, seed=1)
    for _ in range(2):  # a bar that was left would be in the way of the next
        with pytest.raises(FitnessError):
            search.run(lambda genome: 1 / 0, generations=3, progress=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_watching_does_not_change_a_search(case: Case, capfd: Any) -> None:
    alone, watched = (
        case.make().run(case.fitness, vectorized=True, generations=6, progress=progress) for progress in (False, True)
    )
    assert (alone.genomes == watched.genomes).all()
