"""The memory of rows forgets what was not asked for longest, whatever the order of reads and writes."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def filled(memory: ModuleType, capacity: int, numbers: list[int]) -> Any:
    """A memory of rows (k, k) of value k."""
    made = memory.RowMemory(capacity, 2)
    made.remember(*rows_of(numbers))
    return made


def rows_of(numbers: list[int]) -> tuple[Any, Any, Any]:
    rows = np.repeat(np.array(numbers, np.uint64)[:, None], 2, axis=1)
    return rows, np.array(numbers, np.float64), np.arange(len(numbers))


def kept(memory: Any) -> list[float]:
    values: list[float] = memory.items()[1].tolist()
    return values


@given(st.integers(1, 6), st.lists(st.lists(st.integers(0, 9), max_size=8), max_size=15))
@settings(deadline=None)
def test_it_is_an_ordered_dictionary_that_forgets_the_oldest(
    row_memory: ModuleType, capacity: int, batches: list[list[int]]
) -> None:
    memory, model = row_memory.RowMemory(capacity, 2), OrderedDict[int, float]()
    for batch in batches:
        rows, values, wanted = rows_of(batch)
        values[:] = np.nan
        found, missing, again = memory.recall(rows, values, wanted)
        first: dict[int, int] = {}
        expected, twice = [], []
        for position, number in enumerate(batch):
            expected.append(model.get(number, np.nan))
            if number in model:
                model.move_to_end(number)
            elif number in first:
                twice.append([position, first[number]])
            else:
                first[number] = position
        assert np.array_equal(values, expected, equal_nan=True)
        assert found == len(batch) - len(first) - len(twice)
        assert missing.tolist() == list(first.values())
        assert again.tolist() == twice
        memory.remember(rows, rows[:, 0].astype(np.float64), missing)
        for number in first:
            model[number] = float(number)
            if len(model) > capacity:
                model.popitem(last=False)
        assert len(memory) == len(model)
        assert kept(memory) == list(model.values())


def test_many_rows_are_found_again_in_every_word(row_memory: ModuleType) -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 3, (5000, 7)).astype(np.float64)
    rows[:, 3] -= 1.5
    values = rng.random(5000)
    memory = row_memory.RowMemory(100_000, 7)
    _, missing, _ = memory.recall(rows, np.full(5000, np.nan), np.arange(5000))
    memory.remember(rows, values, missing)
    assert len(memory) == len(missing) == len(np.unique(rows, axis=0))
    asked = np.full(5000, np.nan)
    assert memory.recall(rows, asked, missing)[0] == len(missing)
    assert (asked[missing] == values[missing]).all()


def test_what_has_a_value_is_not_asked_for_and_invalid_values_are_remembered(row_memory: ModuleType) -> None:
    memory = filled(row_memory, 5, [1, 2])
    rows, values, wanted = rows_of([1, 2, 3])
    values[:] = [np.nan, 7.0, -np.inf]
    found, missing, again = memory.recall(rows, values, wanted)
    assert (found, missing.tolist(), again.tolist()) == (1, [], [])
    assert values.tolist() == [1.0, 7.0, -np.inf]
    memory.remember(rows, values, np.array([2]))
    values[2] = np.nan
    memory.recall(rows, values, wanted)
    assert values[2] == -np.inf


def test_a_row_that_is_wanted_twice_is_found_once(row_memory: ModuleType) -> None:
    memory = filled(row_memory, 5, [1])
    rows, values, _ = rows_of([1, 2])
    values[:] = np.nan
    found, missing, again = memory.recall(rows, values, np.array([0, 1, 0, 1]))
    assert (found, missing.tolist(), again.tolist()) == (1, [1], [[1, 1]])


def test_nothing_is_wanted_and_nothing_happens(row_memory: ModuleType) -> None:
    memory = filled(row_memory, 5, [1])
    rows, values, wanted = rows_of([])
    found, missing, again = memory.recall(rows.reshape(0, 2), values, wanted)
    assert (found, missing.shape, again.shape) == (0, (0,), (0, 2))
    memory.remember(rows.reshape(0, 2), values, wanted)
    assert kept(memory) == [1.0]


def test_a_row_that_is_remembered_again_takes_its_new_value_and_is_the_newest(row_memory: ModuleType) -> None:
    memory = filled(row_memory, 3, [1, 2, 3])
    rows, values, wanted = rows_of([1])
    memory.remember(rows, values + 10.0, wanted)
    assert kept(memory) == [2.0, 3.0, 11.0]


def test_it_survives_a_pickle_in_its_order(row_memory: ModuleType) -> None:
    memory = filled(row_memory, 3, [1, 2, 3, 4])
    copy = pickle.loads(pickle.dumps(memory))
    assert kept(copy) == kept(memory) == [2.0, 3.0, 4.0]
    assert (copy.capacity, copy.width) == (3, 2)
    copy.remember(*rows_of([5]))
    assert kept(copy) == [3.0, 4.0, 5.0]
    assert kept(memory) == [2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": np.zeros((2, 3))}, r"rows has shape \(2, 3\), expected \(n, 2\)"),
        ({"rows": np.zeros((2, 2), np.int32)}, "rows must be a contiguous array of uint64 or float64 with 2"),
        ({"rows": np.zeros((2, 4))[:, ::2]}, "rows must be a contiguous array"),
        ({"values": np.zeros(3)}, "values has 3 entries, expected 2"),
        ({"values": [0.0, 0.0]}, "values must be a contiguous array of float64"),
        ({"wanted": np.array([0, 2])}, "wanted has row 2, expected 0 to 1"),
        ({"wanted": np.array([-1])}, "wanted has row -1, expected 0 to 1"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(row_memory: ModuleType, change: Any, message: str) -> None:
    told = {"rows": np.zeros((2, 2)), "values": np.zeros(2), "wanted": np.arange(2), **change}
    memory = row_memory.RowMemory(3, 2)
    for call in (memory.recall, memory.remember):
        with pytest.raises(ValueError, match=message):
            call(**told)


@pytest.mark.parametrize(("sizes", "message"), [((0, 2), "capacity must be at least 1"), ((3, 0), "width must be at")])
def test_sizes_below_one_are_refused(row_memory: ModuleType, sizes: tuple[int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        row_memory.RowMemory(*sizes)
