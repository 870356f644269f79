"""Which rows are new: the twin of ``_distinct``, with the same results and the same errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels import distinct_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def new_rows(rows: ArrayLike, known: ArrayLike) -> NDArray[np.int64]:
    """Which of ``rows`` are the same as no row of ``known`` and none before.

    Rows are the same if their bytes are: 0.0 and -0.0 differ.

    Args:
        rows: Shape (n, d), of numbers of any type.
        known: Shape (k, d), of the same type.

    Returns:
        int64, ascending.

    Raises:
        ValueError: The arrays differ in type or length of rows, or have other dimensions.
    """
    given, before = distinct_checks.plain_rows("rows", rows), distinct_checks.plain_rows("known", known)
    distinct_checks.check_alike(given, before)
    met = {row.tobytes() for row in before}
    found = []
    for number, row in enumerate(given):
        content = row.tobytes()
        if content not in met:
            met.add(content)
            found.append(number)
    return np.array(found, np.int64)
