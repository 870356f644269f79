"""Every hostile program gets its verdict, and leaves everything else as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.arena import Arena, Unavailable
from tests.hostile.catalogue import ALL, THEMES
from tests.hostile.hostile import ISOLATED, Hostile
from tests.hostile.prelude import with_prelude

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What an answer or an interpreter does in its own process does not depend on the level: two levels will do, usually.
ALIKE = {"results", "interpreter", "scorer"}
CASES = [
    pytest.param(
        hostile,
        level,
        id=f"{level}-{theme}-{hostile.name}".replace(" ", "-"),
        marks=[pytest.mark.slow] if level == "process" and theme in ALIKE else [],
    )
    for level in ("process", *ISOLATED)
    for theme, programs in THEMES.items()
    for hostile in programs
    if level in hostile.levels
]
CONTROLS = [pytest.param(hostile, id=hostile.name.replace(" ", "-")) for hostile in ALL if hostile.control]


@pytest.mark.parametrize(("hostile", "level"), CASES)
async def test_a_hostile_program_is_contained(arena: Arena, hostile: Hostile, level: str) -> None:
    try:
        post = await arena.post(level, hostile.allow)
    except Unavailable as why:
        pytest.skip(f"no level {level!r} on this machine: {why}")
    await arena.workers()
    before = arena.before(post)
    trial = await arena.trial(hostile, post)
    found = [complaint] if (complaint := hostile.verdict.complaint(trial)) else []
    found += await arena.complaints(post, before)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("hostile", CONTROLS)
async def test_an_attack_works_where_nothing_contains_it(arena: Arena, hostile: Hostile, tmp_path: Path) -> None:
    source = with_prelude(hostile.source, arena.surroundings.targets()) + "\nprint(json.dumps(entrypoint()))\n"
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, cwd=tmp_path, timeout=200, check=True
    )
    arena.surroundings.arrived()
    assert json.loads(done.stdout.splitlines()[-1])["got"]


async def test_the_programs_have_names_of_their_own_and_are_many() -> None:
    names = [hostile.name for hostile in ALL]
    assert len(set(names)) == len(names)
    assert len(names) >= 70
