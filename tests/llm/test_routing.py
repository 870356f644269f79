"""Routing: every model is tried in some order, and what was learned is a pure function of the credits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.llm.routing import Bandit, Cascade, Single, Weighted

NAMES = ["small", "middle", "large"]
MAKERS: dict[str, Callable[[], Any]] = {
    "single": Single,
    "weighted": Weighted,
    "thompson": lambda: Bandit(policy="thompson", decay=0.97),
    "ucb1": lambda: Bandit(policy="ucb1", decay=0.97),
    "cascade": lambda: Cascade(strong_share=0.2, patience=5),
}
EVERY = pytest.mark.parametrize("kind", list(MAKERS))

credits = st.tuples(
    st.sampled_from([*NAMES, "", "somebody else's"]),
    st.floats(min_value=0.0, allow_infinity=False, allow_nan=False),
    st.floats(min_value=0.0, max_value=1e6),
    st.booleans(),
)


def bound(kind: str, weights: Sequence[float] = (1.0, 2.0, 3.0)) -> Any:
    routing = MAKERS[kind]()
    routing.bind(NAMES, list(weights))
    return routing


def taught(routing: Any, lessons: Sequence[tuple[str, float, float, bool]]) -> Any:
    for model, gain, usd, new_best in lessons:
        routing.learn(model, gain=gain, usd=usd, new_best=new_best)
    return routing


@EVERY
@given(lessons=st.lists(credits, max_size=30), seed=st.integers(0, 2**32))
def test_an_order_has_every_model_once_and_depends_on_parameters_and_generator_only(
    kind: str, lessons: list[tuple[str, float, float, bool]], seed: int
) -> None:
    routing = taught(bound(kind), lessons)
    parameters = json.loads(json.dumps(routing.parameters()))
    order = routing.order(parameters, np.random.default_rng(seed))
    assert sorted(order) == sorted(NAMES)
    assert bound(kind).order(parameters, np.random.default_rng(seed)) == order


@EVERY
@given(lessons=st.lists(credits, max_size=40), cut=st.integers(0, 40))
def test_a_restored_state_and_the_rest_equals_all_that_was_learned(
    kind: str, lessons: list[tuple[str, float, float, bool]], cut: int
) -> None:
    whole = taught(bound(kind), lessons)
    before = json.loads(json.dumps(taught(bound(kind), lessons[:cut]).state()))
    again = bound(kind)
    again.restore(before)
    assert taught(again, lessons[cut:]).state() == whole.state()


@EVERY
def test_a_snapshot_without_anything_of_ours_is_a_beginning(kind: str) -> None:
    routing = bound(kind)
    beginning = routing.state()
    taught(routing, [("small", 1.0, 0.1, False)])
    routing.restore({})
    assert routing.state() == beginning


def test_single_asks_the_first_and_lets_the_others_stand_in_in_their_order() -> None:
    assert bound("single").order({}, np.random.default_rng(0)) == NAMES


def test_weights_are_shares_of_the_questions_and_weight_0_only_stands_in() -> None:
    routing, rng = bound("weighted", (1.0, 3.0, 0.0)), np.random.default_rng(1)
    orders = [routing.order({}, rng) for _ in range(4000)]
    assert all(order[2] == "large" for order in orders)
    assert Counter(order[0] for order in orders)["middle"] / 4000 == pytest.approx(0.75, abs=0.03)


# What an answer of each model brings: probability of a gain, its size, and dollars.
World = Mapping[str, tuple[float, float, float]]
BEST_IS_SMALL: World = {"small": (0.10, 1.0, 0.001), "middle": (0.15, 1.0, 0.01), "large": (0.30, 1.0, 0.03)}
BEST_IS_LARGE: World = {"small": (0.02, 1.0, 0.001), "middle": (0.01, 1.0, 0.003), "large": (0.30, 1.0, 0.002)}


def played(routing: Any, world: World, rounds: int, rng: np.random.Generator, *, unit: float = 1.0) -> Counter[str]:
    """Ask and learn; how often each model came first."""
    chosen: Counter[str] = Counter()
    for _ in range(rounds):
        model = routing.order(routing.parameters(), rng)[0]
        chosen[model] += 1
        probability, size, usd = world[model]
        gain = unit * size * float(rng.exponential()) if rng.random() < probability else 0.0
        routing.learn(model, gain=gain, usd=usd, new_best=False)
    return chosen


@pytest.mark.parametrize("policy", ["thompson", "ucb1"])
@pytest.mark.parametrize(("world", "best"), [(BEST_IS_SMALL, "small"), (BEST_IS_LARGE, "large")])
def test_a_bandit_finds_the_model_that_improves_most_for_a_dollar(policy: str, world: World, best: str) -> None:
    chosen: Counter[str] = Counter()
    for seed in range(20):
        routing = Bandit(policy=policy)
        routing.bind(NAMES, [1.0] * 3)
        chosen += played(routing, world, 600, np.random.default_rng(seed))
    assert chosen[best] > 0.6 * chosen.total()
    assert gain_per_dollar(chosen, world) > 2 * gain_per_dollar(Counter(NAMES), world)


def gain_per_dollar(chosen: Counter[str], world: World) -> float:
    """What is to be expected of so many answers of each model."""
    gain = sum(number * world[name][0] for name, number in chosen.items())
    return gain / sum(number * world[name][2] for name, number in chosen.items())


@pytest.mark.parametrize("policy", ["thompson", "ucb1"])
def test_a_bandit_follows_a_change(policy: str) -> None:
    before = {name: (0.3 if name == "small" else 0.02, 1.0, 0.001) for name in NAMES}
    after = {name: (0.3 if name == "large" else 0.02, 1.0, 0.001) for name in NAMES}
    late: Counter[str] = Counter()
    for seed in range(20):
        routing, rng = Bandit(policy=policy, decay=0.98), np.random.default_rng(seed)
        routing.bind(NAMES, [1.0] * 3)
        assert played(routing, before, 800, rng).most_common()[0][0] == "small"
        played(routing, after, 200, rng)
        late += played(routing, after, 100, rng)
    assert late["large"] > 0.6 * late.total()


def test_what_a_bandit_learned_fades_and_without_decay_it_does_not() -> None:
    kept = []
    for decay in (0.5, 1.0):
        routing = Bandit(decay=decay)
        routing.bind(NAMES, [1.0] * 3)
        taught(routing, [("small", 1.0, 1.0, False), *[("large", 0.0, 1.0, False)] * 10])
        kept.append(routing.state()["models"]["small"]["answers"])
    assert kept == [2.0**-10, 1.0]


@pytest.mark.parametrize("policy", ["thompson", "ucb1"])
@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_units_of_the_metric_do_not_matter(policy: str, unit: float) -> None:
    first, second = (Bandit(policy=policy) for _ in range(2))
    for routing in (first, second):
        routing.bind(NAMES, [1.0] * 3)
    expected = played(first, BEST_IS_LARGE, 300, np.random.default_rng(7))
    assert played(second, BEST_IS_LARGE, 300, np.random.default_rng(7), unit=unit) == expected


@pytest.mark.parametrize("policy", ["thompson", "ucb1"])
def test_models_without_prices_are_compared_by_the_answer(policy: str) -> None:
    free = {name: (probability, size, 0.0) for name, (probability, size, _) in BEST_IS_LARGE.items()}
    routing = Bandit(policy=policy)
    routing.bind(NAMES, [1.0] * 3)
    assert played(routing, free, 500, np.random.default_rng(3))["large"] > 300


def test_what_a_bandit_knows_can_be_read() -> None:
    routing = Bandit(decay=0.5)
    routing.bind(NAMES, [1.0] * 3)
    routing.learn("small", gain=2.0, usd=0.25, new_best=True)
    routing.learn("large", gain=0.0, usd=0.5, new_best=False)
    assert routing.parameters()["models"] == {
        "small": {"answers": 0.5, "usd": 0.125, "reward": 0.25},
        "middle": {"answers": 0.0, "usd": 0.0, "reward": 0.0},
        "large": {"answers": 1.0, "usd": 0.5, "reward": 0.0},
    }


def first_choices(routing: Cascade, rounds: int = 400) -> Counter[str]:
    rng = np.random.default_rng(5)
    return Counter(routing.order(routing.parameters(), rng)[0] for _ in range(rounds))


def test_a_cascade_asks_the_strong_model_seldom_until_the_search_stagnates_and_again_after_a_new_best() -> None:
    routing = Cascade(strong_share=0.1, patience=3)
    routing.bind(NAMES, [1.0, 1.0, 1.0])
    assert 15 < first_choices(routing)["large"] < 70
    taught(routing, [("small", 0.0, 0.1, False), ("nobody", 0.0, 0.0, False), ("middle", 0.5, 0.1, False)])
    assert first_choices(routing)["small"] > 100
    taught(routing, [("large", 0.0, 0.1, False)])
    assert first_choices(routing) == {"large": 400}
    taught(routing, [("large", 0.1, 0.1, True)])
    assert first_choices(routing)["large"] < 70


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Bandit(policy="greedy"), "policy is 'greedy'; it can be thompson or ucb1"),
        (lambda: Bandit(decay=0.0), "decay is 0.0; it must be above 0 and at most 1"),
        (lambda: Bandit(exploration=-1.0), "exploration is -1.0; it must be a number from 0"),
        (lambda: Cascade(strong_share=2.0), "strong_share is 2.0; it must be from 0 to 1"),
        (lambda: Cascade(patience=0), "patience is 0; it must be at least 1"),
        (lambda: Cascade().bind(["one"], [1.0]), "a cascade needs two models at least, the strong one last"),
        (lambda: Weighted().bind(["one"], [0.0]), "every model has weight 0: at least one must be above"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ValueError, match="^" + said.replace("(", r"\(")):
        make()
