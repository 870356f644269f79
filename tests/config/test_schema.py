"""Everyday settings: what is accepted, and what people are told."""

from __future__ import annotations

from typing import Any

import pytest

from gigaevo.config.errors import ConfigError
from gigaevo.config.schema import LIMITS, Settings, parse_settings

VALUES: dict[str, Any] = {
    "problem": {"name": "heilbron", "dir": "/problems/heilbron"},
    "seed": 0,
    "resume": None,
    **dict.fromkeys(LIMITS),
    "stage_timeout": 10,
    "memory_limit_mb": 1024,
    "num_parents": 1,
    "island_max_size": 75,
    "import_paths": [],
}


def error_of(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_settings({**VALUES, **changes})
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_no_limit_and_whole_numbers_for_seconds_are_fine() -> None:
    settings = parse_settings({**VALUES, "max_seconds": 5, "target_fitness": 1, "max_mutants": 1})
    assert settings.max_seconds == 5.0
    assert settings.max_generations is None


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("seed", -1, "seed=-1: it must be a whole number from 0"),
        ("seed", True, "seed=true: it must be a whole number"),
        ("seed", 1.5, "seed=1.5: it must be a whole number"),
        ("seed", None, "seed=null: it must be a whole number"),
        (
            "parents",
            {"top_fraction": 0.0},
            "parents.top_fraction=0.0: it must be a share above 0 and at most 1",
        ),
        ("parents", {"require": {"x": "y"}}, "parents.require.x=y: it must be a bound for each metric"),
        ("parents", {"topmost": 1}, "unknown key 'parents.topmost'"),
        ("max_mutants", 0, "max_mutants=0: it must be a whole number from 1, or null for no limit"),
        ("max_mutants", "many", "max_mutants=many: it must be"),
        ("max_seconds", 0, "max_seconds=0: it must be seconds above 0"),
        ("max_seconds", float("nan"), "max_seconds=nan: it must be"),
        ("target_fitness", "high", "target_fitness=high: it must be a number"),
        ("plateau", 0, "plateau=0: it must be a number of mutants"),
        ("stage_timeout", float("inf"), "stage_timeout=inf: it must be seconds"),
        ("memory_limit_mb", 3, "memory_limit_mb=3: it must be a whole number of MiB from 64"),
        ("num_parents", 0, "num_parents=0: it must be"),
        ("island_max_size", [1], "island_max_size=[1]: it must be"),
        ("problem", {"name": "", "dir": "x"}, "problem.name=: it must be the name of a folder"),
        ("problem", {"name": "a", "dir": "x", "nam": 1}, "unknown key 'problem.nam'; did you mean name"),
        ("problem", "heilbron", "write problem.name=<name>"),
        ("import_paths", "folder", "import_paths=folder: it must be a list of folders"),
        ("sed", 1, "unknown key 'sed'; did you mean seed"),
    ],
)
def test_a_wrong_value_is_one_line_with_key_value_and_what_is_accepted(key: str, value: Any, said: str) -> None:
    assert said in error_of(**{key: value})


def test_a_configuration_that_was_stored_before_there_was_a_gate_for_parents_has_none() -> None:
    settings = parse_settings(VALUES)
    assert (settings.parents.top_fraction, settings.parents.require) == (None, None)


def test_a_setting_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^seed is missing: it must be a whole number from 0$"):
        parse_settings({key: value for key, value in VALUES.items() if key != "seed"})


def test_every_setting_says_what_it_accepts() -> None:
    assert all(field.description for field in Settings.model_fields.values())
