"""verify.py runs in processes of its own; whatever it does becomes a finding that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from gigaevo.evaluation.base import Verification
from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.process import SandboxStartError
from gigaevo.evaluation.verification import ExactVerifier


@pytest_asyncio.fixture
async def open_verifier(folder: Callable[..., Path]) -> Any:
    """Starts a verifier and closes it after the test: ``await open_verifier("source", context_text=...)``."""
    verifiers: list[ExactVerifier] = []

    async def start(verify: str, *, call_timeout_s: float = 20, context_text: str | None = None, **more: str) -> Any:
        verifier = ExactVerifier(
            problem_dir=folder(verify=verify, **more), context=context_text, call_timeout_s=call_timeout_s
        )
        verifiers.append(verifier)
        await verifier.start()
        return verifier

    yield start
    for verifier in verifiers:
        await verifier.close()


async def found(verifier: ExactVerifier, value: Any) -> Verification:
    return await verifier.verify(wire.encode(value, max_bytes=1 << 20))


# One function for many cases: the output says which.
CASES = """
import os
import time
from fractions import Fraction

import numpy as np

NAN, INF = float("nan"), float("inf")


class Odd(ValueError):
    pass


def verify(output):
    return eval(output)


def raising(error):
    raise error
"""

ACCEPTED = {
    "None": {},
    "True": {},
    "np.bool_(True)": {},
    "{}": {},
    "{'fitness': Fraction(1, 4), 'is_valid': True}": {"fitness": 0.25, "is_valid": 1.0},
    "{'fitness': NAN, 'other': np.float32(2)}": {"other": 2.0},
}
REFUSED = {
    "False": "verify returned False",
    "np.bool_(False)": "verify returned False",
    "{'is_valid': 0, 'excess': 3}": "verify returned is_valid = 0",
    "{'is_valid': 0.5}": "verify returned is_valid = 0.5",
    "{'is_valid': NAN}": "verify returned is_valid = nan",
    "raising(ValueError('circles 1 and 2 overlap'))": "circles 1 and 2 overlap",
    "raising(AssertionError())": "AssertionError",
    "raising(Odd('odd'))": "odd",
}
UNABLE = {
    "1": "verify returned int; expected None, True, False or a dictionary of numbers",
    "'yes'": "verify returned str",
    "np.ones(2)": "verify returned ndarray",
    "{'fitness': 'much'}": "verify returned 'fitness': 'much'; expected a name and a number",
    "{1: 1}": "expected a name and a number",
    "1 / 0": "ZeroDivisionError: division by zero",
    "raising(SystemExit(3))": "SystemExit: 3",
    "[0] * 10**13": "MemoryError",
}


async def test_what_verify_returns_or_raises_decides(open_verifier: Any) -> None:
    verifier = await open_verifier(CASES)
    for output, metrics in ACCEPTED.items():
        assert await found(verifier, output) == Verification(accepted=True, metrics=metrics), output
    for cases, able in ((REFUSED, True), (UNABLE, False)):
        for output, message in cases.items():
            finding = await found(verifier, output)
            assert (finding.accepted, finding.able) == (False, able), output
            assert message in finding.message, output
    kept = await found(verifier, "{'is_valid': 0, 'excess': 3}")
    assert kept.metrics == {"is_valid": 0.0, "excess": 3.0}


async def test_a_verifier_that_hangs_or_dies_accepts_nothing_and_goes_on_with_the_next(open_verifier: Any) -> None:
    hasty = await open_verifier(CASES, call_timeout_s=0.5)
    hung = await found(hasty, "time.sleep(60)")
    assert (hung.accepted, hung.able, hung.message) == (False, False, "it took longer than 0.5 s")
    verifier = await open_verifier(CASES)
    died = await found(verifier, "os._exit(3)")
    assert (died.accepted, died.able) == (False, False)
    assert died.message.startswith("its process died")
    assert (await found(verifier, "True")).accepted


async def test_verify_gets_the_output_as_data_and_the_context_where_it_asks_for_it(open_verifier: Any) -> None:
    source = (
        "from validate import validate\n\ndef verify(context, output):\n    assert output.sum() == context['sum']\n"
    )
    verifier = await open_verifier(
        source,
        context="def build_context():\n    raise RuntimeError('built already')\n",
        context_text=wire.encode({"sum": 6.0}, max_bytes=1000),
    )
    assert (await found(verifier, np.array([1.0, 2.0, 3.0]))).accepted
    assert not (await found(verifier, np.array([1.0, 2.0]))).accepted


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_module\n", "verify.py, line 1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("def check(output): ...\n", "verify.py: defines no function 'verify'"),
        ("def verify(a, b, c): ...\n", "verify.py: expected verify(output) or verify(context, output)"),
        ("1 / 0\n", "verify.py, line 1: ZeroDivisionError"),
    ],
)
async def test_a_verifier_that_cannot_run_is_told_before_the_search(
    open_verifier: Any, source: str, message: str
) -> None:
    with pytest.raises(SandboxStartError) as caught:
        await open_verifier(source)
    assert message in str(caught.value)
