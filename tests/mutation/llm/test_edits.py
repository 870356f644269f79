"""SEARCH/REPLACE blocks: exact where they can be, tolerant where that is safe, refused where it would be a guess."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gigaevo.evolution.mutation.llm.edits import Edit, apply_edit, read_edits
from gigaevo.evolution.mutation.llm.unusable import Reason, Unusable

PROGRAM = "def f():\n    a = 1\n    b = 2\n\n    for i in range(3):\n        a += i\n    return a + b\n"


def block(search: str, replace: str) -> str:
    return f"<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE"


def edited(search: str, replace: str, text: str = PROGRAM) -> str:
    (edit,) = read_edits(block(search, replace))
    return apply_edit(text, edit)


def why(search: str, replace: str = "x", text: str = PROGRAM) -> Reason:
    with pytest.raises(Unusable) as caught:
        edited(search, replace, text)
    return caught.value.reason


def test_lines_are_replaced_where_they_stand() -> None:
    assert edited("    b = 2", "    b = 3\n    c = 4") == PROGRAM.replace("    b = 2", "    b = 3\n    c = 4")
    assert edited("    a = 1\n    b = 2", "    a = b = 2") == PROGRAM.replace("    a = 1\n    b = 2", "    a = b = 2")


def test_an_empty_replacement_takes_lines_away() -> None:
    (edit,) = read_edits("<<<<<<< SEARCH\n    b = 2\n=======\n>>>>>>> REPLACE")
    assert apply_edit(PROGRAM, edit) == PROGRAM.replace("    b = 2\n", "")


def test_only_whole_lines_match() -> None:
    assert why("a = 1", text="    aa = 11\n") is Reason.UNMATCHED


def test_white_space_at_the_ends_of_lines_does_not_matter() -> None:
    assert edited("    b = 2   ", "    b = 3") == PROGRAM.replace("b = 2", "b = 3")
    assert edited("    b = 2", "    b = 3", PROGRAM.replace("b = 2", "b = 2  ")) == PROGRAM.replace("b = 2", "b = 3")


def test_what_was_searched_for_without_indentation_is_indented_as_it_was_found() -> None:
    assert edited("for i in range(3):\n    a += i", "for i in range(9):\n    a -= i\n    b += 1") == PROGRAM.replace(
        "    for i in range(3):\n        a += i", "    for i in range(9):\n        a -= i\n        b += 1"
    )
    deeper = edited("            a += i", "            a += 2 * i\n            b = a")
    assert deeper == PROGRAM.replace("        a += i", "        a += 2 * i\n        b = a")
    assert edited("\tfor i in range(3):\n\t    a += i", "\tpass") == PROGRAM.replace(
        "    for i in range(3):\n        a += i", "    pass"
    )


def test_indentation_that_differs_from_line_to_line_is_no_match() -> None:
    assert why("  for i in range(3):\n      a += i\n      return a + b") is Reason.UNMATCHED


@pytest.mark.parametrize("text", ["x = 1\ny = 2\nx = 1\n", "    x = 1\n        x = 1\n"])
def test_what_is_there_twice_is_refused(text: str) -> None:
    assert why("x = 1", text=text) is Reason.AMBIGUOUS


def test_an_exact_match_comes_before_a_tolerant_one() -> None:
    assert edited("x = 1", "x = 2", "    x = 1\nx = 1\n") == "    x = 1\nx = 2\n"


def test_edits_are_carried_out_in_order() -> None:
    text = PROGRAM
    for edit in read_edits(f"{block('    b = 2', '    b = 3')}\n\n{block('    b = 3', '    b = 4')}"):
        text = apply_edit(text, edit)
    assert text == PROGRAM.replace("b = 2", "b = 4")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nothing", Reason.NO_BLOCKS),
        ("<<<<<<< SEARCH\na\n=======\nb\n", Reason.TRUNCATED),
        ("<<<<<<< SEARCH\na\n", Reason.TRUNCATED),
        ("<<<<<<< SEARCH\na\n>>>>>>> REPLACE", Reason.MALFORMED_BLOCK),
        ("<<<<<<< SEARCH\n<<<<<<< SEARCH\n", Reason.MALFORMED_BLOCK),
        (">>>>>>> REPLACE", Reason.MALFORMED_BLOCK),
        (block(" ", "b"), Reason.MALFORMED_BLOCK),
        ("\n".join([block("a", "b")] * 101), Reason.HUGE),
    ],
)
def test_blocks_that_are_out_of_order_are_reasons(text: str, reason: Reason) -> None:
    with pytest.raises(Unusable) as caught:
        read_edits(text)
    assert caught.value.reason is reason


LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=8).filter(
    lambda line: not any(mark in line for mark in ("<<<<<", "=====", ">>>>>"))
)


@given(st.lists(LINE, min_size=1, max_size=12), st.lists(LINE, max_size=4), st.data())
def test_an_edit_changes_what_it_names_and_nothing_else(
    lines: list[str], replace: list[str], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(lines) - 1))
    end = data.draw(st.integers(start + 1, len(lines)))
    search = lines[start:end]
    assume(any(line.strip() for line in search))
    assume(sum(lines[place : place + len(search)] == search for place in range(len(lines))) == 1)
    text = "\n".join(["said", "<<<<<<< SEARCH", *search, "=======", *replace, ">>>>>>> REPLACE"])
    (edit,) = read_edits(text)
    assert apply_edit("\n".join(lines), edit) == "\n".join([*lines[:start], *replace, *lines[end:]])


def test_no_choice_of_lines_is_slow() -> None:
    text = "\n" * 100_000
    with pytest.raises(Unusable):  # minutes, if each place was compared line by line
        apply_edit(text, Edit(tuple([""] * 50_000 + ["x"]), ()))
