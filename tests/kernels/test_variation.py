"""Variation: distributions against pymoo's, what crossovers conserve, bounds, whole numbers, and what is refused."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymoo.operators.crossover.sbx import cross_sbx
from pymoo.operators.mutation.pm import mut_pm
from scipy import stats

from tests.kernels.conftest import compiled

# Tests of distributions have fixed seeds: they cannot fail by chance, and a wrong distribution is far below.
UNLIKELY = 1e-4
ROWS = 20_000

# Sums of the values below, of the compiled kernels.
SBX_SUMS = {15.0: "0x1.537a31810e32cp+7", 4.5: "0x1.547fcc70f5f50p+7"}
POLYNOMIAL_SUMS = {20.0: "0x1.58cca8ac0e91ep+7", 4.5: "0x1.5de75dd13447ep+7"}

# Parents far apart, near to a bound, almost equal; and equal, which SBX leaves alone.
A, B = np.array([0.2, 0.9, 0.5, 0.0, 0.3]), np.array([0.3, 0.1, 0.50001, 0.25, 0.3])
LOWER, UPPER = np.zeros(5), np.array([1.0, 1.0, 1.0, 2.0, 1.0])


class Kernels(NamedTuple):
    """One implementation of variation, and its random streams."""

    variation: ModuleType
    random: ModuleType

    def stream(self, seed: int = 0) -> Any:
        return self.random.RandomStream(np.random.SeedSequence(seed))

    def cross(self, name: str, a: Any, b: Any, seed: int = 0, **parameters: Any) -> np.ndarray:
        return getattr(self.variation, name)(a, b, self.stream(seed), **parameters)

    def mutate(self, name: str, genomes: Any, seed: int = 0, **parameters: Any) -> np.ndarray:
        return getattr(self.variation, name)(genomes, self.stream(seed), **parameters)


@pytest.fixture(params=["compiled", "twin"], scope="session")
def kernels(request: pytest.FixtureRequest) -> Kernels:
    names = ("_variation", "_random") if request.param == "compiled" else ("variation_numpy", "random_numpy")
    return Kernels(*map(compiled, names))


CROSSOVERS = ["sbx", "uniform", "points", "blend", "arithmetic"]
MUTATIONS = ["polynomial", "gaussian"]
BOUNDED = {"sbx", "blend"}


def repeated(row: np.ndarray, rows: int = ROWS) -> np.ndarray:
    return np.tile(row, (rows, 1))


def check_columns(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Each column of both must be of the same distribution."""
    for column in range(ours.shape[1]):
        assert stats.ks_2samp(ours[:, column], theirs[:, column]).pvalue > UNLIKELY, column


# Simulated binary crossover


@pytest.mark.parametrize("eta", [15.0, 3.0, 20.5])
def test_children_of_sbx_are_distributed_as_those_of_pymoo(kernels: Kernels, eta: float):
    a, b = repeated(A), repeated(B)
    ours = kernels.cross("sbx", a, b, 1, lower=LOWER, upper=UPPER, eta=eta, pair_rate=1.0)
    etas, exchange = np.full((ROWS, 1), eta), np.full((ROWS, 1), 0.5)
    theirs = cross_sbx(np.stack([a, b]), LOWER, UPPER, etas, 0.5, exchange, random_state=np.random.default_rng(1))
    check_columns(ours[:ROWS], theirs[0])
    check_columns(ours[ROWS:], theirs[1])
    check_columns(ours[:ROWS] + ours[ROWS:], theirs[0] + theirs[1])


def test_sbx_exchanges_genes_between_children(kernels: Kernels):
    """Without it, children keep to the side of one parent in all genes, and searches of many genes stall."""
    a, b = np.zeros((ROWS, 2)), np.ones((ROWS, 2))
    for rate in (0.0, 0.5, 1.0):
        children = kernels.cross("sbx", a, b, 2, pair_rate=1.0, gene_rate=1.0, exchange_rate=rate, eta=100.0)
        sides = children[:ROWS] > 0.5
        assert np.allclose(sides.mean(axis=0), rate, atol=0.02)
        assert abs((sides[:, 0] == sides[:, 1]).mean() - (rate**2 + (1 - rate) ** 2)) < 0.02


def test_sbx_without_bounds_keeps_the_middle_of_the_parents(kernels: Kernels):
    a, b = repeated(A), repeated(B)
    children = kernels.cross("sbx", a, b, 3, pair_rate=1.0, gene_rate=1.0, eta=2.0)
    assert np.allclose(children[:ROWS] + children[ROWS:], a + b, rtol=1e-12)
    spread = np.abs(children[:ROWS, 0] - children[ROWS:, 0]) / 0.1
    # Deb and Agrawal: the spread of eta is below 1 in half of the cases, and its CDF there is spread^(eta + 1) / 2.
    inside = spread[spread < 1.0]
    assert abs(len(inside) / ROWS - 0.5) < 0.02
    assert stats.kstest(inside**3, "uniform").pvalue > UNLIKELY
    assert stats.kstest(spread[spread >= 1.0] ** -3, "uniform").pvalue > UNLIKELY


def test_sbx_crosses_the_share_of_pairs_and_genes_that_is_asked_for(kernels: Kernels):
    a, b = np.zeros((ROWS, 4)), np.ones((ROWS, 4))
    children = kernels.cross("sbx", a, b, 4, pair_rate=0.6, gene_rate=0.3, exchange_rate=0.0)
    changed = children[:ROWS] != 0.0
    assert abs(changed.mean() - 0.18) < 0.01
    assert abs(changed.any(axis=1).mean() - 0.6 * (1 - 0.7**4)) < 0.02


def test_children_of_sbx_never_change_bit_for_bit():
    """Log and exp are our own: the same numbers on every processor, narrow registers or wide."""
    kernels = Kernels(compiled("_variation"), compiled("_random"))
    rng = np.random.default_rng(5)
    a, b = rng.random((50, 7)), rng.random((50, 7))
    bounds = {"lower": np.zeros(7), "upper": np.ones(7)}
    for eta, expected in SBX_SUMS.items():
        assert math.fsum(kernels.cross("sbx", a, b, 6, eta=eta, **bounds).ravel()[:350].tolist()).hex() == expected
    for eta, expected in POLYNOMIAL_SUMS.items():
        mutants = kernels.mutate("polynomial", a, 6, eta=eta, gene_rate=0.5, **bounds)
        assert math.fsum(mutants.ravel().tolist()).hex() == expected


# Crossovers that move genes


@given(
    rows=st.integers(0, 6),
    genes=st.integers(1, 130),
    rate=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    cuts=st.integers(1, 5),
    seed=st.integers(0, 1000),
)
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("name", ["uniform", "points"])
def test_genes_change_places_and_none_is_lost(
    kernels: Kernels, name: str, rows: int, genes: int, rate: float, cuts: int, seed: int
):
    a = np.arange(rows * genes, dtype=float).reshape(rows, genes)
    b = -1.0 - a
    own = {"gene_rate": rate} if name == "uniform" else {"cuts": cuts}
    children = kernels.cross(name, a, b, seed, pair_rate=0.7, **own)
    first, second = children[:rows], children[rows:]
    assert (((first == a) & (second == b)) | ((first == b) & (second == a))).all()


@pytest.mark.parametrize("rate", [0.5, 0.3, 0.0, 1.0])
def test_uniform_crossover_exchanges_the_share_that_it_says(kernels: Kernels, rate: float):
    """In 0.27.1 of the Rust crate it is 32 % instead of a half."""
    children = kernels.cross("uniform", np.zeros((2000, 100)), np.ones((2000, 100)), 7, gene_rate=rate)
    exchanged = children[:2000] == 1.0
    assert abs(exchanged.mean() - rate) < 0.005
    assert np.allclose(exchanged.mean(axis=0), rate, atol=0.06)  # every gene
    counts = exchanged.sum(axis=1)
    assert abs(counts.var() - 100 * rate * (1 - rate)) < 2.0  # and independently of the others


@pytest.mark.parametrize(("cuts", "genes"), [(1, 6), (2, 6), (3, 5), (9, 4), (1, 1)])
def test_points_are_all_equally_likely(kernels: Kernels, cuts: int, genes: int):
    children = kernels.cross("points", np.zeros((ROWS, genes)), np.ones((ROWS, genes)), 8, cuts=cuts)
    first = children[:ROWS]
    assert (first[:, 0] == 0.0).all()
    changes = np.diff(first, axis=1) != 0.0
    assert (changes.sum(axis=1) == min(cuts, genes - 1)).all()
    _, counts = np.unique(changes, axis=0, return_counts=True)
    assert len(counts) == math.comb(genes - 1, min(cuts, genes - 1))
    assert len(counts) == 1 or stats.chisquare(counts).pvalue > UNLIKELY


# Crossovers between genes


def test_blend_draws_evenly_from_around_the_parents(kernels: Kernels):
    children = kernels.cross("blend", repeated(A), repeated(B), 9, alpha=0.25)
    width = np.abs(B - A)
    for column in range(4):
        start, span = min(A[column], B[column]) - 0.25 * width[column], 1.5 * width[column]
        assert stats.kstest((children[:, column] - start) / span, "uniform").pvalue > UNLIKELY
    assert (children[:, 4] == 0.3).all()
    assert abs(np.corrcoef(children[:ROWS, 0], children[ROWS:, 0])[0, 1]) < 0.05


def test_arithmetic_children_lie_on_the_line_between_their_parents(kernels: Kernels):
    children = kernels.cross("arithmetic", repeated(A), repeated(B), 10)
    weight = (children[:ROWS, 0] - A[0]) / (B[0] - A[0])
    assert stats.kstest(weight, "uniform").pvalue > UNLIKELY
    assert np.allclose(children[:ROWS], A + weight[:, np.newaxis] * (B - A))
    assert np.allclose(children[:ROWS] + children[ROWS:], A + B)


# Mutations


@pytest.mark.parametrize("eta", [20.0, 0.0, 7.3])
def test_polynomial_mutants_are_distributed_as_those_of_pymoo(kernels: Kernels, eta: float):
    rows = repeated(np.array([0.2, 1.0, 0.0, 1.7, 0.999]))
    ours = kernels.mutate("polynomial", rows, 11, lower=LOWER, upper=UPPER, eta=eta, gene_rate=0.4)
    rates = np.full(ROWS, 0.4)
    theirs = mut_pm(rows, LOWER, UPPER, np.full(ROWS, eta), rates, False, random_state=np.random.default_rng(2))
    check_columns(ours, theirs)


def test_gaussian_noise_is_normal_and_a_fraction_of_the_range(kernels: Kernels):
    lower, upper = np.array([-100.0, 0.0]), np.array([100.0, 20.0])
    mutants = kernels.mutate("gaussian", repeated(np.array([0.0, 10.0])), 12, lower=lower, upper=upper, gene_rate=1.0)
    assert stats.kstest(mutants[:, 0] / 20.0, "norm").pvalue > UNLIKELY
    assert stats.kstest((mutants[:, 1] - 10.0) / 2.0, "norm").pvalue > UNLIKELY


def test_gaussian_noise_without_bounds_is_a_distance_of_each_gene(kernels: Kernels):
    mutants = kernels.mutate("gaussian", np.zeros((ROWS, 3)), 13, sigma=[1.0, 5.0, 0.0], gene_rate=1.0)
    assert stats.kstest(mutants[:, 0], "norm").pvalue > UNLIKELY
    assert stats.kstest(mutants[:, 1] / 5.0, "norm").pvalue > UNLIKELY
    assert not mutants[:, 2].any()


@pytest.mark.parametrize("reflect", [False, True])
def test_noise_beyond_a_bound_is_cut_or_thrown_back(kernels: Kernels, reflect: bool):
    bounds = {"lower": [0.0], "upper": [1.0], "sigma": 0.2, "gene_rate": 1.0, "reflect": reflect}
    mutants = kernels.mutate("gaussian", np.full((ROWS, 1), 0.9), 14, **bounds)[:, 0]
    noisy = 0.9 + 0.2 * np.random.default_rng(3).normal(size=ROWS)
    if reflect:
        noisy = np.where(noisy > 1.0, 2.0 - noisy, noisy)
    assert stats.ks_2samp(mutants, np.clip(noisy, 0.0, 1.0)).pvalue > UNLIKELY
    assert abs((mutants == 1.0).mean() - (0.0 if reflect else stats.norm.sf(0.5))) < 0.01


@pytest.mark.parametrize("name", MUTATIONS)
@pytest.mark.parametrize("rate", [0.0, 0.03, 0.5, 1.0])
def test_genes_are_changed_as_often_as_asked_and_independently(kernels: Kernels, name: str, rate: float):
    genomes, bounds = np.full((2000, 60), 0.5), {"lower": np.zeros(60), "upper": np.ones(60)}
    changed = kernels.mutate(name, genomes, 15, gene_rate=rate, **bounds) != 0.5
    assert abs(changed.mean() - rate) < 0.005
    assert np.allclose(changed.mean(axis=0), rate, atol=0.05)
    assert abs(changed.sum(axis=1).var() - 60 * rate * (1 - rate)) < 1.5


@pytest.mark.parametrize("name", MUTATIONS)
def test_whole_numbers_are_rounded_and_stay_within_bounds(kernels: Kernels, name: str):
    genomes = np.array([[2.4, 3.0, 0.5], [7.6, 5.0, 0.25]]).repeat(500, axis=0)
    bounds = {"lower": [0.5, 3.0, 0.0], "upper": [9.5, 6.9, 1.0], "integer": [True, True, False]}
    mutants = kernels.mutate(name, genomes, 16, gene_rate=0.5, **bounds)
    assert set(mutants[:, 0]) <= set(range(1, 10)) and set(mutants[:, 1]) <= {3.0, 4.0, 5.0, 6.0}
    assert len(set(mutants[:, 2])) > 400
    still = kernels.mutate(name, genomes, 16, gene_rate=0.0, **bounds)
    assert still[[0, -1]].tolist() == [[2.0, 3.0, 0.5], [8.0, 5.0, 0.25]]


@pytest.mark.parametrize("name", MUTATIONS)
def test_bounds_that_are_whole_already_give_the_same(kernels: Kernels, name: str):
    genomes, whole = np.full((50, 2), 4.0), np.array([True, False])
    inner, outer = (np.array([1.0, 0.0]), np.array([7.0, 9.0])), (np.array([0.5, 0.0]), np.array([7.5, 9.0]))
    first, second = (
        kernels.mutate(name, genomes, 18, lower=lower, upper=upper, integer=whole, gene_rate=0.5)
        for lower, upper in (inner, outer)
    )
    assert (first == second).all() and (first[:, 0] % 1 == 0).all() and (first[:, 1] % 1 != 0).any()


def test_whole_numbers_need_no_bounds(kernels: Kernels):
    whole = np.array([True, False])
    mutants = kernels.mutate("gaussian", np.full((50, 2), 0.4), 19, sigma=3.0, gene_rate=0.5, integer=whole)
    assert (mutants[:, 0] % 1 == 0).all() and len(set(mutants[:, 0])) > 3
    assert (mutants[:, 1] == 0.4).any() and (mutants[:, 1] % 1 != 0).all()


# Random genomes


def test_random_genomes_are_even_and_whole_numbers_all_equally_likely(kernels: Kernels):
    made = kernels.variation.random_genomes(
        ROWS, kernels.stream(17), lower=[-1.0, 0.5], upper=[3.0, 4.5], integer=[False, True]
    )
    assert stats.kstest((made[:, 0] + 1.0) / 4.0, "uniform").pvalue > UNLIKELY
    values, counts = np.unique(made[:, 1], return_counts=True)
    assert values.tolist() == [1.0, 2.0, 3.0, 4.0] and stats.chisquare(counts).pvalue > UNLIKELY


# All of them


@st.composite
def spaces(draw: st.DrawFn) -> dict[str, Any]:
    """Bounds of a few genes, some of them of no width, and parents within."""
    genes, rows = draw(st.integers(1, 5)), draw(st.integers(0, 6))
    ends = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 1e300, 1e-300]), st.floats(-1e6, 1e6))
    pairs = [sorted((draw(ends), draw(ends))) for _ in range(genes)]
    lower, upper = np.array(pairs).T
    shares = np.array(
        draw(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=2 * rows * genes, max_size=2 * rows * genes))
    )
    parents = np.minimum(lower + shares.reshape(2 * rows, genes) * (upper - lower), upper)
    return {"lower": lower, "upper": upper, "parents": parents, "seed": draw(st.integers(0, 1000))}


@given(space=spaces(), strength=st.sampled_from([0.0, 0.5, 2.0, 30.0, 1000.0]))
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("name", [*CROSSOVERS, *MUTATIONS])
def test_what_is_within_bounds_stays_there(kernels: Kernels, name: str, space: dict[str, Any], strength: float):
    lower, upper, parents = space["lower"], space["upper"], space["parents"]
    own = {"sbx": {"eta": strength}, "blend": {"alpha": strength}, "polynomial": {"eta": strength}}.get(name, {})
    if name == "gaussian":
        own = {"sigma": strength}
    if name in MUTATIONS:
        made = kernels.mutate(name, parents, space["seed"], lower=lower, upper=upper, gene_rate=0.6, **own)
    else:
        half = len(parents) // 2
        bounds = {"lower": lower, "upper": upper} if name in BOUNDED else {}
        made = kernels.cross(name, parents[:half], parents[half:], space["seed"], **bounds, **own)
    assert made.shape == parents.shape
    assert ((made >= lower) & (made <= upper)).all()


@pytest.mark.parametrize("name", [*CROSSOVERS, *MUTATIONS])
def test_the_same_seed_gives_the_same_and_arguments_stay_as_they_are(kernels: Kernels, name: str):
    a, b = repeated(A, 30), repeated(B, 30)
    if name in CROSSOVERS:
        made = [kernels.cross(name, a, b, seed) for seed in (1, 1, 2)]
    else:
        made = [kernels.mutate(name, a, seed, lower=LOWER, upper=UPPER) for seed in (1, 1, 2)]
    assert made[0].tolist() == made[1].tolist() != made[2].tolist()
    assert (a == A).all() and (b == B).all()


@pytest.mark.parametrize("name", [*CROSSOVERS, *MUTATIONS])
def test_results_can_be_written_over_what_they_are_made_of(kernels: Kernels, name: str):
    parents = np.concatenate([repeated(A, 40), repeated(B, 40)])
    place = parents.copy()
    if name in CROSSOVERS:
        expected = kernels.cross(name, parents[:40], parents[40:], 3)
        made = kernels.cross(name, place[:40], place[40:], 3, out=place)
    else:
        expected = kernels.mutate(name, parents, 3, lower=LOWER, upper=UPPER)
        made = kernels.mutate(name, place, 3, lower=LOWER, upper=UPPER, out=place)
    assert made is place and (place == expected).all()


@pytest.mark.parametrize("name", CROSSOVERS)
def test_lists_and_strided_arrays_are_crossed_as_well(kernels: Kernels, name: str):
    a, b = repeated(A, 10), repeated(B, 10)
    expected = kernels.cross(name, a, b, 4).tolist()
    assert kernels.cross(name, a.tolist(), np.asfortranarray(b), 4).tolist() == expected


SOUND = {"lower": [0.0, 0.0], "upper": [1.0, 1.0]}


@pytest.mark.parametrize("name", ["sbx", "blend", "polynomial", "gaussian"])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lower": [0.0]}, r"lower has shape \(1,\), expected \(2,\)"),
        ({"upper": [1.0, -1.0]}, r"lower\[1\] is 0\.0, expected at most upper\[1\], which is -1\.0"),
        ({"upper": [math.nan, 1.0]}, r"upper\[0\] is nan, expected a finite number"),
        ({"lower": [0.0, -math.inf]}, r"lower\[1\] is -inf, expected a finite number"),
        ({"lower": [0.0, -1.5e308], "upper": [1.0, 1.5e308]}, r"lower\[1\] to upper\[1\], .* is wider than float64"),
        ({"upper": None}, "upper is None, expected bounds on both sides or on none"),
        ({"gene_rate": 1.5}, r"gene_rate is 1\.5, expected a probability, 0 to 1"),
        ({"gene_rate": math.nan}, "gene_rate is nan, expected a probability"),
        ({"out": np.zeros((3, 2))}, r"out is float64 of shape \(3, 2\), expected float64 of shape"),
        ({"out": [0.0]}, "out is list, expected float64 of shape"),
    ],
)
def test_bounds_rates_and_places_that_will_not_do_are_refused(kernels: Kernels, name: str, changed: Any, message: str):
    genomes, parameters = np.full((4, 2), 0.5), SOUND | changed
    parents = (genomes,) if name in MUTATIONS else (genomes, genomes)
    with pytest.raises(ValueError, match=message):
        getattr(kernels.variation, name)(*parents, kernels.stream(), **parameters)


@pytest.mark.parametrize("name", CROSSOVERS)
def test_parents_that_do_not_match_are_refused(kernels: Kernels, name: str):
    with pytest.raises(ValueError, match=r"b has shape \(2, 3\), expected that of a, \(2, 2\)"):
        kernels.cross(name, np.zeros((2, 2)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"a has shape \(2,\), expected 2 dimensions"):
        kernels.cross(name, [0.0, 1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"pair_rate is -0\.1, expected a probability"):
        kernels.cross(name, [[0.0]], [[1.0]], pair_rate=-0.1)


def test_parameters_out_of_range_are_refused(kernels: Kernels):
    genomes = np.zeros((2, 2))
    with pytest.raises(ValueError, match=r"eta is -1\.0, expected a finite number of 0 or more"):
        kernels.cross("sbx", genomes, genomes, eta=-1.0)
    with pytest.raises(ValueError, match="alpha is inf"):
        kernels.cross("blend", genomes, genomes, alpha=math.inf)
    with pytest.raises(ValueError, match="cuts is 0, expected 1 or more"):
        kernels.cross("points", genomes, genomes, cuts=0)
    with pytest.raises(ValueError, match=r"sigma is -0\.1, expected finite numbers of 0 or more"):
        kernels.mutate("gaussian", genomes, sigma=-0.1)
    with pytest.raises(ValueError, match=r"sigma is .*, expected a number or one for each of 2 genes"):
        kernels.mutate("gaussian", genomes, sigma=[0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="lower and upper are None, but polynomial mutation needs bounds"):
        kernels.mutate("polynomial", genomes, lower=None, upper=None)
    with pytest.raises(ValueError, match=r"lower\[1\] to upper\[1\], 0\.2 to 0\.8, holds no whole number"):
        kernels.mutate("gaussian", genomes, lower=[0.0, 0.2], upper=[1.0, 0.8], integer=[False, True])
    with pytest.raises(ValueError, match=r"lower\[1\] to upper\[1\], .* is too far out for whole numbers"):
        kernels.mutate("gaussian", genomes, lower=[0.0, 0.0], upper=[2.0**60, 2.0**60], integer=[False, True])
    with pytest.raises(ValueError, match="integer must be bools, one for each gene, not int64"):
        kernels.mutate("gaussian", genomes, **SOUND, integer=[0, 1])
    with pytest.raises(ValueError, match="n is -1, expected 0 or more"):
        kernels.variation.random_genomes(-1, kernels.stream(), **SOUND)
