"""A program as language models are shown it: its text, what was measured of it, and how it failed.

Everything here comes from programs, models and validators: data to be read. It stands in fences that it cannot close,
or on lines of its own without control characters. What verify.py said, hidden files and metrics that are not for
prompts are never part of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gigaevo.programs.failure import ErrorKind
from gigaevo.programs.languages import PYTHON, Language
from gigaevo.programs.metrics import Metrics
from gigaevo.programs.program import Program
from gigaevo.programs.prompt_artifacts import prompt_artifacts

ERROR_CHARS = 2_000  # of a traceback, from its end
PRINTED_CHARS = 1_500  # of standard output and of standard error, from their ends
LINE_CHARS = 500  # of a message

_TICKS = re.compile(r"`{3,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SHOWN_ELSEWHERE = ("stdout", "stderr", "insight", "lineage_note")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramView:
    """One program, in texts that a prompt can show.

    Attributes:
        source: Its files, each in a fence; with their names where there are several.
        measured: Its metrics, one line each; a line that says that there are none where that is so.
        error: Why it has no score, with the end of its traceback; empty for a valid program.
        printed: The end of what it printed to standard output and standard error; empty where it printed nothing.
        artifacts: What else its evaluation left that may be shown.
    """

    source: str
    measured: str
    error: str = ""
    printed: str = ""
    artifacts: tuple[str, ...] = ()


def view_of(
    program: Program, metrics: Metrics, *, language: Language = PYTHON, artifacts: Sequence[str] = ()
) -> ProgramView:
    """How ``program`` is shown.

    Args:
        program: An evaluated program.
        metrics: The problem's.
        language: What it is written in.
        artifacts: Globs of the artifacts that may be shown, as ``prompt_artifacts`` of problem.yaml has them.
    """
    return ProgramView(
        source=source_of(program.files, program.entry, language),
        measured=measured(program, metrics),
        error=error_of(program),
        printed=printed_by(program),
        artifacts=tuple(_artifacts(program, artifacts)),
    )


def fenced(text: str, word: str = "") -> str:
    """``text`` as a code block, whose fence is longer than any that ``text`` contains."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=2) if "```" in text else 2
    fence = "`" * max(3, longest + 1)
    return f"{fence}{word}\n{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{fence}"


def source_of(
    files: Mapping[str, str], entry: str, language: Language = PYTHON, *, shown: Mapping[str, str] | None = None
) -> str:
    """The files of a program in fences, the entry file first; where there are several a line names each.

    Args:
        files: Text by path.
        entry: The file that is run first.
        language: What the program is written in.
        shown: Files of the program that is to be changed: of several files those that are the same are named only.
    """
    if len(files) == 1:
        return fenced(files[entry], language.name)
    paths = [entry, *sorted(path for path in files if path != entry)]
    same = [path for path in paths if shown is not None and shown.get(path) == files[path]]
    texts = [
        f"File: {path}\n{fenced(files[path], language.name if path.endswith(language.suffix) else '')}"
        for path in paths
        if path not in same
    ]
    return "\n\n".join([*texts, *([f"As in the PROGRAM: {', '.join(same)}"] if same else [])])


def explained(metrics: Metrics) -> str:
    """What the metrics mean, the objective first, one line each; those left out that are not for prompts."""
    keys = [metrics.primary_key, *(key for key in metrics.declared if key != metrics.primary_key)]
    lines = []
    for key in keys:
        spec = metrics.specs[key]
        if not spec.include_in_prompts and key != metrics.primary_key:
            continue
        facts = ["the objective"] if key == metrics.primary_key else []
        facts.append("higher is better" if spec.higher_is_better else "lower is better")
        if spec.unit:
            facts.append(f"in {spec.unit}")
        low, high = spec.lower_bound, spec.upper_bound
        facts += [f"at least {low:g}"] if low is not None else []
        facts += [f"at most {high:g}"] if high is not None else []
        if spec.significant_change is not None:
            facts.append(f"differences below {spec.significant_change:g} do not matter")
        lines.append(f"- {key} ({', '.join(facts)}): {one_line(spec.description)}")
    return "\n".join(lines)


def measured(program: Program, metrics: Metrics) -> str:
    """The metrics of a program, the objective first, one line each."""
    lines = [
        f"- {key} = {metrics.specs[key].format(program.metrics[key])}{_beyond(program, key)}"
        for key in _shown(metrics)
        if key in program.metrics
    ]
    return "\n".join(lines) or "- it has no score"


def differences(before: Mapping[str, float] | None, after: Program, metrics: Metrics) -> str:
    """What a change did to the metrics, in one line; why there is nothing to compare where that is so.

    Args:
        before: Metrics of the program that was changed; None where it had no score.
        after: What became of it.
        metrics: The problem's.
    """
    if after.error is not None:
        return f"failed ({after.error.kind}): {one_line(after.error.for_prompts, 200)}"
    if after.pruned:
        return "was given up before it was scored"
    told = []
    for key in _shown(metrics):
        new, old = after.metrics.get(key), (before or {}).get(key)
        if new is None:
            continue
        spec = metrics.specs[key]
        if old is None:
            told.append(f"{key} {spec.format(new)}")
        elif new != old:
            verdict = "better" if metrics.signed(key, new) > metrics.signed(key, old) else "worse"
            told.append(f"{key} {spec.format(old)} → {spec.format(new)} ({verdict})")
        elif key == metrics.primary_key:
            told.append(f"{key} unchanged")
    return ", ".join(told) or "has no score"


def error_of(program: Program) -> str:
    """Why a program has no score, as evolution may see it; empty where nothing is wrong with it."""
    error = program.error
    if error is None:
        return ""
    lines = [f"{error.kind}: {one_line(error.for_prompts)}"]
    # Of a leak nothing but that it is one: whatever hangs on such an error was said by verify.py.
    if error.traceback and error.kind is not ErrorKind.LEAK:
        lines.append(fenced(_tail(error.traceback, ERROR_CHARS)))
    return "\n".join(lines)


def printed_by(program: Program) -> str:
    """The ends of what a program printed; empty where it printed nothing."""
    texts = []
    for name, title in (("stderr", "Standard error"), ("stdout", "Standard output")):
        text = program.artifacts.get(name)
        if isinstance(text, str) and text.strip():
            texts.append(f"{title}:\n{fenced(_tail(text, PRINTED_CHARS))}")
    return "\n".join(texts)


def without_controls(text: str) -> str:
    """``text`` with a sign in the place of each control character; line feeds and tabs stay."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str, limit: int = LINE_CHARS) -> str:
    """``text`` without line ends and control characters, and not too long."""
    line = " ".join(without_controls(text).split())
    return line if len(line) <= limit else f"{line[: limit - 4]} ..."


def _artifacts(program: Program, globs: Sequence[str]) -> list[str]:
    if not globs:
        return []
    elsewhere = tuple(f'<artifact name="{name}"' for name in _SHOWN_ELSEWHERE)
    return [text for text in prompt_artifacts(program, globs) if not text.startswith(elsewhere)]


def _shown(metrics: Metrics) -> list[str]:
    others = [key for key, spec in metrics.specs.items() if spec.include_in_prompts and key != metrics.primary_key]
    return [metrics.primary_key, *others]


def _beyond(program: Program, key: str) -> str:
    return " (beyond its bounds)" if key in program.out_of_bounds else ""


def _tail(text: str, limit: int) -> str:
    clean = without_controls(text.replace("\r\n", "\n")).rstrip()
    return clean if len(clean) <= limit else f"... (cut)\n{clean[-limit:]}"
