"""What ``fitness.py`` of a problem folder may be and do, and what is told of it where it does what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.numeric_folders import NAMED, searched, written

DATACLASS = """\
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass
class Params:
    a: float
    n: int
    LARGEST: ClassVar[int] = 9


def fitness(params):
    return Params(**params).n
"""


@pytest.mark.parametrize("workers", [0, 1])
def test_classes_may_be_written_beside_the_fitness(workers: int, tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", genotype__yaml=NAMED, fitness__py=DATACLASS)
    found = searched(folder, "max_generations=20", f"workers={workers}", out=tmp_path / "out")
    assert found["best"]["metrics"]["fitness"] == 1
