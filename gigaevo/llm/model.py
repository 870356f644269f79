"""One language model as a run is configured to use it: where it is asked, with what settings, at what price."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

# Names of parameters that would hold a secret. Plurals are counts: "budget_tokens", "max_tokens".
_SECRET = re.compile(r"(^|[_-])(key|apikey|token|secret|password|credentials?|authorization|auth)$", re.IGNORECASE)
_HARMLESS = frozenset({"prompt_cache_key", "safety_identifier_key"})
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")  # no key looks like that
# What would break the bound on a call's cost, or has a setting of its own.
_OWN_SETTING = {
    "api_base": "base_url",
    "base_url": "base_url",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_tokens": "max_tokens",
    "model": "name",
    "request_timeout": "timeout_s",
    "temperature": "temperature",
    "timeout": "timeout_s",
}
_OURS = frozenset({"fallbacks", "max_retries", "messages", "mock_response", "n", "num_retries", "stream", "client"})
# What is charged for beside the tokens, or answers with something else than a text.
_NO_TEXT = frozenset({"audio", "functions", "modalities", "plugins", "tool_choice", "tools", "web_search_options"})
_BODY = "extra_body"  # what stands in it is sent as if it stood beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Settings of a model.

    Attributes:
        name: As litellm knows it (``"openai/gpt-4.1-mini"``, ``"gemini/gemini-2.5-flash"``); with ``base_url`` exactly
            what the endpoint calls it.
        base_url: Address of an OpenAI-compatible endpoint, with the version in it (``"http://127.0.0.1:8000/v1"``);
            None: the provider's own.
        api_key_env: Environment variable that holds the key; None: the provider's usual one, and for an endpoint with a
            ``base_url`` ``LLM_API_KEY``, if that is set.
        temperature: Of sampling; None: as the endpoint does by default.
        max_tokens: Most tokens of an answer, those of reasoning included.
        weight: How often it is asked beside other models, for routings that go by weights.
        usd_per_million_prompt: Dollars for a million tokens sent; None: as litellm's table says.
        usd_per_million_completion: The same for tokens received.
        requests_per_minute: Most requests in a minute; None: no limit.
        tokens_per_minute: Most tokens in a minute, both ways; None: no limit.
        timeout_s: Seconds after which an attempt is given up.
        concurrency: Most attempts under way at a time; None: three quarters of the client's where there are several
            models, so that a slow one never has all places, and no limit of its own where it is the only one.
        extra: More parameters, handed on as they are (``{"reasoning_effort": "low"}``). No keys: those come from the
            environment or from .env.

    Raises:
        ValueError: A setting makes no sense, or holds a secret.
    """

    name: str
    base_url: str | None = None
    api_key_env: str | None = None
    temperature: float | None = None
    max_tokens: int = 8192
    weight: float = 1.0
    usd_per_million_prompt: float | None = None
    usd_per_million_completion: float | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    timeout_s: float = 300.0
    concurrency: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ValueError("a language model needs a name, as litellm knows it: openai/gpt-4.1-mini")
        if self.base_url is None and not self.provider:
            raise ValueError(f"model {self.name}: say whose it is, as in openai/{self.name}, or where, by base_url")
        for setting, least in (("max_tokens", 1), ("requests_per_minute", 1), ("tokens_per_minute", 1)):
            self._check_number(setting, least)
        self._check_number("concurrency", 1)
        for setting in ("temperature", "weight", "usd_per_million_prompt", "usd_per_million_completion"):
            self._check_number(setting, 0)
        if not self.timeout_s > 0:
            raise ValueError(f"model {self.name}: timeout_s={self.timeout_s} must be above 0")
        if (self.usd_per_million_prompt is None) != (self.usd_per_million_completion is None):
            raise ValueError(
                f"model {self.name}: set both usd_per_million_prompt and usd_per_million_completion, or none"
            )
        if self.api_key_env is not None and not _VARIABLE.fullmatch(self.api_key_env):
            raise ValueError(
                f"model {self.name}: api_key_env is the name of a variable such as LLM_API_KEY; the key itself comes "
                "from the environment or from .env only"
            )
        if self.base_url is not None:
            _check_address(self.name, self.base_url)
        _check_extra(self.name, self.extra)

    @property
    def litellm_name(self) -> str:
        """What litellm is told: with a ``base_url`` the OpenAI-compatible route, whatever the name."""
        return self.name if self.base_url is None else f"openai/{self.name}"

    @property
    def endpoint(self) -> str:
        """Who is asked: the address or the provider. Models that share one fail together."""
        return self.base_url or self.provider

    @property
    def provider(self) -> str:
        """The name up to the first slash; empty where there is none."""
        provider, slash, _ = self.name.partition("/")
        return provider.lower() if slash else ""

    @property
    def service_tier(self) -> str:
        """The kind of service that is asked for, on which the price depends; empty for the usual one."""
        body = self.extra.get(_BODY)
        found = self.extra.get("service_tier", body.get("service_tier") if isinstance(body, Mapping) else None)
        return str(found or "")

    def settings(self) -> dict[str, Any]:
        """What is sent with the messages, as JSON values free of secrets."""
        settings: dict[str, Any] = {"name": self.name, "endpoint": self.endpoint, "max_tokens": self.max_tokens}
        if self.temperature is not None:
            settings["temperature"] = self.temperature
        if self.extra:
            settings["extra"] = plain(self.extra)
        return settings

    def _check_number(self, setting: str, least: float) -> None:
        value = getattr(self, setting)
        if value is not None and not (math.isfinite(value) and value >= least):
            raise ValueError(f"model {self.name}: {setting}={value} must be at least {least}")


def plain(value: Any) -> Any:
    """``value`` with its mappings and sequences, of whatever class, as dictionaries and lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return [plain(item) for item in value]


def _check_address(name: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(
            f"model {name}: base_url must hold neither user, password nor parameters; "
            "set the key as LLM_API_KEY in the environment or in .env"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"model {name}: base_url={address} is no address; it looks like http://127.0.0.1:8000/v1")


def _check_extra(name: str, extra: Mapping[str, Any], where: str = "extra") -> None:
    for key, value in extra.items():
        if key in _OWN_SETTING:
            raise ValueError(f"model {name}: {where}.{key} has a setting of its own: {_OWN_SETTING[key]}")
        if key in _OURS:
            raise ValueError(f"model {name}: {where}.{key} cannot be set: a call is one question and one whole answer")
        if key in _NO_TEXT:
            raise ValueError(
                f"model {name}: {where}.{key} cannot be set: answers are texts, and tokens all that they cost"
            )
        if key == _BODY and isinstance(value, Mapping):
            _check_extra(name, value, f"{where}.{key}")
        _refuse_secrets(name, f"{where}.{key}", str(key), value)


def _refuse_secrets(name: str, place: str, key: str, value: Any) -> None:
    if _SECRET.search(key) and key not in _HARMLESS:
        raise ValueError(f"model {name}: {place} looks like a secret; keys come from the environment or from .env only")
    if isinstance(value, Mapping):
        for inner, item in value.items():
            _refuse_secrets(name, f"{place}.{inner}", str(inner), item)
