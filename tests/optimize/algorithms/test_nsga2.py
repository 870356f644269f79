"""NSGA-II: what it finds, that it finds as much as pymoo's, and that asking and running are the same."""

from __future__ import annotations

import pickle
import statistics
from itertools import pairwise

import numpy as np
import pytest
from pymoo.algorithms.moo.nsga2 import NSGA2 as PymooNSGA2
from pymoo.optimize import minimize
from pymoo.problems import get_problem

from gigaevo.optimize import (
    NSGA2,
    SBX,
    BinaryGenotype,
    BitFlip,
    BlendCrossover,
    FitnessError,
    GaussianMutation,
    ListGenotype,
    MultiRangeGenotype,
    MultiUniqueGenotype,
    RangeGenotype,
    UniqueGenotype,
    functions,
    hypervolume,
    pareto_front,
)

UNIT = (np.zeros(3), np.ones(3))


def schaffer(genomes: np.ndarray) -> np.ndarray:
    """Two parabolas; every genome between their minima, 0 and 2, is a trade-off."""
    return np.column_stack([genomes[:, 0] ** 2, (genomes[:, 0] - 2.0) ** 2])


def small(seed: int = 1, **own) -> NSGA2:
    return NSGA2(UNIT, **{"population_size": 12, "seed": seed, **own})


def test_it_finds_the_trade_offs_and_only_those():
    result = NSGA2((np.array([-10.0]), np.array([10.0])), seed=1).run(schaffer, vectorized=True, generations=60)
    assert len(result.front) == 100
    genes = np.sort(result.front_genomes[:, 0])
    assert genes[0] == pytest.approx(0.0, abs=0.01) and genes[-1] == pytest.approx(2.0, abs=0.01)
    assert np.diff(genes).max() < 0.2
    first = result["pareto_front"][0]
    assert schaffer(first["genome"][None])[0].tolist() == first["objectives"]


def volume_of_ours(name: str, genes: int, axes: int, seed: int, generations: int) -> float:
    """The hypervolume that a population of 60 reaches."""
    fitness = functions.dtlz2(axes) if name == "dtlz2" else getattr(functions, name)
    search = NSGA2((np.zeros(genes), np.ones(genes)), objectives=axes, population_size=60, seed=seed)
    return hypervolume(search.run(fitness, generations=generations).fitness, [1.1] * axes, maximize=False)


def volume_of_pymoo(name: str, genes: int, axes: int, seed: int, generations: int) -> float:
    problem = get_problem(name, n_var=genes, n_obj=axes) if name == "dtlz2" else get_problem(name, n_var=genes)
    found = minimize(problem, PymooNSGA2(pop_size=60), ("n_gen", generations), seed=seed)
    return hypervolume(found.F, [1.1] * axes, maximize=False)


@pytest.mark.parametrize(
    ("name", "genes", "axes", "slack"), [("zdt1", 20, 2, 0.005), ("zdt3", 20, 2, 0.02), ("dtlz2", 12, 3, 0.02)]
)
def test_it_finds_as_much_of_a_front_as_pymoo(name, genes, axes, slack):
    """A short form of ``benchmarks/quality_pareto.py``, which compares twenty seeds."""
    ours = statistics.median(volume_of_ours(name, genes, axes, seed, 100) for seed in range(9))
    theirs = statistics.median(volume_of_pymoo(name, genes, axes, seed, 100) for seed in (1, 2))
    assert ours > theirs - slack


@pytest.mark.slow
def test_it_finds_the_front_of_zdt2_as_pymoo_does():
    ours = statistics.median(volume_of_ours("zdt2", 30, 2, seed, 300) for seed in range(9))
    theirs = statistics.median(volume_of_pymoo("zdt2", 30, 2, seed, 300) for seed in (1, 2, 3))
    assert ours > theirs - 0.005


@pytest.mark.parametrize("fitness", [functions.zdt1, lambda genomes: functions.zdt1.evaluate(genomes)])
def test_a_run_is_what_asking_and_telling_is(fitness):
    ran = small().run(fitness, generations=15, vectorized=fitness is not functions.zdt1)
    asked = small()
    for _ in range(15):
        batch = asked.ask()
        asked.tell(batch, functions.zdt1.evaluate(batch.genomes))
    codes, _ = asked.population
    np.testing.assert_array_equal(ran.genomes, codes)
    assert ran.evaluations == asked.evaluations == 15 * 12


def test_same_seed_same_front_other_seed_other_front():
    one, two, other = (small(seed).run(functions.zdt1, generations=10).genomes for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_answers_may_come_late_and_in_any_order():
    search = small()
    first, second = search.ask(), search.ask()
    search.tell(second[5:], functions.zdt1.evaluate(second[5:].genomes))
    search.tell(first[::-1], functions.zdt1.evaluate(first[::-1].genomes))
    search.tell(second[:5], functions.zdt1.evaluate(second[:5].genomes))
    assert search.generation == 2
    assert len(search.ask(5)) == 5
    assert len(search.ask(1)) == 1


def test_what_dominates_never_leaves():
    """The hypervolume of a front that fits into the population does not fall until it is full."""
    search = NSGA2(UNIT, population_size=40, seed=3, reference=[20.0, 20.0])
    best: list[np.ndarray] = []
    for _ in range(30):
        batch = search.ask()
        search.tell(batch, functions.zdt1.evaluate(batch.genomes))
        _, merits = search.population
        best.append(merits.max(axis=0))  # the ends of the front have infinite distance
    assert all((later >= earlier).all() for earlier, later in pairwise(best))


def test_directions_are_the_user_s():
    def fitness(genomes: np.ndarray) -> np.ndarray:
        return np.column_stack([genomes[:, 0], genomes[:, 0] + genomes[:, 1]])

    result = small(maximize=[True, False]).run(fitness, vectorized=True, generations=40)
    np.testing.assert_array_equal(result.fitness, fitness(result.genomes))
    assert result.front_genomes[:, 1].max() < 0.1  # costs the second objective, gives nothing to the first
    assert small(maximize=True).run(fitness, vectorized=True, generations=40).front_genomes.min(axis=0)[1] > 0.9


@pytest.mark.parametrize("maximize", [True, [False, True]])
def test_a_native_function_of_another_direction_is_refused(maximize):
    with pytest.raises(ValueError, match="zdt1 is minimised, NSGA2 is not: pass maximize=False"):
        small(maximize=maximize).run(functions.zdt1, generations=1)


def test_three_objectives_as_many_as_there_are_words():
    search = small(maximize=[False] * 3)
    assert search.objectives == 3
    assert search.run(functions.dtlz2(3), generations=3).fitness.shape == (12, 3)


def test_hypervolume_is_what_target_stale_and_history_look_at():
    search = small(reference=[1.1, 1.1])
    result = search.run(functions.zdt1, evaluations=50_000, target=0.5, history=True)
    assert result.reason == "target"
    volumes = result.history["hypervolume"]
    assert volumes[-1] >= 0.5 > volumes[:-1].max()
    assert search.hypervolume == volumes[-1] == hypervolume(result.fitness, [1.1, 1.1], maximize=False)
    assert result.history["front"][-1] == len(result.front)
    constant = small(reference=[1.1, 1.1]).run(lambda x: np.full((len(x), 2), 0.5), vectorized=True, stale=5)
    assert (constant.reason, constant.generations) == ("stale", 6)


@pytest.mark.parametrize("stop", [{"target": 0.5}, {"stale": 3}])
def test_without_a_reference_nothing_is_measured(stop):
    with pytest.raises(ValueError, match="pass reference= to NSGA2"):
        small().run(functions.zdt1, **stop)
    with pytest.raises(ValueError, match="pass reference= to NSGA2"):
        _ = small().hypervolume


def test_whole_numbers_stay_whole_and_within_bounds():
    space = MultiRangeGenotype([(0, 5), (-2.5, 2.5)], integer=[True, False])
    seen = []

    def fitness(genomes: np.ndarray) -> np.ndarray:
        seen.append(genomes.copy())
        return np.column_stack([genomes[:, 0], (genomes[:, 1] - genomes[:, 0]) ** 2])

    NSGA2(space, population_size=20, seed=1).run(fitness, vectorized=True, generations=20)
    genomes = np.concatenate(seen)
    assert (genomes[:, 0] == np.round(genomes[:, 0])).all()
    assert (genomes >= space.lower).all() and (genomes <= space.upper).all()


def test_children_are_new_where_there_is_room_for_them():
    seen = []

    def fitness(genomes: np.ndarray) -> np.ndarray:
        seen.append(genomes.copy())
        return functions.zdt1.evaluate(genomes)

    small().run(fitness, vectorized=True, generations=30)
    for earlier, later in pairwise(seen):
        assert len(np.unique(later, axis=0)) == len(later)
        assert earlier.shape == later.shape


def test_a_space_with_fewer_genomes_than_the_population_is_searched_all_the_same():
    space = RangeGenotype(2, (0, 1), integer=True)
    result = NSGA2(space, population_size=20, seed=1).run(
        lambda x: np.column_stack([x[:, 0], 1.0 - x[:, 0] + x[:, 1]]), vectorized=True, generations=5
    )
    assert {tuple(genome) for genome in result.front_genomes.tolist()} == {(0.0, 0.0), (1.0, 0.0)}
    assert result.evaluations == 100


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_smallest_populations_work(size: int):
    result = small(population_size=size).run(functions.zdt1, generations=20)
    assert len(result.genomes) == size


def test_bounds_of_no_width_hold_their_gene():
    result = NSGA2((np.array([0.0, 0.5]), np.array([1.0, 0.5])), population_size=8, seed=1).run(
        schaffer, vectorized=True, generations=5
    )
    assert (result.genomes[:, 1] == 0.5).all()


def test_the_invalid_go_first_and_are_no_front():
    def fitness(genomes: np.ndarray) -> np.ndarray:
        values = functions.zdt1.evaluate(genomes)
        values[genomes[:, 1] < 0.5, 1] = np.nan
        return values

    result = small().run(fitness, vectorized=True, generations=20)
    assert result.invalid > 0
    assert np.isfinite(result.fitness).all()
    assert (result.genomes[:, 1] >= 0.5).all()
    nothing = small().run(lambda x: np.full((len(x), 2), np.nan), vectorized=True, generations=3)
    assert len(nothing.front) == 0 and nothing.pareto_front == [] and np.isnan(nothing.fitness).all()


def test_none_is_invalid_and_what_is_no_fitness_is_told():
    result = small().run(lambda x: None if x[0] < 0.5 else (x[0], 1.0 - x[0]), generations=5)
    assert (result.front_genomes[:, 0] >= 0.5).all()
    with pytest.raises(FitnessError, match=r"fitness has shape \(12,\), expected \(12, 2\)"):
        small().run(lambda x: x[:, 0], vectorized=True, generations=1)
    with pytest.raises(FitnessError, match="ZeroDivisionError"):
        small().run(lambda x: 1 / 0, generations=1)


def test_operators_can_be_chosen():
    search = small(crossover=BlendCrossover(alpha=0.3), mutation=GaussianMutation(sigma=0.05, rate=0.2))
    assert len(search.run(functions.zdt1, generations=30).front) > 3


class Lazy:
    """An operator of a user, that leaves all genomes as they are."""

    def __init__(self, rows: int | None = None) -> None:
        self.rows = rows

    def cross(self, a, b, stream, lower, upper, out=None):
        return np.concatenate([a, b]).astype(np.float32)

    def mutate(self, genomes, stream, lower, upper, integer=None, out=None):
        return genomes.T.copy().T[: self.rows]


def test_operators_of_users_may_return_what_they_like_but_for_its_shape():
    result = small(crossover=Lazy(), mutation=Lazy()).run(functions.zdt1, generations=4)
    assert result.genomes.dtype == np.float64 and result.evaluations == 48
    with pytest.raises(ValueError, match=r"returned shape \(3, 3\), expected \(14, 3\)"):
        small(mutation=Lazy(rows=3)).run(functions.zdt1, generations=2)


def test_given_genomes_are_where_it_begins():
    search = small(initial=[[0.0, 0.0, 0.0]])
    assert search.run(functions.zdt1, generations=1).genomes.tolist().count([0.0, 0.0, 0.0]) == 1


def test_a_search_goes_on_from_a_pickle_and_from_a_file(tmp_path):
    whole = small(reference=[1.1, 1.1])
    whole.run(functions.zdt1, generations=5)
    whole.save(tmp_path / "search.npz")
    copies = [NSGA2.load(tmp_path / "search.npz"), pickle.loads(pickle.dumps(whole))]
    expected = whole.run(functions.zdt1, generations=9)
    for copy in copies:
        found = copy.run(functions.zdt1, generations=9)
        np.testing.assert_array_equal(found.genomes, expected.genomes)
        assert found.evaluations == expected.evaluations


def test_it_says_what_it_is():
    search = small()
    assert repr(search).startswith("NSGA2(MultiRangeGenotype(")
    assert "front of" in repr(search.run(functions.zdt1, generations=2))


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"objectives": 1}, "objectives is 1, expected a whole number from 2"),
        ({"objectives": 2.0}, "objectives is 2.0, expected a whole number from 2"),
        ({"maximize": [True]}, "objectives is 1, expected a whole number from 2"),
        ({"maximize": [True, False], "objectives": 3}, "maximize is"),
        ({"population_size": 0}, "population_size is 0"),
        ({"reference": [1.0]}, r"reference has shape \(1,\), expected \(2,\)"),
        ({"reference": [1.0, np.inf]}, r"reference\[1\] is inf, expected a finite number"),
    ],
)
def test_what_does_not_fit_is_named(own, message):
    with pytest.raises(ValueError, match=message):
        small(**own)


@pytest.mark.parametrize(
    ("genotype", "fitness", "front"),
    [
        (
            BinaryGenotype(12),  # ones in the first half, zeros in the second but one of the first
            lambda bits: (12 - bits[:6].sum() - (~bits[6:]).sum(), float(bits[0])),
            {(0.0, 1.0), (1.0, 0.0)},
        ),
        (ListGenotype(4, ["a", "b", "c"]), lambda genes: ((genes != "a").sum(), (genes != "b").sum()), None),
        (UniqueGenotype([1, 2, 3, 4]), lambda order: (order[0], order[1]), {(1.0, 2.0), (2.0, 1.0)}),
        (MultiUniqueGenotype([[1, 2, 3], [5, 4]]), lambda order: (order[0], -order[3]), {(1.0, -5.0)}),
    ],
)
def test_bits_lists_and_permutations_are_searched_too(genotype, fitness, front):
    result = NSGA2(genotype, population_size=20, seed=1).run(fitness, generations=40)
    found = {tuple(row) for row in result.front_fitness.tolist()}
    assert found == (front or {(float(count), 4.0 - count) for count in range(5)})
    np.testing.assert_array_equal(result.front_fitness, [fitness(genome) for genome in result.front_genomes])


def test_an_operator_must_fit_the_genotype():
    with pytest.raises(TypeError, match="crossover is SBX"):
        NSGA2(BinaryGenotype(5), crossover=SBX())
    with pytest.raises(TypeError, match="mutation is BitFlip"):
        NSGA2(UNIT, mutation=BitFlip())


@pytest.mark.parametrize("evaluations", [7, 20, 33])
def test_the_front_is_that_of_all_that_was_evaluated_where_the_last_batch_was_cut(evaluations: int):
    seen = []

    def watched(genomes: np.ndarray) -> np.ndarray:
        seen.append(schaffer(genomes))
        return seen[-1]

    result = NSGA2((np.zeros(2), np.full(2, 4.0)), population_size=20, seed=1).run(
        watched, vectorized=True, evaluations=evaluations
    )
    everything = np.concatenate(seen)
    assert len(everything) == evaluations
    best = everything[pareto_front(everything, maximize=False)]
    assert {tuple(row) for row in result.front_fitness.tolist()} == {tuple(row) for row in best.tolist()}
    assert result.front_genomes.shape == (len(result.front), 2)


def test_the_hypervolume_is_that_of_the_front_that_is_reported():
    search = small(reference=[20.0, 20.0])
    found = search.run(schaffer, vectorized=True, evaluations=search.population_size // 2)
    assert search.hypervolume == hypervolume(found.front_fitness, [20.0, 20.0], maximize=False) > 0.0
