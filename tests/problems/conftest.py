"""A whole problem folder in GigaEvo's format, for tests to load as it is or to break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

METRICS = """\
specs:
  fitness:
    description: Value of the answer
    is_primary: true
    higher_is_better: true
    lower_bound: 0.0
    upper_bound: 100.0
  is_valid:
    description: Whether the program is valid (1 valid, 0 invalid)
    decimals: 0
    is_primary: false
    higher_is_better: true
    lower_bound: 0.0
    upper_bound: 1.0
    include_in_prompts: true
    significant_change: 1.0
    sentinel_value: 0
  breadth:
    description: How broad the answer is
    upper_bound: 3
"""

FILES = {
    "task_description.txt": "Answer with a number.\n\nThe larger the better.\n",
    "metrics.yaml": METRICS,
    "validate.py": "def validate(output):\n    return {'fitness': float(output), 'is_valid': 1}\n",
    "initial_programs/two.py": "def entrypoint():\n    return 2\n",
    "initial_programs/one.py": "def entrypoint():\n    return 1\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that loads."""
    for name, text in FILES.items():
        path = tmp_path / "answers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "answers"


@pytest.fixture
def edit(folder: Path) -> Callable[[str, str, str], Path]:
    """Replaces text in one of the folder's files."""

    def replace(name: str, old: str, new: str) -> Path:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    return replace
