"""A run at its terminal: the log, Ctrl-C, and the page at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from gigaevo.config.result import ExitStatus
from gigaevo.evolution.engine.events import RunInfo, RunReport
from gigaevo.observe import print_summary
from gigaevo.observe.live_panel import LivePanel

if TYPE_CHECKING:
    from gigaevo.evolution.engine.core import EvolutionEngine

LOG_FILE = "run.log"


class ClosingPage:
    """A listener that prints what came of a run, once everything else is done.

    Args:
        output_dir: The run's folder.
    """

    def __init__(self, output_dir: Path) -> None:
        self._output_dir = output_dir
        self._info: RunInfo | None = None
        self._report: RunReport | None = None

    def on_start(self, info: RunInfo) -> None:
        self._info = info

    def on_program(self, *_: object) -> None: ...

    def on_stop(self, report: RunReport) -> None:
        self._report = report

    def show(self) -> None:
        """Print the page."""
        if self._info is not None and self._report is not None:
            print_summary(self._info, self._report, folder=self._output_dir)


@contextmanager
def logging_to(view: object, output_dir: Path) -> Iterator[None]:
    """Log to the run's folder, and to people: above the live view where there is one.

    Tracebacks come without the values of variables, among which there may be secrets. The file is there with its first
    line: a run whose configuration is refused leaves none.
    """
    logger.remove()
    sink = view.write if isinstance(view, LivePanel) else sys.stderr
    logger.add(
        sink,
        level="INFO",
        format="{time:HH:mm:ss} {level: <7} {message}",
        colorize=False,
        backtrace=False,
        diagnose=False,
    )
    logger.add(output_dir / LOG_FILE, level="DEBUG", encoding="utf-8", delay=True, backtrace=False, diagnose=False)
    try:
        yield
    finally:
        if isinstance(view, LivePanel):
            view.close()
        logger.remove()


@contextmanager
def interruptible(engine: EvolutionEngine) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) ends the run cleanly, the second at once; what is committed stays either way."""
    loop = asyncio.get_running_loop()
    asked = False

    def interrupt() -> None:
        nonlocal asked
        if asked:
            # Storage needs no goodbye: what was acknowledged is on disk. Children die with this process.
            os._exit(ExitStatus.INTERRUPTED)
        asked = True
        logger.warning("stopping; press Ctrl-C again to stop at once")
        engine.request_stop("interrupted")

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
