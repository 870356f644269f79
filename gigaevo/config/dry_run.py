"""What a dry run tells at its end: what would have been sent to a real model, and what that would have cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gigaevo.config.schema import BudgetSettings
from gigaevo.storage.base import ProgramStorage

PROMPT_FILE = "dryrun_prompt.txt"
_AHEAD = 1000  # mutants of a longer run
_ONCE = "initial"  # the role of questions for first programs
_COUNTS = ("calls", "prompt_tokens", "completion_tokens", "usd")


async def write_example(folder: Path, storage: ProgramStorage) -> bool:
    """Write one prompt, word for word, into the run's folder.

    Args:
        folder: The run's.
        storage: Of the run, open.

    Returns:
        Whether anything was asked at all.
    """
    async for call in storage.calls():
        if call.request.get("messages"):
            turns = (f"=== {turn['role']}\n{turn['content'].rstrip()}\n" for turn in call.request["messages"])
            text = f"Question {call.key}, as it would be sent.\n\n" + "\n".join(turns)
            (folder / PROMPT_FILE).write_text(text, encoding="utf-8", errors="replace")
            return True
    return False


def dry_run_report(
    spending: Mapping[str, Any], *, mutants: int, model: str, budget: BudgetSettings, limit: int | None, priced: bool
) -> list[str]:
    """Lines for people.

    Args:
        spending: What the models' client says was spent.
        mutants: Children that were submitted.
        model: Name of the model that was stood in for.
        budget: What may be spent.
        limit: Mutants after which the run is over; None for no limit.
        priced: Whether the model's price is known.
    """
    lines = [f"Dry run   nothing was sent; a real run would have asked {model}"]
    rows: list[tuple[str, ...]] = [("role", "calls", "prompt tokens", "answer tokens", "cost")]
    rows += [_row(role, line, priced=priced) for role, line in spending["by_role"].items()]
    if len(spending["by_role"]) > 1:
        rows.append(_row("all", spending, priced=priced))
    lines += _table(rows)
    if mutants:
        lines += _per_mutant(spending, mutants, budget, limit, priced=priced)
    lines.append("          the stand-in's answers are shorter or longer than a model's; max_tokens bounds a model's")
    return lines


def _per_mutant(
    spending: Mapping[str, Any], mutants: int, budget: BudgetSettings, limit: int | None, *, priced: bool
) -> list[str]:
    """What a mutant takes, how much a longer run, and how long budgets last. First programs are written only once."""
    once = spending["by_role"].get(_ONCE, dict.fromkeys(_COUNTS, 0))
    each = {key: (spending[key] - once[key]) / mutants for key in _COUNTS}
    ahead = _AHEAD if limit is None else max(limit, _AHEAD)
    long = {key: once[key] + ahead * each[key] for key in _COUNTS}
    lines = [f"          a mutant: {each['calls']:.2f} calls, {_used(each, priced=priced)}"]
    lines.append(f"          {ahead:,} mutants: {long['calls']:,.0f} calls, {_used(long, priced=priced)}")
    tokens = each["prompt_tokens"] + each["completion_tokens"]
    takes = {
        "usd": (budget.usd, each["usd"]),
        "tokens": (budget.tokens, tokens),
        "calls": (budget.calls, each["calls"]),
    }
    for name, (most, taken) in takes.items():
        if most is not None and taken:
            lines.append(f"          budget.{name}={most:g} lasts for about {most / taken:,.0f} mutants")
    return lines


def _used(counts: Mapping[str, float], *, priced: bool) -> str:
    tokens = f"{counts['prompt_tokens'] + counts['completion_tokens']:,.0f} tokens"
    return f"{tokens}, {_dollars(counts['usd'])}" if priced else f"{tokens}, at a price that is not known"


def _row(role: str, line: Mapping[str, Any], *, priced: bool) -> tuple[str, ...]:
    counts = (f"{line[key]:,}" for key in ("calls", "prompt_tokens", "completion_tokens"))
    return (role, *counts, _dollars(line["usd"]) if priced else "unknown")


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "          "
        + "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _dollars(usd: float) -> str:
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"
