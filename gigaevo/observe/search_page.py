"""The page at the end of a search among numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigaevo.observe.display import clock, one_line
from gigaevo.observe.search_files import BEST_GENOME_FILE, elites_file
from gigaevo.observe.search_live import fitness_text
from gigaevo.observe.summary import continue_command, reason_in_words

if TYPE_CHECKING:
    from rich.console import Console

    from gigaevo.observe.search_events import SearchInfo, SearchReport


def print_search(info: SearchInfo, report: SearchReport, *, folder: Path, console: Console | None = None) -> None:
    """Tell people what the search came to, where it is, and how to go on.

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

    def say(label: str, text: str) -> None:
        console.print(Text.assemble((f"{label:<12}", "bold"), text), soft_wrap=True)

    console.print()
    say("Stopped", f"after {clock(progress.elapsed_s)}: {reason_in_words(report.stop_reason)}")
    if report.fault:
        say("Fault", one_line(report.fault, width=400))
    invalid = f", {progress.invalid:,} of them invalid" if progress.invalid else ""
    say(
        "Search",
        f"{info.algorithm}: {progress.evaluations:,} evaluations{invalid}, {progress.generation:,} generations, "
        f"{progress.evaluations_per_s:,.0f} evaluations/s",
    )
    if progress.best is None:
        say("Best", "none: no genome had a finite fitness")
    else:
        say("Best", f"{info.metrics.primary_key} {fitness_text(progress.best, info)}")
        for key, value in report.metrics.items():
            if key != info.metrics.primary_key:
                say("", f"{key} {info.metrics.specs[key].format(value)}")
        if progress.genome is not None:
            say("Genome", one_line(_shown(progress.genome), width=160))
            say("Saved", str(folder / BEST_GENOME_FILE))
        if name := elites_file(report):
            say("Elites", f"{len(report.elites):,} in {folder / name}")
    say("Continue", continue_command(folder, report.stop_reason, info.limits))


def _shown(genome: Any) -> str:
    """A genome in short: numbers with six digits."""

    def short(value: Any) -> str:
        return f"{value:.6g}" if isinstance(value, float) else str(value)

    if isinstance(genome, dict):
        return ", ".join(f"{name} {short(value)}" for name, value in genome.items())
    return "[" + ", ".join(map(short, genome[:40])) + (", ..." if len(genome) > 40 else "") + "]"
