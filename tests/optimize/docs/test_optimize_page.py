"""``docs/optimize.md`` says what is true."""

from __future__ import annotations

from pathlib import Path

from gigaevo.optimize import functions

PAGE = (Path(__file__).parents[3] / "docs" / "optimize.md").read_text()


def test_the_page_names_every_native_function():
    for name in functions.NAMES:
        assert f"`{name}" in PAGE
