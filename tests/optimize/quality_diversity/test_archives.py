"""Archives of vectors: what they keep, what they tell, and that they agree with pyribs."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.kernels import AddStatus
from gigaevo.optimize import CVTArchive, GridArchive, spread_centroids

UNIT = [(0.0, 1.0), (0.0, 1.0)]
CENTROIDS = np.random.default_rng(0).random((30, 2))


def grid(**options) -> GridArchive:
    return GridArchive([4, 3], UNIT, **options)


def tessellation(**options) -> CVTArchive:
    return CVTArchive(CENTROIDS, UNIT, **options)


BOTH = pytest.mark.parametrize("make", [grid, tessellation])


def items(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Genomes, fitness with many ties, and behaviours within the ranges and around them."""
    return rng.random((n, 3)), rng.integers(0, 20, n) / 4.0, rng.uniform(-0.2, 1.2, (n, 2))


def assert_same(one, other) -> None:
    for name in ("genomes", "fitness", "behaviors", "cells"):
        np.testing.assert_array_equal(one.data()[name], other.data()[name])


@BOTH
@pytest.mark.parametrize("maximize", [True, False])
def test_a_cell_keeps_the_best_it_ever_saw(make, maximize):
    rng, archive, best = np.random.default_rng(1), make(), {}
    archive.prepare(3, maximize)
    better = max if maximize else min
    for _ in range(30):
        genomes, fitness, behaviors = items(rng, 40)
        archive.add(genomes, fitness, behaviors)
        for cell, value in zip(archive.index_of(behaviors).tolist(), fitness.tolist(), strict=True):
            best[cell] = better(best.get(cell, value), value)
    found = archive.data()
    assert dict(zip(found.cells.tolist(), found.fitness.tolist(), strict=True)) == best
    np.testing.assert_array_equal(archive.index_of(found.behaviors), found.cells)


@BOTH
@given(seed=st.integers(0, 2**32), depth=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_a_batch_is_what_its_items_are_one_after_the_other(make, seed, depth):
    rng = np.random.default_rng(seed)
    together, apart = make(elites_per_cell=depth), make(elites_per_cell=depth)
    for n in (1, 7, 30):
        genomes, fitness, behaviors = items(rng, n)
        genomes = np.round(genomes)  # the same ones again and again
        status = together.add(genomes, fitness, behaviors)
        singles = [apart.add_single(*item) for item in zip(genomes, fitness, behaviors, strict=True)]
        assert status.tolist() == singles and all(type(single) is AddStatus for single in singles)
    assert_same(together, apart)
    assert together.stats == apart.stats


@given(seed=st.integers(0, 2**32), depth=st.integers(2, 4))
@settings(max_examples=30, deadline=None)
def test_a_cell_keeps_the_best_different_genomes_that_fit_in(seed, depth):
    rng, archive, seen = np.random.default_rng(seed), grid(elites_per_cell=depth), {}
    for _ in range(4):
        genomes, fitness, behaviors = items(rng, 50)
        genomes = np.round(genomes * 2.0)
        archive.add(genomes, fitness, behaviors)
        for cell, genome, value in zip(archive.index_of(behaviors), genomes, fitness, strict=True):
            known = seen.setdefault(int(cell), {})
            known[tuple(genome)] = max(known.get(tuple(genome), -math.inf), value)
    for cell, known in seen.items():
        elites = archive.elites_of(cell)
        assert elites.fitness.tolist() == sorted(known.values(), reverse=True)[:depth]
        kept = dict(zip(map(tuple, elites.genomes), elites.fitness, strict=True))
        assert len(kept) == len(elites)
        assert all(known[genome] == value for genome, value in kept.items())
    assert archive.coverage == len(seen) / 12
    assert len(archive) == sum(min(depth, len(known)) for known in seen.values())


def test_of_equals_the_first_stays():
    archive = grid()
    assert archive.add([[1.0], [2.0], [3.0]], [1.0, 1.0, 2.0], [[0.1, 0.1]] * 3).tolist() == [2, 0, 1]
    assert archive.add_single([4.0], 2.0, [0.1, 0.1]) is AddStatus.REJECTED
    assert archive.data().genomes.tolist() == [[3.0]]


@BOTH
def test_what_is_not_finite_is_not_let_in_and_counted(make):
    archive = make()
    genomes, nan, inf = np.arange(6.0)[:, None], math.nan, math.inf
    status = archive.add(
        genomes,
        [1.0, nan, inf, -inf, 5.0, 2.0],
        [[0.1, 0.1], [0.5, 0.5], [0.9, 0.9], [0.9, 0.1], [nan, 0.1], [0.9, 0.9]],
    )
    assert status.tolist() == [2, 0, 0, 0, 0, 2]
    assert archive.data().genomes[:, 0].tolist() == [0.0, 5.0]
    assert archive.invalid == 4
    assert archive.add_single([9.0], nan, [0.1, 0.1]) is AddStatus.REJECTED
    assert archive.add_single([9.0], 9.0, [0.1, inf]) is AddStatus.REJECTED
    assert archive.invalid == 6
    assert archive.add([[9.0]], [nan], [[nan, nan]]).tolist() == [0]


def test_statistics_of_what_is_maximised_and_of_what_is_minimised():
    archive = grid(qd_score_offset=-2.0)
    archive.add([[1.0], [2.0]], [3.0, -1.0], [[0.1, 0.1], [0.9, 0.9]])
    stats = archive.stats
    assert (stats.num_elites, stats.coverage, stats.qd_score) == (2, 2 / 12, 6.0)
    assert (stats.best_fitness, stats.mean_fitness, stats["norm_qd_score"]) == (3.0, 1.0, 0.5)
    assert archive.best_elite.genomes.tolist() == [[1.0]]
    down = grid(qd_score_offset=10.0)
    down.prepare(1, maximize=False)
    down.add([[1.0], [2.0], [3.0]], [3.0, -1.0, 4.0], [[0.1, 0.1], [0.9, 0.9], [0.1, 0.1]])
    assert (down.stats.qd_score, down.stats.best_fitness, down.stats.mean_fitness) == (18.0, -1.0, 1.0)
    assert down.best_elite.fitness.tolist() == [-1.0]
    assert down.data().fitness.tolist() == [3.0, -1.0]


def test_an_empty_archive_tells_so():
    archive = grid()
    assert len(archive) == len(archive.data()) == len(archive.best_elite) == len(archive.elites_of(3)) == 0
    assert archive.stats.num_elites == 0 and math.isnan(archive.stats.best_fitness)
    assert np.isnan(archive.heatmap()).all()
    with pytest.raises(ValueError, match="the archive is empty"):
        archive.sample_elites(1)


def test_elites_are_sampled_with_equal_chances():
    archive = grid()
    archive.add([[0.0], [1.0], [2.0]], [0.0] * 3, [[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]])
    drawn = archive.sample_elites(3000, seed=1)
    assert abs(np.bincount(drawn.genomes[:, 0].astype(int)) - 1000).max() < 150
    np.testing.assert_array_equal(drawn.cells, archive.index_of(drawn.behaviors))
    np.testing.assert_array_equal(archive.sample_elites(9, seed=2).cells, archive.sample_elites(9, seed=2).cells)


def test_a_heatmap_has_the_best_of_each_cell():
    archive = grid(elites_per_cell=2)
    archive.add([[1.0], [2.0], [3.0]], [5.0, 7.0, -1.0], [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    picture = archive.heatmap()
    assert picture.shape == (4, 3) and picture[0, 0] == 7.0 and picture[3, 2] == -1.0
    assert np.isnan(picture).sum() == 10


def test_edges_of_cells_follow_the_binning():
    archive = GridArchive([2, 2, 2], [(0, 4), (1, 100), (0, 4)], binning=["linear", "logarithmic", "square_root"])
    assert [edges.tolist() for edges in archive.boundaries] == [[0, 2, 4], [1, 10, 100], [0, 1, 4]]
    assert archive.index_of([[1.9, 9.0, 0.9], [2.0, 10.0, 1.0]]).tolist() == [0, 7]


def test_a_hundred_million_cells_cost_what_their_elites_cost():
    archive = GridArchive([100] * 4, [(0.0, 1.0)] * 4)
    rng = np.random.default_rng(2)
    genomes, behaviors = rng.random((5000, 2)), rng.random((5000, 4))
    assert (archive.add(genomes, rng.random(5000), behaviors) == AddStatus.NEW).sum() > 4990
    assert archive.coverage == len(archive) / 10**8
    assert len(pickle.dumps(archive)) < 600_000
    np.testing.assert_array_equal(archive.index_of(archive.data().behaviors), archive.data().cells)


@BOTH
@pytest.mark.parametrize("depth", [1, 2])
def test_pickled_archives_go_on_alike(make, depth):
    rng, archive = np.random.default_rng(3), make(elites_per_cell=depth, qd_score_offset=-1.0)
    assert len(pickle.loads(pickle.dumps(archive))) == 0
    archive.add(*items(rng, 50))
    again = pickle.loads(pickle.dumps(archive))
    more = items(rng, 50)
    np.testing.assert_array_equal(archive.add(*more), again.add(*more))
    assert_same(archive, again)
    assert repr(archive) == repr(again) and archive.stats == again.stats


@pytest.mark.parametrize("add_batches", [True, False])
@BOTH
def test_pyribs_keeps_the_same_elites(make, add_batches):
    from ribs import archives as ribs

    ours = make(qd_score_offset=-3.0)
    options = {"solution_dim": 3, "ranges": UNIT, "qd_score_offset": -3.0}
    kind, cells = (ribs.GridArchive, {"dims": [4, 3]}) if make is grid else (ribs.CVTArchive, {"centroids": CENTROIDS})
    peer = kind(**cells, **options)
    rng = np.random.default_rng(4)
    for _ in range(8):
        genomes, fitness, behaviors = items(rng, 12)
        np.testing.assert_array_equal(ours.index_of(behaviors), peer.index_of(behaviors))
        if add_batches:
            ours.add(genomes, fitness, behaviors)
            peer.add(genomes, fitness, behaviors)
        else:
            status = ours.add(genomes, fitness, behaviors)
            theirs = [peer.add_single(*item)["status"] for item in zip(genomes, fitness, behaviors, strict=True)]
            assert status.tolist() == [int(one) for one in theirs]
    kept = peer.data(["index", "objective", "measures", "solution"])
    order, peer_order = np.argsort(ours.data().cells), np.argsort(kept["index"])
    for name, theirs in (
        ("cells", "index"),
        ("fitness", "objective"),
        ("behaviors", "measures"),
        ("genomes", "solution"),
    ):
        np.testing.assert_array_equal(ours.data()[name][order], kept[theirs][peer_order])
    stats = ours.stats
    assert stats.num_elites == peer.stats.num_elites and stats.coverage == peer.stats.coverage
    for name, theirs in (
        ("qd_score", "qd_score"),
        ("norm_qd_score", "norm_qd_score"),
        ("best_fitness", "obj_max"),
        ("mean_fitness", "obj_mean"),
    ):
        assert stats[name] == pytest.approx(float(getattr(peer.stats, theirs)), rel=1e-12)


def test_centroids_are_spread_evenly_and_repeatably():
    ranges = [(-1.0, 1.0), (10.0, 12.0)]
    centroids = spread_centroids(50, ranges, samples=5000, seed=1)
    np.testing.assert_array_equal(centroids, spread_centroids(50, ranges, samples=5000, seed=1))
    assert (centroids >= [-1.0, 10.0]).all() and (centroids <= [1.0, 12.0]).all()
    points = np.random.default_rng(2).uniform([-1.0, 10.0], [1.0, 12.0], (50_000, 2))
    sizes = np.bincount(CVTArchive(centroids, ranges).index_of(points), minlength=50)
    scattered = np.bincount(CVTArchive(points[:50], ranges).index_of(points), minlength=50)
    assert sizes.std() < 0.5 * scattered.std()
    assert CVTArchive(50, ranges, samples=5000, seed=1).total_cells == 50
    np.testing.assert_array_equal(CVTArchive(50, ranges, samples=5000, seed=1).centroids, centroids)


def test_an_archive_refuses_another_kind_of_genome_or_direction_while_it_holds_elites():
    archive = grid()
    archive.add([[1.0, 2.0]], [1.0], [[0.5, 0.5]])
    with pytest.raises(ValueError, match=r"holds genomes of 2 genes, maximised, .* genomes of 3 genes"):
        archive.add([[1.0, 2.0, 3.0]], [1.0], [[0.5, 0.5]])
    with pytest.raises(ValueError, match="filled with genomes of 2 genes, minimised"):
        archive.prepare(2, maximize=False)
    archive.clear()
    archive.prepare(3, maximize=False)
    assert archive.add([[1.0, 2.0, 3.0]], [1.0], [[0.5, 0.5]]).tolist() == [2]


MADE = [
    (lambda: GridArchive([4], UNIT), "ranges has 2 entries, expected 1"),
    (lambda: GridArchive([4, 0], UNIT), r"dims\[1\] is 0, expected a whole number from 1"),
    (lambda: GridArchive([4, 2.5], UNIT), r"dims\[1\] is 2.5, expected a whole number from 1"),
    (lambda: GridArchive([], []), "values have 0 axes, expected 1 to 8"),
    (lambda: GridArchive([4, 4], [(0, 1), (1, 0)]), r"ranges\[1\] is \(1, 0\), expected two finite numbers, the lower"),
    (lambda: GridArchive([4, 4], [(0, 1), 5]), r"ranges\[1\] is 5, expected \(lowest, highest\)"),
    (
        lambda: GridArchive([4], [(0, 1)], binning="log"),
        "binning is 'log', expected one of linear, logarithmic, square",
    ),
    (lambda: GridArchive([4], [(0, 1)], binning="logarithmic"), r"lower\[0\] is 0.0, expected more than 0"),
    (lambda: GridArchive([4], [(0, 1)], binning=["linear"] * 2), "binning has 2 entries, expected 1"),
    (lambda: GridArchive([4], [(0, 1)], elites_per_cell=0), "elites_per_cell is 0, expected a whole number from 1"),
    (lambda: GridArchive([4], [(0, 1)], qd_score_offset=math.inf), "qd_score_offset is inf"),
    (lambda: GridArchive([4], [(0, 1)], qd_score_offset=None), "qd_score_offset is None, expected a finite number"),
    (lambda: GridArchive(4, [(0, 1)]), "dims is 4, expected a number of cells for each axis"),
    (lambda: GridArchive(["x"], [(0, 1)]), r"dims\[0\] is 'x', expected a whole number from 1"),
    (lambda: CVTArchive(0, UNIT), "centroids is 0, expected a whole number from 1"),
    (lambda: CVTArchive(10, UNIT, samples=5), "samples is 5, expected a whole number from 10"),
    (lambda: CVTArchive([[0.0]], UNIT), r"lower has shape \(2,\), expected \(1,\)"),
]


@pytest.mark.parametrize(("make", "message"), MADE)
def test_archives_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


ADDED = [
    (([1.0], [1.0], [[0.0, 0.0]]), r"genomes has shape \(1,\), expected 2 dimensions"),
    (([[1.0]], [1.0, 2.0], [[0.0, 0.0]]), r"fitness has shape \(2,\), expected \(1,\)"),
    (([[1.0]], [1.0], [[0.0]]), r"behaviors has shape \(1, 1\), expected \(1, 2\)"),
    (([["a"]], [1.0], [[0.0, 0.0]]), "genomes must be real numbers"),
]


@pytest.mark.parametrize(("arguments", "message"), ADDED)
def test_items_of_another_shape_are_refused(arguments, message):
    archive = grid()
    with pytest.raises(ValueError, match=message):
        archive.add(*arguments)
    assert len(archive) == 0


def test_a_single_item_of_another_shape_is_refused():
    archive = grid()
    archive.add_single([1.0], 1.0, [0.5, 0.5])
    for genome, behavior, message in (([1.0, 2.0], [0.5, 0.5], "2 genes"), ([1.0], [0.5], r"behaviors has shape")):
        with pytest.raises(ValueError, match=message):
            archive.add_single(genome, 1.0, behavior)
    with pytest.raises(ValueError, match="cell is 12, expected 0 to 11"):
        archive.elites_of(12)


@pytest.mark.parametrize("n", [-1, 1.5, "few"])
def test_a_number_of_elites_that_is_none_is_named(n):
    archive = GridArchive([2], [(0.0, 1.0)])
    archive.add_single([1.0], 1.0, [0.5])
    with pytest.raises(ValueError, match=f"n is {n!r}, expected a whole number from 0"):
        archive.sample_elites(n)


@pytest.mark.parametrize("cell", [-1, 2, 0.5, "left"])
def test_a_cell_that_is_none_is_named(cell):
    with pytest.raises(ValueError, match=f"cell is {cell!r}, expected 0 to 1"):
        GridArchive([2], [(0.0, 1.0)]).elites_of(cell)
