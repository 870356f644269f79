"""Whether a program meets the performance targets of its genome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gigaevo.evaluation.fitness.exercise import ExerciseReport, check_space, check_time
from gigaevo.evaluation.fitness.growth import GrowthCheck, Verdict
from gigaevo.programs.fitness_metrics import MEASURES
from gigaevo.programs.genome import CodeGenome

_NO_CACHE_COUNTERS = "no hardware counters of cache hits are read"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCheck:
    """What became of one target.

    Attributes:
        target: The target as the genome writes it.
        verdict: Whether it holds.
        found: What was measured: a number with its unit, or the exponent by which costs outgrow the law.
        reason: Why it could not be told; empty where it could.
    """

    target: str
    verdict: Verdict
    found: str = ""
    reason: str = ""

    def as_data(self) -> dict[str, Any]:
        """This as JSON values, without what is empty."""
        found = {"target": self.target, "verdict": str(self.verdict), "found": self.found, "reason": self.reason}
        return {key: text for key, text in found.items() if text}


def check_targets(
    genome: CodeGenome | None,
    values: Mapping[str, float],
    unavailable: Mapping[str, str],
    report: ExerciseReport | None,
    *,
    tolerance: float,
) -> dict[str, TargetCheck]:
    """Hold a program against the targets of its genome.

    Args:
        genome: Its genome; None for no targets.
        values: What was measured, by measure.
        unavailable: Why a measure was not, by measure.
        report: What exercising it gave; None where it was not.
        tolerance: Power of n by which costs may outgrow a law.
    """
    if genome is None:
        return {}
    checks: dict[str, TargetCheck] = {}
    growth = () if report is None else report.growth
    complaint = "" if report is None else next((text for text in report.complaints if text.startswith("input of")), "")
    for name, law in genome.growth_targets.items():
        if report is None:
            checks[name] = _unclear(str(law), "the problem has no benchmark.py")
        elif name == "time_complexity":
            checks[name] = _of_growth(check_time(law, growth, tolerance=tolerance, complaint=complaint))
        else:
            checks[name] = _of_growth(check_space(law, growth, tolerance=tolerance))
    for name, target in genome.number_targets.items():
        if name == "cache_efficiency":
            checks[name] = _unclear(f"at least {target:g}", _NO_CACHE_COUNTERS)
        else:
            checks[name] = _of_number(name, target, values.get(name), unavailable.get(name, ""))
    return checks


def targets_met(checks: Mapping[str, TargetCheck]) -> dict[str, float]:
    """The metric ``targets_met``; nothing where no target could be told."""
    told = [check.verdict is Verdict.HOLDS for check in checks.values() if check.verdict is not Verdict.UNCLEAR]
    return {"targets_met": sum(told) / len(told)} if told else {}


def _of_growth(check: GrowthCheck) -> TargetCheck:
    low, high = check.interval
    fitted = check.excess == check.excess
    return TargetCheck(
        target=str(check.law),
        verdict=check.verdict,
        found=f"outgrown by n^{check.excess:.2f} ({low:.2f} to {high:.2f})" if fitted else "",
        reason=check.reason,
    )


def _of_number(name: str, target: float, value: float | None, why_not: str) -> TargetCheck:
    unit = MEASURES[name].unit
    written = f"at most {target:g} {unit}".strip()
    if value is None and why_not:
        return _unclear(written, why_not)
    if value is None:
        return TargetCheck(target=written, verdict=Verdict.BROKEN, found="no right answer")
    verdict = Verdict.HOLDS if value <= target else Verdict.BROKEN
    return TargetCheck(target=written, verdict=verdict, found=f"{value:.4g} {unit}".strip())


def _unclear(target: str, reason: str) -> TargetCheck:
    return TargetCheck(target=target, verdict=Verdict.UNCLEAR, reason=reason)
