"""AdaptivePortfolio: effort goes where children entered the archive, and nobody starves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from gigaevo.evolution.mutation.base import (
    Credit,
    Mutation,
    MutationContext,
    MutationOperator,
    NoChild,
    OperatorContext,
)
from gigaevo.evolution.mutation.constants import ConstantsMutation
from gigaevo.evolution.mutation.portfolio import AdaptivePortfolio
from gigaevo.programs import Metrics, MetricSpec, Program


class Named(MutationOperator):
    """An operator that counts what it is told."""

    def __init__(self, name: str, max_evaluations: int = 0) -> None:
        self.name = name
        self.max_evaluations = max_evaluations
        self.credits = 0
        self.closed = False
        self.bound: list[OperatorContext] = []

    def bind(self, context: OperatorContext) -> None:
        self.bound.append(context)

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        return NoChild(reason=f"{self.name} {context.evaluations}")

    def credit(self, credit: Credit) -> None:
        self.credits += 1

    def state(self) -> dict[str, Any]:
        return {"credits": self.credits}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.credits = state["credits"]

    async def close(self) -> None:
        self.closed = True


def credit(operator: str, outcome: str = "rejected", *, improved: bool = False, calls: int = 1) -> Credit:
    return Credit(operator=operator, parameters={}, outcome=outcome, improved=improved, validate_calls=calls)


def played(portfolio: AdaptivePortfolio, world: Mapping[str, tuple[float, int]], rounds: int) -> Counter[str]:
    """Let operators succeed with the probability, and cost the calls, that ``world`` gives them."""
    rng = np.random.default_rng(0)
    chosen: Counter[str] = Counter()
    for _ in range(rounds):
        name = portfolio.select([Program(id="p", source="x = 1.5")], rng).name
        chosen[name] += 1
        success, calls = world[name]
        won = bool(rng.random() < success)
        portfolio.credit(credit(name, "accepted" if won else "rejected", improved=won, calls=calls))
    return chosen


def test_an_operator_whose_children_are_kept_is_chosen_more_often() -> None:
    portfolio = AdaptivePortfolio(operators=[Named("good"), Named("bad")])
    chosen = played(portfolio, {"good": (0.2, 1), "bad": (0.01, 1)}, 2000)
    assert chosen["good"] > 3 * chosen["bad"]


def test_no_operator_falls_below_its_floor_of_effort() -> None:
    portfolio = AdaptivePortfolio(operators=[Named("good"), Named("hopeless")], floor=0.1)
    played(portfolio, {"good": (0.9, 1), "hopeless": (0.0, 1)}, 2000)
    assert portfolio.shares()["hopeless"] >= 0.1
    assert sum(portfolio.shares().values()) == pytest.approx(1.0)
    assert sum(portfolio.probabilities().values()) == pytest.approx(1.0)


def test_when_nothing_pays_effort_is_shared_evenly() -> None:
    portfolio = AdaptivePortfolio(operators=[Named("a"), Named("b")])
    played(portfolio, {"a": (0.0, 1), "b": (0.0, 1)}, 3000)
    assert portfolio.shares()["a"] == pytest.approx(0.5, abs=0.02)


def test_a_dear_operator_neither_starves_nor_eats_the_run() -> None:
    portfolio = AdaptivePortfolio(operators=[Named("cheap"), Named("dear")], overhead_calls=100.0)
    chosen = played(portfolio, {"cheap": (0.05, 1), "dear": (0.35, 5000)}, 4000)
    effort = {"cheap": chosen["cheap"] * 1.01, "dear": chosen["dear"] * 51.0}
    share = effort["dear"] / sum(effort.values())
    assert 0.2 < share < 0.8


@pytest.mark.parametrize("outcome", ["none", "duplicate", "failed", "rejected"])
def test_an_operator_without_kept_children_loses_probability(outcome: str) -> None:
    portfolio = AdaptivePortfolio(operators=[Named("a"), Named("b")])
    for _ in range(50):
        portfolio.credit(credit("a", outcome, calls=0))
        portfolio.credit(credit("b", "accepted", improved=True, calls=0))
    assert portfolio.probabilities()["a"] < 0.4 * portfolio.probabilities()["b"]


def test_better_and_kept_pays_more_than_kept_and_that_more_than_better() -> None:
    earned = []
    for outcome, improved in (("accepted", True), ("accepted", False), ("rejected", True), ("rejected", False)):
        portfolio = AdaptivePortfolio(operators=[Named("a"), Named("b")])
        portfolio.credit(credit("a", outcome, improved=improved))
        earned.append(portfolio.shares()["a"])
    assert earned == sorted(earned, reverse=True) and len(set(earned)) == 4


def test_credit_reaches_the_member_and_an_unknown_name_is_passed_over() -> None:
    a, b = Named("a"), Named("b")
    portfolio = AdaptivePortfolio(operators=[a, b])
    before = portfolio.shares()
    portfolio.credit(credit("dropped", "accepted"))
    assert portfolio.shares() == before
    portfolio.credit(credit("a"))
    assert (a.credits, b.credits) == (1, 0)


def test_members_are_bound_once_and_found_by_name() -> None:
    class NoSearch:
        async def search(self, output: str, request: Mapping[str, Any]) -> dict[str, Any]:
            raise AssertionError("nothing is searched here")

    a, b = Named("a"), Named("b")
    portfolio = AdaptivePortfolio(operators=[a, b])
    metrics = Metrics({"fitness": MetricSpec(description="Score", is_primary=True)})
    known = OperatorContext(metrics=metrics, takes_context=False, search=NoSearch())
    portfolio.bind(known)
    assert a.bound == b.bound == [known]
    assert portfolio.member("b") is b
    assert portfolio.member("portfolio") is portfolio
    assert portfolio.member("dropped") is None


def test_an_operator_that_gives_up_at_once_is_not_taken_for_a_cheap_one() -> None:
    portfolio = AdaptivePortfolio(operators=[Named("idle"), Named("busy")])
    rng = np.random.default_rng(0)
    chosen: Counter[str] = Counter()
    for _ in range(300):
        name = portfolio.select([Program(id="p", source="x = 1\n")], rng).name
        chosen[name] += 1
        outcome, seconds = ("none", 0.001) if name == "idle" else ("rejected", 0.5)
        credit = Credit(operator=name, parameters={}, outcome=outcome, improved=False, seconds=seconds)
        portfolio.credit(credit)
    assert chosen["busy"] > 100


def test_state_is_json_and_restores_the_choices_and_the_members() -> None:
    portfolio = AdaptivePortfolio(operators=[ConstantsMutation(), Named("b")])
    played(portfolio, {"constants": (0.3, 1), "b": (0.1, 700)}, 100)
    state = json.loads(json.dumps(portfolio.state()))
    resumed = AdaptivePortfolio(operators=[Named("b"), ConstantsMutation(), Named("new")])
    resumed.restore({**state, "dropped": {"reward": 1.0, "cost": 1.0, "proposals": 1, "member": {}}})
    assert resumed.state()["b"] == portfolio.state()["b"]
    assert resumed.members["constants"].parameters() == portfolio.members["constants"].parameters()
    again = AdaptivePortfolio(operators=[ConstantsMutation(), Named("b")])
    again.restore(state)
    assert again.probabilities() == portfolio.probabilities()


def test_the_same_generator_selects_the_same_members() -> None:
    portfolio = AdaptivePortfolio(operators=[Named("a"), Named("b"), Named("c")])
    rngs = [np.random.default_rng(7), np.random.default_rng(7)]
    names = [[portfolio.select([], rng).name for _ in range(50)] for rng in rngs]
    assert names[0] == names[1] and set(names[0]) == {"a", "b", "c"}


async def test_it_mutates_through_a_member_within_that_members_limit() -> None:
    portfolio = AdaptivePortfolio(operators=[Named("a"), Named("b", max_evaluations=5000)])
    assert portfolio.max_evaluations == 5000
    reasons = set()
    for seed in range(30):
        outcome = await portfolio.mutate([], MutationContext(rng=np.random.default_rng(seed), evaluations=800))
        assert isinstance(outcome, NoChild)
        reasons.add(outcome.reason)
    assert reasons == {"a 0", "b 800"}


async def test_closing_closes_every_member_also_after_a_failure() -> None:
    class Stubborn(Named):
        async def close(self) -> None:
            raise OSError("still busy")

    last = Named("last")
    portfolio = AdaptivePortfolio(operators=[Stubborn("stubborn"), last])
    with pytest.raises(OSError, match="still busy"):
        await portfolio.close()
    assert last.closed


@pytest.mark.parametrize(
    ("names", "settings", "said"),
    [
        ([], {}, "at least one"),
        (["a", "a"], {}, "repeated: a"),
        (["a", "b"], {"floor": 0.6}, "floor"),
        (["a"], {"learning_rate": 0.0}, "learning_rate"),
        (["a"], {"overhead_calls": 0.0}, "overhead_calls"),
    ],
)
def test_impossible_settings_are_refused(names: list[str], settings: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AdaptivePortfolio(operators=[Named(name) for name in names], **settings)


def test_an_operator_that_does_not_apply_to_the_parents_is_not_chosen() -> None:
    class Idle(Named):
        def applies_to(self, parents: Sequence[Program]) -> bool:
            return False

    portfolio = AdaptivePortfolio(operators=[Idle("idle"), Named("busy")])
    rng = np.random.default_rng(0)
    assert {portfolio.select([], rng).name for _ in range(200)} == {"busy"}
    assert portfolio.applies_to([])
    assert not AdaptivePortfolio(operators=[Idle("idle")]).applies_to([])


def test_where_seconds_are_known_effort_is_time() -> None:
    """A validator may be slow: then a search of few calls is dear, which their number does not tell."""
    portfolio = AdaptivePortfolio(operators=[Named("quick"), Named("slow")])
    rng = np.random.default_rng(0)
    spent: Counter[str] = Counter()
    for _ in range(4000):
        name = portfolio.select([], rng).name
        seconds = {"quick": 0.01, "slow": 2.0}[name]
        spent[name] += int(1000 * seconds)
        portfolio.credit(
            Credit(operator=name, parameters={}, outcome="accepted", improved=True, validate_calls=5, seconds=seconds)
        )
    assert 0.03 < spent["slow"] / sum(spent.values()) < 0.6


class Kind(Named):
    """An operator of a given kind that applies, or does not."""

    def __init__(self, name: str, *, remote: bool = False, repairs: bool = False, applies: bool = True) -> None:
        super().__init__(name)
        self.remote = remote
        self.repairs = repairs
        self.applies = applies

    def applies_to(self, parents: Sequence[Program]) -> bool:
        return self.applies


def choices(portfolio: AdaptivePortfolio, **asked: Any) -> set[str]:
    rng = np.random.default_rng(0)
    return {portfolio.select([], rng, **asked).name for _ in range(200)}


def test_a_portfolio_is_of_the_kinds_of_its_members() -> None:
    near, far = Kind("near"), Kind("far", remote=True, repairs=True)
    assert (AdaptivePortfolio(operators=[near]).remote, AdaptivePortfolio(operators=[near]).mixed) == (False, False)
    assert (AdaptivePortfolio(operators=[far]).remote, AdaptivePortfolio(operators=[far]).mixed) == (True, False)
    both = AdaptivePortfolio(operators=[near, far])
    assert (both.remote, both.mixed, both.repairs, both.observes, both.reads_insights) == (
        True,
        True,
        True,
        False,
        False,
    )


def test_the_choice_is_among_members_whose_pool_has_room() -> None:
    portfolio = AdaptivePortfolio(operators=[Kind("a"), Kind("b"), Kind("far", remote=True), Kind("off", remote=True)])
    assert choices(portfolio) == {"a", "b", "far", "off"}
    assert choices(portfolio, remote=True) == {"far", "off"}
    assert choices(portfolio, remote=False) == {"a", "b"}


def test_a_member_that_applies_goes_before_one_that_only_has_room() -> None:
    portfolio = AdaptivePortfolio(operators=[Kind("a", applies=False), Kind("far", remote=True)])
    assert choices(portfolio, remote=False) == {"far"}
    nobody = AdaptivePortfolio(operators=[Kind("a", applies=False), Kind("far", remote=True, applies=False)])
    assert choices(nobody, remote=False) == {"a", "far"}


def test_a_member_that_repairs_is_chosen_only_where_a_failed_program_waits() -> None:
    portfolio = AdaptivePortfolio(operators=[Kind("a"), Kind("mends", repairs=True)])
    assert choices(portfolio) == {"a"}
    assert choices(portfolio, failed=Program(id="f", source="x = 1\n")) == {"a", "mends"}
    assert choices(AdaptivePortfolio(operators=[Kind("mends", repairs=True)])) == {"mends"}


def test_every_member_hears_that_a_session_goes_on() -> None:
    class Counting(Named):
        sessions = 0

        def resumed(self) -> None:
            self.sessions += 1

    members = [Counting("a"), Counting("b")]
    AdaptivePortfolio(operators=members).resumed()
    assert [member.sessions for member in members] == [1, 1]


def test_an_operator_that_fails_at_once_is_not_chosen_for_being_cheap() -> None:
    portfolio = AdaptivePortfolio(operators=[Named("works"), Named("fails")], floor=0.1)
    rng = np.random.default_rng(0)
    chosen: Counter[str] = Counter()
    for _ in range(1_000):
        name = portfolio.select([Program(id="p", source="x = 1.5")], rng).name
        chosen[name] += 1
        made = {"outcome": "none", "seconds": 1e-6} if name == "fails" else {"outcome": "accepted", "seconds": 1.0}
        portfolio.credit(Credit(operator=name, parameters={}, improved=name == "works", **made))
    assert chosen["fails"] < 300


def test_to_find_no_child_after_long_work_is_dear_from_the_first_time_on() -> None:
    portfolio = AdaptivePortfolio(operators=[Named("works"), Named("searches")], floor=0.1)
    portfolio.credit(Credit(operator="works", parameters={}, outcome="rejected", improved=False, seconds=1.0))
    portfolio.credit(Credit(operator="searches", parameters={}, outcome="none", improved=False, seconds=50.0))
    assert portfolio.probabilities()["searches"] < 0.2


def test_to_find_no_child_after_long_work_is_dear() -> None:
    portfolio = AdaptivePortfolio(operators=[Named("works"), Named("searches")], floor=0.1)
    for _ in range(50):
        portfolio.credit(Credit(operator="works", parameters={}, outcome="rejected", improved=False, seconds=1.0))
        portfolio.credit(Credit(operator="searches", parameters={}, outcome="rejected", improved=False, seconds=1.0))
        portfolio.credit(Credit(operator="searches", parameters={}, outcome="none", improved=False, seconds=50.0))
    assert portfolio.probabilities()["searches"] < 0.2
