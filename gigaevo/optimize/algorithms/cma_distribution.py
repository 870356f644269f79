"""The normal distribution that CMA-ES samples from and adapts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.cma import CmaState, cma_advance, cma_sample, cma_update

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.advances import Advance, Task
    from gigaevo.kernels.random import RandomStream

    Vector = NDArray[np.float64]

# Of the tutorial's weights below 0. A little less of them loses hardly anything where variables depend on each other,
# and gains where the problem is round, as they make the shape noisier.
NEGATIVE = 0.8
# Of c_sigma in the damping of the step size, where the tutorial takes the whole. Half of it, and the shorter memory of
# the edition of 2009 (3 for 5 in equation 55), save a hundredth of the evaluations on the sphere and Ackley's function
# with small populations, and lose nothing on ill-conditioned ones (docs/optimize_cma.md).
DAMPING = 0.5
RIM = 0.05  # of the range on either side of a bound, in which the fold makes a parabola of the bound
LAZINESS = 10  # the factor follows the covariance every 1 / (10 n (c_1 + c_mu)) updates, as the tutorial advises


def default_population(n: int) -> int:
    """4 + 3 ln n, rounded down: as many candidates as a generation of ``n`` variables needs (equation 48)."""
    return 4 + int(3.0 * math.log(n))


def recombination(n: int, population_size: int, *, active: bool = True) -> tuple[Vector, Vector]:
    """The weights of ranks and the rates of learning, by the table of default parameters of Hansen's tutorial.

    Args:
        n: Variables.
        population_size: Samples of an update, at least 2.
        active: Whether the worse half takes variance away (G. A. Jastrebski and D. V. Arnold, 2006), by ``NEGATIVE``
            of what the tutorial says.

    Returns:
        ``weights`` and ``rates`` as ``gigaevo.kernels.cma.cma_update`` takes them.
    """
    raw = math.log((population_size + 1) / 2) - np.log(np.arange(1, population_size + 1))  # 49
    parents = population_size // 2
    better, worse = raw[:parents], raw[parents:]
    mu_eff = float(better.sum() ** 2 / (better**2).sum())
    mu_worse = float(worse.sum() ** 2 / (worse**2).sum())
    c_one = 2.0 / ((n + 1.3) ** 2 + mu_eff)  # 57
    c_mu = min(1.0 - c_one, 2.0 * (0.25 + mu_eff + 1.0 / mu_eff - 2.0) / ((n + 2.0) ** 2 + mu_eff))  # 58
    weights = np.zeros(population_size)
    weights[:parents] = better / better.sum()  # 53
    if active:
        most = min(1.0 + c_one / c_mu, 1.0 + 2.0 * mu_worse / (mu_eff + 2.0), (1.0 - c_one - c_mu) / (n * c_mu))
        weights[parents:] = NEGATIVE * max(most, 0.0) * np.minimum(worse, 0.0) / -worse.sum()  # 50 to 53
    c_sigma = (mu_eff + 2.0) / (n + mu_eff + 3.0)  # 55, with 3 in place of its 5
    d_sigma = 1.0 + 2.0 * max(0.0, math.sqrt((mu_eff - 1.0) / (n + 1.0)) - 1.0) + DAMPING * c_sigma
    c_path = (4.0 + mu_eff / n) / (n + 4.0 + 2.0 * mu_eff / n)  # 56
    chi = math.sqrt(n) * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n))
    return weights, np.array([1.0, c_sigma, d_sigma, c_path, c_one, c_mu, mu_eff, chi])


class CmaDistribution:
    """Samples vectors and learns from their merits, as CMA-ES does; without bounds and without stops.

    Args:
        mean: Where it begins, shape (n,), n >= 1.
        sigma: The first step length, positive: standard deviations are ``sigma * scale``.
        scale: The unit of each variable, positive, shape (n,); None: all 1.
        population_size: Samples of a usual update, at least 2; None: ``default_population(n)``.
        active: See ``recombination``.
        largest: No variable deviates by more than this many of its units for long.

    Attributes:
        population_size: See above.
        generation: Updates so far.
        condition: A lower bound of the condition number of the covariance, in the units of the variables.
    """

    def __init__(
        self,
        mean: ArrayLike,
        sigma: float,
        *,
        scale: ArrayLike | None = None,
        population_size: int | None = None,
        active: bool = True,
        largest: float = math.inf,
    ) -> None:
        centre = np.array(mean, np.float64)
        n = len(centre)
        unit = np.ones(n) if scale is None else np.array(scale, np.float64)
        self._state = CmaState(centre, np.array([float(sigma)]), unit, np.eye(n), np.eye(n), np.zeros(n), np.zeros(n))
        self.population_size = default_population(n) if population_size is None else population_size
        self._active = active
        self._largest = largest
        self.generation = 0
        self.condition = 1.0
        self._settle()

    def _settle(self) -> None:
        """Look up what follows from the sizes."""
        n = len(self._state.mean)
        self._weights, self._rates = recombination(n, self.population_size, active=self._active)
        self._patience = max(1, int(1.0 / (LAZINESS * n * (self._rates[4] + self._rates[5]))))

    def __getstate__(self) -> dict[str, Any]:
        arrays = dict(zip(CmaState._fields, self._state, strict=True))
        numbers = (self.population_size, self._active, self._largest, self.generation, self.condition)
        return {"arrays": arrays, "numbers": numbers}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._state = CmaState(**state["arrays"])
        self.population_size, self._active, self._largest, self.generation, self.condition = state["numbers"]
        self._settle()

    @property
    def mean(self) -> Vector:
        """Shape (n,); not to be changed."""
        return self._state.mean

    @property
    def sigma(self) -> float:
        """The step length."""
        return float(self._state.step[0])

    @property
    def scale(self) -> Vector:
        """The unit of each variable, shape (n,); may be changed between updates, to numbers above 0."""
        return self._state.scale

    @property
    def deviations(self) -> Vector:
        """The standard deviation of each variable, shape (n,)."""
        spread: Vector = self._state.step[0] * self._state.scale * np.sqrt(np.diag(self._state.covariance))
        return spread

    @property
    def covariance(self) -> Vector:
        """Of the samples, shape (n, n)."""
        lower = np.tril(self._state.covariance)
        spread = self._state.step[0] * self._state.scale
        symmetric: Vector = (lower + np.tril(lower, -1).T) * np.outer(spread, spread)
        return symmetric

    def sample(self, n: int, stream: RandomStream) -> Vector:
        """``n`` vectors, shape (n, variables)."""
        return cma_sample(stream, self._state, n)

    def update(self, samples: Vector, merits: Vector, foreign: NDArray[np.bool_] | None = None) -> bool:
        """Learn from samples.

        Args:
            samples: Shape (m, n). Fewer or more than ``population_size`` count with the weights of their number.
            merits: Larger is better, shape (m,); minus infinity where invalid, not NaN.
            foreign: Which of them come from elsewhere, such as an earlier state of the distribution, shape (m,); their
                pull is limited. None: no one.

        Returns:
            Whether the covariance is still sound. Where rounding has spoiled it, it is set back to the last sound one.
        """
        weights, rates = self._weights, self._rates
        if len(samples) != self.population_size:
            if len(samples) < 2:
                return True  # one sample tells nothing of the others
            weights, rates = recombination(len(self.mean), len(samples), active=self._active)
        due = self.generation % self._patience == 0
        condition = cma_update(
            self._state,
            samples,
            merits,
            weights,
            rates,
            self.generation,
            foreign=foreign,
            largest=self._largest,
            decompose=due,
        )
        return self._noted(1, condition)

    def advance(
        self,
        task: Task,
        bounds: tuple[Vector, Vector, Vector],
        stream: RandomStream,
        *,
        codes: Vector,
        merits: Vector,
        extremes: Vector,
        kept: int,
    ) -> tuple[Advance, bool]:
        """Whole generations on a compiled function, as ``gigaevo.kernels.cma.cma_advance`` says.

        Args:
            task: Function and direction, how many generations at most, and what ends them before.
            bounds: lower, upper and rim of the fold.
            stream: Source of the normal numbers.
            codes: Where the last generation is written, shape (population_size, n).
            merits: Where its merits are written, shape (population_size,).
            extremes: A ring of the largest and the least merit of generations, shape (w, 2).
            kept: Generations that are in the ring.

        Returns:
            What was done, and whether the covariance is sound after it.
        """
        made, condition = cma_advance(
            stream,
            self._state,
            task,
            *bounds,
            self._weights,
            self._rates,
            self.generation,
            self._patience,
            codes,
            merits,
            extremes,
            kept,
            self._largest,
        )
        return made, self._noted(made.generations, condition)

    def _noted(self, updates: int, condition: float) -> bool:
        """Count updates; whether the covariance is sound after them. If not, it is set back."""
        self.generation += updates
        if condition == math.inf:
            self._state.covariance[:] = np.tril(self._state.factor @ self._state.factor.T)
            return False
        self.condition = condition
        return True
