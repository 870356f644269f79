"""Validators live in processes of their own; what they return becomes a verdict, and their death another."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
from typing import Any

import numpy as np
import psutil
import pytest

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.workers import SandboxStartError, SearchError, ValidationOutcome
from gigaevo.programs import ErrorKind
from tests.pictures import png


def text(value: Any) -> str:
    return wire.encode(value, max_bytes=1 << 20)


async def judge(workers: Any, value: Any, timeout_s: float = 20) -> ValidationOutcome:
    outcome: ValidationOutcome = await workers.validate(text(value), timeout_s=timeout_s)
    return outcome


def returning(expression: str) -> str:
    return (
        f"import numpy as np\nNAN, INF = float('nan'), float('inf')\ndef validate(output):\n    return {expression}\n"
    )


async def test_metrics_come_back_as_numbers(open_workers: Any) -> None:
    workers = await open_workers(
        validate=returning(
            "{'fitness': output.sum(), 'n': np.int64(3), 'ok': np.bool_(True), 'b': False, 'z': np.array(2)}"
        )
    )
    outcome = await judge(workers, np.ones(4))
    assert outcome.error is None
    assert outcome.metrics == {"fitness": 4, "n": 3, "ok": 1, "b": 0, "z": 2, "is_valid": 1, "validity": 1}
    assert all(type(number) is float for number in outcome.metrics.values())
    assert outcome.artifacts == {}
    assert outcome.calls == 1


VERDICTS = {
    "valid": ("{'fitness': 1, 'is_valid': 1}", None, {"fitness": 1, "is_valid": 1, "validity": 1}),
    "graded validity is kept": (
        "{'fitness': 1, 'is_valid': 1, 'validity': 0.75}",
        None,
        {"fitness": 1, "is_valid": 1, "validity": 0.75},
    ),
    "graded validity alone": (
        "{'fitness': 1, 'validity': 0.25}",
        "refused the output",
        {"fitness": 1, "is_valid": 0.25, "validity": 0.25},
    ),
    "not valid": ("{'fitness': 1, 'is_valid': 0}", "refused the output", {"fitness": 1, "is_valid": 0, "validity": 0}),
    "not valid, without a score": ("{'is_valid': 0}", "refused the output", {"is_valid": 0, "validity": 0}),
    "not valid, with a text": (
        "({'is_valid': 0}, 'too wide')",
        "refused the output: too wide",
        {"is_valid": 0, "validity": 0},
    ),
    "not valid, no score": ("{'is_valid': 0, 'fitness': NAN}", "refused the output", {"is_valid": 0, "validity": 0}),
    "no score": (
        "{'other': 1}",
        "no 'fitness', the primary metric; it returned other",
        {"other": 1, "is_valid": 1, "validity": 1},
    ),
    "infinite score": ("{'fitness': INF}", "fitness = inf", {"is_valid": 1, "validity": 1}),
    "huge score": ("{'fitness': 10**400}", "fitness = inf", {"is_valid": 1, "validity": 1}),
    "validity that is no number": ("{'fitness': 1, 'is_valid': NAN}", "is_valid = nan", {"fitness": 1}),
    "a text for a number": ("{'fitness': '1'}", "'fitness': '1'; expected a name and a number", {}),
    "a complex number": ("{'fitness': 1j}", "expected a name and a number", {}),
    "an array for a number": ("{'fitness': np.ones(2)}", "expected a name and a number", {}),
    "a number for a name": ("{1: 1}", "1: 1; expected a name", {}),
    "no dictionary": ("3.5", "returned float; expected a dictionary of numbers", {}),
    "nothing": ("None", "returned NoneType", {}),
    "a triple": ("({}, 1, 2)", "returned tuple", {}),
}


@pytest.mark.parametrize(("expression", "message", "metrics"), VERDICTS.values(), ids=VERDICTS.keys())
async def test_the_return_value_decides(
    open_workers: Any, expression: str, message: str | None, metrics: dict[str, float]
) -> None:
    outcome = await judge(await open_workers(validate=returning(expression)), 1)
    assert outcome.metrics == metrics
    if message is None:
        assert outcome.error is None
    else:
        assert outcome.error is not None
        assert outcome.error.kind == ErrorKind.INVALID
        assert outcome.error.stage == "validate"
        assert message in outcome.error.message


async def test_other_metrics_that_are_not_finite_are_dropped_and_named(open_workers: Any) -> None:
    outcome = await judge(await open_workers(validate=returning("{'fitness': 1, 'b': NAN, 'a': -INF}")), 1)
    assert outcome.error is None
    assert outcome.metrics == {"fitness": 1, "is_valid": 1, "validity": 1}
    assert outcome.artifacts == {"dropped_metrics": ["a", "b"]}


async def test_artifacts_become_json(open_workers: Any) -> None:
    artifact = "{'a': np.arange(2), 'b': (NAN, {1: len}), 'c': np.float32(0.5), 'd': output}"
    outcome = await judge(await open_workers(validate=returning(f"({{'fitness': 1}}, {artifact})")), "x")
    assert outcome.artifacts["artifact"] == {
        "a": [0, 1],
        "b": ["nan", {"1": "<built-in function len>"}],
        "c": 0.5,
        "d": "x",
    }
    outcome = await judge(await open_workers(validate=returning("({'fitness': 1}, ['é' * 300_000])")), 1)
    assert outcome.error is None
    assert outcome.artifacts["artifact"].endswith("(cut)")
    assert len(outcome.artifacts["artifact"]) < 256 << 10


NAMED = """
from pathlib import Path

PICTURE = Path(__file__).with_name("picture.png").read_bytes()


def validate(output):
    table = {"columns": ["x", "y"], "rows": [(1, 2.5), (float("nan"), "text")]}
    named = {"report": "all well", "table": table, "plot": PICTURE, "bad": PICTURE[:-1], "stdout": "a lie"}
    plain = {"a": "b", "c": 1}
    return {"fitness": 1.0}, {"named": named, "picture": PICTURE, "one table": table, "plain": plain}[output]
"""


async def test_artifacts_may_have_names_and_be_texts_tables_and_pictures(open_workers: Any, tmp_path: Any) -> None:
    (tmp_path / "picture.png").write_bytes(png())
    workers = await open_workers(validate=NAMED)
    table = {"columns": ["x", "y"], "rows": [[1, 2.5], ["nan", "text"]]}
    picture = {"png": base64.b64encode(png()).decode()}
    assert (await judge(workers, "named")).artifacts == {
        "report": "all well",
        "table": table,
        "plot": picture,
        "dropped_artifacts": ["bad: the PNG is damaged", "stdout: the name is not allowed"],
    }
    assert (await judge(workers, "picture")).artifacts == {"picture": picture}
    assert (await judge(workers, "one table")).artifacts == {"artifact": table}
    assert (await judge(workers, "plain")).artifacts == {"artifact": {"a": "b", "c": 1}}


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("raise ValueError('circles 1 and 2 overlap')", "circles 1 and 2 overlap"),
        ("assert output > 5, 'too small'", "too small"),
        ("assert output > 5", "AssertionError"),
        ("return output['x']", "TypeError: 'int' object is not subscriptable"),
        ("raise SystemExit(1)", "SystemExit: 1"),
        ("return bytearray(1 << 40)", "MemoryError"),
    ],
)
async def test_a_validator_that_raises_refuses_with_its_message(
    open_workers: Any, statement: str, message: str
) -> None:
    workers = await open_workers(validate=f"def validate(output):\n    {statement}\n")
    outcome = await judge(workers, 1)
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.message) == (ErrorKind.INVALID, message)
    assert (await judge(workers, 1)).error == outcome.error


async def test_an_output_that_was_forged_never_reaches_the_validator(open_workers: Any) -> None:
    workers = await open_workers(validate=returning("{'fitness': 1}"))
    for forged in ("{", '{"$pickle": "gASVA=="}', '{"$ndarray": ["|O", [1], "AAAA"]}', "\ud800é"):
        outcome = await workers.validate(forged, timeout_s=20)
        assert outcome.error is not None
        assert outcome.error.kind == ErrorKind.OUTPUT
        assert outcome.calls == 0


DEADLY = """
import os, time
def validate(output):
    if output == "die": os.kill(os.getpid(), 11)
    if output == "exit": os._exit(0)
    while output == "hang": time.sleep(1)
    print("x" * 1_000_000)
    return {"fitness": os.getpid()}
"""


@pytest.mark.parametrize(
    ("fate", "kind", "message"),
    [
        ("die", ErrorKind.INVALID, "the validator died"),
        ("exit", ErrorKind.INVALID, "the validator died"),
        ("hang", ErrorKind.TIMEOUT, "took longer than 0.3 s"),
    ],
)
async def test_a_worker_that_is_lost_is_replaced(open_workers: Any, fate: str, kind: ErrorKind, message: str) -> None:
    workers = await open_workers(validate=DEADLY)
    first = (await judge(workers, "x")).metrics["fitness"]
    outcome = await judge(workers, fate, timeout_s=0.3 if fate == "hang" else 20)
    assert outcome.error is not None
    assert outcome.error.kind == kind
    assert outcome.error.stage == "validate"
    assert message in outcome.error.message
    second = (await judge(workers, "x")).metrics["fitness"]
    assert second != first
    assert workers.pids == [second]
    assert not psutil.pid_exists(int(first))


async def test_a_worker_that_dies_while_idle_is_not_noticed_by_anyone(open_workers: Any) -> None:
    workers = await open_workers(validate=DEADLY)
    os.kill(workers.pids[0], signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid) for pid in workers.pids], timeout=0)
    outcomes = [await judge(workers, "x") for _ in range(2)]
    assert outcomes[1].error is None


async def test_cancelling_ends_the_worker_and_frees_its_place(open_workers: Any) -> None:
    workers = await open_workers(validate=DEADLY)
    hanging = asyncio.create_task(judge(workers, "hang"))
    waiting = asyncio.create_task(judge(workers, "x"))
    await asyncio.sleep(0)  # both have asked: the one place is taken
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert (await waiting).error is None


async def test_more_workers_are_started_only_when_they_are_needed(open_workers: Any) -> None:
    workers = await open_workers(
        validate="import time, os\ndef validate(o):\n    time.sleep(o)\n    return {'fitness': os.getpid()}\n", size=2
    )
    for _ in range(3):
        await judge(workers, 0)
    assert len(workers.pids) == 1
    outcomes = await asyncio.gather(*(judge(workers, 0.3) for _ in range(4)))
    assert len({outcome.metrics["fitness"] for outcome in outcomes}) == 2
    assert len(workers.pids) == 2


CONTEXT_VALIDATE = (
    "from helper import K\ndef validate(context, output):\n    return {'fitness': context['x'] * output * K}\n"
)


async def test_the_context_is_built_once_and_shared(open_workers: Any, tmp_path: Any) -> None:
    build = f"def build_context():\n    open({str(tmp_path / 'count')!r}, 'a').write('.')\n    return {{'x': 3}}\n"
    workers = await open_workers(size=3, helper="K = 2\n", context=build, validate=CONTEXT_VALIDATE)
    assert wire.decode(workers.context) == {"x": 3}
    outcomes = await asyncio.gather(*(judge(workers, 5) for _ in range(3)))
    assert [outcome.metrics["fitness"] for outcome in outcomes] == [30, 30, 30]
    other = await open_workers(
        size=1, helper="K = 2\n", context=build, validate=CONTEXT_VALIDATE, context_text=workers.context
    )
    assert (await judge(other, 1)).metrics["fitness"] == 6
    assert (tmp_path / "count").read_text() == "."
    assert workers.notes == []


async def test_a_context_that_cannot_cross_is_built_by_each_process(open_workers: Any) -> None:
    build = "class Context(dict): pass\ndef build_context(): return Context(x=3)\n"
    workers = await open_workers(size=2, helper="K = 2\n", context=build, validate=CONTEXT_VALIDATE)
    assert workers.context is None
    (note,) = workers.notes
    assert "context is of type context.Context" in note
    outcomes = await asyncio.gather(judge(workers, 1), judge(workers, 2))
    assert [outcome.metrics["fitness"] for outcome in outcomes] == [6, 12]


async def test_without_context_py_the_context_is_none(open_workers: Any) -> None:
    workers = await open_workers(
        validate="def validate(context, output, tolerance=0):\n    return {'fitness': context is None}\n"
    )
    assert (await judge(workers, 1)).metrics["fitness"] == 1


@pytest.mark.parametrize(
    ("modules", "message", "line"),
    [
        ({"validate": "import helper\n", "helper": "\n1 / 0\n"}, "helper.py, line 2: ZeroDivisionError", 2),
        ({"validate": "def validate(output)\n    pass\n"}, "validate.py, line 1: SyntaxError", 1),
        ({"validate": "from helper import x\n", "helper": ""}, "validate.py, line 1: ImportError", 1),
        ({"validate": "x = 1\n"}, "validate.py: defines no function 'validate'", 0),
        ({"validate": "def validate(): pass\n"}, "takes 0 arguments", 0),
        ({"context": "x = 1\n"}, "context.py: defines no function 'build_context'", 0),
    ],
)
async def test_a_folder_that_cannot_work_is_told_at_the_start(
    open_workers: Any, modules: dict[str, str], message: str, line: int
) -> None:
    with pytest.raises(SandboxStartError) as caught:
        await open_workers(**modules)
    assert message in str(caught.value)
    assert caught.value.line == line


async def test_workers_have_no_secrets(open_workers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_API_KEY", "sk-secret")
    workers = await open_workers(validate=returning("({'fitness': 1}, [dict(__import__('os').environ)])"))
    (environment,) = (await judge(workers, 1)).artifacts["artifact"]
    assert "PATH" in environment
    assert "secret" not in str(environment).lower()


async def test_closing_leaves_no_worker(open_workers: Any) -> None:
    workers = await open_workers(validate=DEADLY, size=2)
    await asyncio.gather(judge(workers, "x"), judge(workers, "x"))
    hanging = asyncio.create_task(judge(workers, "hang"))
    await judge(workers, "x")
    processes = [psutil.Process(pid) for pid in workers.pids]
    assert len(processes) == 2
    await workers.close()
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []
    assert (await hanging).error is not None


SEARCH = {
    "evaluations": 100,
    "seed": 1,
    "step": 0.1,
    "primary_key": "fitness",
    "higher_is_better": True,
    "takes_context": False,
}


async def test_a_search_runs_where_the_validator_is(open_workers: Any) -> None:
    workers = await open_workers(validate="def validate(output):\n    return {'fitness': -((output[0] - 0.3) ** 2)}\n")
    result = await workers.search(text([0.9]), SEARCH, timeout_s=60)
    assert result["evaluations"] <= 100
    assert result["best"] > result["start"] == pytest.approx(-0.36)


async def test_a_search_is_cut_off_in_time(open_workers: Any) -> None:
    workers = await open_workers(validate="def validate(output):\n    while True: pass\n")
    with pytest.raises(TimeoutError):
        await workers.search(text([0.9]), SEARCH, timeout_s=0.3)
    assert workers.pids == []


async def test_a_search_that_fails_says_why(open_workers: Any) -> None:
    workers = await open_workers()
    with pytest.raises(SearchError):
        await workers.search("{", {}, timeout_s=20)
    assert (await judge(workers, 1)).error is None
