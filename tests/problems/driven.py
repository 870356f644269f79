"""Driven runs of programs of a shipped problem: in the real sandbox, with the problem's own driver."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from gigaevo.evaluation.driven_runner import DrivenRunner
from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer, SandboxStartError
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.problems import Problem

PROCESSES = 16  # and threads: what a run gives a program whose problem allows them


def outputs_of(problem: Problem, sources: Sequence[str]) -> list[Any]:
    """What the problem's driver returns for each program, one after the other on one server.

    Skips the test where the problem needs a loopback of its own and the machine has none to give.
    """
    return asyncio.run(_outputs_of(problem, sources))


async def _outputs_of(problem: Problem, sources: Sequence[str]) -> list[Any]:
    assert problem.driver is not None
    server = ForkServer(
        problem_dir=problem.folder,
        preload=problem.preload,
        has_context_file=problem.has_context,
        limits=Limits(wall_time_s=30, processes=PROCESSES),
        allow=problem.settings.sandbox.allow,
        hidden=problem.settings.hidden,
    )
    runner = DrivenRunner(server, driver=problem.driver)
    outputs = []
    try:
        try:
            await server.start()
        except SandboxStartError as error:
            if "loopback" not in problem.settings.sandbox.allow:
                raise
            pytest.skip(f"this machine gives programs no private loopback: {error}")
        for source in sources:
            outcome = await runner.run({"main.py": source}, "main.py")
            assert outcome.output is not None, outcome.error
            outputs.append(wire.decode(outcome.output))
    finally:
        await server.close()
    return outputs
