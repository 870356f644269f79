"""The kernels of CMA-ES: what they do is what the tutorial says, for both implementations."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from gigaevo.kernels.advances import Advance, Task
from gigaevo.kernels.checks.cma_checks import CmaState
from gigaevo.kernels.checks.functions_checks import REAL
from gigaevo.optimize.algorithms.cma_distribution import recombination
from tests.kernels.conftest import compiled, stream_for

TRIES = settings(max_examples=30, deadline=None)


@pytest.fixture(params=["_cma", "cma_numpy"], scope="module")
def cma(request: pytest.FixtureRequest) -> ModuleType:
    return compiled(request.param)


def state_of(n: int, rng: np.random.Generator) -> CmaState:
    """A distribution in the middle of a run."""
    root = rng.normal(size=(n, 2 * n))
    covariance = np.tril(root @ root.T / (2 * n))
    factor = np.linalg.cholesky(covariance + np.tril(covariance, -1).T)
    paths = rng.normal(size=(2, n))
    return CmaState(
        rng.normal(size=n), np.array([0.3]), rng.uniform(0.1, 9.0, n), covariance, factor, paths[0].copy(), paths[1]
    )


def copied(state: CmaState) -> CmaState:
    return CmaState(*(array.copy() for array in state))


def samples_of(state: CmaState, count: int, rng: np.random.Generator) -> np.ndarray:
    normal = rng.normal(size=(count, len(state.mean)))
    return state.mean + state.step[0] * state.scale * (normal @ state.factor.T)


def by_the_tutorial(state, genomes, merits, weights, rates, generation):
    """Equations 41 to 47, one after the other, in the coordinates of the Cholesky factor; all of C is kept."""
    c_m, c_sigma, d_sigma, c_c, c_1, c_mu, mu_eff, chi = rates
    mean, sigma, n = state.mean, state.step[0], len(state.mean)
    whole = state.covariance + np.tril(state.covariance, -1).T
    inverse = np.linalg.inv(state.factor)
    ranked = sorted(range(len(merits)), key=lambda k: (-merits[k], k))
    y = [(genomes[k] - mean) / (sigma * state.scale) for k in ranked]
    y_w = sum(w * y_k for w, y_k in zip(weights, y, strict=True) if w > 0)
    new_mean = mean + c_m * sigma * state.scale * y_w
    p_sigma = (1 - c_sigma) * state.step_path + math.sqrt(c_sigma * (2 - c_sigma) * mu_eff) * (inverse @ y_w)
    length = np.linalg.norm(p_sigma)
    new_sigma = sigma * math.exp(min(1.0, c_sigma / d_sigma * (length / chi - 1)))
    h = length / math.sqrt(1 - (1 - c_sigma) ** (2 * (generation + 1))) < (1.4 + 2 / (n + 1)) * chi
    p_c = (1 - c_c) * state.shape_path + h * math.sqrt(c_c * (2 - c_c) * mu_eff) * y_w
    new_c = (1 + c_1 * (1 - h) * c_c * (2 - c_c) - c_1 - c_mu * sum(weights)) * whole + c_1 * np.outer(p_c, p_c)
    for w, y_k in zip(weights, y, strict=True):
        share = w if w >= 0 else w * n / np.sum((inverse @ y_k) ** 2)
        new_c = new_c + c_mu * share * np.outer(y_k, y_k)
    return new_mean, new_sigma, np.tril(new_c), p_sigma, p_c


@pytest.mark.parametrize("active", [True, False])
@TRIES
@given(n=st.integers(1, 12), size=st.integers(2, 30), generation=st.integers(0, 50), seed=st.integers(0, 2**32))
def test_an_update_is_what_the_tutorial_says(cma, active, n, size, generation, seed):
    rng = np.random.default_rng(seed)
    state = state_of(n, rng)
    genomes = samples_of(state, size, rng)
    merits = np.round(rng.normal(size=size), 1)  # some are equal
    merits[rng.random(size) < 0.1] = -np.inf
    weights, rates = recombination(n, size, active=active)
    mean, sigma, covariance, step_path, shape_path = by_the_tutorial(state, genomes, merits, weights, rates, generation)
    condition = cma.cma_update(state, genomes, merits, weights, rates, generation)
    np.testing.assert_allclose(state.mean, mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(state.step[0], sigma, rtol=1e-9)
    np.testing.assert_allclose(state.covariance, covariance, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(state.step_path, step_path, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(state.shape_path, shape_path, rtol=1e-9, atol=1e-9)
    whole = covariance + np.tril(covariance, -1).T
    assert np.linalg.eigvalsh(whole).min() > 0.0
    np.testing.assert_allclose(state.factor @ state.factor.T, whole, rtol=1e-7, atol=1e-7)
    assert 1.0 - 1e-9 <= condition <= np.linalg.cond(whole) * (1.0 + 1e-6)


@TRIES
@given(n=st.integers(1, 40), size=st.integers(2, 40), seed=st.integers(0, 2**32), foreign=st.booleans())
def test_both_implementations_agree(n, size, seed, foreign):
    rng = np.random.default_rng(seed)
    first = state_of(n, rng)
    second = copied(first)
    genomes = samples_of(first, size, rng) + foreign * rng.normal(size=(size, 1)) * 20.0
    merits, (weights, rates) = rng.normal(size=size), recombination(n, size)
    flags = rng.random(size) < 0.5 if foreign else None
    for module, state in ((compiled("_cma"), first), (compiled("cma_numpy"), second)):
        module.cma_update(state, genomes, merits, weights, rates, 3, foreign=flags)
    for mine, other in zip(first, second, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-6 * np.abs(other).max())


@TRIES
@given(n=st.integers(1, 9), size=st.integers(3, 20), seed=st.integers(0, 2**32))
def test_a_triangular_map_of_the_space_maps_the_whole_update(cma, n, size, seed):
    """With the samples mapped as well, steps, paths and covariance are images of what they were: it is affine."""
    rng = np.random.default_rng(seed)
    state = state_of(n, rng)
    genomes, merits = samples_of(state, size, rng), rng.normal(size=size)
    weights, rates = recombination(n, size)
    chart = np.tril(rng.normal(size=(n, n)), -1) + np.diag(rng.uniform(0.5, 2.0, n))
    shift = rng.normal(size=n)
    whole = state.covariance + np.tril(state.covariance, -1).T
    inner = chart * state.scale / state.scale[:, None]  # the map in the units of the distribution
    mapped = CmaState(
        chart @ state.mean + shift,
        state.step.copy(),
        state.scale.copy(),
        np.tril(inner @ whole @ inner.T),
        np.tril(inner @ state.factor),
        state.step_path.copy(),
        inner @ state.shape_path,
    )
    cma.cma_update(state, genomes, merits, weights, rates, 2)
    cma.cma_update(mapped, genomes @ chart.T + shift, merits, weights, rates, 2)
    np.testing.assert_allclose(mapped.mean, chart @ state.mean + shift, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(mapped.step, state.step, rtol=1e-6)
    np.testing.assert_allclose(mapped.step_path, state.step_path, rtol=1e-5, atol=1e-5)
    whole = state.covariance + np.tril(state.covariance, -1).T
    expected = np.tril(inner @ whole @ inner.T)
    np.testing.assert_allclose(mapped.covariance, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@TRIES
@given(n=st.integers(1, 9), size=st.integers(2, 20), seed=st.integers(0, 2**32))
def test_nothing_but_the_order_of_merits_counts(cma, n, size, seed):
    rng = np.random.default_rng(seed)
    first = state_of(n, rng)
    second = copied(first)
    genomes, merits = samples_of(first, size, rng), np.round(rng.normal(size=size), 1)
    weights, rates = recombination(n, size)
    cma.cma_update(first, genomes, merits, weights, rates, 0)
    cma.cma_update(second, genomes, 5.0 * merits**3 - 1e3, weights, rates, 0)
    for mine, other in zip(first, second, strict=True):
        assert mine.tobytes() == other.tobytes()


@settings(max_examples=15, deadline=None)
@given(n=st.integers(1, 12), seed=st.integers(0, 2**32), sides=st.booleans())
def test_the_covariance_stays_positive_definite_whatever_the_merits(cma, n, seed, sides):
    rng = np.random.default_rng(seed)
    state, size = state_of(n, rng), 4 + int(3 * math.log(n))
    weights, rates = recombination(n, size)
    for generation in range(60):
        genomes = samples_of(state, size, rng)
        merits = genomes[:, 0] if sides else rng.normal(size=size)
        assert cma.cma_update(state, genomes, merits, weights, rates, generation) < 1e12
    whole = state.covariance + np.tril(state.covariance, -1).T
    assert np.linalg.eigvalsh(whole).min() > 0.0


def test_foreign_samples_are_brought_near_and_others_are_not(cma):
    rng = np.random.default_rng(4)
    n, size = 6, 10
    weights, rates = recombination(n, size)
    first = state_of(n, rng)
    limit = math.sqrt(n) + 2.0 * n / (n + 2.0)
    far = samples_of(first, size, rng)
    far[0] = first.mean + 50.0 * (far[0] - first.mean)
    near = far.copy()
    lengths = np.linalg.norm(np.linalg.solve(first.factor, ((far - first.mean) / (0.3 * first.scale)).T), axis=0)
    near[0] = first.mean + (far[0] - first.mean) * limit / lengths[0]
    second, third, merits = copied(first), copied(first), -np.arange(float(size))
    flags = np.arange(size) == 0
    cma.cma_update(first, far, merits, weights, rates, 0, foreign=flags)
    cma.cma_update(second, near, merits, weights, rates, 0)
    cma.cma_update(third, far, merits, weights, rates, 0, foreign=~flags & (lengths < limit))
    np.testing.assert_allclose(first.mean, second.mean, rtol=1e-10)
    np.testing.assert_allclose(first.covariance, second.covariance, rtol=1e-8, atol=1e-8)
    assert np.linalg.norm(third.mean - second.mean) > 10.0


def test_the_step_is_shortened_where_a_variable_deviates_too_much(cma):
    rng = np.random.default_rng(6)
    first = state_of(4, rng)
    genomes, merits, (weights, rates) = samples_of(first, 8, rng), rng.normal(size=8), recombination(4, 8)
    second = copied(first)
    cma.cma_update(first, genomes, merits, weights, rates, 0)
    widest = float(first.step[0] * np.sqrt(np.diag(first.covariance).max()))
    cma.cma_update(second, genomes, merits, weights, rates, 0, largest=0.5 * widest)
    np.testing.assert_allclose(second.step, 0.5 * first.step, rtol=1e-12)
    np.testing.assert_array_equal(second.covariance, first.covariance)
    with pytest.raises(ValueError, match=r"largest is 0.0, expected a number above 0"):
        cma.cma_update(first, genomes, merits, weights, rates, 0, largest=0.0)


def test_samples_are_normal_with_the_mean_and_the_covariance(cma):
    rng = np.random.default_rng(1)
    state = state_of(3, rng)
    drawn = cma.cma_sample(stream_for(cma), state, 20_000)
    whitened = np.linalg.solve(state.factor, ((drawn - state.mean) / (0.3 * state.scale)).T)
    np.testing.assert_allclose(np.cov(whitened), np.eye(3), atol=0.04)
    for line in whitened:
        assert kstest(line, "norm").pvalue > 1e-4


def test_samples_do_not_depend_on_how_many_are_asked_for_at_once(cma):
    state = state_of(5, np.random.default_rng(2))
    whole = cma.cma_sample(stream_for(cma, 7), state, 21)
    stream = stream_for(cma, 7)
    parts = np.concatenate([cma.cma_sample(stream, state, count) for count in (1, 0, 9, 11)])
    np.testing.assert_allclose(parts, whole, rtol=1e-13)


def test_samples_go_where_they_are_wanted(cma):
    state = state_of(5, np.random.default_rng(2))
    out = np.empty((4, 5))
    assert cma.cma_sample(stream_for(cma, 7), state, 4, out) is out
    np.testing.assert_array_equal(out, cma.cma_sample(stream_for(cma, 7), state, 4))


def evaluate(cma: ModuleType, codes: np.ndarray) -> np.ndarray:
    """The sphere by the functions that belong to ``cma``."""
    name = "_functions" if cma.__name__.endswith("._cma") else "functions_numpy"
    return compiled(name).evaluate(REAL.index("sphere"), codes)


SPHERE = Task(REAL.index("sphere"), -1.0, 25, math.inf, -math.inf, np.zeros(5))


def advance_arguments(n: int, size: int) -> dict:
    """The sphere, minimised, in a box of which the distribution reaches the walls."""
    weights, rates = recombination(n, size)
    bounds = {"lower": np.full(n, -3.0), "upper": np.full(n, 2.0), "rim": np.full(n, 0.2)}
    arrays = {"codes": np.zeros((size, n)), "merits": np.zeros(size)}
    sizes = {"generation": 4, "patience": 3, "kept": 2}
    return {
        "task": SPHERE._replace(best_code=np.zeros(n)),
        "weights": weights,
        "rates": rates,
        "extremes": np.zeros((7, 2)),
        **bounds,
        **arrays,
        **sizes,
    }


@pytest.mark.parametrize("target", [math.inf, -2.0])
def test_generations_at_once_are_generations_one_by_one(cma, target):
    given_ = advance_arguments(5, 9)
    given_["task"] = given_["task"]._replace(target=target)
    once, stream = state_of(5, np.random.default_rng(8)), stream_for(cma, 3)
    single, other = copied(once), stream_for(cma, 3)
    made, condition = cma.cma_advance(stream, once, **given_)
    bests = []
    while len(bests) < 25 and max(bests, default=-math.inf) < target:
        samples = cma.cma_sample(other, single, 9)
        codes = cma.cma_fold(samples, given_["lower"], given_["upper"], given_["rim"])
        merits = -evaluate(cma, codes)
        due = (4 + len(bests)) % 3 == 0
        ending = cma.cma_update(
            single, samples, merits, given_["weights"], given_["rates"], 4 + len(bests), decompose=due
        )
        if merits.max() > max(bests, default=-math.inf):
            record = codes[merits.argmax()]
        bests.append(float(merits.max()))
        extremes = merits.max(), merits.min()
    assert condition == ending
    assert made == Advance(len(bests), 0, max(bests), bests.index(max(bests)) + 1)
    np.testing.assert_array_equal(given_["task"].best_code, record)
    np.testing.assert_array_equal(given_["codes"], codes)
    np.testing.assert_array_equal(given_["merits"], merits)
    assert tuple(given_["extremes"][(2 + len(bests) - 1) % 7]) == extremes
    for mine, another in zip(once, single, strict=True):
        np.testing.assert_array_equal(mine, another)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": SPHERE._replace(function=-1)}, "function is -1, expected 0 to"),
        ({"task": SPHERE._replace(function=99)}, "function is 99, expected 0 to"),
        ({"codes": np.zeros((9, 4))}, r"codes has shape \(9, 4\), expected \(9, 5\)"),
        ({"merits": np.zeros(8)}, r"merits has shape \(8,\), expected \(9,\)"),
        ({"task": SPHERE._replace(best_code=np.zeros(5, np.float32))}, "best_code is float32 .*, expected a writable"),
        ({"extremes": np.zeros((0, 2))}, "extremes has 0 rows and patience is 3, expected 1 or more of both"),
        ({"patience": 0}, "extremes has 7 rows and patience is 0, expected 1 or more of both"),
        ({"upper": np.full(5, -9.0)}, r"lower\[0\] is -3.0, expected at most upper\[0\], which is -9.0"),
    ],
)
def test_what_generations_cannot_use_is_named(cma, change, message):
    state = state_of(5, np.random.default_rng(8))
    with pytest.raises(ValueError, match=message):
        cma.cma_advance(stream_for(cma), state, **(advance_arguments(5, 9) | change))


def test_a_covariance_that_is_not_positive_definite_is_told_and_the_factor_kept(cma):
    state = state_of(3, np.random.default_rng(3))
    factor = state.factor.copy()
    state.covariance[1, 1] = -1.0
    assert cma.cma_factor(state) == math.inf
    np.testing.assert_array_equal(state.factor, factor)
    state.covariance[:] = np.diag([4.0, 1.0, 0.25])
    assert cma.cma_factor(state) == 16.0
    np.testing.assert_array_equal(state.factor, np.diag([2.0, 1.0, 0.5]))


bound = st.one_of(st.just(math.inf), st.floats(0.0, 50.0))


@settings(max_examples=200, deadline=None)
@given(
    x=st.floats(-1e6, 1e6), low=bound.map(lambda b: -b), high=bound, share=st.floats(0.0, 0.5), span=st.floats(0.1, 9.0)
)
def test_a_fold_keeps_bounds_leaves_the_inside_alone_and_is_the_same_in_both(x, low, high, share, span):
    rim = share * min(span, high - low)
    folded = [compiled(name).cma_fold([[x]], [low], [high], [rim]).item() for name in ("_cma", "cma_numpy")]
    assert folded[0] == folded[1]
    assert low <= folded[0] <= high
    if low + rim <= x <= high - rim:
        assert folded[0] == x


def test_a_fold_is_smooth_and_a_mirror_at_the_bounds(cma):
    x = np.linspace(-8.0, 8.0, 40_001)[:, None]
    folded = cma.cma_fold(x, [-2.0], [1.0], [0.25])[:, 0]
    slopes = np.diff(folded) / np.diff(x[:, 0])
    assert np.abs(slopes).max() <= 1.0 + 1e-9
    assert np.abs(np.diff(slopes)).max() < 1e-2  # no kink
    assert folded.min() == pytest.approx(-2.0, abs=1e-6)
    assert folded.max() == pytest.approx(1.0, abs=1e-6)
    mirror = np.array([[-2.25], [1.25]])
    away = np.array([[0.4], [0.4]])
    np.testing.assert_allclose(
        cma.cma_fold(mirror - away, [-2.0], [1.0], [0.25]), cma.cma_fold(mirror + away, [-2.0], [1.0], [0.25])
    )


def test_a_range_of_one_value_folds_to_it(cma):
    assert cma.cma_fold([[-3.0], [2.0], [7.0]], [2.0], [2.0], [0.0]).tolist() == [[2.0]] * 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"genomes": np.zeros((4, 2))}, r"genomes has shape \(4, 2\), expected \(4, 3\)"),
        ({"merits": np.zeros(3)}, r"merits has shape \(3,\), expected \(4,\)"),
        ({"merits": [0.0, math.nan, 1.0, 2.0]}, r"merits\[1\] is nan, expected a number or -inf"),
        ({"weights": np.array([0.2, 0.3, 0.1, 0.0])}, "weights must begin above 0 and never rise"),
        ({"genomes": np.zeros((0, 3)), "merits": [], "weights": []}, "weights must begin above 0 and never rise"),
        ({"rates": np.ones(7)}, r"rates has shape \(7,\), expected \(8,\)"),
        ({"genomes": [["a"] * 3] * 4}, "genomes must be real numbers"),
        ({"foreign": [1, 0, 0, 0]}, "foreign must be booleans, not int64"),
        ({"foreign": [True]}, r"foreign has shape \(1,\), expected \(4,\)"),
    ],
)
def test_what_an_update_cannot_use_is_named_and_changes_nothing(cma, change, message):
    state = state_of(3, np.random.default_rng(0))
    before = copied(state)
    weights, rates = recombination(3, 4)
    given_ = {"genomes": np.zeros((4, 3)), "merits": np.zeros(4), "weights": weights, "rates": rates} | change
    with pytest.raises(ValueError, match=message):
        cma.cma_update(state, generation=0, **given_)
    for mine, other in zip(state, before, strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize(
    ("field", "array", "message"),
    [
        ("mean", np.zeros((2, 1)), r"mean has shape \(2, 1\), expected \(2,\)"),
        ("step", np.zeros(2), r"step has shape \(2,\), expected \(1,\)"),
        ("factor", np.zeros((3, 3)).T[::2], "factor must be a writable C-contiguous array of float64"),
        ("covariance", np.zeros((3, 3), np.float32), "covariance must be a writable C-contiguous array of float64"),
        ("shape_path", np.zeros(4), r"shape_path has shape \(4,\), expected \(3,\)"),
    ],
)
def test_a_state_of_the_wrong_arrays_is_refused(cma, field, array, message):
    state = state_of(3, np.random.default_rng(0))._replace(**{field: array})
    with pytest.raises(ValueError, match=message):
        cma.cma_sample(stream_for(cma), state, 1)
    with pytest.raises(ValueError, match=message):
        cma.cma_factor(state)


def test_other_mistakes_are_named(cma):
    state = state_of(3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="n is -1, expected 0 or more"):
        cma.cma_sample(stream_for(cma), state, -1)
    with pytest.raises(ValueError, match=r"out is float64 of shape \(2, 3\), expected float64 of shape \(4, 3\)"):
        cma.cma_sample(stream_for(cma), state, 4, np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"lower\[1\] is 2.0, expected at most upper\[1\], which is 1.0"):
        cma.cma_fold(np.zeros((1, 2)), [0.0, 2.0], [1.0, 1.0], [0.0, 0.0])
    with pytest.raises(ValueError, match=r"rim\[0\] is 0.6, expected 0 to half of the range"):
        cma.cma_fold(np.zeros((1, 1)), [0.0], [1.0], [0.6])
