"""The hypervolume: laws, and that moocore and pymoo measure the same."""

from __future__ import annotations

from types import ModuleType

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymoo.indicators.hv import HV


@st.composite
def fronts(draw: st.DrawFn, rows: int = 25) -> tuple[np.ndarray, np.ndarray]:
    """Rows of 1 to 6 objectives, with or without ties, and a reference that some of them may not reach."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, m = int(rng.integers(rows + 1)), int(rng.integers(1, 7))
    if draw(st.booleans()):
        return rng.random((n, m)), np.full(m, draw(st.sampled_from([-0.1, 0.0, 0.2])))
    return rng.integers(0, 5, (n, m)).astype(np.float64), np.full(m, draw(st.sampled_from([-1.0, 0.0, 1.0])))


@given(fronts())
@settings(max_examples=100, deadline=None)
def test_it_is_that_of_moocore_and_of_pymoo(volumes: ModuleType, case: tuple[np.ndarray, np.ndarray]):
    objectives, reference = case
    volume = volumes.hypervolume(objectives, reference)
    if len(objectives) == 0:
        assert volume == 0.0
    elif objectives.shape[1] == 1:
        assert volume == pytest.approx(max(0.0, float(objectives.max() - reference[0])))
    else:
        theirs = moocore.hypervolume(objectives, ref=reference, maximise=True)
        assert volume == pytest.approx(theirs, rel=1e-9, abs=1e-12)
        assert volume == pytest.approx(HV(ref_point=-reference)(-objectives), rel=1e-9, abs=1e-12)


@given(fronts(rows=8), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_it_is_the_share_of_random_points_that_are_dominated(
    volumes: ModuleType, case: tuple[np.ndarray, np.ndarray], seed: int
):
    objectives, reference = case
    top = np.maximum(objectives.max(axis=0, initial=-1.0), reference + 1.0)
    points = np.random.default_rng(seed).uniform(reference, top, (20_000, len(reference)))
    dominated = (objectives[:, None] >= points[None]).all(axis=2).any(axis=0) if len(objectives) else np.zeros(1)
    box = float(np.prod(top - reference))
    assert volumes.hypervolume(objectives, reference) == pytest.approx(box * dominated.mean(), abs=0.03 * box)


@given(fronts(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_copies_and_what_is_dominated_count_nothing(volumes: ModuleType, case, random):
    objectives, reference = case
    volume = volumes.hypervolume(objectives, reference)
    rows = list(range(len(objectives))) * 2
    random.shuffle(rows)
    worse = objectives - 0.5
    invalid = np.full((1, objectives.shape[1]), np.nan)
    more = np.concatenate([objectives[rows], worse, invalid])
    assert volumes.hypervolume(more, reference) == pytest.approx(volume, rel=1e-9, abs=1e-12)


def test_a_box_and_two_that_overlap(volumes: ModuleType):
    assert volumes.hypervolume([[2.0, 3.0]], [0.0, 0.0]) == 6.0
    assert volumes.hypervolume([[2.0, 1.0], [1.0, 2.0]], [0.0, 0.0]) == 3.0
    assert volumes.hypervolume([[1.0] * 4], [0.0] * 4) == 1.0
    assert volumes.hypervolume([[2.0, 1.0, 1.0, 1.0], [1.0, 2.0, 1.0, 1.0]], [0.0] * 4) == 3.0


def test_what_does_not_reach_the_reference_counts_nothing_and_what_is_endless_counts_endlessly(volumes: ModuleType):
    assert volumes.hypervolume([[5.0, 0.0], [-1.0, 9.0]], [0.0, 0.0]) == 0.0
    assert volumes.hypervolume([[np.inf, 1.0]], [0.0, 0.0]) == np.inf
    assert volumes.hypervolume([[np.inf, 0.0], [1.0, 1.0]], [0.0, 0.0]) == 1.0


@pytest.mark.parametrize(
    ("objectives", "reference", "message"),
    [
        ([1.0], [0.0], "objectives has shape"),
        ([[1.0, 2.0]], [0.0], r"reference has shape \(1,\), expected \(2,\)"),
        ([[1.0, 2.0]], [0.0, np.nan], r"reference\[1\] is nan, expected a finite number"),
        (np.zeros((2, 0)), [], "expected one column or more"),
    ],
)
def test_what_does_not_fit_is_named(volumes: ModuleType, objectives, reference, message: str):
    with pytest.raises(ValueError, match=message):
        volumes.hypervolume(objectives, reference)
