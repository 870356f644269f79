"""Training on the past, judging on what came after it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gigaevo.optimize.arguments import check_number, check_truth, check_whole

ROUNDING = 1e-9  # ticks: 0.29 of 100 are 29, though 100 * 0.29 < 29


@dataclass(frozen=True)
class Window:
    """A stretch of data to train on, and the one after it to judge on: half-open ranges of ticks.

    Attributes:
        train: (start, stop) of the training part.
        test: (start, stop) of the held-out part; begins where training ends or later.
    """

    train: tuple[int, int]
    test: tuple[int, int]


@dataclass(frozen=True)
class WalkForward:
    """Several windows, each a step further in time.

    Args:
        n_windows: How many, at least 1. Their held-out parts lie end to end and are about equally long.
        anchored: Whether every training part begins at the start of the data and so grows; else it rolls along with a
            constant length.
        fraction_train: Share of the first window, between 0 and 1, that is trained on.
        gap: Ticks between training and held-out part that neither sees, for what reaches over the cut.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    n_windows: int = 5
    anchored: bool = False
    fraction_train: float = 0.7
    gap: int = 0

    def __post_init__(self) -> None:
        check_whole("n_windows", self.n_windows)
        check_whole("gap", self.gap, 0)
        check_truth("anchored", self.anchored)
        check_fraction(self.fraction_train)
        if self.fraction_train == 1.0:
            raise ValueError("fraction_train is 1.0, expected a number below 1: windows need a held-out part")

    def windows(self, ticks: int) -> list[Window]:
        """The windows of ``ticks`` ticks, in order of time.

        With a held-out part of h ticks and a first training part of t, the whole is t + gap + n_windows * h.

        Raises:
            ValueError: There are too few ticks for parts of at least one each.
        """
        n_windows, gap = int(self.n_windows), int(self.gap)
        share = (1.0 - self.fraction_train) / self.fraction_train  # of the held-out to the training part
        train = int((ticks - gap) / (1.0 + n_windows * share) + ROUNDING)
        held_out = ticks - gap - train
        if train < 1 or held_out < n_windows:
            raise ValueError(f"{ticks} ticks are too few for {n_windows} windows with a gap of {gap}")
        cuts = [train + gap + held_out * index // n_windows for index in range(n_windows + 1)]
        return [
            Window((0 if self.anchored else cut - gap - train, cut - gap), (cut, following))
            for cut, following in pairwise(cuts)
        ]


def split(data: Any, fraction_train: float = 0.7) -> tuple[Any, Any]:
    """The first ``fraction_train`` of ``data``, and the rest.

    Args:
        data: A sequence, an array, or a table of columns; see ``part_of``.
        fraction_train: Above 0, at most 1; with 1 the rest is empty.

    Raises:
        ValueError: A part that should not be would be empty.
    """
    check_fraction(fraction_train)
    ticks = ticks_of(data)
    cut = int(ticks * fraction_train + ROUNDING)
    if cut < 1 or (fraction_train < 1.0 and cut == ticks):
        raise ValueError(f"{ticks} ticks are too few to be split at fraction_train {fraction_train}")
    return part_of(data, 0, cut), part_of(data, cut, ticks)


def check_fraction(fraction_train: float) -> None:
    """Raise ValueError if it is not above 0 and at most 1."""
    check_number("fraction_train", fraction_train, 0.0, 1.0, above=True)


def ticks_of(data: Any) -> int:
    """Entries of a sequence, or of each column of a table."""
    if isinstance(data, dict):
        lengths = {len(column) for column in data.values()}
        if len(lengths) != 1:
            raise ValueError(f"the columns of data have the lengths {sorted(lengths)}, expected one length")
        return lengths.pop()
    try:
        return len(data)
    except TypeError:
        raise ValueError(f"data is a {type(data).__name__}, expected a sequence, an array or a table") from None


def part_of(data: Any, start: int, stop: int) -> Any:
    """Entries ``start`` to ``stop - 1`` of a sequence or an array, the rows of a data frame, or of each column."""
    if isinstance(data, dict):
        return {name: column[start:stop] for name, column in data.items()}
    if hasattr(data, "iloc"):
        return data.iloc[start:stop]
    return data[start:stop]
