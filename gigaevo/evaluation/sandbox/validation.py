"""What a validator's return value means: metrics, an artifact, and whether the output counts as valid."""

from __future__ import annotations

import base64
import json
import math
import numbers
import sys
from dataclasses import dataclass, field
from typing import Any

VALIDITY = "is_valid"
GRADED_VALIDITY = "validity"
ARTIFACT = "artifact"
DROPPED = "dropped_metrics"
ARTIFACT_BYTES = 256 << 10
NAMED_BYTES = 4 << 20
MOST_NAMED = 64  # a dictionary of more texts is one value
MESSAGE_CHARS = 2000
_ARTIFACT_DEPTH = 20


@dataclass
class Verdict:
    """The judgement on one output, in plain JSON values.

    Attributes:
        metrics: Finite numbers by name; those of an invalid output too, as far as it has any.
        artifacts: JSON values by name.
        named: Texts, tables and pictures that the validator gave names, not checked yet.
        kind: Error kind; empty for a valid output.
        message: Why it is invalid, one line.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)
    kind: str = ""
    message: str = ""

    def take(self, artifact: Any) -> None:
        """Keep what the validator returned beside the metrics: named artifacts as such, anything else as one value."""
        named = {"picture": artifact} if isinstance(artifact, bytes) else artifact
        if not _are_named(named):
            if artifact is not None:
                self.artifacts[ARTIFACT] = presentable(artifact)
            return
        self.named = {
            name: {"png": base64.b64encode(value).decode("ascii")} if type(value) is bytes else _json_value(value, 0)
            for name, value in named.items()
        }
        length = len(json.dumps(self.named))
        if length > NAMED_BYTES:
            self.named = {}
            self.artifacts[ARTIFACT] = (
                f"artifacts of {length} bytes as JSON were left out; at most {NAMED_BYTES} are read"
            )

    def refuse(self, message: str) -> Verdict:
        """This verdict, as an invalid one."""
        self.kind, self.message = "invalid", message[:MESSAGE_CHARS]
        return self


def judge(returned: Any, primary_key: str) -> Verdict:
    """What ``returned`` by a validator means.

    A dictionary of numbers, or a pair of that and an artifact (any value) or named artifacts (a dictionary of texts,
    tables and PNG bytes), is expected. Of ``is_valid`` and ``validity`` the one
    that is absent is taken to be the other; both are 1 where both are. At ``is_valid`` of 0.5 or less the output is
    invalid; its metrics are kept. A metric that is not finite is dropped and named in
    ``artifacts["dropped_metrics"]``, but makes the output invalid where it is ``is_valid``, or the primary metric of
    an output that is valid otherwise.

    Args:
        returned: What the validator returned.
        primary_key: The metric that a valid output must have.
    """
    verdict = Verdict()
    if isinstance(returned, tuple) and len(returned) == 2:
        returned, artifact = returned
        verdict.take(artifact)
    if not isinstance(returned, dict):
        kind = type(returned).__name__
        return verdict.refuse(
            f"validate returned {kind}; expected a dictionary of numbers, or a pair of that and an artifact"
        )
    for key, value in returned.items():
        number = number_of(value)
        if type(key) is not str or number is None:
            verdict.metrics.clear()
            return verdict.refuse(f"validate returned {key!r:.80}: {value!r:.80}; expected a name and a number")
        verdict.metrics[key] = number
    dropped = sorted(key for key, value in verdict.metrics.items() if not math.isfinite(value))
    if VALIDITY in dropped:
        message = f"validate returned {VALIDITY} = {verdict.metrics[VALIDITY]}; it must be a finite number"
        return _without(verdict, dropped).refuse(message)
    primary = verdict.metrics.get(primary_key)
    verdict = _without(verdict, dropped)
    valid = verdict.metrics.setdefault(VALIDITY, verdict.metrics.get(GRADED_VALIDITY, 1.0))
    verdict.metrics.setdefault(GRADED_VALIDITY, valid)
    if valid <= 0.5:
        artifact = verdict.artifacts.get(ARTIFACT)
        return verdict.refuse("the validator refused the output" + (f": {artifact}" if type(artifact) is str else ""))
    if primary is None:
        found = ", ".join(sorted(returned)) or "nothing"
        return verdict.refuse(f"validate returned no {primary_key!r}, the primary metric; it returned {found}")
    if not math.isfinite(primary):
        return verdict.refuse(f"validate returned {primary_key} = {primary}; a score must be a finite number")
    return verdict


def refusal(error: BaseException) -> Verdict:
    """The verdict where a validator raised ``error``: invalid, with its message."""
    text = str(error)
    plain = isinstance(error, (ValueError, AssertionError)) and text
    return Verdict().refuse(text if plain else f"{type(error).__name__}: {text}".removesuffix(": "))


def presentable(value: Any) -> Any:
    """``value`` as JSON values of at most ``ARTIFACT_BYTES``; what JSON has not becomes text."""
    tree = _json_value(value, 0)
    text = json.dumps(tree)
    if len(text) <= ARTIFACT_BYTES:
        return tree
    shown = tree if isinstance(tree, str) else text
    return f"{shown[: ARTIFACT_BYTES // 6]} ... (cut)"  # a character takes up to six bytes in JSON


def _are_named(value: Any) -> bool:
    """Whether ``value`` is a dictionary of artifacts: names, and under each a text, a PNG's bytes or a table."""
    if type(value) is not dict or not 1 <= len(value) <= MOST_NAMED or not all(type(name) is str for name in value):
        return False
    return all(
        isinstance(item, (str, bytes)) or (type(item) is dict and set(item) == {"columns", "rows"})
        for item in value.values()
    )


def _without(verdict: Verdict, dropped: list[str]) -> Verdict:
    for key in dropped:
        del verdict.metrics[key]
    if dropped:
        verdict.artifacts[DROPPED] = dropped
    return verdict


def number_of(value: Any) -> float | None:
    """``value`` as a float; None where it is no number."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        if value.ndim or value.dtype.kind not in "biuf":
            return None
        value = value.item()
    if not isinstance(value, numbers.Real):
        return None
    try:
        return float(value)
    except OverflowError:  # an integer or a fraction beyond all floats
        return math.inf


def _json_value(value: Any, depth: int) -> Any:
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if depth < _ARTIFACT_DEPTH:
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_json_value(item, depth + 1) for item in value]
        if isinstance(value, dict):
            return {str(key): _json_value(item, depth + 1) for key, item in value.items()}
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
            return _json_value(value.tolist(), depth + 1)
    return str(value)
