"""Children of elites: whose they are, how they spread, and what is refused."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

ALPHA = 1e-4  # of each test of a distribution: seeds are fixed, so this is how unlucky they may be


def stream_of(module: ModuleType, seed: int = 1):
    """The stream that belongs to an implementation."""
    if module.__name__.endswith("emission_numpy"):
        from gigaevo.kernels.twins.random_numpy import RandomStream
    else:
        from gigaevo.kernels.compiled._random import RandomStream
    return RandomStream(np.random.SeedSequence(seed))


def free(d: int) -> tuple[np.ndarray, np.ndarray]:
    """No bounds."""
    return np.full(d, -math.inf), np.full(d, math.inf)


def test_children_spread_normally_around_their_parent(emission: ModuleType):
    pool, sigma = np.array([[5.0, -2.0, 0.0]]), np.array([0.5, 2.0, 0.0])
    children = emission.iso_line(pool, 4000, sigma, 0.0, *free(3), stream_of(emission))
    assert children.shape == (4000, 3) and children.dtype == np.float64
    for gene in (0, 1):
        standard = (children[:, gene] - pool[0, gene]) / sigma[gene]
        assert stats.kstest(standard, "norm").pvalue > ALPHA
    assert (children[:, 2] == 0.0).all()
    assert abs(np.corrcoef(children[:, 0], children[:, 1])[0, 1]) < 0.08


def test_without_noise_children_lie_on_the_line_through_both_parents(emission: ModuleType):
    pool = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 3.0]])
    children = emission.iso_line(pool, 4000, np.zeros(3), 0.3, *free(3), stream_of(emission), rows=np.zeros(4000, int))
    along = children[:, 1]
    np.testing.assert_allclose(children, pool[0] + along[:, None] * (pool[1] - pool[0]), atol=1e-12)
    moved = along[along != 0.0]  # the second parent is the first itself in half of the cases
    assert stats.binomtest(len(moved), 4000, 0.5).pvalue > ALPHA
    assert stats.kstest(moved / 0.3, "norm").pvalue > ALPHA


def test_every_elite_is_as_often_a_parent(emission: ModuleType):
    pool = np.arange(7.0).reshape(7, 1)
    children = emission.iso_line(pool, 7000, np.zeros(1), 0.0, *free(1), stream_of(emission))
    assert stats.chisquare(np.bincount(children[:, 0].astype(int), minlength=7)).pvalue > ALPHA


def test_parents_that_are_named_are_the_parents(emission: ModuleType):
    pool = np.arange(20.0).reshape(10, 2)
    rows = np.array([3, 3, 0, 9])
    children = emission.iso_line(pool, 4, np.zeros(2), 0.0, *free(2), stream_of(emission), rows=rows)
    np.testing.assert_array_equal(children, pool[rows])


def test_what_is_beyond_a_bound_is_put_onto_it(emission: ModuleType):
    lower, upper = np.array([0.0, 0.5]), np.array([1.0, 0.5])
    children = emission.iso_line([[0.5, 0.5]], 1000, [3.0, 3.0], 0.0, lower, upper, stream_of(emission))
    assert children[:, 0].min() == 0.0 and children[:, 0].max() == 1.0
    assert (children[:, 1] == 0.5).all()


def test_the_same_seed_gives_the_same_children(emission: ModuleType):
    pool = np.random.default_rng(1).random((30, 4))
    arguments = (pool, 100, np.full(4, 0.1), 0.2, *free(4))
    first, again, other = (emission.iso_line(*arguments, stream_of(emission, seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    drawn = stream_of(emission, 5)
    emission.iso_line(*arguments, drawn)
    assert (emission.iso_line(*arguments, drawn) != first).any()


def test_no_children_are_asked_for(emission: ModuleType):
    assert emission.iso_line([[1.0]], 0, [0.1], 0.2, *free(1), stream_of(emission)).shape == (0, 1)


POOL = np.zeros((3, 2))
GOOD = {"pool": POOL, "count": 2, "sigma": [0.1, 0.1], "line_sigma": 0.2, "lower": [0, 0], "upper": [1, 1]}

REFUSED = [
    ({"pool": np.zeros((0, 2))}, "pool is empty, there is no parent"),
    ({"pool": np.zeros(2)}, r"pool has shape \(2,\), expected 2 dimensions"),
    ({"count": -1}, "n is -1, expected 0 or more"),
    ({"sigma": [0.1]}, r"sigma has shape \(1,\), expected \(2,\)"),
    ({"sigma": [0.1, -0.5]}, r"sigma\[1\] is -0.5, expected 0 or more"),
    ({"sigma": [math.nan, 0.1]}, r"sigma\[0\] is nan"),
    ({"line_sigma": -1.0}, "line_sigma is -1.0, expected 0 or more"),
    ({"line_sigma": math.inf}, "line_sigma is inf, expected 0 or more"),
    ({"upper": [1, -1]}, r"lower\[1\] is 0.0, expected at most upper\[1\], -1.0"),
    ({"lower": [0, math.nan]}, r"lower\[1\] is nan, expected at most"),
    ({"rows": [0, 3]}, r"rows\[1\] is 3, expected 0 to 2"),
    ({"rows": [0]}, r"rows has shape \(1,\), expected \(2,\)"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_what_does_not_fit_is_refused_by_name(emission: ModuleType, change, message):
    with pytest.raises(ValueError, match=message):
        emission.iso_line(**{**GOOD, **change}, stream=stream_of(emission))


def test_other_types_are_converted(emission: ModuleType):
    given = {**GOOD, "pool": [[1, 2]], "sigma": np.zeros(2, np.float32), "lower": [0, 0], "upper": [9, 9]}
    assert emission.iso_line(**given, stream=stream_of(emission), rows=[0, 0]).tolist() == [[1.0, 2.0]] * 2
