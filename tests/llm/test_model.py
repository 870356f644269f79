"""Settings of a model: what makes no sense is refused in one line, and so is anything that looks like a secret."""

from __future__ import annotations

from typing import Any

import pytest

from gigaevo.llm.model import Model


def test_a_model_is_asked_where_its_name_says_or_at_its_address() -> None:
    assert (Model(name="openai/m").litellm_name, Model(name="openai/m").endpoint) == ("openai/m", "openai")
    own = Model(name="maker/m", base_url="http://127.0.0.1:8000/v1")
    assert (own.litellm_name, own.endpoint) == ("openai/maker/m", "http://127.0.0.1:8000/v1")


def test_settings_hold_what_is_sent() -> None:
    model = Model(name="openai/m", temperature=0.2, extra={"reasoning_effort": "low", "thinking": {"budget_tokens": 9}})
    assert model.settings() == {
        "name": "openai/m",
        "endpoint": "openai",
        "max_tokens": 8192,
        "temperature": 0.2,
        "extra": {"reasoning_effort": "low", "thinking": {"budget_tokens": 9}},
    }


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "gpt-4.1-mini"}, "say whose it is, as in openai/gpt-4.1-mini"),
        ({"max_tokens": 0}, "max_tokens=0 must be at least 1"),
        ({"temperature": -1}, "temperature=-1 must be at least 0"),
        ({"weight": float("nan")}, "weight=nan"),
        ({"timeout_s": 0}, "timeout_s=0 must be above 0"),
        ({"concurrency": 0}, "concurrency=0 must be at least 1"),
        ({"usd_per_million_prompt": 1}, "set both usd_per_million_prompt and usd_per_million_completion"),
        ({"base_url": "localhost:8000"}, "is no address"),
        ({"base_url": "ftp://there/v1"}, "is no address"),
        ({"extra": {"max_tokens": 5}}, "extra.max_tokens has a setting of its own: max_tokens"),
        ({"extra": {"max_completion_tokens": 5}}, "has a setting of its own: max_tokens"),
        ({"extra": {"n": 5}}, "extra.n cannot be set"),
        ({"extra": {"stream": True}}, "extra.stream cannot be set"),
        ({"extra": {"web_search_options": {}}}, "extra.web_search_options cannot be set: answers are texts"),
        ({"extra": {"extra_body": {"n": 5}}}, "extra.extra_body.n cannot be set"),
        ({"extra": {"extra_body": {"max_tokens": 10**6}}}, "extra.extra_body.max_tokens has a setting of its own"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Model(**{"name": "openai/m", **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {"extra": {"api_key": "sk-12345678"}},
        {"extra": {"aws_session_token": "sk-12345678"}},
        {"extra": {"extra_headers": {"Authorization": "Bearer sk-12345678"}}},
        {"extra": {"extra_headers": {"x-api-key": "sk-12345678"}}},
        {"api_key_env": "sk-12345678"},
        {"base_url": "http://user:sk-12345678@there/v1"},
        {"base_url": "http://there/v1?key=sk-12345678"},
    ],
)
def test_a_secret_among_the_settings_is_refused_and_not_repeated(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="environment or") as caught:
        Model(**{"name": "openai/m", **settings})
    assert "12345678" not in str(caught.value)
