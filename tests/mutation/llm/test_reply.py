"""Answers are read strictly: each ends in a child, or in one of a fixed list of reasons, and nothing of it is run."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gigaevo.evolution.mutation.llm.fences import described, without_thoughts
from gigaevo.evolution.mutation.llm.reply import MOST_CHARS, Ground, edited_by, programs_in
from gigaevo.evolution.mutation.llm.unusable import Reason, Unusable
from gigaevo.programs.languages import LANGUAGES

OLD = "def entrypoint():\n    return 1\n"
NEW = "def entrypoint():\n    return 2\n"
GROUND = Ground(files={"main.py": OLD}, entry="main.py")
MARKED = "import math\n\n# EVOLVE-BLOCK-START\nSTEP = 1\n# EVOLVE-BLOCK-END\n\n\ndef entrypoint():\n    return STEP\n"
IN_BLOCKS = Ground(files={"main.py": MARKED}, entry="main.py")
TREE = Ground(files={"main.py": OLD, "lib/part.py": "A = 1\n", "data.txt": "1\n"}, entry="main.py", editable=["*.py"])
CPP = Ground(
    files={"main.cpp": "int main() {}\n"},
    entry="main.cpp",
    language=LANGUAGES["cpp"],
    editable=["*.cpp"],
)


def fence(text: str, word: str = "python") -> str:
    return f"```{word}\n{text.rstrip(chr(10))}\n```\n"


def child(text: str, ground: Ground = GROUND, finish: str = "stop") -> dict[str, str]:
    (files,) = programs_in(text, finish, ground)
    return files


def why(text: str, ground: Ground = GROUND, finish: str = "stop") -> Reason:
    with pytest.raises(Unusable) as caught:
        programs_in(text, finish, ground)
    assert "\n" not in caught.value.message
    return caught.value.reason


@pytest.mark.parametrize(
    "text",
    [
        fence(NEW),
        fence(NEW, "py"),
        fence(NEW, "Python"),
        fence(NEW, ""),
        fence(NEW, "python title=main.py"),
        f"Two is better.\n\n{fence(NEW)}\nThat is all.",
        f"First an idea:\n{fence('x = 3', 'text')}then the program:\n{fence(NEW)}",
        f"{fence('x = 3')}{fence(NEW)}{fence('print(entry())', 'bash')}",
        f"1. So:\n   ```python\n   {NEW.replace(chr(10), chr(10) + '   ')}\n   ```\n",
        f"~~~python\n{NEW}~~~",
        f"File: solution.py\n{fence(NEW)}",
        fence(NEW).replace("\n", "\r\n"),
        NEW,
        f"````python\n{NEW}````",
    ],
)
def test_a_program_is_found_in_its_fence(text: str) -> None:
    assert child(text)["main.py"].rstrip() == NEW.rstrip()


def test_the_last_program_of_several_is_what_the_model_settled_on() -> None:
    assert child(fence("def entrypoint():\n    return 3\n") + "Better still:\n" + fence(NEW))["main.py"] == NEW


def test_two_children_come_from_one_answer_where_two_were_asked_for() -> None:
    both = Ground(files={"main.py": OLD}, entry="main.py", children=2)
    third = "def entrypoint():\n    return 3\n"
    assert [files["main.py"] for files in programs_in(fence(NEW) + fence(third), "stop", both)] == [NEW, third]
    assert [files["main.py"] for files in programs_in(fence(NEW) + fence("# again\n" + NEW), "stop", both)] == [NEW]
    assert [files["main.py"] for files in programs_in(fence(OLD) + fence(third), "stop", both)] == [third]


def test_a_longer_fence_holds_a_shorter_one() -> None:
    docstring = 'def entrypoint():\n    """\n    ```\n    x\n    ```\n    """\n    return 2\n'
    assert child(f"````python\n{docstring}````")["main.py"] == docstring


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        (" \n\t", Reason.EMPTY),
        ("#" * (MOST_CHARS + 1), Reason.HUGE),
        (fence(f"{NEW}# {'x' * 200_000}\n"), Reason.HUGE),
        ("I'm sorry, but I can't help with that.", Reason.REFUSAL),
        ("I cannot write this program.", Reason.REFUSAL),
        (f"Here it is:\n```python\n{NEW}", Reason.TRUNCATED),
        (fence(NEW) + "and\n```python\ndef entry", Reason.TRUNCATED),
        ("It is a good program. Leave it.", Reason.NO_CODE),
        (fence("int main() { return 2; }\n", "cpp"), Reason.WRONG_LANGUAGE),
        (fence("def entrypoint(:\n"), Reason.SYNTAX),
        (fence("def entrypoint():\n    pass\nreturn 3\n"), Reason.SYNTAX),
        (fence("entrypoint = " + "(" * 2_000 + "\n"), Reason.SYNTAX),
        (fence("def main():\n    return 2\n"), Reason.NO_ENTRYPOINT),
        (fence('"""def entrypoint():"""\n'), Reason.NO_ENTRYPOINT),
        (fence(OLD), Reason.UNCHANGED),
        (fence(f"# the same\n{OLD}"), Reason.UNCHANGED),
    ],
)
def test_what_makes_no_child_is_a_reason(text: str, reason: Reason) -> None:
    assert why(text) is reason


def test_an_answer_that_was_cut_off_counts_only_where_its_code_is_whole() -> None:
    assert child(f"{fence(NEW)}And that is beca", finish="length")["main.py"] == NEW
    assert why("First I think about", finish="length") is Reason.TRUNCATED
    assert why("Something", finish="content_filter") is Reason.REFUSAL


def test_of_marked_blocks_only_those_change() -> None:
    whole = MARKED.replace("STEP = 1", "STEP = 2").replace("\n\n\ndef", "\n\ndef")
    assert child(fence(whole), IN_BLOCKS)["main.py"] == MARKED.replace("STEP = 1", "STEP = 2")
    assert child(fence("STEP = 2\n"), IN_BLOCKS)["main.py"] == MARKED.replace("STEP = 1", "STEP = 2")
    assert why(fence(whole.replace("return STEP", "return 9")), IN_BLOCKS) is Reason.OUTSIDE
    assert why(fence("# EVOLVE-BLOCK-END\nSTEP = 2\n"), IN_BLOCKS) is Reason.OUTSIDE


def test_the_whole_file_is_known_without_its_marks() -> None:
    lines = [line for line in MARKED.splitlines() if "EVOLVE" not in line]
    changed = "\n".join(lines).replace("STEP = 1", "STEP = 2\nMORE = 3")
    expected = MARKED.replace("STEP = 1\n", "STEP = 2\nMORE = 3\n")
    assert child(fence(changed), IN_BLOCKS)["main.py"] == expected
    assert child(fence(changed.replace("\n\n\n", "\n")), IN_BLOCKS)["main.py"] == expected
    assert why(fence(changed.replace("return STEP", "return MORE")), IN_BLOCKS) is Reason.OUTSIDE
    assert why(fence(changed.replace("import math\n", "")), IN_BLOCKS) is Reason.OUTSIDE


def test_a_block_that_is_the_whole_file_but_for_its_marks_may_hold_the_entrypoint() -> None:
    ground = Ground(files={"main.py": f"# EVOLVE-BLOCK-START\n{OLD}# EVOLVE-BLOCK-END\n"}, entry="main.py")
    expected = f"# EVOLVE-BLOCK-START\n{NEW}# EVOLVE-BLOCK-END\n"
    assert child(fence(NEW), ground)["main.py"] == expected
    assert child(fence(expected), ground)["main.py"] == expected


def test_blocks_without_marks_can_be_told_apart_only_where_there_is_one() -> None:
    two = Ground(files={"main.py": f"{MARKED}{MARKED}"}, entry="main.py")
    assert why(fence("STEP = 2\n"), two) is Reason.OUTSIDE


def test_an_edit_may_not_leave_the_marked_blocks() -> None:
    inside = "<<<<<<< SEARCH\nSTEP = 1\n=======\nSTEP = 2\n>>>>>>> REPLACE"
    outside = "<<<<<<< SEARCH\nimport math\n=======\nimport cmath\n>>>>>>> REPLACE"
    assert edited_by(inside, "stop", IN_BLOCKS)["main.py"] == MARKED.replace("STEP = 1", "STEP = 2")
    with pytest.raises(Unusable) as caught:
        edited_by(f"{inside}\n{outside}", "stop", IN_BLOCKS)
    assert caught.value.reason is Reason.OUTSIDE


def test_blocks_that_name_files_change_those() -> None:
    files = child(f"File: lib/part.py\n{fence('A = 2' + chr(10))}\nFile: `main.py`\n{fence(NEW)}", TREE)
    assert files == {"main.py": NEW, "lib/part.py": "A = 2\n", "data.txt": "1\n"}
    assert child(fence("A = 2\n", "python path=lib/part.py"), TREE)["lib/part.py"] == "A = 2\n"
    assert child(f"**File: lib/new.py**\n{fence('B = 1' + chr(10))}{fence(NEW)}", TREE) == {
        **TREE.files,
        "lib/new.py": "B = 1\n",
        "main.py": NEW,
    }


@pytest.mark.parametrize("path", ["data.txt", "../main.py", "/etc/passwd.py", "lib/../../x.py", "a\\b.py"])
def test_only_editable_files_change(path: str) -> None:
    assert why(f"File: {path}\n{fence('2' + chr(10))}", TREE) is Reason.NOT_EDITABLE


def test_an_edit_names_its_file_too() -> None:
    block = "<<<<<<< SEARCH\nA = 1\n=======\nA = 2\n>>>>>>> REPLACE\n"
    assert edited_by(f"File: lib/part.py\n```python\n{block}```", "stop", TREE)["lib/part.py"] == "A = 2\n"
    for text, reason in ((block, Reason.UNMATCHED), (f"File: lib/no.py\n{block}", Reason.NOT_EDITABLE)):
        with pytest.raises(Unusable) as caught:
            edited_by(text, "stop", TREE)
        assert caught.value.reason is reason


def test_other_languages_go_by_their_fences_alone() -> None:
    new = "int main() { return 2; }\n"
    assert child(fence(new, "c++"), CPP)["main.cpp"] == new
    assert why(fence(NEW), CPP) is Reason.WRONG_LANGUAGE
    assert why(fence("int main() {}\n// more\n\n", "cpp"), CPP) is Reason.UNCHANGED
    assert why(fence("int main() {\0}\n", "cpp"), CPP) is Reason.SYNTAX


@pytest.mark.parametrize(
    ("prose", "said"),
    [
        (["Use two. It is more."], "Use two."),
        (["", "**Change:** Use `two` instead of one."], "Use two instead of one."),
        (["## 1. Use two instead"], "Use two instead"),
        (["File: main.py", "Here is the program:", "Use two instead"], "Use two instead"),
        (["<<<<<<< SEARCH", "return something"], "rewrite"),
        ([], "rewrite"),
        (["x" * 500], "x" * 116 + " ..."),
        (["Use\x1b[31m two instead"], "Use�[31m two instead"),
    ],
)
def test_a_change_is_described_in_the_models_words(prose: Sequence[str], said: str) -> None:
    assert described(tuple(prose), "rewrite") == said


def test_thoughts_are_no_answer() -> None:
    text = f"<think>\n{fence(OLD)}</think>\n{fence(NEW)}"
    assert child(without_thoughts(text))["main.py"] == NEW
    assert without_thoughts("<think>\nwithout end") == ""


MARKS = ("```", "```python", "````", "~~~", "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE")
NAMES = ("File: main.py", "File: lib/part.py", "# EVOLVE-BLOCK-START", "# EVOLVE-BLOCK-END")
CODE = (*OLD.splitlines(), *NEW.splitlines(), "STEP = 2", "A = 1", "A = 2", "")
LINES = st.lists(st.sampled_from([*MARKS, *NAMES, *CODE]) | st.text(max_size=30), max_size=25).map("\n".join)


@settings(max_examples=400, deadline=None)
@given(LINES, st.sampled_from(["stop", "length", "content_filter"]), st.sampled_from([GROUND, IN_BLOCKS, TREE, CPP]))
@example("```python\n__import__('os')._exit(7)\ndef entrypoint(): return 5\n```", "stop", GROUND)  # would end the tests
def test_any_answer_is_children_that_keep_the_rules_or_a_reason(text: str, finish: str, ground: Ground) -> None:
    for read in (programs_in, lambda *asked: [edited_by(*asked)]):
        try:
            children = read(text, finish, ground)
        except Unusable:
            continue
        for files in children:
            assert files != ground.files
            if ground is TREE:
                assert files["data.txt"] == "1\n"
            if ground is IN_BLOCKS:
                assert files["main.py"].startswith("import math\n\n# EVOLVE-BLOCK-START\n")
                assert files["main.py"].endswith("# EVOLVE-BLOCK-END\n\n\ndef entrypoint():\n    return STEP\n")
