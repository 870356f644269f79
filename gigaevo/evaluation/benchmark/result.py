"""What a benchmark says of a program, and of two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gigaevo.evaluation.benchmark.statistics import (
    LEVEL,
    MARGIN,
    FloatArray,
    difference,
    typical_log_ratio,
)
from gigaevo.programs import ProgramError

_CLOCK_RESOLUTION_S = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What a program took for a round: one fresh input of each size of the workload.

    Attributes:
        cpu_s: CPU seconds (user and system) of its process, median over processes of the median over rounds; reading
            the input and writing the answer are in it.
        cpu_deviation_s: Median absolute deviation from the median over all rounds.
        cpu_interval_s: Bootstrap interval of ``cpu_s``, 99 %.
        wall_s: Wall-clock seconds, median like ``cpu_s``. On a machine with other work to do it says little.
        cpu_s_by_size: CPU seconds for an input of each size, median like ``cpu_s``.
        peak_memory_mb: Peak resident memory of its process in MiB, median over processes, shared pages included.
        instructions: Instructions retired outside the kernel, median like ``cpu_s``; None where they cannot be counted.
        no_instructions: Why they cannot; empty where they were.
        pinned: Whether every process was held to one processor.
        processes: CPU seconds of each of its processes, shape (rounds, sizes); rounds of the same number in the
            processes of the same number of several programs had the same inputs.
    """

    cpu_s: float
    cpu_deviation_s: float
    cpu_interval_s: tuple[float, float]
    wall_s: float
    cpu_s_by_size: Mapping[int, float]
    peak_memory_mb: float
    instructions: float | None
    no_instructions: str
    pinned: bool
    processes: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """One program's part in a benchmark: its timing or its error.

    Attributes:
        program_id: Whose it is.
        timing: What was measured; None where the program failed or gave a wrong answer in any process.
        error: Why there is no timing.
        inputs: Name of the inputs it was measured on; only results on the same inputs can be compared.
    """

    program_id: str
    timing: Timing | None
    error: ProgramError | None
    inputs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Who of two is faster.

    Attributes:
        ratio: CPU time of the first divided by that of the second; None where one of them has no timing.
        interval: Confidence interval of the ratio, 99 % by default.
        differs: Whether they differ, by the rule of ``statistics.difference``, or because only one of them works.
        winner: Id of the faster one; of the one that works; None where they do not differ.
    """

    ratio: float | None
    interval: tuple[float, float] | None
    differs: bool
    winner: str | None


def compare(
    one: BenchmarkResult, other: BenchmarkResult, *, level: float = LEVEL, margin: float = MARGIN
) -> Comparison:
    """Compare two programs of one benchmark.

    Args:
        one: The first.
        other: The second.
        level: See ``statistics.difference``.
        margin: See there.

    Raises:
        ValueError: They were measured on different inputs.
    """
    if one.inputs != other.inputs:
        raise ValueError(f"{one.program_id} and {other.program_id} were measured on different inputs; benchmark both")
    if one.timing is None or other.timing is None:
        working = [result.program_id for result in (one, other) if result.timing is not None]
        return Comparison(ratio=None, interval=None, differs=bool(working), winner=working[0] if working else None)
    pairs = zip(one.timing.processes, other.timing.processes, strict=True)
    found = difference([_log_ratio(first, second) for first, second in pairs], level=level, margin=margin)
    faster = one if found.ratio < 1 else other
    return Comparison(
        ratio=found.ratio,
        interval=found.interval,
        differs=found.differs,
        winner=faster.program_id if found.differs else None,
    )


def _log_ratio(one: FloatArray, other: FloatArray) -> float:
    """The typical log-ratio over the rounds that both processes had."""
    rounds = min(len(one), len(other))
    # Where processes are not pinned a clock may stand still for a round.
    ones, others = (np.maximum(samples[:rounds].sum(axis=1), _CLOCK_RESOLUTION_S) for samples in (one, other))
    return typical_log_ratio(ones, others)
