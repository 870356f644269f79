"""Which implementation is chosen, and what the user is told of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gigaevo.kernels.backend import COMPILED
from tests.kernels.conftest import compiled

ASK = "import gigaevo.kernels as k; print(k.BACKEND); print(k.EliteArchive.__module__); print(k.backend_note())"
WITHOUT_EXTENSIONS = "import sys; sys.modules['gigaevo.kernels.compiled._grid'] = None\n"  # makes the import fail


def ask(script: str, pure_python: str) -> list[str]:
    """The lines that ``script`` prints in a fresh interpreter."""
    environment = {**os.environ, "GIGAEVO_PURE_PYTHON": pure_python}
    run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


def test_compiled_kernels_are_used_where_they_were_built():
    compiled("_archive")
    assert ask(ASK, "") == ["cython", "gigaevo.kernels.compiled._archive", "None"]


def test_pure_python_chooses_the_twins_without_a_word():
    assert ask(ASK, "1") == ["numpy", "gigaevo.kernels.twins.archive_numpy", "None"]


@pytest.mark.parametrize("remedy", ["build_ext --inplace", "C compiler"])
def test_missing_extensions_are_told_in_one_line_with_the_remedy(remedy: str):
    backend, module, note = ask(WITHOUT_EXTENSIONS + ASK, "")
    assert (backend, module) == ("numpy", "gigaevo.kernels.twins.archive_numpy")
    assert remedy in note


def test_every_module_and_header_is_chosen_from_and_on_the_map():
    root = Path(__file__).parents[2]
    kernels, page = root / "gigaevo/kernels", (root / "docs/kernels.md").read_text()
    assert sorted(COMPILED) == sorted(source.stem for source in (kernels / "compiled").glob("*.pyx"))
    shared = {file.name for ending in ("*.h", "*.pxd") for file in (kernels / "compiled").glob(ending)}
    beside = {f"{name}.pxd" for name in COMPILED}  # what others may cimport of a module is told of once for all
    assert {name for name in COMPILED if f"`{name}`" not in page} == set()
    assert {name for name in shared - beside if f"`{name}`" not in page} == set()
