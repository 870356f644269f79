"""MAP-Elites on vectors: the best genome of every kind of behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from gigaevo.optimize.arguments import check_whole
from gigaevo.optimize.genotypes import BinaryGenotype, Ranges
from gigaevo.optimize.quality_diversity.curiosity import Curiosity
from gigaevo.optimize.quality_diversity.emitters import Emitter, FlipEmitter, IsoLineEmitter, LearningEmitter
from gigaevo.optimize.quality_diversity.vector_archive import VectorArchive, best_item
from gigaevo.optimize.scaling import mean
from gigaevo.optimize.search.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.search.optimizer import Codes, Memo, Merits
    from gigaevo.optimize.seeds import Seed

# Columns of the first array of a memo.
EMITTER, PARENT, BIRTH, MARKS = 0, 1, 2, slice(3, 5)


class MAPElites(Optimizer):
    """Fills an archive with the best genome of every kind of behaviour.

    The fitness function gives a fitness and a behaviour: ``(0.5, [0.1, 0.7])`` of one genome, with ``vectorized`` two
    arrays of shape (n,) and (n, behavior_dim). Until the archive holds an elite, and at least ``batch_size`` times,
    candidates are random genomes; then emitters make them from elites. After J.-B. Mouret and J. Clune, "Illuminating
    search spaces by mapping elites" (arXiv:1504.04909).

    A candidate without a finite fitness or a finite behaviour is invalid: counted, never let in, and no error, since in
    a long search one simulation in a million fails. A behaviour outside of the ranges goes to the border (grid) or to
    the nearest centroid. Answers are let in as they are told, in whatever parts; ``batch_size`` of them count as one
    generation.

    Args:
        genotype: ``RangeGenotype``, ``MultiRangeGenotype``, ``BinaryGenotype``, or a pair of arrays (lower, upper).
        archive: ``GridArchive`` or ``CVTArchive``; it is filled, and may hold elites already.
        emitters: Who makes candidates, in equal shares; by default one ``IsoLineEmitter()``, for bits one
            ``FlipEmitter()``.
        batch_size: Candidates of a step, at least 1 for each emitter.
        maximize: Whether a larger fitness is better. Must be said: quality diversity usually maximises, other searches
            here usually minimise.
        parents: "uniform": every elite as often; "curiosity": more often those whose children were let in.
        seed: The one source of randomness; None: another search each time.
        initial: Genomes to begin with, shape (n, genes_size).

    Raises:
        ValueError: An argument is out of its range; the message names it.
        TypeError: An emitter does not work on the genotype.
    """

    def __init__(
        self,
        genotype: Genotype | tuple[ArrayLike, ArrayLike],
        archive: VectorArchive,
        emitters: Sequence[Emitter] | Emitter | None = None,
        *,
        batch_size: int = 100,
        maximize: bool,
        parents: Literal["uniform", "curiosity"] = "uniform",
        seed: Seed = None,
        initial: ArrayLike | None = None,
    ) -> None:
        if not isinstance(archive, VectorArchive):
            raise TypeError(f"archive is {archive!r}, expected a GridArchive or a CVTArchive")
        check_whole("batch_size", batch_size)
        super().__init__(genotype, population_size=batch_size, maximize=maximize, seed=seed, initial=initial)
        if not isinstance(self.genotype, (Ranges, BinaryGenotype)):
            raise TypeError(
                f"MAPElites works on RangeGenotype, MultiRangeGenotype and BinaryGenotype, not on "
                f"{type(self.genotype).__name__}"
            )
        if parents not in ("uniform", "curiosity"):
            raise ValueError(f"parents is {parents!r}, expected 'uniform' or 'curiosity'")
        self.behaviors = archive.behavior_dim
        self.archive = archive
        archive.prepare(self.genotype.genes_size, bool(self.maximize))
        self.emitters = self._placed(emitters)
        self._learning = any(isinstance(emitter, LearningEmitter) for emitter in self.emitters)
        self._curiosity = Curiosity() if parents == "curiosity" else None
        self._remembers = self._learning or self._curiosity is not None
        self._plain = len(self.emitters) == 1 and not self._remembers
        self._real = self.genotype.dtype == np.float64
        given = 0 if self._initial is None else len(self._initial)
        self._random_first = given if len(archive) else max(given, self.population_size)
        self._since_step = 0
        self._turn = 0  # of the emitters, who gets the next candidate that cannot be divided

    def _placed(self, emitters: Sequence[Emitter] | Emitter | None) -> list[Emitter]:
        if emitters is None:
            chosen: list[Emitter] = [IsoLineEmitter() if isinstance(self.genotype, Ranges) else FlipEmitter()]
        else:
            chosen = [emitters] if isinstance(emitters, Emitter) else list(emitters)
        for place, emitter in enumerate(chosen):
            if not isinstance(emitter, Emitter):
                raise TypeError(f"emitters[{place}] is {emitter!r}, expected an emitter such as IsoLineEmitter()")
        if not chosen:
            raise ValueError("emitters is empty, expected at least one")
        if self.population_size < len(chosen):
            raise ValueError(f"batch_size is {self.population_size}, expected {len(chosen)} or more, one each emitter")
        return [emitter.placed(self.genotype, self.population_size // len(chosen)) for emitter in chosen]

    @property
    def population(self) -> tuple[Codes, Merits]:
        """Codes and merits of all elites."""
        return self._codes_of(self.archive.genomes), self.archive.merits

    @property
    def curiosity(self) -> NDArray[np.float64]:
        """The curiosity score of each elite, in the order of ``archive.data()``; zeros where it is not in use."""
        elites = len(self.archive)
        return np.zeros(elites) if self._curiosity is None else self._curiosity.scores(elites)

    def _archive(self) -> VectorArchive:
        return self.archive

    @property
    def _has_founders(self) -> bool:
        return False

    @property
    def _founded(self) -> bool:
        return self._founders >= self._random_first and len(self.archive) > 0

    @property
    def _step_size(self) -> int:
        return self.population_size

    def _blank_memo(self, n: int) -> Memo:
        return (np.full((n, 5), -1),) if self._remembers else ()

    def _propose(self, n: int) -> tuple[Codes, Memo]:
        if self._plain:
            genomes = self.emitters[0].emit(n, self.archive, self._stream, None)
            return genomes if self._real else self._codes_of(genomes), ()
        blocks, memories = [], []
        for place, (emitter, share) in enumerate(zip(self.emitters, self._shares(n), strict=True)):
            if share == 0:
                continue
            rows = None
            memory = np.full((share, 5), -1)
            memory[:, EMITTER] = place
            learning = isinstance(emitter, LearningEmitter)
            if self._curiosity is not None and not learning:
                rows = self._curiosity.draw(share, len(self.archive), self._stream)
                memory[:, PARENT], memory[:, BIRTH] = rows, self._curiosity.births(rows)
            blocks.append(emitter.emit(share, self.archive, self._stream, rows))
            if isinstance(emitter, LearningEmitter):
                memory[:, MARKS] = emitter.marks(share)
            memories.append(memory)
        return self._codes_of(np.concatenate(blocks)), (np.concatenate(memories),) if self._remembers else ()

    def _shares(self, n: int) -> list[int]:
        """``n`` divided among the emitters; what is left over goes to those whose turn it is."""
        emitters = len(self.emitters)
        whole, rest = divmod(n, emitters)
        first, self._turn = self._turn, (self._turn + rest) % emitters
        return [whole + ((place - first) % emitters < rest) for place in range(emitters)]

    def _codes_of(self, genomes: Merits) -> Codes:
        """What emitters and archives hold as floats, as the genotype has it."""
        return genomes if self._real else genomes.astype(self.genotype.dtype)

    def _merits(self, values: Merits, codes: Codes) -> Merits:
        """Only turned: what is valid and what is best shows when they meet the archive."""
        self._evaluations += len(values)
        return values if self.maximize else -values

    def _take(self, codes: Codes, values: Merits, memo: Memo) -> None:
        """Answers, which never wait for others."""
        self._absorb(codes, self._merits(values, codes), memo)
        self._since_step += len(codes)
        while self._since_step >= self.population_size:
            self._since_step -= self.population_size
            self._generation += 1

    def _absorb(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        archive, behaviors = self.archive, memo[-1]
        genomes = codes if self._real else codes.astype(np.float64)
        invalid = archive.invalid
        if self._remembers:
            self._remember(genomes, memo[0], *archive.offer(genomes, merits, behaviors))
            best = best_item(merits, behaviors)
        else:
            best = archive.absorb(genomes, merits, behaviors)
        self._invalid += archive.invalid - invalid
        if best >= 0 and merits.item(best) > self._best_merit:
            self._note_best(merits.item(best), codes[best])

    def _remember(
        self,
        genomes: Merits,
        memory: NDArray[np.int64],
        status: NDArray[np.int8],
        rows: NDArray[np.int64],
        gains: Merits,
    ) -> None:
        """Tell curiosity and emitters what became of candidates."""
        if self._curiosity is not None:
            self._curiosity.judge(memory[:, PARENT], memory[:, BIRTH], status, rows)
        if not self._learning:
            return
        for place, emitter in enumerate(self.emitters):
            if isinstance(emitter, LearningEmitter):
                own = memory[:, EMITTER] == place
                if own.any():
                    emitter.learn(genomes[own], memory[own, MARKS], status[own], gains[own], self.archive, self._stream)

    def _numbers(self, fitness: Merits) -> dict[str, float]:
        return {
            "best": self.best_fitness,
            "mean": mean(fitness),
            "coverage": self.archive.coverage,
            "qd_score": self.archive.qd_score,
        }

    def __repr__(self) -> str:
        return (
            f"MAPElites({self.genotype!r}, {self.archive!r}, {self.emitters!r}, best_fitness={self.best_fitness:.6g}, "
            f"evaluations={self._evaluations}, seed={self.seed})"
        )
