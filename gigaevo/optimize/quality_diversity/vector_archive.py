"""Elites by behaviour: what a quality-diversity search fills."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gigaevo.kernels import AddStatus, EliteArchive
from gigaevo.optimize.arguments import brief, check_number, check_whole, is_whole
from gigaevo.optimize.records import Record
from gigaevo.optimize.scaling import mean
from gigaevo.optimize.seeds import Seed, seed_sequence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Integers: TypeAlias = NDArray[np.int64]

FIRST_ROWS = 64  # rows to make room for at first


@dataclass(frozen=True, eq=False)
class Elites(Record):
    """Elites of an archive, one row each; copies.

    Attributes:
        genomes: float64 of shape (n, genes_size); of genotypes other than ranges, codes.
        fitness: float64 of shape (n,), in the user's direction.
        behaviors: float64 of shape (n, behavior_dim), as they were told, not clamped.
        cells: int64 of shape (n,), numbers of cells.
    """

    genomes: Floats
    fitness: Floats
    behaviors: Floats
    cells: Integers

    def __len__(self) -> int:
        return len(self.cells)


@dataclass(frozen=True)
class ArchiveStats(Record):
    """How good and how diverse the elites of an archive are.

    Attributes:
        num_elites: How many there are.
        coverage: Share of the cells that hold one, 0 to 1.
        qd_score: Sum of the fitness of all elites above ``qd_score_offset``; of what is minimised, below it.
        norm_qd_score: ``qd_score`` divided by the elites that would fit in: for archives of different size.
        best_fitness: Of the best elite, in the user's direction; NaN where there is none.
        mean_fitness: Of all elites; NaN where there is none.
    """

    num_elites: int
    coverage: float
    qd_score: float
    norm_qd_score: float
    best_fitness: float
    mean_fitness: float


class VectorArchive(ABC):
    """Cells of the behaviour space, each with the best genomes that were seen in it.

    An item is let in where its cell has room or holds a worse elite; of equals the first stays, and with several elites
    in a cell no genome is there twice. Items are taken as if one after the other. What has no finite fitness or no
    finite behaviour is invalid and never let in. Memory follows the elites: 10^8 cells cost nothing.

    An archive alone maximises; a search tells it its own direction and length of genomes. It may be pickled, and one
    that was filled before may be passed to another search.

    Args:
        total_cells: Number of cells.
        behavior_dim: Numbers that describe a behaviour.
        elites_per_cell: Elites that a cell may hold, at least 1.
        qd_score_offset: The worst fitness there can be, in the user's direction, so that every elite counts.

    Attributes:
        total_cells: See above.
        behavior_dim: See above.
        elites_per_cell: See above.
        qd_score_offset: See above.
        genes_size: Length of the genomes; 0 before the first one came.
        invalid: Items that were offered without a finite fitness or behaviour.
        maximize: Whether a larger fitness is better.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def __init__(
        self, total_cells: int, behavior_dim: int, *, elites_per_cell: int = 1, qd_score_offset: float = 0.0
    ) -> None:
        check_whole("elites_per_cell", elites_per_cell)
        check_number("qd_score_offset", qd_score_offset)
        self.total_cells = total_cells
        self.behavior_dim = behavior_dim
        self.elites_per_cell = int(elites_per_cell)
        self.qd_score_offset = float(qd_score_offset)
        self.maximize = True
        self.genes_size = 0
        self.invalid = 0
        self._kernel = self._new_kernel()

    # Where a behaviour belongs

    @abstractmethod
    def index_of(self, behaviors: ArrayLike) -> Integers:
        """The cells of behaviours.

        Args:
            behaviors: Shape (n, behavior_dim), finite.

        Returns:
            int64 of shape (n,), each 0 to ``total_cells - 1``.

        Raises:
            ValueError: They are of another shape or not finite.
        """

    @abstractmethod
    def index_of_single(self, behavior: ArrayLike) -> int:
        """The cell of one behaviour, shape (behavior_dim,); as ``index_of``."""

    # Filling it

    def add(self, genomes: ArrayLike, fitness: ArrayLike, behaviors: ArrayLike) -> NDArray[np.int8]:
        """Offer items.

        Args:
            genomes: Shape (n, genes_size).
            fitness: Shape (n,); NaN and infinities: invalid.
            behaviors: Shape (n, behavior_dim); NaN and infinities: invalid.

        Returns:
            int8 of shape (n,): 2 where an item was let in without driving out another (``AddStatus.NEW``), 1 where it
            drove out a worse one (``IMPROVED``), 0 where it was not let in (``REJECTED``).

        Raises:
            ValueError: A shape does not fit; nothing is added then.
        """
        if self.genes_size and self.maximize:
            try:
                cells = self.index_of(behaviors)
                return self._kernel.add(cells, fitness, None, behaviors, genomes, depth=self.elites_per_cell)[0]
            except ValueError:
                pass  # invalid, or of the wrong shape: told apart below
        rows = _floats("genomes", genomes, 2)
        self.prepare(rows.shape[1], self.maximize)
        merits = _floats("fitness", fitness, 1)
        described = _floats("behaviors", behaviors, 2)
        for name, array, shape in (
            ("fitness", merits, (len(rows),)),
            ("behaviors", described, (len(rows), self.behavior_dim)),
        ):
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
        return self.offer(rows, merits if self.maximize else -merits, described)[0]

    def add_single(self, genome: ArrayLike, fitness: float, behavior: ArrayLike) -> AddStatus:
        """Offer one item; as ``add``, but far cheaper than a batch of one.

        Args:
            genome: Shape (genes_size,).
            fitness: In the user's direction.
            behavior: Shape (behavior_dim,).

        Raises:
            ValueError: A shape does not fit; nothing is added then.
        """
        merit = fitness if self.maximize else -fitness
        if self.elites_per_cell == 1 and self.genes_size:
            try:
                return self._kernel.add_one(self.index_of_single(behavior), merit, 0, behavior, genome)[0]
            except ValueError:
                pass  # invalid, or of the wrong shape: told apart below
        status = self.add(np.atleast_2d(genome), np.atleast_1d(fitness), np.atleast_2d(behavior))
        return AddStatus(int(status[0]))

    def offer(self, genomes: Floats, merits: Floats, behaviors: Floats) -> tuple[NDArray[np.int8], Integers, Floats]:
        """What ``add`` does, for searches: merits are larger where better, and shapes are taken for granted.

        Returns:
            status: As of ``add``.
            rows: Where each item was written to, -1 for nowhere.
            gains: By how much each is better than the elite that it had to beat; its merit where there was none. NaN
                for what is invalid.
        """
        try:
            cells = self.index_of(behaviors)
            return self._kernel.add(cells, merits, None, behaviors, genomes, depth=self.elites_per_cell)
        except ValueError:
            sound = valid(merits, behaviors)
            if sound.all():
                raise
        self.invalid += int(len(sound) - np.count_nonzero(sound))
        status, rows, gains = np.zeros(len(merits), np.int8), np.full(len(merits), -1), np.full(len(merits), np.nan)
        if sound.any():
            status[sound], rows[sound], gains[sound] = self.offer(genomes[sound], merits[sound], behaviors[sound])
        return status, rows, gains

    def absorb(self, genomes: Floats, merits: Floats, behaviors: Floats) -> int:
        """What ``offer`` does, for searches that need not know what became of each item.

        Returns:
            The valid item of the largest merit, let in or not, of equals the first; -1 where there is none.
        """
        try:
            cells = self.index_of(behaviors)
            return self._kernel.absorb(cells, merits, None, behaviors, genomes, depth=self.elites_per_cell)
        except ValueError:
            self.offer(genomes, merits, behaviors)  # tells what is invalid from what is wrong
            return best_item(merits, behaviors)

    def prepare(self, genes_size: int, maximize: bool) -> None:
        """Get ready for genomes of ``genes_size`` genes and a direction.

        Raises:
            ValueError: The archive holds elites of another length, or of a search in the other direction.
        """
        if (genes_size, maximize) == (self.genes_size, self.maximize):
            return
        if len(self):
            what = f"genomes of {self.genes_size} genes, {'maximised' if self.maximize else 'minimised'}"
            given = f"genomes of {genes_size} genes, {'maximised' if maximize else 'minimised'}"
            raise ValueError(f"the archive holds {what}, but is to be filled with {given}")
        self.genes_size, self.maximize = int(genes_size), bool(maximize)
        self._kernel = self._new_kernel()

    def clear(self) -> None:
        """Remove every elite."""
        self.invalid = 0
        self._kernel.clear()

    # Looking at it

    def __len__(self) -> int:
        return len(self._kernel)

    @property
    def genomes(self) -> Floats:
        """Genomes of the elites, a view of shape (n, genes_size) that may not be written to."""
        return self._kernel.solutions

    @property
    def merits(self) -> Floats:
        """Fitness of the elites turned so that larger is better, a view of shape (n,) that may not be written to."""
        return self._kernel.objectives

    @property
    def coverage(self) -> float:
        """Share of the cells that hold an elite, 0 to 1."""
        if self.elites_per_cell == 1:
            return self._kernel.coverage
        # A cell's places are filled from the first one on, and never become empty.
        return int(np.count_nonzero(self._kernel.cells % self.elites_per_cell == 0)) / self.total_cells

    @property
    def qd_score(self) -> float:
        """Sum of the fitness of all elites above ``qd_score_offset``; of what is minimised, below it."""
        return self._kernel.objective_sum - len(self) * self._sign * self.qd_score_offset

    @property
    def stats(self) -> ArchiveStats:
        """Numbers that tell how full and how good it is."""
        elites, qd_score = len(self), self.qd_score
        merits = self.merits
        return ArchiveStats(
            num_elites=elites,
            coverage=self.coverage,
            qd_score=qd_score,
            norm_qd_score=qd_score / (self.total_cells * self.elites_per_cell),
            best_fitness=self._sign * float(merits.max()) if elites else float("nan"),
            mean_fitness=self._sign * mean(merits),
        )

    def data(self) -> Elites:
        """All elites, in the order in which their places were first filled."""
        return self._elites(np.arange(len(self)))

    def elites_of(self, cell: int) -> Elites:
        """The elites of a cell, the best first; none where it is empty.

        Raises:
            ValueError: There is no such cell.
        """
        if not (is_whole(cell) and cell < self.total_cells):
            raise ValueError(f"cell is {brief(cell)}, expected 0 to {self.total_cells - 1}")
        places = range(cell * self.elites_per_cell, (cell + 1) * self.elites_per_cell)
        rows = np.array([row for place in places if (row := self._kernel.row_of(place)) >= 0], np.int64)
        return self._elites(rows[np.argsort(-self.merits[rows], kind="stable")])

    @property
    def best_elite(self) -> Elites:
        """The elite of the best fitness, one row; none where the archive is empty."""
        best = self._kernel.best()
        return self._elites(np.array([best] if best >= 0 else [], np.int64))

    def sample_elites(self, n: int, seed: Seed = None) -> Elites:
        """``n`` elites, 0 or more, each drawn uniformly from all.

        Raises:
            ValueError: There is no elite, or ``n`` is no such number.
        """
        check_whole("n", n, 0)
        generator = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed_sequence(seed))
        return self._elites(self._kernel.sample(generator.random(n)))

    def __repr__(self) -> str:
        filled = f"{len(self)} elites, coverage {self.coverage:.3g}"
        return f"{type(self).__name__}({self._shape()}, {filled}, qd_score={self.qd_score:.6g})"

    def _shape(self) -> str:
        """What the archive was made of, for ``repr``."""
        return f"{self.total_cells} cells"

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        kernel = state.pop("_kernel")
        state["rows"] = [
            kernel.cells.copy(),
            kernel.objectives.copy(),
            kernel.behaviors.copy(),
            kernel.solutions.copy(),
        ]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        cells, merits, behaviors, solutions = state.pop("rows")
        self.__dict__.update(state)
        self._kernel = self._new_kernel()
        self._kernel.add(cells, merits, None, behaviors, solutions if self.genes_size else None)

    @property
    def _sign(self) -> float:
        return 1.0 if self.maximize else -1.0

    def _new_kernel(self) -> EliteArchive:
        return EliteArchive(
            self.total_cells * self.elites_per_cell,
            behavior_dim=self.behavior_dim,
            solution_dim=self.genes_size,
            keyed=False,
            capacity=FIRST_ROWS,
        )

    def _elites(self, rows: Integers) -> Elites:
        kernel = self._kernel
        return Elites(
            genomes=kernel.solutions[rows],
            fitness=self._sign * kernel.objectives[rows],
            behaviors=kernel.behaviors[rows],
            cells=kernel.cells[rows] // self.elites_per_cell,
        )


def valid(merits: Floats, behaviors: Floats) -> NDArray[np.bool_]:
    """Which items have a finite merit and a finite behaviour; shape (n,)."""
    return np.isfinite(merits) & np.isfinite(behaviors).all(axis=1)


def best_item(merits: Floats, behaviors: Floats) -> int:
    """The valid item of the largest merit, of equals the first; -1 where there is none."""
    sound = np.flatnonzero(valid(merits, behaviors))
    return int(sound[merits[sound].argmax()]) if len(sound) else -1


def _floats(name: str, given: ArrayLike, ndim: int) -> Floats:
    array = np.asarray(given)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be real numbers, not {array.dtype}")
    if array.ndim != ndim:
        raise ValueError(f"{name} has shape {array.shape}, expected {ndim} dimension{'s' * (ndim > 1)}")
    return np.ascontiguousarray(array, np.float64)
