"""Binning: what falls into which cell, and what is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gigaevo.kernels import Binning


@dataclass(frozen=True)
class Axes:
    """A grid as the kernels take it."""

    lower: np.ndarray
    upper: np.ndarray
    resolution: np.ndarray
    binning: np.ndarray

    def arguments(self) -> tuple[np.ndarray, ...]:
        return self.lower, self.upper, self.resolution, self.binning


def axes(*rows: tuple[float, float, int, Binning]) -> Axes:
    lower, upper, resolution, binning = zip(*rows, strict=True)
    return Axes(
        np.array(lower, dtype=np.float64),
        np.array(upper, dtype=np.float64),
        np.array(resolution, dtype=np.int64),
        np.array(binning, dtype=np.uint8),
    )


@st.composite
def axis_rows(draw: st.DrawFn) -> tuple[float, float, int, Binning]:
    binning = draw(st.sampled_from(Binning))
    least = 1e-3 if binning is Binning.LOGARITHMIC else -1e4
    lower = draw(st.floats(least, 1e4))
    width = draw(st.floats(1e-2, 1e4))
    return lower, lower + width, draw(st.integers(1, 300)), binning


@st.composite
def grids_and_points(draw: st.DrawFn) -> tuple[Axes, np.ndarray]:
    """Up to 7 axes of up to 300 cells, and points inside, on the bounds and outside."""
    rows = draw(st.lists(axis_rows(), min_size=1, max_size=7))
    of_axis = [
        st.one_of(st.floats(lower, upper), st.sampled_from([lower, upper]), st.floats(-1e6, 1e6))
        for lower, upper, _, _ in rows
    ]
    points = draw(st.lists(st.tuples(*of_axis), max_size=20))
    return axes(*rows), np.array(points, dtype=np.float64).reshape(-1, len(rows))


def explicit_edges(lower: float, upper: float, resolution: int, binning: Binning) -> np.ndarray:
    """The edges of the cells written down one by one."""
    steps = np.linspace(0.0, 1.0, resolution + 1)
    if binning is Binning.LOGARITHMIC:
        return lower * (upper / lower) ** steps
    return lower + (upper - lower) * (steps**2 if binning is Binning.SQUARE_ROOT else steps)


@given(grids_and_points())
@settings(max_examples=150, deadline=None)
def test_both_implementations_give_the_same_cells(both_grids, case):
    grid, points = case
    compiled, twin = both_grids
    ours, theirs = (module.bin_grid(points, *grid.arguments()) for module in (compiled, twin))
    assert ours.dtype == theirs.dtype == np.int64
    np.testing.assert_array_equal(ours, theirs)
    for point in points:
        assert compiled.bin_point(point, *grid.arguments()) == twin.bin_point(point, *grid.arguments())
        assert compiled.bin_cell(point, *grid.arguments()) == twin.bin_cell(point, *grid.arguments())


@given(case=grids_and_points())
@settings(max_examples=100, deadline=None)
def test_a_point_alone_falls_into_the_cell_it_has_in_a_batch(grid: ModuleType, case):
    axes_of_grid, points = case
    cells = grid.bin_grid(points, *axes_of_grid.arguments())
    for point, cell in zip(points, cells, strict=True):
        indices = grid.bin_point(point, *axes_of_grid.arguments())
        assert np.ravel_multi_index(indices, tuple(axes_of_grid.resolution)) == cell
        assert grid.bin_cell(point, *axes_of_grid.arguments()) == cell
        assert all(type(index) is int for index in indices)


@given(row=axis_rows(), fractions=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_cells_lie_between_their_explicit_edges(grid: ModuleType, row, fractions):
    lower, upper, _, _ = row
    points = np.array([min(lower + fraction * (upper - lower), upper) for fraction in fractions])
    edges = explicit_edges(*row)
    gap = np.abs(points[:, None] - edges).min(axis=1)
    points = points[gap > 1e-9 * max(abs(lower), abs(upper))]
    cells = grid.bin_grid(points[:, None], *axes(row).arguments())
    np.testing.assert_array_equal(cells, np.searchsorted(edges, points, side="right") - 1)


@given(row=axis_rows())
@settings(max_examples=100, deadline=None)
def test_bounds_belong_to_the_first_and_last_cell(grid: ModuleType, row):
    lower, upper, resolution, _ = row
    cells = grid.bin_grid([[lower], [upper]], *axes(row).arguments())
    assert cells.tolist() == [0, resolution - 1]


@given(row=axis_rows())
@settings(max_examples=100, deadline=None)
def test_values_beyond_the_bounds_go_to_the_edge_cells(grid: ModuleType, row):
    lower, upper, resolution, _ = row
    below, above = math.nextafter(lower, -math.inf), math.nextafter(upper, math.inf)
    cells = grid.bin_grid([[below], [above], [-1e300], [1e300]], *axes(row).arguments())
    assert cells.tolist() == [0, resolution - 1, 0, resolution - 1]


@pytest.mark.parametrize(
    ("row", "edges"),
    [
        ((0.0, 98.0, 2, Binning.LINEAR), [49.0]),
        ((0.0, 49.0, 49, Binning.LINEAR), list(range(1, 49))),
        ((0.0, 1.0, 10, Binning.LINEAR), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        ((1.0, 1000.0, 3, Binning.LOGARITHMIC), [10.0, 100.0]),
        ((1.0, 1024.0, 10, Binning.LOGARITHMIC), [2.0**power for power in range(1, 10)]),
        ((0.0, 100.0, 10, Binning.SQUARE_ROOT), [float(root**2) for root in range(1, 10)]),
    ],
)
def test_a_value_on_an_edge_belongs_to_the_cell_above_it(grid: ModuleType, row, edges):
    cells = grid.bin_grid(np.array(edges, dtype=np.float64)[:, None], *axes(row).arguments())
    assert cells.tolist() == list(range(1, len(edges) + 1))


def test_cells_are_numbered_with_the_last_axis_fastest(grid: ModuleType):
    square = axes((0.0, 1.0, 3, Binning.LINEAR), (0.0, 1.0, 4, Binning.LINEAR))
    cells = grid.bin_grid([[0.0, 0.0], [0.0, 0.3], [0.5, 0.0], [1.0, 1.0]], *square.arguments())
    assert cells.tolist() == [0, 1, 4, 11]


@pytest.mark.parametrize("dims", range(1, 9))
def test_a_long_batch_is_binned_as_its_parts_are(grid: ModuleType, dims):
    box = axes(*[(-1.0, 1.0, 9, Binning.LINEAR)] * dims)
    points = np.random.default_rng(dims).uniform(-1.3, 1.3, (333, dims))
    cells = grid.bin_grid(points, *box.arguments())
    parts = [grid.bin_grid(part, *box.arguments()) for part in np.array_split(points, 111)]
    np.testing.assert_array_equal(cells, np.concatenate(parts))


@pytest.mark.parametrize("binning", [Binning.LINEAR, Binning.SQUARE_ROOT])
@pytest.mark.parametrize("dims", range(1, 9))
def test_points_are_binned_wherever_they_lie(grid: ModuleType, dims, binning):
    box = axes(*[(-1.0, 1.0, 9, binning)] * dims)
    table = np.random.default_rng(dims).uniform(-1.3, 1.3, (300, 20))
    for points in (table[:, :dims], table[::-3, 2 * dims : dims : -1], table.T[:dims].T, table[:, :: 20 // dims]):
        points = points[:, :dims]
        np.testing.assert_array_equal(
            grid.bin_grid(points, *box.arguments()), grid.bin_grid(points.copy(), *box.arguments())
        )


def test_no_points_give_no_cells(grid: ModuleType):
    cells = grid.bin_grid(np.empty((0, 2)), *axes(*[(0.0, 1.0, 3, Binning.LINEAR)] * 2).arguments())
    assert cells.shape == (0,)


def test_a_grid_may_have_as_many_cells_as_62_bits_can_number(grid: ModuleType):
    huge = axes(*[(0.0, 1.0, 2**31, Binning.LINEAR)] * 2)
    cells = grid.bin_grid([[0.0, 0.0], [1.0, 1.0]], *huge.arguments())
    assert cells.tolist() == [0, 2**62 - 1]


@given(values=hnp.arrays(np.float32, (4, 2), elements=st.floats(-2, 2, width=32)))
@settings(max_examples=30, deadline=None)
def test_other_types_and_layouts_are_converted(grid: ModuleType, values):
    square = axes(*[(-1.0, 1.0, 9, Binning.SQUARE_ROOT)] * 2)
    expected = grid.bin_grid(values.astype(np.float64), *square.arguments())
    arguments = ([-1, -1], [1, 1], [9, 9], [Binning.SQUARE_ROOT] * 2)
    for given_as in (values, np.asfortranarray(values), values.astype(">f8"), values.tolist()):
        cells = grid.bin_grid(given_as, *arguments)
        np.testing.assert_array_equal(cells, expected)


UNIT = ([0.0, 0.0], [1.0, 1.0], [4, 4], [0, 0])

REFUSED = [
    (([[0.1, 0.2], [0.3, math.nan]], *UNIT), r"values\[1, 1\] \(row 1, axis 1\) is nan"),
    (([[0.1, 0.2], [-math.inf, 0.1]], *UNIT), r"values\[1, 0\] \(row 1, axis 0\) is -inf"),
    (([0.1, 0.2], *UNIT), r"values has shape \(2,\), expected 2 dimensions"),
    (([["a", "b"]], *UNIT), r"values must be real numbers"),
    (([[0.1]], *UNIT), r"lower has shape \(2,\), expected \(1,\)"),
    ((np.zeros((1, 9)), *UNIT), r"values have 9 axes, expected 1 to 8"),
    ((np.zeros((1, 0)), [], [], [], []), r"values have 0 axes, expected 1 to 8"),
    (([[0.1, 0.2]], [0.0, 1.0], *UNIT[1:]), r"lower\[1\] is 1.0, expected less than upper\[1\], which is 1.0"),
    (([[0.1, 0.2]], [0.0, math.nan], *UNIT[1:]), r"lower\[1\] is nan, expected a finite number"),
    (([[0.1, 0.2]], UNIT[0], [math.inf, 1.0], *UNIT[2:]), r"upper\[0\] is inf, expected a finite number"),
    (([[0.1, 0.2]], *UNIT[:2], [4, 0], UNIT[3]), r"resolution\[1\] is 0, expected 1 to 2\*\*31"),
    (([[0.1, 0.2]], *UNIT[:2], [4, 2**31 + 1], UNIT[3]), r"resolution\[1\] is 2147483649, expected 1 to"),
    (([[0.1, 0.2]], *UNIT[:2], [4.5, 1.0], UNIT[3]), r"resolution must be integers \(int64\), not float64"),
    (([[0.1, 0.2]], *UNIT[:3], [0, 3]), r"binning\[1\] is 3, expected one of 0 \(LINEAR\)"),
    (([[0.1, 0.2]], *UNIT[:3], np.array([9, 0], np.uint8)), r"binning\[0\] is 9, expected one of"),
    (([[0.1, 0.2]], *UNIT[:3], [0, 1]), r"lower\[1\] is 0.0, expected more than 0 as the axis is logarithmic"),
    ((np.zeros((1, 3)), [0.0] * 3, [1.0] * 3, [2**30] * 3, [0] * 3), r"makes more than 2\*\*62 cells"),
    (([[0.1]], [-1e308], [1.7e308], [4], [0]), r"lower\[0\] to upper\[0\], .* too narrow or too wide"),
    (([[0.1]], [0.0], [5e-324], [4], [0]), r"lower\[0\] to upper\[0\], .* too narrow or too wide"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_does_not_fit_is_refused_by_name(grid: ModuleType, arguments, message):
    with pytest.raises(ValueError, match=message):
        grid.bin_grid(*arguments)


@pytest.mark.parametrize(("value", "message"), [(math.nan, "nan"), (math.inf, "inf")])
def test_a_point_that_is_not_finite_is_refused_by_name(grid: ModuleType, value, message):
    with pytest.raises(ValueError, match=rf"values\[1\] is {message}, expected a finite number"):
        grid.bin_point([0.5, value], *UNIT)
    with pytest.raises(ValueError, match=rf"values\[1\] is {message}, expected a finite number"):
        grid.bin_cell([0.5, value], *UNIT)


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_both_implementations_refuse_with_the_same_words(both_grids, arguments, message):
    texts = []
    for module in both_grids:
        with pytest.raises(ValueError, match=message) as caught:
            module.bin_grid(*arguments)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_linear_cells_are_those_of_pyribs(grid: ModuleType):
    from ribs import archives

    peer = archives.GridArchive(solution_dim=1, dims=[20, 30], ranges=[(-1.0, 1.0), (0.0, 5.0)])
    points = np.random.default_rng(3).uniform([-1.2, -0.3], [1.2, 5.3], (5000, 2))
    rectangle = axes((-1.0, 1.0, 20, Binning.LINEAR), (0.0, 5.0, 30, Binning.LINEAR))
    cells = grid.bin_grid(points, *rectangle.arguments())
    np.testing.assert_array_equal(cells, peer.index_of(points))
