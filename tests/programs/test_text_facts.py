"""What is said of files in languages that are not parsed, and of programs of several files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.programs.languages import LANGUAGES, Language
from gigaevo.programs.syntax import MAX_BYTES, SourceError, analyse
from gigaevo.programs.text_facts import MOST_CHARS, MOST_FILES, facts_of_text, file_facts, files_hash, program_facts

CPP = LANGUAGES["cpp"]
CODE = st.lists(st.text(alphabet="ab=1 \t", min_size=1, max_size=8), max_size=6)


@given(CODE, st.sampled_from(list(LANGUAGES.values())), st.randoms(use_true_random=False))
def test_comments_blank_lines_and_trailing_space_are_nothing(lines: list[str], language: Language, random) -> None:
    decorated = []
    for line in lines:
        extras = ("", "   ", f"  {language.comment} word {language.comment_end}")
        decorated += [extra for extra in extras if random.random() < 0.5]
        decorated.append(line + random.choice(["", " ", "\t"]))
    assert facts_of_text("\n".join(decorated), language) == facts_of_text("\n".join(lines) + "\n", language)


def test_another_token_is_another_program() -> None:
    one, two = (facts_of_text(f"int main() {{ return {n}; }}\n", CPP) for n in (1, 2))
    assert one.syntax_hash != two.syntax_hash
    assert facts_of_text("  x\n", CPP).syntax_hash != facts_of_text("x\n", CPP).syntax_hash


def test_a_text_is_counted_in_lines_tokens_and_branches() -> None:
    facts = facts_of_text("// sum\nfor (int i = 0; i < n; ++i) {\n\n  if (a && b) s += i;\n}\n", CPP)
    assert (facts.lines, facts.cyclomatic_complexity, facts.paradigm) == (3, 4, None)
    assert facts.ast_nodes == 29
    assert facts.complexity_score == 29 + 5 * 4 + 3


def test_comments_with_an_end_are_whole_lines_only() -> None:
    css = LANGUAGES["css"]
    assert facts_of_text("/* one */\n/* two */ a {}\na {} /* three */\n", css).lines == 2


def test_the_line_that_names_an_interpreter_counts() -> None:
    perl = LANGUAGES["perl"]
    assert facts_of_text("#!/usr/bin/perl -w\n# words\nprint 1\n", perl).lines == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [("a\nb\0", "line 2: .* null byte"), ("\ud800", "no UTF-8 text"), ("x" * (MAX_BYTES + 1), "longer than 128 KiB")],
)
def test_what_is_no_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        facts_of_text(text, CPP)


def test_python_files_are_read_as_python_wherever_they_lie() -> None:
    assert file_facts("lib/a.py", "x = 1  # one\n") == analyse("x = 1\n")
    assert file_facts("notes.txt", "x = 1  # one\n").paradigm is None


def test_a_program_of_several_files_is_their_sum() -> None:
    files = {"main.py": "import lib\nif lib.x: pass\n", "lib.py": "x = 1\nfor i in 'a': pass\n", "data.txt": "1 2\n"}
    whole, parts = program_facts(files, "main.py"), [file_facts(path, text) for path, text in files.items()]
    assert whole.lines == sum(part.lines for part in parts) == 5
    assert whole.ast_nodes == sum(part.ast_nodes for part in parts)
    assert whole.cyclomatic_complexity == 3
    assert whole.paradigm == analyse(files["lib.py"]).paradigm
    assert whole.syntax_hash == files_hash(files)


def test_any_file_of_a_program_counts_for_its_hash() -> None:
    files = {"main.py": "import lib\n", "lib.py": "x = 1\n", "data.txt": "1 2\n"}
    assert files_hash({**files, "lib.py": "x = 1  # the same\n"}) == files_hash(files)
    for path in files:
        assert files_hash({**files, path: "y = 3\n"}) != files_hash(files)
    assert files_hash({"main.py": "x = 1\n"}) == analyse("x = 1\n").syntax_hash


def test_a_broken_file_is_named_unless_it_is_the_entry() -> None:
    with pytest.raises(SourceError, match=r"^lib/a\.py: line 1: "):
        program_facts({"main.py": "x = 1\n", "lib/a.py": "def (:\n"}, "main.py")
    with pytest.raises(SourceError, match=r"^line 1: "):
        program_facts({"main.py": "def (:\n", "lib/a.py": "x = 1\n"}, "main.py")


def test_a_program_has_so_many_files_and_characters() -> None:
    many = {f"f{n}.txt": "x" for n in range(MOST_FILES)} | {"main.py": "x = 1\n"}
    long = {f"f{n}.txt": "x" * 100_000 for n in range(1 + MOST_CHARS // 100_000)} | {"main.py": "x = 1\n"}
    for files in (many, long):
        with pytest.raises(SourceError, match="a program may have 64 files"):
            program_facts(files, "main.py")
