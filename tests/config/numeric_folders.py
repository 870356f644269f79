"""Folders of numeric problems that tests write, and runs of them within the process of the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.config.command import ROOT, run

FILES = {
    "task_description.txt": "Small numbers.\n",
    "metrics.yaml": "specs:\n  fitness: {description: sum, is_primary: true, higher_is_better: false}\n",
    "genotype.yaml": "kind: range\ngenes_size: 3\nallele_range: [-1, 1]\n",
    "fitness.py": "def fitness(genome):\n    return float((genome**2).sum())\n",
}
NAMED = "kind: multi_range\nallele_ranges: {a: [0, 1], n: [1, 9]}\ninteger: [n]\n"


def written(folder: Path, **changed: str) -> Path:
    """A problem folder: ``FILES``, and what is changed, with ``__`` for the point of a name."""
    folder.mkdir(exist_ok=True)
    for name, text in {**FILES, **{name.replace("__", "."): text for name, text in changed.items()}}.items():
        (folder / name).write_text(text)
    return folder


def searched(folder: Path, *arguments: str, out: Path, status: int = 0) -> dict[str, Any]:
    """The summary of a run of a problem."""
    ended = run(f"problem.dir={folder}", *arguments, f"hydra.run.dir={out}", cwd=ROOT)
    assert ended.status == status, ended
    loaded: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return loaded
