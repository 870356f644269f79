"""What the kernels of the strategy accept, and the laws they are told: both implementations raise through here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigaevo.kernels.functions_checks import check_code
from gigaevo.kernels.functions_numpy import REAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROUNDING = 1e-9  # 0.07 of 100 is 7 chromosomes, though 0.07 * 100 > 7


class Exchange(IntEnum):
    """What two mates exchange.

    Attributes:
        NOTHING: They stay clones of their parents.
        HALF: Each gene with probability 1/2.
        GENES: A number of genes.
        POINTS: All behind a point, for each of a number of points.
        REJUVENATION: No offspring: the worst give way to clones of the first, and all are young again.
    """

    NOTHING = 0
    HALF = 1
    GENES = 2
    POINTS = 3
    REJUVENATION = 4


class GeneLaw(IntEnum):
    """How a gene that is a number changes.

    Attributes:
        REDRAW: Uniform in [low, high].
        REDRAW_WHOLE: Uniform over the integers of [low, high].
        MOVE: Uniform in [gene + down, gene + up], as far as that lies in [low, high].
        MOVE_WHOLE: The same over integers, never the gene itself if there is another.
        STEP: ``gene + down`` or ``gene + up``, each as likely, held at the bounds; where that leaves the gene as it
            was, the other of the two.
    """

    REDRAW = 0
    REDRAW_WHOLE = 1
    MOVE = 2
    MOVE_WHOLE = 3
    STEP = 4


class Change(IntEnum):
    """What a mutation does to a gene.

    Attributes:
        FLIP: Bits: the other value.
        LAW: Numbers: by ``ValueLaws``.
        SWAP: Numbers: with another gene of its set.
    """

    FLIP = 0
    LAW = 1
    SWAP = 2


class Score(IntEnum):
    """Fitness functions that the kernels know.

    Attributes:
        SUM: Of bits the true ones, of numbers their sum in the order of the genes.
        REAL: A function of numbers, by its code in ``functions_numpy.REAL``.
        QUEENS: Pairs of queens on one diagonal (``functions_numpy.conflicts``): numbers that are a permutation.
    """

    SUM = 0
    REAL = 1
    QUEENS = 2


class Pool(NamedTuple):
    """A population in structure-of-arrays form, with room to grow.

    Attributes:
        genes: uint64 (bits, gene ``g`` is bit ``g % 64`` of word ``g // 64``, those behind the last gene are 0) or
            float64 (numbers) of shape (capacity, width).
        merits: float64 of shape (capacity,): larger is better, -inf for an invalid chromosome, NaN where unknown.
        ages: int64 of shape (capacity,): generations since the chromosome came to be, 0 for offspring.
        order: int64 of shape (capacity,): a permutation of the rows; those of the population come first, in its order.
    """

    genes: NDArray[np.uint64] | NDArray[np.float64]
    merits: NDArray[np.float64]
    ages: NDArray[np.int64]
    order: NDArray[np.int64]


class Crossing(NamedTuple):
    """How offspring come from parents.

    Attributes:
        exchange: What mates exchange.
        selection_rate: Share of the population that has offspring, in [0, 1].
        crossover_rate: Probability that two mates exchange anything, in [0, 1].
        number: Genes or points, at least 1 (used by GENES and POINTS).
        allow_duplicates: Whether the same gene or point may be drawn again; twice exchanged is as it was.
        cuts: int64: genes before which a chromosome may be cut (used by POINTS).
        genes_size: Genes of a chromosome.
    """

    exchange: Exchange
    selection_rate: float
    crossover_rate: float
    number: int
    allow_duplicates: bool
    cuts: NDArray[np.int64]
    genes_size: int


class ValueLaws(NamedTuple):
    """How each gene of numbers changes; all arrays are of shape (genes_size,).

    Attributes:
        law: int64, of ``GeneLaw``.
        low: Least value, float64.
        high: Largest value, float64.
        down: Distance to the lowest value that a change leads to, float64, at most 0 (used by MOVE, MOVE_WHOLE, STEP).
        up: Distance to the highest, float64, at least 0.
    """

    law: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    down: NDArray[np.float64]
    up: NDArray[np.float64]


class Mutation(NamedTuple):
    """How offspring change, for ``advance`` and ``climb``; see ``mutate_bits`` and its companions.

    Attributes:
        change: What happens to a gene.
        probability: Of a chromosome to be mutated.
        least: Least number of genes that change.
        most: Largest number.
        mutable: int64: genes that may change.
        laws: Of numbers that change by law, else None.
        starts: Of numbers that are swapped, first gene of the set of each, else None.
        stops: Of numbers that are swapped, the gene behind the last of the set of each, else None.
    """

    change: Change
    probability: float
    least: int
    most: int
    mutable: NDArray[np.int64]
    laws: ValueLaws | None = None
    starts: NDArray[np.int64] | None = None
    stops: NDArray[np.int64] | None = None


class Scoring(NamedTuple):
    """A fitness function that the kernels know, and its direction.

    Attributes:
        score: Which kind.
        code: Which function of numbers, 0 for the other kinds.
        sign: 1 where scores are to be large, -1 where they are to be small.
    """

    score: Score
    code: int
    sign: float


@dataclass
class Progress:
    """Where a run stands; ``advance`` brings it up to date.

    Attributes:
        size: Chromosomes in the population.
        generation: Generations made.
        stale_generations: Generations since the best merit last rose.
        best_generation: Generation of the best chromosome.
        best_merit: Its merit; -inf before there is a valid one.
        best_genes: Its genes, of shape (width,).
        evaluations: Chromosomes whose fitness was calculated.
    """

    size: int
    generation: int
    stale_generations: int
    best_generation: int
    best_merit: float
    best_genes: NDArray[np.uint64] | NDArray[np.float64]
    evaluations: int


class Goal(NamedTuple):
    """When ``advance`` and ``climb`` come back.

    Attributes:
        target_merit: Ends the run when reached, inf for never.
        valid_merit: No condition ends the run before it is reached, -inf for none.
        max_generations: Ends the run, 0 for never.
        max_stale_generations: Ends the run, 0 for never.
        stale_break: So many generations without a better merit interrupt the run, valid or not, 0 for never.
        last_generation: Where it is interrupted, whatever the conditions say.
        replace_on_equal: Whether a chromosome as good as the best takes its place: of equals the last in the
            population, where offspring are, not the first.
    """

    target_merit: float
    valid_merit: float
    max_generations: int
    max_stale_generations: int
    stale_break: int
    last_generation: int
    replace_on_equal: bool


class Plan(NamedTuple):
    """A whole generation, for ``advance``.

    Attributes:
        target_size: Chromosomes after selection.
        replacement_rate: See ``select_elite``.
        elitism_rate: See ``select_elite``.
        tournament_size: 0 for ``select_elite``, else for ``select_tournament``.
        max_age: Age at which a chromosome dies, 0 for never.
        crossing: See ``Crossing``.
        mutation: See ``Mutation``.
        scoring: See ``Scoring``.
        goal: See ``Goal``.
    """

    target_size: int
    replacement_rate: float
    elitism_rate: float
    tournament_size: int
    max_age: int
    crossing: Crossing
    mutation: Mutation
    scoring: Scoring
    goal: Goal


def share(size: int, rate: float) -> int:
    """``rate`` of ``size``, rounded up; between 0 and ``size``."""
    return min(size, max(0, math.ceil(size * rate - _ROUNDING)))


def check_pool(pool: Pool, size: int) -> None:
    """
    Raises:
        ValueError: An array has another dtype, layout or shape than ``Pool`` says, ``size`` is larger than the
            capacity, or a row in ``order`` does not exist.
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
    if not 0 <= size <= capacity:
        raise ValueError(f"size must be in 0 to {capacity}, the capacity, not {size}")
    bad = (pool.order < 0) | (pool.order >= capacity)
    if bad.any():
        raise ValueError(f"order[{int(bad.argmax())}] is {pool.order[bad.argmax()]}, expected 0 to {capacity - 1}")


def check_bits(pool: Pool) -> None:
    """
    Raises:
        ValueError: The genes are numbers.
    """
    if pool.genes.dtype != np.uint64:
        raise ValueError(f"genes must be bits (uint64), not {pool.genes.dtype}")


def check_numbers(pool: Pool) -> None:
    """
    Raises:
        ValueError: The genes are bits.
    """
    if pool.genes.dtype != np.float64:
        raise ValueError(f"genes must be numbers (float64), not {pool.genes.dtype}")


def check_scoring(pool: Pool, scoring: Scoring) -> None:
    """
    Raises:
        ValueError: The function is none that the kernels know, or not one of such genes.
    """
    if scoring.score not in list(Score):
        raise ValueError(f"score is {scoring.score}, expected 0 to {int(max(Score))}")
    if scoring.score != Score.SUM:
        check_numbers(pool)
    if scoring.score == Score.REAL:
        check_code(scoring.code, REAL)


def check_change(pool: Pool, mutation: Mutation) -> None:
    """
    Raises:
        ValueError: The mutation is of other genes, or what it needs to know is not there.
    """
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
    """
    Raises:
        ValueError: Mutation and scoring do not fit the genes, or one another.
    """
    check_change(pool, mutation)
    check_scoring(pool, scoring)
    if scoring.score == Score.QUEENS:
        check_order(pool, size)
        if mutation.change != Change.SWAP:
            raise ValueError("queens must be swapped, or they leave the board")


def check_best(pool: Pool, progress: Progress) -> None:
    """
    Raises:
        ValueError: ``best_genes`` is no row of the pool.
    """
    best, genes = progress.best_genes, pool.genes
    if best.dtype != genes.dtype or best.shape != genes.shape[1:] or not best.flags.carray:
        raise ValueError(f"best_genes must be {genes.dtype} of shape ({genes.shape[1]},), not {_kind(best)}")


def check_order(pool: Pool, size: int) -> None:
    """
    Raises:
        ValueError: A row of the population has a gene that is no column of a queen: a whole number in 0 to width - 1.
    """
    genes, width = pool.genes[pool.order[:size]], pool.genes.shape[1]
    bad = ~((genes >= 0) & (genes < width) & (genes == np.floor(genes)))
    if bad.any():
        raise ValueError(f"a gene is {genes[bad][0]}, expected a column of a board, 0 to {width - 1}")


def check_room(pool: Pool, size: int, grown: int) -> None:
    """
    Raises:
        ValueError: There are fewer rows than ``grown``.
    """
    if grown > len(pool.order):
        raise ValueError(f"the capacity is {len(pool.order)}, expected at least {grown}: offspring join {size} parents")


def check_rate(name: str, rate: float) -> None:
    """
    Raises:
        ValueError: ``rate`` is not in [0, 1].
    """
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"{name} must be in [0, 1], not {rate}")


def check_crossing(pool: Pool, crossing: Crossing) -> None:
    """
    Raises:
        ValueError: A rate is not in [0, 1], a cut or the number of genes does not fit the pool, or more genes or points
            are to be drawn than there are.
    """
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
    """
    Raises:
        ValueError: A row does not hold just ``genes_size`` genes.
    """
    width = pool.genes.shape[1]
    needed = -(-genes_size // 64) if pool.genes.dtype == np.uint64 else genes_size
    if genes_size < 1 or needed != width:
        raise ValueError(f"genes_size is {genes_size}, which needs {needed} words a chromosome; genes have {width}")


def check_positions(name: str, positions: NDArray[np.int64], limit: int) -> None:
    """
    Raises:
        ValueError: Positions are not int64 of shape (n,), or one is not in 0 to ``limit - 1``.
    """
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
    """
    Raises:
        ValueError: ``first`` is beyond ``size``, ``probability`` is not in [0, 1], the numbers of genes are not
            1 <= least <= most, or ``mutable`` does not fit.
    """
    check_genes_size(pool, genes_size)
    check_rate("probability", probability)
    check_positions("mutable", mutable, genes_size)
    if not 0 <= first <= size:
        raise ValueError(f"first must be in 0 to {size}, the size, not {first}")
    if not 1 <= least <= most:
        raise ValueError(f"a mutation must change 1 <= least <= most genes, not {least} to {most}")


def check_laws(laws: ValueLaws, genes_size: int) -> None:
    """
    Raises:
        ValueError: An array of the laws has another dtype or shape, or a law is none of ``GeneLaw``.
    """
    for name, array in zip(ValueLaws._fields, laws, strict=True):
        dtype = np.int64 if name == "law" else np.float64
        if array.dtype != dtype or array.shape != (genes_size,) or not array.flags.c_contiguous:
            raise ValueError(f"{name} must be {np.dtype(dtype)} of shape ({genes_size},), not {_kind(array)}")
    bad = (laws.law < 0) | (laws.law > max(GeneLaw))
    if bad.any():
        raise ValueError(f"law[{int(bad.argmax())}] is {laws.law[bad.argmax()]}, expected 0 to {int(max(GeneLaw))}")


def check_sets(starts: NDArray[np.int64], stops: NDArray[np.int64], genes_size: int) -> None:
    """
    Raises:
        ValueError: The bounds of the sets are not int64 of shape (genes_size,) or a gene lies outside of its own.
    """
    genes = np.arange(genes_size)
    for name, array in (("starts", starts), ("stops", stops)):
        if array.dtype != np.int64 or array.shape != (genes_size,) or not array.flags.c_contiguous:
            raise ValueError(f"{name} must be int64 of shape ({genes_size},), not {_kind(array)}")
    bad = (starts < 0) | (starts > genes) | (stops <= genes) | (stops > genes_size)
    if bad.any():
        gene = int(bad.argmax())
        raise ValueError(f"gene {gene} lies outside of its set, {starts[gene]} to {stops[gene] - 1}")


def _kind(array: NDArray[np.generic]) -> str:
    return f"{array.dtype} of shape {array.shape}"
