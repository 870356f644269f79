"""What a dry run tells at its end: what would have been sent to a real model, and what that would have cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gigaevo.config.schema import BudgetSettings
from gigaevo.storage.base import ProgramStorage

PROMPT_FILE = "dryrun_prompt.txt"
_AHEAD = 1000  # mutants of a longer run


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
    tokens = (spending["prompt_tokens"] + spending["completion_tokens"]) / mutants
    calls, usd = spending["calls"] / mutants, spending["usd"] / mutants
    ahead = _AHEAD if limit is None else max(limit, _AHEAD)
    cost = f", {_dollars(usd)}" if priced else ", at a price that is not known"
    lines = [f"          a mutant: {calls:.2f} calls, {tokens:,.0f} tokens{cost}"]
    cost = f", {_dollars(ahead * usd)}" if priced else ""
    lines.append(f"          {ahead:,} mutants: {ahead * calls:,.0f} calls, {ahead * tokens:,.0f} tokens{cost}")
    uses = {"usd": (budget.usd, usd), "tokens": (budget.tokens, tokens), "calls": (budget.calls, calls)}
    for name, (left, each) in uses.items():
        if left is not None and each:
            lines.append(f"          budget.{name}={left:g} lasts for about {left / each:,.0f} mutants")
    return lines


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
