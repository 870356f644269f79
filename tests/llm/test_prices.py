"""Prices come from the table in litellm's package, exactly, and without importing it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.llm.breaker import Breaker, BreakerSettings
from gigaevo.llm.desk import Desk
from gigaevo.llm.model import Model
from gigaevo.llm.prices import PER_USD, Price, Tokens, dollars, longest_answer, money, price_of, price_table
from gigaevo.llm.rate_limits import Gate

TABLE = {
    "gpt-small": {"litellm_provider": "openai", "input_cost_per_token": 4e-07, "output_cost_per_token": 1.6e-06},
    "openrouter/maker/m": {
        "litellm_provider": "openrouter",
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
        "cache_read_input_token_cost": 3e-07,
        "cache_creation_input_token_cost": 3.75e-06,
        "input_cost_per_token_above_200k_tokens": 6e-06,
        "output_cost_per_token_above_200k_tokens": 2.25e-05,
    },
    "thinker": {
        "litellm_provider": "dashscope",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
        "output_cost_per_reasoning_token": 9e-06,
    },
    "by-the-second": {"litellm_provider": "openai", "input_cost_per_second": 1.0},
}


def test_prices_are_exact() -> None:
    price = price_of(Model(name="openai/gpt-small"), TABLE)
    assert price is not None
    assert price.cost(Tokens(prompt=10**6, completion=10**6)) == 2 * PER_USD
    assert dollars(price.cost(Tokens(prompt=1, completion=0))) == 4e-07


def test_what_comes_from_the_cache_is_cheaper_and_long_prompts_are_dearer() -> None:
    price = price_of(Model(name="openrouter/maker/m"), TABLE)
    assert price is not None
    assert price.cost(Tokens(prompt=100, completion=0, cached=100)) == 100 * price.cached
    assert price.cost(Tokens(prompt=100, completion=0, written=100)) == 100 * price.written
    assert price.cost(Tokens(prompt=200_001, completion=1)) == 200_001 * money(6e-06) + money(2.25e-05)


def test_the_dearest_kind_of_token_counts_where_kinds_are_not_told_apart() -> None:
    price = price_of(Model(name="dashscope/thinker"), TABLE)
    assert price is not None and dollars(price.completion) == 9e-06


@pytest.mark.parametrize("extra", [{"service_tier": "priority"}, {"extra_body": {"service_tier": "priority"}}])
def test_a_dearer_kind_of_service_costs_what_the_table_says_of_it(extra: dict[str, object]) -> None:
    table = {"gpt-small": {**TABLE["gpt-small"], "input_cost_per_token_priority": 9e-07}}
    assert price_of(Model(name="openai/gpt-small", extra=extra), table) is None, "half of a price is none"
    table["gpt-small"]["output_cost_per_token_priority"] = 8e-06
    price = price_of(Model(name="openai/gpt-small", extra=extra), table)
    assert price is not None and (dollars(price.prompt), dollars(price.completion)) == (9e-07, 8e-06)
    usual = price_of(Model(name="openai/gpt-small", extra={"service_tier": "flex"}), table)
    assert usual == price_of(Model(name="openai/gpt-small"), table)


def test_what_settings_may_add_to_a_prompt_is_in_the_worst_case() -> None:
    def worst(**extra: object) -> int:
        desk = Desk(
            name="m",
            model=Model(name="openai/m", extra=extra),
            price=None,
            gate=Gate(),
            breaker=Breaker(BreakerSettings()),
        )
        return desk.worst(1000, 10).prompt

    assert worst() == 1000
    assert worst(response_format={"schema": "é" * 500}) >= 1000 + 2 * 500


@pytest.mark.parametrize("name", ["openai/unheard-of", "mistral/gpt-small", "openai/by-the-second"])
def test_a_price_is_not_guessed(name: str) -> None:
    assert price_of(Model(name=name), TABLE) is None


def test_a_price_that_is_configured_goes_first() -> None:
    model = Model(name="openai/gpt-small", usd_per_million_prompt=0.1, usd_per_million_completion=0)
    price = price_of(model, TABLE)
    assert price is not None and (price.prompt, price.completion) == (100_000, 0)


def test_an_endpoint_of_ones_own_has_the_price_of_the_name_that_it_serves() -> None:
    model = Model(name="openai/gpt-small", base_url="http://127.0.0.1:1/v1")
    assert price_of(model, TABLE) == price_of(Model(name="openai/gpt-small"), TABLE)


def test_nobody_is_asked_for_more_than_it_can_say() -> None:
    table = {"openai/small": {"max_output_tokens": 4096}, "openai/silent": {}}
    assert longest_answer(Model(name="openai/small"), table) == 4096
    assert longest_answer(Model(name="openai/silent"), table) is None
    assert longest_answer(Model(name="openai/other"), table) is None
    assert longest_answer(Model(name="openai/small", base_url="http://127.0.0.1:1/v1"), table) is None
    price = Price(prompt=1, completion=1, cached=1, written=1)
    parts = {"price": price, "gate": Gate(), "breaker": Breaker(BreakerSettings())}
    desk = Desk(name="m", model=Model(name="openai/small"), longest_answer=4096, **parts)
    assert (desk.max_tokens(None), desk.max_tokens(7), desk.max_tokens(9999)) == (4096, 7, 4096)


@given(
    st.builds(
        Price,
        prompt=st.integers(0, 10**7),
        completion=st.integers(0, 10**7),
        cached=st.integers(0, 10**7),
        written=st.integers(0, 10**7),
        above=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10**7), st.integers(0, 10**7)), max_size=3).map(
            lambda steps: tuple(sorted(steps))
        ),
    ),
    st.integers(0, 100),
    st.integers(0, 100),
    st.data(),
)
def test_nothing_costs_more_than_the_worst_case(
    price: Price, prompt: int, completion: int, data: st.DataObject
) -> None:
    worst = price.worst(Tokens(prompt=prompt, completion=completion))
    sent, received = data.draw(st.integers(0, prompt)), data.draw(st.integers(0, completion))
    cached = data.draw(st.integers(0, sent))
    written = data.draw(st.integers(0, sent - cached))
    assert price.cost(Tokens(prompt=sent, completion=received, cached=cached, written=written)) <= worst


@given(st.integers(0, 10**15))
def test_money_comes_back_from_dollars_unchanged(amount: int) -> None:
    assert money(dollars(amount)) == amount


def test_the_table_is_read_without_loading_litellm() -> None:
    probe = (
        "import sys; from gigaevo.llm.prices import price_table; table = price_table(); "
        "print(len(table) > 1000, 'input_cost_per_token' in table['gpt-4.1-mini'], 'litellm' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["True", "True", "False"]


def test_every_price_of_the_real_table_can_be_read() -> None:
    table = price_table()
    names = [name for name, entry in table.items() if entry.get("mode") == "chat" and "/" in name]
    prices = [price_of(Model(name=name), table) for name in names]
    assert sum(price is not None for price in prices) > 0.8 * len(names)


@pytest.mark.parametrize(
    ("name", "makers"),
    [
        ("openrouter/openai/gpt-5-mini", "openai/gpt-5-mini"),
        ("openrouter/google/gemini-2.5-flash", "gemini/gemini-2.5-flash"),
        ("openrouter/anthropic/claude-haiku-4.5", "anthropic/claude-haiku-4-5"),
    ],
)
def test_by_way_of_openrouter_a_model_costs_what_its_maker_charges(name: str, makers: str) -> None:
    price = price_of(Model(name=name), price_table())
    assert price is not None
    assert price == price_of(Model(name=makers), price_table())


@pytest.mark.parametrize("name", ["openrouter/nobody/knows", "openrouter/openai/gpt-5-mini:free", "openrouter/auto"])
def test_what_openrouter_alone_knows_has_no_price(name: str) -> None:
    assert price_of(Model(name=name), price_table()) is None
