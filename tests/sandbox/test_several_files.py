"""Programs of several files find each other, at every level, and nothing of those before them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer, SandboxStartError
from gigaevo.evaluation.sandbox.inline_runner import LEVEL, InlineRunner
from gigaevo.evaluation.sandbox.levels import LEVELS
from gigaevo.evaluation.sandbox.limits import Limits

MAIN = """
import lib.deep.step
from flat import WORDS

def entrypoint():
    with open("data/numbers.txt") as file:
        return [lib.deep.step.VALUE, WORDS, [int(word) for word in file.read().split()]]
"""


def files(value: int) -> dict[str, str]:
    return {
        "main.py": MAIN,
        "lib/deep/step.py": f"VALUE = {value}\n",
        "flat.py": f"WORDS = 'words {value}'\n",
        "data/numbers.txt": "1 2 3\n",
    }


async def runner_at(level: str, folder: Path) -> Any:
    limits = Limits(wall_time_s=20, memory_mb=256)
    if level == LEVEL:
        return InlineRunner(problem_dir=folder, has_context_file=False, limits=limits)
    return ForkServer(problem_dir=folder, has_context_file=False, limits=limits, level=level)


@pytest.mark.parametrize("level", [*LEVELS, LEVEL])
async def test_files_are_found_by_import_and_by_path(folder: Callable[..., Path], level: str) -> None:
    runner = await runner_at(level, folder())
    try:
        try:
            await runner.start()
        except SandboxStartError as error:
            pytest.skip(str(error))
        for value in (1, 2):
            outcome = await runner.run(files(value), "main.py")
            assert outcome.error is None, outcome.error
            assert wire.decode(outcome.output) == [value, f"words {value}", [1, 2, 3]]
        alone = await runner.run({"main.py": "import flat\ndef entrypoint():\n    return 1\n"}, "main.py")
        assert alone.error is not None
        assert "No module named 'flat'" in alone.error.message
    finally:
        await runner.close()


async def test_a_traceback_names_the_file(folder: Callable[..., Path]) -> None:
    runner = await runner_at("auto", folder())
    try:
        await runner.start()
        broken = {**files(1), "flat.py": "WORDS = 1 / 0\n"}
        outcome = await runner.run(broken, "main.py")
        assert outcome.error is not None
        assert outcome.error.message == "ZeroDivisionError: division by zero"
        assert 'File "flat.py", line 1' in outcome.error.traceback
    finally:
        await runner.close()
