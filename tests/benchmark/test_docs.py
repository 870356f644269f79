"""The examples of ``docs/benchmarking.md`` do what the text says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from gigaevo.problems.python_file import read_python
from gigaevo.problems.workload import workload_of

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "benchmarking.md").read_text(), re.DOTALL)


def printed_by(example: str) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_the_workload_of_the_example_loads(tmp_path: Path) -> None:
    (tmp_path / "benchmark.py").write_text(EXAMPLES[0])
    assert workload_of(read_python(tmp_path / "benchmark.py")).sizes == (100, 1000)


def test_two_ways_to_sort_are_told_apart() -> None:
    first, second, comparison = printed_by(EXAMPLES[1].replace("seed=1", "seed=1, seconds=0.5"))
    assert float(first.removeprefix("sorted ")) > 0
    assert float(second.removeprefix("inserted ")) > 0
    assert "differs=" in comparison


def test_the_winners_of_brackets_are_printed() -> None:
    winners, matches = printed_by(EXAMPLES[2])
    assert len(eval(winners)) == 5
    assert len(eval(matches)) == 4
