"""The processes that know a problem: the warm server for programs, trusted workers for its validator and verifier."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gigaevo.config.sweep.side_by_side import cores
from gigaevo.evaluation.driven_runner import DrivenRunner
from gigaevo.evaluation.sandbox import container, inline_runner
from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.container import Container
from gigaevo.evaluation.sandbox.inline_runner import InlineRunner
from gigaevo.evaluation.sandbox.process import SandboxStartError
from gigaevo.evaluation.sandbox.runner import ProgramRunner
from gigaevo.evaluation.sandbox.settings import SandboxSettings
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

    server: ProgramRunner
    workers: TrustedWorkers
    context: str | None
    notes: list[str]


@asynccontextmanager
async def problem_processes(
    problem: Problem, sandbox: SandboxSettings, *, workers: int
) -> AsyncIterator[ProblemProcesses]:
    """Start the processes of ``problem``; none is left afterwards.

    Args:
        problem: A checked problem.
        sandbox: How programs are kept apart, and their limits.
        workers: Calls of ``validate`` that may go on side by side.

    Raises:
        SandboxStartError: Something of the problem cannot be imported or run.
    """
    validators = TrustedWorkers(problem_dir=problem.folder, size=workers, primary_key=problem.metrics.primary_key)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(validators.close)
        await validators.start()
        context = validators.context
        server = await stack.enter_async_context(program_server(problem, sandbox, context=context))
        notes = [server.report.first_line(), *server.report.notes, *validators.notes]
        yield ProblemProcesses(server=server, workers=validators, context=context, notes=notes)


@asynccontextmanager
async def program_server(
    problem: Problem, sandbox: SandboxSettings, *, context: str | None
) -> AsyncIterator[ProgramRunner]:
    """Start a warm server for programs of ``problem``; it is gone afterwards.

    Args:
        problem: A checked problem.
        sandbox: How programs are kept apart, and their limits.
        context: The problem's context as wire text; None where it has none, or where it cannot be encoded.

    Raises:
        SandboxStartError: Something of the problem cannot be imported or run.
    """
    server = _runner(problem, sandbox, context)
    if problem.driver is not None:
        server = DrivenRunner(server, driver=problem.driver, context=context)
    try:
        await server.start()
        yield server
    finally:
        await server.close()


def _runner(problem: Problem, sandbox: SandboxSettings, context: str | None) -> ProgramRunner:
    """What the level asks for, not started yet."""
    if sandbox.level == inline_runner.LEVEL:
        if problem.driver is not None or problem.command:
            why = "a driver.py, which calls programs from outside" if problem.driver is not None else "a command"
            raise SandboxStartError(f"sandbox=inline: problem {problem.name} has {why}; use sandbox=auto")
        return InlineRunner(
            problem_dir=problem.folder,
            preload=problem.preload,
            context=context,
            has_context_file=problem.has_context,
            limits=sandbox.limits,
            size=cores(),
        )
    around = None
    if sandbox.level == container.LEVEL:
        around = Container(engine=sandbox.engine, image=sandbox.image)
    return ForkServer(
        problem_dir=problem.folder,
        preload=problem.preload,
        context=context,
        has_context_file=problem.has_context,
        limits=sandbox.limits,
        level=sandbox.level,
        require=sandbox.require,
        allow=problem.allow,
        command=problem.command,
        hidden=problem.settings.hidden,
        readable=[Path(path) for path in sandbox.readable],
        memory_mb=sandbox.server_memory_mb,
        around=around,
    )


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
