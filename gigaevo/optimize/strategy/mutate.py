"""How offspring are mutated. Parents never are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gigaevo.kernels.checks.array_checks import check_rate
from gigaevo.optimize.arguments import check_whole, is_count

if TYPE_CHECKING:
    from collections.abc import Callable


class Mutate(Protocol):
    """Says how often offspring are mutated and in how many genes.

    Attributes:
        needs_cardinality: Whether ``probability_now`` looks at the cardinality of the population.
    """

    needs_cardinality: bool

    @property
    def numbers(self) -> tuple[int, int]:
        """Least and largest number of different genes that change in a chromosome that is mutated."""

    def probability_now(self, before: float | None, cardinality: Callable[[], int]) -> float:
        """The mutation probability of this generation.

        Args:
            before: The one of the last generation, None in the first.
            cardinality: Counts how many chromosomes of the population differ.
        """


class FixedMutate:
    """What mutations share whose probability is always the same."""

    mutation_probability: float

    needs_cardinality = False

    @property
    def numbers(self) -> tuple[int, int]:
        """See ``Mutate``."""
        return 1, 1

    def __post_init__(self) -> None:
        check_rate("mutation_probability", self.mutation_probability)

    def probability_now(self, before: float | None, cardinality: Callable[[], int]) -> float:
        """See ``Mutate``; always the same."""
        return self.mutation_probability


@dataclass(frozen=True)
class MutateSingleGene(FixedMutate):
    """One gene changes.

    Args:
        mutation_probability: Share of the offspring that are mutated, in [0, 1]; typically 0.01 to 0.2.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    mutation_probability: float


@dataclass(frozen=True)
class MutateMultiGene(FixedMutate):
    """``number_of_mutations`` different genes change.

    Args:
        number_of_mutations: At least 1; where a genotype has fewer genes that may change, all of these do.
        mutation_probability: See ``MutateSingleGene``.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    number_of_mutations: int
    mutation_probability: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("number_of_mutations", self.number_of_mutations)

    @property
    def numbers(self) -> tuple[int, int]:
        """See ``Mutate``."""
        return self.number_of_mutations, self.number_of_mutations


@dataclass(frozen=True)
class MutateMultiGeneRange(FixedMutate):
    """A number of different genes change, each number between two as likely.

    Args:
        number_of_mutations_range: (least, largest), both included, at least 1.
        mutation_probability: See ``MutateSingleGene``.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    number_of_mutations_range: tuple[int, int]
    mutation_probability: float

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.number_of_mutations_range
        is_pair = isinstance(given, (tuple, list)) and len(given) == 2 and is_count(given[0]) and is_count(given[1])
        if not is_pair or given[0] > given[1]:
            raise ValueError(
                f"number_of_mutations_range is {given!r}, expected two whole numbers (least, largest), least from 1"
            )

    @property
    def numbers(self) -> tuple[int, int]:
        """See ``Mutate``."""
        return self.number_of_mutations_range


class _Dynamic:
    """What mutations share whose probability follows the cardinality of the population."""

    mutation_probability_step: float
    target_cardinality: int

    needs_cardinality = True

    @property
    def numbers(self) -> tuple[int, int]:
        """See ``Mutate``."""
        return 1, 1

    def __post_init__(self) -> None:
        check_rate("mutation_probability_step", self.mutation_probability_step)
        check_whole("target_cardinality", self.target_cardinality)

    def probability_now(self, before: float | None, cardinality: Callable[[], int]) -> float:
        """See ``Mutate``: a step up while too few chromosomes differ, else a step down; within [0, 1], 0 at first."""
        if before is None:
            before = 0.0
        step = self.mutation_probability_step
        return min(1.0, before + step) if cardinality() < self.target_cardinality else max(0.0, before - step)


@dataclass(frozen=True)
class MutateSingleGeneDynamic(_Dynamic):
    """One gene changes, with a probability that holds the cardinality of the population.

    Args:
        mutation_probability_step: By how much the probability changes in a generation, in [0, 1].
        target_cardinality: Chromosomes that are to differ, at least 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    mutation_probability_step: float
    target_cardinality: int


@dataclass(frozen=True)
class MutateMultiGeneDynamic(_Dynamic):
    """``number_of_mutations`` different genes change, with a probability that holds the cardinality.

    Args:
        number_of_mutations: At least 1.
        mutation_probability_step: See ``MutateSingleGeneDynamic``.
        target_cardinality: See ``MutateSingleGeneDynamic``.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    number_of_mutations: int
    mutation_probability_step: float
    target_cardinality: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("number_of_mutations", self.number_of_mutations)

    @property
    def numbers(self) -> tuple[int, int]:
        """See ``Mutate``."""
        return self.number_of_mutations, self.number_of_mutations
