"""The archive against an independent implementation: pyribs' ``GridArchive`` (Tjanaka et al., 2023) with epsilon 0.

The two differ in one thing. Rounding can take a value that lies on the border of two bins into the lower one: pyribs
leaves it there with epsilon 0, and moves it up by an epsilon of its users' choice; here a border always belongs to the
bin above it. (Values so far outside that their distance in bins exceeds 32 bits overflow in pyribs and are not tried.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ribs.archives import GridArchive

from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.selectors import SumArchiveSelector
from gigaevo.kernels import Binning, EliteArchive, bin_grid
from gigaevo.programs import Program

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Elites = dict[int, tuple[float, int]]  # of each occupied cell the objective, and which addition holds it

ADDITIONS = 10_000
# Bins and bounds of up to four axes; with each more, cells become more and elites of a cell fewer.
AXES = [(12, (-1.0, 3.0)), (9, (0.0, 0.7)), (7, (-250.0, -1.5)), (11, (1e-3, 1e3))]
EDGE_SLACK = Fraction(
    1, 10**12
)  # a value that falls short of a border by less than this part of its place counts as on it


@dataclass(frozen=True)
class Grid:
    """A grid on linear axes."""

    resolution: tuple[int, ...]
    bounds: tuple[tuple[float, float], ...]

    @property
    def keys(self) -> list[str]:
        return [f"axis{number}" for number in range(len(self.resolution))]

    def peer(self) -> GridArchive:
        return GridArchive(solution_dim=1, dims=self.resolution, ranges=self.bounds, epsilon=0.0)

    def cells_of(self, points: FloatArray) -> IntArray:
        lower, upper = np.array(self.bounds).T.copy()
        binning = np.full(len(lower), Binning.LINEAR, dtype=np.uint8)
        return bin_grid(points, lower, upper, np.array(self.resolution), binning)


@dataclass(frozen=True)
class Additions:
    """What is offered, in this order."""

    points: FloatArray  # (n, d)
    objectives: FloatArray  # (n,)

    def batches(self, sizes: tuple[int, ...]) -> Iterator[slice]:
        """Slices of these sizes, again and again."""
        start, turn = 0, 0
        while start < len(self.objectives):
            yield slice(start, start + sizes[turn % len(sizes)])
            start += sizes[turn % len(sizes)]
            turn += 1


def grid_of(dimensions: int) -> Grid:
    resolution, bounds = zip(*AXES[:dimensions], strict=True)
    return Grid(resolution, bounds)


def random_additions(grid: Grid, seed: int) -> Additions:
    """Points within and beyond the bounds, and objectives of which many are equal."""
    rng = np.random.default_rng(seed)
    lower, upper = np.array(grid.bounds).T
    points = lower + rng.uniform(-0.2, 1.2, (ADDITIONS, len(lower))) * (upper - lower)
    return Additions(points, rng.standard_normal(ADDITIONS).round(1))


def elites_of_peer(peer: GridArchive) -> Elites:
    data = peer.data()
    numbers = data["solution"][:, 0].astype(int).tolist()
    return dict(zip(data["index"].tolist(), zip(data["objective"].tolist(), numbers, strict=True), strict=True))


def elites_of_pyribs(grid: Grid, additions: Additions) -> Elites:
    peer = grid.peer()
    peer.add(np.arange(len(additions.objectives))[:, np.newaxis], additions.objectives, additions.points)
    return elites_of_peer(peer)


def elites_of_kernels(grid: Grid, additions: Additions, sizes: tuple[int, ...] = (ADDITIONS,)) -> Elites:
    archive = EliteArchive(math.prod(grid.resolution))
    numbers = np.arange(len(additions.objectives))
    for batch in additions.batches(sizes):
        archive.add(grid.cells_of(additions.points[batch]), additions.objectives[batch], numbers[batch])
    elites = zip(archive.objectives.tolist(), archive.keys.tolist(), strict=True)
    return dict(zip(archive.cells.tolist(), elites, strict=True))


async def elites_of_island(grid: Grid, additions: Additions) -> Elites:
    space = BehaviorSpace(keys=grid.keys, feature_bounds=grid.bounds, resolution=grid.resolution)
    island = Island(island_id="island", behavior_space=space, archive_selector=SumArchiveSelector(["fitness"]))
    offers = zip(additions.points.tolist(), additions.objectives.tolist(), strict=True)
    for number, (point, objective) in enumerate(offers):
        metrics = {"fitness": objective, **dict(zip(grid.keys, point, strict=True))}
        await island.add(Program(id=str(number), metrics=metrics))
    return {
        int(np.ravel_multi_index(cell, grid.resolution)): (program.metrics["fitness"], int(program.id))
        for cell, program in island.archive
    }


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4])
def test_the_kernels_keep_what_pyribs_keeps(dimensions: int) -> None:
    grid = grid_of(dimensions)
    additions = random_additions(grid, seed=dimensions)
    expected = elites_of_pyribs(grid, additions)
    assert len(expected) > 0.5 * min(ADDITIONS, math.prod(grid.resolution))
    assert elites_of_kernels(grid, additions) == expected


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4])
async def test_an_island_keeps_what_pyribs_keeps(dimensions: int) -> None:
    grid = grid_of(dimensions)
    additions = random_additions(grid, seed=10 + dimensions)
    assert await elites_of_island(grid, additions) == elites_of_pyribs(grid, additions)


@pytest.mark.parametrize("sizes", [(1,), (3, 250, 1), (1000,)], ids=str)
def test_it_does_not_matter_in_which_batches_solutions_come(sizes: tuple[int, ...]) -> None:
    grid = grid_of(2)
    additions = random_additions(grid, seed=20)
    peer = grid.peer()
    numbers = np.arange(ADDITIONS)[:, np.newaxis]
    for batch in additions.batches(sizes):
        peer.add(numbers[batch], additions.objectives[batch], additions.points[batch])
    assert elites_of_kernels(grid, additions, sizes) == elites_of_peer(peer) == elites_of_pyribs(grid, additions)


# Eighths and whole numbers are exact in binary, so that rounding takes no value off its border.
EXACT_GRID = Grid((8, 5), ((0.0, 1.0), (-2.0, 3.0)))
EXACT = st.lists(
    st.tuples(
        st.integers(-2, 18).map(lambda sixteenths: sixteenths / 16.0),
        st.integers(-6, 8).map(lambda halves: halves / 2.0),
        st.sampled_from([-1.0, 0.0, 0.5]),
    ),
    min_size=1,
    max_size=40,
)


def additions_from(rows: list[tuple[float, float, float]]) -> Additions:
    table = np.array(rows)
    return Additions(table[:, :2].copy(), table[:, 2].copy())


@given(EXACT)
def test_values_on_borders_and_bounds_belong_to_the_same_cells(rows: list[tuple[float, float, float]]) -> None:
    additions = additions_from(rows)
    assert elites_of_kernels(EXACT_GRID, additions) == elites_of_pyribs(EXACT_GRID, additions)


@given(EXACT)
@settings(max_examples=30)
async def test_an_island_agrees_on_borders_too(rows: list[tuple[float, float, float]]) -> None:
    additions = additions_from(rows)
    assert await elites_of_island(EXACT_GRID, additions) == elites_of_pyribs(EXACT_GRID, additions)


@st.composite
def near_borders(draw: Callable[..., object]) -> tuple[int, float, float, float]:
    """An axis, and a value that is a border of its bins as far as floats go, or the next float on either side."""
    bins = draw(st.integers(1, 1000))
    lower = draw(st.floats(-1e6, 1e6))
    upper = lower + draw(st.floats(1e-3, 1e6))
    value = lower + draw(st.integers(0, bins)) * (upper - lower) / bins
    toward = draw(st.sampled_from([-math.inf, value, math.inf]))
    return bins, lower, upper, math.nextafter(value, toward)


@given(near_borders())
@settings(max_examples=300)
def test_they_differ_only_where_a_value_is_on_a_border_but_for_rounding(
    case: tuple[int, float, float, float],
) -> None:
    bins, lower, upper, value = case
    grid = Grid((bins,), ((lower, upper),))
    ours = int(grid.cells_of(np.array([[value]]))[0])
    theirs = int(grid.peer().index_of_single([value]))
    if ours == theirs:
        return
    assert ours == theirs + 1
    place = (Fraction(value) - Fraction(lower)) * bins / (Fraction(upper) - Fraction(lower))
    assert abs(place - ours) <= 2 * EDGE_SLACK * ours


def test_a_border_that_rounding_misses_belongs_to_the_bin_above_it() -> None:
    grid = Grid((100,), ((0.0, 1.0),))
    point = np.array([[0.29]])  # 100 * 0.29 is 28.999999999999996
    assert grid.peer().index_of(point).tolist() == [28]
    assert grid.cells_of(point).tolist() == [29]
