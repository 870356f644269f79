"""Waits between attempts."""

from __future__ import annotations

from email.utils import formatdate
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.llm.retries import Retries, retry_after_s


@given(st.integers(1, 100), st.integers())
def test_a_wait_is_a_share_of_an_exponential_that_is_capped(failed: int, seed: int) -> None:
    retries = Retries(first_s=1.0, longest_s=30.0)
    assert 0.0 <= retries.wait_s(failed, None, Random(seed)) <= min(2.0 ** (failed - 1), 30.0)


def test_waits_are_spread_over_their_whole_range() -> None:
    waits = [Retries(first_s=8.0).wait_s(1, None, Random(n)) for n in range(200)]
    assert min(waits) < 0.5 and max(waits) > 7.5


@given(st.floats(0, 1000), st.integers())
def test_what_the_endpoint_asks_for_is_honoured_up_to_a_cap(seconds: float, seed: int) -> None:
    wait = Retries(first_s=1.0, longest_s=60.0).wait_s(1, seconds, Random(seed))
    assert min(seconds, 60.0) <= wait <= min(1.1 * seconds, 60.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        (formatdate(1_700_000_090, usegmt=True), 90.0),
        (formatdate(1_600_000_000, usegmt=True), 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        (None, None),
    ],
)
def test_a_header_is_read_as_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, now=lambda: 1_700_000_000.0) == seconds


@given(st.text())
def test_no_header_breaks_anything(header: str) -> None:
    assert (retry_after_s(header) or 0.0) >= 0.0


@pytest.mark.parametrize("settings", [{"attempts": 0}, {"first_s": -1}, {"first_s": 9, "longest_s": 1}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"retries\."):
        Retries(**settings)
