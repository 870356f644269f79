"""The arms of a sweep compared: medians, intervals, a test, and in words what it shows and how sure that is."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gigaevo.config.sweep.arms import RESOURCES, Arm, Pair, arms_of, pairs_of
from gigaevo.config.sweep.rank_statistics import RankTest, adjusted, median_interval, rank_test
from gigaevo.config.sweep.record import Row, SweepRecord
from gigaevo.observe.files import replace_text
from gigaevo.observe.strict_json import dumps

COMPARISON = "sweep_comparison.json"
LEAST_SEEDS = 5  # runs of each arm from which on anything is claimed
LEVEL = 0.05  # of the test, all comparisons of a sweep together
EVEN = 1.1  # times as much as the other arm, up to which as much was spent


def write_comparison(folder: Path) -> dict[str, Any] | None:
    """Write ``sweep_comparison.json`` for what is recorded of a sweep so far.

    Returns:
        What it holds; None where no arm has two runs, and nothing is written.
    """
    found = comparison(SweepRecord(folder).rows())
    if found is not None:
        replace_text(folder / COMPARISON, dumps(found, indent=2) + "\n")
    return found


def comparison(rows: Sequence[Row]) -> dict[str, Any] | None:
    """What ``sweep_comparison.json`` holds, as JSON values; the same for the same rows.

    Args:
        rows: Of the sweep's record.

    Returns:
        None where no arm has two runs.
    """
    arms = arms_of(rows)
    if not any(len(arm.rows) > 1 for arm in arms):
        return None
    pairs = list(pairs_of(arms))
    tests = [rank_test(pair.arm.values, pair.against.values) for pair in pairs]
    raised = _adjusted(pairs, tests)
    return {
        "arms": [_arm(arm) for arm in arms],
        "comparisons": [_compared(_Finding(*found)) for found in zip(pairs, tests, raised, strict=True)],
        "least_seeds": LEAST_SEEDS,
        "level": LEVEL,
    }


def _adjusted(pairs: Sequence[Pair], tests: Sequence[RankTest]) -> list[float]:
    """The probability of each test, raised for those of which something may be claimed."""
    claimed = [place for place, pair in enumerate(pairs) if pair.runs >= LEAST_SEEDS]
    raised = [test.p for test in tests]
    for place, p in zip(claimed, adjusted([tests[place].p for place in claimed]), strict=True):
        raised[place] = p
    return raised


def _arm(arm: Arm) -> dict[str, Any]:
    name, higher = arm.metric
    interval = median_interval(arm.values)
    return {
        "label": arm.label,
        "settings": dict(arm.settings),
        "problem": arm.problem,
        "metric": name,
        "higher_is_better": higher,
        "seeds": arm.seeds,
        "values": arm.values,
        "median": statistics.median(arm.values) if arm.rows else None,
        "interval": None if interval is None else [interval.low, interval.high],
        "confidence": None if interval is None else interval.confidence,
        "best": arm.best if arm.rows else None,
        "left_out": dict(arm.left_out),
        "spent": {name: {"median": arm.typical(name), "total": sum(arm.spent(name))} for name in RESOURCES},
    }


@dataclass(frozen=True)
class _Finding:
    """What a comparison of two arms came to.

    Attributes:
        pair: The arms.
        test: Of their results, in the sign of the metric.
        p: The test's, raised for all comparisons of the sweep.
    """

    pair: Pair
    test: RankTest
    p: float

    @property
    def superiority(self) -> float:
        """Share of the pairs of runs in which the arm is better."""
        return self.test.superiority if self.pair.arm.metric[1] else 1.0 - self.test.superiority

    @property
    def verdict(self) -> str:
        """``too_few`` runs, ``undecided``, ``uneven`` (ahead, at greater expense), ``better`` or ``worse``."""
        pair = self.pair
        if pair.runs < LEAST_SEEDS:
            return "too_few"
        if self.p > LEVEL or self.superiority == 0.5:
            return "undecided"
        ahead, behind = (pair.arm, pair.against) if self.superiority > 0.5 else (pair.against, pair.arm)
        if expense(ahead, behind)[1] > EVEN:
            return "uneven"
        return "better" if ahead is pair.arm else "worse"


def expense(arm: Arm, other: Arm) -> tuple[str, float]:
    """What the arms are to have spent equally, and how many times as much of it a run of the first took.

    That is the tokens of language models where any were asked, the time where time ended every run, and else the
    evaluations.
    """
    if arm.typical("tokens") or other.typical("tokens"):
        resource = "tokens"
    elif {row.get("stop_reason") for row in [*arm.rows, *other.rows]} == {"max_seconds"}:
        resource = "seconds"
    else:
        resource = "evaluations"
    spent, against = arm.typical(resource), other.typical(resource)
    return resource, spent / against if against else (1.0 if not spent else float("inf"))


def _compared(found: _Finding) -> dict[str, Any]:
    pair = found.pair
    resource, times = expense(pair.arm, pair.against)
    return {
        "setting": pair.setting,
        "arm": pair.arm.label,
        "against": pair.against.label,
        "control": pair.has_control,
        "problem": pair.arm.problem,
        "difference_of_medians": statistics.median(pair.arm.values) - statistics.median(pair.against.values),
        "superiority": found.superiority,
        "p": found.test.p,
        "p_adjusted": found.p,
        "expense": {"resource": resource, "ratio": None if times == float("inf") else times},
        "verdict": found.verdict,
        "sentence": _sentence(found),
    }


def _sentence(found: _Finding) -> str:
    """What the comparison shows, and how sure that is."""
    pair = found.pair
    arm, against = pair.arm, pair.against
    subject = "evolution" if pair.has_control else arm.label
    counts = f"{len(arm.rows)} and {len(against.rows)} runs"
    (name, _), (resource, times) = arm.metric, expense(arm, against)
    numbers = (
        f"median {name} {statistics.median(arm.values):.6g} against {statistics.median(against.values):.6g}, ahead in "
        f"{found.superiority:.0%} of the pairs of runs, p = {found.p:.2g}, {counts}"
    )
    left_out = sum(arm.left_out.values()) + sum(against.left_out.values())
    note = f" ({left_out} more did not end well and are left out)" if left_out else ""
    beginning = f"{arm.problem}, {arm.label} against {against.label}: "
    match found.verdict:
        case "too_few":
            said = f"no claim can be made: {counts}, and at least {LEAST_SEEDS} of each are needed"
        case "undecided":
            said = f"it is not certain that {_differs(pair)} ({numbers}); that is no proof that there is no difference"
        case "uneven":
            ahead = arm if found.superiority > 0.5 else against
            ratio = times if ahead is arm else 1.0 / times
            said = (
                f"no claim can be made: {ahead.label} is ahead ({numbers}), and took {ratio:.3g} times the {resource}; "
                "compare at equal budgets"
            )
        case "better":
            said = f"{subject} {'helped' if pair.has_control else 'is better'} ({numbers})"
        case _:
            said = f"{subject} {'did harm' if pair.has_control else 'is worse'} ({numbers})"
    return f"{beginning}{said}{note}"


def _differs(pair: Pair) -> str:
    return "evolution makes a difference" if pair.has_control else "they differ"


def told(found: Mapping[str, Any]) -> str:
    """The comparison as people read it: a table of arms, and a sentence for each pair.

    Args:
        found: What ``comparison`` gave.
    """
    header = ("arm", "runs", "median", "interval", "best", "evaluations", "tokens", "usd")
    lines = [header, *(_line(arm) for arm in found["arms"])]
    if len({arm["problem"] for arm in found["arms"]}) > 1:
        problems = ["problem", *(arm["problem"] for arm in found["arms"])]
        lines = [(problem, *line) for problem, line in zip(problems, lines, strict=True)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*shown, *(compared["sentence"] for compared in found["comparisons"])]) + "\n"


def _line(arm: Mapping[str, Any]) -> tuple[str, ...]:
    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.6g}"

    interval = "-"
    if arm["interval"] is not None:
        low, high = arm["interval"]
        interval = f"{low:.6g} to {high:.6g} ({arm['confidence']:.1%})"
    runs, spent = str(len(arm["values"])), arm["spent"]
    if left_out := sum(arm["left_out"].values()):
        runs += f" of {len(arm['values']) + left_out}"
    amounts = [number(spent[name]["median"]) for name in ("evaluations", "tokens", "usd")]
    return (arm["label"], runs, number(arm["median"]), interval, number(arm["best"]), *amounts)
