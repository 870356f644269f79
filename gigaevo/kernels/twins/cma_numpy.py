"""Sampling and adaptation of CMA-ES, in numpy: the twin of ``_cma``.

After N. Hansen, "The CMA evolution strategy: a tutorial" (arXiv:1604.00772), whose equations are named below, but for
one thing: the tutorial samples and whitens by the symmetric root of the covariance, which needs its eigenvectors; here
it is the Cholesky factor, after O. Krause, D. R. Arbonès and C. Igel, "CMA-ES with optimal covariance update and
storage complexity" (2016). Samples have the same distribution, lengths are the same, and the factor costs a fortieth of
the eigenvectors. The two implementations sum in different orders: their results agree up to rounding.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.advances import Advance
from gigaevo.kernels.checks import array_checks, cma_checks, functions_checks
from gigaevo.kernels.checks.cma_checks import C_MEAN, C_MU, C_ONE, C_PATH, C_SIGMA, CHI, D_SIGMA, MU_EFF, CmaState
from gigaevo.kernels.twins.functions_numpy import drop_invalid, evaluate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.advances import Task
    from gigaevo.kernels.twins.random_numpy import RandomStream

LARGEST_RISE = 1.0  # of the logarithm of the step in one update (Hansen 2011, "Injecting external solutions")


def cma_sample(
    stream: RandomStream, state: CmaState, count: int, out: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Draw vectors: equations 38 to 40.

    Args:
        stream: Source of the normal numbers, those of a vector after those of the one before.
        state: The distribution. Not changed.
        count: How many, at least 0.
        out: Where to write them, float64 of shape (count, n); None for a new array.

    Returns:
        float64 of shape (count, n).

    Raises:
        ValueError: ``count`` is negative, or an array is not as it should be.
    """
    array_checks.check_count(count)
    cma_checks.check_state(state)
    n = len(state.mean)
    out = array_checks.output(out, (count, n))
    normal = stream.normals(count * n).reshape(count, n)
    np.matmul(normal, np.tril(state.factor).T, out=out)
    out *= state.step[0] * state.scale
    out += state.mean
    return out


def cma_update(
    state: CmaState,
    genomes: ArrayLike,
    merits: ArrayLike,
    weights: ArrayLike,
    rates: ArrayLike,
    generation: int,
    *,
    foreign: ArrayLike | None = None,
    largest: float = math.inf,
    decompose: bool = True,
) -> float:
    """Move and shape the distribution by samples of which the merits are known: equations 41 to 47.

    Args:
        state: The distribution, changed in place.
        genomes: The samples, float64 of shape (m, n), m >= 1.
        merits: Larger is better, -inf for what is invalid, never NaN; shape (m,). Of equal ones the earlier counts as
            the better.
        weights: Recombination weights from the best sample to the worst (equations 49 to 53), never rising, shape
            (m,). Those above 0 move the mean; those below 0 take variance away.
        rates: ``c_m, c_sigma, d_sigma, c_c, c_1, c_mu, mu_eff`` and the expected length of a standard normal vector,
            float64 of shape (8,).
        generation: Updates before this one.
        foreign: bool of shape (m,), true for samples that were not drawn from this distribution: they are brought no
            farther from the mean than samples usually lie (Hansen 2011). None where there is none.
        largest: Above 0: where a variable deviates by more of its units, the step is shortened.
        decompose: Whether the factor follows the covariance now. It may be left for later updates where n is large.

    Returns:
        A lower bound of the condition number of the covariance; infinity where it is no longer positive definite, for
        numbers of double precision. Then the factor is what it was.

    Raises:
        ValueError: An array is not as it should be; nothing was changed.
    """
    cma_checks.check_state(state)
    n = len(state.mean)
    points, values, ranked, constants = cma_checks.checked_samples(genomes, merits, weights, rates, n)
    injected = cma_checks.checked_foreign(foreign, len(points))
    cma_checks.check_largest(largest)
    order = np.argsort(-values, kind="stable")
    steps = (points[order] - state.mean) / (state.step[0] * state.scale)
    if injected is not None:
        _bring_near(state.factor, steps, injected[order])
    parents = int((ranked > 0.0).sum())
    move = ranked[:parents] @ steps[:parents]  # 41
    shapes = ranked * constants[C_MU]
    negative = ranked < 0.0
    whitened = _whitened(state.factor, np.vstack([move[None, :], steps[negative]]))
    shapes[negative] *= n / np.maximum(np.sum(whitened[1:] ** 2, axis=1), 1e-300)  # 46
    state.mean[:] += constants[C_MEAN] * state.step[0] * state.scale * move  # 42
    stalled = _adapt_step(state, whitened[0], constants, generation)
    _adapt_path(state.shape_path, move, constants[C_PATH], constants[MU_EFF], moves=not stalled)  # 45
    lost = constants[C_ONE] + constants[C_MU] * float(ranked.sum())
    decay = 1.0 - lost + stalled * constants[C_ONE] * constants[C_PATH] * (2.0 - constants[C_PATH])
    squares = np.outer(state.shape_path, state.shape_path) * constants[C_ONE] + (steps.T * shapes) @ steps
    state.covariance[:] = np.tril(decay * state.covariance + squares)  # 47
    widest = math.sqrt(float(np.diag(state.covariance).max()))
    if state.step[0] * widest > largest:
        state.step[0] = largest / widest
    return cma_factor(state) if decompose else _condition(state)


def cma_factor(state: CmaState) -> float:
    """Bring the factor of a distribution up to its covariance.

    Returns:
        As ``cma_update``.
    """
    cma_checks.check_state(state)
    lower = np.tril(state.covariance)
    try:
        factor = np.linalg.cholesky(lower + np.tril(lower, -1).T)
    except np.linalg.LinAlgError:
        return math.inf
    if not np.isfinite(factor).all():
        return math.inf
    state.factor[:] = factor
    return _condition(state)


def cma_fold(
    points: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    rim: ArrayLike,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Map the whole space into bounds, smoothly, and leave points well inside as they are.

    A bound is a mirror, ``rim`` outside of it, and within ``rim`` of a bound the map is a parabola that touches the
    bound where the mirror is: a function with a slope at its bound becomes one with a smooth valley. After the boundary
    transformation of N. Hansen's ``pycma``.

    Args:
        points: float64 of shape (m, n).
        lower: Shape (n,); -inf for none.
        upper: Shape (n,), not below ``lower``; inf for none.
        rim: Shape (n,), at least 0 and at most half of the range; only read where there is a bound.
        out: Where to write, float64 of shape (m, n), ``points`` itself if it may change; None for a new array.

    Returns:
        float64 of shape (m, n), within the bounds.

    Raises:
        ValueError: An array is not as it should be.
    """
    x = array_checks.float_array("points", points, 2)
    low, high, edge = cma_checks.checked_bounds(lower, upper, rim, x.shape[1])
    out = array_checks.output(out, x.shape)
    both = np.isfinite(low) & np.isfinite(high)
    with np.errstate(all="ignore"):  # of columns that lack a bound
        inside = (x >= low + edge) & (x <= high - edge)
        width = np.where(both, high - low + 2.0 * edge, np.inf)
        turn = np.where(both, 2.0 * width, np.inf)
        from_low = np.abs(x - (low - edge))
        from_low = np.where(both, np.fmod(np.where(x < low - edge, from_low, x - (low - edge)), turn), from_low)
        from_low = np.where(from_low > width, turn - from_low, from_low)
        from_high = np.where(both, width - from_low, np.abs(high + edge - x))
        near_low, near_high = from_low < 2.0 * edge, from_high < 2.0 * edge
        mapped = np.where(np.isfinite(low), low - edge + from_low, high + edge - from_high)
        mapped = np.where(near_low, low + from_low * from_low / (4.0 * edge), mapped)
        mapped = np.where(near_high & ~near_low, high - from_high * from_high / (4.0 * edge), mapped)
        mapped = np.where(inside, x, mapped)
    out[:] = np.where(mapped >= low, np.where(mapped <= high, mapped, high), low)
    return out


def cma_advance(
    stream: RandomStream,
    state: CmaState,
    task: Task,
    lower: ArrayLike,
    upper: ArrayLike,
    rim: ArrayLike,
    weights: ArrayLike,
    rates: ArrayLike,
    generation: int,
    patience: int,
    codes: NDArray[np.float64],
    merits: NDArray[np.float64],
    extremes: NDArray[np.float64],
    kept: int,
    largest: float = math.inf,
) -> tuple[Advance, float]:
    """Whole generations on a function that is compiled: sample, fold, evaluate, update.

    Args:
        stream: Source of the normal numbers.
        state: The distribution, changed in place.
        task: See ``Task``; nothing is done where its best merit is at the target.
        lower, upper, rim: Of ``cma_fold``.
        weights, rates, generation: Of ``cma_update``.
        patience: The factor follows the covariance in generations that are multiples of it.
        codes, merits: Where the last generation is written, shapes (m, n) and (m,).
        extremes: A ring of the largest and the least merit of generations, shape (w, 2).
        kept: Where in the ring the next generation goes, modulo w.
        largest: Of ``cma_update``.

    Returns:
        What was done, and what ``cma_update`` gave in the last generation. Values that are not finite count as -inf.
    """
    cma_checks.check_state(state)
    cma_checks.check_largest(largest)
    functions_checks.check_task(task, len(state.mean))
    cma_checks.check_advance(codes, merits, extremes, len(state.mean), patience, kept)
    condition, made, best, best_generation, invalid = _condition(state), 0, task.best_merit, 0, 0
    while made < task.generations and best < task.target and condition < math.inf:
        samples = cma_sample(stream, state, len(codes))
        cma_fold(samples, lower, upper, rim, codes)
        merits[:] = task.sign * evaluate(task.function, codes)
        invalid += drop_invalid(merits)
        extremes[(kept + made) % len(extremes)] = merits.max(), merits.min()
        row = int(merits.argmax())
        if merits[row] > best:
            best, best_generation, task.best_code[:] = float(merits[row]), made + 1, codes[row]
        due = (generation + made) % patience == 0
        condition = cma_update(
            state, samples, merits, weights, rates, generation + made, largest=largest, decompose=due
        )
        made += 1
    return Advance(made, invalid, best, best_generation), condition


def _bring_near(factor: NDArray[np.float64], steps: NDArray[np.float64], injected: NDArray[np.bool_]) -> None:
    """Shorten what lies farther out than sqrt(n) + 2n / (n + 2), lengths being measured by the distribution."""
    n = steps.shape[1]
    lengths = np.sqrt(np.sum(_whitened(factor, steps[injected]) ** 2, axis=1))
    limit = math.sqrt(n) + 2.0 * n / (n + 2.0)
    steps[injected] *= (limit / np.maximum(lengths, limit))[:, None]


def _whitened(factor: NDArray[np.float64], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """``factor^-1`` times each row of ``steps``."""
    return np.asarray(np.linalg.solve(np.tril(factor), steps.T).T, np.float64)


def _adapt_path(
    path: NDArray[np.float64], move: NDArray[np.float64], rate: float, mu_eff: float, *, moves: bool = True
) -> None:
    """Let a path fade by ``rate`` and add ``move`` so that its variance stays what it is."""
    path *= 1.0 - rate
    if moves:
        path += math.sqrt(rate * (2.0 - rate) * mu_eff) * move


def _adapt_step(state: CmaState, move: NDArray[np.float64], constants: NDArray[np.float64], generation: int) -> bool:
    """Equations 43 and 44; whether the path is so long that the other one should wait (h_sigma is 0)."""
    rate, chi = constants[C_SIGMA], constants[CHI]
    _adapt_path(state.step_path, move, rate, constants[MU_EFF])
    length = math.sqrt(float(np.sum(state.step_path**2)))
    state.step[0] *= math.exp(min(rate / constants[D_SIGMA] * (length / chi - 1.0), LARGEST_RISE))
    usual = math.sqrt(1.0 - (1.0 - rate) ** (2 * (generation + 1)))
    return not length < (1.4 + 2.0 / (len(move) + 1.0)) * chi * usual


def _condition(state: CmaState) -> float:
    """The largest variance of a variable over the least square on the factor's diagonal."""
    least = float(np.diag(state.factor).min()) ** 2
    return float(np.diag(state.covariance).max()) / least if least > 0.0 else math.inf
