"""What a run folder remembers of its configuration, so that ``resume=<folder>`` alone can go on."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, Node, OmegaConf

from gigaevo.config.errors import ConfigError, one_line
from gigaevo.config.nodes import follow, leaves, path_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "config.yaml"
_HEADER = """\
# Configuration of the run in this folder. Continue it with: python run.py resume=<this folder>
# Values are final. What stays as ${...} names an object of the run, or a variable of the environment.
"""
_FROM_ENVIRONMENT = "<from the environment>"


def final_values(config: DictConfig) -> DictConfig:
    """A copy with each interpolation replaced by the value it has now.

    Kept as they are: references to parts of the configuration, because two references must stay one object, and
    whatever comes from the environment, because that is where secrets are.

    Raises:
        ConfigError: A reference leads nowhere.
    """
    masked = copy.deepcopy(config)
    for leaf in leaves(masked):
        if "oc.env" in str(leaf._value()):
            leaf._set_value(_FROM_ENVIRONMENT)
    result = copy.deepcopy(config)
    for leaf, written in zip(list(leaves(masked)), list(leaves(result)), strict=True):
        if not leaf._is_interpolation():
            continue
        value = _value(leaf)
        if isinstance(value, str) and ("${" in value or _FROM_ENVIRONMENT in value):
            continue
        if value is not _KEEP:
            OmegaConf.update(result, path_of(written), value)
    return result


_KEEP = object()


def _value(leaf: Node) -> Any:
    target = follow(leaf, at=path_of(leaf))
    return _KEEP if OmegaConf.is_config(target) else target._value()


def claim(folder: Path, config: DictConfig) -> None:
    """Write ``config`` into ``folder`` as that of a new run, whole or not at all.

    Raises:
        ConfigError: The folder has a run already; of two that start at the same moment, one gets this. Or it cannot be
            written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = _write_draft(folder, config)
    try:
        os.link(draft, folder / FILE_NAME)
    except FileExistsError:
        raise ConfigError(
            f"{folder} has a run already: continue it with resume={folder}, or choose another hydra.run.dir"
        ) from None
    finally:
        draft.unlink()


def withdraw(folder: Path) -> None:
    """Undo ``claim`` for a run that never began: its configuration goes unless there is more in the folder."""
    if [path.name for path in folder.iterdir()] == [FILE_NAME]:
        (folder / FILE_NAME).unlink()


def replace(folder: Path, config: DictConfig) -> None:
    """Write ``config`` over that of the run in ``folder``.

    Raises:
        ConfigError: The folder cannot be written to.
    """
    _write_draft(folder, config).replace(folder / FILE_NAME)


def load(folder: Path) -> DictConfig:
    """The configuration of the run in ``folder``.

    Raises:
        ConfigError: There is no run, or its file cannot be read.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        missing = f"it has no {FILE_NAME}" if folder.is_dir() else "there is no such folder"
        raise ConfigError(f"resume={folder} is not the output folder of a run: {missing}")
    try:
        config = OmegaConf.load(path)
    except Exception as error:
        raise ConfigError(f"{path} cannot be read: {one_line(error)}") from error
    if not isinstance(config, DictConfig):
        raise ConfigError(f"{path} is not the configuration of a run: it must be a mapping")
    return config


def with_limits(config: DictConfig, limits: Mapping[str, Any]) -> DictConfig:
    """A copy with other limits."""
    changed = copy.deepcopy(config)
    for key, value in limits.items():
        OmegaConf.update(changed, key, value)
    return changed


def _write_draft(folder: Path, config: DictConfig) -> Path:
    draft = folder / f".{FILE_NAME}.{os.getpid()}"
    try:
        draft.write_text(_HEADER + OmegaConf.to_yaml(config), encoding="utf-8")
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"{folder / FILE_NAME} cannot be written: {error}") from error
    return draft
