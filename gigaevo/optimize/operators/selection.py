"""Selection of parents: six methods, as functions on lists of fitness and as parts of a genetic algorithm.

Fitness is the larger the better here, as everywhere in the functions of the ``evolutionary_optimizer`` document.
Candidates with a fitness of NaN or minus infinity are invalid: they are never selected while there is a valid one.
The functions return positions in ``fitnesses``: a list of ints, or an int64 array where ``fitnesses`` is an array.
``seed`` is a whole number, a numpy Generator or SeedSequence, or None for a fresh one each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, overload

import numpy as np

from gigaevo.kernels import selection
from gigaevo.kernels.checks import array_checks
from gigaevo.kernels.checks.array_checks import check_not_negative, check_rate
from gigaevo.kernels.random import RandomStream
from gigaevo.optimize.arguments import brief, check_whole
from gigaevo.optimize.seeds import seed_sequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigaevo.optimize.operators.base import Selection
    from gigaevo.optimize.seeds import Seed

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class SelectionMethod(Enum):
    """The selection methods by name; the value is the word for it in ``evolve(selection=...)``."""

    Tournament = "tournament"
    Uniform = "uniform"
    RouletteWheel = "roulette"
    Rank = "rank"
    Ucb1 = "ucb1"
    EpsilonGreedy = "epsilon_greedy"

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Tournament:
    """The best of ``size`` candidates that are drawn with replacement.

    Args:
        size: Contestants, at least 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    size: int = 3

    def __post_init__(self) -> None:
        check_whole("size", self.size, 1)

    def select(self, merits: Floats, count: int, stream: RandomStream, counts: Ints | None = None) -> Ints:
        """See ``base.Selection``."""
        return selection.tournament(merits, count, self.size, stream)


@dataclass(frozen=True)
class Roulette:
    """Each candidate with probability proportional to its merit above the least one.

    Args:
        floor: Added to it, as a fraction of the distance from the least to the greatest: the chance of the worst; 0
            or more.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    floor: float = 1e-6

    def __post_init__(self) -> None:
        check_not_negative("floor", self.floor)

    def select(self, merits: Floats, count: int, stream: RandomStream, counts: Ints | None = None) -> Ints:
        """See ``base.Selection``."""
        return selection.roulette(merits, count, stream, self.floor)


@dataclass(frozen=True)
class RankSelection:
    """Each candidate with probability proportional to its rank, 1 for the worst."""

    def select(self, merits: Floats, count: int, stream: RandomStream, counts: Ints | None = None) -> Ints:
        """See ``base.Selection``."""
        return selection.rank(merits, count, stream)


@dataclass(frozen=True)
class UniformSelection:
    """Any candidate."""

    def select(self, merits: Floats, count: int, stream: RandomStream, counts: Ints | None = None) -> Ints:
        """See ``base.Selection``."""
        return selection.uniform(merits, count, stream)


@dataclass(frozen=True)
class EpsilonGreedy:
    """With probability ``epsilon`` any candidate, else the best.

    Args:
        epsilon: That probability, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    epsilon: float = 0.1

    def __post_init__(self) -> None:
        check_rate("epsilon", self.epsilon)

    def select(self, merits: Floats, count: int, stream: RandomStream, counts: Ints | None = None) -> Ints:
        """See ``base.Selection``."""
        return selection.epsilon_greedy(merits, count, self.epsilon, stream)


@dataclass(frozen=True)
class Ucb1:
    """The candidate of the greatest upper confidence bound; needs ``counts``, and draws nothing.

    Args:
        exploration: Weight of the bonus for those that were selected rarely, 0 or more. The bonus is about 1 in size:
            merits are best of that size too.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    exploration: float = 1.0

    def __post_init__(self) -> None:
        check_not_negative("exploration", self.exploration)

    def select(self, merits: Floats, count: int, stream: RandomStream, counts: Ints | None = None) -> Ints:
        """See ``base.Selection``."""
        selected = np.zeros(len(merits), np.int64) if counts is None else counts
        return selection.ucb1(merits, selected, int(selected.sum()), count, self.exploration)


def selection_of(
    method: str | SelectionMethod | Selection, *, tournament_size: int = 3, epsilon: float = 0.1
) -> Selection:
    """The part that ``method`` names; what is none of the names is taken as a part itself.

    Raises:
        ValueError: There is no such method.
        TypeError: It is something that cannot select.
    """
    if not isinstance(method, (str, SelectionMethod)):
        if isinstance(method, type) or not callable(getattr(method, "select", None)):
            raise TypeError(
                f"selection is {brief(method)}, expected something that can select, such as Tournament(), or a name"
            )
        return method
    parts: dict[SelectionMethod, Selection] = {
        SelectionMethod.Tournament: Tournament(tournament_size),
        SelectionMethod.Uniform: UniformSelection(),
        SelectionMethod.RouletteWheel: Roulette(),
        SelectionMethod.Rank: RankSelection(),
        SelectionMethod.Ucb1: Ucb1(),
        SelectionMethod.EpsilonGreedy: EpsilonGreedy(epsilon),
    }
    return parts[method_of(method)]


def method_of(method: str | SelectionMethod) -> SelectionMethod:
    """The method itself, or the one of that name.

    Raises:
        ValueError: There is no such method.
    """
    words = [known.value for known in SelectionMethod]
    if not isinstance(method, SelectionMethod) and not (isinstance(method, str) and method in words):
        raise ValueError(f"selection is {brief(method)}, expected one of {', '.join(words)}")
    return SelectionMethod(method)


@overload
def tournament_select(fitnesses: Floats, tournament_size: int = ..., count: int = ..., seed: Seed = ...) -> Ints: ...
@overload
def tournament_select(
    fitnesses: Sequence[float], tournament_size: int = ..., count: int = ..., seed: Seed = ...
) -> list[int]: ...
def tournament_select(
    fitnesses: Sequence[float] | Floats, tournament_size: int = 3, count: int = 1, seed: Seed = None
) -> list[int] | Ints:
    """The winners of ``count`` tournaments of ``tournament_size`` candidates, drawn with replacement.

    The greatest fitness wins; of equal ones, the first that was drawn.

    Raises:
        ValueError: ``tournament_size`` is below 1, ``count`` below 0, or there are no fitnesses.
    """
    check_whole("tournament_size", tournament_size, 1)
    return _picked(Tournament(tournament_size), fitnesses, count, seed)


@overload
def roulette_select(fitnesses: Floats, count: int = ..., seed: Seed = ...) -> Ints: ...
@overload
def roulette_select(fitnesses: Sequence[float], count: int = ..., seed: Seed = ...) -> list[int]: ...
def roulette_select(fitnesses: Sequence[float] | Floats, count: int = 1, seed: Seed = None) -> list[int] | Ints:
    """``count`` positions, each with probability ``(fitness - least + e) / sum``.

    ``e`` is a millionth of the distance from the least fitness to the greatest, so that negative fitnesses and those of
    any scale will do. Equal fitnesses are equally likely.

    Raises:
        ValueError: ``count`` is below 0, or there are no fitnesses.
    """
    return _picked(Roulette(), fitnesses, count, seed)


@overload
def rank_select(fitnesses: Floats, count: int = ..., seed: Seed = ...) -> Ints: ...
@overload
def rank_select(fitnesses: Sequence[float], count: int = ..., seed: Seed = ...) -> list[int]: ...
def rank_select(fitnesses: Sequence[float] | Floats, count: int = 1, seed: Seed = None) -> list[int] | Ints:
    """``count`` positions, each with probability proportional to rank: 1 for the worst, n for the best of n.

    Equal fitnesses are equally likely: they share the mean of their ranks.

    Raises:
        ValueError: ``count`` is below 0, or there are no fitnesses.
    """
    return _picked(RankSelection(), fitnesses, count, seed)


@overload
def uniform_select(fitnesses: Floats, count: int = ..., seed: Seed = ...) -> Ints: ...
@overload
def uniform_select(fitnesses: Sequence[float], count: int = ..., seed: Seed = ...) -> list[int]: ...
def uniform_select(fitnesses: Sequence[float] | Floats, count: int = 1, seed: Seed = None) -> list[int] | Ints:
    """``count`` positions, all equally likely.

    Raises:
        ValueError: ``count`` is below 0, or there are no fitnesses.
    """
    return _picked(UniformSelection(), fitnesses, count, seed)


@overload
def epsilon_greedy_select(fitnesses: Floats, epsilon: float = ..., count: int = ..., seed: Seed = ...) -> Ints: ...
@overload
def epsilon_greedy_select(
    fitnesses: Sequence[float], epsilon: float = ..., count: int = ..., seed: Seed = ...
) -> list[int]: ...
def epsilon_greedy_select(
    fitnesses: Sequence[float] | Floats, epsilon: float = 0.1, count: int = 1, seed: Seed = None
) -> list[int] | Ints:
    """``count`` positions: with probability ``epsilon`` any, else that of the greatest fitness, the first if equal.

    Raises:
        ValueError: ``epsilon`` is not in [0, 1], ``count`` below 0, or there are no fitnesses.
    """
    return _picked(EpsilonGreedy(epsilon), fitnesses, count, seed)


@overload
def ucb1_select(
    fitnesses: Floats, selection_counts: Sequence[int] | Ints, total_selections: int | None = ..., count: int = ...
) -> Ints: ...
@overload
def ucb1_select(
    fitnesses: Sequence[float],
    selection_counts: Sequence[int] | Ints,
    total_selections: int | None = ...,
    count: int = ...,
) -> list[int]: ...
def ucb1_select(
    fitnesses: Sequence[float] | Floats,
    selection_counts: Sequence[int] | Ints,
    total_selections: int | None = None,
    count: int = 1,
) -> list[int] | Ints:
    """``count`` positions by the upper confidence bound ``fitness + sqrt(2 ln(total_selections) / selections)``.

    From Auer et al. (2002). Nothing is drawn, so there is no seed. Those that were never selected come first, the
    fittest before the others; of equal ones, the first. Each position counts as selected before the next is chosen, in
    numbers of this call: ``selection_counts`` stays as it is, and keeping it is left to the caller.

    Args:
        selection_counts: How often each has been selected.
        total_selections: How often any has been; None for the sum of ``selection_counts``.

    Raises:
        ValueError: ``selection_counts`` is of another length than ``fitnesses`` or negative, ``total_selections`` or
            ``count`` is negative, or there are no fitnesses.
    """
    merits = _merits(fitnesses, count)
    counts = array_checks.int_array("selection_counts", selection_counts, 1)
    array_checks.check_shape("selection_counts", counts, merits.shape)
    if counts.min(initial=0) < 0:
        raise ValueError(f"selection_counts[{counts.argmin()}] is {counts.min()}, expected 0 or more")
    total = int(counts.sum()) if total_selections is None else total_selections
    check_whole("total_selections", total, 0)
    picked = selection.ucb1(merits, counts, total, count)
    return picked if isinstance(fitnesses, np.ndarray) else picked.tolist()


def _merits(fitnesses: Sequence[float] | Floats, count: int) -> Floats:
    merits = array_checks.float_array("fitnesses", fitnesses, 1)
    check_whole("count", count, 0)
    if count and not len(merits):
        raise ValueError(f"fitnesses is empty, there is nothing to select (count is {count})")
    return merits


def _picked(part: Selection, fitnesses: Sequence[float] | Floats, count: int, seed: Seed) -> list[int] | Ints:
    picked = part.select(_merits(fitnesses, count), count, RandomStream(seed_sequence(seed)))
    return picked if isinstance(fitnesses, np.ndarray) else picked.tolist()
