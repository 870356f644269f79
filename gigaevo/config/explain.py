"""One line for each way in which Hydra and OmegaConf can refuse a configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException
from yaml import YAMLError

from gigaevo.config.errors import ConfigError, did_you_mean, one_line
from gigaevo.config.nodes import child
from gigaevo.config.resolvers import NoProblemChosen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Hydra's own words, for a value of the defaults list that YAML reads as something else than text.
_NOT_TEXT = re.compile(r"Unsupported item value in defaults : (?P<kind>\w+)")
_SEVERAL_VALUES = re.compile(r"Ambiguous value for argument '(?P<key>[^'=]+)=(?P<values>[^']*)'")


def is_configuration_error(error: BaseException) -> bool:
    """Whether the user's configuration, and not this program, is to blame."""
    if isinstance(error, HydraException | OmegaConfBaseException | YAMLError) or _NOT_TEXT.search(str(error)):
        return True
    return any(isinstance(link, ConfigError) for link in _chain(error))


def no_problem_chosen(error: BaseException) -> bool:
    """Whether all that is wrong is that no problem was named."""
    return any(isinstance(link, NoProblemChosen) for link in _chain(error))


def explain(error: BaseException, *, config_root: Path) -> str:
    """What is wrong, where, and what would be right, in one line.

    Args:
        error: Anything for which ``is_configuration_error`` holds.
        config_root: Folder of the shipped configuration, whose subfolders are the groups.
    """
    for link in _chain(error):
        if isinstance(link, ConfigError):
            return one_line(link)
    for link in _chain(error):
        if isinstance(link, YAMLError):
            return _unreadable_file(link)
        if isinstance(link, MissingConfigException):
            return _missing_option(link)
        if isinstance(link, OverrideParseException):
            problem = one_line(str(link.message).splitlines()[0])
            return f"cannot read {link.override!r}: {problem}; write key=value, with quotes around special characters"
        not_text = _NOT_TEXT.search(str(link))
        if not_text is not None:
            what = f"a defaults list has a choice that YAML reads as {not_text['kind']}"
            return f'{what}; put it in quotes: - override /migration: "off"'
        several = _SEVERAL_VALUES.search(str(link))
        if several is not None:
            key, values = several["key"], several["values"]
            return f"{key}={values}: several values need -m, which runs each of them; a list is {key}=[{values}]"
    composed = next((link for link in _chain(error) if isinstance(link, ConfigCompositionException)), None)
    refused = next((link for link in _chain(error) if isinstance(link, OmegaConfBaseException)), None)
    if isinstance(refused, ConfigKeyError | ConfigAttributeError) and " not in " in str(refused):
        return _unknown_key(refused, groups=_groups(config_root))
    told = composed if composed is not None and str(composed) else refused or error
    text = one_line(told)
    if refused is not None and refused is not told:
        text = f"{text}: {one_line(refused.msg or refused)}"
    key = getattr(refused, "full_key", None)
    return text if not key or str(key) in text else f"{key}: {text}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what led to it."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _unreadable_file(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"a configuration file is not YAML: {one_line(error)}"
    return f"{mark.name}:{mark.line + 1}: not YAML: {one_line(getattr(error, 'problem', None) or error)}"


def _missing_option(error: MissingConfigException) -> str:
    missing = error.missing_cfg_file
    if not missing:
        return one_line(str(error).splitlines()[0])
    group, _, option = missing.rpartition("/")
    if not group:
        return f"no configuration is called {missing!r}{_choices(option, error)}"
    return f"{group}={option}: no such choice{_choices(option, error)}"


def _choices(option: str, error: MissingConfigException) -> str:
    choices = list(error.options or ())
    return did_you_mean(option, choices) + (f"; choose one of {', '.join(choices)}" if choices else "")


def _unknown_key(error: OmegaConfBaseException, *, groups: list[str]) -> str:
    key = str(error.full_key or error.key)
    prefix, _, last = key.rpartition(".")
    hint = ""
    if isinstance(error.parent_node, DictConfig):
        beside = [f"{prefix}.{name!s}" if prefix else str(name) for name in error.parent_node if name != "hydra"]
        hint = did_you_mean(key, beside if prefix else beside + groups)
        elsewhere = [path for path in _paths(error.parent_node._get_root()) if path.rpartition(".")[2] == last]
        if not hint and elsewhere:
            hint = f"; did you mean {elsewhere[0]}"
    return f"unknown key {key!r}{hint or '; python run.py --cfg job lists all keys'}"


def _paths(node: Any, prefix: str = "") -> Iterator[str]:
    """Dotted paths of all keys of a configuration, Hydra's own left out."""
    if not isinstance(node, DictConfig) or node._is_interpolation() or node._is_none():
        return
    for key in node:
        path = f"{prefix}.{key!s}" if prefix else str(key)
        if path != "hydra":
            yield path
            yield from _paths(child(node, key), path)


def _groups(config_root: Path) -> list[str]:
    return sorted(path.name for path in config_root.iterdir() if path.is_dir()) if config_root.is_dir() else []
