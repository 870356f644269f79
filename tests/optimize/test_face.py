"""The names of ``gigaevo.optimize``: all there, as its stub says, and none loaded before it is asked for."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import gigaevo.optimize


def test_every_name_is_there_and_the_stub_says_the_same() -> None:
    for name in gigaevo.optimize.__all__:
        assert getattr(gigaevo.optimize, name) is not None
    stub = Path(gigaevo.optimize.__file__).with_suffix(".pyi").read_text()
    assert sorted(re.findall(r" as (\w+)$", stub, re.MULTILINE)) == dir(gigaevo.optimize)
    assert set(dir(gigaevo.optimize)) == set(gigaevo.optimize.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'evolv'"):
        gigaevo.optimize.evolv  # noqa: B018


def test_the_import_alone_loads_nothing() -> None:
    script = "import sys, gigaevo.optimize; print(sorted(name for name in sys.modules if name.startswith('numpy')))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
