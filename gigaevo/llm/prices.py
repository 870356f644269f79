"""What tokens cost: from the table that lies in the litellm package, or as configured. Whole numbers throughout."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gigaevo.llm.model import Model

PER_USD = 10**12  # money is counted in millionths of a millionth of a dollar: every price of a token is whole
_TABLE = "model_prices_and_context_window_backup.json"
_USUAL_TIERS = frozenset({"", "auto", "default", "standard", "standard_only", "flex"})  # they cost no more than usual
_ABOVE = re.compile(r"(input|output)_cost_per_token_above_(\d+)k_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What an answer took.

    Attributes:
        prompt: Tokens sent, all of them.
        completion: Tokens received, those of reasoning included.
        cached: Those of ``prompt`` that the provider read from a cache.
        written: Those of ``prompt`` that the provider wrote into one.
    """

    prompt: int
    completion: int
    cached: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a token costs, in ``1 / PER_USD`` dollars.

    Attributes:
        prompt: A token sent.
        completion: A token received; the dearer one where those of reasoning cost something else.
        cached: A token that was read from the provider's cache.
        written: A token that was written into it.
        above: Prices of longer prompts: (tokens, prompt, completion), by tokens.
    """

    prompt: int
    completion: int
    cached: int
    written: int
    above: tuple[tuple[int, int, int], ...] = ()

    def cost(self, tokens: Tokens) -> int:
        """What an answer cost."""
        prompt, completion = self.prompt, self.completion
        for more_than, dearer_prompt, dearer_completion in self.above:
            if tokens.prompt > more_than:
                prompt, completion = dearer_prompt, dearer_completion
        plain = max(tokens.prompt - tokens.cached - tokens.written, 0)
        # Above a threshold what the cache saves is not known to the table in one form: no rebate is counted there.
        cached = self.cached if prompt == self.prompt else prompt
        written = max(self.written, prompt)
        return (
            plain * prompt + tokens.cached * min(cached, prompt) + tokens.written * written
        ) + tokens.completion * completion

    def worst(self, tokens: Tokens) -> int:
        """The most that ``tokens`` can cost."""
        prompt = max(self.prompt, self.written, *(price for more, price, _ in self.above if tokens.prompt > more))
        completion = max(self.completion, *(price for more, _, price in self.above if tokens.prompt > more), 0)
        return tokens.prompt * prompt + tokens.completion * completion


def price_table() -> Mapping[str, Mapping[str, Any]]:
    """litellm's table by name of model, read from its package without importing it; empty where it is not installed."""
    package = find_spec("litellm")
    if package is None or not package.submodule_search_locations:
        return {}
    path = Path(package.submodule_search_locations[0]) / _TABLE
    try:
        table: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return table


def price_of(model: Model, table: Mapping[str, Mapping[str, Any]]) -> Price | None:
    """The price of a model: as configured, else by its name as ``table`` says; None where neither knows."""
    if model.usd_per_million_prompt is not None and model.usd_per_million_completion is not None:
        prompt, completion = (
            _whole(model.usd_per_million_prompt, 10**6),
            _whole(model.usd_per_million_completion, 10**6),
        )
        return Price(prompt=prompt, completion=completion, cached=prompt, written=prompt)
    entry = _of_tier(_entry(model.name, table), model.service_tier)
    if entry is None or "input_cost_per_token" not in entry or "output_cost_per_token" not in entry:
        return None
    prompt = _whole(entry["input_cost_per_token"])
    completion = _whole(max(entry["output_cost_per_token"], entry.get("output_cost_per_reasoning_token") or 0))
    return Price(
        prompt=prompt,
        completion=completion,
        cached=_whole(entry.get("cache_read_input_token_cost"), otherwise=prompt),
        written=max(_whole(entry.get("cache_creation_input_token_cost"), otherwise=prompt), prompt),
        above=_steps(entry, prompt, completion),
    )


def longest_answer(model: Model, table: Mapping[str, Mapping[str, Any]]) -> int | None:
    """Most tokens that a model can answer with, where ``table`` says so: asked for more, some refuse to answer."""
    entry = None if model.base_url else _entry(model.name, table)
    most = None if entry is None else entry.get("max_output_tokens")
    return most if isinstance(most, int) and most > 0 else None


def dollars(amount: int) -> float:
    """``amount`` in dollars."""
    return amount / PER_USD


def money(usd: float) -> int:
    """Dollars as an amount, rounded down: a limit is never more than was said."""
    return int(Decimal(str(usd)) * PER_USD)


def _entry(name: str, table: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """What the table says of ``name``, or of what comes after the provider's name if it is the same provider's."""
    if name in table:
        return table[name]
    provider, _, rest = name.partition("/")
    entry = table.get(rest)
    if entry is not None and str(entry.get("litellm_provider", "")).startswith(provider.lower()):
        return entry
    if provider.lower() == "openrouter" and "/" in rest:  # it charges for a token what the maker of the model does
        return _entry(_of_the_maker(rest), table)
    return None


def _of_tier(entry: Mapping[str, Any] | None, tier: str) -> Mapping[str, Any] | None:
    """An entry with the prices of a kind of service; None where the table does not know what a dearer one costs."""
    if entry is None or not tier:
        return entry
    ending = f"_{tier}"
    own = {key.removesuffix(ending): usd for key, usd in entry.items() if key.endswith(ending) and "_cost_" in key}
    if "input_cost_per_token" in own and "output_cost_per_token" in own:
        return {**entry, **own}
    return entry if tier in _USUAL_TIERS else None


def _of_the_maker(name: str) -> str:
    """The name under which the table has what OpenRouter calls ``name``, such as ``anthropic/claude-haiku-4.5``."""
    maker, _, model = name.partition("/")
    match maker.lower():
        case "google":
            return f"gemini/{model}"
        case "anthropic":
            return f"anthropic/{model.replace('.', '-')}"
    return name


def _steps(entry: Mapping[str, Any], prompt: int, completion: int) -> tuple[tuple[int, int, int], ...]:
    steps: dict[int, dict[str, int]] = {}
    for key, usd in entry.items():
        if usd is not None and (found := _ABOVE.fullmatch(key)):
            steps.setdefault(1000 * int(found[2]), {})[found[1]] = _whole(usd)
    return tuple(
        (more_than, step.get("input", prompt), step.get("output", completion))
        for more_than, step in sorted(steps.items())
    )


def _whole(usd: float | None, parts: int = 1, *, otherwise: int = 0) -> int:
    """The price of one of ``parts`` tokens that cost ``usd`` together, rounded up."""
    if usd is None:
        return otherwise
    return int((Decimal(str(usd)) * PER_USD / parts).to_integral_value(ROUND_CEILING))
