"""Many runs of one strategy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gigaevo.optimize import BinaryGenotype
from gigaevo.optimize.strategy import CountTrue, HillClimb
from tests.optimize.strategy.searches import one_max


def _weighted(genes: Any) -> float:
    return float((genes * np.arange(len(genes))).sum())


def ends(repeated: Any) -> list[Any]:
    return [run.state.population.genes.tolist() for run in repeated.runs]


def test_repeated_runs_have_distinct_seeds() -> None:
    runs = one_max(max_generations=5).call_repeatedly(5).runs
    starts = {run.with_seed(run._seed)._start_population(run.state.stream).genes.tobytes() for run in runs}
    assert len(runs) == 5
    assert len(starts) == 5
    assert len({tuple(run._seed.spawn_key) for run in runs}) == 5


def test_the_seed_of_a_run_makes_that_run_again() -> None:
    for run in one_max(max_generations=5).call_repeatedly(3).runs:
        again = one_max(max_generations=5, seed=run.seed).call()
        np.testing.assert_array_equal(again.state.population.genes, run.state.population.genes)


@pytest.mark.parametrize("fitness", [_weighted, lambda genes: _weighted(genes)], ids=["processes", "threads"])
def test_parallel_runs_find_what_serial_runs_find(fitness: Any, request: pytest.FixtureRequest) -> None:
    evolve = one_max(fitness=fitness, max_generations=15)
    serial, parallel = evolve.call_repeatedly(3), evolve.call_par_repeatedly(3, workers=2)
    assert ends(serial) == ends(parallel)
    assert (serial.executor, parallel.executor) == ("serial", request.node.callspec.id)
    assert serial.best.best_fitness_score == parallel.best.best_fitness_score
    assert max(run.best_fitness_score for run in serial.runs) == serial.best.best_fitness_score
    assert len(serial.others) == 2


def test_parallel_runs_of_a_parallel_fitness_find_the_same() -> None:
    both = one_max(fitness=_weighted, max_generations=4, par_fitness=True).call_par_speciated(2, workers=2)
    assert both.executor == "processes"
    assert ends(both) == ends(one_max(fitness=_weighted, max_generations=4).call_speciated(2))


def test_no_run_counts_behind_the_first_that_reached_the_target() -> None:
    for seed in range(20):
        scores = [run.best_fitness_score for run in one_max(100, max_generations=20, seed=seed).call_repeatedly(8).runs]
        first = scores.index(max(scores))
        if 0 < first < 7:
            break
    evolve = one_max(100, max_generations=20, seed=seed, target_fitness_score=max(scores))
    for repeated in (evolve.call_repeatedly(8), evolve.call_par_repeatedly(8, workers=2)):
        assert len(repeated.runs) == first + 1
        assert repeated.best is repeated.runs[-1]


def test_the_last_run_of_speciation_begins_with_the_best_of_the_others() -> None:
    evolve = one_max(200, max_generations=10, fitness=_weighted)
    speciated = evolve.call_speciated(4)
    assert len(speciated.runs) == 5
    last = speciated.runs[-1]
    assert speciated.best is last
    bests = np.stack([run.state.progress.best_genes for run in speciated.runs[:-1]])
    founders = last._start_population(last.state.stream).genes
    assert (founders == bests[np.arange(20) % 4]).all()
    assert last.best_fitness_score >= max(run.best_fitness_score for run in speciated.runs)
    assert ends(evolve.call_par_speciated(4, workers=2)) == ends(speciated)


def test_speciation_is_short_where_a_species_reaches_the_target() -> None:
    speciated = one_max(10, target_fitness_score=10).call_speciated(4)
    assert len(speciated.runs) == 1
    assert speciated.best_genes_and_fitness_score()[1] == 10


def test_speciation_without_any_valid_chromosome_ends_without_one() -> None:
    speciated = one_max(fitness=lambda genes: None, max_generations=2).call_speciated(2)
    assert speciated.best_genes_and_fitness_score() == (None, None)
    assert len(speciated.runs) == 2


def test_many_runs_answer_as_their_best_run_does() -> None:
    repeated = one_max().call_repeatedly(3)
    best = repeated.best
    assert repeated.best_genes is not None
    assert repeated.best_genes.tolist() == best.best_genes.tolist()
    assert (repeated.best_fitness_score, repeated.best_generation) == (best.best_fitness_score, best.best_generation)
    assert repeated.best_chromosome is not None
    assert repeated.best_chromosome.fitness_score == repeated.best_genes_and_fitness_score()[1]


def test_hill_climbs_repeat_too() -> None:
    climb = HillClimb(BinaryGenotype(30), CountTrue(), max_generations=40, seed=1)
    repeated = climb.call_repeatedly(4)
    assert len({run.state.population.genes.tobytes() for run in repeated.runs}) > 1
    assert "Repeated(best_fitness_score=" in repr(repeated)


@pytest.mark.parametrize("times", [0, -1, 1.5, True])
def test_a_number_of_runs_that_is_none_is_refused(times: Any) -> None:
    for call in ("call_repeatedly", "call_par_repeatedly", "call_speciated", "call_par_speciated"):
        with pytest.raises(ValueError, match="times is"):
            getattr(one_max(), call)(times)


def test_workers_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="workers is 0"):
        one_max().call_par_repeatedly(2, workers=0)
