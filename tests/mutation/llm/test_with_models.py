"""The operators with the real client and a real server: each way to ask, and each way to be answered uselessly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gigaevo.evolution.mutation.base import Mutation, NoChild, Task
from gigaevo.evolution.mutation.llm.founders import Founders
from gigaevo.evolution.mutation.llm.modes import MODES
from gigaevo.evolution.mutation.llm.unusable import Reason
from gigaevo.llm.base import Trouble
from gigaevo.llm.prompts import Prompts
from gigaevo.testing import Fault, ServerOptions, evenly
from tests.llm.bench import bench
from tests.mutation.llm.scripted import METRICS, context, operator, program

SOURCE = "def entrypoint():\n    step = 1.5\n    size = 3\n    return step * size\n"
MARKED = f"import math\n\n# EVOLVE-BLOCK-START\nSTEP = 1.5\n# EVOLVE-BLOCK-END\n\n\n{SOURCE}"
PARENTS = [program(SOURCE), program(SOURCE.replace("1.5", "2.5"), number=1)]
USELESS = {
    Fault.EMPTY: Reason.EMPTY,
    Fault.HUGE: Reason.HUGE,
    Fault.WRONG_LANGUAGE: Reason.WRONG_LANGUAGE,
    Fault.REFUSAL: Reason.REFUSAL,
    Fault.PROSE: Reason.NO_CODE,
    Fault.TRUNCATED: Reason.TRUNCATED,
    Fault.UNCHANGED: Reason.UNCHANGED,
    Fault.SYNTAX_ERROR: Reason.SYNTAX,
    Fault.UNMATCHED: Reason.NO_ENTRYPOINT,
}
USELESS_EDITS = {
    **USELESS,
    Fault.WRONG_LANGUAGE: Reason.NO_BLOCKS,
    Fault.PROSE: Reason.NO_BLOCKS,
    Fault.UNMATCHED: Reason.UNMATCHED,
}


@pytest.mark.parametrize("mode", MODES)
async def test_each_way_to_ask_makes_a_child_or_a_reason(mode: str, tmp_path: Path) -> None:
    reasons = USELESS_EDITS if MODES[mode].blocks else USELESS
    async with bench(tmp_path / "run.db", ServerOptions(script=list(reasons))) as it:
        asks = operator(mode, it.client)
        for number, (fault, reason) in enumerate(reasons.items()):
            nothing = await asks.mutate(PARENTS, context(proposal=number))
            assert isinstance(nothing, NoChild), fault
            assert (nothing.kind, nothing.made_by, nothing.cost.llm_calls) == (str(reason), "bench", 1)
        child = await asks.mutate(PARENTS, context(proposal=len(reasons)))
        rows = await it.rows()
        spent = it.client.spending()
    assert isinstance(child, Mutation)
    assert child.description.startswith("I changed one thing") and child.cost.usd > 0
    assert len(rows) == len(reasons) + 1 == spent["calls"]


async def test_an_example_of_use_is_not_the_program(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db", ServerOptions(script=[Fault.TWO_BLOCKS])) as it:
        child = await operator("rewrite", it.client).mutate(PARENTS, context())
    assert isinstance(child, Mutation)
    assert child.source.startswith("def entrypoint():\n    step = ")


@pytest.mark.parametrize("mode", ["rewrite", "diff"])
async def test_marked_blocks_change_and_nothing_else(mode: str, tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db", ServerOptions()) as it:
        child = await operator(mode, it.client).mutate([program(MARKED)], context())
    assert isinstance(child, Mutation)
    start, end = MARKED.index("STEP"), MARKED.index("# EVOLVE-BLOCK-END")
    assert child.source.startswith(MARKED[:start]) and child.source.endswith(MARKED[end:])


async def test_a_chain_is_of_changes_that_follow_one_another(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db", ServerOptions()) as it:
        child = await operator("diff", it.client, chain=3).mutate(PARENTS[:1], context())
        rows = await it.rows()
    assert isinstance(child, Mutation)
    assert [row.key for row in rows] == ["mutation/7/0", "mutation/7/1", "mutation/7/2"]
    assert child.cost.llm_calls == 3


async def test_whatever_goes_wrong_is_a_child_or_a_counted_reason_and_every_call_is_paid_for_once(
    tmp_path: Path,
) -> None:
    kinds = {str(reason) for reason in [*Reason, *Trouble]}
    options = ServerOptions(faults=evenly(0.5), retry_after_s=0.001, seed=3)
    async with bench(tmp_path / "run.db", options, settings={"timeout_s": 0.3}) as it:
        made = [operator(mode, it.client) for mode in MODES if mode != "repair"]
        outcomes = [await made[number % len(made)].mutate(PARENTS, context(proposal=number)) for number in range(60)]
        spent = it.client.spending()
    children = [outcome for outcome in outcomes if isinstance(outcome, Mutation)]
    assert 15 <= len(children) < 60
    assert all(outcome.kind in kinds for outcome in outcomes if isinstance(outcome, NoChild))
    assert sum(outcome.cost.usd for outcome in outcomes) == pytest.approx(spent["usd"], abs=1e-9)
    assert sum(outcome.cost.llm_calls for outcome in outcomes) == spent["calls"]


async def test_first_programs_are_written(tmp_path: Path) -> None:
    task = Task(description="Find a point [x, y].", call="`entrypoint()` is called once and returns the answer.")
    async with bench(tmp_path / "run.db", ServerOptions(script=[Fault.PROSE])) as it:
        founders = Founders(models=it.client, prompts=Prompts(), count=3)
        founded = await founders.write(task, METRICS, np.random.default_rng(0))
        keys = [row.key for row in await it.rows()]
    assert (len(founded.programs), founded.reasons) == (3, [])
    assert keys == ["initial/-1/0", "initial/-1/1", "initial/-2/0", "initial/-3/0"]
    assert len({one.files["main.py"] for one in founded.programs}) == 3
