"""What our own ``${name:...}`` stand for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.config.resolvers import spare


@given(st.integers(1, 10_000))
def test_a_pool_with_spare_places_is_larger_by_one_at_least_and_an_eighth_at_most(places: int) -> None:
    assert places + 1 <= spare(places) <= max(places + 1, places * 9 / 8)


@pytest.mark.parametrize("value", [0, -3, None, "many", 1.5, True])
def test_what_is_no_number_of_places_is_left_for_others_to_complain_of(value: Any) -> None:
    assert spare(value) is value
