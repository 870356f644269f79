"""The stand-in for a language model beside a run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.end_to_end.command import ROOT


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The stand-in in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gigaevo.testing", "--port", "0", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["base_url"]
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
