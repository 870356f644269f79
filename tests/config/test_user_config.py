"""A configuration of one's own outside the repository: found by ``--config-dir``, with classes in files beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.config.command import Ended, run, start
from tests.config.sweeping import sweep, table

EXPERIMENT = """\
# @package _global_
defaults:
  - base
  - override /mutation: no_freeze

max_mutants: 8

mutation_operator: ${{guess}} # a reference replaces the part whole; keys would be merged with those of the shipped file
guess:
  _target_: {target}
  {parameter}: {value}
"""

OPERATOR = """\
from gigaevo.evolution.mutation.base import Mutation, MutationOperator


class Guess(MutationOperator):
    name = "guess"

    def __init__(self, *, centre: float, attempts: int = 1):
        self.centre = centre

    async def mutate(self, parents, context):
        x = self.centre + context.proposal / 100
        return Mutation(source=f"def entrypoint():\\n    return [{x}, {x}]\\n", operator="guess", description="x")
"""


def written(folder: Path, *, target: str = "guess.Guess", parameter: str = "centre", value: str = "1.0") -> Path:
    """A folder with ``experiment/mine.yaml`` and ``experiment/guess.py``."""
    experiment = folder / "own" / "experiment"
    experiment.mkdir(parents=True)
    (experiment / "mine.yaml").write_text(EXPERIMENT.format(target=target, parameter=parameter, value=value))
    (experiment / "guess.py").write_text(OPERATOR)
    return folder / "own"


def run_mine(own: Path, *arguments: str) -> Ended:
    typed = ("--config-dir", str(own), "experiment=mine", "problem.name=toy_example", "hydra.run.dir=here")
    return run(*typed, *arguments, cwd=own.parent)


def test_ones_own_preset_runs_with_a_class_from_the_file_beside_it(tmp_path: Path) -> None:
    ended = run_mine(written(tmp_path))
    assert ended.status == 0, ended.err
    summary = json.loads((tmp_path / "here" / "summary.json").read_text())
    assert summary["counts"]["mutants"] == 8
    assert set(summary["counts"]["operators"]) == {"guess"}


def test_any_leaf_of_ones_own_preset_can_be_overridden_and_swept(tmp_path: Path) -> None:
    own = written(tmp_path)
    typed = ("--config-dir", str(own), "experiment=mine", "problem.name=toy_example")
    centres = ("guess.centre=0.5,1.5", "mutation=no_freeze")
    joblib = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    done = sweep(*typed, *centres, *joblib, "max_mutants=3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [(row["guess.centre"], row["mutants"]) for row in table(tmp_path / "all")] == [
        ("0.5", "3"),
        ("1.5", "3"),
    ]
    for job, centre in (("0", 0.5), ("1", 1.5)):
        stored = yaml.safe_load((tmp_path / "all" / job / "config.yaml").read_text())
        assert stored["guess"]["centre"] == centre


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ({"target": "guess.Gess"}, "guess._target_: no 'Gess' in guess ({file}); did you mean Guess"),
        ({"target": "gues.Guess"}, "guess._target_: no module 'gues'"),
        ({"target": "Guess"}, "guess._target_: 'Guess' is no dotted path of a class"),
        (
            {"parameter": "center"},
            "guess.center: Guess has no parameter 'center'; did you mean centre",
        ),
        ({"value": "wide"}, "guess.centre=wide: Guess takes float here"),
        ({"parameter": "attempts"}, "guess.attempts=1.0: Guess takes int here"),
        ({"parameter": "attempts", "value": "2"}, "guess: Guess needs centre"),
    ],
)
def test_a_mistake_in_ones_own_preset_is_one_line_with_key_class_and_parameter(
    mistake: dict[str, str], said: str, tmp_path: Path
) -> None:
    ended = run_mine(written(tmp_path, **mistake))
    assert ended.status == 2
    file = tmp_path / "own" / "experiment" / "guess.py"
    assert ended.err.startswith(f"error: {said.format(file=file)}"), ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "here").exists()


def test_a_choice_that_yaml_reads_as_no_text_is_told_of_in_one_line(tmp_path: Path) -> None:
    experiment = tmp_path / "experiment"
    experiment.mkdir()
    (experiment / "mine.yaml").write_text("# @package _global_\ndefaults:\n  - base\n  - override /migration: off\n")
    started = start("--config-dir", str(tmp_path), "experiment=mine", "problem.name=heilbron", cwd=tmp_path)
    assert started.status == 2
    assert started.err.count("\n") == 1
    assert 'put it in quotes: - override /migration: "off"' in started.err
