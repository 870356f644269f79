"""When a strategy ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigaevo.optimize.arguments import is_count, is_number

if TYPE_CHECKING:
    from gigaevo.kernels.strategy_laws import Progress
    from gigaevo.optimize.strategy.ordering import FitnessOrdering


@dataclass(frozen=True)
class Endings:
    """The conditions that end a strategy; the first that holds does, unless all are held back.

    Args:
        target_fitness_score: Ends it when the best score is this good.
        valid_fitness_score: Holds every condition back until the best score is this good.
        max_stale_generations: Ends it after so many generations without a better score; where mutation distances are
            scaled, only at the last scale.
        max_generations: Ends it after so many generations.
    """

    target_fitness_score: float | None = None
    valid_fitness_score: float | None = None
    max_stale_generations: int | None = None
    max_generations: int | None = None

    def __post_init__(self) -> None:
        for name in ("target_fitness_score", "valid_fitness_score"):
            score = getattr(self, name)
            if score is not None and (not is_number(score) or math.isnan(score)):
                raise ValueError(f"{name} is {score!r}, expected a number or None")
        for name in ("max_stale_generations", "max_generations"):
            limit = getattr(self, name)
            if limit is not None and not is_count(limit):
                raise ValueError(f"{name} is {limit!r}, expected a whole number from 1, or None")
        if self.target_fitness_score is None and self.max_stale_generations is None and self.max_generations is None:
            raise ValueError(
                "nothing ends the search: expected a target_fitness_score, max_stale_generations or max_generations"
            )

    def target_merit(self, ordering: FitnessOrdering) -> float:
        """The merit at which the target is reached; inf where there is none."""
        return math.inf if self.target_fitness_score is None else ordering.sign * self.target_fitness_score

    def valid_merit(self, ordering: FitnessOrdering) -> float:
        """The merit below which nothing ends; -inf where there is none."""
        return -math.inf if self.valid_fitness_score is None else ordering.sign * self.valid_fitness_score

    def reached_target(self, merit: float, ordering: FitnessOrdering) -> bool:
        """Whether a best ``merit`` is as good as the target, and valid."""
        return self.target_fitness_score is not None and merit >= max(
            self.target_merit(ordering), self.valid_merit(ordering)
        )

    def reason(self, progress: Progress, ordering: FitnessOrdering, *, last_scale: bool) -> str | None:
        """The condition that ends the search here, by the name of its argument; None while it goes on."""
        if progress.best_merit < self.valid_merit(ordering):
            return None
        if progress.best_merit >= self.target_merit(ordering):
            return "target_fitness_score"
        if self.max_generations is not None and progress.generation >= self.max_generations:
            return "max_generations"
        stale = self.max_stale_generations
        if stale is not None and last_scale and progress.stale_generations >= stale:
            return "max_stale_generations"
        return None
