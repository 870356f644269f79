"""What the keys of ``config/llm`` do."""

from __future__ import annotations

from typing import Any

from tests.config import llm_looks as looks
from tests.config.effects import Effect
from tests.config.looks import mutants, stop_reason
from tests.config.subjects import Built

ELSEWHERE = "http://127.0.0.1:1/v1"


def of(choice: str) -> str:
    return f"problem.name=toy_example llm={choice}"


def row(value: str, seen: Any, after: Any, *, llm: str = "single", more: str = "", shared: str = "") -> Effect:
    return Effect(value, seen, after, base=f"{of(llm)} {more}".strip(), shared=shared)


def remote_places(built: Built) -> int:
    places: int = built.node("engine").remote_places
    return places


def model_of(name: str, llm: str, **keys: Effect) -> dict[str, Effect]:
    """Keys that every further model has."""
    key = f"llm.models.{name}"
    return {
        f"{key}.name": row("other", looks.sent("model", name), "other", llm=llm),
        f"{key}.base_url": row(ELSEWHERE, looks.setting("endpoint", name), ELSEWHERE, llm=llm),
        f"{key}.temperature": row("0.3", looks.sent("temperature", name), 0.3, llm=llm, more=f"{key}.name=plain"),
        f"{key}.max_tokens": row("77", looks.sent("max_tokens", name), 77, llm=llm, more=f"{key}.name=plain"),
        **{f"{key}.{last}": effect for last, effect in keys.items()},
    }


PLAIN = "model_name=plain"  # of others litellm knows that they take no temperature, and count answers otherwise
PRICES = "llm.models.main.usd_per_million_prompt=3 llm.models.main.usd_per_million_completion=4"
BUDGET = "budget.usd=2"
FOUNDERS = "founders.models=${ref:spare}"
QUICK = "llm.retries.first_s=0"
UCB = "llm.routing.policy=ucb1"

SINGLE = {
    "model_name": row("other", looks.sent("model"), "other"),
    "max_tokens": row("77", looks.sent("max_tokens"), 77, more=PLAIN),
    "llm.models.main.name": row("other", looks.sent("model"), "other"),
    "llm.models.main.base_url": row(ELSEWHERE, looks.setting("endpoint"), ELSEWHERE),
    "llm.models.main.api_key_env": row("MY_KEY", looks.key_sent, "my own key"),
    "llm.models.main.temperature": row("0.3", looks.sent("temperature"), 0.3, more=PLAIN),
    "llm.models.main.max_tokens": row("77", looks.sent("max_tokens"), 77, more=PLAIN),
    "llm.models.main.timeout_s": row("0.3", looks.trouble(latency_s=1.0), "timeout", more="llm.retries.attempts=1"),
    "llm.models.main.requests_per_minute": row("5", looks.setting("requests_per_minute"), 5),
    "llm.models.main.tokens_per_minute": row("5", looks.setting("tokens_per_minute"), 5),
    "llm.models.main.usd_per_million_prompt": row("3", looks.price("main", "prompt"), 3, shared=PRICES),
    "llm.models.main.usd_per_million_completion": row("4", looks.price("main", "completion"), 4, shared=PRICES),
    "llm.budget": row("null", looks.limits, {}, more=BUDGET),
    "llm.concurrency": row("3", looks.most_in_flight, 3),
    "llm.retries.attempts": row("2", looks.attempts, 2, more=QUICK),
    "llm.retries.first_s": row("7", looks.longest_wait(1), 7.0),
    "llm.retries.longest_s": row("3", looks.longest_wait(20), 3.0),
    "llm.breaker.failures": row("2", looks.failures_until_open, 2),
    "llm.breaker.cooldown_s": row("9", looks.cooldown, 9),
    "llm.breaker.longest_s": row("11", looks.last_cooldown, 11),
    "llm.cache.folder": row("{tmp}/replies", looks.replies_in_the_cache, 1),
    "founders.models": row("${ref:spare}", looks.number_of_questions, 12),
    "founders.prompts": row(
        "{_target_:gigaevo.llm.prompts.Prompts,texts:{first:mine}}",
        lambda built: set(looks.questions_for_first_programs(built)),
        {"mine"},
        more=FOUNDERS,
    ),
    "founders.count": row("2", looks.number_of_questions, 2 * 3, more=FOUNDERS),
    "founders.corrections": row("0", looks.number_of_questions, 4, more=FOUNDERS),
    "engine.max_remote_mutations_in_flight": row("3", remote_places, 3),
}

ENSEMBLE = {
    "model_name": row("other", looks.sent("model"), "other", llm="ensemble"),
    "llm.models.main.weight": row("0", looks.first_choices, {"second", "third"}, llm="ensemble"),
    **model_of("second", "ensemble", weight=row("0", looks.first_choices, {"main", "third"}, llm="ensemble")),
    **model_of("third", "ensemble", weight=row("0", looks.first_choices, {"main", "second"}, llm="ensemble")),
}

BANDIT = {
    "llm.routing.policy": row("ucb1", looks.choices_when_taught, 1, llm="bandit"),
    "llm.routing.decay": row("0.5", looks.remembered_answers, 0.5, llm="bandit"),
    "llm.routing.exploration": row("0", looks.seldom_tried, False, llm="bandit", more=UCB),
}

CASCADE = {
    **model_of("strong", "cascade"),
    "llm.routing.strong_share": row("1", looks.first_choices, {"strong"}, llm="cascade"),
    "llm.routing.patience": row("1", looks.choices_after_one_in_vain, {"strong"}, llm="cascade"),
}


def preset(name: str) -> dict[str, Effect]:
    return {"model_name": row("other", looks.sent("model"), "other", llm=name)}


DRY_RUN = {
    "max_mutants": Effect("7", mutants, 7, of="ran", base=of("dryrun")),
    "llm.models.main.base_url": row(ELSEWHERE, looks.setting("endpoint"), ELSEWHERE, llm="dryrun"),
    "stand_in.seed": row("9", lambda built: built.node("stand_in").seed, 9, llm="dryrun"),
    "stand_in.latency_s": row("0.5", lambda built: built.node("stand_in").latency_s, 0.5, llm="dryrun"),
}

LLM = {
    "llm/single.yaml": SINGLE,
    "llm/ensemble.yaml": ENSEMBLE,
    "llm/bandit.yaml": BANDIT,
    "llm/cascade.yaml": CASCADE,
    "llm/openai.yaml": preset("openai"),
    "llm/anthropic.yaml": preset("anthropic"),
    "llm/google.yaml": preset("google"),
    "llm/openrouter.yaml": preset("openrouter"),
    "llm/local.yaml": {
        **preset("local"),
        "llm_base_url": row(ELSEWHERE, looks.setting("endpoint"), ELSEWHERE, llm="local"),
    },
    "llm/replay.yaml": {"llm.replay.calls": row("${ref:spare}", looks.asks_spare, 1, llm="replay")},
    "llm/dryrun.yaml": DRY_RUN,
}

SPENT_SOON = f"{of('dryrun')} mutation=no_freeze budget.calls=2 max_mutants=8"
EVERYDAY = {
    "model_name": SINGLE["model_name"],
    "temperature": row("0.3", looks.sent("temperature"), 0.3, more=PLAIN),
    "max_tokens": SINGLE["max_tokens"],
    "llm_base_url": row(ELSEWHERE, looks.setting("endpoint"), ELSEWHERE),
    "transcript": Effect(
        "{tmp}/recorded_43",
        lambda it: it.settings.seed,
        43,
        "started",
        base="llm=replay transcript={tmp}/recorded_42",
    ),
    "budget.usd": row("1e-9", looks.limit, "budget.usd" * 2),
    "budget.tokens": row("1", looks.limit, "budget.tokens" * 2),
    "budget.calls": row("1", looks.limit, "budget.calls"),
    "budget.when_spent": Effect("offline", stop_reason, "max_mutants", of="ran", base=SPENT_SOON),
}
