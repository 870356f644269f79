"""Particle swarms: how particles move, what they remember, whom they follow, and what is refused."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gigaevo.kernels.advances import Task
from gigaevo.kernels.checks.functions_checks import REAL
from gigaevo.kernels.checks.swarm_checks import Flight
from tests.kernels.conftest import compiled, stream_for

LEAST_P = 1e-6


@st.composite
def flights(draw: st.DrawFn) -> dict[str, Any]:
    """All that ``fly`` takes, draws included; a particle may move twice."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, genes, n = draw(st.integers(1, 6)), draw(st.integers(1, 9)), draw(st.integers(0, 8))
    lower = np.floor(rng.uniform(-9, 0, genes))
    upper = lower + np.floor(rng.uniform(0, 9, genes))
    words = rng.integers(0, 2**64, (n, genes), dtype=np.uint64)
    words[rng.random(words.shape) < 0.2] = draw(st.sampled_from([0, 2**32 - 1, 2**63, 2**64 - 1]))
    return {
        "positions": lower + rng.random((size, genes)) * (upper - lower),
        "velocities": rng.normal(size=(size, genes)),
        "own": lower + rng.random((size, genes)) * (upper - lower),
        "leaders": rng.integers(0, size, size),
        "particles": rng.integers(0, size, n),
        "flight": Flight(draw(st.floats(0.0, 1.5)), draw(st.floats(0.0, 3.0)), draw(st.floats(0.0, 3.0))),
        "limits": rng.uniform(0.01, 1.0, genes) * (upper - lower),
        "lower": lower,
        "upper": upper,
        "integer": rng.random(genes) < 0.3 if draw(st.booleans()) else None,
        "draws": words,
    }


def copied(case: dict[str, Any]) -> dict[str, Any]:
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in case.items()}


def flown(case: dict[str, Any]) -> np.ndarray:
    """``fly`` gene by gene in plain Python; changes the case."""
    inertia, cognitive, social = case["flight"]
    codes = np.empty((len(case["particles"]), len(case["lower"])))
    for row, particle in enumerate(case["particles"].tolist()):
        for gene in range(codes.shape[1]):
            word = int(case["draws"][row, gene])
            r, s = (word >> 32) / 2**32, (word & (2**32 - 1)) / 2**32
            x, leader = case["positions"][particle, gene], case["leaders"][particle]
            v = inertia * case["velocities"][particle, gene] + (cognitive * r) * (case["own"][particle, gene] - x)
            v = v + (social * s) * (case["own"][leader, gene] - x)
            v = min(max(v, -case["limits"][gene]), case["limits"][gene])
            to = min(max(x + v, case["lower"][gene]), case["upper"][gene])
            case["velocities"][particle, gene] = v if to == x + v else 0.0
            case["positions"][particle, gene] = to
            whole = case["integer"] is not None and case["integer"][gene]
            codes[row, gene] = np.rint(to) if whole else to
    return codes


@given(case=flights())
@settings(max_examples=80, deadline=None)
def test_particles_move_by_the_formula(swarm: ModuleType, case: dict[str, Any]) -> None:
    plain, ours = copied(case), copied(case)
    expected = flown(plain)
    codes = swarm.fly(**ours, stream=stream_for(swarm))
    np.testing.assert_array_equal(codes, expected)
    for name in ("positions", "velocities"):
        np.testing.assert_array_equal(ours[name], plain[name])
    for name in ("own", "leaders", "particles", "draws"):
        np.testing.assert_array_equal(ours[name], case[name])


@given(case=flights())
@settings(max_examples=50, deadline=None)
def test_both_implementations_move_particles_alike(both_swarms: Any, case: dict[str, Any]) -> None:
    ours, twins = copied(case), copied(case)
    for mine, theirs in zip(
        (both_swarms[0].fly(**ours, stream=stream_for(both_swarms[0])), ours["positions"], ours["velocities"]),
        (both_swarms[1].fly(**twins, stream=stream_for(both_swarms[1])), twins["positions"], twins["velocities"]),
        strict=True,
    ):
        np.testing.assert_array_equal(mine.view(np.uint64), theirs.view(np.uint64))


@given(case=flights())
@settings(max_examples=50, deadline=None)
def test_particles_stay_within_bounds_and_speed(swarm: ModuleType, case: dict[str, Any]) -> None:
    ours = {**copied(case), "draws": None}
    codes = swarm.fly(**ours, stream=stream_for(swarm))
    for places in (codes, ours["positions"]):
        assert ((places >= case["lower"]) & (places <= case["upper"])).all()
    moved = np.unique(case["particles"])
    assert (np.abs(ours["velocities"][moved]) <= case["limits"]).all()
    resting = np.setdiff1d(np.arange(len(case["own"])), moved)
    np.testing.assert_array_equal(ours["positions"][resting], case["positions"][resting])


def test_a_particle_stops_at_the_bound_that_it_would_cross(swarm: ModuleType) -> None:
    positions, velocities = np.array([[9.0, 1.0, 5.0]]), np.array([[2.0, -2.0, 1.0]])
    bounds = np.zeros(3), np.full(3, 10.0)
    flight = Flight(1.0, 0.0, 0.0)
    swarm.fly(
        positions, velocities, positions.copy(), [0], [0], flight, np.full(3, 5.0), *bounds, None, stream_for(swarm)
    )
    assert positions.tolist() == [[10.0, 0.0, 6.0]]
    assert velocities.tolist() == [[0.0, 0.0, 1.0]]


@pytest.mark.parametrize("flight", [Flight(0.0, 1.0, 0.0), Flight(0.0, 0.0, 1.0)])
def test_pulls_are_drawn_evenly_for_each_gene(swarm: ModuleType, flight: Flight) -> None:
    genes = 20_001
    positions, velocities, wide = np.zeros((1, genes)), np.zeros((1, genes)), np.full(genes, 2.0)
    codes = swarm.fly(
        positions, velocities, np.ones((1, genes)), [0], [0], flight, wide, -wide, wide, None, stream_for(swarm, 3)
    )
    assert stats.kstest(codes[0], "uniform").pvalue > LEAST_P
    assert stats.chisquare(np.bincount((codes[0] * 16).astype(int), minlength=16)).pvalue > LEAST_P
    pairs = codes[0, :-1].reshape(-1, 2)
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.05
    np.testing.assert_array_equal(codes, velocities)


@st.composite
def visits(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, genes, n = draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(0, 12))
    merits = st.sampled_from([-math.inf, -1.0, 0.0, 2.0, 5.0])
    return (
        rng.random((size, genes)),
        np.array(draw(st.lists(merits, min_size=size, max_size=size))),
        rng.integers(0, size, n),
        rng.random((n, genes)),
        np.array(draw(st.lists(merits, min_size=n, max_size=n)), np.float64),
    )


@given(case=visits())
@settings(max_examples=80, deadline=None)
def test_a_particle_remembers_the_first_place_where_it_was_best(
    swarm: ModuleType, case: tuple[np.ndarray, ...]
) -> None:
    own, merits, particles, codes, worth = case
    expected, better = [*zip(own.copy(), merits.tolist(), strict=True)], 0
    for particle, code, merit in zip(particles.tolist(), codes, worth.tolist(), strict=True):
        if merit > expected[particle][1]:
            expected[particle] = (code, merit)
            better += 1
    assert swarm.note_own(own, merits, particles, codes, worth) == better
    np.testing.assert_array_equal(own, [place for place, _ in expected])
    assert merits.tolist() == [merit for _, merit in expected]


@given(
    merits=st.lists(st.sampled_from([-math.inf, -1.0, 0.0, 2.0]), min_size=1, max_size=12),
    neighbors=st.integers(1, 14),
)
@settings(max_examples=80, deadline=None)
def test_the_best_neighbour_on_the_ring_leads(swarm: ModuleType, merits: list[float], neighbors: int) -> None:
    size = len(merits)
    leaders = swarm.ring_leaders(merits, neighbors)
    for particle, leader in enumerate(leaders.tolist()):
        reach = min(neighbors, size // 2)
        seen = [(particle + step) % size for step in range(-reach, reach + 1)]
        assert leader in seen
        assert merits[leader] == max(merits[other] for other in seen)
        if merits[particle] == merits[leader]:
            assert leader == particle
        else:
            assert leader == next(other for other in seen if merits[other] == merits[leader])


@pytest.mark.parametrize("neighbors", [0, 1])
@pytest.mark.parametrize("target", [math.inf, -20.0])
def test_the_loop_does_what_its_parts_do(swarm: ModuleType, neighbors: int, target: float) -> None:
    evaluate = compiled("functions_numpy" if "numpy" in swarm.__name__ else "_functions").evaluate
    size, genes, code = 10, 5, REAL.index("rastrigin")
    rng = np.random.default_rng(4)
    lower, upper, limits = np.full(genes, -5.0), np.full(genes, 5.0), np.full(genes, 3.0)
    integer, flight, particles = np.arange(genes) == 1, Flight(0.73, 1.5, 1.5), np.arange(size)
    positions = rng.uniform(-5.0, 5.0, (size, genes))
    merits = -evaluate(code, positions)
    leaders = swarm.ring_leaders(merits, 1) if neighbors else np.full(size, merits.argmax())
    state = [positions, np.zeros((size, genes)), positions, merits, leaders]
    ours, parts = ([array.copy() for array in state] for _ in range(2))
    streams, best = (stream_for(swarm, 5), stream_for(swarm, 5)), np.empty(genes)
    space = (flight, limits, lower, upper, integer)
    made = swarm.advance(
        *ours, particles, *space, neighbors, Task(code, -1.0, 30, target, float(merits.max()), best), streams[0]
    )
    positions, velocities, own, merits, leaders = parts
    best_merit, best_generation, expected_best = float(merits.max()), 0, np.empty(genes)
    for generation in range(1, 31):
        codes = swarm.fly(positions, velocities, own, leaders, particles, *space, streams[1])
        worth = -evaluate(code, codes)
        if worth.max() > best_merit:
            best_merit, best_generation, expected_best = float(worth.max()), generation, codes[worth.argmax()]
        if swarm.note_own(own, merits, particles, codes, worth):
            leaders[:] = swarm.ring_leaders(merits, neighbors) if neighbors else merits.argmax()
        if best_merit >= target:
            break
    assert made == (generation, 0, best_merit, best_generation)
    np.testing.assert_array_equal(best, expected_best)
    for mine, theirs in zip(ours, parts, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(streams[0].state, streams[1].state)


# what is refused

SOUND: dict[str, dict[str, Any]] = {
    "fly": {
        "positions": np.zeros((3, 2)),
        "velocities": np.zeros((3, 2)),
        "own": np.zeros((3, 2)),
        "leaders": [0, 0, 0],
        "particles": [0, 1],
        "flight": Flight(0.7, 1.5, 1.5),
        "limits": np.ones(2),
        "lower": np.full(2, -1.0),
        "upper": np.ones(2),
        "integer": None,
    },
    "note_own": {
        "own": np.zeros((3, 2)),
        "merits": np.zeros(3),
        "particles": [0],
        "codes": [[1.0, 2.0]],
        "code_merits": [1.0],
    },
    "ring_leaders": {"merits": [1.0, 2.0], "neighbors": 1},
}
REFUSED = [
    ("fly", {"positions": [[0.0, 0.0]]}, r"positions is list, expected a writable C-contiguous float64 array of 2"),
    ("fly", {"velocities": np.zeros((3, 2), int)}, r"velocities is int64 of shape \(3, 2\), expected a writable"),
    ("fly", {"velocities": np.zeros((2, 2))}, r"velocities has shape \(2, 2\), expected \(3, 2\)"),
    ("fly", {"own": np.zeros((3, 1))}, r"own has shape \(3, 1\), expected \(3, 2\)"),
    ("fly", {"leaders": [0, 0]}, r"leaders has shape \(2,\), expected \(3,\)"),
    ("fly", {"leaders": [0, 0, 3]}, r"leaders\[2\] is 3, expected 0 to 2"),
    ("fly", {"particles": [-1]}, r"particles\[0\] is -1, expected 0 to 2"),
    ("fly", {"limits": np.ones(3)}, r"limits has shape \(3,\), expected \(2,\)"),
    ("fly", {"lower": np.ones(3)}, r"lower has shape \(3,\), expected \(2,\)"),
    ("fly", {"upper": np.ones((2, 2))}, r"upper has shape \(2, 2\), expected 1 dimension"),
    ("fly", {"integer": [True]}, r"integer has shape \(1,\), expected \(2,\)"),
    ("fly", {"draws": np.zeros((1, 2), np.uint64)}, r"draws has shape \(1, 2\), expected \(2, 2\)"),
    ("fly", {"draws": np.zeros((2, 2))}, r"draws must be uint64, not float64"),
    ("note_own", {"own": np.zeros(3)}, r"own is float64 of shape \(3,\), expected a writable"),
    ("note_own", {"merits": np.zeros(2)}, r"merits has shape \(2,\), expected \(3,\)"),
    ("note_own", {"particles": [3]}, r"particles\[0\] is 3, expected 0 to 2"),
    ("note_own", {"codes": [[1.0]]}, r"codes has shape \(1, 1\), expected \(1, 2\)"),
    ("note_own", {"code_merits": []}, r"code_merits has shape \(0,\), expected \(1,\)"),
    ("ring_leaders", {"merits": []}, r"merits is empty, expected one particle or more"),
    ("ring_leaders", {"neighbors": 0}, r"neighbors is 0, expected 1 or more"),
]


@pytest.mark.parametrize(("name", "wrong", "message"), REFUSED)
def test_what_does_not_fit_is_refused_with_the_same_words(
    both_swarms: Any, name: str, wrong: dict[str, Any], message: str
) -> None:
    texts = []
    for module in both_swarms:
        stream = {"stream": stream_for(module)} if name == "fly" else {}
        with pytest.raises(ValueError, match=message) as caught:
            getattr(module, name)(**{**copied(SOUND[name]), **wrong}, **stream)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", SOUND)
def test_what_fits_is_accepted(swarm: ModuleType, name: str) -> None:
    """The arguments that the refused ones differ from."""
    stream = {"stream": stream_for(swarm)} if name == "fly" else {}
    assert getattr(swarm, name)(**copied(SOUND[name]), **stream) is not None


SOUND_LOOP: dict[str, Any] = {
    **SOUND["fly"],
    "leaders": np.zeros(3, np.int64),
    "merits": np.zeros(3),
    "neighbors": 1,
}
SOUND_TASK = Task(0, -1.0, 2, math.inf, 0.0, np.zeros(2))
REFUSED_LOOP = [
    ({"task": SOUND_TASK._replace(generations=0)}, r"generations is 0, expected 1 or more"),
    ({"neighbors": -1}, r"neighbors is -1, expected 0 or more"),
    ({"leaders": [0, 0, 0]}, r"leaders is not a writable int64 array"),
    ({"leaders": np.array([0, 0, 3])}, r"leaders\[2\] is 3, expected 0 to 2"),
    ({"task": SOUND_TASK._replace(function=-1)}, r"function is -1, expected 0 to"),
    ({"own": np.zeros((3, 2), np.float32)}, r"own is float32 of shape \(3, 2\), expected a writable"),
    ({"merits": np.zeros(2)}, r"merits has shape \(2,\), expected \(3,\)"),
    ({"task": SOUND_TASK._replace(best_code=np.zeros(3))}, r"best_code has shape \(3,\), expected \(2,\)"),
    ({"particles": [3]}, r"particles\[0\] is 3, expected 0 to 2"),
    ({"limits": np.ones(3)}, r"limits has shape \(3,\), expected \(2,\)"),
]


@pytest.mark.parametrize(("wrong", "message"), REFUSED_LOOP)
def test_a_loop_that_cannot_be_begun_is_refused(swarm: ModuleType, wrong: dict[str, Any], message: str) -> None:
    assert swarm.advance(**copied(SOUND_LOOP), task=SOUND_TASK, stream=stream_for(swarm)).generations == 2
    with pytest.raises(ValueError, match=message):
        swarm.advance(**{**copied(SOUND_LOOP), "task": SOUND_TASK, **wrong}, stream=stream_for(swarm))
