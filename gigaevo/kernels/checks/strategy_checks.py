"""What the kernels of the strategy accept: both implementations raise through here, with the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks.array_checks import check_rate
from gigaevo.kernels.checks.functions_checks import REAL, check_code
from gigaevo.kernels.strategy_laws import Change, Exchange, GeneLaw, Score, ValueLaws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.kernels.strategy_laws import Crossing, Mutation, Pool, Progress, Scoring


def check_pool(pool: Pool, size: int) -> None:
    """Raise ValueError unless a pool is as ``Pool`` says and has ``size`` chromosomes.

    Every row in ``order`` must exist, and ``order`` must not change as ages do.
    """
    genes = pool.genes
    if genes.dtype not in (np.uint64, np.float64) or genes.ndim != 2 or not genes.flags.carray:
        raise ValueError(f"genes must be uint64 or float64 of shape (capacity, width), not {_kind(genes)}")
    capacity = len(genes)
    for name, array, dtype in (
        ("merits", pool.merits, np.float64),
        ("ages", pool.ages, np.int64),
        ("order", pool.order, np.int64),
    ):
        if array.dtype != dtype or array.shape != (capacity,) or not array.flags.carray:
            raise ValueError(f"{name} must be {np.dtype(dtype)} of shape ({capacity},), not {_kind(array)}")
    if np.may_share_memory(pool.ages, pool.order):
        raise ValueError("ages and order must be two arrays: rows are looked up while they grow older")
    if not 0 <= size <= capacity:
        raise ValueError(f"size must be in 0 to {capacity}, the capacity, not {size}")
    bad = (pool.order < 0) | (pool.order >= capacity)
    if bad.any():
        raise ValueError(f"order[{int(bad.argmax())}] is {pool.order[bad.argmax()]}, expected 0 to {capacity - 1}")


def check_bits(pool: Pool) -> None:
    """Raise ValueError if the genes are numbers, or no rows."""
    _check_rows(pool)
    if pool.genes.dtype != np.uint64:
        raise ValueError(f"genes must be bits (uint64), not {pool.genes.dtype}")


def check_numbers(pool: Pool) -> None:
    """Raise ValueError if the genes are bits, or no rows."""
    _check_rows(pool)
    if pool.genes.dtype != np.float64:
        raise ValueError(f"genes must be numbers (float64), not {pool.genes.dtype}")


def check_scoring(pool: Pool, scoring: Scoring) -> None:
    """Raise ValueError if the function is none that the kernels know, or not one of such genes."""
    if scoring.score not in list(Score):
        raise ValueError(f"score is {scoring.score}, expected 0 to {int(max(Score))}")
    if scoring.score != Score.SUM:
        check_numbers(pool)
    if scoring.score == Score.REAL:
        check_code(scoring.code, REAL)
        if pool.genes.shape[-1:] == (0,):
            raise ValueError(f"genes has shape {pool.genes.shape}, expected 1 gene or more")


def check_change(pool: Pool, mutation: Mutation) -> None:
    """Raise ValueError if a mutation is of other genes, or lacks what it needs to know."""
    if mutation.change not in list(Change):
        raise ValueError(f"change is {mutation.change}, expected 0 to {int(max(Change))}")
    if mutation.change == Change.FLIP:
        check_bits(pool)
    else:
        check_numbers(pool)
    if mutation.change == Change.LAW and mutation.laws is None:
        raise ValueError("laws is None, expected ValueLaws: genes change by law")
    if mutation.change == Change.SWAP and (mutation.starts is None or mutation.stops is None):
        raise ValueError("starts and stops must be arrays: genes are swapped within sets")


def check_task(pool: Pool, size: int, mutation: Mutation, scoring: Scoring) -> None:
    """Raise ValueError if mutation and scoring do not fit the genes, or one another."""
    check_change(pool, mutation)
    check_scoring(pool, scoring)
    if scoring.score == Score.QUEENS:
        check_order(pool, size)
        if mutation.change != Change.SWAP:
            raise ValueError("queens must be swapped, or they leave the board")


def check_steepest(mutation: Mutation) -> None:
    """Raise ValueError if genes change by law: neighbours are then drawn, and cannot be looked at one by one."""
    if mutation.change == Change.LAW:
        raise ValueError("a steepest climb flips or swaps genes; these change by law")


def check_best(pool: Pool, progress: Progress) -> None:
    """Raise ValueError if ``best_genes`` is no row of the pool."""
    best, genes = progress.best_genes, pool.genes
    if best.dtype != genes.dtype or best.shape != genes.shape[1:] or not best.flags.carray:
        raise ValueError(f"best_genes must be {genes.dtype} of shape ({genes.shape[1]},), not {_kind(best)}")


def check_order(pool: Pool, size: int) -> None:
    """Raise ValueError if a gene of the population is no column of a queen: a whole number in 0 to width - 1."""
    genes, width = pool.genes[pool.order[:size]], pool.genes.shape[1]
    bad = ~((genes >= 0) & (genes < width) & (genes == np.floor(genes)))
    if bad.any():
        raise ValueError(f"a gene is {genes[bad][0]}, expected a column of a board, 0 to {width - 1}")


def check_selection(target_size: int, replacement_rate: float, elitism_rate: float, tournament_size: int = 1) -> None:
    """Raise ValueError if a rate of a selection is not in [0, 1], or one of its sizes is below 1."""
    check_rate("replacement_rate", replacement_rate)
    check_rate("elitism_rate", elitism_rate)
    for name, size in (("target_size", target_size), ("tournament_size", tournament_size)):
        if size < 1:
            raise ValueError(f"{name} must be at least 1, not {size}")


def check_room(pool: Pool, size: int, grown: int) -> None:
    """Raise ValueError if a pool has fewer rows than ``grown``."""
    if grown > len(pool.order):
        raise ValueError(f"the capacity is {len(pool.order)}, expected at least {grown}: offspring join {size} parents")


def check_crossing(pool: Pool, crossing: Crossing) -> None:
    """Raise ValueError if a crossing is none that the kernels know, or does not fit the pool.

    Its rates must be in [0, 1], its cuts be genes, and there must be as many genes or points as are to be drawn.
    """
    if crossing.exchange not in list(Exchange):
        raise ValueError(f"exchange is {crossing.exchange}, expected 0 to {int(max(Exchange))}")
    check_rate("selection_rate", crossing.selection_rate)
    check_rate("crossover_rate", crossing.crossover_rate)
    check_genes_size(pool, crossing.genes_size)
    check_positions("cuts", crossing.cuts, crossing.genes_size)
    if crossing.exchange not in (Exchange.GENES, Exchange.POINTS):
        return
    there = crossing.genes_size if crossing.exchange == Exchange.GENES else len(crossing.cuts)
    if crossing.number < 1 or there < 1 or (crossing.number > there and not crossing.allow_duplicates):
        raise ValueError(f"number must be in 1 to {there}, what there is to exchange, not {crossing.number}")


def check_genes_size(pool: Pool, genes_size: int) -> None:
    """Raise ValueError if a row does not hold just ``genes_size`` genes."""
    width = pool.genes.shape[1]
    needed = -(-genes_size // 64) if pool.genes.dtype == np.uint64 else genes_size
    if genes_size < 1 or needed != width:
        raise ValueError(f"genes_size is {genes_size}, which needs {needed} words a chromosome; genes have {width}")


def check_positions(name: str, positions: NDArray[np.int64], limit: int) -> None:
    """Raise ValueError unless positions are int64 of shape (n,), each in 0 to ``limit - 1``."""
    if positions.dtype != np.int64 or positions.ndim != 1 or not positions.flags.c_contiguous:
        raise ValueError(f"{name} must be int64 of shape (n,), not {_kind(positions)}")
    bad = (positions < 0) | (positions >= limit)
    if bad.any():
        raise ValueError(f"{name}[{int(bad.argmax())}] is {positions[bad.argmax()]}, expected 0 to {limit - 1}")


def check_mutation(
    pool: Pool,
    size: int,
    first: int,
    probability: float,
    least: int,
    most: int,
    mutable: NDArray[np.int64],
    genes_size: int,
) -> None:
    """Raise ValueError unless a mutation fits the pool.

    ``first`` must not be beyond ``size``, ``probability`` be in [0, 1], the numbers of genes 1 <= least <= most <
    2**31, and ``mutable`` be genes.
    """
    check_genes_size(pool, genes_size)
    check_rate("probability", probability)
    check_positions("mutable", mutable, genes_size)
    if not 0 <= first <= size:
        raise ValueError(f"first must be in 0 to {size}, the size, not {first}")
    if not 1 <= least <= most < 2**31:
        raise ValueError(f"a mutation must change 1 <= least <= most < 2**31 genes, not {least} to {most}")


def check_laws(laws: ValueLaws, genes_size: int) -> None:
    """Raise ValueError unless the laws are arrays as ``ValueLaws`` says, each law one of ``GeneLaw``."""
    for name, array in zip(ValueLaws._fields, laws, strict=True):
        dtype = np.int64 if name == "law" else np.float64
        if array.dtype != dtype or array.shape != (genes_size,) or not array.flags.c_contiguous:
            raise ValueError(f"{name} must be {np.dtype(dtype)} of shape ({genes_size},), not {_kind(array)}")
    bad = (laws.law < 0) | (laws.law > max(GeneLaw))
    if bad.any():
        raise ValueError(f"law[{int(bad.argmax())}] is {laws.law[bad.argmax()]}, expected 0 to {int(max(GeneLaw))}")


def check_sets(starts: NDArray[np.int64], stops: NDArray[np.int64], genes_size: int) -> None:
    """Raise ValueError unless sets are bounded by int64 of shape (genes_size,), and each gene lies in its own."""
    genes = np.arange(genes_size)
    for name, array in (("starts", starts), ("stops", stops)):
        if array.dtype != np.int64 or array.shape != (genes_size,) or not array.flags.c_contiguous:
            raise ValueError(f"{name} must be int64 of shape ({genes_size},), not {_kind(array)}")
    bad = (starts < 0) | (starts > genes) | (stops <= genes) | (stops > genes_size)
    if bad.any():
        gene = int(bad.argmax())
        raise ValueError(f"gene {gene} lies outside of its set, {starts[gene]} to {stops[gene] - 1}")


def _check_rows(pool: Pool) -> None:
    if pool.genes.ndim != 2:
        raise ValueError(f"genes must be of shape (capacity, width), not {_kind(pool.genes)}")


def _kind(array: NDArray[np.generic]) -> str:
    return f"{array.dtype} of shape {array.shape}"
