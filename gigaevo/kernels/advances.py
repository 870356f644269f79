"""What a loop on a native fitness function is to do, and what it did before it came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Task(NamedTuple):
    """Generations on a native function of numbers.

    Attributes:
        function: A code of ``functions_checks.REAL``.
        sign: What turns its values into merits: 1.0 where larger ones are better, -1.0 where smaller ones are.
        generations: The most that are made, at least 1.
        target: The merit that ends the loop.
        best_merit: The best merit so far, minus infinity if there is none.
        best_code: float64 (genes,), changed: where a better candidate is written.
    """

    function: int
    sign: float
    generations: int
    target: float
    best_merit: float
    best_code: NDArray[np.float64]


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
