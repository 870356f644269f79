"""What is seen of searches among numbers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from gigaevo.config.numeric.searching import EvolveSearch
from gigaevo.optimize import MaxEvaluations
from tests.config.subjects import Built, Ran, numbers_given

CONFIG = Path(__file__).resolve().parents[2] / "config"
EVALUATIONS = 2500


def searches_as(algorithm: str, problem: str, **changed: Any) -> Callable[[Built], bool]:
    """Whether the optimizer that is configured finds what the one of a shipped file would, were it changed so."""

    def seen(built: Built) -> bool:
        optimizer = built.node("optimizer")
        shipped = yaml.safe_load((CONFIG / "algorithm" / f"{algorithm}.yaml").read_text())["optimizer"]
        given = {**numbers_given(problem), "seed": 0}
        arguments = {key: _plain(value, given) for key, value in shipped.items() if key != "_target_"} | changed
        anew = Built(built.config)  # its parts were used by nobody
        parts = {key: anew.node(f"optimizer.{key}") for key, value in arguments.items() if _is_part(value)}
        return _trace(optimizer) == _trace(type(optimizer)(**{**arguments, **parts}))

    return seen


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and "_target_" in value


def _plain(value: Any, given: dict[str, Any]) -> Any:
    """A value of YAML; what it refers to where it is a reference."""
    if isinstance(value, str) and value.startswith("${"):
        return given[value.removeprefix("${").removesuffix("}").removeprefix("ref:")]
    return value


def _trace(optimizer: Any) -> Any:
    """All that a short run came to."""

    def fitness(genomes: np.ndarray) -> Any:
        values = np.asarray(genomes, float)
        hilly = (values**2 - np.cos(6.0 * values)).sum(axis=1)
        if optimizer.objectives > 1:
            objectives = [hilly, ((values - 0.5) ** 2).sum(axis=1), values.sum(axis=1)]
            return np.column_stack(objectives[: optimizer.objectives])
        return (hilly, values[:, : optimizer.behaviors]) if optimizer.behaviors else hilly

    stop = MaxEvaluations(EVALUATIONS)
    optimizer.run(fitness, stop=stop, vectorized=True, executor=None)
    numbers = {name: value for name, value in optimizer.numbers().items() if value == value}
    genome = None if optimizer.best_genome is None else optimizer.best_genome.tolist()
    return numbers, genome, [] if isinstance(optimizer, EvolveSearch) else optimizer.population[0].tolist()


def genes(built: Built) -> int:
    return int(built.node("optimizer").genotype.genes_size)


def class_of_the_optimizer(built: Built) -> str:
    return type(built.node("optimizer")).__name__


def part(name: str) -> Callable[[Built], Any]:
    """A part of the optimizer."""
    return lambda built: getattr(built.node("optimizer"), name)


def archive(built: Built) -> Any:
    found = built.node("optimizer").archive
    return found.total_cells, found.elites_per_cell, found.qd_score_offset, found.ranges[0]


def evaluated_elsewhere(ran: Ran) -> bool:
    """Whether the best fitness, which is the number of the process that found it, is not that of the tests."""
    return bool(ran.summary["best"]["metrics"]["fitness"] != os.getpid())


def lines_of_progress(ran: Ran) -> bool:
    """Whether there is one for nearly each generation."""
    return ran.ended.err.count("INFO    best") > 20


def path_of_the_storage(built: Built) -> str:
    return str(built.node("search_storage").path)


def synchronous(built: Built) -> int:
    storage = built.node("search_storage")
    storage.open()
    try:
        return int(storage._ready().execute("PRAGMA synchronous").fetchone()[0])
    finally:
        storage.close()
