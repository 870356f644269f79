"""The problems that come with the project: their seeds, their formulae, their rules."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import ConvexHull, QhullError
from shipped import NAMES, NUMERIC_NAMES, SEED_IDS, SEEDS, module, output_of, problem, validate

from gigaevo.problems import list_problems
from gigaevo.programs import evolve_blocks

# The best fitness an initial program may have: the problems are there to be solved by the search.
CEILINGS = {
    "api_endpoint": 0.8,
    "bin_packing": -6.0,
    "circle_packing": 1.0,
    "data_pipeline": 0.7,
    "heilbron": 0.003,
    "min_max_distance": -25.0,
    "sorting": 0.65,
    "toy_example": -1.0,
}


@pytest.fixture(scope="module", params=SEEDS, ids=SEED_IDS)
def seed(request: pytest.FixtureRequest) -> tuple[str, Path]:
    return request.param


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_folder_is_whole(name: str) -> None:
    shipped = problem(name)
    assert shipped.metrics.primary_key == "fitness"
    assert len(shipped.initial_programs) >= 3
    assert shipped.settings.behavior_keys


def test_the_list_shows_every_shipped_folder_as_whole() -> None:
    listings = list_problems(problem("heilbron").folder.parent)
    assert [listing.name for listing in listings] == sorted([*NAMES, *NUMERIC_NAMES])
    assert all(listing.summary and not listing.missing for listing in listings)


def test_a_seed_is_valid_and_weak(seed: tuple[str, Path]) -> None:
    name, path = seed
    metrics = problem(name).metrics
    scored = validate(name, output_of(name, path))
    assert scored["is_valid"] == 1.0
    assert metrics.signed("fitness", scored["fitness"]) <= CEILINGS[name]


def test_a_seed_gives_the_metrics_that_are_declared_and_within_their_bounds(seed: tuple[str, Path]) -> None:
    name, path = seed
    metrics = problem(name).metrics
    scored = validate(name, output_of(name, path))
    assert set(scored) == set(metrics.declared)
    assert all(type(value) is float for value in scored.values())
    assert metrics.out_of_bounds(scored) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_seeds_differ_in_fitness(name: str) -> None:
    scores = {
        round(validate(name, output_of(name, seed.path))["fitness"], 6) for seed in problem(name).initial_programs
    }
    assert len(scores) >= 3


HOSTILE = [
    np.zeros((26, 3), complex),
    [["1", "2"]] * 11,
    None,
    "text",
    b"\xff",
    [],
    [[]],
    [[1.0]],
    {"a": 1},
    1e400,
    [1, [2, 3]],
    ["a", "b"],
    [1e300, 10**400],
]
NUMERIC = {"circle_packing": (26, 3), "heilbron": (11, 2), "min_max_distance": (16, 2), "toy_example": (2,)}


@pytest.mark.parametrize("output", HOSTILE, ids=lambda output: repr(output)[:20])
@pytest.mark.parametrize("name", NAMES)
def test_an_output_of_the_wrong_kind_is_refused_in_words(name: str, output: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        validate(name, output)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300], ids=str)
@pytest.mark.parametrize("name", NUMERIC)
def test_a_number_that_is_not_finite_or_is_huge_is_refused_in_words(name: str, value: float) -> None:
    output = np.linspace(0.1, 0.9, math.prod(NUMERIC[name])).reshape(NUMERIC[name])
    output.flat[1] = value
    with pytest.raises(ValueError, match="expected finite"):
        validate(name, output)


# --- toy_example ---


def test_the_lowest_point_of_the_toy_scores_exactly_zero_and_its_surroundings_more() -> None:
    lowest = np.array(module(problem("toy_example").validate_path).LOWEST)
    assert validate("toy_example", lowest)["fitness"] == 0.0
    for angle in np.linspace(0.0, 2.0 * math.pi, 16):
        step = np.array([math.cos(angle), math.sin(angle)])
        near, far = (validate("toy_example", lowest + size * step)["fitness"] for size in (1e-4, 1e-2))
        assert 0.0 < near < far


def test_no_seed_of_the_toy_lies_near_the_lowest_point() -> None:
    lowest = module(problem("toy_example").validate_path).LOWEST
    points = [output_of("toy_example", seed.path) for seed in problem("toy_example").initial_programs]
    assert min(math.dist(point, lowest) for point in points) > 0.5


@given(st.tuples(st.floats(-5.0, 5.0), st.floats(-5.0, 5.0)))
@settings(deadline=None)
def test_the_toy_is_the_stated_formula(point: tuple[float, float]) -> None:
    toy = module(problem("toy_example").validate_path)
    offset = complex(*point) - complex(*toy.LOWEST)
    turned = offset * complex(math.cos(toy.TURN), -math.sin(toy.TURN))
    p, w = turned.real, turned.imag - 0.4 * turned.real**2
    expected = p**2 + 8 * w**2 + 1.2 * (1 - math.cos(3 * p)) + 0.5 * (1 - math.cos(2 * w))
    assert validate("toy_example", list(point))["fitness"] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_point_outside_the_square_is_invalid_by_how_far_it_is_outside() -> None:
    scored = validate("toy_example", [5.5, -7.0])
    assert (scored["is_valid"], scored["constraint_violation"]) == (0.0, 2.5)


# --- heilbron ---


@given(arrays(float, (11, 2), elements=st.floats(-1.0, 2.0)))
@settings(max_examples=50, deadline=None)
def test_heilbron_scores_the_smallest_of_all_triangles(points: np.ndarray) -> None:
    plane = [complex(*point) for point in points.tolist()]
    smallest = min(0.5 * abs(((b - a).conjugate() * (c - a)).imag) for a, b, c in combinations(plane, 3))
    assert validate("heilbron", points)["fitness"] == pytest.approx(smallest, abs=1e-12)


def test_the_triangle_has_area_one_and_holds_its_own_corners() -> None:
    heilbron = module(problem("heilbron").validate_path)
    corners = heilbron.CORNERS
    (ux, uy), (vx, vy) = corners[1] - corners[0], corners[2] - corners[0]
    assert 0.5 * (ux * vy - uy * vx) == pytest.approx(1.0, abs=1e-15)
    points = np.vstack([corners, np.full((8, 2), corners.mean(axis=0))])
    assert validate("heilbron", points)["is_valid"] == 1.0


@given(st.lists(st.tuples(*[st.floats(-0.5, 1.5)] * 2), min_size=11, max_size=11))
@settings(max_examples=50, deadline=None)
def test_heilbron_measures_how_far_points_are_outside(weights: list[tuple[float, float]]) -> None:
    corners = module(problem("heilbron").validate_path).CORNERS
    barycentric = np.array([(u, v, 1.0 - u - v) for u, v in weights])
    scored = validate("heilbron", barycentric @ corners)
    assert scored["constraint_violation"] == pytest.approx(np.maximum(-barycentric, 0.0).sum(), abs=1e-12)
    assert scored["is_valid"] == float(scored["constraint_violation"] == 0.0)


# --- circle_packing ---


def exact_violations(circles: np.ndarray) -> bool:
    """Whether any rule is broken, in exact arithmetic."""
    rows = [tuple(map(Fraction, row)) for row in circles.tolist()]
    walls = any(r < 0 or r > min(x, y, 1 - x, 1 - y) for x, y, r in rows)
    return walls or any((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 < (a[2] + b[2]) ** 2 for a, b in combinations(rows, 2))


@given(st.integers(0, 10**6), st.floats(0.0, 0.12))
@settings(max_examples=50, deadline=None)
def test_a_packing_is_valid_exactly_when_no_rule_is_broken(number: int, radius: float) -> None:
    rng = np.random.default_rng(number)
    grid = np.array([(0.1 + 0.16 * (k % 6), 0.1 + 0.16 * (k // 6)) for k in range(26)])
    circles = np.column_stack([grid + rng.normal(0.0, 0.01, (26, 2)), np.full(26, radius)])
    scored = validate("circle_packing", circles)
    assert (scored["is_valid"] == 0.0) == exact_violations(circles)
    assert (scored["constraint_violation"] == 0.0) == (scored["is_valid"] == 1.0)
    assert scored["fitness"] == pytest.approx(26 * radius)


def test_circles_may_touch_and_not_overlap_in_the_last_digits() -> None:
    # All numbers are sums of powers of two, so touching is exact.
    touching = np.array([(0.0625 + 0.125 * (k % 8), 0.0625 + 0.125 * (k // 8), 0.0625) for k in range(26)])
    assert validate("circle_packing", touching)["is_valid"] == 1.0
    assert validate("circle_packing", touching)["fitness"] == 26 / 16
    touching[10, 2] = 0.0625 + 1e-16
    assert validate("circle_packing", touching)["is_valid"] == 0.0


def test_a_negative_radius_is_no_way_out() -> None:
    circles = np.column_stack([np.full((26, 2), 0.5), np.full(26, -0.1)])
    scored = validate("circle_packing", circles)
    assert scored["is_valid"] == 0.0
    assert scored["constraint_violation"] == pytest.approx(2.6)


# --- min_max_distance ---


@given(arrays(float, (16, 2), elements=st.floats(-100.0, 100.0)), st.floats(0.01, 100.0))
@settings(max_examples=50, deadline=None)
def test_the_ratio_of_distances_does_not_depend_on_scale(points: np.ndarray, scale: float) -> None:
    distances = [math.dist(a, b) for a, b in combinations(points.tolist(), 2)]
    if min(distances) <= 2e-6 * max(distances):
        return
    expected = (max(distances) / min(distances)) ** 2
    assert validate("min_max_distance", points)["fitness"] == pytest.approx(expected, rel=1e-9)
    assert validate("min_max_distance", points * scale)["fitness"] == pytest.approx(expected, rel=1e-6)


def test_known_arrangements_have_their_known_ratio() -> None:
    square = [[k % 4, k // 4] for k in range(16)]
    hexagonal = [[k % 4 + 0.5 * (k // 4 % 2), (k // 4) * math.sqrt(0.75)] for k in range(16)]
    assert validate("min_max_distance", square)["fitness"] == 18.0
    # Corner to corner of a lattice whose odd rows stand half a step to the right.
    assert validate("min_max_distance", hexagonal)["fitness"] == pytest.approx(3.5**2 + 9 * 0.75)


def test_the_hull_of_a_ring_is_all_of_it_and_that_of_a_square_grid_its_corners() -> None:
    ring = [[math.cos(k * math.pi / 8), math.sin(k * math.pi / 8)] for k in range(16)]
    square = [[k % 4, k // 4] for k in range(16)]
    assert validate("min_max_distance", ring)["hull_share"] == 1.0
    assert validate("min_max_distance", square)["hull_share"] == 4 / 16


@given(arrays(float, (16, 2), elements=st.integers(-9, 9).map(float), unique=False))
@settings(max_examples=50, deadline=None)
def test_the_hull_corners_are_those_that_scipy_finds(points: np.ndarray) -> None:
    try:
        expected = len(ConvexHull(points).vertices)
    except QhullError:  # all on one line
        return
    assert module(problem("min_max_distance").validate_path).hull_corners(points) == expected


@pytest.mark.parametrize("apart", [0.0, 1e-9])
def test_points_that_coincide_are_refused(apart: float) -> None:
    points = np.array([[k % 4, k // 4] for k in range(16)], dtype=float)
    points[5] = points[9] + apart
    with pytest.raises(ValueError, match="points 5 and 9 coincide"):
        validate("min_max_distance", points)
    with pytest.raises(ValueError, match="coincide"):
        validate("min_max_distance", np.full((16, 2), 3.0))


# --- bin_packing ---


def test_bins_are_counted_from_below_and_what_they_hold_is_checked() -> None:
    context = module(problem("bin_packing").folder / "context.py").build_context()
    alone = [list(range(len(sizes))) for sizes in context["lists"]]
    scored = validate("bin_packing", alone)
    ratios = [len(sizes) / math.ceil(sum(sizes) / context["capacity"]) for sizes in context["lists"]]
    assert scored["fitness"] == pytest.approx(100.0 * (np.mean(ratios) - 1.0))
    assert scored["full_bins"] == 0.0
    for broken in ([[0] * 150] * 10, [bins[:-1] for bins in alone], [[float(n) for n in bins] for bins in alone]):
        with pytest.raises(ValueError, match="expected"):
            validate("bin_packing", broken)


def test_what_lies_outside_of_the_block_is_the_same_in_every_seed_of_bin_packing() -> None:
    seeds = problem("bin_packing").initial_programs
    assert all(evolve_blocks.has_blocks(seed.source) for seed in seeds)
    assert len({seed.files["lib/packing.py"] for seed in seeds}) == 1
    assert problem("bin_packing").settings.editable == ("main.py",)
