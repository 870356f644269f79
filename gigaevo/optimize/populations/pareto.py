"""Several objectives at once: fronts, crowding, NSGA-II's selection, hypervolume.

The functions of the ``evolutionary_optimizer`` document. They return lists, or arrays where ``objectives`` is an array;
fronts are a list of one or the other. Objectives are maximised, as there;
``maximize=False`` turns all of them, one word for each turns some. Candidates with a NaN objective are invalid: they
make up one last front, and are in no Pareto front.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels import pareto
from gigaevo.kernels.checks import array_checks
from gigaevo.kernels.checks.pareto_checks import check_objectives
from gigaevo.kernels.hypervolume import hypervolume as volume_of
from gigaevo.optimize.arguments import brief, is_whole
from gigaevo.optimize.records import Record
from gigaevo.optimize.search.search_state import signs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Merits = NDArray[np.float64]


@dataclass(frozen=True)
class Nsga2Selection(Record):
    """What ``nsga2_select`` gives back. Answers to attributes and to items alike.

    Attributes:
        selected_indices: Who was selected, the best first: by front, then by crowding distance, then by index.
        pareto_front_indices: Whom nobody dominates, ascending; whether selected or not.
        fronts: All fronts, as ``non_dominated_sort`` gives them.
    """

    selected_indices: Any
    pareto_front_indices: Any
    fronts: list[Any]


def non_dominated_sort(objectives: ArrayLike, *, maximize: bool | Sequence[bool] = True) -> list[Any]:
    """The fronts, best first; indices ascend in each.

    A candidate dominates another if it is at least as good in every objective and better in one. The first front is of
    those that none dominates, the next of those that none dominates once the first is gone, and so on.

    Args:
        objectives: Shape (n, m).
        maximize: Whether larger is better; one word for each objective where they differ.

    Raises:
        ValueError: ``objectives`` is of another shape or not of numbers, or ``maximize`` does not fit.
    """
    return _fronts(pareto.non_dominated_ranks(_merits(objectives, maximize)), objectives)


def pareto_front(objectives: ArrayLike, *, maximize: bool | Sequence[bool] = True) -> Any:
    """Indices of the candidates that none dominates, ascending.

    For arguments and errors see ``non_dominated_sort``.
    """
    merits = _merits(objectives, maximize)
    return _first_front(merits, pareto.non_dominated_ranks(merits), objectives)


def crowding_distance_assign(
    objectives: ArrayLike, front_indices: ArrayLike, *, maximize: bool | Sequence[bool] = True
) -> Any:
    """The crowding distance of each candidate of a front (Deb, Pratap, Agarwal and Meyarivan, 2002).

    For each objective, the gap between the neighbours on either side, divided by the width of the front; the mean over
    the objectives. The first and the last in an objective have infinite distance, and so has each of one or two.

    Args:
        objectives: Shape (n, m).
        front_indices: Which of them are the front, shape (k,).
        maximize: Distances are the same in either direction, but for equal candidates, of which the first and the last
            have the neighbours.

    Returns:
        k distances, in the order of ``front_indices``.

    Raises:
        ValueError: An index is not one of ``objectives``, or as ``non_dominated_sort``.
    """
    merits = _merits(objectives, maximize)
    front = array_checks.int_array("front_indices", front_indices, 1)
    array_checks.check_below("front_indices", front, len(merits))
    return _as_given(pareto.crowding(merits, front), objectives)


def nsga2_select(objectives: ArrayLike, n_select: int, *, maximize: bool | Sequence[bool] = True) -> Nsga2Selection:
    """The ``n_select`` best by front, and in the same front by crowding distance, the larger first.

    Args:
        objectives: Shape (n, m).
        n_select: 0 to n.
        maximize: See ``non_dominated_sort``.

    Raises:
        ValueError: ``n_select`` is out of its range, or as ``non_dominated_sort``.
    """
    merits = _merits(objectives, maximize)
    if not is_whole(n_select) or n_select > len(merits):
        raise ValueError(f"n_select is {brief(n_select)}, expected 0 to {len(merits)}, the number of candidates")
    count = int(n_select)
    ranks, distances = pareto.ranks_and_crowding(merits)
    best_first = np.lexsort((-distances, ranks))
    return Nsga2Selection(
        selected_indices=_as_given(best_first[:count], objectives),
        pareto_front_indices=_first_front(merits, ranks, objectives),
        fronts=_fronts(ranks, objectives),
    )


def hypervolume(objectives: ArrayLike, reference: ArrayLike, *, maximize: bool | Sequence[bool] = True) -> float:
    """The volume that ``objectives`` dominate, as far as ``reference``: how good a front is, in one number.

    Exact for any number of objectives; the time grows steeply with them (100 candidates of a front: 4 microseconds for
    two objectives, 6 for three, 0.7 milliseconds for six, ``benchmarks/bench_pareto.py``).

    Args:
        objectives: Shape (n, m). Candidates that are not better than the reference in all objectives count nothing.
        reference: Shape (m,), finite, worse than what is to count.
        maximize: See ``non_dominated_sort``.

    Raises:
        ValueError: ``reference`` does not fit, or as ``non_dominated_sort``.
    """
    corner = array_checks.float_array("reference", reference, 1)
    if np.shape(objectives) == (0,):
        objectives = np.empty((0, corner.size))
    merits = _merits(objectives, maximize)
    array_checks.check_shape("reference", corner, merits.shape[1:])
    return volume_of(merits, corner * signs(maximize, merits.shape[1]))


def _merits(objectives: ArrayLike, maximize: bool | Sequence[bool]) -> Merits:
    """The objectives as an array in which larger is better."""
    try:
        given = np.asarray(objectives)
    except ValueError:
        raise ValueError("objectives has rows of several lengths, expected shape (n, m)") from None
    if given.shape == (0,):  # nobody: of how many objectives is not known
        given = np.empty((0, 1))
    rows = array_checks.float_array("objectives", given, 2)
    check_objectives(rows)
    return rows * signs(maximize, rows.shape[1])


def _fronts(ranks: NDArray[np.int64], objectives: ArrayLike) -> list[Any]:
    """Members of each front, ascending."""
    if not len(ranks):
        return []
    members = np.split(np.argsort(ranks, kind="stable"), np.cumsum(np.bincount(ranks))[:-1])
    return [_as_given(front, objectives) for front in members]


def _first_front(merits: Merits, ranks: NDArray[np.int64], objectives: ArrayLike) -> Any:
    return _as_given(np.flatnonzero((ranks == 0) & ~np.isnan(merits).any(axis=1)), objectives)


def _as_given(made: NDArray[Any], objectives: ArrayLike) -> Any:
    """An array where ``objectives`` is one, else a list."""
    return made if isinstance(objectives, np.ndarray) else made.tolist()
