"""The arena of the hostile suite, one for each test module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.hostile.arena import Arena


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def arena() -> AsyncIterator[Arena]:
    """Surroundings worth attacking, and servers to attack them from."""
    made = Arena()
    yield made
    await made.close()
