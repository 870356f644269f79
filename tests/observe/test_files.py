"""What a run leaves in its folder while it goes on and when it ends."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from run_values import METRICS, SPENDING, asked_models, events, failed, info, population, report, valid

from gigaevo.evolution.engine.events import Limits, RunReport
from gigaevo.evolution.strategies.base import StrategyMetrics
from gigaevo.observe import BestProgramFile, MetricsLog, SummaryFile, print_summary
from gigaevo.observe.summary import continue_command
from gigaevo.programs import Program, ProgramState


async def streamed(programs: Sequence[Program]) -> AsyncIterator[Program]:
    for program in programs:
        yield program


def metrics_lines(folder: Path) -> list[dict[str, object]]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    text = (folder / "metrics.jsonl").read_text()
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def test_the_metrics_log_has_a_line_for_each_mutant_and_none_for_initial_programs(tmp_path: Path) -> None:
    log = MetricsLog(folder=tmp_path)
    log.on_start(info())
    odd = valid(2, 0.05)
    odd.metrics["odd"] = math.nan
    told = list(events([valid(-1, 0.1), valid(0, 0.2), failed(1), odd]))
    for event in told:
        log.on_program(*event)
    assert len(metrics_lines(tmp_path)) == 3  # each line is there at once
    log.on_stop(report(told))
    first, second, third = metrics_lines(tmp_path)
    assert first == {
        "number": 0,
        "id": "id0",
        "state": "evolving",
        "operator": "constants",
        "parents": ["id-1"],
        "generation": 1,
        "outcome": "accepted",
        "metrics": {"is_valid": 1.0, "fitness": 0.2, "error": 1.25},
        "error": None,
        "cost": {
            "wall_time_s": 0.0,
            "cpu_time_s": 0.5,
            "peak_memory_mb": 0.0,
            "validate_calls": 2,
            "mutation_time_s": 0.0,
            "usd": 0.0,
            "prompt_tokens": 0,
            "completion_tokens": 0,
            "llm_calls": 0,
        },
        "best": 0.2,
        "elapsed_s": 1.0,
    }
    assert (second["outcome"], second["error"], second["metrics"], second["best"]) == ("failed", "exception", {}, 0.2)
    assert third["metrics"] == {"is_valid": 1.0, "fitness": 0.05, "error": 1.25, "odd": None}


async def test_a_mutant_that_was_evaluated_and_not_placed_before_a_kill_gets_one_line_when_it_is(
    tmp_path: Path,
) -> None:
    waiting = valid(1, 0.3, state=ProgramState.COMPLETED)
    log = MetricsLog(folder=tmp_path)
    await log.rewrite(streamed([valid(-1, 0.1), valid(0, 0.2), waiting]), METRICS)
    log.on_start(info(resumed_mutants=2))
    log.on_program(*list(events([valid(-1, 0.1), valid(0, 0.2), valid(1, 0.3)]))[-1])
    assert [line["number"] for line in metrics_lines(tmp_path)] == [0, 1]


async def test_a_resumed_run_has_each_recorded_mutant_once_in_its_metrics_log(tmp_path: Path) -> None:
    initial = valid(-1, 0.1)
    recorded = [valid(0, 0.2), failed(1), valid(2, 0.3), valid(3, 0.25, state=ProgramState.DISCARDED)]
    lost = valid(9, 9.0)  # its line was written, and a crash took the program back
    log = MetricsLog(folder=tmp_path)
    log.on_start(info())
    told = list(events([initial, *recorded[:2], lost]))
    for event in told:
        log.on_program(*event)
    log.on_program(*told[1])
    log.on_stop(report(told))
    before = (tmp_path / "metrics.jsonl").read_text().splitlines()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"number": 2, "id": "id2", "state"')  # killed in the middle of a line

    again = MetricsLog(folder=tmp_path)
    await again.rewrite(streamed([initial, *recorded]), METRICS)
    assert (tmp_path / "metrics.jsonl").read_text().splitlines()[:2] == before[:2]
    again.on_start(info(resumed_mutants=5))
    more = list(events([*recorded, valid(4, 0.1)]))
    again.on_program(*more[-1])
    again.on_stop(report(more))

    lines = metrics_lines(tmp_path)
    assert [line["id"] for line in lines] == ["id0", "id1", "id2", "id3", "id4"]
    assert [line["outcome"] for line in lines] == ["accepted", "failed", "accepted", "rejected", "rejected"]
    assert [line["best"] for line in lines] == [0.2, 0.2, 0.3, 0.3, 0.3]
    assert [line["elapsed_s"] for line in lines[2:4]] == [None, None]


async def test_rewriting_without_a_file_makes_it(tmp_path: Path) -> None:
    await MetricsLog(folder=tmp_path).rewrite(streamed([valid(-1, 0.5), valid(0, 0.2)]), METRICS)
    assert [(line["id"], line["best"]) for line in metrics_lines(tmp_path)] == [("id0", 0.5)]


def test_a_new_run_begins_a_new_metrics_log(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text("from an earlier run\n")
    log = MetricsLog(folder=tmp_path)
    log.on_start(info())
    log.on_stop(report(list(events([valid(-1, 0.1)]))))
    assert metrics_lines(tmp_path) == []


def test_the_best_program_is_in_its_file_as_soon_as_it_is_known(tmp_path: Path) -> None:
    keeper = BestProgramFile(folder=tmp_path)
    keeper.on_start(info())
    told = list(events([failed(0), valid(1, 0.2), valid(2, 0.1), valid(3, 0.3, state=ProgramState.COMPLETED)]))
    contents = []
    for event in told:
        keeper.on_program(*event)
        contents.append(keeper.path.read_text() if keeper.path.exists() else None)
    second, fourth = told[1][0].source, told[3][0].source
    assert contents == [None, second, second, fourth]
    keeper.path.unlink()
    BestProgramFile(folder=tmp_path).on_stop(report(told))  # a resumed run that evaluated nothing more
    assert keeper.path.read_text() == fourth
    assert [file.name for file in tmp_path.iterdir()] == ["best_program.py"]


def test_a_best_program_of_several_files_is_kept_whole_and_inside_its_folder(tmp_path: Path) -> None:
    files = {"main.py": "a\r\n\ud800", "part/b.py": "b", "../outside.py": "c", "/nowhere/absolute.py": "d"}
    whole = Program(id="whole", files=files, state=ProgramState.EVOLVING, metrics={"fitness": 1.0})
    folder = tmp_path / "run"
    folder.mkdir()
    keeper = BestProgramFile(folder=folder)
    told = list(events([whole, valid(1, 2.0)]))
    keeper.on_program(*told[0])
    found = {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {
        "run/best_program.py": b"a\r\n\\ud800",
        "run/best_program/main.py": b"a\r\n\\ud800",
        "run/best_program/part/b.py": b"b",
    }
    keeper.on_program(*told[1])
    assert [file.name for file in folder.iterdir()] == ["best_program.py"]


def test_the_best_program_in_another_language_keeps_its_suffix(tmp_path: Path) -> None:
    best = Program(id="c", source="int x;\n", entry="main.cpp", state=ProgramState.EVOLVING, metrics={"fitness": 1.0})
    told = list(events([best]))
    BestProgramFile(folder=tmp_path).on_program(*told[0])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"best_program.cpp": "int x;\n"}
    listener = SummaryFile(folder=tmp_path, kernels="numpy")
    listener.on_start(info())
    listener.on_stop(report(told))
    assert json.loads((tmp_path / "summary.json").read_text())["best"]["source_file"] == "best_program.cpp"


def test_the_summary_file_says_what_the_run_came_to(tmp_path: Path) -> None:
    told = list(events([valid(-1, 0.1), valid(0, 0.2), failed(1)]))
    listener = SummaryFile(folder=tmp_path, kernels="numpy")
    listener.on_start(info())
    listener.on_stop(report(told))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["best"] == {
        "id": "id0",
        "number": 0,
        "operator": "constants",
        "metrics": {"is_valid": 1.0, "fitness": 0.2, "error": 1.25},
        "rescored": {"is_valid": 1.0, "fitness": 0.25, "error": 1.25},
        "lineage_depth": 2,
        "source_file": "best_program.py",
        "artifact_files": [],
        "verification": None,
        "verified_again": None,
    }
    assert summary["counts"] == {
        "mutants": 2,
        "evaluated": 3,
        "duplicates": 3,
        "outcomes": {"accepted": 2, "failed": 1},
        "failures": {"exception": 1},
        "cached": {"run": 2},
        "skipped": {"deep": 1},
        "operators": {
            "initial": {"proposals": 1, "accepted": 1},
            "constants": {"proposals": 1, "accepted": 1},
            "[bold]swap": {"proposals": 1, "failed": 1},
        },
    }
    assert (summary["problem"], summary["seed"], summary["stop_reason"]) == ("heilbron", 7, "max_mutants")
    assert summary["validate_calls"] == 6
    assert summary["time_split"] == {"mutation": 1.0, "evaluation": 2.0}
    assert summary["elapsed_s"] == 1.5
    assert summary["llm"] is None
    assert set(summary["versions"]) == {"gigaevo", "python", "numpy", "platform", "kernels"}
    assert summary["versions"]["kernels"] == "numpy"


def test_people_are_told_which_stages_did_not_run(tmp_path: Path) -> None:
    text = printed(report(list(events([valid(-1, 0.1)]))), tmp_path)
    assert re.search(r"Stages +taken from the cache: run 2; skipped: deep 1\n", text)


def test_a_run_without_a_valid_program_has_no_best(tmp_path: Path) -> None:
    listener = SummaryFile(folder=tmp_path, kernels="cython")
    listener.on_start(info())
    ended = report(list(events([failed(-1)])), stop_reason="no_valid_program")
    listener.on_stop(ended)
    assert json.loads((tmp_path / "summary.json").read_text())["best"] is None
    text = printed(ended, tmp_path)
    assert "none: no program kept the problem's rules" in text
    assert "no initial program was valid" in text
    assert "exception 1" in text


def printed(ended: object, folder: str | Path) -> str:
    output = io.StringIO()
    print_summary(info(), ended, folder=folder, console=Console(file=output, width=80))
    return output.getvalue()


def test_people_are_told_the_best_where_it_is_and_how_to_go_on() -> None:
    folder = "/runs/" + "a-long-name-" * 10
    text = printed(report(list(events([valid(-1, 0.1), valid(0, 0.2)]))), folder)
    assert "the limit max_mutants was reached" in text
    assert "0.2000, program id0 by constants, 2 steps from an initial program" in text
    table = [line.split() for line in text.splitlines() if line.startswith("  ")]
    assert ["fitness", "0.2000", "0.2500"] in table
    assert ["error", "1.2", "mm", "1.2", "mm"] in table
    assert table.index(["fitness", "0.2000", "0.2500"]) == 1  # right below the header
    assert f"{folder}/best_program.py\n" in text
    assert f"python run.py resume={folder} max_mutants=200\n" in text


def test_people_are_told_what_the_search_spent_and_what_each_operator_achieved() -> None:
    ended = report(list(events([valid(-1, 0.1), valid(0, 0.2)])))
    text = " ".join(printed(ended, "/runs/x").split())
    assert f"{ended.progress.validate_calls} validate calls" in text
    for name, counts in ended.progress.operators.items():
        assert f"{name} improved {counts.get('improved', 0)} of {counts['proposals']}" in text
    assert ended.progress.operators


def with_population(ended: RunReport, standing: StrategyMetrics, *, fault: str = "") -> RunReport:
    return replace(ended, progress=replace(ended.progress, population=standing), fault=fault)


def test_the_summary_has_each_island_by_itself_with_operators_migrants_and_faults(tmp_path: Path) -> None:
    listener = SummaryFile(folder=tmp_path, kernels="numpy")
    listener.on_start(info())
    ended = report(list(events([valid(-1, 0.1)])))
    listener.on_stop(with_population(ended, population(3, "[red]b", faults=4), fault="parts raised"))
    written = json.loads((tmp_path / "summary.json").read_text())
    one = {"size": 3, "coverage": 0.125, "qd_score": 1.5, "best": 0.2, "mean": 0.15, "offered": 8, "kept": 3}
    assert written["fault"] == "parts raised"
    assert written["archive"] == {
        "coverage": 0.125,
        "qd_score": 1.5,
        "elites": 6,
        "sizes": {"main": 3, "[red]b": 3},
        "islands": {"main": one, "[red]b": one},
        "acceptance": {"constants": {"offered": 8, "kept": 2}},
        "migrants": {"sent": 5, "kept": 2},
        "faults": 4,
    }


def test_people_are_told_of_islands_where_there_are_several_and_of_faults_where_there_are_any() -> None:
    ended = report(list(events([valid(-1, 0.1)])))
    text = printed(with_population(ended, population(3, "[red]b", faults=4), fault="no\nmore"), "/runs/x")
    assert "Islands   main 3 elites, best 0.2000; [red]b 3 elites, best 0.2000; 2 of 5 migrants kept\n" in text
    assert "Faults    parts of the strategy raised 4 times; run.log has the tracebacks\n" in text
    assert "Fault     no more\n" in text
    quiet = printed(ended, "/runs/x")
    assert "Islands" not in quiet
    assert "Fault" not in quiet


def test_text_of_programs_is_literal_in_the_summary_too() -> None:
    hostile = valid(0, 0.2)
    hostile.operator = "[red]x[/red]\x1b[2J"
    hostile.metrics["[bold]m"] = 1.0
    text = printed(report(list(events([hostile]))), "/runs/[red]")
    assert "by [red]x[/red]�[2J" in text
    assert "[bold]m" in text
    assert "/runs/[red]/best_program.py" in text


@pytest.mark.parametrize(
    ("folder", "reason", "command"),
    [
        ("out/run-1", "interrupted", "python run.py resume=out/run-1"),
        ("out/run-1", "max_seconds", "python run.py resume=out/run-1 max_seconds=600.0"),
        ("out/run-1", "plateau", "python run.py resume=out/run-1 plateau=null"),
        ("out/run-1", "target_fitness", "python run.py resume=out/run-1 target_fitness=null"),
        ("my runs/a,b", "max_mutants", "python run.py 'resume='\"'\"'my runs/a,b'\"'\"''"),
    ],
)
def test_the_command_to_go_on_can_be_typed_as_it_is(folder: str, reason: str, command: str) -> None:
    assert continue_command(folder, reason, Limits(max_seconds=300.0)) == command


def with_models(ended: RunReport, *, stop_reason: str = "max_mutants") -> RunReport:
    return replace(ended, progress=asked_models(ended.progress), stop_reason=stop_reason)


def test_the_summary_says_what_language_models_were_paid_and_what_came_of_it(tmp_path: Path) -> None:
    listener = SummaryFile(folder=tmp_path, kernels="numpy")
    listener.on_start(info())
    ended = with_models(report(list(events([valid(-1, 0.1)]))))
    listener.on_stop(ended)
    written = json.loads((tmp_path / "summary.json").read_text())
    assert written["llm"]["spending"] == SPENDING
    assert written["llm"]["models"] == ended.progress.models
    assert written["llm"]["reasons"]["no code"] == 2
    assert sum(written["llm"]["reasons"].values()) == 3


def test_people_are_told_what_language_models_were_paid_model_by_model(tmp_path: Path) -> None:
    text = " ".join(printed(with_models(report(list(events([valid(-1, 0.1)])))), tmp_path).split())
    assert "Models $1.25 spent, 12,345 tokens, 21 calls" in text
    assert "vendor/[bold]big: 4 of 9 accepted, 2 improved; $1.25 spent, 12,345 tokens, 20 calls" in text
    assert "small: 0 of 0 accepted, 0 improved; 0 tokens, 1 call" in text
    assert "No child no code 2, " in text
    assert "\x1b" not in text


def test_a_budget_that_ended_the_run_is_named(tmp_path: Path) -> None:
    ended = with_models(report(list(events([valid(-1, 0.1)]))), stop_reason="budget.usd")
    text = " ".join(printed(ended, tmp_path).split())
    assert "budget.usd was used up; a larger one lets it go on" in text
    assert f"python run.py resume={tmp_path} " in printed(ended, tmp_path).replace("\n", " ")
