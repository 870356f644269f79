"""Both implementations of the kernels, each test once with either."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pytest


def compiled(name: str) -> ModuleType:
    """A module of kernels, compiled or a twin; a skipped test where it was not built."""
    try:
        return import_module(f"gigaevo.kernels.{'compiled' if name.startswith('_') else 'twins'}.{name}")
    except ImportError:
        pytest.skip("kernels not compiled")


@pytest.fixture(params=["_grid", "grid_numpy"], scope="session")
def grid(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``bin_grid`` and ``bin_point``."""
    return compiled(request.param)


@pytest.fixture(params=["_archive", "archive_numpy"], scope="session")
def archive(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``EliteArchive``."""
    return compiled(request.param)


@pytest.fixture(scope="session")
def both_grids() -> tuple[ModuleType, ModuleType]:
    return compiled("_grid"), compiled("grid_numpy")


@pytest.fixture(scope="session")
def both_archives() -> tuple[ModuleType, ModuleType]:
    return compiled("_archive"), compiled("archive_numpy")


@pytest.fixture(params=["_pareto", "pareto_numpy"], scope="session")
def pareto(request: pytest.FixtureRequest) -> ModuleType:
    """The module of fronts, crowding and survivors."""
    return compiled(request.param)


@pytest.fixture(params=["_hypervolume", "hypervolume_numpy"], scope="session")
def volumes(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``hypervolume``."""
    return compiled(request.param)


@pytest.fixture(scope="session")
def both_pareto() -> tuple[ModuleType, ModuleType]:
    return compiled("_pareto"), compiled("pareto_numpy")


@pytest.fixture(params=["_functions", "functions_numpy"], scope="session")
def functions(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``evaluate`` and its like."""
    return compiled(request.param)


@pytest.fixture(params=["_cvt", "cvt_numpy"], scope="session")
def cvt(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``CentroidIndex``."""
    return compiled(request.param)


@pytest.fixture(params=["_emission", "emission_numpy"], scope="session")
def emission(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``iso_line``."""
    return compiled(request.param)


@pytest.fixture(params=["_genetic", "genetic_numpy"], scope="session")
def genetic(request: pytest.FixtureRequest) -> ModuleType:
    """The module of crossovers and mutations of bits, alleles and permutations."""
    return compiled(request.param)


@pytest.fixture(params=["_breeding", "breeding_numpy"], scope="session")
def breeding(request: pytest.FixtureRequest) -> ModuleType:
    """The module of whole generations."""
    return compiled(request.param)


def stream_for(module: ModuleType, seed: int = 0) -> Any:
    """A random stream of the same implementation as ``module``."""
    home = "random_numpy" if module.__name__.endswith("_numpy") else "_random"
    return compiled(home).RandomStream(np.random.SeedSequence(seed))


@pytest.fixture(params=["_differential", "differential_numpy"], scope="session")
def differential(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``draw_parents``, ``recombine``, ``replace`` and their like."""
    return compiled(request.param)


@pytest.fixture(scope="session")
def both_differentials() -> tuple[ModuleType, ModuleType]:
    return compiled("_differential"), compiled("differential_numpy")


@pytest.fixture(params=["_swarm", "swarm_numpy"], scope="session")
def swarm(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``fly``, ``note_own`` and ``ring_leaders``."""
    return compiled(request.param)


@pytest.fixture(scope="session")
def both_swarms() -> tuple[ModuleType, ModuleType]:
    return compiled("_swarm"), compiled("swarm_numpy")


@pytest.fixture(params=["_row_memory", "row_memory_numpy"], scope="session")
def row_memory(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``RowMemory``."""
    return compiled(request.param)
