"""The example of the strategy document, in Python, gives its answer."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "evolve_strategy.py"


def test_the_example_finds_no_true_value(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE), run_name="__main__")  # asserts its answer, as the document does
    said = capsys.readouterr().out
    assert "best_fitness_score=0.0" in said
    assert "exit - target_fitness_score after" in said
