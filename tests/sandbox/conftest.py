"""Problem folders and servers for the sandbox's tests. All processes are real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.sandbox.workers import TrustedWorkers

VALIDATE = "def validate(output):\n    return {'fitness': float(output)}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes a problem folder: ``folder(validate="...", helper="...")``."""

    def write(**modules: str) -> Path:
        for name, text in {"validate": VALIDATE, **modules}.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest_asyncio.fixture(loop_scope="module")
async def open_server(folder: Callable[..., Path]) -> Any:
    """Starts fork servers and closes them after the test: ``await open_server(harness="...", limits=...)``."""
    servers: list[ForkServer] = []

    async def start(
        *,
        limits: Limits | None = None,
        context_text: str | None = None,
        preload: Any = (),
        level: str = "auto",
        **modules: str,
    ) -> Any:
        server = ForkServer(
            problem_dir=folder(**modules),
            preload=preload,
            context=context_text,
            has_context_file="context" in modules,
            limits=limits or Limits(wall_time_s=20, memory_mb=256),
            level=level,
        )
        servers.append(server)
        await server.start()
        return server

    yield start
    for server in servers:
        await server.close()


@pytest_asyncio.fixture
async def open_workers(folder: Callable[..., Path]) -> Any:
    """Starts worker pools and closes them after the test: ``await open_workers(validate="...", size=2)``."""
    pools: list[TrustedWorkers] = []

    async def start(*, size: int = 1, memory_mb: int = 1024, context_text: str | None = None, **modules: str) -> Any:
        workers = TrustedWorkers(
            problem_dir=folder(**modules),
            size=size,
            primary_key="fitness",
            memory_mb=memory_mb,
            context=context_text,
        )
        pools.append(workers)
        await workers.start()
        return workers

    yield start
    for workers in pools:
        await workers.close()
