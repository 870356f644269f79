"""Children of the elites of an archive, in numpy: the twin of ``_emission``. The two draw different numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import emission_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.twins.random_numpy import RandomStream


def iso_line(
    pool: ArrayLike,
    count: int,
    sigma: ArrayLike,
    line_sigma: float,
    lower: ArrayLike,
    upper: ArrayLike,
    stream: RandomStream,
    rows: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Children that lie around a parent and along the line to another one.

    A child is ``x + sigma N(0, 1) + line_sigma (y - x) N(0, 1)``, the first normal number drawn for each gene and the
    second once; what is beyond a bound is put onto it. After V. Vassiliades and J.-B. Mouret, "Discovering the elite
    hypervolume by leveraging interspecies correlation" (GECCO 2018).

    Args:
        pool: What parents are drawn from, float64 of shape (elites, d), at least one.
        count: Children, 0 or more.
        sigma: Standard deviation of each gene, shape (d,), 0 or more.
        line_sigma: Standard deviation along the line, in units of the distance between the parents; 0 for none, and
            no second parent is drawn.
        lower: Least value of each gene, shape (d,); minus infinity for none.
        upper: Greatest value of each gene, shape (d,), not below ``lower``; infinity for none.
        stream: Source of the random numbers.
        rows: First parents, int64 of shape (count,); None: drawn uniformly. The second ones always are.

    Returns:
        float64 of shape (count, d).

    Raises:
        ValueError: An argument does not fit its description; the text names it.
    """
    given = emission_checks.checked_emission(pool, count, sigma, line_sigma, lower, upper, rows)
    elites, d = given.pool.shape
    first = given.pool[stream.integers(count, elites) if given.rows is None else given.rows]
    children: NDArray[np.float64] = first + stream.normals(count * d).reshape(count, d) * given.sigma
    if given.line_sigma > 0.0:
        second = given.pool[stream.integers(count, elites)]
        children += (second - first) * (given.line_sigma * stream.normals(count)[:, None])
    return np.clip(children, given.lower, given.upper, out=children)
