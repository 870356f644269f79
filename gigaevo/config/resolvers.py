"""What ``${name:...}`` may mean in our YAML, beside what OmegaConf and Hydra offer. None of it evaluates code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from gigaevo.config.errors import ConfigError
from gigaevo.config.sweep.side_by_side import cores


class NoProblemChosen(ConfigError):
    """Neither ``problem.name`` nor ``problem.dir`` was given."""


def register_resolvers() -> None:
    """Make our own ``${name:...}`` known to OmegaConf: ref, cores, spare and problem_name. May be called again."""
    OmegaConf.register_new_resolver("ref", _ref, replace=True)
    OmegaConf.register_new_resolver("cores", cores, replace=True)
    OmegaConf.register_new_resolver("spare", spare, replace=True)
    OmegaConf.register_new_resolver("problem_name", problem_name, replace=True)


def _ref(node: str) -> str:
    """``${ref:node}`` stands for an object: as a value it is its own text, which the builder replaces."""
    return f"${{ref:{node}}}"


def spare(places: Any) -> Any:
    """``${spare:places}``: so many and an eighth more, so that somebody is ready whenever one of ``places`` is free.

    What is no number of places stays as it is, for those to complain of whose it is.
    """
    if isinstance(places, bool) or not isinstance(places, int) or places < 1:
        return places
    return places + max(1, places // 8)


def problem_name(problem: Any) -> str:
    """What a problem is called: its ``name``, else the name of its folder ``dir``.

    Raises:
        NoProblemChosen: It has neither.
        ConfigError: ``problem`` is no mapping, as after ``problem=heilbron``.
    """
    if not isinstance(problem, Mapping):
        raise ConfigError(f"problem={problem}: write problem.name={problem}, or problem.dir=<path of its folder>")
    name, folder = problem.get("name"), problem.get("dir")
    if name is None and folder is None:
        raise NoProblemChosen(
            "no problem chosen: add problem.name=<name> or problem.dir=<path>; python run.py lists the problems"
        )
    if name is not None and Path(str(name)).name != str(name):
        raise ConfigError(f"problem.name={name}: it is a path, not a name; write problem.dir={name}")
    return str(name) if name is not None else Path(str(folder)).resolve().name
