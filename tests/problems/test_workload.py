"""A problem's ``benchmark.py``: read and checked without running a line of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigaevo.problems import ProblemError, Workload, load_problem

BENCHMARK = """\
SIZES = (10, 1_000)


def make_input(size, rng):
    return rng.integers(0, 100, size).tolist()


def check(input, answer):
    return answer == sorted(input)
"""


def test_a_folder_without_a_benchmark_has_no_workload(folder: Path) -> None:
    assert load_problem(folder).workload is None


def test_a_benchmark_is_read_and_not_run(folder: Path) -> None:
    text = BENCHMARK + "\nraise SystemExit('this was run')\n"
    (folder / "benchmark.py").write_text(text)
    assert load_problem(folder).workload == Workload(text, (10, 1000))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("def make_input", "def make_inputs", "defines no 'make_input' at the top level; write 'def make_input(size"),
        ("make_input(size, rng)", "make_input(size)", "'make_input(size)' cannot be called with 2 arguments"),
        ("def check", "async def check", "'check' is async"),
        ("SIZES", "sizes", "defines no 'SIZES' at the top level; write 'SIZES = (100, 1000, 10000)'"),
        ("(10, 1_000)", "tuple(range(9))", "1: 'SIZES' must be whole numbers, written out"),
        ("(10, 1_000)", "(10, 1e3)", "1: 'SIZES' must be whole numbers, written out"),
        ("(10, 1_000)", "(10, 10)", "1: 'SIZES': sizes must be whole numbers from 1 on that increase; found [10, 10]"),
        ("(10, 1_000)", "(0, 10)", "1: 'SIZES': sizes must be whole numbers from 1 on"),
        ("(10, 1_000)", "()", "1: 'SIZES': sizes must be whole numbers from 1 on"),
    ],
)
def test_a_broken_benchmark_is_named_with_its_remedy(folder: Path, old: str, new: str, complaint: str) -> None:
    (folder / "benchmark.py").write_text(BENCHMARK.replace(old, new))
    with pytest.raises(ProblemError) as caught:
        load_problem(folder)
    assert str(caught.value).startswith(f"{folder / 'benchmark.py'}:")
    assert complaint in str(caught.value)
