"""Random streams: what their numbers are distributed like, that they repeat, and what is refused."""

from __future__ import annotations

import math
import pickle
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.kernels.conftest import compiled

# Tests of distributions have fixed seeds: they cannot fail by chance, and a wrong distribution is far below.
UNLIKELY = 1e-4

# Of the compiled stream that is seeded with 0.
UNIFORMS = ["0x1.7c2ce081f3f05p-1", "0x1.d38ec6c469810p-1"]
NORMALS = ["-0x1.a6bd3e31ab65ep-2", "0x1.a36dc0853da17p-3", "-0x1.5fb2d669759fep-2"]
SUM_OF_NORMALS = "-0x1.d51959c857ccap+8"
INTEGERS = [546, 917, 816, 258, 881]


@pytest.fixture(params=["_random", "random_numpy"], scope="session")
def random(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``RandomStream``."""
    return compiled(request.param)


def stream_of(module: ModuleType, seed: int) -> Any:
    return module.RandomStream(np.random.SeedSequence(seed))


def test_normals_are_standard_normal(random: ModuleType):
    drawn = stream_of(random, 1).normals(400_000)
    assert stats.kstest(drawn, "norm").pvalue > UNLIKELY
    bins = np.searchsorted(stats.norm.ppf(np.arange(1, 1000) / 1000), drawn)
    assert stats.chisquare(np.bincount(bins, minlength=1000)).pvalue > UNLIKELY
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.01


def test_normals_have_their_tails(random: ModuleType):
    """Beyond 3.65 the ziggurat draws from another branch, once in 3,900 times."""
    drawn = np.abs(stream_of(random, 2).normals(1_000_000))
    tail = drawn[drawn > 3.6541528853610088]
    expected = 2 * stats.norm.sf(3.6541528853610088) * len(drawn)
    assert stats.poisson.cdf(len(tail), expected) > UNLIKELY
    assert stats.poisson.sf(len(tail), expected) > UNLIKELY
    beyond = stats.norm.sf(tail) / stats.norm.sf(3.6541528853610088)
    assert stats.kstest(beyond, "uniform").pvalue > UNLIKELY


def test_uniforms_fill_the_unit_interval(random: ModuleType):
    drawn = stream_of(random, 3).uniforms(200_000)
    assert drawn.min() >= 0.0 and drawn.max() < 1.0
    assert stats.kstest(drawn, "uniform").pvalue > UNLIKELY
    assert (drawn * 2.0**53 == np.floor(drawn * 2.0**53)).all()


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 1000])
def test_integers_below_a_limit_are_equally_likely(random: ModuleType, limit: int):
    drawn = stream_of(random, 4).integers(100_000, limit)
    assert drawn.dtype == np.int64 and drawn.min() >= 0 and drawn.max() < limit
    assert limit == 1 or stats.chisquare(np.bincount(drawn, minlength=limit)).pvalue > UNLIKELY


def test_permutations_are_equally_likely(random: ModuleType):
    stream = stream_of(random, 5)
    orders, counts = np.unique([stream.permutation(4) for _ in range(12_000)], axis=0, return_counts=True)
    assert len(orders) == 24 and stats.chisquare(counts).pvalue > UNLIKELY


def test_the_same_seed_gives_the_same_numbers_and_another_others(random: ModuleType):
    first, again, other = (stream_of(random, seed).normals(10).tolist() for seed in (6, 6, 7))
    assert first == again and not set(first) & set(other)


def test_a_stream_goes_on_where_it_was_saved(random: ModuleType):
    stream = stream_of(random, 8)
    stream.uniforms(5)
    state, pickled = stream.state, pickle.dumps(stream)
    expected = (stream.normals(3).tolist(), stream.integers(3, 9).tolist(), stream.permutation(6).tolist())
    stream.state = state
    for copy in (stream, pickle.loads(pickled)):
        assert (copy.normals(3).tolist(), copy.integers(3, 9).tolist(), copy.permutation(6).tolist()) == expected


def test_numbers_of_a_seed_never_change():
    """Bit for bit: a run can be repeated on every machine and with the next version."""
    stream = stream_of(compiled("_random"), 0)
    assert [value.hex() for value in stream.uniforms(2).tolist()] == UNIFORMS
    assert [value.hex() for value in stream.normals(3).tolist()] == NORMALS
    assert math.fsum(stream.normals(100_000).tolist()).hex() == SUM_OF_NORMALS
    assert stream.integers(5, 1000).tolist() == INTEGERS


@pytest.mark.parametrize("call", ["uniforms", "normals", "permutation"])
def test_negative_numbers_of_draws_are_refused(random: ModuleType, call: str):
    with pytest.raises(ValueError, match="n is -1, expected 0 or more"):
        getattr(stream_of(random, 0), call)(-1)
    assert len(getattr(stream_of(random, 0), call)(0)) == 0


@pytest.mark.parametrize("limit", [0, -1, 2**31])
def test_limits_that_cannot_be_drawn_below_are_refused(random: ModuleType, limit: int):
    with pytest.raises(ValueError, match=f"limit is {limit}, expected 1 to"):
        stream_of(random, 0).integers(3, limit)


@pytest.mark.parametrize("words", [[0, 0, 0, 0], [1, 2, 3]])
def test_states_that_are_none_are_refused(random: ModuleType, words: list[int]):
    with pytest.raises(ValueError, match="expected four words"):
        stream_of(random, 0).state = words
