"""What a hostile program is, what became of one, and the verdicts there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gigaevo.evaluation.sandbox.client import RunOutcome
from gigaevo.evaluation.sandbox.workers import ValidationOutcome

ISOLATED = ("landlock", "strict")
EVERYWHERE = ("process", *ISOLATED)
SECRET = re.compile(r"SECRET-[0-9a-f]{16}")  # every planted secret has this form, and nothing else has


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One run of a hostile program.

    Attributes:
        outcome: What the sandbox says of it.
        answer: What it returned, decoded; None where it failed.
        score: What the problem's validator says of its answer; None where it failed.
        level: The level at which it ran.
    """

    outcome: RunOutcome
    answer: Any
    score: ValidationOutcome | None
    level: str

    @property
    def kind(self) -> str:
        """Its error kind; empty where it answered."""
        return "" if self.outcome.error is None else self.outcome.error.kind.value

    @property
    def message(self) -> str:
        """Its error; empty where it answered."""
        return "" if self.outcome.error is None else self.outcome.error.message


@dataclass(frozen=True)
class Verdict:
    """What must become of a program.

    Attributes:
        text: For people.
        complaint: What is wrong with a trial; empty where it is as it must be.
        attacked: What a program must have printed, which shows that it got as far as its attack.
    """

    text: str
    complaint: Callable[[Trial], str]
    attacked: str = ""

    def __or__(self, other: Verdict) -> Verdict:
        def complaint(trial: Trial) -> str:
            first = self.complaint(trial)
            second = other.complaint(trial) if first else ""
            return f"{first}; {second}" if first and second else ""

        return Verdict(f"{self.text}, or {other.text}", complaint, self.attacked)

    def __and__(self, other: Verdict) -> Verdict:
        both = f"{self.text}; {other.text}"
        return Verdict(both, lambda trial: self.complaint(trial) or other.complaint(trial), self.attacked)


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """A program that attacks.

    Attributes:
        name: What it does, as one would say it.
        source: Statements of its module, after the prelude of ``prelude``; defines ``entrypoint``.
        verdict: What must become of it.
        levels: Levels that must contain it.
        allow: What the problem allows.
        limits: Caps that differ from the suite's.
        victim: Whether an honest program with a secret is running beside it.
        control: Whether part of it is to succeed where nothing contains it; such a run proves that it attacks.
        files: Its other files.
    """

    name: str
    source: str
    verdict: Verdict
    levels: tuple[str, ...] = ISOLATED
    allow: tuple[str, ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    victim: bool = False
    control: bool = False
    files: Mapping[str, str] = field(default_factory=dict)


def _held(trial: Trial) -> str:
    if trial.kind:
        return f"it was to answer what it managed, but failed: {trial.kind}: {trial.message}"
    if not isinstance(trial.answer, dict) or not {"got", "denied"} <= set(trial.answer):
        return f"it does not say what it managed: {trial.answer!r:.300}"
    if trial.answer["got"]:
        return f"it managed {trial.answer['got']!r:.1500}"
    return "" if trial.answer["denied"] else "it did not attack"


HELD = Verdict("answers; nothing of what it tried worked", _held)


def fails(*kinds: str, message: str = "", attacked: str = "") -> Verdict:
    """It gets an error of one of ``kinds`` whose message has ``message`` (a pattern).

    ``attacked`` is what it must have printed by then, which shows that it got as far as its attack.
    """

    def complaint(trial: Trial) -> str:
        if trial.kind not in kinds:
            return (
                f"its error is {trial.kind or 'none'} ({trial.message or repr(trial.answer)[:300]}); expected {kinds}"
            )
        if not re.search(message, trial.message):
            return f"its error says {trial.message!r}; expected {message!r}"
        return "" if attacked in trial.outcome.stdout else f"it never came to its attack: {trial.outcome.stdout!r}"

    return Verdict(f"error {' or '.join(kinds)}" + (f" ({message})" if message else ""), complaint, attacked)


def answers(text: str, holds: Callable[[Any], bool] = lambda answer: True) -> Verdict:
    """It answers, and what it answers ``holds``; ``text`` says that for people."""

    def complaint(trial: Trial) -> str:
        if trial.kind:
            return f"it was to answer, but failed: {trial.kind}: {trial.message}"
        return "" if holds(trial.answer) else f"it answered {trial.answer!r:.1500}; expected: {text}"

    return Verdict(f"answers: {text}", complaint)


def _refused(trial: Trial) -> str:
    if trial.kind:
        return ""
    if trial.score is None or trial.score.error is None:
        return f"the validator accepted it: {trial.score}"
    return ""


REFUSED = Verdict("its result is refused, by the format or by the validator", _refused)


def _no_secret(trial: Trial) -> str:
    shown = f"{trial.answer!r} {trial.outcome}"
    found = SECRET.search(shown)
    return f"its outcome shows a secret: {shown[max(0, found.start() - 200) : found.end()]}" if found else ""


NO_SECRET = Verdict("no secret in the outcome", _no_secret)


def _worth(trial: Trial) -> str:
    if trial.score is None:
        return "" if trial.kind else "it was not scored"
    earned = trial.score.metrics.get("fitness", 0.0)
    return "" if trial.score.error is not None or earned <= 0.5 else f"it earned {earned}"


WORTH = Verdict("earns what its data are worth, or nothing", _worth)

ANY_END = Verdict("whatever it ends with, the rest is as before", lambda trial: "")
"""For attacks on what is outside; that the rest is as before is checked after every program."""
