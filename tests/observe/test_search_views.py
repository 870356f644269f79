"""What people see of a search among numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from loguru import logger
from rich.console import Console

from gigaevo.evolution.engine.events import Limits
from gigaevo.observe.console import search_view
from gigaevo.observe.search_events import SearchInfo, SearchProgress, SearchReport
from gigaevo.observe.search_files import BestGenomeFile, GenerationLog, SearchSummaryFile, generation_line
from gigaevo.observe.search_live import SearchLiveView
from gigaevo.observe.search_page import print_search
from gigaevo.observe.search_plain import SearchPlainLines
from gigaevo.programs import Metrics
from gigaevo.programs.metrics import MetricSpec

SPECS = {
    "cost": MetricSpec(description="c", is_primary=True, higher_is_better=False, decimals=3, unit="m"),
    "held_out": MetricSpec(description="h", decimals=1),
}
INFO = SearchInfo(
    problem="bridge",
    metrics=Metrics(SPECS),
    algorithm="DifferentialEvolution",
    genes=12,
    objectives=["cost"],
    seed=7,
    limits=Limits(max_evaluations=2000, max_seconds=100.0),
    notes=["kernels are [slow]"],
)
PROGRESS = SearchProgress(
    generation=15,
    evaluations=1500,
    invalid=3,
    elapsed_s=61.0,
    evaluations_per_s=24.6,
    best=0.12345,
    genome={"width": 1.5, "beams": 4},
    numbers={"generation": 15, "evaluations": 1500, "best": 0.12345, "coverage": 0.25},
)
REPORT = SearchReport(
    progress=PROGRESS,
    stop_reason="max_evaluations",
    metrics={"cost": 0.12345, "held_out": 2.0},
    elites=[{"genome": {"width": 1.5, "beams": 4}, "fitness": 0.12345}],
)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged."""
    logger.remove()
    found: list[str] = []
    logger.add(lambda message: found.append(str(message.record["message"])), level="INFO")
    yield found
    logger.remove()


def drawn(view: SearchLiveView) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(view.render())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_live_view_shows_where_the_search_stands() -> None:
    view = SearchLiveView(console=Console(file=io.StringIO(), width=120))
    assert drawn(view).strip() == ""
    view.on_start(INFO)
    assert "no generation yet" in drawn(view)
    view.on_look(PROGRESS)
    text = drawn(view)
    for part in ("bridge, 12 genes, seed 7", "DifferentialEvolution", "best cost", "0.123 m", "1,500, 25/s", "0.25"):
        assert part in text
    assert "500 of 2000 evaluations (max_evaluations)" in text
    assert "invalid" in text
    view.on_stop(REPORT)
    assert isinstance(view.console.file, io.StringIO)
    assert "kernels are [slow]" in view.console.file.getvalue()


def test_plain_lines_come_by_the_time_of_the_search(lines: list[str]) -> None:
    view = SearchPlainLines(interval_s=10.0)
    view.on_start(replace(INFO, resumed_generations=9))
    for second in range(0, 40, 4):
        view.on_generation(replace(PROGRESS, elapsed_s=float(second)))
    view.on_stop(REPORT)
    assert lines[0] == "problem bridge: 12 genes, by DifferentialEvolution, seed 7, going on after generation 9"
    assert [line.partition("elapsed ")[2][:7] for line in lines[2:-1]] == ["0:00:00", "0:00:12", "0:00:24", "0:00:36"]
    assert lines[-1].startswith("stopped (max_evaluations): best 0.123 m, generation 15, 1,500 evaluations")
    assert "left 500 of 2000 evaluations" in lines[-1]
    assert "3 invalid" in lines[-1]


@pytest.mark.parametrize(("view", "kind"), [("live", SearchLiveView), ("plain", SearchPlainLines)])
def test_a_view_can_be_chosen(view: str, kind: type) -> None:
    assert type(search_view(view)) is kind
    with pytest.raises(ValueError, match="view is 'loud'; it can be auto, live, plain"):
        search_view("loud")


def test_files_hold_lines_the_best_and_the_summary(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"generation":1}\n{"generation":99}\nno json\n{"generation":')
    listeners = [
        GenerationLog(folder=tmp_path),
        BestGenomeFile(folder=tmp_path),
        SearchSummaryFile(folder=tmp_path, kernels="numpy"),
    ]
    for listener in listeners:
        listener.on_start(replace(INFO, resumed_generations=14))
        listener.on_generation(replace(PROGRESS, best=float("nan")))
        listener.on_look(PROGRESS)
        listener.on_stop(REPORT)
    kept = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["generation"] for line in kept] == [1, 15]  # what a resumed search knows of, and what it made
    assert (kept[1]["best"], kept[1]["coverage"], kept[1]["invalid"]) == (None, 0.25, 3)
    best = json.loads((tmp_path / "best_genome.json").read_text())
    assert best == {"metrics": {"cost": 0.12345, "held_out": 2.0}, "genome": {"width": 1.5, "beams": 4}}
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["metric"] == {"name": "cost", "higher_is_better": False}
    assert summary["best"] == best
    assert summary["archive"] == {"elites": 1, "coverage": 0.25}
    assert summary["elites_file"] is None


@pytest.mark.parametrize(
    ("elite", "name"),
    [({"objectives": {"a": 1.0}}, "pareto_front.jsonl"), ({"behaviors": {"x": 0.0}}, "archive.jsonl")],
)
def test_elites_have_a_file_by_their_kind(elite: dict[str, object], name: str, tmp_path: Path) -> None:
    report = replace(REPORT, elites=[{"genome": [1], **elite}, {"genome": [2], **elite}])
    listener = BestGenomeFile(folder=tmp_path)
    listener.on_start(INFO)
    listener.on_stop(report)
    assert [json.loads(line)["genome"] for line in (tmp_path / name).read_text().splitlines()] == [[1], [2]]


def test_a_line_names_each_number_once() -> None:
    assert list(generation_line(PROGRESS)) == ["generation", "evaluations", "best", "coverage", "invalid", "elapsed_s"]


def test_the_last_page_says_what_was_found_and_how_to_go_on(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200)
    print_search(INFO, REPORT, folder=tmp_path, console=console)
    print_search(
        INFO, replace(REPORT, fault="fitness.py:3: no", stop_reason="fitness_fault"), folder=tmp_path, console=console
    )
    print_search(
        INFO, replace(REPORT, progress=replace(PROGRESS, best=None, genome=None)), folder=tmp_path, console=console
    )
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "the fitness function failed" in text
    for part in ("the limit max_evaluations was reached", "1,500 evaluations, 3 of them invalid", "cost 0.123 m"):
        assert part in text
    assert "held_out 2.0" in text
    assert "width 1.5, beams 4" in text
    assert f"resume={tmp_path} max_evaluations=4000" in text
    assert "fitness.py:3: no" in text
    assert "none: no genome had a finite fitness" in text
