"""The freeze operator, with the search job in the same process."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gigaevo.evaluation.search_job import run_search
from gigaevo.evolution.mutation.base import Credit, Mutation, MutationContext, NoChild, OperatorContext
from gigaevo.evolution.mutation.freeze import FreezeMutation
from gigaevo.programs import Metrics, MetricSpec, Program


def bowl(point):
    x, y = point
    return {"loss": (x - 0.3) ** 2 + (y + 0.7) ** 2, "is_valid": 1.0}, None


class SearchHere:
    """The search without its process; outputs are plain JSON here."""

    def __init__(self) -> None:
        self.requests = []

    async def search(self, output, request):
        self.requests.append(dict(request))
        return run_search(bowl, json.loads(output), dict(request))


def bound(*, deterministic=False, **arguments):
    search = SearchHere()
    spec = MetricSpec(description="loss", is_primary=True, higher_is_better=False)
    operator = FreezeMutation(**arguments)
    metrics = Metrics({"loss": spec})
    operator.bind(OperatorContext(metrics=metrics, takes_context=False, deterministic=deterministic, search=search))
    return operator, search


def context(operator, seed=0, evaluations=2000):
    rng = np.random.default_rng(seed)
    return MutationContext(rng=rng, parameters=operator.parameters(), evaluations=evaluations)


def parent(output):
    return Program(id="p", source="def entrypoint():\n    return [1.0, 1.0]\n", output=output)


async def test_the_child_returns_better_numbers():
    operator, _ = bound()
    child = await operator.mutate([parent("[1.0, 1.0]")], context(operator))
    assert isinstance(child, Mutation)
    namespace = {}
    exec(child.source, namespace)
    assert bowl(namespace["entrypoint"]())[0]["loss"] < 1e-9
    assert child.operator == "freeze"
    assert child.description.startswith("froze 2 numbers")


async def test_what_a_search_took_is_counted_with_and_without_a_child():
    operator, _ = bound()
    child = await operator.mutate([parent("[1.0, 1.0]")], context(operator, evaluations=100))
    nothing = await operator.mutate([parent("[0.3, -0.7]")], context(operator, evaluations=100))
    assert isinstance(nothing, NoChild)
    assert child.cost.validate_calls == nothing.cost.validate_calls == 100


@pytest.mark.parametrize("output", [None, "[1, 2]"])
async def test_without_floats_there_is_no_child_and_no_cost(output):
    operator, _ = bound()
    nothing = await operator.mutate([parent(output)], context(operator))
    assert isinstance(nothing, NoChild)
    assert nothing.cost.validate_calls == 0


async def test_no_more_is_spent_than_the_operator_and_the_run_allow():
    operator, search = bound(evaluations=300)
    assert operator.max_evaluations == 300
    for granted in (100, 5000):
        await operator.mutate([parent("[1.0, 1.0]")], context(operator, evaluations=granted))
    assert [request["evaluations"] for request in search.requests] == [100, 300]
    nothing = await operator.mutate([parent("[1.0, 1.0]")], context(operator, evaluations=0))
    assert isinstance(nothing, NoChild) and len(search.requests) == 2


async def test_the_same_generator_asks_for_the_same_search():
    operator, search = bound()
    for seed in (3, 3, 4):
        await operator.mutate([parent("[1.0, 1.0]")], context(operator, seed=seed))
    first, second, other = search.requests
    assert first == second != other


def credited(operator, improved):
    return Credit(
        operator="freeze",
        parameters=operator.parameters(),
        outcome="accepted" if improved else "none",
        improved=improved,
    )


def test_the_step_grows_while_nothing_is_found_and_shrinks_after_success():
    operator, _ = bound()
    before = operator.parameters()["step"]
    operator.credit(credited(operator, improved=False))
    grown = operator.parameters()["step"]
    operator.credit(credited(operator, improved=True))
    assert grown > before and operator.parameters()["step"] < grown


def test_the_step_stays_between_its_limits():
    operator, _ = bound()
    for improved in (True, False):
        for _ in range(200):
            operator.credit(credited(operator, improved=improved))
        assert 0.001 < operator.parameters()["step"] < 1.0


def test_restored_state_is_the_state_that_was_kept():
    operator, _ = bound()
    for improved in (True, False, False):
        operator.credit(credited(operator, improved))
    other, _ = bound()
    other.restore(json.loads(json.dumps(operator.state())))
    assert other.parameters() == operator.parameters()


async def test_where_outputs_are_not_what_entrypoint_returns_there_is_no_child():
    operator = FreezeMutation()
    assert not operator.applies_to([parent("[1.0]")])
    nothing = await operator.mutate([parent("[1.0]")], context(operator))
    assert isinstance(nothing, NoChild) and nothing.cost.validate_calls == 0


def test_it_applies_to_parents_with_an_output():
    operator, _ = bound()
    assert operator.applies_to([parent("[1.0]")])
    assert not operator.applies_to([parent(None)])


@pytest.mark.parametrize(("deterministic", "seconds"), [(False, 2.5), (True, None)])
async def test_time_limits_a_search_only_where_time_may_matter(deterministic, seconds):
    operator, search = bound(deterministic=deterministic, seconds=2.5)
    await operator.mutate([parent("[1.0, 1.0]")], context(operator))
    assert search.requests[0]["seconds"] == seconds


def test_a_limit_of_no_time_is_refused():
    with pytest.raises(ValueError, match="seconds must be positive"):
        FreezeMutation(seconds=0.0)


def test_a_budget_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        FreezeMutation(evaluations=0)
