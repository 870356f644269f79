"""``hydra/sweeper=optuna`` with real runs: settings tuned against the final best fitness."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from gigaevo.config.errors import ConfigError
from gigaevo.config.sweep.space import SearchSpace
from tests.config.command import run
from tests.config.sweeping import SHORT, command, sweep, table

OPTUNA = ("hydra/sweeper=optuna", "problem.name=toy_example")
STEP = "operators.constants.step=tag(log,interval(0.001,1))"


def study_in(folder: Path) -> optuna.Study:
    backend = optuna.storages.journal.JournalFileBackend(str(folder / "study.log"))
    return optuna.load_study(study_name="gigaevo", storage=optuna.storages.JournalStorage(backend))


def results(folder: Path) -> Any:
    return yaml.safe_load((folder / "optimization_results.yaml").read_text())


def test_settings_are_tuned_against_the_final_best_fitness_in_its_own_direction(tmp_path: Path) -> None:
    arguments = (*OPTUNA, "hydra.sweeper.n_trials=3", STEP, "num_parents=interval(1,3)", "seed=5")
    done = sweep(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows, found = table(tmp_path / "all"), results(tmp_path / "all")
    trials = study_in(tmp_path / "all").trials
    assert [float(row["best_fitness"]) for row in rows] == [trial.value for trial in trials]
    assert [float(row["operators.constants.step"]) for row in rows] == [
        trial.params["operators.constants.step"] for trial in trials
    ]
    assert {row["seed"] for row in rows} == {"5"}
    best = min(rows, key=lambda row: float(row["best_fitness"]))  # the toy problem's fitness is an error
    assert (found["direction"], found["best_value"], found["best_job"]) == (
        "minimize",
        float(best["best_fitness"]),
        int(best["job"]),
    )
    assert found["best_params"]["num_parents"] == int(best["num_parents"])
    assert found["trials"] == {"completed": 3, "failed": 0}
    again = sweep(*arguments, "hydra.sweep.dir=again", "hydra.sweeper.n_trials=1", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert table(tmp_path / "again")[0]["operators.constants.step"] == rows[0]["operators.constants.step"]


def test_a_job_that_fails_is_a_failed_trial_and_the_search_goes_on_side_by_side(tmp_path: Path) -> None:
    joblib = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    done = sweep(*OPTUNA, *joblib, "hydra.sweeper.n_trials=4", "memory_limit_mb=1,1024", "seed=0", cwd=tmp_path)
    rows = table(tmp_path / "all")
    assert [row["job"] for row in rows] == ["0", "1", "2", "3"]
    failed = [row for row in rows if row["memory_limit_mb"] == "1"]
    assert 0 < len(failed) < 4
    assert done.returncode == 2
    assert {row["status"] for row in failed} == {"configuration"}
    assert "memory_limit_mb=1: it must be a whole number of MiB from 64" in failed[0]["error"]
    trials = study_in(tmp_path / "all").trials
    assert [trial.state.name for trial in trials] == [
        "FAIL" if row["memory_limit_mb"] == "1" else "COMPLETE" for row in rows
    ]
    assert results(tmp_path / "all")["best_params"] == {"memory_limit_mb": 1024}
    assert results(tmp_path / "all")["trials"] == {"completed": 4 - len(failed), "failed": len(failed)}


def test_a_study_that_was_stopped_goes_on_and_tries_again_what_was_cut_short(tmp_path: Path) -> None:
    typed = (*SHORT, *OPTUNA, STEP, "hydra.sweeper.n_trials=2")
    first = subprocess.Popen(
        command(*typed, "max_mutants=null", "max_seconds=60"), cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    assert first.stdout.readline().startswith("job 0: ")
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    done = sweep(*OPTUNA, STEP, "hydra.sweeper.n_trials=2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = table(tmp_path / "all")
    assert [row["status"] for row in rows] == ["unfinished", "ended", "ended"]
    assert rows[1]["operators.constants.step"] == rows[0]["operators.constants.step"]
    assert rows[2]["operators.constants.step"] != rows[0]["operators.constants.step"]
    more = sweep(*OPTUNA, STEP, "hydra.sweeper.n_trials=3", cwd=tmp_path)
    assert more.returncode == 0, more.stderr
    assert [row["job"] for row in table(tmp_path / "all")] == ["0", "1", "2", "3"]
    other = run("-m", "hydra/sweeper=optuna", "problem.name=heilbron", STEP, "hydra.sweep.dir=all", cwd=tmp_path)
    assert "was begun to minimize and cannot maximize" in other.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hydra.sweeper.direction=maximize"], "'fitness' of toy_example is better when it is lower"),
        (["hydra.sweeper.direction=up"], "hydra.sweeper.direction=up: it must be maximize, minimize or null"),
        (["problem.name=toy_example,heilbron"], "one study cannot search in two directions"),
        (["problem.name=toy_exampel"], "no such problem; did you mean toy_example"),
        (["seed=1"], "nothing to search"),
        (["seed=interval(3,1)"], "seed=interval(3,1): it holds no value"),
        (["seed=range(3,1)"], "seed=range(3,1): it holds no value"),
        (["hydra.sweeper.n_trials=0"], "hydra.sweeper.n_trials=0: it must be a whole number from 1"),
        (["hydra.sweeper.n_trial=5"], "unknown key 'hydra.sweeper.n_trial'; did you mean hydra.sweeper.n_trials"),
        (["hydra.sweeper.storage=sqlite:////proc/x"], "hydra.sweeper.storage=sqlite:////proc/x: "),
        (["hydra.sweeper.sampler._target_=optuna.samplers.TPE"], "hydra.sweeper.sampler._target_: no 'TPE' in"),
        (["+hydra.sweeper.sampler.seeds=1"], "sampler.seeds: TPESampler has no parameter 'seeds'; did you mean seed"),
        (["hydra.sweeper.sampler={_target_:builtins.dict}"], "it must be a class of optuna.samplers"),
    ],
)
def test_a_study_that_cannot_be_is_one_line_before_any_job_starts(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    ended = run("-m", *OPTUNA, "seed=0,1", *arguments, "hydra.sweep.dir=all", cwd=tmp_path)
    assert ended.status == 2, ended
    assert ended.err.startswith("error: ") and ended.err.count("\n") == 1, ended.err
    assert said in ended.err
    assert not (tmp_path / "all" / "sweep_jobs.jsonl").exists()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("whole=interval(1,9)", IntDistribution(1, 9)),
        ("whole=interval(1.0,9.0)", FloatDistribution(1, 9)),
        ("broken=interval(1,9)", FloatDistribution(1, 9)),
        ("broken=int(interval(1,9))", IntDistribution(1, 9)),
        ("broken=tag(log,interval(1e-3,1))", FloatDistribution(1e-3, 1, log=True)),
        ("whole=range(2,11,4)", IntDistribution(2, 10, step=4)),
        ("whole=range(2,10,4)", IntDistribution(2, 6, step=4)),
        ("whole=range(9,2,-3)", IntDistribution(3, 9, step=3)),
        ("broken=range(0,1,0.25)", FloatDistribution(0, 0.75, step=0.25)),
        ("+new=a,'b c',a", CategoricalDistribution(("a", "'b c'"))),
        ("listed=[1],[1,2]", CategoricalDistribution(("[1]", "[1,2]"))),
    ],
)
def test_what_is_typed_is_what_is_searched(typed: str, expected: BaseDistribution) -> None:
    config = OmegaConf.create({"whole": 3, "broken": 0.5, "listed": []})
    space = SearchSpace.read(["fixed='a b'", typed], loader=None, config=config)  # type: ignore[arg-type]
    key = typed.partition("=")[0]
    assert space.varied == {key: expected}
    assert space.fixed == ("fixed='a b'",)
    value = expected.choices[-1] if isinstance(expected, CategoricalDistribution) else expected.low
    for override in OverridesParser.create().parse_overrides(space.overrides({key: value})):
        assert not override.is_sweep_override()


def test_of_two_overrides_of_a_key_the_later_counts() -> None:
    config = OmegaConf.create({"seed": 0})
    read = SearchSpace.read(["seed=1", "seed=1,2"], loader=None, config=config)  # type: ignore[arg-type]
    assert (read.fixed, list(read.varied)) == ((), ["seed"])
    with pytest.raises(ConfigError, match="nothing to search"):
        SearchSpace.read(["seed=1,2", "seed=1"], loader=None, config=config)  # type: ignore[arg-type]


def test_a_sweeper_that_is_not_installed_is_one_line_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "optuna.py").write_text("raise ImportError('as if it were not there')\n")
    done = sweep(*OPTUNA, "seed=0,1", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == "error: hydra/sweeper=optuna is not installed: pip install -e '.[sweep]'\n"
