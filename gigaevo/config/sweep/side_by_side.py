"""Jobs of a sweep that run beside each other on one machine: they share its cores, its terminal and its fate.

A launcher tells its jobs what they need to know by Hydra's own means, variables in their environment.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType

from gigaevo.config.result import ExitStatus

CORES = "GIGAEVO_CORES"
"""Variable: what ``${cores:}`` means, in place of the cores that the process may use."""

LAUNCHER = "GIGAEVO_LAUNCHER"
"""Variable: the process whose children the jobs are."""

OUTPUT_FILE = "console.log"

_WATCH = "launcher-watch"
PATIENCE_S = 5.0  # that a launcher has, after Ctrl-C, to end its jobs in its own way


def cores() -> int:
    """Cores for this process: what its launcher grants, else those that it may use."""
    granted = os.environ.get(CORES, "")
    if granted.isdecimal() and int(granted) > 0:
        return int(granted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def overrides_for(jobs: int, *, cores_granted: bool) -> list[str]:
    """What a launcher adds to the overrides of each job.

    Args:
        jobs: Jobs that run side by side; the cores are divided among them.
        cores_granted: Whether the user has said already what each job shall get.
    """
    given = {LAUNCHER: os.getpid()}
    if not cores_granted:
        given[CORES] = max(1, cores() // jobs)
    return [f"++hydra.job.env_set.{name}='{value}'" for name, value in given.items()]


def end_with_launcher() -> None:
    """Call this before and after a job: where its launcher is gone nobody waits for it, and the process ends here.

    If the launcher goes later on, the process gets SIGTERM, which ends a run cleanly.
    """
    launcher = os.environ.get(LAUNCHER)
    if launcher is None:
        return
    if os.getppid() != int(launcher):
        os._exit(ExitStatus.INTERRUPTED)  # not SystemExit: joblib would keep that, and the process, for its launcher
    if hasattr(os, "pidfd_open") and not any(thread.name == _WATCH for thread in threading.enumerate()):
        threading.Thread(target=_watch, args=(os.pidfd_open(int(launcher)),), name=_WATCH, daemon=True).start()


def _watch(launcher: int) -> None:
    select.select([launcher], [], [])  # readable once the process has ended
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def ending_on_interrupt(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """While jobs run: end this process some seconds after Ctrl-C, should it still be there; its jobs end with it.

    An interrupt in the wrong moment can leave joblib waiting for processes that it has killed itself.

    Args:
        patience_s: Seconds.
    """
    earlier = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(earlier):
        yield
        return

    def interrupted(number: int, frame: FrameType | None) -> None:
        last_resort = threading.Timer(patience_s, os._exit, (ExitStatus.INTERRUPTED,))
        last_resort.daemon = True
        last_resort.start()
        earlier(number, frame)

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)


@contextmanager
def output_apart(folder: Path) -> Iterator[None]:
    """Write what a job prints beside others to a file of its folder, since one terminal cannot show several runs.

    Args:
        folder: The job's output folder; it exists.
    """
    if LAUNCHER not in os.environ:
        yield
        return
    path = folder / OUTPUT_FILE
    try:
        with path.open("a", encoding="utf-8", buffering=1) as output, redirect_stdout(output), redirect_stderr(output):
            yield
    finally:
        if path.stat().st_size == 0:
            path.unlink()
