"""The suite as an ordinary user, with and without namespaces; where tests run as root, a launcher makes the user."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.hostile import launcher
from tests.hostile.catalogue import THEMES
from tests.hostile.hostile import ISOLATED
from tests.hostile.test_containment import CASES

FILE = "tests/hostile/test_containment.py"
MANY = 16  # every sixteenth program of a theme stands for it, where the whole would take too long
WHOLE = {"files", "kernel"}  # themes in which much depends on who the user is

pytestmark = [
    pytest.mark.skipif(bool(launcher.can_launch()), reason=launcher.can_launch() or "never"),
    pytest.mark.timeout(900),
]

SHOW_LEVEL = """
import asyncio, tempfile
from pathlib import Path
from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.limits import Limits

async def show():
    with tempfile.TemporaryDirectory() as folder:
        server = ForkServer(problem_dir=Path(folder), has_context_file=False, limits=Limits(), level="auto")
        await server.start()
        print("level", server.report.level)
        await server.close()

asyncio.run(show())
"""


def launched(arguments: Sequence[str], *, deny_namespaces: bool) -> str:
    """What a command says that an ordinary user runs; it must succeed."""
    words = launcher.command([sys.executable, *arguments], deny_namespaces=deny_namespaces)
    done = subprocess.run(words, capture_output=True, text=True, cwd=launcher.CHECKOUT, timeout=880)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def suite(selected: Sequence[str], *, deny_namespaces: bool) -> int:
    """How many tests passed; none failed, and none was skipped."""
    every = ["-m", "slow or not slow"]  # this run chooses what it wants by name
    options = ["-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=short", *every, *selected]
    said = launched(options, deny_namespaces=deny_namespaces).splitlines()[-1]
    assert "skipped" not in said, said
    found = re.search(r"(\d+) passed", said)
    assert found, said
    return int(found.group(1))


def of(level: str, step: int) -> list[str]:
    """The tests of a level: every ``step``-th of each theme, and all of some themes."""
    chosen: list[str] = []
    for theme in THEMES:
        names = [str(case.id) for case in CASES if str(case.id).startswith(f"{level}-{theme}-")]
        chosen += names if theme in WHOLE else names[::step]
    return [f"{FILE}::test_a_hostile_program_is_contained[{name}]" for name in chosen]


def test_hostile_programs_are_contained_for_an_ordinary_user() -> None:
    selected = [case for level in ISOLATED for case in of(level, MANY)]
    assert suite(selected, deny_namespaces=False) == len(selected) >= 100


def test_without_namespaces_the_strongest_level_is_landlock_and_contains() -> None:
    assert launched(["-c", SHOW_LEVEL], deny_namespaces=True).split() == ["level", "landlock"]
    selected = of("landlock", MANY)
    assert suite(selected, deny_namespaces=True) == len(selected) >= 50


@pytest.mark.slow
def test_every_hostile_program_is_contained_for_an_ordinary_user() -> None:
    assert suite([FILE], deny_namespaces=False) >= len(CASES)


@pytest.mark.slow
def test_every_hostile_program_is_contained_by_landlock_without_namespaces() -> None:
    selected = of("landlock", 1)
    assert suite(selected, deny_namespaces=True) == len(selected)


@pytest.mark.slow
def test_programs_that_a_command_runs_are_contained_for_an_ordinary_user() -> None:
    commands = "tests/hostile/test_commands.py"
    assert suite([commands, "-k", "strict or landlock"], deny_namespaces=False) >= 18
    assert suite([commands, "-k", "landlock"], deny_namespaces=True) >= 9
