"""Selection that changes over a run: by how often an elite was tried, or by how far the run has come."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gigaevo.evolution.strategies.archive import ArchiveView, RowArray
from gigaevo.evolution.strategies.elite_base import FitnessEliteSelector
from gigaevo.evolution.strategies.parts import FloatArray


class UCB1EliteSelector(FitnessEliteSelector):
    """Elites as arms of a bandit: the fit and the seldom tried first, after UCB1 (Auer, Cesa-Bianchi, Fischer, 2002).

    An elite's index is its fitness, scaled to [0, 1] over the archive, plus
    ``exploration * sqrt(2 ln(1 + N) / (1 + n))``: n is how often it was chosen since it came, N the sum of these over
    the archive. (In UCB1 the mean reward stands in place of the fitness, and every arm is tried once before: in an
    archive of thousands of cells that would take the whole run.) The elites with the largest index are taken, without
    replacement, of equals the lower row; nothing is drawn. A plain call, which knows no archive, takes all for untried.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
        exploration: Weight of having been tried seldom, at least 0; 0 is greedy, 1 is UCB1's.

    Raises:
        ValueError: The weight is negative or not finite.
    """

    def __init__(
        self,
        *,
        fitness_key: str | None = None,
        fitness_key_higher_is_better: bool | None = None,
        exploration: float = 1.0,
    ) -> None:
        super().__init__(fitness_key=fitness_key, fitness_key_higher_is_better=fitness_key_higher_is_better)
        if not 0.0 <= exploration < math.inf:
            raise ValueError(f"exploration must be a finite number from 0 on; found {exploration}")
        self.exploration = exploration

    def select_rows(self, archive: ArchiveView, total: int) -> RowArray:
        return self.foremost(archive.metric(self.fitness_key), archive.selections, total)

    def draw(self, values: FloatArray, total: int) -> RowArray:
        return self.foremost(values, np.zeros(len(values), dtype=np.int64), total)

    def foremost(self, values: FloatArray, selections: npt.NDArray[np.int64], total: int) -> RowArray:
        """The rows with the largest index, the largest first.

        Args:
            values: The metric of each elite in its own sign, shape (n,), n >= 1.
            selections: How often each was chosen, shape (n,).
            total: How many rows are wanted; all where there are fewer.
        """
        merit = _relative(self.signed(values))
        merit -= merit.min()
        merit /= merit.max() or 1.0
        merit += self.exploration * np.sqrt(2.0 * math.log1p(selections.sum()) / (1.0 + selections))
        total = min(total, len(merit))
        # Whoever reaches the index of the last place; few but for ties, so that the sort is short.
        able = np.flatnonzero(merit >= np.partition(merit, -total)[-total])
        return able[np.argsort(-merit[able], kind="stable")[:total]]


class BoltzmannEliteSelector(FitnessEliteSelector):
    """Probability in proportion to ``exp(fitness / temperature)``, with replacement (de la Maza and Tidor, 1993).

    Fitness is measured in standard deviations over the archive, so that a temperature means the same on every problem:
    at 1 an elite is chosen e times as often as one that is a standard deviation behind, at 0.1 nearly all parents are
    among the very best. The temperature falls by half every ``half_life`` generations, to ``final_temperature``; it
    depends on the number of the proposal and on nothing else. All equal: uniform.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
        temperature: At the beginning, more than 0; the hotter, the more uniform.
        final_temperature: Where it stops falling, more than 0 and at most ``temperature``; None means a tenth of it.
        half_life: Generations in which it falls by half, more than 0; None means that it does not fall.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(
        self,
        *,
        fitness_key: str | None = None,
        fitness_key_higher_is_better: bool | None = None,
        temperature: float = 1.0,
        final_temperature: float | None = None,
        half_life: float | None = 25.0,
    ) -> None:
        super().__init__(fitness_key=fitness_key, fitness_key_higher_is_better=fitness_key_higher_is_better)
        if not 0.0 < temperature < math.inf:
            raise ValueError(f"temperature must be a finite number above 0; found {temperature}")
        if half_life is not None and not 0.0 < half_life < math.inf:
            raise ValueError(f"half_life must be a number of generations above 0, or null; found {half_life}")
        if final_temperature is not None and not 0.0 < final_temperature <= temperature:
            raise ValueError(
                f"final_temperature must be above 0 and at most temperature, {temperature}; found {final_temperature}"
            )
        self.temperature = temperature
        self.final_temperature = 0.1 * temperature if final_temperature is None else final_temperature
        self.half_life = half_life

    @property
    def present_temperature(self) -> float:
        """The temperature for the present proposal; that of the beginning where the selector is not bound to a run."""
        if self._context is None or self.half_life is None:
            return self.temperature
        generation = max(0, self._context.random.proposal) / self._context.generation_size
        return max(self.final_temperature, self.temperature * math.exp2(-generation / self.half_life))

    def draw(self, values: FloatArray, total: int) -> RowArray:
        merit = _relative(self.signed(values))
        spread = merit.std()
        unit = spread * self.present_temperature if spread > 0.0 else 1.0
        cumulative = np.cumsum(np.exp((merit - merit.max()) / unit))
        targets = self.rng.random(total) * cumulative[-1]
        # A target that rounds up to the whole sum belongs to the last elite that has any weight.
        last = np.searchsorted(cumulative, cumulative[-1], side="left")
        rows: RowArray = np.minimum(np.searchsorted(cumulative, targets, side="right"), last)
        return rows


def _relative(values: FloatArray) -> FloatArray:
    """A copy of ``values`` in units of the greatest magnitude, so that no distance between two of them overflows."""
    return values / (np.abs(values).max() or 1.0)
