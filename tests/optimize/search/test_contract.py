"""What every optimizer promises: each test runs with every case of ``contract_cases``."""

from __future__ import annotations

import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gigaevo.optimize import FitnessError, MaxEvaluations, MaxSeconds, Optimizer, ParticleSwarm, Result, Stop
from gigaevo.optimize.genotypes import BinaryGenotype, MultiRangeGenotype, RangeGenotype, Ranges
from tests.optimize.search.contract_cases import CASES, Case


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture(params=[case for case in CASES if case.make().objectives == 1], ids=lambda case: case.name)
def single(request: pytest.FixtureRequest) -> Case:
    """A case with one objective."""
    return request.param


@pytest.fixture(params=[case for case in CASES if isinstance(case.space, Ranges)], ids=lambda case: case.name)
def of_ranges(request: pytest.FixtureRequest) -> Case:
    """A case that works on numbers between bounds."""
    return request.param


def tell(search: Optimizer, case: Case, batch: Any) -> np.ndarray:
    """Evaluate a batch and tell it; the fitness."""
    values, behaviors = case.evaluate(batch.genomes)
    search.tell(batch, values, behaviors) if behaviors is not None else search.tell(batch, values)
    return values


def assert_same(first: Result, second: Result) -> None:
    assert (first.evaluations, first.invalid, first.generations) == (
        second.evaluations,
        second.invalid,
        second.generations,
    )
    np.testing.assert_array_equal(first.genomes, second.genomes)
    np.testing.assert_array_equal(first.fitness, second.fitness)
    np.testing.assert_array_equal(first.best_genome, second.best_genome)
    np.testing.assert_array_equal(first.best_fitness, second.best_fitness)


def run(search: Optimizer, case: Case, **stops: Any) -> Result:
    return search.run(case.fitness, vectorized=True, **(stops or {"generations": 8}))


# ask and tell


def test_run_finds_what_ask_and_tell_find(case: Case) -> None:
    searched = run(case.make(), case, generations=8)
    search = case.make()
    while search.generation < 8:
        tell(search, case, search.ask())
    assert_same(searched, search.result())


def test_a_batch_that_is_told_in_parts_makes_the_step_that_it_makes_whole(case: Case) -> None:
    whole, parted = case.make(), case.make()
    for _ in range(6):
        tell(whole, case, whole.ask())
        batch = parted.ask()
        cuts = [0, 1, len(batch) // 2, len(batch)]
        for first, last in pairwise(cuts):
            tell(parted, case, batch[first:last])
    assert_same(whole.result(), parted.result())


def test_candidates_asked_one_at_a_time_make_steps(case: Case) -> None:
    search = case.make()
    for _ in range(4 * search.population_size):
        tell(search, case, search.ask(1))
    assert search.evaluations == 4 * search.population_size
    assert search.generation >= 2


def test_late_and_reordered_answers_all_count(single: Case) -> None:
    search = single.make()
    told: list[float] = []
    pending = [search.ask() for _ in range(3)]
    for turn in range(12):
        batch = pending.pop(turn % 3)
        back = np.arange(len(batch))[::-1]
        told.extend(tell(search, single, batch[back[::2]]))
        pending.append(search.ask(5 + turn))
        told.extend(tell(search, single, batch[back[1::2]]))
    assert search.evaluations == len(told)
    assert search.best_fitness == min(told)
    values, _ = single.evaluate(search.best_genome[None])
    assert values[0] == min(told)


def test_answers_that_never_come_are_forgotten(case: Case) -> None:
    search = case.make()
    for _ in range(4):
        search.forget(search.ask(3))
        tell(search, case, search.ask())
    assert search.evaluations >= 4 * 1 and search.result().evaluations == search.evaluations
    with pytest.raises(ValueError, match="candidate 0 was told or forgotten before"):
        search.forget([0])


def test_a_candidate_is_told_once(case: Case) -> None:
    search = case.make()
    batch = search.ask()
    tell(search, case, batch[:2])
    before = search.evaluations
    for wrong, message in ((batch[1:3], "was told or forgotten before"), (batch[[3, 3]], "told twice")):
        with pytest.raises(ValueError, match=message):
            tell(search, case, wrong)
    values, behaviors = case.evaluate(batch.genomes[:1])
    with pytest.raises(ValueError, match="never asked"):
        search.tell([10**6], values, behaviors)
    assert search.evaluations == before
    tell(search, case, batch[2:])
    assert search.evaluations == len(batch)


def test_a_fitness_of_the_wrong_shape_is_refused_and_nothing_is_taken(case: Case) -> None:
    search = case.make()
    batch = search.ask()
    values, behaviors = case.evaluate(batch.genomes)
    with pytest.raises(ValueError, match="fitness has shape"):
        search.tell(batch, values[1:], behaviors)
    tell(search, case, batch)
    assert search.evaluations == len(batch)


def test_genomes_may_be_written_to_without_harm(case: Case) -> None:
    clean, dirty = case.make(), case.make()
    for _ in range(6):
        tell(clean, case, clean.ask())
        batch = dirty.ask()
        values, behaviors = case.evaluate(batch.genomes)
        batch.genomes[:] = batch.genomes[::-1].copy()
        dirty.tell(batch, values, behaviors)
    assert_same(clean.result(), dirty.result())


def test_every_candidate_is_a_genome_of_the_genotype(case: Case) -> None:
    search = case.make()
    for _ in range(12):
        batch = search.ask()
        case.space.encode(batch.genomes)  # raises if one is not
        tell(search, case, batch)
    case.space.encode(search.result().genomes)


@pytest.mark.parametrize("n", [0, -1, 2.5, "3", True])
def test_a_number_of_candidates_that_is_none_is_refused(case: Case, n: Any) -> None:
    with pytest.raises(ValueError, match=f"n is {n!r}, expected a whole number from 1"):
        case.make().ask(n)


def test_one_candidate_may_be_told_without_the_axis_of_candidates(case: Case) -> None:
    one, whole = case.make(), case.make()
    for row in range(3 * len(whole.ask())):
        batch = one.ask(1)
        values, behaviors = case.evaluate(batch.genomes)
        one.tell(batch[0], values[0], None if behaviors is None else behaviors[0])
        assert one.evaluations == row + 1
    with pytest.raises(ValueError, match=r"fitness has shape"):
        one.tell(one.ask(2), 1.0, None if behaviors is None else np.zeros((2, behaviors.shape[1])))


@pytest.mark.parametrize("batch", [0.5, [[0]], "0", None])
def test_a_batch_that_is_none_is_refused(batch: Any) -> None:
    search = ParticleSwarm(([0.0], [1.0]), population_size=8)
    search.ask()
    for use in (lambda: search.tell(batch, [1.0]), lambda: search.forget(batch)):
        with pytest.raises(ValueError, match=r"batch is .*, expected what ask\(\) gave"):
            use()


def test_a_fitness_that_is_no_number_is_refused_by_name(case: Case) -> None:
    search = case.make()
    batch = search.ask(1)
    with pytest.raises(ValueError, match="fitness is not an array of numbers"):
        search.tell(batch, ["high"])
    tell(search, case, batch)


@pytest.mark.parametrize("fitness", [["1"], np.array([1j]), np.array(["2026"], "M8[Y]"), [10**400]])
def test_what_numpy_would_make_a_number_of_is_refused_by_tell_as_by_run(fitness: Any) -> None:
    search = ParticleSwarm(([0.0], [1.0]), population_size=8)
    batch = search.ask(1)
    with pytest.raises(ValueError, match="fitness is not an array of numbers"):
        search.tell(batch, fitness)
    with pytest.raises(FitnessError, match="fitness is not an array of numbers"):
        search.run(lambda genomes: fitness, vectorized=True, evaluations=1)


def test_a_masked_fitness_is_invalid_to_tell_as_to_run() -> None:
    search = ParticleSwarm(([0.0], [1.0]), population_size=8)
    search.tell(search.ask(2), np.ma.array([1.0, 2.0], mask=[True, False]))
    assert (search.invalid, search.best_fitness) == (1, 2.0)


# seeds and directions


def test_a_seed_gives_one_run_and_another_seed_another(case: Case) -> None:
    first, again, other = (run(case.make(seed), case) for seed in (3, 3, 4))
    assert_same(first, again)
    assert not np.array_equal(first.genomes, other.genomes)
    assert first.seed == 3


def test_a_generator_is_a_seed_too(case: Case) -> None:
    first, again = (run(case.make(np.random.default_rng(5)), case) for _ in range(2))
    assert_same(first, again)


def test_a_search_without_a_seed_can_be_repeated_by_the_seed_that_it_tells(case: Case) -> None:
    first = run(case.make(None), case)
    assert_same(first, run(case.make(first.seed), case))


def test_a_negative_seed_is_refused(case: Case) -> None:
    with pytest.raises(ValueError, match="seed is -1, expected 0 or more"):
        case.make(-1)


def test_minimising_is_maximising_the_negative(single: Case) -> None:
    def negative(genomes: np.ndarray) -> Any:
        values, behaviors = single.evaluate(genomes)
        return -values if behaviors is None else (-values, behaviors)

    low = run(single.make(), single)
    high = single.make(maximize=True).run(negative, vectorized=True, generations=8)
    np.testing.assert_array_equal(low.genomes, high.genomes)
    np.testing.assert_array_equal(low.fitness, -high.fitness)
    assert low.best_fitness == -high.best_fitness


def test_the_best_never_becomes_worse(single: Case) -> None:
    search, seen = single.make(), []
    search.run(single.fitness, vectorized=True, generations=30, callback=lambda s: seen.append(s.best_fitness))
    assert len(seen) == 30
    assert seen == sorted(seen, reverse=True)
    if single.improves:
        assert seen[-1] < seen[0]


# invalid candidates


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("nothing", [math.nan, math.inf, -math.inf])
def test_an_invalid_candidate_is_never_the_best(single: Case, maximize: bool, nothing: float) -> None:
    def holed(genomes: np.ndarray) -> Any:
        values, behaviors = single.evaluate(genomes)
        values = np.where(np.arange(len(values)) % 3 == 0, nothing, values)
        return values if behaviors is None else (values, behaviors)

    search = single.make(maximize=maximize)
    found = search.run(holed, vectorized=True, generations=10)
    assert found.invalid == 10 * -(-search.population_size // 3) or search.batch_size != search.population_size
    assert found.best_genome is not None and math.isfinite(found.best_fitness)
    assert found.best_fitness == single.evaluate(found.best_genome[None])[0][0]
    assert not np.isinf(found.fitness).any()


def test_a_search_without_any_valid_candidate_finds_nothing_and_goes_on(single: Case) -> None:
    def void(genomes: np.ndarray) -> Any:
        values, behaviors = single.evaluate(genomes)
        return np.full_like(values, np.nan) if behaviors is None else (np.full_like(values, np.nan), behaviors)

    search = single.make()
    found = search.run(void, vectorized=True, generations=5)
    assert found.best_genome is None and math.isnan(found.best_fitness)
    assert found.invalid == found.evaluations > 0
    assert np.isnan(found.fitness).all() and len(found.front) == 0
    later = run(search, single, generations=9)
    assert later.best_genome is not None and later.invalid == found.invalid


# what a user may get wrong


def test_a_fitness_that_raises_is_named_and_what_was_found_is_kept(case: Case) -> None:
    search = case.make()
    run(search, case, generations=3)
    before = search.result()

    def broken(genomes: np.ndarray) -> Any:
        raise KeyError("no such key")

    with pytest.raises(FitnessError, match="raised KeyError: 'no such key'"):
        search.run(broken, vectorized=True, generations=9)
    assert_same(before, search.result())
    assert run(search, case, generations=9).generations == 9


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda values: None, "returned (None|NoneType)"),
        (lambda values: values[1:], "shape"),
        (lambda values: "a text", "not an array of numbers|returned str"),
    ],
)
def test_a_vectorised_fitness_that_gives_no_fitness_is_refused(case: Case, given: Any, message: str) -> None:
    def wrong(genomes: np.ndarray) -> Any:
        values, behaviors = case.evaluate(genomes)
        return given(values) if behaviors is None or given(values) is None else (given(values), behaviors)

    with pytest.raises(FitnessError, match=message):
        case.make().run(wrong, vectorized=True, generations=2)


def test_a_fitness_that_changes_its_argument_is_refused(case: Case) -> None:
    def greedy(genomes: np.ndarray) -> Any:
        genomes[:] = genomes[::-1]
        return case.fitness(genomes)

    with pytest.raises(FitnessError, match="must not change its argument"):
        case.make().run(greedy, vectorized=True, generations=2)


def test_none_from_a_fitness_of_one_genome_is_an_invalid_candidate(single: Case) -> None:
    count = iter(range(10**9))
    found = single.make().run(lambda genome: None if next(count) % 2 else single.one(genome), generations=4)
    assert found.invalid == found.evaluations // 2


def test_something_else_than_a_function_is_refused(case: Case) -> None:
    with pytest.raises(TypeError, match="fitness is 3, expected a function"):
        case.make().run(3, generations=1)


def test_one_by_one_in_threads_and_at_once_are_the_same(case: Case) -> None:
    at_once = run(case.make(), case, generations=3)
    assert_same(at_once, case.make().run(case.one, generations=3))
    with ThreadPoolExecutor(2) as threads:
        assert_same(at_once, case.make().run(case.one, generations=3, executor=threads))


def test_the_smallest_population_works_and_one_below_it_is_refused_by_name(case: Case) -> None:
    if case.smallest > 1:
        with pytest.raises(ValueError, match=f"{case.size} is 1, expected {case.smallest} or more"):
            case.make(**{case.size: 1})
    search = case.make(**{case.size: case.smallest})
    assert run(search, case, evaluations=20).evaluations == 20


@pytest.mark.parametrize("size", [0, -3, 2.5, True, "many"])
def test_a_population_that_is_none_is_refused(case: Case, size: Any) -> None:
    with pytest.raises(ValueError, match=rf"{case.size} is .*, expected"):
        case.make(**{case.size: size})


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (([1.0, 0.0], [2.0, -1.0]), r"the range of gene 1 is \(0.0, -1.0\), expected the lower bound first"),
        (([math.nan, 0.0], [2.0, 1.0]), r"the range of gene 0 is \(nan, 2.0\), expected finite bounds"),
        (([0.0, 0.0], [math.inf, 1.0]), r"the range of gene 0 is \(0.0, inf\), expected finite bounds"),
        (([0.0], [1.0, 2.0]), r"bounds have the shapes \(1,\) and \(2,\)"),
    ],
)
def test_bounds_that_are_none_are_refused(of_ranges: Case, bounds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        of_ranges.make(space=bounds)


def test_bounds_of_no_width_hold_their_gene(of_ranges: Case) -> None:
    search = of_ranges.make(space=([0.25, -1.0, 3.0], [0.25, 1.0, 3.0]))
    for _ in range(8):
        batch = search.ask()
        assert (batch.genomes[:, [0, 2]] == [0.25, 3.0]).all()
        tell(search, of_ranges, batch)


def test_bounds_that_are_all_of_no_width_leave_one_point(of_ranges: Case) -> None:
    found = run(of_ranges.make(space=([1.0, 2.0], [1.0, 2.0])), of_ranges, evaluations=200)
    assert (found.genomes == [1.0, 2.0]).all()


def test_fitness_at_both_ends_of_what_a_double_can_tell_is_fitness(case: Case) -> None:
    def steep(genomes: np.ndarray) -> Any:
        values, behaviors = case.evaluate(genomes)
        values = np.where(values > np.median(values, axis=0), 1.7e308, -1.7e308)
        return values if behaviors is None else (values, behaviors)

    search = case.make()
    result = search.run(steep, vectorized=True, generations=30, history=True)
    assert result.invalid == 0
    assert all(np.isfinite(column).all() for name, column in result.history.items() if name in ("best", "mean"))


def test_bounds_at_the_end_of_what_a_double_can_tell_are_kept(of_ranges: Case) -> None:
    search = of_ranges.make(space=RangeGenotype(3, (-8e307, 8e307)))
    for _ in range(8):
        batch = search.ask()
        assert (np.abs(batch.genomes) <= 8e307).all()
        with np.errstate(over="ignore"):
            values, behaviors = of_ranges.evaluate(batch.genomes * 1e-300)
        search.tell(batch, values, behaviors)


@pytest.mark.parametrize("of_ranges", [case for case in CASES if case.numbers_only], ids=lambda case: case.name)
def test_a_genotype_of_bits_is_refused_where_numbers_are_wanted(of_ranges: Case) -> None:
    with pytest.raises(TypeError, match=rf"{of_ranges.kind.__name__} works on .*, not on BinaryGenotype"):
        of_ranges.make(space=BinaryGenotype(8))


@pytest.mark.parametrize("maximize", ["no", 1, [True] * 7])
def test_a_direction_that_is_none_is_refused(single: Case, maximize: Any) -> None:
    with pytest.raises(ValueError, match=r"maximize is .*, expected True or False"):
        single.make(maximize=maximize)


def test_a_direction_may_be_a_list_of_one(single: Case) -> None:
    one, other = (run(single.make(maximize=maximize), single) for maximize in ([False], False))
    assert_same(one, other)
    assert single.make(maximize=[False]).maximize is False


# founders


@pytest.mark.parametrize("case", [case for case in CASES if case.founders], ids=lambda case: case.name)
def test_initial_genomes_come_first(case: Case) -> None:
    given = case.make(99).ask(3).genomes
    search = case.make(initial=given)
    np.testing.assert_array_equal(search.ask().genomes[:3], given)


@pytest.mark.parametrize("case", [case for case in CASES if case.founders], ids=lambda case: case.name)
def test_initial_genomes_come_again_where_the_fitness_raised(case: Case) -> None:
    given = case.make(99).ask(3).genomes
    search = case.make(initial=given)
    with pytest.raises(FitnessError, match="ZeroDivisionError"):
        search.run(lambda genome: 1 / 0, generations=1)
    np.testing.assert_array_equal(search.ask().genomes[:3], given)


def test_more_initial_genomes_than_founders_are_refused() -> None:
    with pytest.raises(ValueError, match="initial has 9 genomes, expected at most population_size, which is 8"):
        ParticleSwarm(([0.0], [1.0]), population_size=8, initial=np.full((9, 1), 0.5))


def test_initial_genomes_that_do_not_belong_to_the_genotype_are_refused(of_ranges: Case) -> None:
    space = MultiRangeGenotype([(0.0, 1.0)] * 3)
    with pytest.raises(ValueError, match=r"initial: genomes\[0, 1\] is 2.0, expected 0.0 to 1.0"):
        of_ranges.make(space=space, initial=[[0.5, 2.0, 0.5]])
    with pytest.raises(ValueError, match=r"initial: genomes has shape \(1, 2\), expected \(n, 3\)"):
        of_ranges.make(space=space, initial=[[0.5, 0.5]])


# stops


@pytest.mark.parametrize("evaluations", [1, 7, 20, 137])
def test_a_budget_of_evaluations_is_kept_exactly(case: Case, evaluations: int) -> None:
    calls = []
    found = case.make().run(
        lambda genomes: (calls.append(len(genomes)), case.fitness(genomes))[1], vectorized=True, evaluations=evaluations
    )
    assert found.evaluations == sum(calls) == evaluations
    assert found.reason == "evaluations" and not found.converged


def test_a_second_run_goes_on_where_the_first_ended(case: Case) -> None:
    parted = case.make()
    for generations in (1, 3, 8):
        assert run(parted, case, generations=generations).generations == generations
    assert_same(parted.result(), run(case.make(), case, generations=8))
    budget = parted.evaluations
    for evaluations in (budget + 5, budget + 64):  # the rest of a step that was cut is made up
        assert run(parted, case, evaluations=evaluations).evaluations == evaluations


def test_a_number_of_generations_is_kept(case: Case) -> None:
    found = run(case.make(), case, generations=5)
    assert (found.generations, found.reason) == (5, "generations")


def test_a_target_ends_the_search_in_the_generation_that_reaches_it(single: Case) -> None:
    seen: list[float] = []
    run_whole = single.make()
    run_whole.run(single.fitness, vectorized=True, generations=20, callback=lambda s: seen.append(s.best_fitness))
    target = seen[8]
    found = run(single.make(), single, target=target, generations=20)
    assert found.reason == "target" and found.converged
    assert found.best_fitness <= target
    assert found.generations == 1 + next(row for row, best in enumerate(seen) if best <= target)


def test_a_stale_search_ends(single: Case) -> None:
    found = single.make().run(lambda genomes: flat(single, genomes), vectorized=True, stale=4)
    assert (found.reason, found.generations) == ("stale", 5)


def flat(case: Case, genomes: np.ndarray) -> Any:
    values, behaviors = case.evaluate(genomes)
    return values * 0.0 if behaviors is None else (values * 0.0, behaviors)


def test_seconds_end_the_search(case: Case) -> None:
    found = run(case.make(), case, seconds=1e-9)
    assert found.reason == "seconds" and found.generations <= 1


def test_stops_compose(case: Case) -> None:
    either: Stop = MaxEvaluations(60) | MaxSeconds(3600.0)
    both: Stop = MaxEvaluations(60) & MaxEvaluations(90)
    assert case.make().run(case.fitness, vectorized=True, stop=either).evaluations == 60
    assert case.make().run(case.fitness, vectorized=True, stop=both).evaluations >= 90


def test_a_callback_sees_every_generation_and_can_end_the_search(case: Case) -> None:
    seen: list[int] = []

    def watch(search: Optimizer) -> bool:
        seen.append(search.generation)
        return search.generation == 4

    found = run(case.make(), case, callback=watch)
    assert (found.reason, seen) == ("callback", [1, 2, 3, 4])
    assert not found.converged


def test_a_callback_may_answer_with_a_truth_value_of_numpy_but_with_nothing_else(case: Case) -> None:
    found = run(case.make(), case, generations=9, callback=lambda search: np.bool_(search.generation == 2))
    assert (found.reason, found.generations) == ("callback", 2)
    found = run(case.make(), case, generations=3, callback=lambda search: 1.0)
    assert found.reason == "generations"


def test_what_is_no_stop_and_no_callback_is_refused_before_the_search(case: Case) -> None:
    search = case.make()
    with pytest.raises(TypeError, match=r"stop is .*, expected a Stop such as"):
        run(search, case, stop=lambda search: True)
    with pytest.raises(TypeError, match="callback is 5, expected a function"):
        run(search, case, generations=3, callback=5)
    assert search.evaluations == 0


def test_a_search_that_nothing_would_end_is_refused(case: Case) -> None:
    with pytest.raises(ValueError, match="nothing would end the search"):
        case.make().run(case.fitness, vectorized=True)


def test_ctrl_c_ends_the_search_with_what_was_found(case: Case) -> None:
    def press(search: Optimizer) -> None:
        if search.generation == 3:
            raise KeyboardInterrupt

    found = run(case.make(), case, generations=9, callback=press)
    assert (found.reason, found.generations) == ("interrupted", 3)


def test_a_history_has_a_line_for_each_generation(case: Case) -> None:
    found = run(case.make(), case, generations=6, history=True)
    assert found.history["generation"].tolist() == [1, 2, 3, 4, 5, 6]
    assert {len(column) for column in found.history.values()} == {6}
    if case.make().objectives == 1:
        assert (np.diff(found.history["best"]) <= 0).all() and found.history["best"][-1] == found.best_fitness


# checkpoints, pickles, text


def test_a_search_that_was_saved_goes_on_as_if_it_had_not_been(case: Case, tmp_path: Path) -> None:
    uninterrupted, search = case.make(), case.make()
    for turn in range(8):
        tell(uninterrupted, case, uninterrupted.ask())
        batch = search.ask()
        tell(search, case, batch[: len(batch) // 3])
        if turn in (0, 2, 5):  # before the founders are complete, and later, with answers open
            search.save(tmp_path / "search.npz")
            search = type(search).load(tmp_path / "search.npz")
        tell(search, case, batch[len(batch) // 3 :])
    assert_same(uninterrupted.result(), search.result())


def test_a_checkpoint_of_a_run_can_be_gone_on_from(case: Case, tmp_path: Path) -> None:
    search = case.make()
    run(search, case, generations=4, checkpoint=tmp_path / "search.npz")
    loaded = type(search).load(tmp_path / "search.npz")
    assert_same(run(loaded, case, generations=9), run(case.make(), case, generations=9))
    assert repr(loaded).startswith(f"{type(search).__name__}(")


def test_a_checkpoint_that_cannot_be_written_is_refused_before_the_search(case: Case, tmp_path: Path) -> None:
    search = case.make()
    for path in (tmp_path / "no such folder" / "search.npz", tmp_path):
        with pytest.raises(ValueError, match=r"checkpoint is .*, expected a file in a folder that is there"):
            run(search, case, generations=3, checkpoint=path)
    assert search.evaluations == 0


def test_a_file_that_is_no_checkpoint_is_refused(case: Case, tmp_path: Path) -> None:
    (tmp_path / "other.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="is no checkpoint of an optimizer"):
        type(case.make()).load(tmp_path / "other.npz")


def test_a_pickled_search_goes_on_as_the_original(case: Case) -> None:
    search = case.make()
    tell(search, case, search.ask())
    open_batch = search.ask()
    copy = pickle.loads(pickle.dumps(search))
    for twin in (search, copy):
        tell(twin, case, open_batch)
        run(twin, case, generations=7)
    assert_same(search.result(), copy.result())


def test_a_result_is_a_value_that_pickles(case: Case) -> None:
    found = run(case.make(), case)
    assert_same(found, pickle.loads(pickle.dumps(found)))
    assert found["evaluations"] == found.evaluations and "best_genome" in found


def test_a_search_and_its_result_read_well(single: Case) -> None:
    search = single.make()
    found = run(search, single, generations=2)
    assert repr(search).startswith(f"{type(search).__name__}({single.space!r}, ")
    assert f"best_fitness={found.best_fitness:.6g}" in repr(search) and repr(search).endswith("seed=7)")
    assert "ended by 'generations'" in repr(found) and "\n" not in repr(found)


def test_reading_a_search_does_not_change_it(case: Case) -> None:
    read, unread = case.make(), case.make()
    for _ in range(5):
        tell(unread, case, unread.ask())
        tell(read, case, read.ask())
        result = read.result()
        result.genomes[:] = result.genomes[::-1].copy()
        result.fitness[:] = 0.0
        if read.best_genome is not None:
            read.best_genome[:] = 0
    assert_same(read.result(), unread.result())
