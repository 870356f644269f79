"""Tells listeners what happened, once it is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from loguru import logger

from gigaevo.evolution.engine.events import Listener, Outcome, Progress, RunInfo, RunReport
from gigaevo.programs import Program


class Announcer:
    """Passes events on to listeners. One that raises is reported once and not asked again.

    Args:
        listeners: In the order in which they hear.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = list(listeners)

    def start(self, info: RunInfo) -> None:
        """Announce the beginning."""
        self._tell(lambda listener: listener.on_start(info))

    def program_when(self, durable: Awaitable[int], program: Program, outcome: Outcome, progress: Progress) -> None:
        """Announce a program's end as soon as ``durable`` is done. Order is that of the calls."""

        def announce(future: asyncio.Future[int]) -> None:
            # A commit that failed is raised where the next one is awaited; here there is nothing to announce.
            if not future.cancelled() and future.exception() is None:
                self._tell(lambda listener: listener.on_program(program, outcome, progress))

        asyncio.ensure_future(durable).add_done_callback(announce)

    def stop(self, report: RunReport) -> None:
        """Announce the end."""
        self._tell(lambda listener: listener.on_stop(report))

    def _tell(self, call: Callable[[Listener], None]) -> None:
        for listener in list(self._listeners):
            try:
                call(listener)
            except Exception as fault:
                self._listeners.remove(listener)
                logger.opt(exception=fault).error("{} raised and is left out from here on", type(listener).__name__)
