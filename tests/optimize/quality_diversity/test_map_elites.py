"""MAP-Elites on vectors: what the contract of optimizers does not say of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gigaevo.kernels.random import RandomStream
from gigaevo.optimize import (
    BinaryGenotype,
    CMAEmitter,
    CVTArchive,
    FitnessError,
    FlipEmitter,
    GaussianEmitter,
    GridArchive,
    IsoLineEmitter,
    ListGenotype,
    MAPElites,
    MultiRangeGenotype,
    RangeGenotype,
)
from gigaevo.optimize.quality_diversity.cma_emitter import improvement_ranks
from gigaevo.optimize.quality_diversity.curiosity import Curiosity

BOX = RangeGenotype(4, (-1.0, 1.0))


def plane(**options) -> GridArchive:
    return GridArchive([10, 10], [(-1.0, 1.0), (-1.0, 1.0)], **options)


def hill(genomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Highest in the middle; the first two genes are the behaviour."""
    return -(genomes**2).sum(axis=1), genomes[:, :2]


def stream(seed: int = 1) -> RandomStream:
    return RandomStream(np.random.SeedSequence(seed))


def test_the_archive_is_filled_with_the_best_of_what_was_evaluated():
    best: dict[int, float] = {}
    archive = plane()

    def noted(genomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fitness, behaviors = hill(genomes)
        for cell, value in zip(archive.index_of(behaviors).tolist(), fitness.tolist(), strict=True):
            best[cell] = max(best.get(cell, -math.inf), value)
        return fitness, behaviors

    found = MAPElites(BOX, archive, maximize=True, seed=1).run(noted, vectorized=True, evaluations=5050)
    assert found.archive is archive and archive.coverage > 0.9
    elites = archive.data()
    assert dict(zip(elites.cells.tolist(), elites.fitness.tolist(), strict=True)) == best
    assert found.best_fitness == max(best.values()) == archive.stats.best_fitness
    np.testing.assert_array_equal(found.best_genome, archive.best_elite.genomes[0])
    np.testing.assert_array_equal(found.genomes, elites.genomes)


def test_what_is_minimised_is_minimised():
    archive = plane(qd_score_offset=4.0)
    found = MAPElites(BOX, archive, maximize=False, seed=1).run(
        lambda x: (-hill(x)[0], hill(x)[1]), vectorized=True, evaluations=5000
    )
    assert found.best_fitness == archive.data().fitness.min() < 0.05
    assert archive.qd_score == pytest.approx((4.0 - archive.data().fitness).sum())


def test_the_direction_must_be_said():
    with pytest.raises(TypeError, match="maximize"):
        MAPElites(BOX, plane())  # type: ignore[call-arg]


def test_a_candidate_without_a_behaviour_is_counted_and_never_the_best():
    archive = plane()

    def failing(genomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fitness, behaviors = hill(genomes)
        behaviors = behaviors.copy()
        behaviors[::4, 1] = np.nan
        fitness[::4] = 10.0  # better than anything that is valid
        return fitness, behaviors

    search = MAPElites(BOX, archive, batch_size=20, maximize=True, seed=1)
    found = search.run(failing, vectorized=True, evaluations=400)
    assert found.invalid == archive.invalid == 100
    assert found.best_fitness <= 0.0 and (archive.data().fitness <= 0.0).all()


def test_a_fitness_without_behaviours_is_an_error_that_says_what_is_expected():
    search = MAPElites(BOX, plane(), maximize=True, seed=1)
    with pytest.raises(FitnessError, match=r"expected a tuple \(fitness, behaviours\)"):
        search.run(lambda genomes: hill(genomes)[0], vectorized=True, evaluations=100)
    with pytest.raises(FitnessError, match=r"expected \(fitness, behaviours\)"):
        search.run(lambda genome: 1.0, evaluations=100)
    with pytest.raises(FitnessError, match=r"behaviour has shape \(100, 3\), expected \(100, 2\)"):
        search.run(lambda genomes: (hill(genomes)[0], genomes[:, :3]), vectorized=True, evaluations=100)
    with pytest.raises(ValueError, match="behaviors must be given to MAPElites"):
        search.tell(search.ask(), np.zeros(100))


def test_candidates_are_random_until_the_archive_holds_an_elite():
    search = MAPElites(BOX, plane(), batch_size=10, maximize=True, seed=1)
    for _ in range(3):
        batch = search.ask()
        search.tell(batch, np.full(10, np.nan), batch.genomes[:, :2])
        assert np.abs(batch.genomes).max() > 0.5
    batch = search.ask()
    search.tell(batch, *hill(batch.genomes))
    near = search.ask(500).genomes
    parents = search.archive.data().genomes
    assert np.linalg.norm(near[:, None] - parents, axis=2).min(axis=1).max() < 2.0
    assert search.generation == 4 and search.result().invalid == 30


def test_an_archive_that_holds_elites_is_gone_on_with():
    archive = plane()
    MAPElites(BOX, archive, maximize=True, seed=1).run(hill, vectorized=True, evaluations=2000)
    before = archive.stats
    search = MAPElites(BOX, archive, GaussianEmitter(1e-6), maximize=True, seed=2)
    batch = search.ask(50)
    nearest = np.abs(batch.genomes[:, None] - archive.data().genomes).max(axis=2).min(axis=1)
    assert (nearest < 1e-4).all()  # children of elites, none of them random
    search.run(hill, vectorized=True, evaluations=2000)
    assert archive.stats.qd_score >= before.qd_score
    with pytest.raises(ValueError, match="the archive holds genomes of 4 genes"):
        MAPElites(RangeGenotype(3, (0, 1)), archive, maximize=True)


def test_history_tells_of_coverage_and_qd_score():
    search = MAPElites(BOX, plane(qd_score_offset=-4.0), maximize=True, seed=1)
    found = search.run(hill, vectorized=True, generations=10, history=True)
    for name in ("coverage", "qd_score", "best"):
        assert len(found.history[name]) == 10 and (np.diff(found.history[name]) >= 0).all()
    assert found.history["coverage"][-1] == search.archive.coverage


def test_all_kinds_of_archive_are_filled():
    for archive in (plane(elites_per_cell=4), CVTArchive(40, [(-1, 1)] * 2, samples=2000, seed=1)):
        MAPElites(BOX, archive, maximize=True, seed=1).run(hill, vectorized=True, evaluations=8000)
        assert archive.coverage > 0.9 and len(archive) > 0.9 * archive.total_cells * archive.elites_per_cell


def test_the_same_emitter_may_be_there_several_times():
    emitter = CMAEmitter(0.1)
    search = MAPElites(BOX, plane(), [emitter] * 3, batch_size=30, maximize=True, seed=1)
    search.run(hill, vectorized=True, evaluations=3000)
    assert len({id(placed) for placed in search.emitters}) == 3
    assert emitter.restarts == 0 and sum(placed.restarts for placed in search.emitters) > 0


def test_every_emitter_gets_its_share_however_little_is_asked():
    emitters = [GaussianEmitter(0.0), GaussianEmitter(0.5), GaussianEmitter(0.0)]
    search = MAPElites(BOX, plane(), emitters, batch_size=3, maximize=True, seed=1)
    batch = search.ask()
    search.tell(batch, *hill(batch.genomes))
    elites = search.archive.data().genomes
    copies = [bool((search.ask(1).genomes == elites).all(axis=1).any()) for _ in range(30)]
    assert copies == [True, False, True] * 10


REFUSED = [
    ({"emitters": []}, ValueError, "emitters is empty"),
    ({"emitters": ["iso"]}, TypeError, r"emitters\[0\] is 'iso', expected an emitter such as IsoLineEmitter\(\)"),
    ({"emitters": FlipEmitter()}, TypeError, "FlipEmitter works on BinaryGenotype, not on RangeGenotype"),
    ({"emitters": IsoLineEmitter([0.1, 0.1])}, ValueError, "sigma has 2 entries, expected one number or 4"),
    ({"emitters": [CMAEmitter()] * 5, "batch_size": 4}, ValueError, "batch_size is 4, expected 5 or more"),
    ({"parents": "best"}, ValueError, "parents is 'best', expected 'uniform' or 'curiosity'"),
    ({"archive": "grid"}, TypeError, "archive is 'grid', expected a GridArchive or a CVTArchive"),
    ({"genotype": ListGenotype(3, "abc")}, TypeError, "MAPElites works on .*, not on ListGenotype"),
    ({"genotype": BinaryGenotype(4), "emitters": CMAEmitter()}, TypeError, "CMAEmitter works on .*, not on Binary"),
]


@pytest.mark.parametrize(("change", "kind", "message"), REFUSED)
def test_what_makes_no_search_is_refused(change, kind, message):
    with pytest.raises(kind, match=message):
        MAPElites(**{"genotype": BOX, "archive": plane(), "maximize": True, **change})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IsoLineEmitter(-0.1), "iso_sigma is -0.1, expected a number of 0 or more"),
        (lambda: IsoLineEmitter(0.1, math.inf), "line_sigma is inf, expected a finite number of 0 or more"),
        (lambda: IsoLineEmitter(0.1, "wide"), "line_sigma is 'wide', expected a finite number"),
        (lambda: IsoLineEmitter(None), "iso_sigma is None, expected a number of 0 or more"),
        (lambda: FlipEmitter("some"), "rate is 'some', expected above 0 and at most 1"),
        (lambda: GaussianEmitter(math.nan), "sigma is nan"),
        (lambda: CMAEmitter(0.0), "sigma is 0.0, expected a finite number above 0"),
        (lambda: CMAEmitter(population_size=1), "population_size is 1, expected a whole number from 2"),
        (lambda: FlipEmitter(0.0), "rate is 0.0, expected above 0 and at most 1"),
    ],
)
def test_emitters_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# Emitters


def filled(genotype, *genomes) -> GridArchive:
    archive = plane()
    rows = np.array(genomes, np.float64)
    archive.add(rows, np.zeros(len(rows)), np.linspace(-1, 1, len(rows))[:, None].repeat(2, axis=1))
    return archive


def test_steps_are_parts_of_the_ranges():
    wide = MultiRangeGenotype([(-1000.0, 1000.0), (-1.0, 1.0)])
    archive = filled(wide, [0.0, 0.0])
    children = GaussianEmitter(0.01).placed(wide, 10).emit(4000, archive, stream(), None)
    np.testing.assert_allclose(children.std(axis=0), [20.0, 0.02], rtol=0.05)
    own = IsoLineEmitter([0.0, 0.1]).placed(wide, 10).emit(4000, archive, stream(), None)
    np.testing.assert_allclose(own.std(axis=0), [0.0, 0.2], rtol=0.05)


def test_whole_numbers_stay_whole_and_small_steps_reach_their_neighbours():
    space = MultiRangeGenotype([(0, 10), (0.0, 1.0)], integer=[True, False])
    archive = filled(space, [5.0, 0.5])
    for emitter in (IsoLineEmitter(0.02), GaussianEmitter(0.02), CMAEmitter(0.02)):
        children = emitter.placed(space, 10).emit(2000, archive, stream(), None)
        assert set(np.unique(children[:, 0])) == {4.0, 5.0, 6.0}
        assert abs(children[:, 0].mean() - 5.0) < 0.05
        space.encode(children)


def test_bits_are_flipped_at_their_rate():
    space = BinaryGenotype(50)
    parent = np.arange(50) % 2
    archive = filled(space, parent)
    for rate, expected in ((None, 1 / 50), (0.3, 0.3)):
        children = FlipEmitter(rate).placed(space, 10).emit(2000, archive, stream(), None)
        assert set(np.unique(children)) == {0.0, 1.0}
        assert (children != parent).mean() == pytest.approx(expected, rel=0.1)


def test_cma_ranks_by_status_and_then_by_gain():
    status = np.array([0, 2, 1, 0, 2, 1, 0])
    gains = np.array([-1.0, 3.0, 9.0, -0.5, 5.0, 0.1, math.nan])
    ranks = improvement_ranks(status, gains)
    assert np.argsort(-ranks).tolist() == [4, 1, 2, 5, 3, 0, 6]
    assert ranks[6] == -math.inf
    equals = improvement_ranks(np.zeros(3), np.zeros(3))
    assert equals[0] > equals[1] > equals[2]


def emitted(emitter: CMAEmitter, archive: GridArchive, n: int, random: RandomStream):
    return emitter.emit(n, archive, random, None), emitter.marks(n)


def test_cma_moves_to_where_the_archive_becomes_better_and_begins_anew_where_nothing_does():
    archive, random = filled(BOX, [0.0] * 4), stream()
    emitter = CMAEmitter(0.05).placed(BOX, 20)
    means = []
    for _ in range(15):  # the larger the first gene the more it helps
        children, marks = emitted(emitter, archive, 20, random)
        emitter.learn(children, marks, np.ones(20, np.int8), children[:, 0], archive, random)
        means.append(children[:, 0].mean())
    assert means[-1] > 0.9 and emitter.restarts == 0
    children, marks = emitted(emitter, archive, 20, random)
    emitter.learn(children, marks, np.zeros(20, np.int8), np.full(20, -1.0), archive, random)
    assert emitter.restarts == 1
    assert abs(emitted(emitter, archive, 200, random)[0].mean()) < 0.05  # around the only elite again


def test_cma_takes_late_answers_but_none_from_before_it_began_anew():
    archive, random = filled(BOX, [0.0] * 4), stream()
    emitter = CMAEmitter(0.05).placed(BOX, 10)
    late, late_marks = emitted(emitter, archive, 30, random)
    children, marks = emitted(emitter, archive, 10, random)
    outcome = (np.ones(10, np.int8), children[:, 0], archive, random)
    emitter.learn(children, marks, *outcome)
    emitter.learn(late[:10], late_marks[:10], *outcome)  # of an earlier generation
    children, marks = emitted(emitter, archive, 10, random)
    emitter.learn(children, marks, np.zeros(10, np.int8), -np.ones(10), archive, random)
    assert emitter.restarts == 1
    emitter.learn(late[10:], late_marks[10:], np.zeros(20, np.int8), -np.ones(20), archive, random)
    assert emitter.restarts == 1  # nobody heard of that


@pytest.mark.parametrize("emitters", [[CMAEmitter(0.1)] * 5, [CMAEmitter(0.1), IsoLineEmitter()]])
def test_cma_fills_more_than_gaussian_steps_do_where_behaviours_are_hard_to_reach(emitters):
    space = RangeGenotype(20, (-5.12, 5.12))

    def projected(genomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -(genomes**2).sum(axis=1), genomes.reshape(-1, 2, 10).sum(axis=2)

    scores = []
    for chosen in (emitters, [GaussianEmitter(0.1)]):
        archive = GridArchive([30, 30], [(-51.2, 51.2)] * 2, qd_score_offset=-20 * 5.12**2)
        MAPElites(space, archive, chosen, maximize=True, seed=1).run(projected, vectorized=True, evaluations=15_000)
        scores.append(archive.qd_score)
    assert scores[0] > 1.05 * scores[1]


# Curiosity


def test_curiosity_rises_with_children_that_are_let_in_and_falls_with_others():
    curiosity, ids = Curiosity(), np.array([0, 1, 0, 1])
    curiosity.judge(np.full(2, -1), np.full(2, -1), np.array([2, 2], np.int8), np.array([0, 1]))
    births = curiosity.births(ids)
    curiosity.judge(ids, births, np.array([1, 0, 2, 0], np.int8), np.array([2, -1, 3, -1]))
    assert curiosity.scores(4).tolist() == [2.0, -1.0, 0.0, 0.0]
    curiosity.judge(np.array([1]), curiosity.births(np.array([1])), np.array([1], np.int8), np.array([0]))
    assert curiosity.scores(4).tolist() == [0.0, 0.0, 0.0, 0.0]  # row 0 has a new elite, which begins with 0


def test_answers_to_children_of_an_elite_that_is_gone_say_nothing_of_the_next_one():
    curiosity, row = Curiosity(), np.array([0])
    curiosity.judge(np.array([-1]), np.array([-1]), np.array([2], np.int8), row)
    before = curiosity.births(row)
    curiosity.judge(np.array([-1]), np.array([-1]), np.array([1], np.int8), row)
    curiosity.judge(row, before, np.array([1], np.int8), np.array([1]))
    assert curiosity.scores(2).tolist() == [0.0, 0.0]


def test_curious_elites_are_parents_more_often_and_nobody_is_given_up():
    curiosity, rows = Curiosity(), np.arange(3)
    curiosity.judge(np.full(3, -1), np.full(3, -1), np.full(3, 2, np.int8), rows)
    births = curiosity.births(rows)
    curiosity.judge(rows, births, np.array([1, 0, 1], np.int8), np.full(3, -1))
    drawn = np.bincount(curiosity.draw(6000, 3, stream()), minlength=3) / 6000
    assert drawn == pytest.approx([1.05 / 2.15, 0.05 / 2.15, 1.05 / 2.15], abs=0.03)


def test_a_search_by_curiosity_keeps_its_scores_with_its_elites():
    search = MAPElites(BOX, plane(), [GaussianEmitter(0.05)], batch_size=20, maximize=True, parents="curiosity", seed=1)
    seen: list[np.ndarray] = []
    search.run(hill, vectorized=True, evaluations=2000, callback=lambda s: seen.append(s.curiosity))
    assert len(seen[-1]) == len(search.archive)
    assert max(scores.max() for scores in seen) > 0.0 > seen[-1].min()
    assert len(seen[0]) < len(seen[-1]) and (seen[0] == 0.0).all()
    uniform = MAPElites(BOX, plane(), maximize=True, seed=1)
    uniform.run(hill, vectorized=True, evaluations=200)
    assert (uniform.curiosity == 0.0).all()


# Quality


def test_it_fills_as_well_as_pyribs():
    from ribs import emitters
    from ribs.archives import GridArchive as PeerArchive
    from ribs.schedulers import Scheduler

    def fitness(genomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -(genomes**2).sum(axis=1), genomes.reshape(-1, 2, 5).sum(axis=2)

    ranges, offset = [(-25.0, 25.0)] * 2, -10 * 5.12**2
    ours, peers = [], []
    for seed in range(5):
        archive = GridArchive([30, 30], ranges, qd_score_offset=offset)
        search = MAPElites(
            RangeGenotype(10, (-5.12, 5.12)), archive, [IsoLineEmitter(0.01, 0.2)], maximize=True, seed=seed
        )
        search.run(fitness, vectorized=True, evaluations=10_000)
        ours.append((archive.coverage, archive.qd_score))
        peer = PeerArchive(solution_dim=10, dims=[30, 30], ranges=ranges, qd_score_offset=offset, seed=seed)
        first = np.random.default_rng(seed).uniform(-5.12, 5.12, (100, 10))
        emitter = emitters.IsoLineEmitter(
            peer,
            iso_sigma=0.1024,
            line_sigma=0.2,
            initial_solutions=first,
            bounds=[(-5.12, 5.12)] * 10,
            batch_size=100,
            seed=seed,
        )
        scheduler = Scheduler(peer, [emitter])
        for _ in range(100):
            scheduler.tell(*fitness(scheduler.ask()))
        peers.append((float(peer.stats.coverage), float(peer.stats.qd_score)))
    np.testing.assert_allclose(np.mean(ours, axis=0), np.mean(peers, axis=0), rtol=0.03)
