"""What the limits of a run leave."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.job import Job
from gigaevo.evolution.engine.pools import Pools
from gigaevo.evolution.engine.record import RunRecord
from gigaevo.evolution.engine.settings import EngineSettings


class Budget:
    """What the limits leave, with what is under way counted in.

    Args:
        limits: The run's limits.
        settings: How the engine works.
        record: The run's books.
        pools: Where proposals are worked on.
        jobs: Proposals that are being carried out, by number; the engine's own, looked at only.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        settings: EngineSettings,
        record: RunRecord,
        pools: Pools,
        jobs: Mapping[int, Job],
    ) -> None:
        self._limits = limits
        self._settings = settings
        self._record = record
        self._pools = pools
        self._jobs = jobs

    def mutants(self) -> float:
        """Mutants that may still be submitted."""
        limits = self._limits
        by_generation = (limits.max_generations or math.inf) * self._settings.generation_size
        allowed = min(math.inf if limits.max_mutants is None else limits.max_mutants, by_generation)
        return allowed - self._record.ledger.mutants

    def undecided(self) -> int:
        """Proposals under way that may still become mutants."""
        return sum(not job.registered.is_set() for job in self._jobs.values())

    def evaluations(self) -> float:
        """Calls of ``validate`` that nobody has made or been promised."""
        if self._limits.max_evaluations is None:
            return math.inf
        ledger = self._record.ledger
        return self._limits.max_evaluations - ledger.validate_calls - ledger.reserved

    def programs(self) -> float:
        """Programs for whose evaluation the calls that are left would surely suffice; not a whole number."""
        return self.evaluations() / self._settings.calls_per_program

    def has_room(self) -> bool:
        """Whether one more child may be made: in the pools, and within the limit on mutants."""
        open_jobs, left = len(self._jobs), self.mutants()
        # Most often it is not necessary to look at each.
        return open_jobs < self._pools.capacity and (left > open_jobs or left > self.undecided())
