"""Runs of the real command on programs of several files, with marked blocks, and in other languages than Python."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from gigaevo.programs import Program
from gigaevo.programs.evolve_blocks import keeps_outside
from gigaevo.programs.languages import LANGUAGES
from tests.end_to_end.command import run, summary

METRICS = """\
fitness: {description: product of the answer and the context, is_primary: true, lower_bound: 0.0, upper_bound: 198.0}
"""
FILES = {
    "task_description.txt": "Answer with a large number of two digits.\n",
    "metrics.yaml": METRICS,
    "context.py": "def build_context():\n    return {'factor': 2}\n",
    "validate.py": (
        "def validate(context, output):\n"
        "    if type(output) is not int:\n        raise ValueError(f'expected a whole number, got {output!r}')\n"
        "    return {'fitness': float(output * context['factor'])}\n"
    ),
}
CPP = """#include "lib/twice.hpp"
#include <cstdio>
int main() {
  // EVOLVE-BLOCK-START the number
  int half = 11;
  // EVOLVE-BLOCK-END
  std::printf("%d\\n", half);
}
"""
PERL = """use strict;
# EVOLVE-BLOCK-START
my $number = 10;
# EVOLVE-BLOCK-END
my $context = <STDIN>;
die "no context\\n" unless $context eq '{"factor": 2}';
print "$number\\n";
"""
OWN_OPERATOR = "+operators.digits._target_=tests.end_to_end.digits.DigitsMutation"


def problem(folder: Path, files: dict[str, str]) -> Path:
    for name, text in {**FILES, **files}.items():
        path = folder / "numbers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "numbers"


def programs(folder: Path) -> list[Program]:
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT record FROM records").fetchall()
    return [Program.from_json(record) for (record,) in rows]


def test_a_tree_of_files_evolves_within_its_marked_block(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = run("problem.name=bin_packing", "max_mutants=30", "max_seconds=null", f"hydra.run.dir={folder}")
    assert done.returncode == 0, done.stderr
    found = programs(folder)
    by_id = {program.id: program for program in found}
    children = [program for program in found if program.number >= 0]
    assert len(children) == 30
    for child in children:
        parent = by_id[child.parents[0]]
        assert set(child.files) == {"main.py", "lib/packing.py"}
        assert child.files["lib/packing.py"] == parent.files["lib/packing.py"]
        assert keeps_outside(parent.source, child.source)
        assert child.source != parent.source
    best = summary(folder)["best"]
    assert (folder / "best_program" / "lib" / "packing.py").is_file()
    assert (folder / "best_program.py").read_text() == by_id[best["id"]].source


CASES = {
    "perl": ({"problem.yaml": "language: perl\ncommand: [perl, main.pl]\n", "initial_programs/ten.pl": PERL}, "perl"),
    "cpp": (
        {
            "problem.yaml": "language: cpp\ncommand: [[g++, -O1, -o, program, main.cpp], [./program]]\n",
            "initial_programs/tree/main.cpp": CPP,
            "initial_programs/tree/lib/twice.hpp": "inline int twice(int n) { return 2 * n; }\n",
        },
        "g++",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_programs_in_another_language_evolve(name: str, tmp_path: Path) -> None:
    files, needed = CASES[name]
    if shutil.which(needed) is None:
        pytest.skip(f"no {needed} on this machine")
    folder, language = tmp_path / "out", LANGUAGES[name]
    done = run(
        f"problem.dir={problem(tmp_path, files)}",
        OWN_OPERATOR,
        "max_mutants=25",
        "max_seconds=null",
        f"hydra.run.dir={folder}",
    )
    assert done.returncode == 0, done.stderr
    found = programs(folder)
    (first,) = [program for program in found if program.number < 0]
    assert first.error is None, first.error
    assert first.metrics["lines"] == sum(
        bool(line.strip()) and not line.strip().startswith(language.comment)
        for text in first.files.values()
        for line in text.splitlines()
    )
    assert "paradigm" not in first.metrics
    for child in found:
        assert keeps_outside(first.source, child.source, language)
        assert child.files.keys() == first.files.keys()
    assert len({program.syntax_hash for program in found}) == len(found)
    best = summary(folder)["best"]
    assert best["metrics"]["fitness"] == max(program.metrics["fitness"] for program in found if not program.error)
    assert best["rescored"]["fitness"] == best["metrics"]["fitness"] > first.metrics["fitness"]
    assert best["source_file"] == f"best_program{language.suffix}"
    assert (folder / best["source_file"]).is_file()


def test_python_that_a_command_runs_is_changed_by_the_ordinary_operators(tmp_path: Path) -> None:
    program = "import json, sys\nscale = 4\nnumber = 7 * scale\njson.load(sys.stdin)\nprint(min(number, 99))\n"
    files = {"problem.yaml": "command: [python3, main.py]\n", "initial_programs/small.py": program}
    folder = tmp_path / "out"
    done = run(f"problem.dir={problem(tmp_path, files)}", "max_mutants=25", f"hydra.run.dir={folder}")
    assert done.returncode == 0, done.stderr
    operators = {found.operator for found in programs(folder)}
    assert {"constants", "syntax_tree"} <= operators
    assert "freeze" not in operators  # what a command prints is not what an entrypoint returns
    assert summary(folder)["best"]["metrics"]["fitness"] > 56.0


def test_a_command_runs_in_a_sandbox_only(tmp_path: Path) -> None:
    files = {
        "problem.yaml": "command: [python3, main.py]\n",
        "initial_programs/small.py": "number = 4\nprint(number)\n",
    }
    done = run(
        f"problem.dir={problem(tmp_path, files)}",
        "sandbox=inline",
        "~operators.syntax_tree",
        f"hydra.run.dir={tmp_path / 'out'}",
    )
    assert done.returncode == 2
    assert "sandbox=inline: problem numbers has a command; use sandbox=auto" in done.stderr


def test_without_anybody_who_can_change_its_programs_a_run_does_not_start(tmp_path: Path) -> None:
    done = run(f"problem.dir={problem(tmp_path, CASES['perl'][0])}", f"hydra.run.dir={tmp_path / 'out'}")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "has programs in perl, and mutation operator 'portfolio' can only change python" in done.stderr


def test_without_initial_programs_and_models_a_run_does_not_start(tmp_path: Path) -> None:
    done = run(f"problem.dir={problem(tmp_path, {})}", f"hydra.run.dir={tmp_path / 'out'}")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "has no initial programs; write" in done.stderr


def test_a_build_that_fails_tells_the_compilers_reason(tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("no g++ on this machine")
    files = {**CASES["cpp"][0], "initial_programs/broken/main.cpp": CPP.replace("int half", "itn half")}
    files["initial_programs/broken/lib/twice.hpp"] = ""
    folder = tmp_path / "out"
    done = run(f"problem.dir={problem(tmp_path, files)}", OWN_OPERATOR, "max_mutants=1", f"hydra.run.dir={folder}")
    assert done.returncode == 0, done.stderr
    (broken,) = [found for found in programs(folder) if found.number < 0 and found.error is not None]
    assert json.loads(broken.to_json())["error"]["kind"] == "syntax"
    assert broken.error is not None
    assert "main.cpp:5" in broken.error.message
    assert "itn" in broken.artifacts["stderr"]
