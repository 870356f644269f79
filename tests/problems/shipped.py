"""Access to the shipped problem folders. Their code is ours, so tests run it in their own process."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from gigaevo.problems import Problem, load_problem

ROOT = Path(__file__).parents[2] / "problems"
NAMES = ("circle_packing", "heilbron", "min_max_distance", "sorting", "toy_example")


@cache
def problem(name: str) -> Problem:
    return load_problem(ROOT / name)


@cache
def module(path: Path) -> ModuleType:
    """The module at ``path``, run with its problem's ``helper`` and ``validate`` importable and nothing left behind."""
    folder = path.parent if path.parent.parent == ROOT else path.parent.parent
    spec = importlib.util.spec_from_file_location(f"shipped_{folder.name}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(loaded)
    finally:
        sys.path.remove(str(folder))
        for name in ("helper", "validate"):
            sys.modules.pop(name, None)
    return loaded


def validate(name: str, output: Any) -> dict[str, float]:
    """What the problem's validator says of ``output``."""
    folder = problem(name).folder
    check = module(folder / "validate.py").validate
    if problem(name).has_context:
        return check(module(folder / "context.py").build_context(), output)
    return check(output)


def output_of(name: str, source: Path) -> Any:
    """What the program at ``source`` gives, exercised as the problem says."""
    folder = problem(name).folder
    entrypoint = module(source).entrypoint
    if not problem(name).has_harness:
        return entrypoint()
    context = module(folder / "context.py").build_context()
    return module(folder / "harness.py").run(entrypoint, context)


SEEDS = [(name, seed.path) for name in NAMES for seed in problem(name).initial_programs]
SEED_IDS = [f"{name}-{path.stem}" for name, path in SEEDS]
