"""What may have changed when a search among numbers goes on, and what may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gigaevo.storage.base import StorageError
from gigaevo.storage.search import SqliteSearchStorage
from tests.config.command import ROOT, Ended, run, the_line
from tests.config.numeric_folders import FILES, NAMED, written

FITNESS = "def fitness(genome):\n    return float(sum(genome.values() if isinstance(genome, dict) else genome))\n"
PLACES = (
    "  x: {description: place, lower_bound: 0, upper_bound: 1}\n  y: {description: y, lower_bound: 0, upper_bound: 1}\n"
)
BEHAVIOURS = {
    "metrics.yaml": FILES["metrics.yaml"] + PLACES,
    "problem.yaml": "behavior_keys: [x, y]\n",
    "fitness.py": "def fitness(genome):\n    return 1.0, (0.5, 0.5)\n",
}
AREA = "  hypervolume: {description: area, is_primary: true}\n"
OBJECTIVES = {
    "metrics.yaml": "specs:\n" + AREA + PLACES,
    "problem.yaml": "objectives: [x, y]\n",
    "fitness.py": "def fitness(genome):\n    return 0.5, 0.5\n",
}
CHANGED = {
    "other names": ({"genotype.yaml": NAMED}, "genotype.yaml", ("n:", "m:"), ("[n]", "[m]"), "names is ['a', 'm']"),
    "other bounds": ({"genotype.yaml": NAMED}, "genotype.yaml", ("[1, 9]", "[2, 9]"), "ranges is [[0.0, 1.0], [2.0"),
    "more genes": ({}, "genotype.yaml", (": 3", ": 4"), "genes_size is 4, and was 3 when the search in "),
    "whole numbers": ({}, "genotype.yaml", ("]\n", "]\ninteger: true\n"), "integer is True, and was False"),
    "another kind": ({}, "genotype.yaml", ("range\n", "binary\n"), ("allele_range: [-1, 1]\n", ""), "kind is 'binary'"),
    "another direction": ({}, "metrics.yaml", ("false", "true"), "fitness.higher_is_better is True, and was False"),
    "behaviours turned": (BEHAVIOURS, "problem.yaml", ("[x, y]", "[y, x]"), "behavior_keys is ['y', 'x']"),
    "wider behaviours": (BEHAVIOURS, "metrics.yaml", ("upper_bound: 1", "upper_bound: 2"), "x.upper_bound is 2.0"),
    "objectives turned": (OBJECTIVES, "problem.yaml", ("[x, y]", "[y, x]"), "objectives is ['y', 'x']"),
    "another reference": (OBJECTIVES, "metrics.yaml", ("lower_bound: 0", "lower_bound: -1"), "x.lower_bound is -1.0"),
}  # fmt: skip


def began(folder: Path, out: Path) -> Ended:
    return run(f"problem.dir={folder}", "algorithm=auto", "max_generations=2", f"hydra.run.dir={out}", cwd=ROOT)


@pytest.mark.parametrize("case", CHANGED)
def test_a_search_does_not_go_on_with_another_problem(case: str, tmp_path: Path) -> None:
    files, name, *turns, expected = CHANGED[case]
    files = {"fitness.py": FITNESS, **files}
    folder, out = written(tmp_path / "mine", **files), tmp_path / "out"
    assert began(folder, out).status == 0
    before = (folder / name).read_text()
    after = before
    for old, new in turns:
        after = after.replace(old, new, 1)
    (folder / name).write_text(after)
    line = the_line(run(f"resume={out}", "max_generations=4", cwd=ROOT))
    assert line.startswith(f"error: {folder / name}: ")
    assert expected in line
    (folder / name).write_text(before)
    assert run(f"resume={out}", "max_generations=4", cwd=ROOT).status == 0


def test_what_the_search_does_not_depend_on_may_be_another(tmp_path: Path) -> None:
    folder, out = written(tmp_path / "mine"), tmp_path / "out"
    assert began(folder, out).status == 0
    written(
        folder,
        metrics__yaml=FILES["metrics.yaml"].replace("sum", "the sum").replace("is_pri", "lower_bound: 0, is_pri"),
        task_description__txt="Smaller numbers.\n",
        fitness__py="def fitness(genome):\n    return 0\n",
    )
    assert run(f"resume={out}", "max_generations=4", cwd=ROOT).status == 0


def test_a_search_that_did_not_write_down_what_it_began_with_goes_on(tmp_path: Path) -> None:
    folder, out = written(tmp_path / "mine"), tmp_path / "out"
    assert began(folder, out).status == 0
    (out / "problem.json").unlink()
    assert run(f"resume={out}", "max_generations=4", cwd=ROOT).status == 0
    assert json.loads((out / "summary.json").read_text())["generation"] == 4
    (out / "problem.json").write_text("{")
    assert "problem.json: cannot be read" in the_line(run(f"resume={out}", "max_generations=5", cwd=ROOT))


def test_limits_of_a_run_that_was_refused_are_forgotten(tmp_path: Path) -> None:
    folder, out = written(tmp_path / "mine"), tmp_path / "out"
    assert began(folder, out).status == 0
    before = (out / "config.yaml").read_text()
    whole = (out / "checkpoint.npz").read_bytes()
    (out / "checkpoint.npz").write_bytes(b"torn")
    assert "no checkpoint" in the_line(run(f"resume={out}", "max_generations=4", cwd=ROOT))
    assert (out / "config.yaml").read_text() == before
    (out / "checkpoint.npz").write_bytes(whole)
    assert run(f"resume={out}", "max_generations=4", cwd=ROOT).status == 0
    assert "max_generations: 4" in (out / "config.yaml").read_text()


def test_a_configuration_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, out = written(tmp_path / "mine"), tmp_path / "out"

    def full(draft: Path, *_: object, **__: object) -> None:
        draft.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_text", full)
        line = the_line(began(folder, out))
    assert line == f"error: {out / 'config.yaml'} cannot be written: [Errno 28] No space left on device\n"
    assert not out.exists()
    assert began(folder, out).status == 0
    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_text", full)
        assert "config.yaml cannot be written" in the_line(run(f"resume={out}", "max_generations=4", cwd=ROOT))
    assert not list(out.glob(".config.yaml*"))


def test_a_database_that_cannot_be_written_to_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, out = written(tmp_path / "mine"), tmp_path / "out"
    assert began(folder, out).status == 0

    def refused(*_: object) -> None:
        raise StorageError("cannot write to run.db: attempt to write a readonly database")

    monkeypatch.setattr(SqliteSearchStorage, "rewind", refused)
    line = the_line(run(f"resume={out}", cwd=ROOT))
    assert line == "error: search_storage: cannot write to run.db: attempt to write a readonly database\n"
