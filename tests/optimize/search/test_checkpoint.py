"""Checkpoints: what goes in comes out, whole files only, and nothing in one can be executed."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gigaevo.kernels.random import RandomStream
from gigaevo.optimize import BinaryGenotype, DifferentialEvolution, FitnessError, MultiRangeGenotype, RangeGenotype
from gigaevo.optimize.search.answers import Answers
from gigaevo.optimize.search.checkpoint import load, save
from gigaevo.optimize.search.history import History


def state() -> Answers:
    """An object of ours with some of everything."""
    answers = Answers()
    answers.expect(np.arange(4.0).reshape(2, 2), (np.array([5, 6]),))
    answers.add(np.ones((1, 2)), np.array([-np.inf]), (np.array([7]),))
    answers.more = {  # type: ignore[attr-defined]
        "numbers": [1, -2.5, float("inf"), True, None, np.float64(0.1)],
        "words": ("a", frozenset({"b"})),
        3: MultiRangeGenotype([(0, 1), (2, 9)], integer=[False, True], names=["x", "y"]),
        "stream": RandomStream(np.random.SeedSequence(4)),
        "seed": np.random.SeedSequence(9).spawn(2)[1],
    }
    return answers


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    before = state()
    save(before, tmp_path / "file")
    after = load(tmp_path / "file")
    assert type(after) is Answers
    assert (after.asked, after.waiting) == (before.asked, before.waiting)
    codes, memo = after.take(np.array([1, 0]))
    assert codes.tolist() == [[2.0, 3.0], [0.0, 1.0]]
    assert memo[0].tolist() == [6, 5]
    assert after.next(1)[1].tolist() == [-np.inf]
    more, original = after.more, before.more  # type: ignore[attr-defined]
    assert more["numbers"] == original["numbers"]
    assert more["words"] == original["words"]
    assert repr(more[3]) == repr(original[3])
    assert more[3].lower.flags.writeable is False
    np.testing.assert_array_equal(more["stream"].uniforms(5), original["stream"].uniforms(5))
    np.testing.assert_array_equal(more["seed"].generate_state(4), original["seed"].generate_state(4))
    np.testing.assert_array_equal(
        more["seed"].spawn(1)[0].generate_state(2), original["seed"].spawn(1)[0].generate_state(2)
    )


class Colour(Enum):
    RED = 1


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (print, "builtins.builtin_function_or_method cannot be saved"),
        (Colour.RED, "Colour cannot be saved"),
        (Path("x"), "cannot be saved"),
        (np.array([object()]), "an array of Python objects"),
    ],
)
def test_what_is_no_data_is_refused_and_the_earlier_file_stays(tmp_path: Path, thing: Any, said: str) -> None:
    history = History()
    save(history, tmp_path / "file")
    before = (tmp_path / "file").read_bytes()
    history.more = thing  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match=said):
        save(history, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def forged(path: Path, tree: Any, **arrays: Any) -> Path:
    """A checkpoint written by somebody else."""
    with path.open("wb") as file:
        np.savez(file, tree=np.array(json.dumps(tree)), **arrays)
    return path


@pytest.mark.parametrize(
    "name", ["os:system", "gigaevo.storage.sqlite:SqliteStorage", "gigaevo.optimize.search.checkpoint:load"]
)
def test_a_checkpoint_can_name_no_class_but_those_of_the_optimizers(tmp_path: Path, name: str) -> None:
    from gigaevo.optimize.search.checkpoint import BACKEND

    tree = {"format": 1, "backend": BACKEND, "root": {"object": name, "state": {"dict": []}}}
    with pytest.raises(ValueError, match="may not name the class"):
        load(forged(tmp_path / "file", tree))


@pytest.mark.parametrize("name", ["gigaevo.optimize.cma_es:CMAES", "gigaevo.optimize.algorithms.cma_es:Gone"])
def test_a_class_that_lies_elsewhere_now_is_an_error_of_the_file(tmp_path: Path, name: str) -> None:
    from gigaevo.optimize.search.checkpoint import BACKEND

    tree = {"format": 1, "backend": BACKEND, "root": {"object": name, "state": {"dict": []}}}
    with pytest.raises(ValueError, match=rf"a checkpoint names {name}, which this version does not have"):
        load(forged(tmp_path / "file", tree))


@pytest.mark.parametrize(
    "root",
    [
        {"object": "gigaevo.optimize.genotypes.bits:BinaryGenotype"},
        {"object": 3, "state": {"dict": []}},
        {"object": "gigaevo.optimize.genotypes.bits:BinaryGenotype", "state": 3},
        {"array": "array_7", "writeable": True},
        {"array": "tree"},
        {"dict": [[1]]},
        {"dict": [[{"dict": []}, 1]]},
        {"tuple": None},
        {"stream": ["x"]},
        {"enum": "gigaevo.optimize.strategy.ordering:FitnessOrdering", "name": "SIDEWAYS"},
        {},
    ],
)
def test_a_checkpoint_whose_parts_make_nothing_is_an_error_of_the_file(tmp_path: Path, root: Any) -> None:
    from gigaevo.optimize.search.checkpoint import BACKEND

    path = forged(tmp_path / "file", {"format": 1, "backend": BACKEND, "root": root})
    with pytest.raises(ValueError, match=f"^{path} is no checkpoint of an optimizer: "):
        load(path)
    with pytest.raises(ValueError, match="no checkpoint of an optimizer"):
        load(forged(path, {"format": 1, "backend": BACKEND}))
    with pytest.raises(ValueError, match="no checkpoint of an optimizer"):
        load(forged(path, [1]))


def test_a_checkpoint_with_a_pickle_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no checkpoint of an optimizer"):
        load(forged(tmp_path / "file", {"format": 1}, array_0=np.array([print], object)))


def test_files_of_another_kind_version_or_backend_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    np.save(tmp_path / "array.npy", np.zeros(3))
    for name in ("text", "array.npy"):
        with pytest.raises(ValueError, match="is no checkpoint of an optimizer: it is no archive of arrays"):
            load(tmp_path / name)
    save(BinaryGenotype(3), tmp_path / "whole")
    (tmp_path / "half").write_bytes((tmp_path / "whole").read_bytes()[:200])
    with pytest.raises(ValueError, match="no checkpoint of an optimizer"):
        load(tmp_path / "half")
    with pytest.raises(ValueError, match="format 7, this version reads 1"):
        load(forged(tmp_path / "later", {"format": 7}))
    with pytest.raises(ValueError, match="saved with the quantum kernels"):
        load(forged(tmp_path / "other", {"format": 1, "backend": "quantum"}))
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")


def test_what_was_found_before_a_fitness_raised_is_in_the_checkpoint(tmp_path: Path) -> None:
    calls = 0

    def failing(genome: Any) -> float:
        nonlocal calls
        calls += 1
        if calls == 50:
            raise OSError("the simulator is gone")
        return float((genome**2).sum())

    search = DifferentialEvolution(RangeGenotype(3, (-1.0, 1.0)), population_size=20, seed=1)
    with pytest.raises(FitnessError):
        search.run(failing, evaluations=200, checkpoint=tmp_path / "search")
    assert DifferentialEvolution.load(tmp_path / "search").evaluations == 40


def test_a_search_that_is_saved_while_it_runs_keeps_the_time_it_has_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("gigaevo.optimize.search.search_state.time", SimpleNamespace(monotonic=lambda: now))
    search = DifferentialEvolution(RangeGenotype(3, (-1.0, 1.0)), seed=1)
    search.begin()
    now = 107.0
    search.save(tmp_path / "file")
    now = 5.0  # the machine was started anew
    after = load(tmp_path / "file")
    assert after.seconds == 7.0
    after.begin()
    now = 8.0
    assert after.seconds == 10.0
