"""Runs that are killed at arbitrary moments and gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from tests.engine.harness import World

LONGEST_S = 0.03


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
        timeout = float(rng.uniform(0.002, LONGEST_S)) if attempt < kills else None
        done, _ = await asyncio.wait({running}, timeout=timeout)
        if not done:
            running.cancel()
            await asyncio.wait({running})
        await current.storage.close()
        if done:
            running.result()
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
