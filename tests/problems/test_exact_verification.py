"""The shipped problems' verify.py: it accepts whatever the validator accepts, and no cheat."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from shipped import SEED_IDS, SEEDS, module, output_of, problem, validate

NAMES = ("circle_packing", "heilbron", "min_max_distance")


def verify(name: str, output: Any) -> dict[str, float]:
    found: dict[str, float] = module(problem(name).folder / "verify.py").verify(output)
    return found


def is_verified(name: str, output: Any) -> bool:
    try:
        verify(name, output)
    except ValueError:
        return False
    return True


def is_valid(name: str, output: Any) -> bool:
    try:
        return validate(name, output)["is_valid"] == 1.0
    except ValueError:
        return False


# Outputs that lie on the border of the rules, where rounding decides


def touching_circles(rng: np.random.Generator) -> np.ndarray:
    """A packing in which a few circles touch a neighbour or a wall as closely as doubles can say."""
    centres = np.array([((k % 6 + 0.5) / 6.5, (k // 6 + 0.5) / 5.5) for k in range(26)])
    centres += 0.02 + rng.uniform(-0.01, 0.01, (26, 2))
    radii = np.full(26, 0.05)
    for k in rng.choice(26, 3, replace=False):
        others = min(math.dist(centres[k], centres[j]) - radii[j] for j in range(26) if j != k)
        radii[k] = min(others, *centres[k], *(1.0 - centres[k]))
    return np.column_stack([centres, radii])


def points_on_edges(rng: np.random.Generator) -> np.ndarray:
    """Points of which some are computed to lie on an edge of the triangle, and one on a corner."""
    corners = module(problem("heilbron").validate_path).CORNERS
    weights = rng.dirichlet([1.0, 1.0, 1.0], 11)
    for row in weights[:4]:
        row[rng.integers(3)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    points = weights @ corners
    points[8] = corners[rng.integers(3)]
    return points


def nearly_coincident_points(rng: np.random.Generator) -> np.ndarray:
    """Points of which two are about as near as they may be."""
    points = rng.uniform(-1.0, 1.0, (16, 2)) * 10.0 ** rng.uniform(-100, 5)
    size = max(math.dist(a, b) for a, b in combinations(points.tolist(), 2))
    turn = rng.uniform(0.0, 2.0 * math.pi)
    points[5] = points[9] + 1e-6 * size * np.array([math.cos(turn), math.sin(turn)])
    return points


BORDERS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "circle_packing": touching_circles,
    "heilbron": points_on_edges,
    "min_max_distance": nearly_coincident_points,
}


@pytest.mark.parametrize("name", NAMES)
@given(number=st.integers(0, 10**9), ulps=st.lists(st.tuples(st.integers(0, 77), st.sampled_from([-1, 1])), max_size=6))
@settings(max_examples=120, deadline=None)
def test_what_the_validator_accepts_is_verified(name: str, number: int, ulps: list[tuple[int, int]]) -> None:
    output = BORDERS[name](np.random.default_rng(number))
    for place, direction in ulps:
        value = output.flat[place % output.size]
        output.flat[place % output.size] = np.nextafter(value, direction * math.inf)
    if is_valid(name, output):
        verify(name, output)
    elif name != "min_max_distance":  # its validator leaves a margin for rounding
        assert not is_verified(name, output)


@pytest.mark.parametrize("name", NAMES)
def test_the_borders_are_met_from_both_sides(name: str) -> None:
    verdicts = {is_valid(name, BORDERS[name](np.random.default_rng(number))) for number in range(200)}
    assert verdicts == {True, False}


@pytest.mark.parametrize("seed", [s for s in SEEDS if s[0] in NAMES], ids=[i for i in SEED_IDS if i.startswith(NAMES)])
def test_initial_programs_are_verified_with_the_score_that_the_validator_gives(seed: tuple[str, Any]) -> None:
    name, path = seed
    output = output_of(name, path)
    assert verify(name, output)["fitness"] == pytest.approx(validate(name, output)["fitness"], abs=1e-12)
    assert verify(name, np.asarray(output).tolist()) == verify(name, output)


def test_a_packing_of_an_optimiser_is_verified() -> None:
    """Radii as large as a linear program makes them, shrunk until the validator accepts."""
    circle = module(problem("circle_packing").validate_path)
    start = touching_circles(np.random.default_rng(3))
    pairs = list(combinations(range(26), 2))

    def slack(z: np.ndarray) -> np.ndarray:
        rows = z.reshape(26, 3)
        return -circle.excesses(rows)

    solved = minimize(
        lambda z: -z.reshape(26, 3)[:, 2].sum(),
        start.ravel(),
        constraints={"type": "ineq", "fun": slack},
        method="SLSQP",
        options={"maxiter": 12},
    ).x.reshape(26, 3)
    worst = max(0.0, float(circle.excesses(solved).max()))
    solved[:, 2] -= worst
    while not is_valid("circle_packing", solved):
        solved[:, 2] -= 1e-17
    assert verify("circle_packing", solved)["fitness"] > start[:, 2].sum()
    distances = [math.dist(solved[i, :2], solved[j, :2]) - solved[i, 2] - solved[j, 2] for i, j in pairs]
    assert min(distances) < 1e-9, "some circles touch"


# Cheats


def ulp_of_overlap() -> np.ndarray:
    circles = np.array([(0.0625 + 0.125 * (k % 8), 0.0625 + 0.125 * (k // 8), 0.0625) for k in range(26)])
    circles[10, 2] = np.nextafter(0.0625, 1.0)
    return circles


def hidden_overlap() -> np.ndarray:
    """Two circles that overlap by less than a rounding error: however it is computed, they seem to touch."""
    circles = np.column_stack([np.full((26, 2), 0.5), np.zeros(26)])
    for x, y, u, v in np.random.default_rng(0).uniform(0.2, 0.8, (20_000, 4)).tolist():
        distance = min(math.hypot(x - u, y - v), math.sqrt((x - u) ** 2 + (y - v) ** 2))
        r = distance / 2
        exact = (Fraction(x) - Fraction(u)) ** 2 + (Fraction(y) - Fraction(v)) ** 2
        if r + r <= distance and exact < (2 * Fraction(r)) ** 2 and r < 0.15:
            circles[:, :2] = [(0.01, 0.01 + 0.03 * k) for k in range(26)]
            circles[0], circles[1] = (x, y, r), (u, v, r)
            return circles
    raise AssertionError("none was found")


def spread_points() -> np.ndarray:
    corners = module(problem("heilbron").validate_path).CORNERS
    return np.random.default_rng(1).dirichlet([2.0, 2.0, 2.0], 11) @ corners


def ulp_outside() -> np.ndarray:
    points = spread_points()
    points[4] = (0.5, -5e-324)
    return points


def ulp_outside_a_slanting_edge() -> np.ndarray:
    corners = module(problem("heilbron").validate_path).CORNERS
    points = spread_points()
    points[4] = corners[2]
    points[4, 1] = np.nextafter(points[4, 1], 2.0)
    return points


def with_value(name: str, value: float) -> np.ndarray:
    output = {"circle_packing": ulp_of_overlap, "heilbron": spread_points}.get(name, square)().astype(float)
    output.flat[2] = value
    return output


def square() -> np.ndarray:
    return np.array([[k % 4, k // 4] for k in range(16)], dtype=float)


def duplicates() -> np.ndarray:
    points = square()
    points[3] = points[7]
    return points


def duplicated_circle() -> np.ndarray:
    circles = ulp_of_overlap()
    circles[10] = circles[9]
    return circles


CHEATS = {
    "an overlap of one ulp": ("circle_packing", ulp_of_overlap),
    "an overlap that rounding hides": ("circle_packing", hidden_overlap),
    "the same circle twice": ("circle_packing", duplicated_circle),
    "a point one ulp below the triangle": ("heilbron", ulp_outside),
    "a point one ulp beyond a corner": ("heilbron", ulp_outside_a_slanting_edge),
    "the same point twice": ("min_max_distance", duplicates),
    **{
        f"{value} in {name}": (name, lambda name=name, value=value: with_value(name, value))
        for name in NAMES
        for value in (math.nan, math.inf, -math.inf, 1e300)
    },
    **{f"too few rows in {name}": (name, lambda: square()[:5]) for name in NAMES},
    **{f"text in {name}": (name, lambda: [["0", "1"]] * 16) for name in NAMES},
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_is_refused_by_both(cheat: str) -> None:
    name, output = CHEATS[cheat]
    assert not is_valid(name, output())
    with pytest.raises(ValueError, match=r"\w"):
        verify(name, output())


@pytest.mark.parametrize("name", NAMES)
def test_a_score_that_is_not_the_exact_one_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    output = output_of(name, problem(name).initial_programs[0].path)
    verifier = module(problem(name).folder / "verify.py")
    honest = verifier.validate
    monkeypatch.setattr(verifier, "validate", lambda value: {"fitness": honest(value)["fitness"] * (1 + 1e-8)})
    with pytest.raises(ValueError, match="the validator gives"):
        verifier.verify(output)


def test_a_row_of_points_has_no_area_and_may_say_so() -> None:
    points = [[0.1 * k, 0.0] for k in range(11)]
    assert verify("heilbron", points)["fitness"] == 0.0
    assert verify("heilbron", points)["area"] == pytest.approx(1.0, abs=1e-15)
