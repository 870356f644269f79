"""Driven runs of programs of a shipped problem: in the real sandbox, with the problem's own driver."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer, ProgramFiles
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.problems import Problem


def outputs_of(problem: Problem, sources: Sequence[str]) -> list[Any]:
    """What the problem's driver returns for each program, one after the other on one server."""
    return asyncio.run(_outputs_of(problem, sources))


async def _outputs_of(problem: Problem, sources: Sequence[str]) -> list[Any]:
    server = ForkServer(
        problem_dir=problem.folder,
        preload=problem.preload,
        has_context_file=problem.has_context,
        limits=Limits(wall_time_s=30),
        allow=problem.settings.sandbox.allow,
        hidden=problem.settings.hidden,
    )
    driver = (problem.folder / "driver.py").read_text(encoding="utf-8")
    argument = wire.encode(None, max_bytes=100)
    outputs = []
    try:
        for source in sources:
            files = ProgramFiles(files={"main.py": source}, entry="main.py")
            outcome = await server.drive([files], driver, argument, single=True, timeout_s=30)
            assert outcome.error is None, outcome.error
            outputs.append(wire.decode(outcome.output))
    finally:
        await server.close()
    return outputs
