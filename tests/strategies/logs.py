"""What a run would log, as the tests of strategies see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from loguru import logger


@contextmanager
def logged() -> Iterator[list[str]]:
    """Lines of a run's log file, tracebacks included, as ``LEVEL message``."""
    lines: list[str] = []
    sink = logger.add(
        lambda line: lines.append(line.rstrip("\n")), level="DEBUG", format="{level} {message}", diagnose=False
    )
    try:
        yield lines
    finally:
        logger.remove(sink)


def warnings(lines: list[str]) -> list[str]:
    """The warnings among lines of a log, without their level."""
    return [line.removeprefix("WARNING ") for line in lines if line.startswith("WARNING ")]
