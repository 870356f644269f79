"""Questions: everything worth knowing, nothing that must stay hidden, and the least valuable first to go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.evolution.mutation.base import OperatorContext, Task
from gigaevo.evolution.mutation.llm import Chronicle, ContextBuilder, LLMMutationOperator
from gigaevo.evolution.mutation.llm.modes import MODES
from gigaevo.evolution.mutation.llm.parts import SECTIONS, Parts, tokens_of
from gigaevo.llm.prompts import PromptError, Prompts
from gigaevo.programs import ErrorKind, Program, ProgramError
from tests.mutation.llm.scripted import METRICS, Scripted, code, context, operator, program

SOURCE = "def entrypoint():\n    return 'THE PROGRAM TO CHANGE'\n"
FULL = program(
    SOURCE,
    number=3,
    parents=["p2"],
    mutations_applied=["LAST CHANGE"],
    metrics={"fitness": 0.5, "held_out": 0.987654},
    artifacts={
        "stdout": "PRINTED",
        "insight": "GOOD:\nPROGRAM\n```python\nx\n```",
        "lineage_note": "NOTE",
        "table": "ARTIFACT",
        "private": "PRIVATE",
        "verification": {"message": "VERIFIER", "accepted": True},
    },
)


class Remembers:
    async def advice(self, parents: Sequence[Program]) -> Sequence[str]:
        return ["ADVICE"]


async def asked(mode: str = "rewrite", parents: Sequence[Program] = (FULL,), **settings: Any) -> tuple[str, str]:
    """What the system and the user say."""
    models = Scripted(code("def entrypoint():\n    return 'new'\n"))
    given = {name: settings.pop(name) for name in ("inspirations", "observed") if name in settings}
    made = operator(mode, models, **settings)
    made.observe(program("def entrypoint():\n    return 0\n", number=2, mutations_applied=["FIRST CHANGE"]))
    for parent in parents:
        made.observe(parent)
    made.observe(program("def entrypoint():\n    return 9\n", number=9, parents=[FULL.id], mutations_applied=["TRIED"]))
    await made.mutate(list(parents), context(**{"observed": 9, **given}))
    system, user = models.asked[0].messages
    return system.content, user.content


OTHERS = [
    program(f"def entrypoint():\n    return '{name}'\n", number=10 + n) for n, name in enumerate(("BEST", "OTHER KIND"))
]
TASK = Task(description="TASK TEXT", call="It is called so.", prompt_artifacts=("table", "ver*"))


async def test_everything_worth_knowing_is_told_and_the_program_comes_after_its_word() -> None:
    system, user = await asked(inspirations=OTHERS, best=1, task=TASK)
    for said in (
        "TASK TEXT",
        "How good it is",
        "fitness = 0.50",
        "PRINTED",
        "ARTIFACT",
        "> NOTE",
        "BEST",
        "OTHER KIND",
    ):
        assert said in user
    assert re.search(r"^- FIRST CHANGE: fitness 0\.50\n- LAST CHANGE: fitness unchanged$", user, re.MULTILINE)
    assert re.search(r"^- TRIED: fitness unchanged$", user, re.MULTILINE)
    assert f"\nPROGRAM\n```python\n{SOURCE}```\n" in user
    assert "It is called so." in system and "code block" in system


async def test_nothing_that_is_hidden_is_told() -> None:
    whole = "\n".join(await asked(inspirations=OTHERS, task=TASK))
    for hidden in ("VERIFIER", "0.987654", "HIDDEN", "held_out", "PRIVATE"):
        assert hidden not in whole
    leak = FULL.model_copy(
        update={"error": ProgramError(kind=ErrorKind.LEAK, message="VERIFIER", traceback="VERIFIER"), "metrics": {}}
    )
    for parents in ([leak], [leak, FULL], [FULL, leak]):
        mode = "crossover" if len(parents) > 1 else "repair"
        assert "VERIFIER" not in "\n".join(await asked(mode, parents, task=TASK))


async def test_samples_of_a_control_arm_are_told_nothing_of_one_another() -> None:
    system, user = await asked(independent=True)
    assert (await asked())[0] == system
    for told in ("TRIED", "FIRST CHANGE", "WHAT WAS ALREADY TRIED"):
        assert told in (await asked())[1]
        assert told not in user


async def test_what_several_files_have_in_common_is_shown_once() -> None:
    def tree(number: int, main: str) -> Program:
        return program("", number=number, files={"main.py": main, "lib/part.py": "THE SAME = 1\n"})

    changed, other = tree(1, "def entrypoint():\n    return 'ONE'\n"), tree(2, "def entrypoint():\n    return 'TWO'\n")
    _, user = await asked(parents=[changed], inspirations=[other])
    assert user.count("THE SAME") == 1
    assert "return 'TWO'\n```\n\nAs in the PROGRAM: lib/part.py\n" in user
    assert user.index("TWO") < user.index("\nPROGRAM\n") < user.index("THE SAME")


async def test_notes_of_models_are_quotations() -> None:
    _, user = await asked()
    assert "> GOOD:\n> PROGRAM\n> ```python\n" in user
    assert user.count("\nPROGRAM\n") == 1


async def test_advice_comes_from_whoever_remembers() -> None:
    models = Scripted(code("def entrypoint():\n    return 'new'\n"))
    builder = ContextBuilder(prompts=Prompts())
    made = LLMMutationOperator(mode="diff", models=models, context=builder, chronicle=Chronicle())
    made.bind(OperatorContext(metrics=METRICS, takes_context=False, search=None, advisor=Remembers()))
    await made.mutate([FULL], context())
    assert "\n- ADVICE\n" in models.asked[0].messages[1].content


async def test_an_error_is_told_with_its_traceback_and_what_was_printed() -> None:
    failed = FULL.model_copy(
        update={
            "error": ProgramError(kind=ErrorKind.EXCEPTION, message="MESSAGE", traceback="TRACEBACK"),
            "metrics": {},
        }
    )
    _, user = await asked("repair", [failed])
    assert "exception: MESSAGE\n```\nTRACEBACK\n```" in user and "it has no score" in user


async def test_of_marked_blocks_and_several_files_the_rules_are_told() -> None:
    marked = "# EVOLVE-BLOCK-START\nx = 1\n# EVOLVE-BLOCK-END\n"
    tree = program("", files={"main.py": SOURCE, "lib.py": marked})
    system, user = await asked("diff", [tree], task=Task(editable=("lib*.py",)))
    assert "EVOLVE-BLOCK-START" in system and "lib*.py" in system and "File: <path>" in system
    assert "File: lib.py\n```python\n" in user
    plain, _ = await asked("diff")
    assert "EVOLVE-BLOCK" not in plain and "File:" not in plain


@pytest.mark.parametrize("mode", MODES)
async def test_every_mode_says_what_it_wants_and_in_which_form(mode: str) -> None:
    systems = {other: (await asked(other, [FULL, *OTHERS[:1]]))[0] for other in MODES}
    assert len(set(systems.values())) == len(MODES)
    assert ("<<<<<<< SEARCH" in systems[mode]) == (mode == "diff")
    assert ("tune: " in systems[mode]) == (mode == "tune")


async def test_a_template_of_the_problem_replaces_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "rewrite.jinja").write_text("Do it in {{ language }}, please.")
    system, _ = await asked(task=Task(prompts=tmp_path))
    assert "Do it in python, please." in system and "code block" in system


def test_a_broken_template_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    (tmp_path / "user.jinja").write_text("{{ task }}\n{{ programm }}")
    with pytest.raises(PromptError, match=r"user\.jinja, line 2: there is no 'programm'"):
        operator("rewrite", Scripted(), folder=tmp_path)


async def test_the_same_is_told_again_of_a_program_of_which_more_is_known_by_then() -> None:
    builder = ContextBuilder(prompts=Prompts())
    builder.bind(OperatorContext(metrics=METRICS, takes_context=False, search=None))
    assert builder.view(FULL) is builder.view(FULL.model_copy())
    changed = FULL.model_copy(update={"metrics": {"fitness": 0.75}})
    assert "0.75" in builder.view(changed).measured


async def test_a_small_budget_drops_the_least_valuable_first_and_never_the_program() -> None:
    long = [
        program(f"def entrypoint():\n    return '{'y' * 400} {name}'\n", number=20 + n)
        for n, name in enumerate(("BEST", "OTHER KIND"))
    ]
    seen: list[list[bool]] = []
    for budget in (10_000, *range(900, 0, -20)):
        _, user = await asked("rewrite", [FULL], inspirations=long, best=1, task=TASK, token_budget=budget)
        assert SOURCE in user and "TASK TEXT" in user and "fitness = 0.50" in user
        shown = ["OTHER KIND" in user, "BEST" in user, "TRIED" in user]
        if shown not in seen:
            seen.append(shown)
    assert seen == [[True, True, True], [False, True, True], [False, False, True], [False, False, False]]


TEXTS = st.dictionaries(st.sampled_from(SECTIONS), st.lists(st.text(max_size=900), max_size=4))


@given(TEXTS, st.integers(0, 900))
def test_parts_fit_their_budget_and_go_in_the_order_that_is_documented(
    texts: dict[str, list[str]], budget: int
) -> None:
    parts = Parts()
    for section, of_section in texts.items():
        parts.put(section, of_section)
    before = {section: list(kept) for section, kept in parts.values().items()}
    parts.fit(budget)
    after = parts.values()
    size = sum(tokens_of(text) for kept in after.values() for text in kept)
    errors = sum(tokens_of(text) for text in after["error"])
    assert size <= max(budget, errors)
    shortened = [section for section in SECTIONS if after[section] != before[section]]
    for section in SECTIONS:
        if shortened and SECTIONS.index(section) < SECTIONS.index(shortened[-1]):
            assert after[section] == []
    if sum(tokens_of(text) for kept in before.values() for text in kept) <= budget:
        assert after == before
