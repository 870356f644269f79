"""How a program's process ended, told from its exit status and from what it wrote as its answer.

The answer is written by the program's own process, so all of it is checked here, and none of it is believed.
"""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.limits import Limits

Report = dict[str, str]  # an error as plain JSON: kind, message, traceback

ANSWER_HEAD = 5  # a letter and the length
MESSAGE_CHARS = 2000
TRACEBACK_CHARS = 4000
_OWN_KINDS = frozenset({"syntax", "exception", "memory", "exit", "output"})  # what a child may say of itself


def report(kind: str, message: str, trace: str = "") -> Report:
    """An error, its texts cut."""
    return {"kind": kind, "message": message[:MESSAGE_CHARS], "traceback": trace[-TRACEBACK_CHARS:]}


def ending(status: int, cpu: float, limits: Limits, answer: bytes) -> Report | None:
    """Why a child that we did not kill gave no value; None where it gave one.

    Args:
        status: What ``os.wait4`` said.
        cpu: CPU seconds it used.
        limits: Its caps.
        answer: What it wrote into the result pipe.
    """
    if os.WIFSIGNALED(status):
        return _killed(os.WTERMSIG(status), cpu, limits)
    if len(answer) < ANSWER_HEAD or len(answer) != ANSWER_HEAD + int.from_bytes(answer[1:ANSWER_HEAD], "big"):
        return report("exit", f"its process ended with status {os.waitstatus_to_exitcode(status)} before it answered")
    content = answer[ANSWER_HEAD:]
    if answer[:1] == b"V" and len(content) <= limits.output_bytes and content.isascii():
        return None
    return (_own_report(content) if answer[:1] == b"E" else None) or report("output", "its answer is malformed")


def _killed(number: int, cpu: float, limits: Limits) -> Report:
    if number == signal.SIGXCPU or (number == signal.SIGKILL and cpu >= limits.cpu_seconds):
        return report("timeout", f"it used more than {limits.cpu_seconds} s of CPU time")
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return report("signal", f"its process was killed by {name}")


def _own_report(content: bytes) -> Report | None:
    """What the child says of its failure; None where that is malformed."""
    try:
        read = json.loads(content)
        kind, message, trace = read["kind"], read["message"], read["traceback"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if kind in _OWN_KINDS and type(message) is type(trace) is str:
        return report(kind, message, trace)
    return None
