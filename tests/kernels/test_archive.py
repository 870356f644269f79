"""The elite archive: what it keeps, what it reports, and what it refuses."""

from __future__ import annotations

import math
import pickle
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.kernels import AddStatus

BEHAVIOR_DIM, SOLUTION_DIM = 2, 3
# A table of all cells, and hash tables whose cells are neighbours, or all share their upper or their lower bits.
CELL_SETS = {
    12: list(range(12)),
    2**62: [0, 1, 2, 3, 2**62 - 1, 2**62 - 2, *(2**40 * step for step in range(1, 30))],
    10**8: list(range(40)),
}


def behavior_of(key: int) -> list[float]:
    return [key + 0.25, -key]


def solution_of(key: int) -> list[float]:
    return [key, key * 0.5, key + 7.0]


class DictModel:
    """The archive as one would write it without caring for speed: cell -> (objective, key)."""

    def __init__(self) -> None:
        self.elites: dict[int, tuple[float, int]] = {}

    def add_one(self, cell: int, objective: float, key: int) -> tuple[AddStatus, int]:
        occupant = self.elites.get(cell)
        if occupant is not None and objective <= occupant[0]:
            return AddStatus.REJECTED, -1
        self.elites[cell] = (objective, key)
        return (AddStatus.NEW, -1) if occupant is None else (AddStatus.IMPROVED, occupant[1])

    def add(self, cell: int, objective: float, key: int) -> tuple[AddStatus, int, float]:
        """Status, the cell that the item was written to or -1, and the gain."""
        held = self.elites[cell][0] if cell in self.elites else 0.0
        status, _ = self.add_one(cell, objective, key)
        return status, -1 if status is AddStatus.REJECTED else cell, objective - held

    def put_one(self, cell: int, objective: float, key: int) -> int:
        displaced = self.elites.get(cell, (0.0, -1))[1]
        self.elites[cell] = (objective, key)
        return displaced

    def remove(self, cell: int) -> int:
        return self.elites.pop(cell, (0.0, -1))[1]


def items_in(cells: list[int]) -> st.SearchStrategy[tuple[int, float, int]]:
    # Few objectives, so that ties are common; zeros of both signs are equal.
    objective = st.one_of(st.sampled_from([-0.0, 0.0, 1.0]), st.floats(-3, 3), st.floats(-1e308, 1e308))
    return st.tuples(st.sampled_from(cells), objective, st.integers(0, 2**40))


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, list[tuple[str, Any]]]:
    """A number of cells, and calls on an archive of so many."""
    total_cells = draw(st.sampled_from(list(CELL_SETS)))
    cells = CELL_SETS[total_cells]
    item = items_in(cells)
    call = st.one_of(
        st.tuples(st.just("add"), st.lists(item, max_size=30)),
        st.tuples(st.just("add_one"), item),
        st.tuples(st.just("put_one"), item),
        st.tuples(st.just("remove"), st.sampled_from(cells)),
        st.tuples(st.just("remove"), st.sampled_from(cells)),
        st.tuples(st.just("clear"), st.none()),
    )
    return total_cells, draw(st.lists(call, max_size=40))


def new_archive(module: ModuleType, total_cells: int) -> Any:
    return module.EliteArchive(
        total_cells, behavior_dim=BEHAVIOR_DIM, solution_dim=SOLUTION_DIM, capacity=2
    )  # growth is part of every history


def batch(items: list[tuple[int, float, int]]) -> tuple[np.ndarray, ...]:
    cells, objectives, keys = zip(*items, strict=True) if items else ((), (), ())
    return (
        np.array(cells, dtype=np.int64),
        np.array(objectives, dtype=np.float64),
        np.array(keys, dtype=np.int64),
        np.array([behavior_of(key) for key in keys], dtype=np.float64).reshape(-1, BEHAVIOR_DIM),
        np.array([solution_of(key) for key in keys], dtype=np.float64).reshape(-1, SOLUTION_DIM),
    )


def apply(archive: Any, call: str, argument: Any) -> Any:
    """Make one call of a history; what it returned, as plain values."""
    if call == "add":
        status, rows, gains = archive.add(*batch(argument))
        assert (status.dtype, rows.dtype, gains.dtype) == (np.int8, np.int64, np.float64)
        cells = [int(archive.cells[row]) if row >= 0 else -1 for row in rows.tolist()]
        return list(zip(status.tolist(), cells, gains.tolist(), strict=True))
    if call in ("add_one", "put_one"):
        cell, objective, key = argument
        described = np.array(behavior_of(key)), np.array(solution_of(key), dtype=np.float64)
        return getattr(archive, call)(cell, objective, key, *described)
    return archive.clear() if call == "clear" else archive.remove(argument)


def contents(archive: Any) -> dict[str, Any]:
    """Everything that can be seen of an archive."""
    return {
        "len": len(archive),
        "coverage": archive.coverage,
        "cells": archive.cells.tolist(),
        "objectives": archive.objectives.tolist(),
        "keys": archive.keys.tolist(),
        "behaviors": archive.behaviors.tolist(),
        "solutions": archive.solutions.tolist(),
        "sum": archive.objective_sum,
        "best": archive.best(),
        "worst": archive.worst(),
        "worst rows": archive.worst_rows(5).tolist(),
        "sample": archive.sample(np.linspace(0, 0.999, 7)).tolist() if len(archive) else [],
    }


@pytest.mark.filterwarnings("ignore:overflow encountered")  # the sum of objectives near 1e308
@given(history=histories())
@settings(max_examples=150, deadline=None)
def test_both_implementations_agree_after_every_call(both_archives, history):
    total_cells, calls = history
    compiled, twin = (new_archive(module, total_cells) for module in both_archives)
    for call in calls:
        assert apply(compiled, *call) == apply(twin, *call)
        assert repr(contents(compiled)) == repr(contents(twin))  # repr: -0.0 is not 0.0, nan is nan


@given(history=histories())
@settings(max_examples=100, deadline=None)
def test_an_archive_does_what_a_plain_dict_would(archive: ModuleType, history):
    total_cells, calls = history
    ours, model = new_archive(archive, total_cells), DictModel()
    for call, argument in calls:
        answer = apply(ours, call, argument)
        if call == "add":
            assert answer == [model.add(*item) for item in argument]
        elif call == "clear":
            model.elites.clear()
        elif call == "remove":
            assert answer == model.remove(argument)
        else:
            assert answer == getattr(model, call)(*argument)
        rows = zip(ours.objectives.tolist(), ours.keys.tolist(), strict=True)
        assert dict(zip(ours.cells.tolist(), rows, strict=True)) == model.elites
        assert ours.behaviors.tolist() == [behavior_of(key) for key in ours.keys.tolist()]
        assert ours.solutions.tolist() == [solution_of(key) for key in ours.keys.tolist()]
        for cell in CELL_SETS[total_cells]:
            assert ours.key_at(cell) == model.elites.get(cell, (0.0, -1))[1]
            row = ours.row_of(cell)
            assert (row == -1) == (cell not in model.elites)
            assert row == -1 or ours.cells[row] == cell


@given(batches=st.lists(st.lists(items_in(list(range(8))), max_size=20), max_size=10))
@settings(max_examples=60, deadline=None)
def test_a_cell_keeps_the_best_it_ever_saw(archive: ModuleType, batches):
    ours = new_archive(archive, 8)
    for items in batches:
        ours.add(*batch(items))
    offered = [item for items in batches for item in items]
    for cell in {cell for cell, _, _ in offered}:
        assert ours.objective_at(cell) == max(objective for c, objective, _ in offered if c == cell)
    assert len(ours) == len({cell for cell, _, _ in offered})


@given(st.lists(st.lists(items_in(list(range(8))), min_size=1, max_size=30), max_size=4), st.sampled_from([1, 3]))
@settings(max_examples=100, deadline=None)
def test_what_is_absorbed_is_what_would_be_added(archive: ModuleType, batches, depth):
    told, silent = (
        archive.EliteArchive(8 * depth, behavior_dim=BEHAVIOR_DIM, solution_dim=SOLUTION_DIM) for _ in range(2)
    )
    for batch in batches:
        cells, objectives, keys = (np.array(column) for column in zip(*batch, strict=True))
        described = [behavior_of(key) for key in keys], [solution_of(key) for key in keys]
        told.add(cells, objectives, keys, *described, depth=depth)
        assert silent.absorb(cells, objectives, keys, *described, depth=depth) == np.argmax(objectives)
        for name in ("cells", "objectives", "keys", "behaviors", "solutions"):
            np.testing.assert_array_equal(getattr(told, name), getattr(silent, name))


def test_of_no_items_none_is_the_best(archive: ModuleType):
    assert archive.EliteArchive(4, keyed=False).absorb([], []) == -1


@pytest.mark.parametrize("depth", [1, 2])
def test_behaviors_are_read_wherever_they_lie(archive: ModuleType, depth):
    draw = np.random.default_rng(3)
    table, solutions = draw.random((40, 9)), draw.random((40, SOLUTION_DIM))
    cells, objectives, keys = draw.integers(0, 6, 40), draw.random(40), np.arange(40)
    for behaviors in (table[:, 2:4], table[:, 8:2:-4], np.asfortranarray(table)[:, :2], table[::-1, ::5]):
        in_place, copied = (
            archive.EliteArchive(12, behavior_dim=BEHAVIOR_DIM, solution_dim=SOLUTION_DIM) for _ in range(2)
        )
        in_place.add(cells, objectives, keys, behaviors, solutions, depth=depth)
        copied.add(cells, objectives, keys, behaviors.copy(), solutions, depth=depth)
        np.testing.assert_array_equal(in_place.behaviors, copied.behaviors)
        np.testing.assert_array_equal(in_place.behaviors, behaviors[in_place.keys])


def test_of_equals_the_first_stays(archive: ModuleType):
    ours = archive.EliteArchive(4)
    status, rows, gains = ours.add([1, 1, 1, 2], [5.0, 5.0, 6.0, 5.0], [10, 11, 12, 13])
    assert status.tolist() == [AddStatus.NEW, AddStatus.REJECTED, AddStatus.IMPROVED, AddStatus.NEW]
    assert rows.tolist() == [0, -1, 0, 1]
    assert gains.tolist() == [5.0, 0.0, 1.0, 5.0]
    assert ours.add_one(1, 6.0, 14) == (AddStatus.REJECTED, -1)
    assert ours.key_at(1) == 12


@given(batches=st.lists(st.lists(items_in(list(range(4))), max_size=20), max_size=8), depth=st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_a_run_keeps_the_best_of_as_many_different_solutions_as_it_has_cells(archive: ModuleType, batches, depth):
    ours = archive.EliteArchive(4 * depth, solution_dim=1, keyed=False, capacity=1)
    offered: dict[int, dict[int, float]] = {}  # run -> solution -> its best objective
    for items in batches:
        runs = np.array([run for run, _, _ in items], np.int64)
        objectives = np.array([objective for _, objective, _ in items])
        solutions = np.array([key % 7 for _, _, key in items], np.float64).reshape(-1, 1)
        ours.add(runs, objectives, None, None, solutions, depth=depth)
        for run, objective, key in items:
            known = offered.setdefault(run, {})
            known[key % 7] = max(known.get(key % 7, -math.inf), objective)
    for run in range(4):
        rows = np.flatnonzero(ours.cells // depth == run)
        kept = sorted(ours.objectives[rows].tolist(), reverse=True)
        assert kept == sorted(offered.get(run, {}).values(), reverse=True)[:depth]
        if depth > 1:
            assert len(set(ours.solutions[rows, 0].tolist())) == len(rows)


@given(batches=st.lists(st.lists(items_in(list(range(4))), max_size=20), max_size=8), depth=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_both_implementations_fill_runs_alike(both_archives, batches, depth):
    pair = [module.EliteArchive(4 * depth, solution_dim=1, capacity=1) for module in both_archives]
    for items in batches:
        cells, objectives, keys, _, _ = batch(items)
        solutions = (keys % 7).astype(np.float64).reshape(-1, 1)
        answers = [ours.add(cells, objectives, keys, None, solutions, depth=depth) for ours in pair]
        for compiled_answer, twin_answer in zip(*answers, strict=True):
            assert compiled_answer.dtype == twin_answer.dtype
            np.testing.assert_array_equal(compiled_answer, twin_answer)
        assert repr(contents(pair[0])) == repr(contents(pair[1]))


@given(items=st.lists(items_in(list(range(6))), max_size=40), cut=st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_a_batch_is_what_its_items_are_one_after_the_other(archive: ModuleType, items, cut):
    together, apart = new_archive(archive, 6), new_archive(archive, 6)
    answers = apply(together, "add", items)
    assert answers == apply(apart, "add", items[:cut]) + apply(apart, "add", items[cut:])
    assert contents(together) == contents(apart)
    single = new_archive(archive, 6)
    assert [status for status, _, _ in answers] == [apply(single, "add_one", item)[0] for item in items]
    assert contents(together) == contents(single)


def test_a_solution_that_a_run_holds_competes_with_itself_alone(archive: ModuleType):
    ours = archive.EliteArchive(4, solution_dim=1, keyed=False)
    run = [0] * 5
    status, rows, gains = ours.add(
        run, [1.0, 5.0, 2.0, 0.5, 3.0], None, None, [[7.0], [8.0], [7.0], [7.0], [9.0]], depth=2
    )
    assert status.tolist() == [2, 2, 1, 0, 1]
    assert rows.tolist() == [0, 1, 0, -1, 0]
    assert gains.tolist() == [1.0, 5.0, 1.0, -1.5, 1.0]
    assert ours.solutions.tolist() == [[9.0], [8.0]]


@pytest.mark.parametrize("keyed", [True, False])
def test_a_pickled_archive_is_the_same_archive(archive: ModuleType, keyed):
    ours = archive.EliteArchive(10**8, behavior_dim=1, solution_dim=2, keyed=keyed)
    rng = np.random.default_rng(6)
    cells, keys = rng.integers(10**8, size=50), np.arange(50) if keyed else None
    ours.add(cells, rng.random(50), keys, rng.random((50, 1)), rng.random((50, 2)))
    again = pickle.loads(pickle.dumps(ours))
    assert type(again) is type(ours) and (again.total_cells, again.keyed) == (10**8, keyed)
    for name in ("cells", "objectives", "behaviors", "solutions", *(["keys"] if keyed else [])):
        np.testing.assert_array_equal(getattr(again, name), getattr(ours, name))
    assert again.row_of(int(cells[3])) == ours.row_of(int(cells[3]))
    assert len(pickle.loads(pickle.dumps(archive.EliteArchive(3)))) == 0


def test_an_archive_without_keys_has_none(archive: ModuleType):
    ours = archive.EliteArchive(4, keyed=False)
    ours.add([0, 1], [1.0, 2.0])
    assert ours.add_one(0, 3.0, 5) == (AddStatus.IMPROVED, -1)
    assert (ours.put_one(1, 0.5, 5), ours.key_at(1), ours.remove(1)) == (-1, -1, -1)
    assert ours.objectives.tolist() == [3.0]
    with pytest.raises(ValueError, match="keyed=False"):
        _ = ours.keys
    with pytest.raises(ValueError, match="keys given, but the archive was made without any"):
        ours.add([0], [1.0], [1])


def test_put_takes_the_cell_whatever_it_holds(archive: ModuleType):
    ours = archive.EliteArchive(4)
    assert ours.put_one(3, 9.0, 1) == -1
    assert ours.put_one(3, 2.0, 2) == 1
    assert ours.objective_at(3) == 2.0


def test_the_last_row_moves_into_the_hole_of_a_removed_elite(archive: ModuleType):
    ours = archive.EliteArchive(100)
    ours.add([10, 20, 30], [1.0, 2.0, 3.0], [1, 2, 3])
    assert ours.remove(10) == 1
    assert ours.keys.tolist() == [3, 2]
    assert (ours.row_of(30), ours.row_of(20), ours.row_of(10)) == (0, 1, -1)
    assert ours.remove(10) == -1


def test_an_empty_cell_has_no_key_and_no_objective(archive: ModuleType):
    ours = archive.EliteArchive(4)
    assert (ours.row_of(0), ours.key_at(0)) == (-1, -1)
    with pytest.raises(KeyError, match="cell 0 is empty"):
        ours.objective_at(0)


def test_an_empty_archive_has_neither_best_nor_worst(archive: ModuleType):
    ours = archive.EliteArchive(4)
    assert (ours.best(), ours.worst(), ours.objective_sum, ours.coverage, len(ours)) == (-1, -1, 0.0, 0.0, 0)
    assert ours.worst_rows(3).tolist() == [] and ours.sample([]).tolist() == []
    with pytest.raises(ValueError, match="the archive is empty"):
        ours.sample([0.5])


def test_best_and_worst_are_the_lowest_rows_of_their_objective(archive: ModuleType):
    ours = archive.EliteArchive(10)
    ours.add([9, 8, 7, 6, 5], [2.0, 1.0, 3.0, 3.0, 1.0], [0, 1, 2, 3, 4])
    assert (ours.best(), ours.worst()) == (2, 1)
    assert ours.worst_rows(3).tolist() == [1, 4, 0]
    assert ours.worst_rows(99).tolist() == [1, 4, 0, 2, 3]
    assert (ours.objective_sum, ours.coverage, ours.total_cells) == (10.0, 0.5, 10)


@pytest.mark.filterwarnings("error")
def test_a_sum_beyond_measure_is_infinite_without_a_word(archive: ModuleType):
    ours = archive.EliteArchive(2)
    ours.add([0, 1], [1e308, 1e308], [0, 1])
    assert ours.objective_sum == math.inf
    on_both_sides = archive.EliteArchive(64)
    on_both_sides.add(list(range(64)), [1.7e308 * (-1) ** (row // 2 % 2) for row in range(64)], list(range(64)))
    assert math.isnan(on_both_sides.objective_sum)


def test_every_elite_has_an_equal_share_of_the_unit_interval(archive: ModuleType):
    ours = archive.EliteArchive(10)
    ours.add([1, 2, 3, 4], [0.0] * 4, [1, 2, 3, 4])
    assert ours.sample([0.0, 0.2499, 0.25, 0.5, 0.75, math.nextafter(1.0, 0.0)]).tolist() == [0, 0, 1, 2, 3, 3]


def test_memory_follows_the_elites_and_not_the_cells(archive: ModuleType):
    ours = archive.EliteArchive(2**62, solution_dim=1)
    cells = np.random.default_rng(1).choice(2**61, size=5000, replace=False)
    ours.add(cells, np.arange(5000.0), np.arange(5000), solutions=np.zeros((5000, 1)))
    assert len(ours) == 5000
    assert [ours.key_at(cell) for cell in cells.tolist()] == list(range(5000))


def test_no_elite_is_lost_among_many_removals_from_a_sparse_archive(archive: ModuleType):
    ours, model = archive.EliteArchive(10**8), DictModel()
    rng = np.random.default_rng(2)
    cells = rng.choice(10**8, size=300, replace=False).tolist()
    for key in range(4000):
        cell = cells[rng.integers(300)]
        if rng.random() < 0.5:
            assert ours.remove(cell) == model.remove(cell)
        else:
            assert ours.put_one(cell, 0.0, key) == model.put_one(cell, 0.0, key)
    assert [ours.key_at(cell) for cell in cells] == [model.elites.get(cell, (0.0, -1))[1] for cell in cells]


def test_views_are_read_only_and_survive_the_growth_that_they_do_not_see(archive: ModuleType):
    ours = archive.EliteArchive(1000, capacity=1, behavior_dim=1)
    ours.add_one(0, 1.5, 7, [0.5])
    views = (ours.cells, ours.objectives, ours.keys, ours.behaviors, ours.solutions)
    ours.add(np.arange(1, 900), np.zeros(899), np.zeros(899, np.int64), np.zeros((899, 1)))
    assert [view.tolist() for view in views] == [[0], [1.5], [7], [[0.5]], [[]]]
    for view in views:
        with pytest.raises(ValueError, match="read-only"):
            view[...] = 0


def test_an_error_adds_nothing(archive: ModuleType):
    ours = archive.EliteArchive(4)
    with pytest.raises(ValueError, match="objectives"):
        ours.add([0, 1], [1.0, math.nan], [1, 2])
    assert len(ours) == 0


def test_a_key_of_more_than_64_bits_adds_nothing(archive: ModuleType):
    ours = archive.EliteArchive(4)
    with pytest.raises(OverflowError):
        ours.add_one(0, 1.0, 2**63)
    assert len(ours) == 0


ONE = ([0], [1.0], [1], [[0.0, 0.0]], [[0.0] * 3])

REFUSED = [
    (
        "add",
        ([0, 5, 12], *[[1.0] * 3, [1] * 3, [[0.0] * 2] * 3, [[0.0] * 3] * 3]),
        r"cells\[2\] is 12, expected 0 to 11",
    ),
    ("add", ([-1], *ONE[1:]), r"cells\[0\] is -1, expected 0 to 11"),
    ("add", ([0.5], *ONE[1:]), r"cells must be integers \(int64\), not float64"),
    ("add", ([2**63], *ONE[1:]), r"cells must be integers \(int64\), not uint64"),
    ("add", ([[0]], *ONE[1:]), r"cells has shape \(1, 1\), expected 1 dimension"),
    ("add", (ONE[0], [math.inf], *ONE[2:]), r"objectives\[0\] is inf, expected a finite number"),
    ("add", (ONE[0], [1.0, 2.0], *ONE[2:]), r"objectives has shape \(2,\), expected \(1,\)"),
    ("add", (*ONE[:2], [1, 2], *ONE[3:]), r"keys has shape \(2,\), expected \(1,\)"),
    ("add", (*ONE[:2], None, *ONE[3:]), r"keys missing, expected shape \(1,\)"),
    ("add", (*ONE[:3], [[0.0]], ONE[4]), r"behaviors has shape \(1, 1\), expected \(1, 2\)"),
    ("add", (*ONE[:3], None, ONE[4]), r"behaviors missing, expected shape \(1, 2\)"),
    ("add", (*ONE[:4], [[0.0] * 3] * 2), r"solutions has shape \(2, 3\), expected \(1, 3\)"),
    ("add_one", (12, 1.0, 1), r"cell is 12, expected 0 to 11"),
    ("add_one", (0, math.nan, 1), r"objective is nan, expected a finite number"),
    ("add_one", (0, 1.0, 1), r"behavior missing, expected shape \(2,\)"),
    ("add_one", (0, 1.0, 1, [1.0, 2.0], [1.0]), r"solution has shape \(1,\), expected \(3,\)"),
    ("put_one", (-1, 1.0, 1), r"cell is -1, expected 0 to 11"),
    ("put_one", (0, 1.0, 1, [1.0, 2.0, 3.0]), r"behavior has shape \(3,\), expected \(2,\)"),
    ("row_of", (12,), r"cell is 12, expected 0 to 11"),
    ("key_at", (-1,), r"cell is -1, expected 0 to 11"),
    ("objective_at", (12,), r"cell is 12, expected 0 to 11"),
    ("remove", (12,), r"cell is 12, expected 0 to 11"),
    ("worst_rows", (-1,), r"n is -1, expected 0 or more"),
    ("sample", ([0.5, 1.0],), r"uniforms\[1\] is 1.0, expected a number in \[0, 1\)"),
    ("sample", ([math.nan],), r"uniforms\[0\] is nan, expected a number in \[0, 1\)"),
]


@pytest.mark.parametrize(("method", "arguments", "message"), REFUSED)
def test_what_does_not_fit_is_refused_by_name(archive: ModuleType, method, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(new_archive(archive, 12), method)(*arguments)


@pytest.mark.parametrize(("method", "arguments", "message"), REFUSED)
def test_both_implementations_refuse_with_the_same_words(both_archives, method, arguments, message):
    texts = []
    for module in both_archives:
        with pytest.raises(ValueError, match=message) as caught:
            getattr(new_archive(module, 12), method)(*arguments)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_a_depth_that_does_not_divide_the_cells_is_refused(archive: ModuleType):
    for depth in (0, 5):
        with pytest.raises(ValueError, match=f"depth is {depth}, expected a divisor of the 12 cells"):
            new_archive(archive, 12).add(*ONE, depth=depth)
    with pytest.raises(ValueError, match=r"cells\[0\] is 4, expected 0 to 3"):
        new_archive(archive, 12).add([4], *ONE[1:], depth=3)


@pytest.mark.parametrize("name", ["behavior", "solution"])
def test_what_the_archive_was_not_made_for_is_refused(archive: ModuleType, name):
    with pytest.raises(ValueError, match=f"{name} given, but the archive was made without any"):
        archive.EliteArchive(4).add_one(0, 1.0, 1, **{name: [1.0]})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"total_cells": 0}, "total_cells is 0, expected 1 to"),
        ({"total_cells": 2**62 + 1}, "total_cells is 4611686018427387905, expected 1 to"),
        ({"total_cells": 4, "behavior_dim": -1}, "behavior_dim is -1, expected 0 or more"),
        ({"total_cells": 4, "solution_dim": -2}, "solution_dim is -2, expected 0 or more"),
        ({"total_cells": 4, "capacity": 0}, "capacity is 0, expected 1 to"),
    ],
)
def test_an_archive_of_an_impossible_shape_is_refused(archive: ModuleType, arguments, message):
    with pytest.raises(ValueError, match=message):
        archive.EliteArchive(**arguments)


def test_the_same_elites_as_in_pyribs_are_kept(archive: ModuleType):
    from ribs import archives

    peer = archives.GridArchive(solution_dim=1, dims=[20, 20], ranges=[(0.0, 1.0), (0.0, 1.0)])
    ours = archive.EliteArchive(400)
    rng = np.random.default_rng(5)
    for _ in range(10):
        measures, objectives = rng.random((200, 2)), rng.random(200)
        cells = peer.index_of(measures).astype(np.int64)
        peer.add(np.zeros((200, 1)), objectives, measures)
        ours.add(cells, objectives, cells)
    kept = peer.data(["index", "objective"])
    expected = dict(zip(kept["index"].tolist(), kept["objective"].tolist(), strict=True))
    assert dict(zip(ours.cells.tolist(), ours.objectives.tolist(), strict=True)) == expected
