"""What a dry run tells: sums by role, a mutant, a longer run, and how long budgets last."""

from __future__ import annotations

from typing import Any

from gigaevo.config.dry_run import dry_run_report
from gigaevo.config.schema import BudgetSettings


def line(calls: int, prompt: int, completion: int, usd: float) -> dict[str, Any]:
    return {"calls": calls, "prompt_tokens": prompt, "completion_tokens": completion, "usd": usd}


SPENDING = {
    **line(24, 20_400, 3_600, 0.0250),
    "by_role": {"initial": line(4, 400, 600, 0.005), "mutation": line(20, 20_000, 3_000, 0.02)},
}


def report(**changes: Any) -> str:
    settings: dict[str, Any] = {
        "mutants": 10,
        "model": "openai/m",
        "budget": BudgetSettings(),
        "limit": None,
        "priced": True,
    }
    return "\n".join(dry_run_report(SPENDING, **{**settings, **changes}))


def test_roles_are_told_apart_and_summed() -> None:
    rows = [row.split() for row in report().splitlines()]
    assert ["initial", "4", "400", "600", "$0.0050"] in rows
    assert ["mutation", "20", "20,000", "3,000", "$0.0200"] in rows
    assert ["all", "24", "20,400", "3,600", "$0.0250"] in rows


def test_first_programs_are_paid_for_once() -> None:
    told = report()
    assert "a mutant: 2.00 calls, 2,300 tokens, $0.0020" in told
    assert "1,000 mutants: 2,004 calls, 2,301,000 tokens, $2.00" in told
    assert "5,000 mutants: 10,004 calls" in report(limit=5000)


def test_budgets_last_for_so_many_mutants() -> None:
    told = report(budget=BudgetSettings(usd=1.0, tokens=23_000, calls=50))
    assert "budget.usd=1 lasts for about 500 mutants" in told
    assert "budget.tokens=23000 lasts for about 10 mutants" in told
    assert "budget.calls=50 lasts for about 25 mutants" in told


def test_without_a_price_no_dollars_are_told() -> None:
    assert "$" not in report(priced=False)
    assert "at a price that is not known" in report(priced=False)


def test_a_run_without_mutants_says_nothing_of_any() -> None:
    assert "a mutant" not in report(mutants=0)
