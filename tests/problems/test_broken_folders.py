"""Every way to break a problem folder gives one line that says where, what and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gigaevo.problems import ProblemError, load_problem

Edit = Callable[[str, str, str], Path]


def complaint(folder: Path) -> str:
    """What loading the folder complains of, without the path of the folder itself."""
    with pytest.raises(ProblemError) as caught:
        load_problem(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    assert message.startswith(str(folder))
    return message.removeprefix(str(folder)).lstrip("/")


@pytest.mark.parametrize(
    ("part", "remedy"),
    [
        ("task_description.txt", "write the task in words"),
        ("metrics.yaml", "declare the metrics under 'specs:'"),
        ("validate.py", "write 'def validate(output):'"),
    ],
)
def test_a_missing_part_is_named_with_how_to_write_it(folder: Path, part: str, remedy: str) -> None:
    (folder / part).unlink()
    message = complaint(folder)
    assert part in message
    assert remedy in message


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "is not a folder" in complaint(tmp_path / "nowhere")


def test_an_empty_task_is_refused(folder: Path) -> None:
    (folder / "task_description.txt").write_text(" \n")
    assert complaint(folder).startswith("task_description.txt: is empty")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("specs:", "specs: [", r"metrics\.yaml:\d+: is not valid YAML"),
        ("  fitness:\n", "  fitness\n", r"metrics\.yaml:\d+: is not valid YAML"),
        ("  fitness:\n", "\tfitness:\n", r"metrics\.yaml:2: is not valid YAML"),
        ("higher_is_better: true", "higher_is_bettr: true", r":5: unknown key .*; did you mean 'higher_is_better'\?"),
        ("decimals: 0", "flavour: 0", r":10: unknown key specs\.is_valid\.flavour; known keys: decimals, "),
        ("is_primary: false", "is_primary: true", r":11: 2 metrics are primary \(fitness, is_valid\); keep"),
        ("    is_primary: true\n", "", r"^metrics\.yaml: no metric is primary; add 'is_primary: true'"),
        ("upper_bound: 100.0", "upper_bound: -1", r":6: fitness: lower_bound 0 must be less than upper_bound -1"),
        (
            "upper_bound: 3",
            "upper_bound: wide",
            r":20: specs\.breadth\.upper_bound should be a valid number, not 'wide'",
        ),
        ("upper_bound: 3", "upper_bound: .inf", r":20: breadth\.upper_bound is inf; leave it out"),
        ("upper_bound: 3", "upper_bound: .nan", r":20: breadth\.upper_bound is nan; leave it out"),
        ("decimals: 0", "decimals: -2", r":10: specs\.is_valid\.decimals should be greater than or equal to 0"),
        ("decimals: 0", "description: again", r":10: key 'description' is given twice \(first in line 9\)"),
        ("    description: How broad the answer is\n", "", r":18: specs\.breadth\.description is missing; add"),
        ("specs:\n", "specs:\n  no: {description: x}\n", r":2: key 'no' is not text; put it in quotes"),
        ("specs:\n", "specs:\n  ? [a, b]\n  : 3\n", r":2: key is not text"),
        ("  breadth:\n", "  breadth: 3\n  other:\n", r":18: specs\.breadth must be a mapping .*, not 3"),
        ("  breadth:\n", "breadth:\n", r":18: unknown key breadth beside specs; indent it"),
    ],
)
def test_a_mistake_in_metrics_is_named_with_line_and_remedy(edit: Edit, old: str, new: str, expected: str) -> None:
    message = complaint(edit("metrics.yaml", old, new).parent)
    assert re.search(expected, message), message


@pytest.mark.parametrize("text", ["", "specs:\n", "specs: 3\n", "specs: {}\n", "# only a comment\n"])
def test_metrics_without_a_metric_are_refused(folder: Path, text: str) -> None:
    (folder / "metrics.yaml").write_text(text)
    assert "declares no metrics; list them under 'specs:'" in complaint(folder)


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "3\n"])
def test_metrics_that_are_no_mapping_are_refused(folder: Path, text: str) -> None:
    (folder / "metrics.yaml").write_text(text)
    assert complaint(folder).startswith("metrics.yaml:1: must be a mapping")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prelod: [json]\n", r":1: unknown key prelod; did you mean 'preload'\?"),
        ("noisy: perhaps\n", r":1: noisy should be a valid boolean, not 'perhaps'"),
        ("behavior_keys:\n  - breadth\n", r":2: behavior_keys names 'breadth', which lacks a bound; give it"),
        ("behavior_keys:\n  - is_valid\n  - depth\n", r":3: behavior_keys names 'depth', which is not declared"),
        ("behavior_keys: breadth\n", r":1: behavior_keys should be a list, not 'breadth'"),
        ("preload:\n- json\n- no_such_package.part\n", r":3: preload names 'no_such_package.part', which is not inst"),
        ("preload: [scipy optimize]\n", r":1: preload\.0 should be the dotted name of a module"),
        ("editable: [/etc/*]\n", r":1: editable\.0 should be a relative glob"),
        ("hidden: [../other/*]\n", r":1: hidden\.0 should be a relative glob"),
        ("sandbox:\n  allow: [internet]\n", r":2: sandbox\.allow\.0 should be 'threads', 'processes' or 'loopback'"),
        ("sandbox:\n  alow: [threads]\n", r":2: unknown key sandbox\.alow; did you mean 'allow'\?"),
        ("sandbox: [threads]\n", r":1: sandbox should be a mapping of keys to values, not \['threads'\]"),
        ("noisy: true\nnoisy: false\n", r":2: key 'noisy' is given twice"),
        ("- noisy\n", r":1: must be a mapping"),
    ],
)
def test_a_mistake_in_problem_yaml_is_named_with_line_and_remedy(folder: Path, text: str, expected: str) -> None:
    (folder / "problem.yaml").write_text(text)
    message = complaint(folder)
    assert message.startswith("problem.yaml")
    assert re.search(expected, message), message


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("validate.py", "def score(output): ...\n", "validate.py: defines no 'validate' at the top level; write"),
        ("validate.py", "\n\ndef validate(): ...\n", "validate.py:3: 'validate()' cannot be called with 1 arg"),
        ("validate.py", "def validate(a, b, c): ...\n", "validate.py:1: 'validate(a, b, c)' cannot be called"),
        ("validate.py", "def validate(context, output): ...\n", "(there is no context.py)"),
        ("validate.py", "def validate(output, *, context): ...\n", "validate.py:1: 'validate(output, *, context)'"),
        ("validate.py", "async def validate(output): ...\n", "validate.py:1: 'validate' is async"),
        ("validate.py", "def validate(output)\n    ...\n", "validate.py:1: syntax error: expected ':'"),
        ("validate.py", "class A:\n    def validate(output): ...\n", "defines no 'validate' at the top level"),
        ("helper.py", "x = 1\ny = = 2\n", "helper.py:2: syntax error"),
        ("other.py", "print 'hello'\n", "other.py:1: syntax error"),
        ("context.py", "def context(): ...\n", "context.py: defines no 'build_context' at the top level; write"),
        ("context.py", "def build_context(seed): ...\n", "context.py:1: 'build_context(seed)' cannot be called"),
        ("harness.py", "def main(): ...\n", "harness.py: defines no 'run' at the top level; write 'def run(entry"),
        ("harness.py", "def run(entrypoint): ...\n", "harness.py:1: 'run(entrypoint)' cannot be called with 2"),
        ("driver.py", "def main(): ...\n", "driver.py: defines no 'drive' at the top level; write 'def drive(prog"),
        ("driver.py", "def drive(program): ...\n", "driver.py:1: 'drive(program)' cannot be called with 2"),
        ("driver.py", "def drive(p, c): ...\n", "one.py:1: 'entrypoint()' cannot be called with 1 argument"),
        ("initial_programs/one.py", "def main(): ...\n", "initial_programs/one.py: defines no 'entrypoint'"),
        ("initial_programs/one.py", "async def entrypoint(): ...\n", "initial_programs/one.py:1: 'entrypoint' is"),
        ("initial_programs/one.py", "def entrypoint(x): ...\n", "one.py:1: 'entrypoint(x)' cannot be called with 0"),
        ("initial_programs/one.py", "if True:\nreturn\n", "initial_programs/one.py:2: syntax error"),
        ("initial_programs/one.py", "x = '\0'\n", "initial_programs/one.py"),
        ("initial_programs/one.py", "x = " + "-" * 200_000 + "1\n", "initial_programs/one.py"),
        ("initial_programs/one.py", "x = " + "(" * 5000 + ")" * 5000 + "\n", "initial_programs/one.py"),
        ("initial_programs/one.py", "#" * (1 << 20) + "\n", "initial_programs/one.py: is larger than 1 MiB"),
    ],
)
def test_a_mistake_in_a_python_file_is_named_with_line_and_remedy(
    folder: Path, name: str, text: str, expected: str
) -> None:
    (folder / name).write_text(text)
    message = complaint(folder)
    assert expected in message, message


@pytest.mark.parametrize("name", ["task_description.txt", "metrics.yaml", "validate.py", "initial_programs/two.py"])
def test_a_file_that_is_not_utf8_is_named_with_the_line(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"# first\n# caf\xe9\n")
    assert complaint(folder) == f"{name}:2: is not UTF-8 text; save it as UTF-8"


def test_yaml_that_is_made_to_hurt_is_refused_quickly(folder: Path) -> None:
    (folder / "metrics.yaml").write_text("[" * 20_000)
    assert complaint(folder).startswith("metrics.yaml")
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)]
    (folder / "metrics.yaml").write_text("a0: &a0 [x]\n" + "".join(levels))
    assert complaint(folder).startswith("metrics.yaml:1: a0 must be a mapping")
    (folder / "metrics.yaml").write_text("specs: &s\n  again: *s\n")
    assert complaint(folder).startswith("metrics.yaml")


def test_yaml_cannot_make_python_objects(folder: Path) -> None:
    (folder / "problem.yaml").write_text("preload: !!python/object/apply:os.getcwd []\n")
    assert "is not valid YAML" in complaint(folder)


SIGNATURE = 'function_signature: "def entrypoint()"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "genome.yaml: function_signature is missing; add 'function_signature: ...'"),
        ("function_signature: entrypoint", ":1: function_signature 'entrypoint' is no signature; write one like"),
        (SIGNATURE + "allowed_paradigms: [oop, magic]", ":2: allowed_paradigms.1 should be one of functional, "),
        (
            SIGNATURE + "performance_targets:\n  time_complexity: fast",
            ":2: performance_targets 'fast' is no growth law",
        ),
        (SIGNATURE + "performance_targets: {speed: 3}", "speed is none"),
        (SIGNATURE + "mutation_rate: 2", ":2: mutation_rate should be less than or equal to 1, not 2"),
        (SIGNATURE + "mutation_rates: 2", ":2: unknown key mutation_rates; did you mean 'mutation_rate'?"),
    ],
)
def test_a_mistake_in_genome_yaml_is_named_with_line_and_remedy(folder: Path, text: str, expected: str) -> None:
    (folder / "genome.yaml").write_text(text)
    message = complaint(folder)
    assert expected in message, message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def check(output): ...\n", "defines no 'verify' at the top level; write 'def verify(output):'"),
        (
            "def verify(context, output): ...\n",
            "cannot be called with 1 arguments; write 'def verify(output):' (there is no",
        ),
        ("async def verify(output): ...\n", "'verify' is async"),
        ("def verify(output:\n", "syntax error"),
    ],
)
def test_a_verifier_that_could_not_be_called_is_refused(folder: Path, source: str, message: str) -> None:
    (folder / "verify.py").write_text(source)
    found = complaint(folder)
    assert found.startswith("verify.py")
    assert message in found


def test_an_artifact_glob_that_names_nothing_is_refused(folder: Path) -> None:
    (folder / "problem.yaml").write_text("prompt_artifacts: [report, ' ']\n")
    assert complaint(folder) == (
        "problem.yaml:1: prompt_artifacts.1 should be the name of an artifact, or a glob such as program/*, not ' '"
    )
