"""``llm=replay transcript=<run folder>``: the configuration of a recorded run, with its answers in place of models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from gigaevo.config import stored
from gigaevo.config.errors import ConfigError, one_line
from gigaevo.config.nodes import leaves, path_of
from gigaevo.config.places import PROBLEMS
from gigaevo.config.resolvers import problem_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REPLAY = "llm=replay"
_TRANSCRIPT = "transcript="
_NOWHERE = "http://127.0.0.1:9/v1"  # in place of a server that stood in, which nobody asks any more


def with_recorded_problem(arguments: Sequence[str]) -> list[str]:
    """The arguments of a replay with the problem of the recorded run, which Hydra must know to name the output folder.

    Args:
        arguments: A command line. One that is no replay, or names its problem, is given back as it is.

    Raises:
        ConfigError: There is no recorded run.
    """
    transcript = next((word.partition("=")[2] for word in reversed(arguments) if word.startswith(_TRANSCRIPT)), "")
    if _REPLAY not in arguments or not transcript or any(word.startswith("problem.") for word in arguments):
        return list(arguments)
    problem = _recorded(Path(transcript.strip("'\""))).problem
    return [*arguments, f"problem.name={_quoted(problem.name)}", f"problem.dir={_quoted(str(_folder_of(problem)))}"]


def replayed(config: DictConfig, *, overrides: Sequence[str], groups: Mapping[str, Any]) -> DictConfig:
    """What a replay runs: the recorded run's configuration, in which single values may be changed.

    Args:
        config: As composed, with ``llm=replay``.
        overrides: What was typed.
        groups: Names of the groups of the configuration.

    Returns:
        The recorded configuration; ``config`` itself where parts are chosen anew, which makes it a run of its own that
        is answered as far as its questions are the recorded ones.

    Raises:
        ConfigError: There is no recorded run, or something shall change that cannot.
    """
    folder = Path(config.transcript).resolve()
    recorded = _recorded(folder)
    changes = [change for change in OverridesParser.create().parse_overrides(list(overrides)) if _concerns_run(change)]
    if any(change.key_or_group in groups for change in changes):
        with open_dict(config):
            config.transcript = str(folder)
        _tell_of_differences(config, recorded)
        return config
    result = recorded.copy()
    with open_dict(result):
        chosen = {change.key_or_group for change in changes} & {"problem.name", "problem.dir"}
        if chosen:  # either says which problem it is
            result.problem = {"name": None, "dir": None}
        for change in changes:
            _apply(result, change)
        result.transcript, result.resume = str(folder), None
        result.llm.replay = dict(config.llm.replay)
        result.llm.cache = None
        result.pop("stand_in", None)
    for leaf in leaves(result.llm):
        if "stand_in" in str(leaf._value()):
            OmegaConf.update(result, path_of(leaf), _NOWHERE)
    _tell_of_differences(result, recorded)
    return result


def _recorded(folder: Path) -> DictConfig:
    try:
        recorded = stored.load(folder)
    except ConfigError as error:
        raise ConfigError(str(error).replace("resume=", "transcript=", 1)) from None
    if recorded.get("llm") is None:
        raise ConfigError(f"transcript={folder}: that run asked no language model; there is nothing to replay")
    return recorded


def _folder_of(problem: DictConfig) -> Path:
    """Where the recorded run's problem lies; the shipped one of its name where it was recorded on another machine."""
    folder = Path(problem.dir)
    return folder if folder.is_dir() else PROBLEMS / str(problem.name)


def _concerns_run(change: Override) -> bool:
    key = change.key_or_group
    return key not in ("llm", "transcript", "hydra") and not key.startswith(("hydra.", "hydra/"))


def _apply(config: DictConfig, change: Override) -> None:
    if change.is_delete() or change.is_sweep_override():
        raise ConfigError(f"{change.input_line}: of a recorded run only values may change")
    if not change.is_add() and OmegaConf.select(config, change.key_or_group, default=_MISSING) is _MISSING:
        raise ConfigError(f"{change.input_line}: the recorded run has no key {change.key_or_group!r}")
    try:
        OmegaConf.update(config, change.key_or_group, change.value(), force_add=True)
    except Exception as error:
        raise ConfigError(f"{change.input_line}: {one_line(error)}") from error


_MISSING = object()


def _tell_of_differences(config: DictConfig, recorded: DictConfig) -> None:
    engine = recorded.get("engine")
    repeatable = isinstance(engine, DictConfig) and engine.get("deterministic", False)
    if not repeatable:
        _tell(
            "the recorded run was not deterministic (engine.deterministic=true): questions are answered by their "
            "number as far as the proposals are the same"
        )
    for key, now, then in (
        ("problem", problem_name(config.problem), problem_name(recorded.problem)),
        ("seed", config.seed, recorded.seed),
    ):
        if now != then:  # then hardly a question is the recorded one
            _tell(f"{key} is {now}, and was {then} in the recorded run: its answers are to other questions")


def _tell(line: str) -> None:
    sys.stderr.write(f"warning: {line}\n")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
