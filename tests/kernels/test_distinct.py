"""Which rows are new: those that repeat neither a known row nor one before."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@st.composite
def rows_and_known(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    genes, values = int(rng.integers(0, 20)), int(rng.integers(1, 4))
    dtype = draw(st.sampled_from([np.uint8, np.bool_, np.int32, np.float64]))
    rows, known = (rng.integers(0, values, (int(rng.integers(0, 60)), genes)).astype(dtype) for _ in range(2))
    return rows, known


@given(rows_and_known())
@settings(max_examples=100, deadline=None)
def test_each_row_is_new_once(distinct: ModuleType, case: tuple[np.ndarray, np.ndarray]):
    rows, known = case
    new = distinct.new_rows(rows, known)
    assert new.dtype == np.int64
    met = {tuple(row) for row in known.tolist()}
    expected = []
    for number, row in enumerate(rows.tolist()):
        if tuple(row) not in met:
            expected.append(number)
            met.add(tuple(row))
    assert new.tolist() == expected


def test_rows_that_differ_in_one_bit_are_told_apart(distinct: ModuleType):
    base = np.random.default_rng(0).random(33)
    rows = np.repeat(base[None], 34, axis=0)
    for gene in range(33):
        rows[gene, gene] = np.nextafter(rows[gene, gene], 2.0)
    assert distinct.new_rows(rows, rows[:0]).tolist() == list(range(34))
    assert distinct.new_rows(rows, base[None]).tolist() == list(range(33))


def test_permutations_are_told_apart(distinct: ModuleType):
    rng = np.random.default_rng(1)
    rows = np.array([rng.permutation(12) for _ in range(500)], np.int32)
    assert len(distinct.new_rows(rows, rows[:0])) == len(np.unique(rows, axis=0))


def test_arrays_that_are_not_contiguous_are_read_right(distinct: ModuleType):
    rows = np.arange(24.0).reshape(6, 4)
    assert distinct.new_rows(rows[::2, ::2], rows[:1, ::2]).tolist() == [1, 2]
    assert distinct.new_rows(rows.T, rows.T[2:].copy()).tolist() == [0, 1]
    swapped = rows.astype(rows.dtype.newbyteorder())
    assert distinct.new_rows(swapped, swapped[1:]).tolist() == [0]


@pytest.mark.parametrize(
    ("rows", "known", "message"),
    [
        (np.zeros(3), np.zeros((1, 3)), r"rows has shape \(3,\), expected 2 dimensions"),
        (np.zeros((1, 3)), np.zeros((1, 2)), "known has rows of 2 x float64, expected 3 x float64"),
        (np.zeros((1, 3)), np.zeros((1, 3), np.int32), "known has rows of 3 x int32, expected 3 x float64"),
        (np.zeros((1, 3), object), np.zeros((1, 3), object), "rows is an array of Python objects"),
    ],
)
def test_what_does_not_fit_is_named(distinct: ModuleType, rows, known, message: str):
    with pytest.raises(ValueError, match=message):
        distinct.new_rows(rows, known)
