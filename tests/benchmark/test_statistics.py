"""The statistics of timings, and the rule for when two programs differ, under noise of every kind."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evaluation.benchmark.statistics import (
    FloatArray,
    bootstrap_interval,
    difference,
    median,
    median_deviation,
    typical_log_ratio,
)

ratios = st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=20)
times = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=12)


@settings(deadline=None)
@given(ratios)
def test_swapping_two_programs_inverts_the_ratio_and_keeps_the_verdict(values: list[float]) -> None:
    one, other = difference(values), difference([-value for value in values])
    assert one.ratio == pytest.approx(1 / other.ratio)
    assert one.interval == pytest.approx((1 / other.interval[1], 1 / other.interval[0]))
    assert one.differs == other.differs


@settings(deadline=None)
@given(ratios, st.floats(-1.0, 1.0))
def test_a_program_slower_by_a_factor_has_a_ratio_larger_by_it(values: list[float], shift: float) -> None:
    before, after = difference(values), difference([value + shift for value in values])
    assert after.ratio == pytest.approx(before.ratio * math.exp(shift))


@settings(deadline=None)
@given(st.lists(st.floats(0.03, 0.05), min_size=11, max_size=11), st.floats(-20.0, 20.0))
def test_one_wild_pair_of_processes_in_twelve_does_not_change_the_verdict(values: list[float], wild: float) -> None:
    found = difference([*values, wild])
    assert found.differs
    assert 1.03 < found.ratio < 1.06


@settings(deadline=None)
@given(ratios)
def test_two_programs_differ_only_where_the_interval_is_beyond_the_margin(values: list[float]) -> None:
    found = difference(values, margin=0.02)
    low, high = found.interval
    assert low <= found.ratio <= high
    assert found.differs == (low > 1.02 or high < 1 / 1.02)


@pytest.mark.parametrize(("bias", "differs"), [(0.008, False), (-0.008, False), (0.012, True), (-0.012, True)])
def test_what_every_pair_has_in_common_counts_only_beyond_the_margin(bias: float, differs: bool) -> None:
    noise = np.linspace(-0.001, 0.001, 12)
    assert difference(list(bias + noise)).differs == differs


def test_few_pairs_of_processes_prove_nothing() -> None:
    found = difference([0.5] * 5)
    assert found.ratio == pytest.approx(math.exp(0.5))
    assert found.interval == (0.0, math.inf)
    assert not found.differs


@pytest.mark.parametrize("values", [[], [0.1, math.nan], [math.inf] * 8])
def test_what_is_no_number_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        difference(values)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3)), min_size=1, max_size=12))
def test_the_typical_log_ratio_is_no_more_than_half_of_the_rounds_away(pairs: list[tuple[float, float]]) -> None:
    ones, others = np.array(pairs).T
    found = typical_log_ratio(ones, others)
    logs = [math.log(one / other) for one, other in pairs]
    assert sum(log <= found + 1e-9 for log in logs) >= len(logs) / 2
    assert sum(log >= found - 1e-9 for log in logs) >= len(logs) / 2
    assert typical_log_ratio(others, ones) == pytest.approx(-found, abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_median_and_deviation_are_those_of_the_definition(values: list[float]) -> None:
    middle = float(np.median(values))
    assert median(np.array(values)) == middle
    assert median_deviation(np.array(values)) == pytest.approx(
        float(np.median([abs(value - middle) for value in values])), abs=1e-9
    )


@settings(deadline=None)
@given(st.lists(times, min_size=1, max_size=6), st.integers(0, 2**32), st.floats(0.5, 100.0))
def test_the_bootstrap_interval_scales_with_the_unit_and_lies_among_the_samples(
    processes: list[list[float]], seed: int, unit: float
) -> None:
    samples = [np.array(values) for values in processes]
    low, high = bootstrap_interval(samples, np.random.default_rng(seed), resamples=50)
    scaled = bootstrap_interval([unit * values for values in samples], np.random.default_rng(seed), resamples=50)
    assert min(map(min, processes)) <= low <= high <= max(map(max, processes))
    assert scaled == pytest.approx((unit * low, unit * high))


def test_more_rounds_do_not_narrow_an_interval_whose_width_is_between_processes() -> None:
    def width(rounds: int) -> float:
        rng = np.random.default_rng(1)
        processes = [1.0 + 0.02 * place + 0.001 * rng.standard_normal(rounds) for place in range(8)]
        low, high = bootstrap_interval(processes, np.random.default_rng(2))
        return high - low

    assert width(1000) == pytest.approx(width(20), rel=0.2)
    assert width(1000) > 0.03


def test_the_bootstrap_interval_holds_the_median_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        centres = rng.normal(10.0, 0.2, size=12)
        processes = [rng.normal(centre, 0.3, size=20) for centre in centres]
        low, high = bootstrap_interval(processes, rng, level=0.05, resamples=300)
        held += low <= 10.0 <= high
    assert held >= 180


# Noise of one process: factors on the true time of each of 40 rounds, and what a real machine adds to them.


def heavy_tails(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    return tuple(1.0 + 0.03 * np.abs(rng.standard_t(1.5, size=40)) for _ in range(2))  # type: ignore[return-value]


def drift(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    shared = np.exp(np.cumsum(0.02 * rng.standard_normal(80)))
    order = np.argsort(rng.random((40, 2)), axis=1)
    turns = shared.reshape(40, 2)
    return turns[np.arange(40), order[:, 0]], turns[np.arange(40), order[:, 1]]


def bursts(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    noise = [1.0 + 0.02 * rng.random(40) for _ in range(2)]
    if rng.random() < 0.15:
        start, length = rng.integers(40), rng.integers(5, 30)
        noise[rng.integers(2)][start : start + length] *= 1.5
    return noise[0], noise[1]


def layout(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    return tuple(np.exp(0.015 * rng.standard_normal() + 0.02 * rng.standard_normal(40)) for _ in range(2))  # type: ignore[return-value]


def pairs(noise: Callable[..., tuple[FloatArray, FloatArray]], slower: float, rng: np.random.Generator) -> list[float]:
    """What twelve pairs of processes give for programs of which the second is slower by a factor."""
    found = []
    for _ in range(12):
        one, other = noise(rng)
        found.append(typical_log_ratio(slower * other, one))
    return found


@pytest.mark.parametrize("noise", [heavy_tails, drift, bursts, layout])
def test_five_percent_are_found_and_equals_are_not_told_apart(
    noise: Callable[..., tuple[FloatArray, FloatArray]],
) -> None:
    rng = np.random.default_rng(11)
    tries = 100
    ranked = [difference(pairs(noise, 1.05, rng)) for _ in range(tries)]
    equal = [difference(pairs(noise, 1.0, rng)) for _ in range(tries)]
    assert sum(found.differs and found.ratio > 1 for found in ranked) >= 0.95 * tries
    assert not any(found.differs and found.ratio < 1 for found in ranked)
    assert sum(found.differs for found in equal) <= 0.02 * tries
