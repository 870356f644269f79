"""One numeric search: an output's explicit numbers, improved by the problem's own ``validate``.

Runs in a trusted process that holds the validator; what comes from programs is the output, which is data.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.evaluation.literals import program_source
from gigaevo.evaluation.numbers import Numbers
from gigaevo.optimize import BudgetSpent, Score, local_search
from gigaevo.programs.metrics import GRADED_VALIDITY_KEY, VALIDITY_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]
    Validate = Callable[[Any], tuple[dict[str, float], str | None]]

VIOLATION_KEY = "constraint_violation"
MOST_VARIABLES = 2000


def run_search(validate: Validate, output: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Improve the floats of ``output`` and write the best as a program.

    Args:
        validate: From an output to its metrics and the error of the validator, None where it raised nothing. An
            invalid output may come with metrics; they guide the search.
        output: What a program returned. Not changed.
        request: ``evaluations`` (calls of ``validate`` that may be made, at least 1), ``seed`` (int >= 0), ``step``
            (size of the largest hops, see ``local_search``), ``primary_key``, ``higher_is_better``,
            ``takes_context`` (whether ``entrypoint`` has a parameter) and optionally ``seconds`` (wall-clock limit;
            None for none; with one the result depends on the machine).

    Returns:
        JSON values: ``source`` (the program, or None where there is nothing better to write), ``evaluations`` (calls
        made), ``start`` and ``best`` (primary metric; None while invalid), ``variables`` and ``note`` (one line).
    """
    numbers = Numbers(output)
    count = numbers.start.size
    if count == 0:
        return _answer(note="the output holds no floats")
    if count > MOST_VARIABLES:
        return _answer(variables=count, note=f"{count} floats are more than {MOST_VARIABLES}")
    try:
        program_source(output, takes_context=bool(request["takes_context"]))
    except TypeError as error:
        return _answer(variables=count, note=str(error))
    judge = _Judge(validate, numbers, request)
    result = local_search(
        judge,
        numbers.start,
        groups=numbers.groups,
        evaluations=int(request["evaluations"]),
        step=float(request["step"]),
        rng=np.random.default_rng(int(request["seed"])),
    )
    sign = 1.0 if request["higher_is_better"] else -1.0
    start, best = (sign * s.objective if s.feasible else None for s in (result.start, result.score))
    report = {"evaluations": result.evaluations, "variables": count, "start": start, "best": best}
    if best is None or not result.score.beats(result.start):
        return _answer(**report, note=f"nothing better than {_shown(start)} was found")
    source = program_source(numbers.filled(result.x), takes_context=bool(request["takes_context"]))
    return _answer(**report, source=source, note=f"{_shown(start)} -> {_shown(best)}")


class _Judge:
    """The problem as a score of vectors."""

    def __init__(self, validate: Validate, numbers: Numbers, request: dict[str, Any]) -> None:
        self._validate = validate
        self._numbers = numbers
        self._key = str(request["primary_key"])
        self._sign = 1.0 if request["higher_is_better"] else -1.0
        self._started = False
        seconds = request.get("seconds")
        self._deadline = math.inf if seconds is None else time.monotonic() + float(seconds)

    def __call__(self, x: Vector) -> Score:
        if self._started and time.monotonic() >= self._deadline:
            raise BudgetSpent
        self._started = True
        metrics, error = self._validate(self._numbers.filled(x))
        objective = self._sign * float(metrics.get(self._key, math.nan))
        graded = metrics.get(GRADED_VALIDITY_KEY)
        valid = metrics.get(VALIDITY_KEY, 1.0 if graded is None else graded) > 0.5
        if error is None and valid and math.isfinite(objective):
            return Score(objective, 0.0)
        return Score(objective, _violation(metrics))


def _violation(metrics: dict[str, float]) -> float:
    """How far an invalid output is from valid: above 0, and infinite where its metrics do not say."""
    violation = metrics.get(VIOLATION_KEY, math.nan)
    if not violation > 0.0:
        violation = 1.0 - metrics.get(GRADED_VALIDITY_KEY, math.nan)
    return violation if violation > 0.0 else math.inf


def _shown(value: float | None) -> str:
    return "invalid" if value is None else f"{value:.6g}"


def _answer(**known: Any) -> dict[str, Any]:
    empty = {"source": None, "evaluations": 0, "start": None, "best": None, "variables": 0, "note": ""}
    return empty | known
