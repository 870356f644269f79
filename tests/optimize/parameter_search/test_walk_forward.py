"""Walk-forward windows: training lies before what it is judged on, and held-out parts lie end to end."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.optimize.parameter_search.walk_forward import WalkForward, split, ticks_of


@given(
    ticks=st.integers(300, 2_000),
    n_windows=st.integers(1, 12),
    anchored=st.booleans(),
    fraction=st.floats(0.2, 0.9),
    gap=st.integers(0, 20),
)
def test_windows_never_look_ahead_and_hold_out_everything_once(
    ticks: int, n_windows: int, anchored: bool, fraction: float, gap: int
) -> None:
    plan = WalkForward(n_windows, anchored=anchored, fraction_train=fraction, gap=gap)
    windows = plan.windows(ticks)
    assert len(windows) == n_windows
    for window in windows:
        assert 0 <= window.train[0] < window.train[1]
        assert window.train[1] + gap == window.test[0] < window.test[1] <= ticks
    assert windows[-1].test[1] == ticks
    for window, following in pairwise(windows):
        assert window.test[1] == following.test[0]
    lengths = {window.train[1] - window.train[0] for window in windows}
    assert all(window.train[0] == 0 for window in windows) if anchored else len(lengths) == 1


def test_windows_of_a_hundred_ticks_as_one_would_draw_them() -> None:
    rolling = WalkForward(3, fraction_train=0.625).windows(100)
    assert [(window.train, window.test) for window in rolling] == [
        ((0, 35), (35, 56)),
        ((21, 56), (56, 78)),
        ((43, 78), (78, 100)),
    ]


def test_a_split_keeps_the_order_and_loses_nothing() -> None:
    train, test = split(list(range(10)), 0.7)
    assert (train, test) == ([0, 1, 2, 3, 4, 5, 6], [7, 8, 9])
    train, test = split({"price": np.arange(4), "volume": np.arange(4)}, 0.5)
    assert train["price"].tolist() == [0, 1]
    assert test["volume"].tolist() == [2, 3]
    assert split([1, 2], 1.0) == ([1, 2], [])


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_fraction_of_a_hundred_is_so_many(percent: int) -> None:
    assert len(split(range(100), percent / 100)[0]) == percent
    window = WalkForward(1, fraction_train=percent / 100).windows(100)[0]
    assert (window.train, window.test) == ((0, percent), (percent, 100))


def test_windows_are_of_plain_numbers() -> None:
    window = WalkForward(np.int64(2), gap=np.int64(1)).windows(20)[0]  # type: ignore[arg-type]
    assert [type(end) for end in (*window.train, *window.test)] == [int] * 4


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.1, float("nan")])
def test_a_fraction_outside_its_range_is_an_error(fraction: float) -> None:
    with pytest.raises(ValueError, match="fraction_train is"):
        split([1, 2, 3], fraction)


def test_too_little_data_and_uneven_columns_are_errors() -> None:
    with pytest.raises(ValueError, match="1 ticks are too few"):
        split([1], 0.7)
    with pytest.raises(ValueError, match="too few for 5 windows"):
        WalkForward(5).windows(5)
    with pytest.raises(ValueError, match=r"lengths \[1, 2\]"):
        ticks_of({"a": [1], "b": [1, 2]})
    with pytest.raises(ValueError, match="data is a int"):
        ticks_of(3)
    with pytest.raises(ValueError, match="expected a number below 1"):
        WalkForward(fraction_train=1.0)
    with pytest.raises(ValueError, match="n_windows is 0"):
        WalkForward(0)
