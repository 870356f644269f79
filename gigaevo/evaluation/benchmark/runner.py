"""``ParallelBenchmarkRunner``: times a population in isolated processes that take turns."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.evaluation.benchmark import rounds
from gigaevo.evaluation.benchmark.result import BenchmarkResult, Comparison, Timing, compare
from gigaevo.evaluation.benchmark.statistics import (
    LEVEL,
    MARGIN,
    FloatArray,
    bootstrap_interval,
    median,
    median_deviation,
)
from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ProgramFiles
from gigaevo.problems import Workload
from gigaevo.programs import ErrorKind, Program, ProgramError

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.client import ForkServer
    from gigaevo.evaluation.sandbox.limits import Limits

STAGE = "benchmark"

_START_UP_S = 60.0  # what starting the programs of a session may take at most
_ARGUMENT_BYTES = 1 << 22
_DEAL, _RESAMPLE = 1, 2  # streams of random numbers


class BenchmarkError(RuntimeError):
    """The benchmark itself failed: its workload raised, or made an input that may not cross between processes."""


class ParallelBenchmarkRunner:
    """Times programs against each other.

    Every program runs in several processes, one after the other. A session is one process of each program of a group;
    there they take turns, see ``rounds.drive``. Sessions follow each other and groups are dealt anew each time, so that
    a burst of other work on the machine hits few of a program's processes, and all programs alike.

    Args:
        server: Runs the programs, each in a sandbox.
        seed: Of inputs and orders. Keep it from the programs: whoever knows it can compute answers before it is asked.
        seconds: Wall-clock seconds to spend on each program, all of its processes together: a population of n takes n
            times that, divided by ``max_workers``. Where two rounds in each process take longer, they are measured all
            the same.
        processes: Of each program; at least 6, or nothing ever differs.
        warm_up: Rounds in each process that are not measured.
        most_rounds: Most rounds in each process, an even number.
        call_timeout_s: Wall-clock seconds that one call may take.
        max_workers: Sessions side by side; by default one for every two processors. Each is pinned to a processor of
            its own. More of them disturb each other's caches, see ``docs/benchmarking.md``.
        group_size: Most programs of a session, which are in memory together.
        pin: Whether to pin at all.
        limits: Caps on each process that replace the server's, but for its wall-clock time.
        level: How often equal programs may be found different, see ``statistics.difference``.
        margin: Relative difference that is none.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(
        self,
        server: ForkServer,
        *,
        seed: int = 0,
        seconds: float = 2.1,
        processes: int = 12,
        warm_up: int = 1,
        most_rounds: int = 400,
        call_timeout_s: float = 10.0,
        max_workers: int | None = None,
        group_size: int = 8,
        pin: bool = True,
        limits: Limits | None = None,
        level: float = LEVEL,
        margin: float = MARGIN,
    ) -> None:
        processors = _processors()
        workers = max(1, len(processors) // 2) if max_workers is None else max_workers
        for name, value, least in (
            ("seconds", seconds, 0.0),
            ("processes", processes, 1),
            ("warm_up", warm_up, 0),
            ("most_rounds", most_rounds, 2),
            ("max_workers", workers, 1),
            ("group_size", group_size, 2),
        ):
            if value < least:
                raise ValueError(f"{name} must be at least {least}; found {value}")
        self._server = server
        self._seed = seed
        self._seconds = seconds
        self._processes = processes
        self._warm_up = warm_up
        self._pairs = most_rounds // 2
        self._call_timeout_s = call_timeout_s
        self._group_size = group_size
        self._limits = limits
        self._level, self._margin = level, margin
        # Interrupts are served by the first processors, so the last come first.
        self._cpus: list[int | None] = [None] * workers
        if pin and processors:
            self._cpus = [processors[-1 - worker % len(processors)] for worker in range(workers)]
        self._driver = inspect.getsource(rounds)
        self._number = 0
        self._one_at_a_time = asyncio.Lock()

    async def benchmark_population(
        self, population: Sequence[Program], test_data: Workload
    ) -> dict[str, BenchmarkResult]:
        """Time every program of ``population``; each call has inputs of its own, and waits until no other is measured.

        Args:
            population: Programs of different ids.
            test_data: What they are timed on.

        Returns:
            By program id, in the order of ``population``.

        Raises:
            BenchmarkError: The workload is at fault.
            ValueError: Two programs have the same id.
        """
        records = {program.id: _Record(program) for program in population}
        if len(records) < len(population):
            raise ValueError("every program of a population needs an id of its own")
        seed = [self._seed, self._number]
        self._number += 1
        seconds = self._seconds * len(records) / len(self._cpus)
        async with self._one_at_a_time:
            schedule = _Schedule(seconds, self._sessions(list(records.values()), seed))
            try:
                async with asyncio.TaskGroup() as group:
                    for cpu in self._cpus:
                        group.create_task(self._work(schedule, test_data, seed, cpu))
            except ExceptionGroup as failures:
                raise failures.exceptions[0] from None
        name = hashlib.blake2b(f"{seed}{test_data}".encode(), digest_size=8).hexdigest()
        rng = np.random.default_rng([*seed, _RESAMPLE])
        return {key: record.result(test_data, name, rng) for key, record in records.items()}

    async def compare(self, one: Program, other: Program, workload: Workload) -> Comparison:
        """Time two programs against each other, afresh, and say who is faster.

        Raises:
            BenchmarkError: The workload is at fault.
            ValueError: They have the same id.
        """
        results = await self.benchmark_population([one, other], workload)
        return compare(results[one.id], results[other.id], level=self._level, margin=self._margin)

    def _sessions(self, records: list[_Record], seed: list[int]) -> list[_Session]:
        rng = np.random.default_rng([*seed, _DEAL])
        groups = -(-len(records) // self._group_size)
        sessions = []
        for number in range(self._processes):
            drawn = rng.permutation(len(records))
            sessions += [
                _Session(number, [records[index] for index in drawn[first::groups]]) for first in range(groups)
            ]
        return sessions

    async def _work(self, schedule: _Schedule, workload: Workload, seed: list[int], cpu: int | None) -> None:
        """Carry out sessions of the schedule until none is left."""
        for session, share in schedule.shares(len(self._cpus)):
            living = [record for record in session.records if record.error is None]
            if living:
                await self._drive(session.number, living, share, workload, seed, cpu)

    async def _drive(
        self, number: int, records: list[_Record], seconds: float, workload: Workload, seed: list[int], cpu: int | None
    ) -> None:
        argument = {
            "workload": workload.source,
            "sizes": list(workload.sizes),
            "seed": [*seed, number],
            "warm_up": self._warm_up,
            "pairs": [1, self._pairs],
            "seconds": seconds,
            "call_timeout_s": self._call_timeout_s,
            "cpu": cpu,
        }
        calls = (self._warm_up + 2) * len(records) * len(workload.sizes)  # those that are made whatever the time
        outcome = await self._server.drive(
            [ProgramFiles(files=record.program.files, entry=record.program.entry) for record in records],
            self._driver,
            wire.encode(argument, max_bytes=_ARGUMENT_BYTES + len(workload.source)),
            single=False,
            timeout_s=_START_UP_S + seconds + calls * self._call_timeout_s,
            limits=self._limits,
        )
        if outcome.output is None:
            message = outcome.error.message if outcome.error is not None else "no output"
            raise BenchmarkError(f"the benchmark failed: {message}")
        answer = wire.decode(outcome.output)
        for record, measured in zip(records, answer["programs"], strict=True):
            record.note(number, measured, answer["no_instructions"], answer["pinned"])


@dataclass(frozen=True, slots=True)
class _Session:
    """Processes of the same number of several programs."""

    number: int
    records: list[_Record]


class _Schedule:
    """Sessions that share out a time: what one does not use, or takes too much, is shared by those that follow."""

    def __init__(self, seconds: float, sessions: list[_Session]) -> None:
        self._deadline = time.monotonic() + seconds
        self._sessions = sessions

    def shares(self, workers: int) -> Iterator[tuple[_Session, float]]:
        """The next session and its seconds; several may iterate, each session is given to one of them."""
        while self._sessions:
            left = max(0.0, self._deadline - time.monotonic())
            ahead = -(-len(self._sessions) // workers)
            yield self._sessions.pop(0), left / ahead


@dataclass
class _Record:
    """What the sessions of one program gave so far."""

    program: Program
    cpu_s: dict[int, FloatArray] = field(default_factory=dict)
    wall_s: dict[int, FloatArray] = field(default_factory=dict)
    instructions: dict[int, FloatArray] = field(default_factory=dict)
    peak_memory_mb: list[float] = field(default_factory=list)
    error: ProgramError | None = None
    no_instructions: str = ""
    pinned: bool = True

    def note(self, number: int, measured: Mapping[str, Any], no_instructions: str, pinned: bool) -> None:
        """Take what its process ``number`` gave."""
        if measured["error"] is not None:
            failure = measured["error"]
            self.error = ProgramError(kind=ErrorKind(failure["kind"]), message=failure["message"], stage=STAGE)
            return
        self.cpu_s[number] = np.array(measured["cpu_s"], dtype=np.float64)
        self.wall_s[number] = np.array(measured["wall_s"], dtype=np.float64)
        if measured["instructions"] is not None:
            self.instructions[number] = np.array(measured["instructions"], dtype=np.float64)
        self.peak_memory_mb.append(measured["peak_memory_mb"])
        self.no_instructions = self.no_instructions or no_instructions
        self.pinned = self.pinned and pinned

    def result(self, workload: Workload, inputs: str, rng: np.random.Generator) -> BenchmarkResult:
        """What all of it says."""
        timing = None if self.error is not None else self._timing(workload, rng)
        return BenchmarkResult(program_id=self.program.id, timing=timing, error=self.error, inputs=inputs)

    def _timing(self, workload: Workload, rng: np.random.Generator) -> Timing:
        processes = tuple(self.cpu_s[number] for number in sorted(self.cpu_s))
        totals = [samples.sum(axis=1) for samples in processes]
        by_size = [_typical([samples[:, place] for samples in processes]) for place in range(len(workload.sizes))]
        counted = [samples.sum(axis=1) for samples in self.instructions.values()]
        return Timing(
            cpu_s=_typical(totals),
            cpu_deviation_s=median_deviation(np.concatenate(totals)),
            cpu_interval_s=bootstrap_interval(totals, rng),
            wall_s=_typical([samples.sum(axis=1) for samples in self.wall_s.values()]),
            cpu_s_by_size=dict(zip(workload.sizes, by_size, strict=True)),
            peak_memory_mb=median(np.array(self.peak_memory_mb)),
            instructions=None if self.no_instructions else _typical(counted),
            no_instructions=self.no_instructions,
            pinned=self.pinned,
            processes=processes,
        )


def _typical(processes: Sequence[FloatArray]) -> float:
    """Median over processes of the median over rounds."""
    return median(np.array([median(samples) for samples in processes]))


def _processors() -> list[int]:
    """Processors that this process may use; empty where the system does not say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
