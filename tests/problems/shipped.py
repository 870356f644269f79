"""Access to the shipped problem folders. Their code is ours, so tests run it in their own process."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from driven import outputs_of

from gigaevo.problems import Problem, load_problem

ROOT = Path(__file__).parents[2] / "problems"
NAMES = (
    "api_endpoint",
    "bin_packing",
    "circle_packing",
    "data_pipeline",
    "heilbron",
    "min_max_distance",
    "sorting",
    "toy_example",
)
NUMERIC_NAMES = ("onemax", "rastrigin", "robot_arm", "trading_params", "tsp", "zdt1")
# Problems whose programs are called from outside, by a driver.
DRIVEN = ("api_endpoint", "data_pipeline")


@cache
def problem(name: str) -> Problem:
    return load_problem(ROOT / name)


@cache
def module(path: Path) -> ModuleType:
    """The module at ``path``, run with its problem's ``helper`` and ``validate`` importable and nothing left behind."""
    folder = next(parent for parent in path.parents if parent.parent == ROOT)
    spec = importlib.util.spec_from_file_location(f"shipped_{folder.name}_{path.parent.name}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.path[:0] = [str(path.parent), str(folder)]
    try:
        spec.loader.exec_module(loaded)
    finally:
        del sys.path[:2]
        for name in ("helper", "validate", "lib", "lib.packing"):
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
    if name in DRIVEN:
        return driven_seeds(name)[source]
    entrypoint = module(source).entrypoint
    if not problem(name).has_context:
        return entrypoint()
    context = module(folder / "context.py").build_context()
    if not problem(name).has_harness:
        return entrypoint(context)
    return module(folder / "harness.py").run(entrypoint, context)


@cache
def driven_seeds(name: str) -> dict[Path, Any]:
    """What the driver of the problem saw of each of its initial programs."""
    seeds = problem(name).initial_programs
    outputs = outputs_of(problem(name), [seed.source for seed in seeds])
    return dict(zip([seed.path for seed in seeds], outputs, strict=True))


SEEDS = [(name, seed.path) for name in NAMES for seed in problem(name).initial_programs]
SEED_IDS = [f"{name}-{seed.name}" for name in NAMES for seed in problem(name).initial_programs]
