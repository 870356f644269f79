"""What the return value of a problem's ``verify`` means: accepted, refused, or not able to say."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from gigaevo.evaluation.sandbox.validation import MESSAGE_CHARS, VALIDITY, number_of


@dataclass
class Finding:
    """What ``verify`` found out about one output, in plain JSON values.

    Attributes:
        accepted: Whether the output passed.
        able: Whether ``verify`` did its work.
        message: Why the output did not pass, one line.
        metrics: Finite numbers by name.
    """

    accepted: bool = True
    able: bool = True
    message: str = ""
    metrics: dict[str, float] = field(default_factory=dict)

    def refuse(self, message: str, *, able: bool = True) -> Finding:
        """This finding, as one that does not accept the output."""
        self.accepted, self.able, self.message = False, able, message[:MESSAGE_CHARS]
        return self


def finding_of(returned: Any) -> Finding:
    """What ``returned`` by ``verify`` means.

    None and True accept, False refuses. A dictionary of numbers accepts unless its ``is_valid`` is 0.5 or less, or not
    finite; what else it holds is kept as far as it is finite.

    Args:
        returned: What ``verify`` returned.
    """
    finding = Finding()
    if isinstance(returned, dict):
        return _finding_with_metrics(finding, returned)
    flag = True if returned is None else number_of(returned)
    if isinstance(returned, (int, float)) and not isinstance(returned, bool):
        flag = None  # a number by itself may as well be an error count as a truth value
    if flag is None:
        kind = type(returned).__name__
        return finding.refuse(
            f"verify returned {kind}; expected None, True, False or a dictionary of numbers", able=False
        )
    return finding if flag else finding.refuse("verify returned False")


def _finding_with_metrics(finding: Finding, returned: dict[Any, Any]) -> Finding:
    for key, value in returned.items():
        number = number_of(value)
        if type(key) is not str or number is None:
            finding.metrics.clear()
            return finding.refuse(
                f"verify returned {key!r:.80}: {value!r:.80}; expected a name and a number", able=False
            )
        if math.isfinite(number):
            finding.metrics[key] = number
    if VALIDITY in returned and not finding.metrics.get(VALIDITY, 0.0) > 0.5:
        return finding.refuse(f"verify returned {VALIDITY} = {number_of(returned[VALIDITY]):g}")
    return finding


def finding_from(error: BaseException) -> Finding:
    """What it means that ``verify`` raised ``error``: a ValueError or AssertionError is a refusal in words, anything
    else says that it could not check the output."""
    text = str(error)
    if isinstance(error, (ValueError, AssertionError)):
        return Finding().refuse(text or type(error).__name__)
    return Finding().refuse(f"{type(error).__name__}: {text}".removesuffix(": "), able=False)
