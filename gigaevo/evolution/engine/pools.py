"""Where proposals are worked on: so many places for operators that take a core, so many for those that wait for other
computers, so many for evaluations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import Enum

from gigaevo.evolution.engine.job import Job
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.mutation.base import MutationOperator


class Room(Enum):
    """Whose proposal there is room for."""

    NOBODY = "nobody"
    ANYBODY = "anybody"
    REMOTE = "remote"  # operators that wait for other computers
    LOCAL = "local"  # operators that take a core

    @property
    def remote(self) -> bool | None:
        """As ``MutationOperator.select`` takes it."""
        return {Room.REMOTE: True, Room.LOCAL: False}.get(self)


class Pools:
    """The places, and who may have them.

    Args:
        settings: Sizes of the pools.
        operator: Makes children; a portfolio says of what kind its members are.

    Attributes:
        evaluating: Places for evaluations.
        capacity: Proposals that may be open at a time.
        choose: Whether it depends on free places whose proposal is next: with a mixed portfolio, unless order matters.
    """

    def __init__(self, *, settings: EngineSettings, operator: MutationOperator) -> None:
        self.evaluating = asyncio.Semaphore(settings.max_evaluations_in_flight)
        self.capacity = settings.capacity(remote=operator.remote)
        self._local = asyncio.Semaphore(settings.max_mutations_in_flight)
        self._remote = asyncio.Semaphore(settings.remote_places)
        self._local_places = settings.max_mutations_in_flight
        self._remote_places = settings.remote_places
        self._queue = settings.max_mutations_in_flight + 2 * settings.max_evaluations_in_flight
        self.choose = operator.mixed and not settings.ordered

    def places(self, operator: MutationOperator | None) -> asyncio.Semaphore:
        """The pool that ``operator`` works in."""
        return self._remote if operator is not None and operator.remote else self._local

    def worth(self, operator: MutationOperator | None) -> float:
        """What a second of ``operator`` is worth in seconds of the cores' pool."""
        return self._local_places / self._remote_places if operator is not None and operator.remote else 1.0

    def room(self, jobs: Mapping[int, Job]) -> Room:
        """Whose proposal of a mixed portfolio is to be made next, so that neither kind of operator waits for the
        other's places.

        It chooses among the members whose pool has a free place. Nobody is asked while there are as many children to be
        evaluated as a run without remote operators lets wait: so a flood of children from one pool cannot keep the
        other's from being made.

        Args:
            jobs: Proposals that are being carried out.
        """
        remote = local = 0
        for job in jobs.values():
            if not job.registered.is_set() and job.operator is not None:
                remote += job.operator.remote
                local += not job.operator.remote
        if len(jobs) >= self.capacity or len(jobs) - remote - local >= self._queue:
            return Room.NOBODY
        if remote < self._remote_places and local < self._local_places:
            return Room.ANYBODY
        if remote < self._remote_places:
            return Room.REMOTE
        return Room.LOCAL if local < self._local_places else Room.NOBODY
