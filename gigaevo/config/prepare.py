"""From a composed configuration to one that can be run: everything checked before anything starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from gigaevo.config.errors import ConfigError, did_you_mean, one_line
from gigaevo.config.llm_keys import check_llm_keys
from gigaevo.config.nodes import child
from gigaevo.config.numeric.combination import is_search
from gigaevo.config.references import unused_keys
from gigaevo.config.resolvers import problem_name
from gigaevo.config.schema import NumericSettings, Settings, parse_numeric_settings, parse_settings
from gigaevo.problems import list_problems

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = (
    "evolution_strategy",
    "mutation_operator",
    "engine",
    "pipeline",
    "sandbox",
    "program_storage",
    "observe",
)
"""Nodes that every run is made of."""

NUMERIC_PARTS = ("optimizer", "search_storage", "observe")
"""Nodes that every run of a numeric problem is made of."""

OPTIONAL = ("llm", "founders", "stand_in")
"""Nodes that a run may have beside them: its language models, who has them write first programs, and a server that
stands in for them."""

SHARED = ("behavior_space", "islands", "operators")
"""Nodes that shipped files offer to the parts; one that a user's file replaces may be left without use."""


def check_keys(config: DictConfig) -> None:
    """Check that every part is described and that each key has a use.

    Args:
        config: As composed, its references still in it.

    Raises:
        ConfigError: One line naming the key.
    """
    parts = NUMERIC_PARTS if is_search(config) else PARTS
    missing = [part for part in parts if OmegaConf.select(config, part, throw_on_missing=False) is None]
    if missing:
        raise ConfigError(f"{missing[0]} is missing: {_where_it_may_be(config, missing[0])}")
    if not is_search(config):
        check_llm_keys(config)
    known = (*Settings.model_fields, *parts, *OPTIONAL, *SHARED)
    if is_search(config):
        known = (*known, *NumericSettings.model_fields)
    useless = unused_keys(config, known)
    if useless:
        key = useless[0]
        hint = did_you_mean(key, known) or f"; refer to it as ${{{key}}}, or remove it"
        raise ConfigError(f"{key} does nothing: no part of the run refers to it{hint}")


def _where_it_may_be(config: DictConfig, part: str) -> str:
    for key in config:
        node = child(config, key)
        if isinstance(node, DictConfig) and part in node:
            return f"it stands below {key!r}; begin the file that describes it with the line '# @package _global_'"
    return "it must describe an object by its _target_"


def settings_of(config: DictConfig) -> Settings | NumericSettings:
    """The everyday settings, checked.

    Args:
        config: With ``problem`` and ``import_paths`` filled in.

    Raises:
        ConfigError: One line naming the first wrong key, its value and what would be accepted.
    """
    model = NumericSettings if is_search(config) else Settings
    try:
        values = {key: _plain(config, key) for key in model.model_fields if key in config}
    except OmegaConfBaseException as error:
        raise ConfigError(one_line(error)) from error
    return parse_numeric_settings(values) if is_search(config) else parse_settings(values)


def _plain(config: DictConfig, key: str) -> object:
    value = config[key]
    if not OmegaConf.is_config(value):
        return value
    plain = OmegaConf.to_container(value, resolve=True)
    if isinstance(plain, dict):  # settings may be the arguments of an object as well
        plain.pop("_target_", None)
    return plain


def complete(config: DictConfig, *, problems: Path, import_paths: Sequence[Path]) -> None:
    """Fill in what follows from the rest: name and folder of the problem, and where users' classes are looked for.

    Args:
        config: Changed in place.
        problems: Folder of the problems that have a name.
        import_paths: Folders to search beside those that the configuration names.

    Raises:
        ConfigError: The problem is not there.
    """
    name, folder = problem_folder(config, problems=problems)
    with open_dict(config):
        config.problem.name, config.problem.dir = name, str(folder)
        if OmegaConf.is_list(config.get("import_paths")):
            own = [Path(str(path)).resolve() for path in config.import_paths]
            config.import_paths = [str(path) for path in dict.fromkeys([*own, *import_paths])]


def problem_folder(config: DictConfig, *, problems: Path) -> tuple[str, Path]:
    """Name and folder of the problem that is chosen.

    Args:
        config: As composed.
        problems: Folder of the problems that have a name.

    Raises:
        ConfigError: The problem is not there, or cannot be read.
    """
    name = problem_name(config.problem)
    folder = Path(config.problem.dir).expanduser().resolve() if config.problem.dir is not None else problems / name
    if not folder.is_dir():
        raise ConfigError(_no_problem(config, name, folder, problems))
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ConfigError(f"problem.dir={folder}: the folder cannot be read")
    return name, folder


def _no_problem(config: DictConfig, name: str, folder: Path, problems: Path) -> str:
    if config.problem.dir is not None:
        return f"problem.dir={config.problem.dir}: there is no folder {folder}"
    names = [listing.name for listing in list_problems(problems)]
    return f"problem.name={name}: no such problem{did_you_mean(name, names)}; there are: {', '.join(names) or 'none'}"
