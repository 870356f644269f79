"""What the import of litellm leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import asyncio, gc, json, os, sys
from gigaevo.llm.endpoint import Endpoint

if {collecting}: gc.enable()
else: gc.disable()
before = dict(os.environ)
async def main():
    endpoint = Endpoint()
    assert "litellm" not in sys.modules
    await endpoint.start()
    await endpoint.close()
asyncio.run(main())
print(json.dumps([gc.isenabled(), gc.get_freeze_count() > 100_000, dict(os.environ) == before]))
"""


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_is_collected_afterwards_as_before_and_not_looked_for_in_litellm(collecting: bool) -> None:
    words = [sys.executable, "-c", CODE.format(collecting=collecting)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    enabled, set_aside, same_environment = json.loads(ended.stdout)
    assert enabled is collecting
    assert set_aside is collecting
    assert same_environment
