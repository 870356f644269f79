"""A sandbox server, programs and a workload for the benchmark's tests. All processes are real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest_asyncio

from gigaevo.evaluation.benchmark import ParallelBenchmarkRunner, Workload
from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.limits import Limits

# The input is a number; the answer is twice that number.
DOUBLING = Workload(
    """
def make_input(size, rng):
    return int(rng.integers(size, 10**9))

def check(input, answer):
    return type(answer) is int and answer == 2 * input
""",
    (1,),
)


def doubling(work: int, *, first: str = "", inside: str = "") -> str:
    """Text of a program that doubles, after ``work`` turns of a loop."""
    steps = [inside or "pass", f"for _ in range({work}): pass", "return 2 * number"]
    return "\n    ".join([f"{first}\ndef entrypoint(number):", *steps]) + "\n"


@pytest_asyncio.fixture
async def open_runner(tmp_path: Path) -> Any:
    """Makes runners that spend little time: ``await open_runner(seconds=..., allow=("threads",))``."""
    servers: list[ForkServer] = []

    async def start(*, allow: tuple[str, ...] = (), limits: Limits | None = None, **options: Any) -> Any:
        server = ForkServer(
            problem_dir=tmp_path, has_context_file=False, limits=limits or Limits(memory_mb=256), allow=allow
        )
        servers.append(server)
        await server.start()
        return ParallelBenchmarkRunner(server, **{"seconds": 0.15, "processes": 6, **options})

    (tmp_path / "validate.py").write_text("def validate(output):\n    return {}\n")
    yield start
    for server in servers:
        await server.close()
