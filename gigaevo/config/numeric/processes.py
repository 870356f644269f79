"""The processes of a search, and what signals mean to them."""

from __future__ import annotations

import math
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from threading import Thread
from typing import TYPE_CHECKING, Any

from loguru import logger

from gigaevo.config.numeric.session import INTERRUPTED
from gigaevo.config.result import ExitStatus
from gigaevo.evolution.engine.events import Limits
from gigaevo.observe.summary import continue_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.process import BaseProcess
    from pathlib import Path

_CLOSING_S = 2.0  # that a pool has for what is under way, before its processes are killed


@contextmanager
def evaluators(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    """Processes that evaluate genomes side by side; None for none. They end with this process, however that ends.

    Args:
        workers: How many; 0: genomes are evaluated in this process.
    """
    if workers == 0:
        yield None
        return
    before = set(active_children())
    pool = ProcessPoolExecutor(workers, mp_context=get_context("fork"), initializer=_prepare_worker)
    family: set[BaseProcess] = set()
    try:
        pool.submit(math.sqrt, 1.0).result()  # they are all forked now, before there are threads
        family = set(active_children()) - before
        yield pool
    finally:
        _close(pool, family)


def _close(pool: ProcessPoolExecutor, family: set[BaseProcess]) -> None:
    """End the pool: whole, so that nothing of it is left to be torn at the end of this process, and soon, whatever
    its processes are busy with."""
    closing = Thread(target=pool.shutdown, kwargs={"cancel_futures": True}, daemon=True)
    closing.start()
    closing.join(_CLOSING_S)
    if closing.is_alive():
        for process in family:
            process.kill()
        closing.join(_CLOSING_S)


def _prepare_worker() -> None:
    """Leave Ctrl-C, and a SIGTERM to all processes of the run, to the one that started this one, and end with it."""
    from gigaevo.evaluation.sandbox.linux import IS_LINUX, die_with_parent

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if IS_LINUX:
        die_with_parent(signal.SIGKILL)
        # not ignored, which what the fitness starts would inherit
        signal.signal(signal.SIGTERM, of_this_process(lambda: None, signal.SIG_DFL))
    else:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def of_this_process(handle: Callable[[], None], otherwise: Any) -> Callable[[int, object], None]:
    """A handler of signals that is one in this process alone. Processes that a fitness forks inherit it, and end, or do
    what they are told to, as if it were not there: a pool of theirs waits for that.

    Args:
        handle: What is done here.
        otherwise: The handler that a forked process has.
    """
    owner = os.getpid()

    def handler(number: int, _: object) -> None:
        if os.getpid() == owner:
            handle()
        else:
            signal.signal(number, otherwise)
            os.kill(os.getpid(), number)

    return handler


@contextmanager
def interruptible(output_dir: Path) -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C (or SIGTERM) ends the search after the generation that is under way, the second at once.

    Args:
        output_dir: The run's folder; who ends the search at once is told beforehand how it goes on.

    Yields:
        Whether it was pressed.
    """
    asked = False

    def interrupt() -> None:
        nonlocal asked
        if asked:
            os._exit(ExitStatus.INTERRUPTED)  # the checkpoint is on disk, and children die with this process
        asked = True
        told = continue_command(output_dir, INTERRUPTED, Limits())
        logger.warning(f"stopping after this generation; press Ctrl-C again to stop at once, and go on with {told}")

    earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in earlier.items():
        signal.signal(number, of_this_process(interrupt, handler))
    try:
        yield lambda: asked
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
