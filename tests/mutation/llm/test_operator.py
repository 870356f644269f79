"""The operator: one question makes one child, and every other way to end is a reason with what it cost."""

from __future__ import annotations

from typing import Any

import pytest

from gigaevo.evolution.mutation.base import Credit, Mutation, NoChild
from gigaevo.evolution.mutation.llm import Chronicle
from gigaevo.evolution.mutation.llm.modes import MODES
from gigaevo.evolution.mutation.llm.unusable import Reason
from gigaevo.llm.base import NoReply, Reply, Trouble, Usage
from gigaevo.programs import ErrorKind, ProgramError
from tests.mutation.llm.scripted import USAGE, Scripted, code, context, edit, operator, program

ONE = "def entrypoint():\n    step = 1\n    return step\n"
TWO = "def entrypoint():\n    return 'two'\n"
THREE = "def entrypoint():\n    return [3] * 3\n"


async def test_one_question_makes_one_child_of_the_model_that_answered() -> None:
    models = Scripted(code(TWO, "Words instead of numbers. They are better."))
    child = await operator("rewrite", models).mutate([program(ONE)], context())
    assert isinstance(child, Mutation)
    assert (child.source, child.operator, child.made_by) == (TWO, "llm_rewrite", "first")
    assert child.description == "Words instead of numbers."
    cost = child.cost
    assert (cost.usd, cost.prompt_tokens, cost.completion_tokens, cost.llm_calls) == (0.25, 100, 10, 1)
    (request,) = models.asked
    assert (request.key, request.role, list(request.models)) == ("mutation/7/0", "mutation", ["first", "second"])
    assert [message.role for message in request.messages] == ["system", "user"]


async def test_edits_are_carried_out() -> None:
    child = await operator("diff", Scripted(edit("    step = 1", "    step = 2"))).mutate([program(ONE)], context())
    assert isinstance(child, Mutation)
    assert child.source == ONE.replace("= 1", "= 2")


@pytest.mark.parametrize(
    ("mode", "answer", "kind"),
    [
        ("rewrite", "", Reason.EMPTY),
        ("rewrite", "No code today, friends.", Reason.NO_CODE),
        ("rewrite", code("def entrypoint(:\n"), Reason.SYNTAX),
        ("rewrite", code(ONE), Reason.UNCHANGED),
        ("rewrite", Reply(text=code(TWO)[:-4], model="first", finish="length", usage=USAGE), Reason.TRUNCATED),
        ("diff", edit("    stop = 1", "    stop = 2"), Reason.UNMATCHED),
        ("diff", "I'm sorry, but no.", Reason.REFUSAL),
        ("diff", "No blocks.", Reason.NO_BLOCKS),
    ],
)
async def test_what_makes_no_child_is_counted_with_its_cost(mode: str, answer: str | Reply, kind: Reason) -> None:
    nothing = await operator(mode, Scripted(answer)).mutate([program(ONE)], context())
    assert isinstance(nothing, NoChild)
    assert (nothing.kind, nothing.made_by, nothing.limit) == (str(kind), "first", "")
    assert nothing.cost.usd == 0.25 and nothing.cost.llm_calls == 1
    assert nothing.reason and "\n" not in nothing.reason


async def test_no_answer_is_its_trouble_with_what_was_paid_and_the_limit() -> None:
    failed = NoReply(Trouble.BUDGET, "the budget is spent", model="second", usage=USAGE, limit="budget.usd")
    nothing = await operator("rewrite", Scripted(failed)).mutate([program(ONE)], context())
    assert isinstance(nothing, NoChild)
    assert (nothing.kind, nothing.made_by, nothing.limit) == ("budget", "second", "budget.usd")
    assert nothing.cost.usd == 0.25


async def test_the_models_are_tried_in_the_order_that_the_proposal_fixed() -> None:
    models = Scripted(code(TWO))
    await operator("rewrite", models).mutate([program(ONE)], context(parameters={"models": {"learned": 3}}))
    assert list(models.asked[0].models) == ["second", "first"]


async def test_a_child_that_repeats_an_earlier_one_is_told_so_and_asked_once_more() -> None:
    chronicle = Chronicle(retries=1)
    models = Scripted(code(f"# again\n{TWO}"), code(THREE))
    rewrite = operator("rewrite", models, chronicle=chronicle)
    rewrite.observe(program(TWO, number=1, metrics={"fitness": 0.25}))
    child = await rewrite.mutate([program(ONE)], context(observed=1))
    assert isinstance(child, Mutation)
    assert child.source == THREE
    assert child.cost.llm_calls == 2 and child.cost.usd == 0.5
    first, second = models.asked
    assert second.key == "mutation/7/1"
    assert list(second.messages[:2]) == list(first.messages)
    assert second.messages[2].role == "assistant"
    assert "same as an earlier one, of which is known: fitness 0.25" in second.messages[3].content


async def test_only_where_nobody_answers_there_was_no_answer() -> None:
    free = Reply(text="Nothing.", model="first", usage=Usage(), cached=True)
    down = NoReply(Trouble.SERVER, "down", model="first")
    spent = NoReply(Trouble.BUDGET, "spent", model="first", limit="budget.usd")
    for said, unanswered in ((free, False), (down, True), (spent, False)):
        nothing = await operator("rewrite", Scripted(said)).mutate([program(ONE)], context())
        assert isinstance(nothing, NoChild)
        assert nothing.unanswered is unanswered


async def test_a_child_that_repeats_again_is_no_child() -> None:
    rewrite = operator("rewrite", Scripted(code(TWO), code(TWO)))
    rewrite.observe(program(TWO, number=1))
    nothing = await rewrite.mutate([program(ONE)], context(observed=1))
    assert isinstance(nothing, NoChild)
    assert nothing.kind == "duplicate" and nothing.cost.llm_calls == 2


async def test_where_children_know_nothing_of_one_another_one_that_repeats_is_left_to_the_engine() -> None:
    rewrite = operator("rewrite", models := Scripted(code(TWO)), independent=True)
    rewrite.observe(program(TWO, number=1, metrics={"fitness": 0.25}))
    child = await rewrite.mutate([program(ONE)], context(observed=1))
    assert isinstance(child, Mutation)
    assert child.source == TWO
    assert len(models.asked) == 1


async def test_what_came_after_the_proposal_does_not_matter() -> None:
    rewrite = operator("rewrite", Scripted(code(TWO)))
    rewrite.observe(program(TWO, number=1))
    assert isinstance(await rewrite.mutate([program(ONE)], context(observed=0)), Mutation)


async def test_a_chain_makes_several_changes_to_one_program() -> None:
    models = Scripted(edit("    step = 1", "    step = 2"), edit("    step = 2", "    step = 2 + 2", "And more of it."))
    child = await operator("diff", models, chain=2).mutate([program(ONE)], context())
    assert isinstance(child, Mutation)
    assert child.source == ONE.replace("= 1", "= 2 + 2")
    assert child.description == "A change for the better.; And more of it."
    assert [request.key for request in models.asked] == ["mutation/7/0", "mutation/7/1"]
    assert "change 2 of 2" in models.asked[1].messages[-1].content


@pytest.mark.parametrize(
    "broken",
    [
        Reply(text="Nothing.", model="second", usage=USAGE),
        NoReply(Trouble.SERVER, "down", model="second", usage=Usage(usd=0.125, calls=1)),
    ],
)
async def test_a_broken_link_keeps_those_before_it_and_who_made_them(broken: Reply | NoReply) -> None:
    models = Scripted(code(TWO), broken, code(THREE))
    child = await operator("rewrite", models, chain=3).mutate([program(ONE)], context())
    assert isinstance(child, Mutation)
    assert child.source == TWO and child.made_by == "first"
    assert len(models.asked) == 2
    assert child.cost.usd == (0.5 if isinstance(broken, Reply) else 0.375)


async def test_an_answer_can_be_mended_where_that_is_allowed() -> None:
    models = Scripted("Nothing.", code(TWO))
    child = await operator("rewrite", models, corrections=1).mutate([program(ONE)], context())
    assert isinstance(child, Mutation)
    assert "there is no code block in it" in models.asked[1].messages[-1].content


@pytest.mark.parametrize(
    ("answer", "repeated"),
    [
        ("", "(nothing)"),
        ("<think>secret plans</think>Nothing.", "Nothing."),
        ("Nothing \ud800 at all.", "Nothing ? at all."),
        ("x" * 600_000, "x" * 64_000 + "\n... (cut)"),
    ],
)
async def test_a_useless_answer_is_repeated_in_a_form_that_endpoints_take(answer: str, repeated: str) -> None:
    models = Scripted(answer, code(TWO))
    child = await operator("rewrite", models, corrections=1).mutate([program(ONE)], context())
    assert isinstance(child, Mutation)
    assert models.asked[1].messages[2].content == repeated


async def test_crossover_combines_the_parents_and_may_have_two_children() -> None:
    models = Scripted(code(TWO) + code(THREE))
    other = program("def entrypoint():\n    return 'OTHER'\n", number=1)
    child = await operator("crossover", models).mutate([program(ONE), other], context())
    assert isinstance(child, Mutation)
    (sibling,) = child.siblings
    assert (child.source, sibling.source) == (TWO, THREE)
    assert (child.cost.usd, sibling.cost.usd) == (0.25, 0.0)
    assert sibling.made_by == "first" and sibling.operator == "llm_crossover"
    assert child.notes == sibling.notes == {"crossed_with": ["p1"]}
    assert "OTHER" in models.asked[0].messages[1].content


async def test_crossover_of_one_parent_takes_an_inspiration() -> None:
    models = Scripted(code(TWO))
    others = [program(f"def entrypoint():\n    return 'OTHER {n}'\n", number=n) for n in (1, 2)]
    child = await operator("crossover", models).mutate([program(ONE)], context(inspirations=others))
    assert isinstance(child, Mutation)
    assert child.notes["crossed_with"] in (["p1"], ["p2"])


async def test_a_program_is_not_crossed_with_itself() -> None:
    models = Scripted(code(TWO), code(TWO))
    other = program("def entrypoint():\n    return 'OTHER'\n", number=1)
    crossover, one = operator("crossover", models), program(ONE)
    child = await crossover.mutate([one, one], context(inspirations=[other]))
    assert isinstance(child, Mutation)
    assert child.notes["crossed_with"] == ["p1"]
    await crossover.mutate([one, one, other, other], context())
    for request in models.asked:
        said = request.messages[1].content
        assert (said.count(ONE), said.count("OTHER'")) == (1, 1)


async def test_crossover_without_anything_to_cross_asks_for_a_better_version() -> None:
    models = Scripted(code(TWO))
    child = await operator("crossover", models).mutate([program(ONE)], context())
    assert isinstance(child, Mutation)
    assert (child.source, child.operator, dict(child.notes)) == (TWO, "llm_crossover", {})
    assert "write a better version" in models.asked[0].messages[0].content


async def test_of_two_children_the_new_one_is_kept() -> None:
    models = Scripted(code(TWO) + code(THREE))
    crossover = operator("crossover", models)
    crossover.observe(program(TWO, number=5))
    child = await crossover.mutate([program(ONE), program(ONE, number=1)], context(observed=1))
    assert isinstance(child, Mutation)
    assert (child.source, list(child.siblings), len(models.asked)) == (THREE, [], 1)


async def test_repair_is_shown_the_error_and_where_the_program_came_from() -> None:
    models = Scripted(code(TWO))
    failed = program(
        "def entrypoint():\n    return broken\n",
        metrics={},
        error=ProgramError(kind=ErrorKind.EXCEPTION, message="NameError: broken", traceback="TRACE"),
    )
    repair = operator("repair", models)
    assert repair.repairs
    assert isinstance(await repair.mutate([failed, program(ONE, number=1)], context()), Mutation)
    user = models.asked[0].messages[1].content
    assert "exception: NameError: broken" in user and "TRACE" in user
    assert user.index("THE PROGRAM THAT IT WAS MADE FROM") < user.index("step = 1") < user.index("\nPROGRAM\n")


async def test_files_of_a_tree_are_changed_by_name() -> None:
    tree = program("", files={"main.py": ONE, "lib/part.py": "A = 1\n"})
    models = Scripted(f"Two.\n\nFile: lib/part.py\n{code('A = 2' + chr(10), '')}")
    child = await operator("rewrite", models).mutate([tree], context())
    assert isinstance(child, Mutation)
    assert (child.source, dict(child.files)) == (ONE, {"lib/part.py": "A = 2\n"})


def credit(outcome: str = "accepted", **fields: Any) -> Credit:
    return Credit(operator="llm_rewrite", parameters={}, outcome=outcome, improved=outcome == "accepted", **fields)


def test_credit_goes_to_the_model_that_made_the_child_once() -> None:
    models = Scripted()
    rewrite = operator("rewrite", models)
    rewrite.credit(credit(made_by="second", gain=0.5, usd=0.01, new_best=True))
    assert models.learned == [("second", 0.5, 0.01, True)]
    assert rewrite.parameters() == {"models": {"learned": 1}}


def test_an_outage_teaches_nothing_and_an_answer_of_no_use_does() -> None:
    models = Scripted()
    rewrite = operator("rewrite", models)
    rewrite.credit(credit("none", made_by="first"))
    assert models.learned == []
    rewrite.credit(credit("none", made_by="first", tokens=9))
    rewrite.credit(credit("none", made_by="second", tokens=9, usd=0.25))
    assert models.learned == [("first", 0.0, 0.0, False), ("second", 0.0, 0.25, False)]


def test_a_spent_budget_makes_it_stand_aside() -> None:
    rewrite = operator("rewrite", Scripted())
    assert rewrite.applies_to([program(ONE)])
    rewrite.credit(credit(limit="budget.usd"))
    assert not rewrite.applies_to([program(ONE)])
    rewrite.resumed()
    assert rewrite.applies_to([program(ONE)])


def test_state_is_what_credit_has_changed() -> None:
    rewrite = operator("rewrite", Scripted())
    rewrite.credit(credit(made_by="first", gain=1.0))
    rewrite.credit(credit(limit="budget.usd"))
    models = Scripted()
    again = operator("rewrite", models)
    again.restore(rewrite.state())
    assert again.state() == rewrite.state()
    assert models.learned[0] == ("first", 1.0, 0.0, False)
    assert not again.applies_to([program(ONE)])


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_an_operator_that_says_what_it_needs(mode: str) -> None:
    made = operator(mode, Scripted(), best=3, diverse=2)
    assert made.name == f"llm_{mode}"
    assert made.remote and made.observes and made.reads_insights and made.writes_code
    assert made.inspirations == ((3, 2) if MODES[mode].inspired else (0, 0))
    assert made.repairs == (mode == "repair")


@pytest.mark.parametrize("wrong", [{"mode": "guess"}, {"chain": 0}, {"corrections": -1}])
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        operator(**{"mode": "rewrite", "models": Scripted(), **wrong})


async def test_the_same_proposal_asks_the_same_again() -> None:
    asked = []
    for _ in range(2):
        models = Scripted(code(TWO), code(THREE))
        crossover = operator("crossover", models)
        others = [program(f"def entrypoint():\n    return {n}\n", number=n) for n in range(1, 5)]
        for other in others:
            crossover.observe(other)
        await crossover.mutate([program(ONE)], context(inspirations=others, observed=4))
        asked.append(models.asked)
    assert asked[0] == asked[1]


MARKED = ONE.replace("step = 1\n", "step = 1  # tune: 0 .. 9\n")


async def test_marks_alone_make_a_child_by_a_first_step_of_numeric_search() -> None:
    child = await operator("tune", Scripted(code(MARKED))).mutate([program(ONE)], context())
    assert isinstance(child, Mutation)
    assert child.source != MARKED
    assert child.source.splitlines()[1].startswith("    step = ")
    assert child.source.splitlines()[1].endswith("  # tune: 0 .. 9")


async def test_marked_constants_with_other_code_are_taken_as_they_are() -> None:
    better = MARKED.replace("return step", "return step + 1")
    child = await operator("tune", Scripted(code(better))).mutate([program(ONE)], context())
    assert isinstance(child, Mutation)
    assert child.source == better


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(TWO, Reason.NO_RANGE), (ONE, Reason.UNCHANGED), (MARKED.replace("0 .. 9", "1 .. 1.5"), Reason.UNCHANGED)],
)
async def test_marks_that_help_nobody_are_reasons(answer: str, kind: Reason) -> None:
    nothing = await operator("tune", Scripted(code(answer))).mutate([program(ONE)], context())
    assert isinstance(nothing, NoChild)
    assert nothing.kind == str(kind)


def test_only_python_is_tuned() -> None:
    assert not operator("tune", Scripted()).applies_to([program("", files={"main.c": ""}, entry="main.c")])
