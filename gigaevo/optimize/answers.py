"""What was asked and not yet told, and what was told and not yet used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Rows: TypeAlias = NDArray[Any]
    Memo: TypeAlias = tuple[Rows, ...]


@dataclass(frozen=True)
class Batch:
    """Candidates that an optimizer asked to be evaluated.

    Attributes:
        genomes: Shape (n, genes_size); a copy, which may be written to.
        ids: What ``tell`` knows them by, int64 of shape (n,).
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
        self._blocks: dict[int, tuple[Rows, Memo, NDArray[np.bool_]]] = {}  # by first id, ascending
        self._told: list[tuple[Rows, NDArray[np.float64], Memo]] = []

    def expect(self, codes: Rows, memo: Memo) -> NDArray[np.int64]:
        """Remember candidates; their ids."""
        ids = np.arange(self.asked, self.asked + len(codes))
        self._blocks[self.asked] = (codes, memo, np.ones(len(codes), np.bool_))
        self.asked += len(codes)
        return ids

    def take(self, ids: NDArray[np.int64]) -> tuple[Rows, Memo]:
        """Codes and memo of candidates, which are forgotten.

        Raises:
            ValueError: One was never asked, was told before, or is there twice. Nothing is forgotten then.
        """
        block = self._blocks.get(int(ids[0])) if len(ids) else None
        if block is not None and len(block[0]) == len(ids) and block[2].all() and (np.diff(ids) == 1).all():
            del self._blocks[int(ids[0])]  # a whole batch, in order: the usual case
            return block[0], block[1]
        firsts = np.fromiter(self._blocks, np.int64, len(self._blocks))
        at = np.searchsorted(firsts, ids, side="right") - 1
        places = (
            [(int(first), int(key - first)) for first, key in zip(firsts[at], ids, strict=True)] if len(firsts) else []
        )
        for index, key in enumerate(ids.tolist()):
            known = bool(len(firsts)) and at[index] >= 0 and places[index][1] < len(self._blocks[places[index][0]][0])
            if not known or not self._blocks[places[index][0]][2][places[index][1]]:
                asked = "was told before" if 0 <= key < self.asked else "was never asked"
                raise ValueError(f"candidate {key} {asked}")
        if len(set(ids.tolist())) < len(ids):
            raise ValueError("a candidate is told twice at once")
        return self._pulled(places)

    def add(self, codes: Rows, merits: NDArray[np.float64], memo: Memo) -> None:
        """Answers that wait for a step."""
        if len(codes):
            self._told.append((codes, merits, memo))
            self.waiting += len(codes)

    def next(self, n: int) -> tuple[Rows, NDArray[np.float64], Memo]:
        """The first ``n`` answers that wait, in the order in which they were told."""
        whole = self._told[0] if len(self._told) == 1 else joined(self._told)
        rest = self.waiting - n
        self._told = [(whole[0][n:], whole[1][n:], tuple(part[n:] for part in whole[2]))] if rest else []
        self.waiting = rest
        return whole[0][:n], whole[1][:n], tuple(part[:n] for part in whole[2])

    def _pulled(self, places: list[tuple[int, int]]) -> tuple[Rows, Memo]:
        codes, memos = [], []
        for first, row in places:
            block_codes, block_memo, open_rows = self._blocks[first]
            codes.append(block_codes[row])
            memos.append(tuple(part[row] for part in block_memo))
            open_rows[row] = False
        for first in {first for first, _ in places}:
            if not self._blocks[first][2].any():
                del self._blocks[first]
        if not codes:
            return np.empty((0, 0)), ()
        return np.stack(codes), tuple(np.stack(parts) for parts in zip(*memos, strict=True))


def joined(told: list[tuple[Rows, NDArray[np.float64], Memo]]) -> tuple[Rows, NDArray[np.float64], Memo]:
    """Several answers as one."""
    memos = zip(*(memo for _, _, memo in told), strict=True)
    return (
        np.concatenate([codes for codes, _, _ in told]),
        np.concatenate([merits for _, merits, _ in told]),
        tuple(np.concatenate(parts) for parts in memos),
    )
