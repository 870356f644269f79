"""Keys: where they come from, and that they go nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gigaevo.llm.model import Model

HIDDEN = "***"
SHORTEST = 8  # characters of what is taken for a secret
OWN_ENDPOINT = "LLM_API_KEY"  # of an endpoint that is named by its address
SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)


class _Credential(NamedTuple):
    """One thing that a provider wants: the parameter of litellm, the variables it is found in, and whether it must."""

    parameter: str
    variables: tuple[str, ...]
    needed: bool = True


def _key(*variables: str) -> tuple[_Credential, ...]:
    return (_Credential("api_key", variables),)


# Providers whose key has another name than <PROVIDER>_API_KEY, or that want more than a key, or none.
_PROVIDERS: Mapping[str, tuple[_Credential, ...]] = {
    "anthropic": _key("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "azure": (
        _Credential("api_key", ("AZURE_API_KEY", "AZURE_OPENAI_API_KEY")),
        _Credential("api_base", ("AZURE_API_BASE",)),
        _Credential("api_version", ("AZURE_API_VERSION",), needed=False),
    ),
    "azure_ai": (
        _Credential("api_key", ("AZURE_AI_API_KEY",)),
        _Credential("api_base", ("AZURE_AI_API_BASE",)),
    ),
    # The instance's role may stand in for AWS keys, so none of them must be there.
    "bedrock": (
        _Credential("aws_access_key_id", ("AWS_ACCESS_KEY_ID",), needed=False),
        _Credential("aws_secret_access_key", ("AWS_SECRET_ACCESS_KEY",), needed=False),
        _Credential("aws_session_token", ("AWS_SESSION_TOKEN",), needed=False),
        _Credential("aws_region_name", ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"), needed=False),
    ),
    "cohere": _key("COHERE_API_KEY", "CO_API_KEY"),
    "cohere_chat": _key("COHERE_API_KEY", "CO_API_KEY"),
    "fireworks_ai": _key("FIREWORKS_AI_API_KEY", "FIREWORKS_API_KEY", "FIREWORKSAI_API_KEY"),
    "gemini": _key("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "github": _key("GITHUB_API_KEY", "GITHUB_TOKEN"),
    "hosted_vllm": (_Credential("api_key", ("HOSTED_VLLM_API_KEY",), needed=False),),
    "huggingface": _key("HUGGINGFACE_API_KEY", "HF_TOKEN"),
    "lm_studio": (_Credential("api_key", ("LM_STUDIO_API_KEY",), needed=False),),
    "ollama": (_Credential("api_key", ("OLLAMA_API_KEY",), needed=False),),
    "ollama_chat": (_Credential("api_key", ("OLLAMA_API_KEY",), needed=False),),
    "perplexity": _key("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),
    "replicate": _key("REPLICATE_API_KEY", "REPLICATE_API_TOKEN"),
    "together_ai": _key("TOGETHERAI_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHER_API_KEY"),
    "vertex_ai": (
        _Credential("vertex_credentials", ("GOOGLE_APPLICATION_CREDENTIALS", "VERTEXAI_CREDENTIALS"), needed=False),
        _Credential("vertex_project", ("VERTEXAI_PROJECT", "GOOGLE_CLOUD_PROJECT")),
        _Credential("vertex_location", ("VERTEXAI_LOCATION", "GOOGLE_CLOUD_LOCATION"), needed=False),
    ),
}


class Secrets:
    """What the environment and a .env file hold. The environment goes first; nothing is ever written to it.

    Args:
        values: Variables by name.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name: value for name, value in values.items() if value}
        self._hidden: list[str] = []
        self._hide(value for name, value in self._values.items() if SECRET_NAME.search(name))

    @classmethod
    def read(cls, file: Path | None = None, *, environment: Mapping[str, str] | None = None) -> Secrets:
        """Take the environment (None: this process's) and, where it is there, a .env file.

        Raises:
            ValueError: The file cannot be read.
        """
        values: dict[str, str] = {}
        if file is not None and file.is_file():
            values.update(_read_file(file))
        values.update(os.environ if environment is None else environment)
        return cls(values)

    def credentials(self, model: Model) -> dict[str, str]:
        """What litellm needs to be told to ask ``model``, by name of its parameter. To be kept from every log: from now
        on the key is hidden, whatever the variable that holds it is called."""
        found: dict[str, str] = {}
        for credential in _credentials(model):
            for variable in credential.variables:
                if variable in self._values:
                    found[credential.parameter] = self._values[variable]
                    break
        self._hide(value for parameter, value in found.items() if parameter == "api_key")
        return found

    def missing(self, model: Model) -> str | None:
        """Name of the variable that must be set to use ``model``; None where nothing is missing."""
        found = self.credentials(model)
        for credential in _credentials(model):
            if credential.needed and credential.parameter not in found:
                return credential.variables[0]
        return None

    def redact(self, text: str) -> str:
        """``text`` with every secret replaced: every value of a variable with a name like a key's, and every key."""
        for value in self._hidden:
            if value in text:
                text = text.replace(value, HIDDEN)
        return text

    def redacted(self, value: Any) -> Any:
        """A JSON value with every secret in its texts replaced, those of its keys included."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {self.redact(str(key)): self.redacted(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.redacted(item) for item in value]
        return value

    def _hide(self, values: Iterable[str]) -> None:
        """The longest first: what holds another secret is replaced whole."""
        hidden = {*self._hidden, *(value for value in values if len(value) >= SHORTEST)}
        self._hidden = sorted(hidden, key=lambda value: (-len(value), value))

    def __repr__(self) -> str:
        return f"Secrets({len(self._values)} variables)"


def missing_key(name: str, variable: str) -> str:
    """The one line for people whose key is missing."""
    return f"model {name} needs {variable}: set it in the environment or in .env"


def _credentials(model: Model) -> tuple[_Credential, ...]:
    if model.api_key_env is not None:
        return _key(model.api_key_env)
    if model.base_url is not None:
        # Never a provider's own key: it would be sent to whoever owns the address.
        return (_Credential("api_key", (OWN_ENDPOINT,), needed=False),)
    provider = model.provider
    return _PROVIDERS.get(provider) or _key(f"{re.sub(r'[^A-Z0-9]', '_', provider.upper())}_API_KEY")


def _read_file(file: Path) -> dict[str, str]:
    try:
        from dotenv import dotenv_values
    except ImportError:
        raise ValueError(f"{file} is read by python-dotenv, which is not installed: pip install -e '.[llm]'") from None
    try:
        return {name: value for name, value in dotenv_values(file).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from None
