"""What a loop on a native fitness function did before it came back."""

from __future__ import annotations

from typing import NamedTuple


class Advance(NamedTuple):
    """The outcome of a loop.

    Attributes:
        generations: Generations that were made.
        invalid: Candidates whose value was no finite number.
        best_merit: The greatest merit so far, the one that the loop was given included.
        best_generation: In which of the generations it was found, from 1; 0 where none was better.
    """

    generations: int
    invalid: int
    best_merit: float
    best_generation: int
