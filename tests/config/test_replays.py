"""llm=replay: the recorded configuration is taken, values may change, and what does not fit is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.config.command import ROOT, run, start, the_line
from tests.config.llm_runs import summary


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of twelve mutants that was not deterministic."""
    folder = tmp_path_factory.mktemp("recorded") / "run"
    ended = run(
        "problem.name=toy_example",
        "llm=dryrun",
        "mutation=llm",
        "max_mutants=12",
        "seed=4",
        f"hydra.run.dir={folder}",
        cwd=folder.parent,
    )
    assert ended.status == 0, ended
    return folder


def test_a_replay_takes_the_recorded_configuration_and_values_that_are_given(recorded: Path, tmp_path: Path) -> None:
    ended = run(
        "llm=replay", f"transcript={recorded}", "max_mutants=7", f"hydra.run.dir={tmp_path}/again", cwd=tmp_path
    )
    assert ended.status == 0, ended
    assert "the recorded run was not deterministic" in ended.err
    assert summary(tmp_path / "again")["seed"] == 4
    assert summary(tmp_path / "again")["counts"]["mutants"] == 7
    assert summary(tmp_path / "again")["llm"]["spending"]["replayed"] is True
    assert "Dry run" not in ended.out


def test_a_replay_of_more_than_was_recorded_ends_where_the_transcript_does(recorded: Path, tmp_path: Path) -> None:
    ended = run(
        "llm=replay", f"transcript={recorded}", "max_mutants=500", f"hydra.run.dir={tmp_path}/again", cwd=tmp_path
    )
    assert ended.status == 0, ended
    assert summary(tmp_path / "again")["stop_reason"] == "transcript"
    assert "the transcript has no more answers" in ended.out


def test_a_replay_of_another_seed_is_warned_of(recorded: Path, tmp_path: Path) -> None:
    ended = start("llm=replay", f"transcript={recorded}", "seed=5", cwd=tmp_path)
    assert ended.status == 0, ended
    assert "warning: seed is 5, and was 4 in the recorded run: its answers are to other questions" in ended.err
    assert ended.out.split()[:3] == ["run", "toy_example", "5"]


@pytest.mark.parametrize("chosen", ["problem.name=sorting", f"problem.dir={ROOT / 'problems' / 'sorting'}"])
def test_a_replay_of_another_problem_is_warned_of(chosen: str, recorded: Path, tmp_path: Path) -> None:
    ended = start("llm=replay", f"transcript={recorded}", chosen, cwd=tmp_path)
    assert ended.status == 0, ended
    assert "warning: problem is sorting, and was toy_example in the recorded run" in ended.err
    assert ended.out.split()[:3] == ["run", "sorting", "4"]


def test_a_run_that_was_recorded_elsewhere_is_of_the_shipped_problem_of_its_name(
    recorded: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(recorded, elsewhere)
    text = (elsewhere / "config.yaml").read_text()
    (elsewhere / "config.yaml").write_text(text.replace(str(ROOT / "problems"), "/no/such/folder"))
    ended = start("llm=replay", f"transcript={elsewhere}", cwd=tmp_path)
    assert ended.status == 0, ended
    assert ended.out.split()[:3] == ["run", "toy_example", "4"]


def test_a_replay_with_other_parts_is_a_run_of_its_own(recorded: Path, tmp_path: Path) -> None:
    ended = start(
        "llm=replay", f"transcript={recorded}", "algorithm=best_of_n", cwd=tmp_path, parts="evolution_strategy"
    )
    assert ended.status == 0, ended
    assert "evolution_strategy BestOfN" in ended.out
    assert "seed is 0, and was 4" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("~operators.llm_diff", "~operators.llm_diff: of a recorded run only values may change"),
        ("operators.constants.step=1", "operators.constants.step=1: the recorded run has no key"),
    ],
)
def test_what_cannot_change_in_a_replay_is_said(arguments: str, said: str, recorded: Path, tmp_path: Path) -> None:
    ended = run("llm=replay", f"transcript={recorded}", *arguments.split(), cwd=tmp_path)
    assert said in the_line(ended)


def test_a_run_that_asked_no_model_cannot_be_replayed(tmp_path: Path) -> None:
    here = tmp_path / "offline"
    assert start("problem.name=toy_example", f"hydra.run.dir={here}", cwd=tmp_path).status == 0
    ended = run("llm=replay", f"transcript={here}", cwd=tmp_path)
    assert "that run asked no language model; there is nothing to replay" in the_line(ended)
