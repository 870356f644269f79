"""Pools of rows, and what is asked of the strategy's kernels."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np

from gigaevo.kernels.strategy_laws import (
    Change,
    Crossing,
    Exchange,
    GeneLaw,
    Goal,
    Mutation,
    Plan,
    Pool,
    Progress,
    Score,
    Scoring,
    ValueLaws,
    packed,
)
from tests.kernels.conftest import compiled

SUM = Scoring(Score.SUM, 0, 1.0)


def loops_of(strategy: ModuleType) -> ModuleType:
    """The module of ``advance``, ``climb`` and ``climb_steepest``."""
    return compiled("_strategy_loops" if strategy.__name__.endswith("._strategy") else "strategy_loops_numpy")


def bit_pool(bits: Any, capacity: int | None = None, merits: Any = None, ages: Any = None) -> Pool:
    rows = packed(np.asarray(bits, np.bool_))
    return pool_of(rows, capacity, merits, ages)


def number_pool(numbers: Any, capacity: int | None = None, merits: Any = None) -> Pool:
    return pool_of(np.asarray(numbers, np.float64), capacity, merits, None)


def pool_of(rows: Any, capacity: int | None, merits: Any, ages: Any) -> Pool:
    n = len(rows)
    capacity = n if capacity is None else capacity
    genes = np.zeros((capacity, rows.shape[1]), rows.dtype)
    genes[:n] = rows
    pool = Pool(genes, np.full(capacity, np.nan), np.zeros(capacity, np.int64), np.arange(capacity))
    pool.merits[:n] = 0.0 if merits is None else merits
    pool.ages[:n] = 1 if ages is None else ages
    return pool


def crossing(exchange: Exchange, genes_size: int, **other: Any) -> Crossing:
    told: dict[str, Any] = {
        "selection_rate": 1.0,
        "crossover_rate": 1.0,
        "number": 1,
        "allow_duplicates": False,
        "cuts": np.arange(1, genes_size),
        "genes_size": genes_size,
    }
    return Crossing(exchange, **(told | other))


def stream_of(module: ModuleType, seed: int = 0) -> Any:
    return module.RandomStream(np.random.SeedSequence(seed))


def laws(law: GeneLaw, low: float, high: float, down: float = 0.0, up: float = 0.0) -> ValueLaws:
    return ValueLaws(np.array([law], np.int64), *(np.array([value], np.float64) for value in (low, high, down, up)))


def race(*, tournament_size: int = 0, max_age: int = 0, **told: Any) -> Plan:
    default: dict[str, Any] = {
        "target_merit": math.inf,
        "valid_merit": -math.inf,
        "max_generations": 0,
        "max_stale_generations": 0,
        "stale_break": 0,
        "last_generation": 30,
        "replace_on_equal": False,
    }
    told_crossing = crossing(Exchange.HALF, 70, selection_rate=0.7, crossover_rate=0.8)
    mutation = Mutation(Change.FLIP, 0.2, 1, 1, np.arange(70))
    return Plan(20, 0.5, 0.05, tournament_size, max_age, told_crossing, mutation, SUM, Goal(**(default | told)))


def begun() -> tuple[Pool, Progress]:
    pool = bit_pool(np.random.default_rng(3).random((20, 70)) < 0.5, 40)
    pool.merits[:20] = np.bitwise_count(pool.genes[:20]).sum(1)
    best = int(pool.merits[:20].argmax())
    return pool, Progress(20, 0, 0, 0, float(pool.merits[best]), pool.genes[best].copy(), 20)
