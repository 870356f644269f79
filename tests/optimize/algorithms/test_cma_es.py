"""CMA-ES as an optimizer: what it does not depend on, where it arrives, and how it takes late answers and bounds."""

from __future__ import annotations

import math
import pickle
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.optimize import CMAES, FitnessError, MultiRangeGenotype, RangeGenotype, functions


def sphere(x):
    return np.sum((x - 0.25) ** 2, axis=1)


def rosenbrock(x):
    return np.sum(100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2, axis=1)


def ellipsoid(x):
    return np.sum(10.0 ** (6.0 * np.arange(x.shape[1]) / (x.shape[1] - 1)) * x**2, axis=1)


def search(d=5, bound=4.0, **changed):
    return CMAES(RangeGenotype(d, (-bound, bound)), **({"seed": 1} | changed))


def trace(optimizer, fitness, generations=17):
    """All genomes of the first generations, too few for it to converge; shape (evaluations, d)."""
    seen = []

    def watched(x):
        seen.append(x.copy())
        return fitness(x)

    optimizer.run(watched, vectorized=True, generations=generations)
    return np.concatenate(seen)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), d=st.integers(1, 8))
def test_a_fitness_in_another_measure_leaves_the_run_as_it_is(seed, d):
    plain = trace(search(d, seed=seed), sphere)
    cubed = trace(search(d, seed=seed), lambda x: 7.0 * sphere(x) ** 3)
    turned = trace(search(d, seed=seed, maximize=True), lambda x: -sphere(x))
    same = trace(search(d, seed=seed), sphere)
    assert plain.tobytes() == same.tobytes() == cubed.tobytes() == turned.tobytes()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), d=st.integers(1, 8), powers=st.lists(st.integers(-9, 9), min_size=8, max_size=8))
def test_other_units_of_the_genes_leave_the_run_as_it_is(seed, d, powers):
    unit = 2.0 ** np.array(powers[:d])
    plain = trace(CMAES((np.full(d, -1.0), np.full(d, 3.0)), seed=seed), sphere)
    scaled = trace(CMAES((-unit, 3.0 * unit), seed=seed), lambda x: sphere(x / unit))
    assert (plain * unit).tobytes() == scaled.tobytes()


def test_another_place_leaves_the_run_as_it_is_up_to_rounding():
    plain = trace(search(), sphere, generations=15)
    moved = trace(CMAES((np.full(5, 60.0), np.full(5, 68.0)), seed=1), lambda x: sphere(x - 64.0), generations=15)
    np.testing.assert_allclose(moved - 64.0, plain, atol=1e-6)


def evaluations_of(fitness, start):
    """Until 1e-8, the median of some seeds, far away from bounds."""
    runs = [
        search(8, bound=1000.0, sigma=0.001, initial=[start], seed=seed).run(
            fitness, vectorized=True, target=1e-8, evaluations=100_000
        )
        for seed in range(9)
    ]
    assert all(run.reason == "target" for run in runs)
    return float(np.median([run.evaluations for run in runs]))


def test_a_rotation_of_the_problem_costs_nothing():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0]
    start = np.full(8, 3.0)
    plain = evaluations_of(ellipsoid, start)
    turned = evaluations_of(lambda x: ellipsoid(x @ turn), turn @ start)
    assert turned == pytest.approx(plain, rel=0.1)


@pytest.mark.parametrize("d", [1, 2, 3, 10])
def test_a_bowl_is_searched_to_its_bottom(d):
    found = search(d).run(sphere, vectorized=True, evaluations=20_000)
    assert found.reason in {"tolfun", "tolx"}
    assert found.converged
    assert found.best_fitness < 1e-13


@pytest.mark.parametrize("active", [True, False])
def test_a_bent_valley_is_followed_to_its_end(active):
    found = search(3, active=active, seed=3).run(rosenbrock, vectorized=True, evaluations=30_000, target=1e-9)
    assert found.reason == "target"
    np.testing.assert_allclose(found.best_genome, 1.0, atol=1e-3)


@pytest.mark.parametrize("name", ["sphere", "rastrigin", "rosenbrock"])
@pytest.mark.parametrize("arguments", [{}, {"restarts": "ipop"}, {"restarts": "bipop"}, {"population_size": 40}])
def test_a_native_function_gives_the_same_run_as_its_values_one_batch_at_a_time(name, arguments):
    native = functions.by_name(name)
    runs = []
    for fitness in (native, native.evaluate):
        optimizer = CMAES(native.genotype(6), seed=5, **arguments)
        found = optimizer.run(fitness, vectorized=True, evaluations=9001, target=1e-12)
        runs.append((found.best_genome.tobytes(), found.best_fitness, found.evaluations, found.generations))
        runs[-1] += (found.reason, optimizer.stale_generations, optimizer.restarts_made, optimizer.mean.tobytes())
    assert runs[0] == runs[1]


def test_run_is_ask_and_tell():
    asked = search()
    for _ in range(30):
        batch = asked.ask()
        asked.tell(batch, sphere(batch.genomes))
    ran = search()
    ran.run(sphere, vectorized=True, generations=30)
    assert asked.best_genome.tobytes() == ran.best_genome.tobytes()
    assert asked.mean.tobytes() == ran.mean.tobytes()
    assert asked.generation == ran.generation == 30


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_order_in_which_a_generation_is_told_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    whole, parts = search(seed=seed), search(seed=seed)
    for _ in range(12):
        batch = whole.ask()
        whole.tell(batch, sphere(batch.genomes))
        batch = parts.ask()
        for rows in np.array_split(rng.permutation(len(batch)), 3):
            part = batch[rows]
            parts.tell(part, sphere(part.genomes))
    assert whole.mean.tobytes() == parts.mean.tobytes()


def test_late_answers_are_used():
    """Ten candidates are always under way, and any of them may come back next."""
    optimizer, rng = search(10), np.random.default_rng(0)
    under_way = deque(optimizer.ask(1) for _ in range(10))
    while optimizer.evaluations < 4000 and optimizer.best_merit < -1e-8:
        under_way.rotate(int(rng.integers(10)))
        batch = under_way.popleft()
        optimizer.tell(batch, sphere(batch.genomes))
        under_way.append(optimizer.ask(1))
    assert optimizer.best_fitness <= 1e-8


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), sigma=st.floats(1e-3, 50.0), d=st.integers(1, 5))
def test_no_genome_leaves_its_bounds(seed, sigma, d):
    rng = np.random.default_rng(seed)
    low = rng.normal(size=d) * 10.0
    high = low + rng.exponential(size=d) * rng.integers(0, 2, d)  # some genes have one value only
    optimizer = CMAES((low, high), sigma=sigma, seed=seed)
    genomes = trace(optimizer, lambda x: -np.sum(x, axis=1), generations=25)
    assert ((genomes >= low) & (genomes <= high)).all()
    assert ((optimizer.mean >= low) & (optimizer.mean <= high)).all()


@pytest.mark.parametrize("beyond", [0, 5, 10])
def test_an_optimum_on_bounds_is_found_as_fast_as_one_inside(beyond):
    """Of ten genes some would like to be beyond their bound."""
    centre = np.where(np.arange(10) < beyond, 5.0, 1.0)
    least = float(beyond)

    def fitness(x):
        return np.sum((x - centre) ** 2, axis=1)

    found = search(10).run(fitness, vectorized=True, evaluations=2500, target=least + 1e-8)
    assert found.reason == "target"


@pytest.mark.parametrize("seed", range(3))
def test_whole_numbers_are_found_beside_others(seed):
    wanted = np.array([0.0, 100.0, 33.0, 7.0, 0.3, -0.8])
    genotype = MultiRangeGenotype([(0, 100)] * 4 + [(-1.0, 1.0)] * 2, integer=[True] * 4 + [False] * 2)
    found = CMAES(genotype, seed=seed).run(
        lambda x: np.sum((x - wanted) ** 2, axis=1), vectorized=True, evaluations=8000
    )
    np.testing.assert_allclose(found.best_genome, wanted, atol=1e-5)
    assert (found.genomes[:, :4] == np.round(found.genomes[:, :4])).all()


def test_whole_numbers_at_the_ends_of_a_range_are_as_likely_as_others():
    genomes = trace(CMAES(RangeGenotype(1, (0, 3), integer=True), sigma=20.0, population_size=4000, seed=1), sphere, 1)
    np.testing.assert_allclose(np.bincount(genomes[:, 0].astype(int)) / 4000, 0.25, atol=0.04)


def test_a_search_begins_where_it_is_told():
    genomes = trace(search(initial=[[1.0] * 5, [2.0] * 5], sigma=1e-6), sphere, generations=1)
    np.testing.assert_allclose(genomes, 1.5, atol=1e-3)
    at_bounds = trace(search(initial=[[-4.0, 4.0, 3.99, -3.7, 0.0]], sigma=1e-6), sphere, generations=1)
    np.testing.assert_allclose(at_bounds.mean(axis=0), [-4.0, 4.0, 3.99, -3.7, 0.0], atol=1e-3)


def many_valleys(x):
    return 10.0 * x.shape[1] + np.sum(x**2 - 10.0 * np.cos(2.0 * np.pi * x), axis=1)


@pytest.mark.parametrize("restarts", ["ipop", "bipop"])
def test_restarts_find_what_one_search_misses(restarts):
    alone = search(4, seed=3).run(many_valleys, vectorized=True, evaluations=60_000)
    assert alone.reason == "tolfun"
    assert alone.best_fitness > 0.5
    again = search(4, seed=3, restarts=restarts)
    found = again.run(many_valleys, vectorized=True, evaluations=60_000, target=1e-8)
    assert found.reason == "target"
    assert again.restarts_made > 0


def test_ipop_doubles_the_population_and_bipop_takes_turns():
    ipop, bipop = search(2, restarts="ipop"), search(2, restarts="bipop")
    sizes: dict[str, list[int]] = {"ipop": [], "bipop": []}
    for optimizer, name in ((ipop, "ipop"), (bipop, "bipop")):
        while optimizer.restarts_made < 5:
            if len(sizes[name]) == optimizer.restarts_made:
                sizes[name].append(optimizer.population_size)
            batch = optimizer.ask()
            optimizer.tell(batch, sphere(batch.genomes))
    assert sizes["ipop"] == [6, 12, 24, 48, 96]
    large = [6 * 2**power for power in range(5)]
    assert any(size not in large[1:] for size in sizes["bipop"][1:])  # a small one
    assert 12 in sizes["bipop"]


def test_answers_from_before_a_restart_do_not_move_the_new_search():
    optimizer = search(3, restarts="ipop")
    late = optimizer.ask(20)
    while optimizer.restarts_made == 0:
        batch = optimizer.ask()
        optimizer.tell(batch, np.ones(len(batch)))
    before, size = optimizer.mean.copy(), optimizer.population_size
    optimizer.tell(late[:size], -np.arange(float(size)))
    assert optimizer.mean.tobytes() == before.tobytes()
    assert optimizer.best_fitness == -(size - 1.0)  # but what they found is not lost


@pytest.mark.parametrize(
    ("fitness", "reason"),
    [
        (lambda x: np.ones(len(x)), "tolfun"),
        (lambda x: np.full(len(x), math.nan), "tolfun"),
        (lambda x: np.sum(np.abs(x - 0.3), axis=1) ** 0.05, "tolx"),
        (lambda x: np.sum(x**2 * 10.0 ** np.linspace(0.0, 18.0, x.shape[1]), axis=1), "condition"),
    ],
)
def test_it_says_why_it_can_go_no_further(fitness, reason):
    assert search(4).run(fitness, vectorized=True, evaluations=100_000).reason == reason


def test_it_goes_on_where_one_insists_after_the_covariance_has_degenerated():
    optimizer = search(4)
    weights = 10.0 ** np.linspace(0.0, 40.0, 4)
    for _ in range(3000):
        batch = optimizer.ask()
        assert np.isfinite(batch.genomes).all()
        optimizer.tell(batch, batch.genomes**2 @ weights)


@pytest.mark.parametrize("restarts", [None, "bipop"])
def test_a_checkpoint_and_a_pickle_go_on_as_the_original(restarts, tmp_path):
    original = search(restarts=restarts, population_size=8)
    original.run(sphere, vectorized=True, generations=30)
    original.save(tmp_path / "search.npz")
    others = [CMAES.load(tmp_path / "search.npz"), pickle.loads(pickle.dumps(original))]
    for optimizer in (original, *others):
        optimizer.run(sphere, vectorized=True, generations=500)
    for other in others:
        assert other.best_genome.tobytes() == original.best_genome.tobytes()
        assert other.evaluations == original.evaluations


def test_invalid_candidates_are_the_worst():
    """Half of the space has no fitness, and the optimum lies at its edge."""

    def fitness(x):
        return np.where(x[:, 0] > 1.0, np.nan, np.sum((x - 1.5) ** 2, axis=1))

    found = search(4).run(fitness, vectorized=True, evaluations=5000)
    assert found.best_genome[0] <= 1.0
    assert found.best_fitness == pytest.approx(0.25, abs=1e-3)
    assert found.invalid > 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"population_size": 1}, ValueError, "population_size is 1, expected 2 or more"),
        ({"population_size": 2.5}, ValueError, "population_size is 2.5, expected a whole number from 1"),
        ({"sigma": 0.0}, ValueError, "sigma is 0.0, expected a finite number above 0"),
        ({"sigma": math.nan}, ValueError, "sigma is nan, expected a finite number above 0"),
        ({"sigma": "wide"}, ValueError, "sigma is 'wide', expected a finite number above 0"),
        ({"restarts": "always"}, ValueError, "restarts is 'always', expected None, 'ipop' or 'bipop'"),
        ({"initial": [[9.0] * 5]}, ValueError, "is 9.0, expected -4.0 to 4.0"),
        ({"initial": np.empty((0, 5))}, ValueError, "initial has no genome, expected at least one"),
    ],
)
def test_mistakes_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        search(**arguments)


def test_other_genotypes_are_refused():
    from gigaevo.optimize import BinaryGenotype

    with pytest.raises(TypeError, match="CMAES works on RangeGenotype and MultiRangeGenotype, not on BinaryGenotype"):
        CMAES(BinaryGenotype(4))


def test_a_fitness_that_raises_or_changes_its_argument_is_told():
    def broken(x):
        raise KeyError("price")

    def greedy(x):
        x[:] = 0.0
        return np.zeros(len(x))

    for fitness in (broken, greedy):
        with pytest.raises(FitnessError):
            search().run(fitness, vectorized=True, generations=1)


def test_a_sigma_of_numpy_is_a_number_too() -> None:
    box = RangeGenotype(2, (-1.0, 1.0))
    assert np.all(CMAES(box, sigma=np.float32(0.5)).deviations == CMAES(box, sigma=0.5).deviations)
