"""Which program a stand-in for a language model takes for the one to change, and what it makes of it."""

from __future__ import annotations

import ast
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.testing.answers import answer
from gigaevo.testing.conversation import program_in
from gigaevo.testing.edits import edit, search_replace
from tests.testing.raw_client import BLOCKS, PROGRAM, WHOLE, prompt


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def fenced(text: str, language: str = "python") -> str:
    return f"```{language}\n{text}\n```\n"


def apply_blocks(source: str, text: str) -> str:
    """SEARCH/REPLACE as the plainest reader would do it."""
    lines = source.split("\n")
    for block in text.split("<<<<<<< SEARCH\n")[1:]:
        said = block.split("\n")[: block.split("\n").index(">>>>>>> REPLACE")]
        at = said.index("=======")
        search, replace = said[:at], said[at + 1 :]
        (place,) = (start for start in range(len(lines)) if lines[start : start + len(search)] == search)
        lines[place : place + len(search)] = replace
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            fenced("def a(): 1") + "The PROGRAM:\n" + fenced("def b(): 2") + "See:\n" + fenced("def c(): 3"),
            "def b(): 2\n",
        ),
        (fenced("def a(): 1") + "and\n" + fenced("def b(): 2") + fenced("pip install x", "sh"), "def b(): 2\n"),
        (
            "The PROGRAM is asked for.\n\nFirst:\n" + fenced("def a(): 1") + "PROGRAM\n" + fenced("def b(): 2"),
            "def b(): 2\n",
        ),
        ("PROGRAM\n~~~~py\n```\ndef a(): 1\n~~~\n~~~~\n", "```\ndef a(): 1\n~~~\n"),
        ("no code at all", None),
    ],
)
def test_the_program_is_the_one_that_is_marked_or_else_the_last_with_a_function(text: str, wanted: str | None) -> None:
    assert [block.text for block in program_in([user(text)])] == ([] if wanted is None else [wanted])


def test_a_later_turn_without_code_leaves_the_program_where_it_was() -> None:
    turns = [
        {"role": "system", "content": "Answer with a code block such as\n" + fenced("def other(): 0")},
        user(prompt()),
        {"role": "assistant", "content": fenced("def mine(): 0")},
        user("That was tried before. Do something else."),
    ]
    assert [block.text for block in program_in(turns)] == [PROGRAM]
    assert "def entrypoint" in answer(turns, random.Random(1)).text


def test_a_question_that_asks_for_no_code_is_answered_in_words() -> None:
    said = answer([user("What is good about this program?\n\n" + fenced(PROGRAM))], random.Random(1))
    assert said.text and "```" not in said.text


def test_parts_of_a_message_are_read_like_one_text() -> None:
    parts = [{"type": "text", "text": prompt()[:200]}, {"type": "text", "text": prompt()[200:]}]
    (found,) = program_in([{"role": "user", "content": parts}])
    assert found.text == PROGRAM


SEVERAL = f"""OTHER PARENTS
File: main.py
{fenced("def other(): 1.5")}
PROGRAM
File: main.py
{fenced("def entrypoint(): 2.5")}
File: lib/steps.py
{fenced("STEP = 3.5")}
Printed:
{fenced("4.5", "")}"""


def test_of_several_files_one_that_may_change_is_changed_and_named() -> None:
    assert [block.path for block in program_in([user(SEVERAL)])] == ["main.py", "lib/steps.py"]
    system = {"role": "system", "content": "Only files that match lib/*.py, x may change.\n" + WHOLE}
    for seed in range(20):
        text = answer([system, user(SEVERAL)], random.Random(seed)).text
        assert "File: lib/steps.py\n```python\nSTEP = " in text
        assert "File: main.py" not in text


@given(st.integers(0, 2**32), st.sampled_from([WHOLE, BLOCKS]))
def test_a_second_change_builds_on_the_first_once_it_is_in(seed: int, form: str) -> None:
    rng = random.Random(seed)
    turns = [user(prompt(ask=form))]
    first = answer(turns, rng).text
    turns += [{"role": "assistant", "content": first}, user("That change is in. Now make change 2 of 2.")]
    after = apply_blocks(PROGRAM, first) if form == BLOCKS else first.split("```python\n")[1].split("```")[0]
    assert [block.text for block in program_in(turns)] == [after]
    second = answer(turns, rng).text
    if form == BLOCKS:
        apply_blocks(after, second)  # finds what it searches


def test_two_children_come_where_two_are_welcome() -> None:
    ask = "One program in a code block, or two different ones in two code blocks."
    counts = {answer([user(prompt(ask=ask))], random.Random(seed)).text.count("```python") for seed in range(20)}
    assert counts == {1, 2}


def test_ranges_are_marked_where_they_are_asked_for_and_once() -> None:
    system = {"role": "system", "content": WHOLE + " Mark constants:\n    X = 0.3  # tune: 0.1 .. 1.0"}
    marked = answer([system, user(prompt())], random.Random(1)).text.split("```python\n")[1].split("```")[0]
    assert "    step = 0.1  # tune: 0.025 .. 0.4\n" in marked
    again = answer([system, user(prompt(marked))], random.Random(1)).text
    assert again.count("# tune:") == marked.count("# tune:") == 1
    assert marked not in again


def test_most_children_are_new_and_run() -> None:
    children = {edit(PROGRAM, random.Random(seed)).source for seed in range(200)}
    assert len(children) > 170
    failed = 0
    for child in children:
        names: dict[str, object] = {}
        try:
            exec(child, names)
            names["entrypoint"]()  # type: ignore[operator]
        except Exception:
            failed += 1
    assert failed < 20


MARKED = """LIMIT = 7.5
# EVOLVE-BLOCK-START
STEP = 0.25
COUNT = 3
# EVOLVE-BLOCK-END


def entrypoint():
    return LIMIT * STEP * COUNT
"""


@given(st.integers(0, 2**32))
def test_only_marked_blocks_change(seed: int) -> None:
    child = edit(MARKED, random.Random(seed)).source
    assert child.split("# EVOLVE-BLOCK-START\n")[0] == MARKED.split("# EVOLVE-BLOCK-START\n")[0]
    assert child.split("# EVOLVE-BLOCK-END\n")[1] == MARKED.split("# EVOLVE-BLOCK-END\n")[1]
    assert child != MARKED


@given(st.integers(0, 2**32))
def test_blocks_and_whole_programs_say_the_same(seed: int) -> None:
    whole = answer([user(prompt(ask=WHOLE))], random.Random(seed)).text
    blocks = answer([user(prompt(ask=BLOCKS))], random.Random(seed)).text
    assert whole.split("```python\n")[1].split("```")[0] == apply_blocks(PROGRAM, blocks)


@given(
    st.lists(st.sampled_from(["a", "b", "", "c = 1"]), max_size=8),
    st.lists(st.sampled_from(["a", "b", "x"]), max_size=8),
)
def test_search_replace_turns_any_text_into_any_other(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(["first", *old, "last"]), "\n".join(["first", *new, "last"])
    assert apply_blocks(before, search_replace(before, after)) == after


@given(st.text())
def test_any_text_can_be_edited(text: str) -> None:
    edit(text, random.Random(0))


@given(st.integers(0, 2**32))
def test_indices_and_strings_keep_their_numbers(seed: int) -> None:
    source = 'def entrypoint(data):\n    return data[1] + data[2:3] + f"{4:5d}" + "6" + 7.5 * len(" 8 ")\n'
    child = edit(source, random.Random(seed)).source
    assert child.startswith(source.split("7.5")[0])
    assert child.endswith('* len(" 8 ")\n')
    ast.parse(child)


def test_what_is_no_python_has_its_numbers_changed() -> None:
    source = "int main() { double step = 0.25; return solve(step, 12); }\n"
    children = {edit(source, random.Random(seed)).source for seed in range(20)}
    assert len(children) > 10
    assert all(child.startswith("int main() { double step = ") for child in children)
