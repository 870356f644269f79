"""Keys come from the environment or from .env, are written nowhere, and are found by every provider's own name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.llm.model import Model
from gigaevo.llm.secrets import Secrets, missing_key

KEY = "sk-a-rather-long-secret"


def key(secrets: Secrets, model: Model) -> str | None:
    return secrets.credentials(model).get("api_key")


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("openai/m", "OPENAI_API_KEY"),
        ("anthropic/m", "ANTHROPIC_API_KEY"),
        ("gemini/m", "GEMINI_API_KEY"),
        ("gemini/m", "GOOGLE_API_KEY"),
        ("openrouter/maker/m", "OPENROUTER_API_KEY"),
        ("together_ai/maker/m", "TOGETHERAI_API_KEY"),
        ("some-new.provider/m", "SOME_NEW_PROVIDER_API_KEY"),
    ],
)
def test_a_key_is_found_by_its_usual_name(name: str, variable: str) -> None:
    model = Model(name=name)
    assert key(Secrets({variable: KEY}), model) == KEY
    assert Secrets({variable: KEY}).missing(model) is None
    assert key(Secrets({variable: ""}), model) is None


def test_a_missing_key_is_one_line() -> None:
    variable = Secrets({}).missing(Model(name="openai/gpt-4.1-mini"))
    assert variable is not None
    line = "model openai/gpt-4.1-mini needs OPENAI_API_KEY: set it in the environment or in .env"
    assert missing_key("openai/gpt-4.1-mini", variable) == line


def test_providers_that_want_more_than_a_key_get_it() -> None:
    model = Model(name="azure/deployment")
    assert Secrets({"AZURE_API_KEY": KEY}).missing(model) == "AZURE_API_BASE"
    known = Secrets({"AZURE_API_KEY": KEY, "AZURE_API_BASE": "https://there", "AZURE_API_VERSION": "2026"})
    assert known.missing(model) is None
    assert known.credentials(model) == {"api_key": KEY, "api_base": "https://there", "api_version": "2026"}


def test_an_address_of_ones_own_never_gets_the_key_of_a_provider() -> None:
    everything = Secrets({"OPENAI_API_KEY": KEY, "OPENROUTER_API_KEY": KEY})
    own = Model(name="openai/m", base_url="http://127.0.0.1:1/v1")
    assert everything.credentials(own) == {} and everything.missing(own) is None
    assert key(Secrets({"LLM_API_KEY": KEY}), own) == KEY
    named = Model(name="openai/m", base_url="http://127.0.0.1:1/v1", api_key_env="OPENROUTER_API_KEY")
    assert key(everything, named) == KEY
    assert Secrets({}).missing(named) == "OPENROUTER_API_KEY"


def test_a_file_fills_in_what_the_environment_does_not_have_and_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OPENAI_API_KEY=from-the-file\nANTHROPIC_API_KEY='from the file'\n# a remark\nEMPTY=\n")
    before = dict(os.environ)
    secrets = Secrets.read(file, environment={"OPENAI_API_KEY": "from-outside"})
    assert key(secrets, Model(name="openai/m")) == "from-outside"
    assert key(secrets, Model(name="anthropic/m")) == "from the file"
    assert dict(os.environ) == before
    assert key(Secrets.read(tmp_path / "none", environment={}), Model(name="openai/m")) is None


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"\xff\xfe\x00K")
    with pytest.raises(ValueError, match=r"\.env cannot be read"):
        Secrets.read(file, environment={})


def test_where_a_file_cannot_be_read_for_want_of_a_package_the_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("A_KEY=12345678\n")
    monkeypatch.setitem(sys.modules, "dotenv", None)
    with pytest.raises(ValueError, match=r"python-dotenv, which is not installed: pip install -e '\.\[llm\]'"):
        Secrets.read(tmp_path / ".env", environment={})


def test_everything_that_looks_like_a_secret_is_hidden() -> None:
    secrets = Secrets({"MY_TOKEN": KEY, "DB_PASSWORD": KEY + "-longer", "HOME": "/root/somewhere", "SHORT_KEY": "abc"})
    assert secrets.redact(f"{KEY}-longer and {KEY} in /root/somewhere abc") == "*** and *** in /root/somewhere abc"
    assert secrets.redacted({KEY: [KEY, 1, None, {"a": (KEY,)}]}) == {"***": ["***", 1, None, {"a": ["***"]}]}
    assert KEY not in repr(secrets)


def test_a_key_is_hidden_whatever_the_variable_that_holds_it_is_called() -> None:
    secrets = Secrets({"MY_GATEWAY": KEY, "OTHER": KEY.upper()})
    model = Model(name="openai/m", api_key_env="MY_GATEWAY")
    assert key(secrets, model) == KEY
    assert secrets.redact(f"{KEY} and {KEY.upper()}") == f"*** and {KEY.upper()}"


@given(st.text(), st.lists(st.text(min_size=8, max_size=12), min_size=1, max_size=4))
def test_no_text_comes_out_with_a_secret_in_it(text: str, values: list[str]) -> None:
    secrets = Secrets({f"KEY_{n}": value for n, value in enumerate(values)})
    mixed = text + values[0] + text + values[-1]
    assert not any(value in secrets.redact(mixed) for value in values if "*" not in value)
