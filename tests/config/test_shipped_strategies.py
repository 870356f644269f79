"""What the shipped strategies are, and that they are none that the start of a run warns of."""

from __future__ import annotations

import pytest
from loguru import logger

from tests.config import strategy_looks as looks
from tests.config.command import ROOT
from tests.config.numeric_choices import of_numbers
from tests.config.subjects import Built

ALGORITHMS = sorted(path.stem for path in (ROOT / "config" / "algorithm").glob("*.yaml") if not of_numbers(path))
MIGRATIONS = sorted(path.stem for path in (ROOT / "config" / "migration").glob("*.yaml"))
CHOICES = [
    *(f"algorithm={algorithm}" for algorithm in ALGORITHMS),
    *(f"algorithm=multi_island migration={migration}" for migration in MIGRATIONS),
]


@pytest.mark.parametrize("choice", CHOICES)
def test_no_shipped_strategy_is_one_that_the_start_of_a_run_advises_against(choice: str) -> None:
    built = Built.of(["problem.name=toy_example", *choice.split()])
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    try:
        assert built.strategy is not None
    finally:
        logger.remove(sink)
    assert lines == []


@pytest.mark.parametrize(
    ("experiment", "algorithm"),
    [
        ("base", "single_island"),
        ("multi_island_complexity", "multi_island"),
        ("multi_island_speed", "multi_island_speed"),
    ],
)
def test_an_experiment_is_short_for_an_algorithm(experiment: str, algorithm: str) -> None:
    assert Built.of([f"experiment={experiment}"]).config == Built.of([f"algorithm={algorithm}"]).config


@pytest.mark.parametrize("experiment", ["multi_island_complexity", "multi_island_speed"])
def test_a_choice_of_migration_goes_further_than_the_experiment(experiment: str) -> None:
    chosen = ["problem.name=toy_example", f"experiment={experiment}"]
    assert looks.generation_of_migration(Built.of(chosen)) is not None
    assert looks.generation_of_migration(Built.of([*chosen, "migration=off"])) is None
