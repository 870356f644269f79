"""A problem with a driver.py: one run of a program is a conversation that its driver leads."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest_asyncio

from gigaevo.evaluation.driven_runner import DrivenRunner
from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer, RunOutcome
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.programs import ErrorKind

DOCS = (Path(__file__).parents[2] / "docs" / "problems.md").read_text(encoding="utf-8")
COUNTER = "calls = []\ndef entrypoint(request):\n    calls.append(request)\n    return [sum(calls), len(calls)]\n"
TWICE = "def drive(program, context):\n    return [program.call(number).value for number in (context, 5)]\n"

Drive = Callable[..., Coroutine[Any, Any, RunOutcome]]


@pytest_asyncio.fixture
async def drive(tmp_path: Path) -> AsyncIterator[Drive]:
    """Runs a program under a driver: ``await drive(driver, program, context=..., limits=...)``."""
    servers = []

    async def run(
        driver: str, program: str, *, context: Any = 3, limits: Limits | None = None, harness: str = ""
    ) -> RunOutcome:
        if harness:
            (tmp_path / "harness.py").write_text(harness)
        server = ForkServer(
            problem_dir=tmp_path,
            has_context_file=False,
            limits=Limits(wall_time_s=20, memory_mb=256),
        )
        servers.append(server)
        argument = None if context is None else wire.encode(context, max_bytes=1000)
        return await DrivenRunner(server, driver=driver, context=argument).run(
            {"main.py": program}, "main.py", limits=limits
        )

    yield run
    for server in servers:
        await server.close()


async def test_the_output_is_what_the_driver_returns_and_a_program_remembers_its_calls(drive: Drive) -> None:
    outcome = await drive(TWICE, COUNTER)
    assert outcome.error is None
    assert outcome.output is not None
    assert wire.decode(outcome.output) == [[3, 1], [8, 2]]


async def test_without_a_context_the_driver_gets_none(drive: Drive) -> None:
    outcome = await drive("def drive(program, context):\n    return context is None\n", COUNTER, context=None)
    assert outcome.output == "true"


async def test_a_harness_answers_the_calls_where_there_is_one(drive: Drive) -> None:
    outcome = await drive(TWICE, COUNTER, harness="def run(entrypoint, request):\n    return entrypoint(-request)\n")
    assert outcome.output is not None
    assert wire.decode(outcome.output) == [[-3, 1], [-8, 2]]


async def test_cost_and_prints_are_those_of_the_program(drive: Drive) -> None:
    adding = "def entrypoint(request):\n    print('hello', flush=True)\n    return sum(range(request))\n"
    busy = "def drive(program, context):\n    print('no')\n    program.call(0)\n    return sum(range(9_000_000))\n"
    waiting = "def drive(program, context):\n    return program.call(9_000_000).value\n"
    idle, worked = await drive(busy, adding), await drive(waiting, adding)
    assert idle.output == worked.output
    assert idle.stdout == worked.stdout == "hello\n"
    assert idle.cpu_time_s < worked.cpu_time_s
    assert worked.peak_memory_mb > 1.0


async def test_a_driver_that_takes_too_long_costs_the_program_its_run(drive: Drive) -> None:
    endless = "def drive(program, context):\n    while True:\n        program.call(1)\n"
    outcome = await drive(endless, COUNTER, limits=Limits(wall_time_s=0.5, memory_mb=256))
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.TIMEOUT
    assert outcome.output is None


async def test_the_driver_of_the_document_drives(drive: Drive) -> None:
    section = DOCS[DOCS.index("## `driver.py`") :]
    example = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert example is not None
    right = "def entrypoint(request):\n    return '\\n'.join(reversed(request['lines'].split('\\n')))\n"
    outcome = await drive(example[1], right)
    assert outcome.output is not None
    evidence = wire.decode(outcome.output)
    assert (evidence["right"], evidence["error"]) == (1, "")
    assert 0.0 < evidence["cpu_s"] < 1.0
    broken = await drive(example[1], "def entrypoint(request):\n    return request['words']\n")
    assert broken.output is not None
    assert wire.decode(broken.output) == {"right": 0, "error": "KeyError: 'words'"}
