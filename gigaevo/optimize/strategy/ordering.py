"""Whether a fitness score is to be large or small."""

from __future__ import annotations

from enum import Enum


class FitnessOrdering(Enum):
    """The direction of a search.

    Attributes:
        MAXIMIZE: A larger score is better.
        MINIMIZE: A smaller score is better.
    """

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"

    @property
    def sign(self) -> float:
        """What turns a score into a merit and back: of merits the larger is always better."""
        return 1.0 if self is FitnessOrdering.MAXIMIZE else -1.0
