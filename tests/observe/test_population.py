"""The history of the population: a line a generation, from which curves can be drawn."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from run_values import Event, events, info, population, report, valid

from gigaevo.evolution.strategies.base import StrategyMetrics
from gigaevo.observe import PopulationHistory


def lines(folder: Path) -> list[dict[str, Any]]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in (folder / "population.jsonl").read_text().splitlines()]


def told(mutants: int, *, size: int = 2) -> list[Event]:
    """What an engine tells of an initial program and so many mutants, in generations of ``size``."""
    programs = [valid(-1, 0.1), *(valid(number, 0.2 + number) for number in range(mutants))]
    return [
        (program, outcome, replace(progress, generation=progress.mutants // size))
        for program, outcome, progress in events(programs)
    ]


def write(folder: Path, heard: Sequence[Event], *, resumed: int = 0, stop: bool = True) -> None:
    history = PopulationHistory(folder=folder)
    history.on_start(replace(info(), resumed_mutants=max(0, resumed - 1), resumed_evaluated=resumed))
    for event in heard:
        history.on_program(*event)
    if stop:
        history.on_stop(report(heard))


def test_each_generation_has_a_line_when_it_begins_and_the_end_has_one(tmp_path: Path) -> None:
    write(tmp_path, told(7))
    assert [(line["generation"], line["mutants"]) for line in lines(tmp_path)] == [
        (0, 0),
        (1, 2),
        (2, 4),
        (3, 6),
        (3, 7),
    ]


def test_a_line_has_the_standing_of_the_run_and_all_that_the_strategy_tells(tmp_path: Path) -> None:
    heard = told(2)
    write(tmp_path, heard)
    last = heard[-1][2]
    assert lines(tmp_path)[-1] == {
        **last.population.to_dict(),
        "generation": 1,
        "mutants": 2,
        "evaluated": 3,
        "validate_calls": 6,
        "elapsed_s": 1.5,
        "best": 1.2,
    }
    assert {"size/main", "best/main", "mean/main", "coverage/main", "qd_score/main", "acceptance/constants"} <= {
        *lines(tmp_path)[-1]
    }


def test_numbers_that_are_not_finite_are_null_and_a_run_without_a_best_has_none(tmp_path: Path) -> None:
    (event,) = told(0)
    odd = replace(event[2], best=None, population=replace(population(1), qd_score=math.inf))
    write(tmp_path, [(event[0], event[1], odd)])
    assert (lines(tmp_path)[0]["best"], lines(tmp_path)[0]["qd_score"]) == (None, None)


def test_a_resumed_run_keeps_what_is_committed_and_goes_on(tmp_path: Path) -> None:
    whole = told(7)
    write(tmp_path, whole[:6], stop=False)
    path = tmp_path / "population.jsonl"
    assert [line["evaluated"] for line in lines(tmp_path)] == [1, 3, 5]
    path.write_text(path.read_text() + '{"generation": 3, "evaluated": 5, "muta')
    write(tmp_path, whole[4:], resumed=4)  # programs 5 and 6 were lost
    assert [line["evaluated"] for line in lines(tmp_path)] == [1, 3, 5, 7, 8]
    assert [line["generation"] for line in lines(tmp_path)] == [0, 1, 2, 3, 3]


def test_a_session_without_a_new_program_adds_nothing(tmp_path: Path) -> None:
    whole = told(3)
    write(tmp_path, whole)
    before = (tmp_path / "population.jsonl").read_text()
    write(tmp_path, whole[-1:], resumed=4)
    assert (tmp_path / "population.jsonl").read_text() == before


def test_a_new_run_begins_a_new_file(tmp_path: Path) -> None:
    write(tmp_path, told(3))
    write(tmp_path, told(1))
    assert [line["evaluated"] for line in lines(tmp_path)] == [1, 2]


@pytest.mark.parametrize(
    "junk", ["\n", "[]\n", '{"evaluated": "x", "generation": 1}\n', '{"evaluated": 1}\n', "\x00\xff\n"]
)
def test_lines_that_are_no_lines_of_a_history_go(tmp_path: Path, junk: str) -> None:
    write(tmp_path, told(1), stop=False)
    path = tmp_path / "population.jsonl"
    path.write_text(junk + path.read_text())
    write(tmp_path, told(1), resumed=2)
    assert [line["evaluated"] for line in lines(tmp_path)] == [1, 2]


def test_nothing_is_computed_for_programs_that_get_no_line(tmp_path: Path) -> None:
    class Costly(StrategyMetrics):
        asked = 0

        def to_dict(self) -> dict[str, float]:
            Costly.asked += 1
            return super().to_dict()

    costly = Costly(total_programs=1, coverage=1.0, qd_score=1.0, sizes={"main": 1})
    heard = [
        (program, outcome, replace(progress, population=costly)) for program, outcome, progress in told(40, size=20)
    ]
    write(tmp_path, heard)
    assert Costly.asked == 3
