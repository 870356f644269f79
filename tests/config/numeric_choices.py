"""Which of the shipped choices are of searches among numbers, and on which problem each is at home."""

from __future__ import annotations

from pathlib import Path

CONFIG = Path(__file__).resolve().parents[2] / "config"

HOME = {
    "algorithm/auto": "onemax",
    "algorithm/cma_es": "rastrigin",
    "algorithm/de": "rastrigin",
    "algorithm/evolve": "onemax",
    "algorithm/ga": "tsp",
    "algorithm/map_elites": "robot_arm",
    "algorithm/nsga2": "zdt1",
    "algorithm/pso": "rastrigin",
    "experiment/numeric": "rastrigin",
    "observe/search": "rastrigin",
    "storage/search": "rastrigin",
}
"""Choice to problem."""


def of_numbers(path: Path) -> bool:
    """Whether a file of ``config/`` is such a choice."""
    return str(path.relative_to(CONFIG).with_suffix("")) in HOME
