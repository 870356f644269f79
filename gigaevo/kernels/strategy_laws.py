"""What the kernels of the strategy are told: populations, laws, plans and goals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

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
        REAL: A function of numbers, by its code in ``functions_checks.REAL``.
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


def packed(chosen: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Bits of shape (n, genes_size) as words of shape (n, ceil(genes_size / 64)); see ``Pool``."""
    count, genes_size = chosen.shape
    filled = np.zeros((count, -(-genes_size // 64) * 64), np.bool_)
    filled[:, :genes_size] = chosen
    return np.packbits(filled, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def unpacked(words: NDArray[np.uint64], genes_size: int) -> NDArray[np.bool_]:
    """The inverse of ``packed``."""
    octets = np.ascontiguousarray(words, "<u8").view(np.uint8)
    return np.unpackbits(octets, axis=1, count=genes_size, bitorder="little").view(np.bool_)
