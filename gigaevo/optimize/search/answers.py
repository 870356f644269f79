"""What was asked and not yet told, and what was told and not yet used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gigaevo.optimize.search.fitness import numbers_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Rows: TypeAlias = NDArray[Any]
    Memo: TypeAlias = tuple[Rows, ...]
    # Codes, memo and ids of what was asked together, and which of them are not told yet; None: none is.
    Block: TypeAlias = tuple[Rows, Memo, NDArray[np.int64], NDArray[np.bool_] | None]


@dataclass(frozen=True, eq=False)
class Batch:
    """Candidates that an optimizer asked to be evaluated.

    Attributes:
        genomes: Shape (n, genes_size); a copy, which may be written to.
        ids: What ``tell`` knows them by, int64 of shape (n,); not to be written to.
    """

    genomes: NDArray[Any]
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: slice | ArrayLike) -> Batch:
        """Some of them; one row gives a batch of one."""
        chosen = rows if isinstance(rows, slice) else np.atleast_1d(np.asarray(rows))
        return Batch(self.genomes[chosen], self.ids[chosen])


class Answers:
    """Candidates between ``ask`` and the step that uses what was told of them.

    Attributes:
        asked: Candidates that were ever asked; ids count from 0.
        waiting: Answers that were told and wait for a step.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.waiting = 0
        self._blocks: dict[int, Block] = {}  # by first id, ascending
        self._told: list[tuple[Rows, NDArray[np.float64], Memo]] = []

    def expect(self, codes: Rows, memo: Memo) -> NDArray[np.int64]:
        """Remember candidates; their ids, an array that cannot be written to."""
        ids = np.arange(self.asked, self.asked + len(codes))
        ids.flags.writeable = False
        self._blocks[self.asked] = (codes, memo, ids, None)
        self.asked += len(codes)
        return ids

    def take(self, ids: NDArray[np.int64]) -> tuple[Rows, Memo]:
        """Codes and memo of candidates, which are forgotten.

        Raises:
            ValueError: One was never asked, was told or forgotten before, or is there twice. Nothing is forgotten then.
        """
        if not len(ids):
            return np.empty((0, 0)), ()
        block = self._blocks.get(int(ids[0]))
        if block is not None and block[3] is None and (ids is block[2] or np.array_equal(ids, block[2])):
            del self._blocks[int(ids[0])]  # a whole batch, in order: the usual case
            return block[0], block[1]
        places = self._places(ids)
        if len(np.unique(ids)) < len(ids):
            raise ValueError("a candidate is told twice at once")
        return self._pulled(ids, places)

    def add(self, codes: Rows, merits: NDArray[np.float64], memo: Memo) -> None:
        """Answers that wait for a step."""
        if len(codes):
            self._told.append((codes, merits, memo))
            self.waiting += len(codes)

    def peek(self) -> tuple[Rows, NDArray[np.float64]] | None:
        """Codes and merits of the answers that wait, which they go on doing; None where none does."""
        return joined(self._told)[:2] if self._told else None

    def next(self, n: int) -> tuple[Rows, NDArray[np.float64], Memo]:
        """The first ``n`` answers that wait, in the order in which they were told."""
        whole = self._told[0] if len(self._told) == 1 else joined(self._told)
        rest = self.waiting - n
        self._told = [(whole[0][n:], whole[1][n:], tuple(part[n:] for part in whole[2]))] if rest else []
        self.waiting = rest
        return whole[0][:n], whole[1][:n], tuple(part[:n] for part in whole[2])

    def _places(self, ids: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
        """Which of ``ids`` are in which block."""
        firsts = np.fromiter(self._blocks, np.int64, len(self._blocks))
        at = np.searchsorted(firsts, ids, side="right") - 1
        known = at >= 0
        places = {}
        for index in np.unique(at[known]).tolist():
            first, here = int(firsts[index]), (at == index).nonzero()[0]
            codes, _, _, still = self._blocks[first]
            rows = ids[here] - first
            inside = rows < len(codes)
            if still is not None:
                inside &= still[np.where(inside, rows, 0)]
            known[here] = inside
            places[first] = here
        if not known.all():
            key = int(ids[known.argmin()])
            known_once = 0 <= key < self.asked
            raise ValueError(f"candidate {key} was {'told or forgotten before' if known_once else 'never asked'}")
        return places

    def _pulled(self, ids: NDArray[np.int64], places: dict[int, NDArray[np.int64]]) -> tuple[Rows, Memo]:
        parts = []
        for first, here in places.items():
            codes, memo, own, still = self._blocks[first]
            rows = ids[here] - first
            parts.append((codes[rows], *(part[rows] for part in memo)))
            still = np.ones(len(codes), np.bool_) if still is None else still
            still[rows] = False
            if still.any():
                self._blocks[first] = (codes, memo, own, still)
            else:
                del self._blocks[first]
        if len(parts) > 1:
            order = np.argsort(np.concatenate(list(places.values())))
            parts = [tuple(np.concatenate(columns)[order] for columns in zip(*parts, strict=True))]
        return parts[0][0], parts[0][1:]


def joined(told: list[tuple[Rows, NDArray[np.float64], Memo]]) -> tuple[Rows, NDArray[np.float64], Memo]:
    """Several answers as one."""
    memos = zip(*(memo for _, _, memo in told), strict=True)
    return (
        np.concatenate([codes for codes, _, _ in told]),
        np.concatenate([merits for _, merits, _ in told]),
        tuple(np.concatenate(parts) for parts in memos),
    )


def ids_of(given: ArrayLike) -> NDArray[np.int64]:
    """Ids of candidates, shape (n,).

    Raises:
        ValueError: They are something else.
    """
    ids = np.atleast_1d(np.asarray(given))
    if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
        raise ValueError(f"batch is {given!r}, expected what ask() gave, a part of it, or its ids")
    return ids.astype(np.int64)


def values_of(name: str, given: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """What was told, as a new array of ``shape``; of one candidate the first axis may be missing.

    Raises:
        ValueError: It is something else.
    """
    try:
        values = np.array(numbers_of(given))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} is not an array of numbers: {error}") from None
    if values.shape != shape:
        if shape[0] != 1 or values.shape != shape[1:]:
            raise ValueError(f"{name} has shape {values.shape}, expected {shape}")
        values = values[None]
    return values
