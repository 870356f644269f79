"""Initial programs: single files, folders of several files, none at all, and other languages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from gigaevo.problems import ProblemError, load_problem

PERL = "language: perl\ncommand: [perl, main.pl]\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def complaint(folder: Path) -> str:
    with pytest.raises(ProblemError) as caught:
        load_problem(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/")


def test_a_folder_is_one_program_of_several_files(folder: Path) -> None:
    tree = {
        "main.py": "import lib.deep.step\n\ndef entrypoint():\n    return 1\n",
        "lib/deep/step.py": "import scipy.optimize\n",
        "lib/__init__.py": "",
        "notes/words.txt": "ä\n",
        ".hidden": "no",
        "__pycache__/main.pyc": "no",
    }
    write(folder, {f"initial_programs/tree/{name}": text for name, text in tree.items()})
    problem = load_problem(folder)
    one, tree_program, _ = problem.initial_programs
    assert [program.name for program in problem.initial_programs] == ["one", "tree", "two"]
    assert dict(one.files) == {"main.py": "def entrypoint():\n    return 1\n"}
    assert (tree_program.entry, tree_program.source) == ("main.py", tree["main.py"])
    assert tree_program.path == folder / "initial_programs" / "tree" / "main.py"
    assert dict(tree_program.files) == {
        name: tree[name] for name in ("lib/__init__.py", "lib/deep/step.py", "main.py", "notes/words.txt")
    }
    assert problem.preload == ("scipy", "scipy.optimize")


@pytest.mark.parametrize("missing", [True, False])
def test_a_problem_may_ship_no_program(folder: Path, missing: bool) -> None:
    shutil.rmtree(folder / "initial_programs")
    if not missing:
        write(folder, {"initial_programs/__init__.py": "", "initial_programs/notes.md": ""})
    problem = load_problem(folder)
    assert problem.initial_programs == ()
    assert problem.without_start == (
        f"problem 'answers' has no initial programs; write {folder}/initial_programs/main.py, "
        "or have a language model do it (llm=...)"
    )


def test_a_problem_with_programs_can_be_started(folder: Path) -> None:
    assert load_problem(folder).without_start == ""


def test_another_language_is_named_with_its_command(folder: Path) -> None:
    shutil.rmtree(folder / "initial_programs")
    write(folder, {"problem.yaml": PERL, "initial_programs/a.pl": "print 1;\n", "initial_programs/b/main.pl": "1;\n"})
    problem = load_problem(folder)
    assert problem.language.name == "perl"
    assert problem.command == (("perl", "main.pl"),)
    assert [program.entry for program in problem.initial_programs] == ["main.pl", "main.pl"]
    assert problem.settings.editable == ("*.pl",)
    assert {"processes", "executables"} <= problem.allow
    assert not problem.returns_its_answer
    assert "perl main.pl" in problem.call


def test_several_commands_build_and_run(folder: Path) -> None:
    write(
        folder,
        {
            "problem.yaml": "language: cpp\ncommand: [[g++, -o, p, main.cpp], [./p]]\neditable: [lib/*]\n",
            "initial_programs/a.cpp": "int main() {}\n",
        },
    )
    problem = load_problem(folder)
    assert problem.command == (("g++", "-o", "p", "main.cpp"), ("./p",))
    assert problem.settings.editable == ("lib/*",)
    assert [program.name for program in problem.initial_programs] == ["a"]


def test_python_run_by_a_command_needs_no_entrypoint(folder: Path) -> None:
    write(folder, {"problem.yaml": "command: [python3, main.py]\n", "initial_programs/one.py": "print(1)\n"})
    assert load_problem(folder).command == (("python3", "main.py"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("language: cpp\n", r"^problem\.yaml:1: language cpp needs a command that runs a program; add one like"),
        ("language: c++\ncommand: [a]\n", r"^problem\.yaml:1: language should be one of bash, c, cpp.*not 'c\+\+'"),
        ("command: perl main.pl\n", r"^problem\.yaml:1: command should be a list of words, such as \[perl, main\.pl\]"),
        ("command: [[], [a]]\n", r"command should be a list of words"),
        ("command: [a, [b]]\n", r"command should be a list of words"),
        ("command: [3]\n", r"command should be a list of words"),
        ("command: ['']\n", r"command should be a list of words"),
    ],
)
def test_a_mistake_about_language_or_command_is_named(folder: Path, text: str, expected: str) -> None:
    write(folder, {"problem.yaml": text})
    message = complaint(folder)
    assert re.search(expected, message), message


@pytest.mark.parametrize("part", ["harness.py", "driver.py", "benchmark.py", "genome.yaml"])
def test_what_calls_an_entrypoint_does_not_go_with_a_command(folder: Path, part: str) -> None:
    texts = {
        "harness.py": "def run(entrypoint, context): ...\n",
        "driver.py": "def drive(program, context): ...\n",
        "benchmark.py": "SIZES = (1,)\ndef make_input(size, rng): ...\ndef check(input, answer): ...\n",
        "genome.yaml": 'function_signature: "def f()"\n',
    }
    write(folder, {"problem.yaml": "command: [python3, main.py]\n", part: texts[part]})
    assert complaint(folder).startswith(f"{part}: is for programs with an 'entrypoint', and problem.yaml has a command")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"tree/other.py": ""}, r"^initial_programs/tree: has no main\.py; a folder here is one program"),
        ({"tree/main.py": "x = 1\n"}, r"^initial_programs/tree/main\.py: defines no 'entrypoint'"),
        ({"tree/main.py": "def entrypoint(): ...\n", "tree/a/b.py": "x = = 1\n"}, r"tree/a/b\.py:1: syntax error"),
        ({"tree/main.py": "def entrypoint(): ...\n", "tree/a.bin": "\0"}, r"tree/a\.bin: is not text"),
        (
            {"one/main.py": "def entrypoint(): ...\n"},
            r"^initial_programs/one\.py: is called like another program here, 'one'; rename",
        ),
        ({"a.py": "# EVOLVE-BLOCK-END\ndef entrypoint(): ...\n"}, r"a\.py:1: EVOLVE-BLOCK-END without EVOLVE-BLOCK-ST"),
        (
            {"tree/main.py": "def entrypoint(): ...\n", **{f"tree/{n}.txt": "" for n in range(64)}},
            r"^initial_programs/tree: has 65 files of \d+ characters together; a program may have 64",
        ),
    ],
)
def test_a_mistake_in_a_program_is_named(folder: Path, files: dict[str, str], expected: str) -> None:
    write(folder, {f"initial_programs/{name}": text for name, text in files.items()})
    message = complaint(folder)
    assert re.search(expected, message), message


def test_programs_of_another_language_than_the_problems_are_no_oversight(folder: Path) -> None:
    shutil.rmtree(folder / "initial_programs")
    write(folder, {"initial_programs/a.cpp": ""})
    assert complaint(folder) == (
        "initial_programs: has no .py file; name the language of a.cpp in problem.yaml ('language: ...')"
    )


def test_a_link_is_no_file_of_a_program(folder: Path) -> None:
    write(folder, {"initial_programs/tree/main.py": "def entrypoint(): ...\n"})
    (folder / "initial_programs" / "tree" / "secret.txt").symlink_to("/etc/hostname")
    assert "secret.txt: is a link; put the file itself there" in complaint(folder)
