"""Laws that every operator without a language model keeps, on every program of the corpus."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator, NoChild
from gigaevo.evolution.mutation.constants import ConstantsMutation
from gigaevo.evolution.mutation.portfolio import AdaptivePortfolio
from gigaevo.evolution.mutation.syntax_tree import SyntaxTreeMutation
from gigaevo.programs import Program
from gigaevo.programs.syntax import analyse, check_compiles
from tests.mutation.corpus import CORPUS

OPERATORS: dict[str, type[MutationOperator]] = {"constants": ConstantsMutation, "syntax_tree": SyntaxTreeMutation}


def context(operator: MutationOperator, seed: int) -> MutationContext:
    return MutationContext(rng=np.random.default_rng(seed), parameters=operator.parameters(), proposal=seed)


async def child_of(operator: MutationOperator, *sources: str, seed: int) -> Mutation | NoChild:
    parents = [Program(id=str(i), source=source) for i, source in enumerate(sources)]
    return await operator.mutate(parents, context(operator, seed))


def defines_entrypoint(source: str) -> bool:
    return any(isinstance(s, ast.FunctionDef) and s.name == "entrypoint" for s in ast.parse(source).body)


@pytest.mark.parametrize("kind", OPERATORS)
@pytest.mark.parametrize("name", CORPUS)
async def test_two_hundred_children_compile_define_the_entrypoint_and_differ(kind: str, name: str) -> None:
    operator, source = OPERATORS[kind](), CORPUS[name]
    known = analyse(source).syntax_hash
    children = [await child_of(operator, source, seed=seed) for seed in range(200)]
    made = [child for child in children if isinstance(child, Mutation)]
    assert len(made) > 190
    for child in made:
        check_compiles(child.source)
        assert defines_entrypoint(child.source)
        assert analyse(child.source).syntax_hash != known
        assert child.operator == kind
        assert child.description and "\n" not in child.description
    assert len({child.source for child in made}) > 40


@pytest.mark.parametrize("kind", OPERATORS)
@pytest.mark.parametrize("name", CORPUS)
async def test_the_same_generator_and_parents_make_the_same_child(kind: str, name: str) -> None:
    donor = CORPUS["loops"]
    for seed in range(5):
        first = await child_of(OPERATORS[kind](), CORPUS[name], donor, seed=seed)
        second = await child_of(OPERATORS[kind](), CORPUS[name], donor, seed=seed)
        assert first == second


@pytest.mark.parametrize("kind", OPERATORS)
@pytest.mark.parametrize("source", ["def entrypoint(:", "(" * 1000, "x = 1\0", ""])
async def test_a_parent_that_cannot_be_changed_gives_a_reason(kind: str, source: str) -> None:
    outcome = await child_of(OPERATORS[kind](), source, seed=0)
    assert isinstance(outcome, NoChild) and outcome.reason


async def test_a_portfolio_makes_children_like_its_members() -> None:
    portfolio = AdaptivePortfolio(operators=[ConstantsMutation(), SyntaxTreeMutation()])
    made = [await child_of(portfolio, CORPUS["loops"], seed=seed) for seed in range(30)]
    assert {child.operator for child in made if isinstance(child, Mutation)} == {"constants", "syntax_tree"}
