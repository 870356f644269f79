"""Operators without a language model keep to marked blocks, to Python, and to the files that may change."""

from __future__ import annotations

import numpy as np
import pytest

from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator, NoChild, OperatorContext, Task
from gigaevo.evolution.mutation.constants import ConstantsMutation
from gigaevo.evolution.mutation.freeze import FreezeMutation
from gigaevo.evolution.mutation.portfolio import AdaptivePortfolio
from gigaevo.evolution.mutation.syntax_tree import SyntaxTreeMutation
from gigaevo.programs import Metrics, MetricSpec, Program
from gigaevo.programs.evolve_blocks import END, START, keeps_outside, parse
from gigaevo.programs.syntax import analyse, check_compiles

MARKED = f"""import math   # kept to the letter

SCALE = 7


# {START} the path
STEP = 0.5  # may go


def path(count):
    total = 0.0
    for i in range(count):
        total += STEP * i
        if total > 3.5:
            total -= 1.25
    return total
# {END}


def entrypoint():
    x = path( 12 ) * SCALE
    # {START}
    y = 1.0
    for i in range(3):
        y += i
    # {END}
    return [x, y, math.pi]
"""

WITHIN = f"""def entrypoint():
    # {START}
    y = 1.0
    for i in range(3):
        y += i
    # {END}
    return y
"""
METRICS = Metrics({"fitness": MetricSpec(description="value", is_primary=True)})


class Searched:
    """A numeric search that finds at once."""

    async def search(self, output: str, request: object) -> dict[str, object]:
        return {"source": "def entrypoint():\n    return 2\n", "evaluations": 1, "variables": 1, "note": "found"}


def bound(operator: MutationOperator, **task: object) -> MutationOperator:
    operator.bind(
        OperatorContext(metrics=METRICS, takes_context=False, search=Searched(), task=Task(**task))  # type: ignore[arg-type]
    )
    return operator


async def child_of(operator: MutationOperator, *parents: Program, seed: int) -> Mutation | NoChild:
    context = MutationContext(rng=np.random.default_rng(seed), parameters=operator.parameters(), evaluations=5)
    return await operator.mutate(parents, context)


def program(source: str = MARKED, **more: str) -> Program:
    return Program(id="p", files={"main.py": source, **more}, output="[1.0]")


@pytest.mark.parametrize("kind", [ConstantsMutation, SyntaxTreeMutation])
async def test_children_change_within_blocks_only(kind: type[MutationOperator]) -> None:
    operator, donor = bound(kind()), Program(id="d", source="def other(n):\n    return n - 4\n")
    assert operator.applies_to([program()])
    changed = set()
    for seed in range(120):
        child = await child_of(operator, program(), donor, seed=seed)
        assert isinstance(child, Mutation), child
        check_compiles(child.source)
        assert keeps_outside(MARKED, child.source)
        assert analyse(child.source).syntax_hash != analyse(MARKED).syntax_hash
        pairs = zip(parse(MARKED), parse(child.source), strict=True)
        changed |= {number for number, (old, new) in enumerate(pairs) if old.text != new.text}
    assert changed == ({0, 1} if kind is ConstantsMutation else {0})


async def test_the_same_generator_makes_the_same_child_of_blocks() -> None:
    for seed in range(5):
        first = await child_of(bound(SyntaxTreeMutation()), program(), seed=seed)
        assert first == await child_of(bound(SyntaxTreeMutation()), program(), seed=seed)


async def test_blocks_within_functions_are_left_to_others_by_the_syntax_tree() -> None:
    operator = bound(SyntaxTreeMutation())
    assert not operator.applies_to([program(WITHIN)])
    child = await child_of(operator, program(WITHIN), seed=0)
    assert isinstance(child, NoChild)
    assert child.reason == "no marked block of the parent holds a whole statement of the module"


async def test_numbers_outside_of_blocks_are_none_that_may_change() -> None:
    text = f"X = 1.5\n# {START}\nY = X\n# {END}\ndef entrypoint():\n    return Y\n"
    child = await child_of(bound(ConstantsMutation()), program(text), seed=0)
    assert isinstance(child, NoChild)
    assert "no numeric literal that may change" in child.reason


@pytest.mark.parametrize("kind", [ConstantsMutation, SyntaxTreeMutation])
async def test_marks_out_of_order_are_a_reason(kind: type[MutationOperator]) -> None:
    child = await child_of(bound(kind()), program(f"x = 1.5\n# {END}\n"), seed=0)
    assert isinstance(child, NoChild)
    assert "line 2" in child.reason


async def test_freeze_leaves_programs_with_blocks_alone() -> None:
    operator = bound(FreezeMutation())
    assert operator.applies_to([program("def entrypoint():\n    return [1.0]\n")])
    assert not operator.applies_to([program()])
    child = await child_of(operator, program(), seed=0)
    assert isinstance(child, NoChild)
    assert child.reason == "only the marked blocks of the parent may change"


@pytest.mark.parametrize("kind", [ConstantsMutation, SyntaxTreeMutation, FreezeMutation])
async def test_what_is_no_python_or_may_not_change_is_left_alone(kind: type[MutationOperator]) -> None:
    plain = "def entrypoint():\n    return 1.5\n"
    cpp = Program(id="c", files={"main.cpp": "int main() { return 3; }\n"}, entry="main.cpp", output="[1.0]")
    cases = [
        (bound(kind()), cpp, "main.cpp is not Python"),
        (bound(kind(), editable=["lib/*"]), program(plain), "main.py may not change; editable: lib/*"),
        (bound(kind()), program(plain, **{"lib.py": MARKED}), "the marked blocks lie in other files than main.py"),
    ]
    for operator, parent, reason in cases:
        assert not operator.applies_to([parent])
        child = await child_of(operator, parent, seed=0)
        assert isinstance(child, NoChild)
        assert child.reason == reason
        assert operator.languages == ("python",)


async def test_a_portfolio_none_of_whose_members_apply_says_why() -> None:
    portfolio = AdaptivePortfolio(operators=[ConstantsMutation(), SyntaxTreeMutation()])
    cpp = Program(id="c", files={"main.cpp": "int main() {}\n"}, entry="main.cpp")
    assert not portfolio.applies_to([cpp])
    assert portfolio.languages == ("python",)
    member = portfolio.select([cpp], np.random.default_rng(0))
    child = await child_of(member, cpp, seed=0)
    assert isinstance(child, NoChild)
    assert child.reason == "main.cpp is not Python"


async def test_files_beside_the_entry_stay_out_of_it() -> None:
    parent = program("def entrypoint():\n    return 1.5\n", **{"lib/data.txt": "4.5\n"})
    child = await child_of(bound(ConstantsMutation()), parent, seed=0)
    assert isinstance(child, Mutation)
    assert not child.files
