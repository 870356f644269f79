"""Whether problem, experiment and algorithm belong together: numbers to numbers, programs to programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.errors import HydraException
from omegaconf import DictConfig

from gigaevo.config.errors import ConfigError
from gigaevo.config.places import CONFIG_ROOT, PROBLEMS
from gigaevo.config.schema import BudgetSettings, NumericSettings, ParentSettings, Settings
from gigaevo.problems.numeric_problem import is_numeric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXPERIMENT = "experiment=numeric"
OPTIMIZER = "optimizer"  # the node that only runs of numbers have
_OF_PROGRAMS = ("llm", "operators", "migration", "engine", "mutation", "pipeline", "sandbox")  # groups
_OPTIONS_OF_PROGRAMS = (("storage", "sqlite"), ("observe", "console"))
_ALGORITHMS = CONFIG_ROOT / "algorithm"


def with_experiment(arguments: Sequence[str]) -> list[str]:
    """The arguments with ``experiment=numeric`` where all problems that they name are numeric and no experiment is
    chosen, so that the name of a problem is enough."""
    chosen = [Path(text) for word in arguments if word.startswith("problem.dir=") for text in _values(word)]
    named = [text for word in arguments if word.startswith("problem.name=") for text in _values(word)]
    folders = chosen or [PROBLEMS / name for name in named]
    decided = any(word.lstrip("+~").startswith("experiment=") for word in arguments)
    if decided or not folders or not all(is_numeric(folder.expanduser()) for folder in folders):
        return list(arguments)
    return [*arguments, EXPERIMENT]


def _values(word: str) -> list[str]:
    """The values that an override gives a key, several in a sweep; none where it cannot be read."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    try:
        override = OverridesParser.create().parse_override(word)
        values = list(override.sweep_iterator()) if override.is_discrete_sweep() else [override.value()]
    except HydraException:  # which Hydra itself tells of
        return []
    return [str(getattr(value, "text", value)) for value in values]


def is_search(config: DictConfig) -> bool:
    """Whether a configuration describes a search among numbers."""
    return OPTIMIZER in config


def check_combination(config: DictConfig, choices: Mapping[str, Any]) -> None:
    """Check that the problem is of the kind that the configuration is for.

    Args:
        config: As composed, name and folder of the problem filled in.
        choices: Option by group.

    Raises:
        ConfigError: One line that says what to type.
    """
    name, numeric = str(config.problem.name), is_numeric(Path(config.problem.dir))
    by_numbers = "checkpoint_s" in config  # what experiment=numeric brings, whatever is chosen beside it
    if not numeric:
        if is_search(config) or by_numbers:
            chosen = EXPERIMENT if by_numbers else f"algorithm={choices.get('algorithm')}"
            raise ConfigError(
                f"{chosen} is for numeric problems, which have a genotype.yaml; problem '{name}' evolves programs"
            )
        for group in ("storage", "observe"):
            if choices.get(group) == "search":
                raise ConfigError(
                    f"{group}=search is for numeric problems, and '{name}' evolves programs; leave it out"
                )
        return
    if not by_numbers:
        raise ConfigError(f"problem '{name}' is numeric: add {EXPERIMENT}, or leave experiment=... out")
    if not is_search(config):
        raise ConfigError(
            f"algorithm={choices.get('algorithm')} evolves programs, and problem '{name}' is numeric; "
            f"choose one of {', '.join(numeric_algorithms())}"
        )
    of_programs = [group for group in _OF_PROGRAMS if choices.get(group) is not None]
    of_programs += [group for group, option in _OPTIONS_OF_PROGRAMS if choices.get(group) == option]
    if of_programs:
        typed = f"{of_programs[0]}={choices[of_programs[0]]}"
        raise ConfigError(f"{typed} is for programs, and problem '{name}' is numeric; leave it out")
    for key in Settings.model_fields:
        value = None if key in NumericSettings.model_fields else config.get(key)
        if value is not None and not isinstance(value, DictConfig):
            told = _INSTEAD.get(key, "leave it out")
            raise ConfigError(f"{key}={value} is for programs, and problem '{name}' is numeric; {told}")
    for section, defaults in (("parents", ParentSettings()), ("budget", BudgetSettings())):
        for key, value in (config.get(section) or {}).items():
            if value != getattr(defaults, str(key), None):
                told = f"{section}.{key}={value} is for programs, and problem '{name}' is numeric"
                raise ConfigError(f"{told}; leave it out")


_INSTEAD = {
    "max_mutants": "set max_evaluations",
    "num_parents": "operators of numbers have two",
    "island_max_size": "set optimizer.population_size",
}


def numeric_algorithms() -> list[str]:
    """Options of ``algorithm`` that search among numbers."""
    files = sorted(_ALGORITHMS.glob("*.yaml"))
    return [path.stem for path in files if f"\n{OPTIMIZER}:" in path.read_text(encoding="utf-8")]
