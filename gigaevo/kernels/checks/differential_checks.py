"""What the kernels of differential evolution accept; both implementations raise through here."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigaevo.kernels.checks.array_checks import check_shape, float_array, owned_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FEWEST_COLUMNS, MOST_COLUMNS = 3, 5


class Base(IntEnum):
    """Where the sum begins that makes a mutant."""

    RANDOM = 0
    TARGET = 1
    LEADER = 2


class Plan(NamedTuple):
    """How a search makes its trials from the first generation to the last.

    Attributes:
        base: Where the sum begins, a ``Base``.
        pull: Whether it goes on towards a leader.
        differences: Differences that are added, 1 or 2.
        exponential: Whether runs of genes are crossed.
        adaptive: Whether weights and rates are drawn from the memory of what succeeded.
        leading: How many of the best members lead, at least 1.
        lowest: Least weight, if not adaptive.
        highest: Greatest weight; the same: nothing is drawn.
        rate: Crossover rate, if not adaptive.
    """

    base: int
    pull: bool
    differences: int
    exponential: bool
    adaptive: bool
    leading: int
    lowest: float
    highest: float
    rate: float


def members_drawn(base: int, differences: int) -> int:
    """Members of the population that a mutant draws, all different."""
    return 2 * differences + (base == Base.RANDOM)


def check_draw(
    size: int, pool: int, leaders: NDArray[np.int64], least: int, base: int, pull: bool, differences: int
) -> None:
    """Raise ValueError if parents cannot be drawn in this way."""
    if base not in list(Base):
        raise ValueError(f"base is {base}, expected 0 (RANDOM), 1 (TARGET) or 2 (LEADER)")
    if differences not in (1, 2) or (pull and differences == 2):
        raise ValueError(f"differences is {differences}, expected 1{'' if pull else ' or 2'}")
    if pull and base == Base.LEADER:
        raise ValueError("base is 2 (LEADER), expected another one where the leader pulls")
    if not size <= pool < 2**31:
        raise ValueError(f"pool is {pool}, expected {size} (the population) to 2**31 - 1")
    needed = members_drawn(base, differences) + 1
    if size < needed:
        raise ValueError(f"size is {size}, expected {needed} or more: that many different members are needed")
    if (pull or base == Base.LEADER) and not 1 <= least <= len(leaders):
        raise ValueError(f"least is {least}, expected 1 to {len(leaders)}, the number of leaders")


def rate_array(name: str, given: ArrayLike) -> NDArray[np.float64]:
    """``given`` as probabilities.

    Raises:
        ValueError: One of them is not in 0 to 1.
    """
    rates = float_array(name, given, 1)
    bad = np.flatnonzero(~((rates >= 0.0) & (rates <= 1.0)))
    if len(bad):
        raise ValueError(f"{name}[{bad[0]}] is {rates[bad[0]]}, expected 0 to 1")
    return rates


def check_parents(parents: NDArray[np.int64], rows: int) -> None:
    """Raise ValueError if ``parents`` has not one row for each trial, or no formula has so many columns."""
    if parents.shape[0] != rows or not FEWEST_COLUMNS <= parents.shape[1] <= MOST_COLUMNS:
        raise ValueError(
            f"parents has shape {parents.shape}, expected ({rows}, {FEWEST_COLUMNS}) to ({rows}, {MOST_COLUMNS})"
        )


def check_room(pool: int, size: int, archived: int) -> None:
    """Raise ValueError if a population and an archive of that size are not within ``pool`` rows."""
    if size > pool:
        raise ValueError(f"merits has shape ({size},), expected at most {pool} entries, the rows of pool")
    if not 0 <= archived <= pool - size:
        raise ValueError(f"archived is {archived}, expected 0 to {pool - size}, the rows of pool beyond the population")


def check_memory(weights: NDArray[np.float64], rates: NDArray[np.float64]) -> None:
    """Raise ValueError if a memory of settings is empty or of two lengths, or a weight in it is not above 0."""
    if not len(weights):
        raise ValueError("memory_weights is empty, expected one entry or more")
    check_shape("memory_rates", rates, weights.shape)
    bad = np.flatnonzero(~(weights > 0.0) | ~np.isfinite(weights))
    if len(bad):
        raise ValueError(f"memory_weights[{bad[0]}] is {weights[bad[0]]}, expected a number above 0")


def check_most(most: int, size: int) -> None:
    """Raise ValueError if there are not so many members."""
    if not 1 <= most <= size:
        raise ValueError(f"most is {most}, expected 1 to {size}, the number of merits")


def check_plan(plan: Plan, memory: NDArray[np.float64], counters: NDArray[np.int64]) -> None:
    """Raise ValueError if a loop cannot be begun with this."""
    if not 0.0 < plan.lowest <= plan.highest:
        raise ValueError(f"lowest and highest are {plan.lowest} and {plan.highest}, expected above 0 and in order")
    if not 0.0 <= plan.rate <= 1.0:
        raise ValueError(f"rate is {plan.rate}, expected 0 to 1")
    owned_array("memory", memory, 2)
    if memory.shape[0] != 2:
        raise ValueError(f"memory has shape {memory.shape}, expected (2, h)")
    check_memory(memory[0], rate_array("memory[1]", memory[1]))
    sound = isinstance(counters, np.ndarray) and counters.dtype == np.int64 and counters.flags.carray
    if not sound or counters.shape != (2,):
        raise ValueError("counters is not a writable int64 array of shape (2,)")
    if not 0 <= counters[1] < memory.shape[1]:
        raise ValueError(f"counters[1] is {counters[1]}, expected 0 to {memory.shape[1] - 1}")
