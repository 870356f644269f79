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

ERROR_BYTES = 1 << 16  # a child cuts its error report to less than this
ANSWER_HEAD = 5  # a letter and the length
MESSAGE_CHARS = 2000
TRACEBACK_CHARS = 4000
# What a child may say of itself; a time-out or a signal is for others to see.
_OWN_KINDS = frozenset({"syntax", "exception", "memory", "exit", "output"})
# What it may say as well where it ran a program's commands: nobody else saw how those ended.
_KINDS_OF_COMMANDS = frozenset({"timeout", "signal"})


def report(kind: str, message: str, trace: str = "") -> Report:
    """An error, its texts cut."""
    return {"kind": kind, "message": message[:MESSAGE_CHARS], "traceback": trace[-TRACEBACK_CHARS:]}


def split(answer: bytes) -> tuple[bytes, bytes, bytes]:
    """Letter and content of an answer, and what comes behind them; an empty letter where it is not whole."""
    end = ANSWER_HEAD + int.from_bytes(answer[1:ANSWER_HEAD], "big")
    if len(answer) < ANSWER_HEAD or len(answer) < end:
        return b"", b"", b""
    return answer[:1], answer[ANSWER_HEAD:end], answer[end:]


def ending(status: int, cpu: float, limits: Limits, head: bytes, size: int) -> Report | None:
    """Why a child that we did not kill gave no answer; None where it gave one, be it a failure.

    Args:
        status: What ``os.wait4`` said.
        cpu: CPU seconds it used.
        limits: Its caps.
        head: The first ``ANSWER_HEAD`` bytes that it wrote into its channel.
        size: Bytes that it wrote there.
    """
    if os.WIFSIGNALED(status):
        return _killed(os.WTERMSIG(status), cpu, limits)
    if len(head) < ANSWER_HEAD or size < ANSWER_HEAD + int.from_bytes(head[1:], "big"):
        return report("exit", f"its process ended with status {os.waitstatus_to_exitcode(status)} before it answered")
    return None


def answered(
    answer: bytes, limits: Limits, *, trusted: bool = False, commands: bool = False
) -> tuple[str | None, Report | None, bytes]:
    """What an answer says: a value as text, or a failure; and what comes behind it.

    Args:
        answer: All that a child wrote into its channel.
        limits: Its caps.
        trusted: Whether it ran code of ours, which may speak of any kind of error.
        commands: Whether it ran the commands of a program, and speaks of those.
    """
    letter, content, rest = split(answer)
    is_whole = not rest or rest[:1] == b"A"
    if letter == b"V" and is_whole and len(content) <= limits.output_bytes and content.isascii():
        return content.decode("ascii"), None, rest
    own = own_report(content, trusted=trusted, commands=commands) if letter == b"E" and not rest else None
    return None, own or report("output", "its answer is malformed"), b""


def _killed(number: int, cpu: float, limits: Limits) -> Report:
    if number == signal.SIGXCPU or (number == signal.SIGKILL and cpu >= limits.cpu_seconds):
        return report("timeout", f"it used more than {limits.cpu_seconds} s of CPU time")
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return report("signal", f"its process was killed by {name}")


def own_report(content: bytes, *, trusted: bool = False, commands: bool = False) -> Report | None:
    """What the child says of its failure; None where that is malformed."""
    if len(content) > ERROR_BYTES:
        return None
    try:
        read = json.loads(content)
        kind, message, trace = read["kind"], read["message"], read["traceback"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not type(kind) is type(message) is type(trace) is str:
        return None
    may_be_said = trusted or kind in _OWN_KINDS or (commands and kind in _KINDS_OF_COMMANDS)
    return report(kind, message, trace) if may_be_said else None
