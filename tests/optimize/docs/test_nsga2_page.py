"""``docs/optimize_nsga2.md`` says what is true."""

from __future__ import annotations

import inspect
from pathlib import Path

from gigaevo.optimize import NSGA2

PAGE = (Path(__file__).parents[3] / "docs" / "optimize_nsga2.md").read_text()


def test_the_page_names_every_setting():
    shared = {"self", "genotype", "seed", "initial"}
    for name in inspect.signature(NSGA2.__init__).parameters.keys() - shared:
        assert f"`{name}`" in PAGE
