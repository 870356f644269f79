"""``docs/optimize_swarm.md``: its examples run in order, and its signatures and strategies are those of the classes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from gigaevo.optimize import DifferentialEvolution, ParticleSwarm
from gigaevo.optimize.algorithms.differential_evolution import STRATEGIES

PAGE = (Path(__file__).parents[3] / "docs" / "optimize_swarm.md").read_text()


def test_the_examples_run_and_print_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "optimize_swarm.md", "exec"), names)
    lines = capsys.readouterr().out.splitlines()
    assert "ended by 'target'" in lines[0]
    assert lines[1:] == ["[ 2.5 20. ]", "1 35"]


@pytest.mark.parametrize("kind", [DifferentialEvolution, ParticleSwarm])
def test_signatures_are_those_of_the_page(kind: type) -> None:
    written = re.search(rf"`{kind.__name__}\((.*?)\)`", PAGE, re.DOTALL)
    assert written is not None
    parameters = [parameter for name, parameter in inspect.signature(kind).parameters.items()]
    shown = [
        parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default!r}"
        for parameter in parameters
    ]
    assert " ".join(written.group(1).split()).replace('"', "'") == ", ".join(shown)


def test_every_strategy_is_there_with_the_smallest_population_it_takes() -> None:
    rows = dict(re.findall(r"^\| `([\w/-]+)` \|.*\| (\d) \|$", PAGE, re.MULTILINE))
    assert rows == {name: str(strategy.members) for name, strategy in STRATEGIES.items()}
