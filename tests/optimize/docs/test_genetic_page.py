"""``docs/optimize_genetic.md`` says what is true."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from gigaevo.optimize import GeneticAlgorithm

PAGE = (Path(__file__).parents[3] / "docs" / "optimize_genetic.md").read_text()


def test_the_page_names_every_setting():
    shared = {"self", "genotype", "maximize", "seed", "initial"}
    for name, setting in inspect.signature(GeneticAlgorithm.__init__).parameters.items():
        assert name in shared or f"| `{name}` |" in PAGE
        if isinstance(setting.default, int | str) and not isinstance(setting.default, bool) and name not in shared:
            written = f'"{setting.default}"' if isinstance(setting.default, str) else setting.default
            assert re.search(rf"\| `{name}` \| `?{written}`? \|", PAGE)
