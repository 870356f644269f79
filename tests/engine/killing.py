"""Runs that are killed at arbitrary moments and gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.engine.harness import NumberEvaluator, World

MOST_CALLS = 12  # evaluations that a session that is abandoned is given, and as many milliseconds more


async def ended(world: World, running: asyncio.Task[Any], moments: np.random.Generator | None) -> bool:
    """Whether a session came to its end before the moment at which it is abandoned. What it is given is counted in
    evaluations, so that it gets as far on a machine that is slow.

    Args:
        world: What is running.
        running: Its task.
        moments: Draws the moment; None to let it end.
    """
    assert isinstance(world.evaluator, NumberEvaluator)
    if moments is not None:
        enough = world.evaluator.calls + int(moments.integers(MOST_CALLS))
        while not running.done() and world.evaluator.calls < enough:
            await asyncio.sleep(0.001)
        await asyncio.wait({running}, timeout=float(moments.uniform(0.0, MOST_CALLS / 1000)))
        if not running.done():
            running.cancel()
    await asyncio.wait({running})
    if running.cancelled():
        return False
    running.result()
    return True


async def killed_and_resumed(world: Callable[[int], World], *, seed: int, kills: int = 12) -> World:
    """Abandon a run at random moments, then go on with new objects, until it is over.

    Args:
        world: Makes the objects of the n-th session.
        seed: Of the moments.
        kills: Sessions that are given little time.
    """
    rng = np.random.default_rng(seed)
    for attempt in range(kills + 1):
        current = world(attempt)
        await current.storage.open()
        running = asyncio.create_task(current.engine.run())
        over = await ended(current, running, rng if attempt < kills else None)
        await current.storage.close()
        if over:
            assert attempt > 0, "nothing was killed"
            return current
    raise AssertionError("the run never ended")


async def journal(world: World) -> list[tuple[str, dict[str, object]]]:
    """The journal of a run that is over, without what depends on time."""
    from gigaevo.storage.sqlite import SqliteProgramStorage

    storage = SqliteProgramStorage(path=world.storage.path, synchronous="normal")
    await storage.open()
    try:
        return [
            (entry.kind, {key: value for key, value in entry.payload.items() if key != "elapsed_s"})
            async for entry in storage.journal()
        ]
    finally:
        await storage.close()
