"""What people type, and what they get."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gigaevo.config.schema import Settings
from tests.config.command import ROOT, run, start, the_line
from tests.seed_document.manifest import block

LISTED = {
    "api_endpoint",
    "bin_packing",
    "circle_packing",
    "data_pipeline",
    "heilbron",
    "min_max_distance",
    "onemax",
    "rastrigin",
    "robot_arm",
    "sorting",
    "toy_example",
    "trading_params",
    "tsp",
    "zdt1",
}
ALGORITHMS = ", ".join(sorted(path.stem for path in (ROOT / "config" / "algorithm").glob("*.yaml")))


def composed(*arguments: str, cwd: Path) -> dict[str, Any]:
    ended = run(*arguments, "--cfg", "job", "--resolve", cwd=cwd)
    assert ended.status == 0, ended.err
    loaded = yaml.safe_load(ended.out)
    assert isinstance(loaded, dict)
    return loaded


def test_a_process_of_its_own_says_and_returns_the_same(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), "max_mutant=3"], cwd=tmp_path, capture_output=True, text=True
    )
    here = run("max_mutant=3", cwd=tmp_path)
    assert (process.returncode, process.stdout, process.stderr) == (2, here.out, the_line(here))


def test_help_shows_choices_settings_and_first_steps(tmp_path: Path) -> None:
    ended = run("--help", cwd=tmp_path)
    assert ended.status == 0
    assert "python run.py problem.name=heilbron" in ended.out
    assert f"algorithm: {ALGORITHMS}" in ended.out
    assert "max_seconds: 300" in ended.out


def test_without_a_problem_the_problems_are_listed_and_nothing_is_written(tmp_path: Path) -> None:
    ended = run(cwd=tmp_path)
    assert ended.status == 0
    assert {line.split()[0] for line in ended.out.splitlines() if line.startswith("  ")} == LISTED
    assert "problem.name=" in ended.out
    assert "problem.dir=" in ended.out
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_can_be_printed_with_and_without_its_references(tmp_path: Path) -> None:
    resolved = composed("island_max_size=9", cwd=tmp_path)
    assert resolved["islands"][0]["max_size"] == 9
    assert resolved["pipeline"]["stages"][1]["server"] == "${ref:program_server}"
    written = yaml.safe_load(run("--cfg", "job", cwd=tmp_path).out)
    assert written["islands"][0]["max_size"] == "${island_max_size}"


def test_a_mutation_operator_can_be_taken_away(tmp_path: Path) -> None:
    assert list(composed(cwd=tmp_path)["operators"]) == ["constants", "syntax_tree", "freeze"]
    assert list(composed("mutation=no_freeze", cwd=tmp_path)["operators"]) == ["constants", "syntax_tree"]
    assert list(composed("~operators.constants", cwd=tmp_path)["operators"]) == ["syntax_tree", "freeze"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["max_mutant=3"], "unknown key 'max_mutant'; did you mean max_mutants"),
        (["problem.nam=x"], "unknown key 'problem.nam'; did you mean problem.name"),
        (["deterministic=true"], "unknown key 'deterministic'; did you mean engine.deterministic"),
        (["algoritm=best_of_n"], "unknown key 'algoritm'; did you mean algorithm"),
        (["algorithm=best_off_n"], f"did you mean best_of_n; choose one of {ALGORITHMS}"),
        (["experiment=mine"], "experiment=mine: no such choice; choose one of base"),
        (["problem=heilbron"], "write problem.name=heilbron"),
        (["problem.name=heilbrn"], "problem.name=heilbrn: no such problem; did you mean heilbron"),
        (["problem.name=../x"], "it is a path, not a name; write problem.dir=../x"),
        (["problem.dir=nowhere"], "problem.dir=nowhere: there is no folder"),
        (["problem.name=heilbron", "max_mutants=many"], "max_mutants=many: it must be a whole number from 1"),
        (["problem.name=heilbron", "seed=${nothing}"], "seed: Interpolation key 'nothing' not found"),
        (["problem.name=heilbron", "seed=???"], "seed is missing: it must be a whole number from 0"),
        (["problem.name=heilbron", "hydra.run.dir=/proc/here"], "hydra.run.dir: the output folder cannot be made"),
        (["hydra.rn.dir=here"], "unknown key 'hydra.rn'; did you mean hydra.run"),
        (["problem.name=heilbron", "+extra=3"], "extra does nothing"),
        (["problem.name=heilbron", "~engine"], "engine is missing"),
        (["problem.name=heilbron", "seed=0,1"], "seed=0,1: several values need -m"),
        (["--max_mutants=5"], "write max_mutants=5, without dashes"),
        (["max_mutants"], "write key=value"),
        (["seed=["], "cannot read 'seed=['"),
        (["--config-dir", "nowhere"], "nowhere"),
        (["resume=nowhere"], "resume=nowhere is not the output folder of a run: there is no such folder"),
        (["resume=."], "it has no config.yaml"),
        (["resume=.", "seed=3"], "it has no config.yaml"),
        (["resume=.", "max_mutants=["], "max_mutants=["),
    ],
)
def test_a_wrong_configuration_is_one_line_and_status_2(arguments: list[str], said: str, tmp_path: Path) -> None:
    assert said in the_line(run(*arguments, cwd=tmp_path))
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_part_that_cannot_be_built_is_one_line_and_leaves_no_run_behind(tmp_path: Path) -> None:
    arguments = ("problem.name=heilbron", "behavior_space.size_resolution=0")
    ended = start(*arguments, cwd=tmp_path, parts="evolution_strategy")
    assert "behavior_space" in the_line(ended)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize(("ending", "status"), [("0", 0), ("3", 3), ("interrupt", 130), ("fault", 1)])
def test_each_ending_has_its_exit_status(ending: str, status: int, tmp_path: Path) -> None:
    ended = start("problem.name=heilbron", cwd=tmp_path, ending=ending)
    assert ended.status == status
    assert ("fault in gigaevo: RuntimeError: out of order" in ended.err) == (ending == "fault")


def test_a_run_stores_its_configuration_with_final_values(tmp_path: Path) -> None:
    size = "island_max_size='${oc.decode:${oc.env:SECRET_SIZE}}'"
    arguments = ("problem.name=heilbron", "seed=4", "hydra.run.dir=here", size)
    started = start(*arguments, cwd=tmp_path, SECRET_SIZE="47713")
    assert started.status == 0, started.err
    stored = yaml.safe_load((tmp_path / "here" / "config.yaml").read_text())
    assert stored["problem"] == {"name": "heilbron", "dir": str(ROOT / "problems" / "heilbron")}
    assert stored["seed"] == 4
    assert isinstance(stored["engine"]["max_evaluations_in_flight"], int)
    assert stored["islands"][0]["behavior_space"] == "${behavior_space}"
    assert stored["islands"][0]["max_size"] == "${island_max_size}"
    assert "47713" not in str(stored)
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["config.yaml"]


def test_runs_that_start_together_have_folders_of_their_own(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "run.py"), "problem.name=heilbron", "mutation=no_freeze", "max_mutants=1"]
    both = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)
    ]
    assert [process.wait(200) for process in both] == [0, 0]
    assert len(list((tmp_path / "outputs" / "heilbron").iterdir())) == 2


def test_a_folder_that_has_a_run_is_not_written_over(tmp_path: Path) -> None:
    arguments = ("problem.name=heilbron", "hydra.run.dir=here")
    assert start(*arguments, cwd=tmp_path).status == 0
    before = (tmp_path / "here" / "config.yaml").read_bytes()
    assert "continue it with resume=" in the_line(start(*arguments, "seed=1", cwd=tmp_path))
    assert (tmp_path / "here" / "config.yaml").read_bytes() == before


def test_resume_goes_on_in_the_same_folder_with_the_stored_configuration(tmp_path: Path) -> None:
    here = tmp_path / "here"
    assert start("problem.name=sorting", "seed=5", "max_mutants=10", "hydra.run.dir=here", cwd=tmp_path).status == 0
    parts = {"parts": "evolution_strategy,engine"}
    resumed = start(f"resume={here}", cwd=tmp_path, **parts)
    assert resumed.out.splitlines()[-1] == f"run sorting 5 10 {here} {here}"
    changed = start(f"resume={here}", "max_mutants=20", "target_fitness=null", cwd=tmp_path, **parts)
    assert changed.out.splitlines()[-1] == f"run sorting 5 20 {here} {here}"
    assert start(f"resume={here}", cwd=tmp_path).out.splitlines()[-1] == f"run sorting 5 20 {here} {here}"
    assert "max_mutants=0" in the_line(start(f"resume={here}", "max_mutants=0", cwd=tmp_path))


def test_only_limits_may_change_when_a_run_is_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert start("problem.name=heilbron", f"hydra.run.dir={folder}", cwd=tmp_path).status == 0
    line = the_line(start(f"resume={folder}", "seed=3", cwd=tmp_path))
    assert line.startswith("error: seed=3: a run is resumed as it was; only max_generations, max_mutants")


def test_resume_takes_a_path_with_special_characters_bare_or_quoted(tmp_path: Path) -> None:
    here = tmp_path / "it's a=run"
    assert start("problem.name=sorting", "hydra.run.dir=here", cwd=tmp_path).status == 0
    (tmp_path / "here").rename(here)
    quoted = str(here).replace("'", "\\'")
    assert start(f"resume={here}", cwd=tmp_path).status == 0
    assert start(f"resume='{quoted}'", cwd=tmp_path).status == 0


def test_a_sweep_gives_each_job_a_folder_and_a_failing_job_stops_no_other(tmp_path: Path) -> None:
    arguments = ("-m", "problem.name=heilbron,sorting", "seed=0,1", "hydra.sweep.dir=all")
    ended = start(*arguments, cwd=tmp_path, ending="seed 1 fails")
    assert ended.status == 3
    assert sorted(path.name for path in (tmp_path / "all").iterdir() if path.is_dir()) == ["0", "1", "2", "3"]
    assert "job 3: problem.name=sorting seed=1" in ended.out
    assert start("-m", "problem.name=heilbron", "seed=0,1", cwd=tmp_path).status == 0


OWN_SELECTOR = """
from gigaevo.evolution.strategies.map_elites import RandomEliteSelector

class MySelector(RandomEliteSelector):
    pass
"""

OWN_EXPERIMENT = """
# @package _global_
defaults:
  - base
  - override /algorithm: mine
  - override /mutation: no_freeze

max_mutants: 7
my_size: 12
"""

OWN_ALGORITHM = """
# @package _global_
defaults:
  - single_island

islands:
  - _target_: gigaevo.evolution.strategies.map_elites.IslandConfig
    island_id: mine
    max_size: ${my_size}
    behavior_space: ${behavior_space}
    elite_selector:
      _target_: my_selector.MySelector
"""


def test_presets_algorithms_and_classes_of_ones_own_are_found_beside_each_other(tmp_path: Path) -> None:
    config = tmp_path / "own"
    for folder in ("experiment", "algorithm"):
        (config / folder).mkdir(parents=True)
    (config / "experiment" / "mine.yaml").write_text(OWN_EXPERIMENT.lstrip())
    (config / "algorithm" / "mine.yaml").write_text(OWN_ALGORITHM.lstrip())
    (config / "algorithm" / "my_selector.py").write_text(OWN_SELECTOR)
    own = ("--config-dir", str(config), "experiment=mine")
    here = tmp_path / "here"
    started = start(*own, "problem.name=heilbron", f"hydra.run.dir={here}", cwd=tmp_path, parts="evolution_strategy")
    assert started.status == 0, started.err
    assert "run heilbron 0 7 None" in started.out
    assert start(f"resume={here}", cwd=tmp_path.parent, parts="evolution_strategy").status == 0
    (config / "algorithm" / "my_selector.py").write_text("class Other:\n    pass\n")
    wrong = the_line(start(*own, "problem.name=heilbron", cwd=tmp_path, parts="evolution_strategy"))
    assert "islands[0].elite_selector._target_: no 'MySelector' in my_selector" in wrong


def test_the_example_of_the_documentation_works(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    files = re.findall(r"```(?:yaml|python)\n# (mine/\S+)\n(.*?)```", text, flags=re.DOTALL)
    assert [name for name, _ in files] == ["mine/experiment/wide.yaml", "mine/experiment/newest.py"]
    for name, content in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    [command] = re.findall(r"```\npython run.py (--config-dir .*)\n", text)
    ended = start(*command.split(), cwd=tmp_path, parts="evolution_strategy")
    assert ended.status == 0, ended.err


def test_the_documentation_names_every_setting_and_its_default() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(\w[\w.]*)` \| ([^|]*) \|", text, flags=re.MULTILINE))
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    defaults = {key: config[key] for key in Settings.model_fields.keys() - {"problem"}}
    for group in ("parents", "budget"):
        defaults |= {f"{group}.{key}": value for key, value in defaults.pop(group).items()}
    for key, value in defaults.items():
        assert yaml.safe_load(table[key]) == value, key


def test_files_with_faults_are_one_line_too(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "algorithm"
    folder.mkdir(parents=True)
    (folder / "typo.yaml").write_text("islands: [1, 2\nbar: 3\n")
    (folder / "headless.yaml").write_text(block(386).text)
    own = ("--config-dir", "own", "problem.name=heilbron")
    assert f"{folder / 'typo.yaml'}:2: not YAML" in the_line(run(*own, "algorithm=typo", cwd=tmp_path))
    assert "'# @package _global_'" in the_line(run(*own, "algorithm=headless", cwd=tmp_path))


def test_a_problem_folder_that_may_not_be_read_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "genotype.yaml").touch()

    is_file = Path.is_file

    def denied(path: Path) -> bool:
        if path.parent.name == "mine":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", denied)  # as the files of such a folder are, but to root
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "mine")
    line = the_line(run("problem.dir=mine", cwd=tmp_path))
    assert line == f"error: problem.dir={tmp_path / 'mine'}: the folder cannot be read\n"
