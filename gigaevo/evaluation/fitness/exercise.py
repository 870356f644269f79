"""Exercising a program with a problem's benchmark, from outside of its process, and what came of it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gigaevo.evaluation.fitness.growth import GrowthCheck, Verdict, check_growth
from gigaevo.evaluation.sandbox import inline_runner, wire
from gigaevo.evaluation.sandbox.client import ProgramFiles
from gigaevo.evaluation.sandbox.runner import ProgramRunner
from gigaevo.programs.growth_law import GrowthLaw

_DRIVER = Path(__file__).with_name("exercise_driver.py")
_COUNTERS = Path(__file__).parents[1] / "benchmark" / "rounds.py"  # its text; importing it would load scipy
_ARGUMENT_BYTES = 4 << 20
_PROCESSES = 2  # as many as the driver wants of the program, and one more for inputs that grow
_FAULT_OF_THE_DRIVER = ("the driver raised", "driver: ")
_CLEAR_OF_OVERHEAD = 6.0  # times the cost of the smallest input, before a cost says something of growth
_LEAST_MEMORY_MB = 1.0


class ExerciseError(RuntimeError):
    """A benchmark cannot be used: its code raised, or is not what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseReport:
    """What exercising one program gave.

    Attributes:
        tests: Share of the ordinary inputs that were answered rightly.
        edges: The same of the edge cases; None where the benchmark has none.
        faults: Share of the faults that were raised and recovered from; None where it has none.
        cpu_s: CPU seconds of a call: the median for each size, summed; None where a size was never answered rightly.
        cycles: Processor cycles likewise; None where nothing counts them.
        memory_mb: Peak resident memory beyond that before the first call, in MiB.
        growth: ``(size, CPU seconds, MiB beyond the start)`` of each call with an input that grew.
        complaints: The first few reasons why something was not right.
        no_cycles: Why cycles were not counted.
        cost_cpu_s: CPU seconds of all that the program did.
    """

    tests: float
    edges: float | None
    faults: float | None
    cpu_s: float | None
    cycles: float | None
    memory_mb: float
    growth: Sequence[tuple[int, float, float]]
    complaints: Sequence[str]
    no_cycles: str
    cost_cpu_s: float


class Exercise:
    """Exercises programs with a benchmark.

    Args:
        server: Where programs are driven.
        benchmark: Text of the problem's ``benchmark.py``.
        seed: Which ordinary inputs; the same for every program.
        repeats: Ordinary inputs of each size, at least 1.
        call_timeout_s: Wall-clock seconds that one call may take.
        seconds: CPU seconds for ordinary inputs, and as many for edge cases and faults; what is left over then counts
            as wrong. Five times as many may pass on the wall clock.
        growth_seconds: CPU seconds for inputs that grow; likewise.

    Raises:
        ValueError: A number is out of range, or the server has no processes of which time could be taken.
    """

    def __init__(
        self,
        *,
        server: ProgramRunner,
        benchmark: str,
        seed: int = 0,
        repeats: int = 3,
        call_timeout_s: float = 2.0,
        seconds: float = 2.0,
        growth_seconds: float = 0.4,
    ) -> None:
        if server.report.level == inline_runner.LEVEL:
            raise ValueError("sandbox=inline cannot drive or time programs from outside; use sandbox=auto")
        if repeats < 1:
            raise ValueError(f"repeats is {repeats}; it must be at least 1")
        for name, value in (("call_timeout_s", call_timeout_s), ("seconds", seconds)):
            if not value > 0.0:
                raise ValueError(f"{name} is {value}; it must be above 0")
        self._server = server
        self._driver = _DRIVER.read_text(encoding="utf-8")
        self._growth_seconds = growth_seconds
        self._longest_s = 5.0 * (2.0 * seconds + growth_seconds) + 3.0 * call_timeout_s + 10.0
        self._argument = {
            "benchmark": benchmark,
            "counters": _COUNTERS.read_text(encoding="utf-8"),
            "seed": seed,
            "repeats": repeats,
            "call_timeout_s": call_timeout_s,
            "seconds": seconds,
        }

    async def run(self, files: Mapping[str, str], entry: str, *, grow: bool) -> ExerciseReport:
        """Exercise one program.

        Args:
            files: Relative path to text.
            entry: The file that defines ``entrypoint``.
            grow: Whether inputs that grow are wanted.

        Raises:
            ExerciseError: The benchmark is at fault, not the program.
        """
        argument = {**self._argument, "growth_seconds": self._growth_seconds if grow else 0.0}
        outcome = await self._server.drive(
            [ProgramFiles(files=dict(files), entry=entry)] * (_PROCESSES + grow),
            self._driver,
            wire.encode(argument, max_bytes=_ARGUMENT_BYTES, name="benchmark"),
            single=False,
            timeout_s=self._longest_s,
        )
        cpu_s = sum(program.cpu_time_s for program in outcome.programs)
        if outcome.output is not None:
            return _report(wire.decode(outcome.output), cpu_s)
        message = "it failed" if outcome.error is None else outcome.error.message
        if message.startswith(_FAULT_OF_THE_DRIVER):
            raise ExerciseError(f"benchmark.py cannot be used: {message}")
        return _failed(message, cpu_s)


def _failed(message: str, cpu_s: float) -> ExerciseReport:
    return ExerciseReport(
        tests=0.0,
        edges=0.0,
        faults=0.0,
        cpu_s=None,
        cycles=None,
        memory_mb=0.0,
        growth=(),
        complaints=[message],
        no_cycles="",
        cost_cpu_s=cpu_s,
    )


def _report(record: Mapping[str, Any], cpu_s: float) -> ExerciseReport:
    tests, edges, faults = record["tests"], record["edges"], record["faults"]
    wrong = [case["error"] for case in [*tests, *edges, *faults] if not case["right"]]
    return ExerciseReport(
        tests=_share(tests) or 0.0,
        edges=_share(edges),
        faults=_share(faults),
        cpu_s=_summed(tests, "cpu_s"),
        cycles=None if record["no_cycles"] else _summed(tests, "cycles"),
        memory_mb=record["memory_mb"],
        growth=[(call["size"], call["cpu_s"], call["memory_mb"]) for call in record["growth"]],
        complaints=[*dict.fromkeys([*wrong, record["growth_error"]] if record["growth_error"] else wrong)][:5],
        no_cycles=record["no_cycles"],
        cost_cpu_s=cpu_s,
    )


def _share(cases: Sequence[Mapping[str, Any]]) -> float | None:
    return sum(case["right"] for case in cases) / len(cases) if cases else None


def _summed(tests: Sequence[Mapping[str, Any]], what: str) -> float | None:
    """Median of each size over its right answers, summed; None where a size has none."""
    by_size: dict[int, list[float]] = {test["size"]: [] for test in tests}
    for test in tests:
        if test["right"]:
            by_size[test["size"]].append(test[what])
    if not by_size or not all(by_size.values()):
        return None
    return float(sum(statistics.median(values) for values in by_size.values()))


def check_time(
    law: GrowthLaw, growth: Sequence[tuple[int, float, float]], *, tolerance: float, complaint: str = ""
) -> GrowthCheck:
    """Hold CPU seconds over growing inputs against a law.

    Each call costs something that does not grow with its input (waking up, finding the function). Sizes whose median is
    less than six times that of the smallest size are left out. Reading the input takes time in proportion to it, so
    of laws that grow slower than n nothing can be told this way.

    Args:
        law: The law.
        growth: ``(size, CPU seconds, MiB)`` of each call.
        tolerance: See ``check_growth``.
        complaint: Why there are no more calls, for the reason.
    """
    if law.power < 1.0:
        return _unclear(law, "reading the input alone takes time in proportion to its size")
    by_size: dict[int, list[float]] = {}
    for size, cpu_s, _ in growth:
        by_size.setdefault(size, []).append(max(cpu_s, 1e-9))
    medians = {size: statistics.median(values) for size, values in by_size.items()}
    least = _CLEAR_OF_OVERHEAD * min(medians.values(), default=0.0)
    clear = [(size, cpu_s) for size, values in by_size.items() if medians[size] >= least for cpu_s in values]
    check = check_growth(law, [size for size, _ in clear], [cpu_s for _, cpu_s in clear], tolerance=tolerance)
    if check.verdict is Verdict.UNCLEAR and complaint:
        return _unclear(law, f"{check.reason}; {complaint}")
    return check


def check_space(law: GrowthLaw, growth: Sequence[tuple[int, float, float]], *, tolerance: float) -> GrowthCheck:
    """Hold peak memory over growing inputs against a law.

    Peak memory never falls, and is known in pages: sizes at which it lies less than 1 MiB above what it was before the
    first call are left out. The input itself is part of it, so of laws that grow slower than n nothing can be told.
    """
    if law.power < 1.0:
        return _unclear(law, "the input alone takes memory in proportion to its size")
    highest: dict[int, float] = {}
    for size, _, memory_mb in growth:
        highest[size] = max(highest.get(size, 0.0), memory_mb)
    seen = {size: memory_mb for size, memory_mb in highest.items() if memory_mb >= _LEAST_MEMORY_MB}
    return check_growth(law, list(seen), list(seen.values()), tolerance=tolerance)


def _unclear(law: GrowthLaw, reason: str) -> GrowthCheck:
    return GrowthCheck(law=law, verdict=Verdict.UNCLEAR, reason=reason)
