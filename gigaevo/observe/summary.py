"""What a run came to: ``summary.json`` for machines, a page of text for people."""

from __future__ import annotations

import platform
import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigaevo import __version__
from gigaevo.evolution.engine.events import Limits, Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.best import best_file
from gigaevo.observe.best_artifacts import BEST_ARTIFACTS, artifact_files
from gigaevo.observe.display import clock, fitness_of, models_of, one_line, spent, tally
from gigaevo.observe.files import replace_text
from gigaevo.observe.strict_json import dumps
from gigaevo.programs import ErrorKind, Metrics, Program

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SUMMARY_FILE = "summary.json"
ARTIFACTS_NAMED = 8
MODELS_NAMED = 20

_REASONS = {
    "max_generations": "the limit max_generations was reached",
    "max_mutants": "the limit max_mutants was reached",
    "max_evaluations": "the limit max_evaluations was reached",
    "max_seconds": "the limit max_seconds was reached",
    "target_fitness": "the target fitness was reached",
    "plateau": "the best fitness had stopped improving",
    "exhausted": "the operators made nothing new any more",
    "no_child": "too many proposals in a row gave no child; the reasons are below",
    "transcript": "the transcript has no more answers",
    "language_models": "no language model takes questions any more; the warnings above and in run.log say why",
    "interrupted": "it was interrupted",
    "no_valid_program": "no initial program was valid",
    "fitness_fault": "the fitness function failed; once it is mended, the run goes on",
    "strategy_fault": "parts of the strategy raised too often",
}


class SummaryFile:
    """Writes ``summary.json`` when the run stops.

    Args:
        folder: The run's output folder.
        kernels: Which kernels were in use, for the record: ``"cython"`` or ``"numpy"``.
    """

    def __init__(self, *, folder: str | Path, kernels: str) -> None:
        self.path = Path(folder) / SUMMARY_FILE
        self._kernels = kernels
        self._info: RunInfo | None = None

    def on_start(self, info: RunInfo) -> None:
        self._info = info

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        pass

    def on_stop(self, report: RunReport) -> None:
        if self._info is not None:
            replace_text(self.path, dumps(summary(self._info, report, kernels=self._kernels), indent=2) + "\n")


def summary(info: RunInfo, report: RunReport, *, kernels: str) -> dict[str, Any]:
    """What ``summary.json`` holds, as JSON values."""
    progress = report.progress
    return {
        "problem": info.problem,
        "seed": info.seed,
        "stop_reason": report.stop_reason,
        "fault": report.fault or None,
        "metric": {"name": info.metrics.primary_key, "higher_is_better": info.metrics.primary.higher_is_better},
        "best": None if progress.best is None else _best(progress.best, report),
        "counts": {
            "mutants": progress.mutants,
            "evaluated": progress.evaluated,
            "duplicates": progress.duplicates,
            "outcomes": dict(progress.outcomes),
            "failures": dict(progress.failures),
            "cached": dict(progress.cached),
            "skipped": dict(progress.skipped),
            "operators": {name: dict(counts) for name, counts in progress.operators.items()},
        },
        "llm": _language_models(progress),
        "leaks": {"count": progress.failures.get(ErrorKind.LEAK, 0), "programs": list(progress.leaks)},
        "generation": progress.generation,
        "validate_calls": progress.validate_calls,
        "archive": _archive(progress),
        "elapsed_s": progress.elapsed_s,
        "programs_per_s": progress.programs_per_s,
        "time_split": dict(report.time_split),
        "versions": versions(kernels),
    }


def _language_models(progress: Progress) -> dict[str, Any] | None:
    """What language models were paid, what became of what they said, and why it gave no child; None where none was
    used."""
    if progress.spending is None and not progress.models:
        return None
    return {
        "spending": None if progress.spending is None else dict(progress.spending),
        "models": {name: dict(counts) for name, counts in progress.models.items()},
        "reasons": dict(progress.reasons),
    }


def _archive(progress: Progress) -> dict[str, Any]:
    population = progress.population
    sent, kept = population.migrants
    return {
        "coverage": population.coverage,
        "qd_score": population.qd_score,
        "elites": population.total_programs,
        "sizes": dict(population.sizes),
        "islands": {island_id: asdict(island) for island_id, island in population.islands.items()},
        "acceptance": {
            operator: {"offered": offered, "kept": kept} for operator, (offered, kept) in population.acceptance.items()
        },
        "migrants": {"sent": sent, "kept": kept},
        "faults": population.faults,
    }


def _best(best: Program, report: RunReport) -> dict[str, Any]:
    return {
        "id": best.id,
        "number": best.number,
        "operator": best.operator,
        "metrics": dict(best.metrics),
        "rescored": None if report.rescored is None else dict(report.rescored),
        "verification": None if report.progress.verification is None else dict(report.progress.verification),
        "verified_again": None if report.verification is None else dict(report.verification),
        "lineage_depth": report.lineage_depth,
        "source_file": best_file(best.entry),
        "artifact_files": [f"{BEST_ARTIFACTS}/{name}" for name in artifact_files(best.artifacts)],
    }


def versions(kernels: str) -> dict[str, str]:
    """What a run was made with."""
    import numpy

    return {
        "gigaevo": __version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "platform": platform.platform(),
        "kernels": kernels,
    }


def print_summary(info: RunInfo, report: RunReport, *, folder: str | Path, console: Console | None = None) -> None:
    """Tell people what the run came to, where it is, and how to go on.

    Args:
        info: What was known at the beginning.
        report: How it ended.
        folder: The run's output folder.
        console: Where to print; None for standard output.
    """
    from rich.console import Console
    from rich.text import Text

    console = console if console is not None else Console()
    progress = report.progress
    best = progress.best

    def say(label: str, text: str) -> None:
        # soft_wrap: paths and commands stay whole, so that they can be copied.
        console.print(Text.assemble((f"{label:<10}", "bold"), text), soft_wrap=True)

    console.print()
    say("Stopped", f"after {clock(progress.elapsed_s)}: {reason_in_words(report.stop_reason)}")
    if report.fault:
        say("Fault", one_line(report.fault, width=400))
    say(
        "Programs",
        f"{progress.evaluated} evaluated ({tally(progress.outcomes)}), {progress.mutants} mutants, "
        f"{progress.validate_calls} validate calls",
    )
    if progress.operators:
        say("Operators", _operators(progress.operators))
    if progress.reasons:
        say("No child", tally({one_line(kind, width=40): count for kind, count in progress.reasons.items()}))
    if progress.spending is not None:
        say("Models", spent(progress.spending))
    for line in models_of(progress, most=MODELS_NAMED):
        say("", line)
    if progress.failures:
        say("Failures", tally(progress.failures))
    if progress.leaks:
        say("Leaks", _leaks(progress))
    if progress.cached or progress.skipped:
        say("Stages", _stages(progress))
    if len(progress.population.sizes) > 1:
        say("Islands", _islands(progress, info.metrics))
    if progress.population.faults:
        say("Faults", f"parts of the strategy raised {progress.population.faults} times; run.log has the tracebacks")
    if best is None:
        say("Best", "none: no program kept the problem's rules")
    else:
        operator = one_line(best.operator, width=60)
        say("Best", f"{fitness_of(best, info.metrics)}, program {best.id} by {operator}, {_lineage(report)}")
        if report.verification is not None:
            say("Verified", _verified(report.verification))
        console.print(_metrics_table(best, report.rescored, info.metrics))
        say("Saved", str(Path(folder) / best_file(best.entry)))
        if files := list(artifact_files(best.artifacts)):
            more = f", and {len(files) - ARTIFACTS_NAMED} more" if len(files) > ARTIFACTS_NAMED else ""
            say("Artifacts", f"{Path(folder) / BEST_ARTIFACTS}: {', '.join(files[:ARTIFACTS_NAMED])}{more}")
    say("Continue", continue_command(folder, report.stop_reason, info.limits))


def continue_command(folder: str | Path, stop_reason: str, limits: Limits) -> str:
    """What to type to go on with the run: with twice the limit that stopped it, or without the target or the plateau
    that did."""
    path = str(folder)
    if not re.fullmatch(r"[\w/.+:@~-]+", path):  # anything else needs quotes of Hydra's inside those of the shell
        path = "'" + path.replace("\\", "\\\\").replace("'", "\\'") + "'"
    command = f"python run.py {shlex.quote(f'resume={path}')}"
    if stop_reason in ("target_fitness", "plateau"):
        return f"{command} {stop_reason}=null"
    limit = getattr(limits, stop_reason, None) if stop_reason.startswith("max_") else None
    return command if limit is None else f"{command} {stop_reason}={2 * limit}"


def _operators(counts: Mapping[str, Mapping[str, float]]) -> str:
    """How often each operator's child was better than its parent."""
    return ", ".join(
        f"{one_line(name, width=40)} improved {count.get('improved', 0)} of {count.get('proposals', 0)}"
        for name, count in sorted(counts.items())
    )


def _stages(progress: Progress) -> str:
    """How often stages did not run for a program, since their result was there, or was not worth its cost."""
    counts = {"taken from the cache": progress.cached, "skipped": progress.skipped}
    return "; ".join(f"{what}: {tally(count)}" for what, count in counts.items() if count)


def _islands(progress: Progress, metrics: Metrics) -> str:
    """Elites of each island and its best, and how many migrants changed islands."""
    population, shown = progress.population, []
    for island_id, size in population.sizes.items():
        island = population.islands.get(island_id)
        best = "" if island is None or island.best is None else f", best {metrics.primary.format(island.best)}"
        shown.append(f"{one_line(island_id, width=40)} {size} elites{best}")
    sent, kept = population.migrants
    return "; ".join([*shown, f"{kept} of {sent} migrants kept" if sent else "no migrants"])


def _leaks(progress: Progress) -> str:
    count = progress.failures.get(ErrorKind.LEAK, 0)
    more = ", ..." if count > len(progress.leaks) else ""
    return (
        f"the validator let through {count} {'program' if count == 1 else 'programs'} that verify.py refuses: "
        f"{', '.join(progress.leaks)}{more}"
    )


def _verified(verification: Mapping[str, Any]) -> str:
    if verification["accepted"]:
        numbers = ", ".join(f"{one_line(key, width=40)} {value:.12g}" for key, value in verification["metrics"].items())
        return "yes, by verify.py in a fresh process" + (f": {one_line(numbers)}" if numbers else "")
    verdict = "refuses it" if verification["able"] else "could not check it"
    return f"NO: in a fresh process verify.py {verdict}: {one_line(verification['message'])}"


def reason_in_words(stop_reason: str) -> str:
    """Why a run stopped, for people."""
    if stop_reason.startswith("budget."):
        return f"{one_line(stop_reason)} was used up; a larger one lets it go on"
    return _REASONS.get(stop_reason, one_line(stop_reason))


def _lineage(report: RunReport) -> str:
    depth = report.lineage_depth
    if depth == 0:
        return "an initial program"
    return f"{depth} {'step' if depth == 1 else 'steps'} from an initial program"


def _metrics_table(best: Program, rescored: Mapping[str, float] | None, metrics: Metrics) -> Table:
    """Metrics of ``best``, the primary one first and the declared ones next, beside what re-scoring gave."""
    from rich.table import Table
    from rich.text import Text

    def shown(values: Mapping[str, float] | None, key: str) -> Text:
        if values is None or key not in values:
            return Text("–")
        spec = metrics.specs.get(key)
        return Text(f"{values[key]:.6g}" if spec is None else spec.format(values[key]))

    names = dict.fromkeys([*best.metrics, *(rescored or {})])
    order = [metrics.primary_key, *metrics.declared, *metrics.specs, *names]
    table = Table("metric", "value", "re-scored", box=None, padding=(0, 2), header_style="dim")
    for key in dict.fromkeys(order):
        if key in names:
            table.add_row(Text(one_line(key, width=60)), shown(best.metrics, key), shown(rescored, key))
    return table
