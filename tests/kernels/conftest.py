"""Both implementations of the kernels, each test once with either."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest


def compiled(name: str) -> ModuleType:
    """The compiled kernel module, or a skipped test where it was not built."""
    try:
        return import_module(f"gigaevo.kernels.{name}")
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
