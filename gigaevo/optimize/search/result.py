"""What a search found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.records import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray


NOT_ARRIVED = {"evaluations", "generations", "seconds", "callback", "interrupted", "running"}


@dataclass(frozen=True, repr=False, eq=False)
class Result(Record):
    """What ``Optimizer.run`` gives back. Answers to attributes and to items alike.

    Attributes:
        best_genome: The genome of the best fitness, shape (genes_size,); None where no candidate was valid, and in
            searches with several objectives.
        best_fitness: Its fitness, in the user's direction; NaN where there is none.
        evaluations: Fitness values that the search was told.
        invalid: How many of them were no finite number.
        generations: Steps that the algorithm made.
        seconds: Wall-clock time of all runs of the search.
        reason: What ended it, such as "target", "evaluations", "generations", "seconds", "stale", "callback" or
            "interrupted"; several joined by "and" where all were asked for; "running" before the end.
        seed: What the search was seeded with.
        genomes: The population at the end, shape (n, genes_size). Of several objectives, and where there were too few
            evaluations for a first population, it is followed by what was told after its last step.
        fitness: Its fitness, shape (n,) or (n, objectives), in the user's direction; NaN where invalid.
        front: Rows of ``genomes`` that no other one dominates; of one objective, the best row.
        history: Arrays of one entry for each generation where it was asked for, else empty: ``generation``,
            ``evaluations``, ``best``, ``mean`` and what the algorithm adds.
        archive: The archive of a quality-diversity search, else None.
    """

    best_genome: NDArray[Any] | None
    best_fitness: float
    evaluations: int
    invalid: int
    generations: int
    seconds: float
    reason: str
    seed: int | list[int] | None
    genomes: NDArray[Any]
    fitness: NDArray[np.float64]
    front: NDArray[np.int64]
    history: dict[str, NDArray[Any]] = field(default_factory=dict)
    archive: Any = None

    @property
    def converged(self) -> bool:
        """Whether the search ended because it had arrived somewhere, not because something was used up."""
        return not set(self.reason.split(" and ")) <= NOT_ARRIVED

    @property
    def front_genomes(self) -> NDArray[Any]:
        """The genomes of the front, shape (k, genes_size)."""
        return self.genomes[self.front]

    @property
    def front_fitness(self) -> NDArray[np.float64]:
        """Their fitness, shape (k,) or (k, objectives), in the user's direction."""
        return self.fitness[self.front]

    @property
    def pareto_front(self) -> list[dict[str, Any]]:
        """The front as records of ``genome`` and ``objectives``, in the user's direction."""
        rows = ((self.genomes[row], np.atleast_1d(self.fitness[row])) for row in self.front)
        return [{"genome": genome, "objectives": objectives.tolist()} for genome, objectives in rows]

    def __repr__(self) -> str:
        found = f"best_fitness={self.best_fitness:.6g}" if self.fitness.ndim == 1 else f"front of {len(self.front)}"
        spent = f"{self.evaluations} evaluations, {self.generations} generations, {self.seconds:.3g} s"
        return f"Result({found}, ended by {self.reason!r} after {spent}, seed={self.seed})"
