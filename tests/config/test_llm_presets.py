"""The shipped models are ones that litellm's own table knows, so that a budget in dollars works with every preset."""

from __future__ import annotations

import pytest

from gigaevo.llm.prices import price_of, price_table
from tests.config.subjects import Built

PRESETS = ["single", "openai", "anthropic", "google", "openrouter", "ensemble", "bandit", "cascade", "dryrun"]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_model_of_a_preset_has_a_price(preset: str) -> None:
    models = Built.of(["problem.name=toy_example", f"llm={preset}", "budget.usd=1"]).node("llm").models
    table = price_table()
    assert [model.name for model in models.values() if price_of(model, table) is None] == []


@pytest.mark.parametrize("preset", ["ensemble", "bandit"])
def test_an_ensemble_is_of_three_makers_with_one_key(preset: str) -> None:
    models = Built.of(["problem.name=toy_example", f"llm={preset}"]).node("llm").models
    names = [model.name.split("/") for model in models.values()]
    assert {name[0] for name in names} == {"openrouter"}
    assert len({name[1] for name in names}) == 3
