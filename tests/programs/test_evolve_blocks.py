"""Marked blocks: found in the comments of any language, replaced without touching what lies around them."""

from __future__ import annotations

import ast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gigaevo.programs.evolve_blocks import (
    END,
    START,
    BlockError,
    files_have_blocks,
    files_keep_outside,
    has_blocks,
    keeps_outside,
    parse,
    with_regions,
)
from gigaevo.programs.languages import LANGUAGES, PYTHON, Language, language_of

PROGRAM = f"""import math

# {START} how far
STEP = 0.1
# {END}


def entrypoint():
    # {START}
    x = STEP
    # {END} from here on
    return math.sin(x)
"""

LINES = st.text(alphabet="ab#'\"- \t", max_size=12)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
LANGUAGE = st.sampled_from(list(LANGUAGES.values()))


@st.composite
def paragraphs(draw: st.DrawFn) -> str:
    """Some lines without marks, each with its end."""
    return "".join(line + draw(ENDS) for line in draw(st.lists(LINES, max_size=3)))


def mark(word: str, language: Language, after: str = "") -> str:
    """A line that is a mark."""
    return f"{language.comment} {word}{after}{language.comment_end and ' ' + language.comment_end}\n"


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, list[str], Language]:
    """A text with regions, what lies in them, and its language."""
    language = draw(LANGUAGE)
    texts = draw(st.lists(paragraphs(), max_size=4))
    parts = [draw(paragraphs())]
    for text in texts:
        indent, words = draw(st.sampled_from(["", "    ", "\t"])), draw(st.sampled_from(["", " some words"]))
        parts += [indent, mark(START, language, words), text, indent, mark(END, language, words), draw(paragraphs())]
    return "".join(parts), texts, language


@given(marked())
def test_what_lies_between_marks_is_found(case: tuple[str, list[str], Language]) -> None:
    text, texts, language = case
    regions = parse(text, language)
    assert [region.text for region in regions] == texts
    assert has_blocks(text, language) == bool(texts)


@given(marked(), st.data())
def test_new_texts_are_found_where_they_were_put(case: tuple[str, list[str], Language], data: st.DataObject) -> None:
    text, texts, language = case
    new = [data.draw(paragraphs()) for _ in texts]
    child = with_regions(text, new, language)
    assert [region.text for region in parse(child, language)] == new
    assert keeps_outside(text, child, language)
    assert with_regions(child, texts, language) == text


@given(marked())
def test_the_same_texts_change_nothing(case: tuple[str, list[str], Language]) -> None:
    text, texts, language = case
    assert with_regions(text, texts, language) == text


@given(marked(), st.data())
def test_any_other_line_outside_is_noticed(case: tuple[str, list[str], Language], data: st.DataObject) -> None:
    text, texts, language = case
    assume(texts)
    lines = text.splitlines(keepends=True)
    inside = {place for region in parse(text, language) for place in range(region.start, region.end)}
    where = data.draw(st.sampled_from([place for place in range(len(lines) + 1) if place not in inside]))
    assert not keeps_outside(text, "".join([*lines[:where], "another\n", *lines[where:]]), language)


def test_white_space_at_the_ends_of_lines_is_no_change() -> None:
    other = PROGRAM.replace("import math\n", "import math  \r\n").rstrip("\n")
    assert keeps_outside(PROGRAM, other)
    assert not keeps_outside(PROGRAM, PROGRAM.replace("    return", "  return"))


def test_marks_cannot_be_added_removed_or_renamed() -> None:
    assert not keeps_outside(PROGRAM, PROGRAM.replace(f"# {START} how far\nSTEP = 0.1\n# {END}\n", "STEP = 0.1\n"))
    assert not keeps_outside(PROGRAM, PROGRAM.replace("STEP = 0.1", f"STEP = 0.1\n# {END}\n# {START}"))
    assert not keeps_outside(PROGRAM, PROGRAM.replace("how far", "how near"))


def test_a_text_without_marks_may_change_as_a_whole() -> None:
    assert keeps_outside("x = 1\n", "y = 2\n")
    assert parse("x = 1\n") == ()
    assert not has_blocks("x = 'no EVOLVE-BLOCK-START here'\n")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (f"x\n# {START}\ny\n", 2, f"{START} without {END} after it"),
        (f"x\n# {END}\n", 2, f"{END} without {START} before it"),
        (f"# {START}\n# {START}\n# {END}\n", 2, f"{START} within the block that line 1 starts; end that one first"),
        (f"# {START}\n# {END}\n# {END}\n", 3, f"{END} without {START} before it"),
    ],
)
def test_marks_out_of_order_are_one_line_with_the_line(text: str, line: int, message: str) -> None:
    with pytest.raises(BlockError) as caught:
        parse(text)
    assert str(caught.value) == f"line {line}: {message}"
    assert has_blocks(text)
    assert not keeps_outside(PROGRAM, text)
    assert not keeps_outside(text, text)


@pytest.mark.parametrize(
    "line",
    [
        f"x = 1  # {START}",
        f"# see {START}",
        f"# {START}ED",
        f"// {START}",
        f"# {START.lower()}",
        START,
    ],
)
def test_a_line_with_more_than_the_mark_is_none(line: str) -> None:
    assert not has_blocks(line + "\n")


@pytest.mark.parametrize("line", [f"#{START}", f"\t## {START} words # and more", f"  # {START}\t", f"# {START}\r"])
def test_marks_may_be_written_in_several_ways(line: str) -> None:
    assert has_blocks(line)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_marks_are_comments_of_each_language(language: Language) -> None:
    text = f"a\n{mark(START, language)}b\n{mark(END, language, ' the rest')}c\n"
    assert [region.text for region in parse(text, language)] == ["b\n"]
    if language.comment_end:
        assert not has_blocks(f"{language.comment} {START}\n", language)


def test_a_new_text_has_no_marks_and_ends_its_line() -> None:
    with pytest.raises(BlockError, match="new text of block 2 has a mark"):
        with_regions(PROGRAM, ["STEP = 1", f"    x = 1\n# {END}\n"])
    with pytest.raises(BlockError, match="1 texts for 2 blocks"):
        with_regions(PROGRAM, ["STEP = 1"])
    assert f"STEP = 1\n# {END}" in with_regions(PROGRAM, ["STEP = 1", ""])


def test_lines_are_those_of_the_parser() -> None:
    text = f"a = 1\r# {START}\rb = 2\x0c\r\nc = (1,\n 2)\n# {END}\r\n"
    (region,) = parse(text)
    inside = [
        ast.unparse(node)
        for node in ast.parse(text).body
        if node.end_lineno and region.holds(node.lineno, node.end_lineno)
    ]
    assert inside == ["b = 2", "c = (1, 2)"]


def test_a_program_of_several_files_changes_in_its_blocks_only() -> None:
    cpp = f"int f() {{\n// {START}\nreturn 1;\n// {END}\n}}\n"
    old = {"main.py": "import lib\n", "lib/f.cpp": cpp}
    assert files_have_blocks(old)
    assert files_keep_outside(old, {**old, "lib/f.cpp": cpp.replace("1", "2")})
    assert not files_keep_outside(old, {**old, "lib/f.cpp": cpp.replace("int", "long")})
    assert not files_keep_outside(old, {**old, "main.py": "import lib \n"})
    assert not files_keep_outside(old, {**old, "new.py": ""})
    assert not files_keep_outside(old, {"lib/f.cpp": cpp})
    assert files_keep_outside({"main.py": "a"}, {"main.py": "b", "new.py": "c"})


def test_the_language_of_a_file_is_told_by_its_name() -> None:
    assert language_of("lib/a.PY") is PYTHON
    assert language_of("a.hpp") is LANGUAGES["cpp"]
    assert language_of("a.h") is LANGUAGES["c"]
    assert language_of("Makefile") is None
    assert all(language_of(language.main_file) is language for language in LANGUAGES.values())
