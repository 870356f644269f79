"""How text and numbers of a run are shown to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gigaevo.evolution.engine.events import Limits, Progress
from gigaevo.programs import Metrics, Program


def printable(text: str) -> str:
    """``text`` without what could steer a terminal: all but line breaks and tabs that does not print is ``�``."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def one_line(text: str, *, width: int = 160) -> str:
    """``text`` from a program as one harmless line of at most ``width`` characters.

    Whatever does not print (escape sequences that would steer the terminal, lone surrogates) becomes ``�``.
    """
    shown = printable(" ".join(text[: 4 * width].split()))
    return shown if len(shown) <= width else shown[: width - 1] + "…"


def clock(seconds: float) -> str:
    """``seconds`` as h:mm:ss."""
    minutes, second = divmod(int(max(0.0, seconds)), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02d}:{second:02d}"


def tally(counts: Mapping[str, int]) -> str:
    """``counts`` on one line, most frequent first; a dash where there are none."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered if count) or "–"


def fitness_of(program: Program | None, metrics: Metrics) -> str:
    """Primary metric of ``program`` as its spec shows it; a dash where there is none."""
    if program is None or metrics.primary_key not in program.metrics:
        return "–"
    return metrics.primary.format(metrics.fitness(program.metrics))


def spent(spending: Mapping[str, Any]) -> str:
    """What language models were paid, on one line: dollars where there were any, tokens both ways, and calls that had
    to be paid for."""
    usd, calls = spending.get("usd", 0.0), spending.get("calls", 0)
    tokens = spending.get("prompt_tokens", 0) + spending.get("completion_tokens", 0)
    dollars = f"${usd:.{2 if usd >= 1 else 4}f} spent, " if usd else ""
    return f"{dollars}{tokens:,} tokens, {calls:,} {'call' if calls == 1 else 'calls'}"


def models_of(progress: Progress, *, most: int) -> list[str]:
    """A line for each language model, the one asked most often first: what became of the children that it thought of,
    and what it was paid."""
    paid = {} if progress.spending is None else progress.spending.get("by_model", {})
    asked = {name: progress.models.get(name, {}).get("proposals", 0) for name in [*progress.models, *paid]}
    lines = []
    for name in sorted(asked, key=lambda name: (-asked[name], name))[:most]:
        counts = progress.models.get(name, {})
        line = (
            f"{one_line(name, width=60)}: {counts.get('accepted', 0)} of {counts.get('proposals', 0)} accepted, "
            f"{counts.get('improved', 0)} improved"
        )
        lines.append(f"{line}; {spent(paid[name])}" if name in paid else line)
    hidden = len(asked) - len(lines)
    return [*lines, f"and {hidden} more"] if hidden > 0 else lines


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """How far a budget is used up.

    Attributes:
        limit: Its key in the configuration.
        used: What is used up.
        total: The limit.
    """

    limit: str
    used: float
    total: float

    @property
    def share(self) -> float:
        """Used part, in [0, 1]."""
        return 1.0 if self.total <= 0 else min(1.0, self.used / self.total)

    def remaining(self, *, evaluations: str = "validate calls") -> str:
        """What is left, with its unit.

        Args:
            evaluations: What evaluations are called.
        """
        left = max(0.0, self.total - self.used)
        if self.limit == "max_seconds":
            return f"{clock(left)} of {clock(self.total)}"
        unit = {"max_evaluations": evaluations}.get(self.limit, self.limit.removeprefix("max_"))
        return f"{left:.0f} of {self.total:.0f} {unit}"


def closest_budget(limits: Limits, progress: Progress) -> BudgetUse | None:
    """The budget that is closest to its end; None where none is limited."""
    used = {
        "max_seconds": progress.elapsed_s,
        "max_mutants": progress.mutants,
        "max_evaluations": progress.validate_calls,
        "max_generations": progress.generation,
    }
    return closest_use(limits, used)


def closest_use(limits: Limits, used: Mapping[str, float]) -> BudgetUse | None:
    """The budget that is closest to its end, of what is used up by the names of limits; None where none is limited."""
    uses = [
        BudgetUse(limit=limit, used=amount, total=total)
        for limit, amount in used.items()
        if (total := getattr(limits, limit)) is not None
    ]
    return max(uses, key=lambda use: use.share, default=None)
