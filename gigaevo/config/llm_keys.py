"""Whether what a configuration says of language models fits together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from gigaevo.config.errors import ConfigError
from gigaevo.config.nodes import child, leaves, path_of
from gigaevo.config.schema import BudgetSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = ("model_name", "temperature", "max_tokens", "llm_base_url")
_MODELS = re.compile(r"\$\{\s*(ref\s*:\s*)?llm\s*\}")


def has_llm(config: DictConfig) -> bool:
    """Whether language models are configured."""
    return OmegaConf.select(config, "llm", throw_on_missing=False) is not None


def check_llm_keys(config: DictConfig) -> None:
    """Check that no key of language models is without use.

    Args:
        config: As composed, its references still in it.

    Raises:
        ConfigError: One line naming the key.
    """
    replays = OmegaConf.select(config, "llm.replay", throw_on_missing=False) is not None
    if config.get("transcript") is not None and not replays:
        raise ConfigError(f"transcript={config.transcript} does nothing without a replay: add llm=replay")
    if replays and config.get("transcript") is None:
        raise ConfigError("llm=replay needs the run to replay: add transcript=<its output folder>")
    if has_llm(config):
        return
    for key in _set_keys(config):
        raise ConfigError(f"{key} does nothing without a language model: add llm=single, or leave it out")
    for leaf in leaves(config):
        if isinstance(leaf._value(), str) and _MODELS.search(leaf._value()):
            raise ConfigError(f"{path_of(leaf)} needs a language model: add llm=single, or leave that part out")
    if "operators" not in config and "operators" in str(_text(config, "mutation_operator")):
        raise ConfigError("mutation=llm needs a language model: add llm=single, or choose mutation=default")


def _set_keys(config: DictConfig) -> Iterator[str]:
    """Keys that have another value than their default, as typed."""
    for key in _KEYS:
        if config.get(key) is not None:
            yield f"{key}={config[key]}"
    budget = config.get("budget")
    if isinstance(budget, DictConfig):
        for name, field in BudgetSettings.model_fields.items():
            if budget.get(name, field.default) != field.default:
                yield f"budget.{name}={budget[name]}"


def _text(config: DictConfig, key: str) -> object:
    node = child(config, key)
    return OmegaConf.to_container(node, resolve=False) if isinstance(node, DictConfig) else node._value()
