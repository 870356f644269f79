"""The processes that know a problem: the warm server for programs, and trusted workers for its validator and its verifier."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.sandbox.workers import TrustedWorkers
from gigaevo.evaluation.verification import ExactVerifier
from gigaevo.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemProcesses:
    """Running processes of one problem.

    Attributes:
        server: Runs programs.
        workers: Hold the problem's ``validate``.
        context: The problem's context as wire text; None where it has none, or where it cannot be encoded.
        notes: What people should know of the start, one line each.
    """

    server: ForkServer
    workers: TrustedWorkers
    context: str | None
    notes: list[str]


@asynccontextmanager
async def problem_processes(problem: Problem, limits: Limits, *, workers: int) -> AsyncIterator[ProblemProcesses]:
    """Start the processes of ``problem``; none is left afterwards.

    Args:
        problem: A checked problem.
        limits: Caps on each program.
        workers: Calls of ``validate`` that may go on side by side.

    Raises:
        SandboxStartError: Something of the problem cannot be imported or run.
    """
    validators = TrustedWorkers(problem_dir=problem.folder, size=workers, primary_key=problem.metrics.primary_key)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(validators.close)
        await validators.start()
        context = validators.context
        server = await stack.enter_async_context(program_server(problem, limits, context=context))
        yield ProblemProcesses(server=server, workers=validators, context=context, notes=list(validators.notes))


@asynccontextmanager
async def program_server(problem: Problem, limits: Limits, *, context: str | None) -> AsyncIterator[ForkServer]:
    """Start a warm server for programs of ``problem``; it is gone afterwards.

    Args:
        problem: A checked problem.
        limits: Caps on each program.
        context: The problem's context as wire text; None where it has none, or where it cannot be encoded.

    Raises:
        SandboxStartError: Something of the problem cannot be imported or run.
    """
    server = ForkServer(
        problem_dir=problem.folder,
        preload=problem.preload,
        context=context,
        has_context_file=problem.has_context,
        limits=limits,
    )
    try:
        await server.start()
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def exact_verifier(
    problem: Problem, *, context: str | None, call_timeout_s: float, size: int = 1
) -> AsyncIterator[ExactVerifier | None]:
    """Start what holds the problem's ``verify``; it is gone afterwards. None where the problem has no verify.py.

    Args:
        problem: A checked problem.
        context: The problem's context as wire text, where it was built already.
        call_timeout_s: Wall-clock seconds that one call may take.
        size: Calls that may go on side by side.

    Raises:
        SandboxStartError: verify.py cannot be imported or used.
    """
    if not problem.has_verify:
        yield None
        return
    verifier = ExactVerifier(problem_dir=problem.folder, context=context, call_timeout_s=call_timeout_s, size=size)
    try:
        await verifier.start()
        yield verifier
    finally:
        await verifier.close()


class SearchWorkers:
    """Trusted workers for numeric search, apart from those that validate, started when the first search is asked for.

    Args:
        problem: A checked problem.
        size: Searches that may go on side by side.
        context: The problem's context as wire text, where it was built already.
        call_timeout_s: Wall-clock seconds that one call of ``validate`` may take.
    """

    def __init__(self, problem: Problem, *, size: int, context: str | None, call_timeout_s: float) -> None:
        self._call_timeout_s = call_timeout_s
        self._workers = TrustedWorkers(
            problem_dir=problem.folder, size=size, primary_key=problem.metrics.primary_key, context=context
        )

    async def search(self, output: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """See ``gigaevo.evolution.mutation.base.NumericSearch``.

        Raises:
            TimeoutError: A call of ``validate`` hangs: the search is over its time by more than such a call may take.
        """
        seconds = request["seconds"]
        limit = request["evaluations"] * self._call_timeout_s if seconds is None else seconds + self._call_timeout_s
        return await self._workers.search(output, request, timeout_s=limit)

    async def close(self) -> None:
        """End the workers."""
        await self._workers.close()
