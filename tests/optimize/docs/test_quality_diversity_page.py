"""``docs/quality_diversity.md``: its examples run in order, and its defaults are those of the classes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import gigaevo.optimize
from gigaevo.optimize import CMAEmitter, FlipEmitter, GaussianEmitter, GridArchive, IsoLineEmitter

PAGE = (Path(__file__).parents[3] / "docs" / "quality_diversity.md").read_text()


def test_the_examples_run_and_print_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "quality_diversity.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "[3. 2.]" in printed
    assert "ArchiveStats(num_elites=" in printed and "Result(best_fitness=" in printed
    assert names["archive"].coverage > 0.5


@pytest.mark.parametrize("kind", [IsoLineEmitter, GaussianEmitter, CMAEmitter, FlipEmitter, GridArchive])
def test_defaults_are_those_of_the_page(kind: type) -> None:
    written = re.search(rf"`{kind.__name__}\((.*?)\)`", PAGE)
    assert written is not None
    parameters = inspect.signature(kind).parameters
    for argument in written.group(1).split(", "):
        name, _, default = argument.partition("=")
        assert name in parameters
        if default:
            assert repr(parameters[name].default).replace("'", '"') == default


def test_every_class_that_is_named_is_there() -> None:
    for name in re.findall(r"`([A-Z]\w+)", PAGE):
        assert hasattr(gigaevo.optimize, name), name
