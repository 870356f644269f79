"""Particle swarm optimisation (Kennedy and Eberhart 1995; the constants of Clerc and Kennedy 2002)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels import swarm
from gigaevo.kernels.swarm import Flight
from gigaevo.optimize.algorithms.turns import NOBODY, Turns, with_homes
from gigaevo.optimize.arguments import check_number, check_whole
from gigaevo.optimize.genotypes import ranges_of
from gigaevo.optimize.search.native import RealFunction, kernels_know
from gigaevo.optimize.search.optimizer import Optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.search.fitness import NativeFitness
    from gigaevo.optimize.search.optimizer import Codes, Memo, Merits
    from gigaevo.optimize.seeds import Seed


class ParticleSwarm(Optimizer):
    """Particles that fly on, pulled to where they and their leader were best.

    Particles move when they are asked: one that is asked again before it was told flies on from where it is. A particle
    stops at a bound it would cross. Genes that are whole numbers are rounded for the fitness function, not for the
    flight. Particles begin half-way at the speed that would lead them to another random place ("Standard PSO 2007").

    A place that is told late counts for its particle all the same. Founders that were asked when enough others were
    told first are remembered by the particle with the worst own best.

    Args:
        genotype: Ranges, or a pair of arrays (lower, upper).
        population_size: Particles, at least 1.
        inertia: Share of the velocity that is kept, 0 or more.
        cognitive: Pull of the particle's own best, 0 or more.
        social: Pull of its leader's, 0 or more.
        topology: ``ring``: the best among each particle and its neighbours leads it; ``global``: the best particle
            leads all, which converges sooner, and more often to the wrong place.
        neighbors: On the ring, how many to either side, 1 or more.
        velocity_limit: Greatest velocity as a share of each gene's range, above 0.
        maximize: Whether a larger fitness is better.
        seed: The one source of randomness; None: another search each time.
        initial: Genomes to begin with, shape (n, genes_size); the rest of the first swarm is random.

    Raises:
        TypeError: The genotype is not of ranges.
        ValueError: An argument is out of its range; the message names it.
    """

    def __init__(
        self,
        genotype: Genotype | tuple[ArrayLike, ArrayLike],
        *,
        population_size: int = 40,
        inertia: float = 0.7298,
        cognitive: float = 1.49618,
        social: float = 1.49618,
        topology: str = "ring",
        neighbors: int = 4,
        velocity_limit: float = 0.5,
        maximize: bool = False,
        seed: Seed = None,
        initial: ArrayLike | None = None,
    ) -> None:
        space = ranges_of(genotype, type(self).__name__)
        super().__init__(space, population_size=population_size, maximize=maximize, seed=seed, initial=initial)
        for name, given in (("inertia", inertia), ("cognitive", cognitive), ("social", social)):
            check_number(name, given, 0.0)
        check_number("velocity_limit", velocity_limit, 0.0, above=True)
        if topology not in ("global", "ring"):
            raise ValueError(f"topology is {topology!r}, expected global or ring")
        check_whole("neighbors", neighbors)
        self.inertia, self.cognitive, self.social = float(inertia), float(cognitive), float(social)
        self.topology = topology
        self.neighbors = int(neighbors)
        self.velocity_limit = float(velocity_limit)
        self._lower, self._upper = space.lower, space.upper
        self._integer = space.integer if space.integer.any() else None
        self._limits = velocity_limit * (space.upper - space.lower)
        self._turns = Turns(self.population_size)
        shape = (self.population_size, space.genes_size)
        self._positions, self._velocities, self._own = np.empty(shape), np.zeros(shape), np.empty(shape)
        self._own_merits = np.full(self.population_size, -np.inf)
        self._leaders = np.zeros(self.population_size, np.int64)

    @property
    def population(self) -> tuple[Codes, Merits]:
        """The own bests of the particles."""
        founded = self.population_size if self._founded else 0
        return self._own[:founded], self._own_merits[:founded]

    def _found(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        self._positions[:], self._own[:], self._own_merits[:] = codes, codes, merits
        elsewhere = self.genotype.random(self.population_size, self._stream)
        self._velocities[:] = np.clip(0.5 * elsewhere - 0.5 * codes, -self._limits, self._limits)
        self._choose_leaders()

    def _blank_memo(self, n: int) -> Memo:
        return (np.full(n, NOBODY),)

    def _propose(self, n: int) -> tuple[Codes, Memo]:
        particles = self._turns.take(n)
        places = swarm.fly(
            self._positions,
            self._velocities,
            self._own,
            self._leaders,
            particles,
            self._flight,
            self._limits,
            self._lower,
            self._upper,
            self._integer,
            self._stream,
        )
        return places, (particles,)

    def _absorb(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        particles = with_homes(memo[0], self._own_merits)
        if swarm.note_own(self._own, self._own_merits, particles, codes, merits):
            self._choose_leaders()

    @property
    def _flight(self) -> Flight:
        return Flight(self.inertia, self.cognitive, self.social)

    def _advance(self, native: NativeFitness, generations: int, target: float) -> bool:
        if not kernels_know(native, RealFunction, self.genotype):
            return False
        task = self._task(native.code, generations, target)
        made = swarm.advance(
            self._positions,
            self._velocities,
            self._own,
            self._own_merits,
            self._leaders,
            self._turns.take(self.population_size),
            self._flight,
            self._limits,
            self._lower,
            self._upper,
            self._integer,
            self.neighbors if self.topology == "ring" else 0,
            task,
            self._stream,
        )
        self._note_advance(made, task.best_code)
        return True

    def _choose_leaders(self) -> None:
        if self.topology == "ring":
            self._leaders = swarm.ring_leaders(self._own_merits, self.neighbors)
        else:
            self._leaders[:] = self._own_merits.argmax()
