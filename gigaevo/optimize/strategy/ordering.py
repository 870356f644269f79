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

    @classmethod
    def of(cls, given: FitnessOrdering | str) -> FitnessOrdering:
        """The ordering itself, or the one of that word.

        Raises:
            ValueError: There is none of that word.
        """
        try:
            return cls(given)
        except ValueError:
            raise ValueError(
                f"fitness_ordering is {given!r}, expected FitnessOrdering.MAXIMIZE or MINIMIZE, or its word"
            ) from None

    @property
    def sign(self) -> float:
        """What turns a score into a merit and back: of merits the larger is always better."""
        return 1.0 if self is FitnessOrdering.MAXIMIZE else -1.0
