"""The driver that exercises a program: ordinary inputs, edge cases, faults, and inputs that grow.

The text of this file is sent to ``ForkServer.drive`` and runs there, in a trusted process beside the program's. It
imports nothing of gigaevo. Answers are judged here, and CPU time is that of the program's process read from outside,
charged from the end of one answer to the end of the next.
"""

from __future__ import annotations

import contextlib
import time
import types
from typing import Any

import numpy as np

# Streams of random numbers, told apart so that one more draw in one does not change another.
_TESTS, _AFTER_FAULTS, _GROWTH, _WARM_UP = range(4)
_MESSAGE_CHARACTERS = 300
_WALL_TO_CPU = 5.0
_LEAST_CALLS, _MOST_CALLS = 3, 9  # of each size that inputs grow to, where time allows
_SMALLEST, _FACTOR, _STEPS = 16, 2**0.5, 36  # up to three million


def drive(programs: Any, argument: dict[str, Any]) -> dict[str, Any]:
    """Exercise one program in processes of its own, so that none of the parts disturbs another.

    Args:
        programs: Handles of the program: for ordinary inputs, for edge cases and faults, and, where they are asked
            for, for inputs that grow.
        argument: ``benchmark`` (source text with ``make_input``, ``check``, ``SIZES``, and perhaps ``EDGE_CASES``,
            ``FAULTS`` and ``GROWTH_SIZES``), ``counters`` (source text of a module with ``InstructionCounter``),
            ``seed``, ``repeats`` (ordinary inputs of each size), ``call_timeout_s``, ``seconds`` (CPU seconds for
            ordinary inputs, and as many for edge cases and faults; what is left over then counts as wrong),
            ``growth_seconds`` (CPU seconds for inputs that grow; 0 for none). Five times as many seconds may pass on
            the wall clock.

    Returns:
        ``tests``: a record for each ordinary input: ``size``, ``right``, ``cpu_s``, ``cycles``, ``error``. ``edges``
        and ``faults``: a record for each case: ``right``, ``error``; of faults ``right`` says that the exception was
        raised and the next answer was right. ``memory_mb``: peak memory beyond that before the first call. ``growth``:
        a record for each call: ``size``, ``cpu_s``, ``memory_mb`` (likewise, when that size was first answered).
        ``growth_error``: why it ended early. ``no_cycles``: why cycles were not counted.
    """
    benchmark = _module("benchmark", argument["benchmark"])
    counters = _module("counters", argument["counters"])
    seed, timeout_s = argument["seed"], argument["call_timeout_s"]
    first = Subject(programs[0], benchmark, timeout_s, argument["seconds"], counters)
    tests = _ordinary(first, benchmark, seed, argument["repeats"])
    second = Subject(programs[1], benchmark, timeout_s, argument["seconds"])
    edges = [second.answer(value) for value in getattr(benchmark, "EDGE_CASES", ())]
    faults = [
        _fault(second, value, exception, benchmark.make_input(_middle(benchmark), _rng(seed, _AFTER_FAULTS, number)))
        for number, (value, exception) in enumerate(getattr(benchmark, "FAULTS", ()))
    ]
    growth: list[dict[str, Any]] = []
    ended = ""
    if argument["growth_seconds"] > 0:
        third = Subject(programs[2], benchmark, timeout_s, argument["growth_seconds"])
        growth, ended = _growing(third, benchmark, seed)
    return {
        "tests": tests,
        "memory_mb": first.memory_mb(),
        "no_cycles": first.no_cycles,
        "edges": edges,
        "faults": faults,
        "growth": growth,
        "growth_error": ended,
    }


class Subject:
    """The program's process, asked one input after another.

    Args:
        program: Its handle.
        benchmark: Module with ``check``.
        call_timeout_s: Wall-clock seconds that one call may take.
        seconds: CPU seconds after which nothing is asked any more.
        counters: Module with ``InstructionCounter``; None to count nothing.
    """

    def __init__(
        self,
        program: Any,
        benchmark: Any,
        call_timeout_s: float,
        seconds: float,
        counters: Any = None,
    ) -> None:
        self._program = program
        self._benchmark = benchmark
        self._call_timeout_s = call_timeout_s
        with contextlib.suppress(Exception):  # a program that fails here fails at each call, and says why
            program.start(call_timeout_s)
        self._start_mb = program.peak_memory_mb()
        self._charged_s = program.cpu_s()
        self._last_cpu_s = self._charged_s + seconds
        self._deadline = time.monotonic() + _WALL_TO_CPU * seconds
        self._counter: Any = None
        self.no_cycles = "nothing counts them"
        if counters is not None:
            self._counter = counters.InstructionCounter(getattr(program, "pid", None), event=0)
            self.no_cycles = self._counter.reason
        self._counted = 0 if self.no_cycles else self._counter.read()

    def answer(self, value: Any, *, judged: bool = True) -> dict[str, Any]:
        """Ask for one answer: whether it is right (where not ``judged``: is there), what it took, and why not."""
        if not self.has_time_for(0.0):
            return {"right": False, "cpu_s": 0.0, "cycles": 0, "error": "time was up"}
        answer = self._program.call(value, timeout_s=self._call_timeout_s)
        charged_s = self._program.cpu_s()
        cpu_s, self._charged_s = charged_s - self._charged_s, charged_s
        cycles = 0
        if not self.no_cycles:
            counted = self._counter.read()
            cycles, self._counted = counted - self._counted, counted
        error = _failure(answer) or (self._complaint(value, answer.value) if judged else "")
        return {"right": not error, "cpu_s": float(cpu_s), "cycles": cycles, "error": error}

    def has_time_for(self, cpu_s: float) -> bool:
        """Whether there are so many CPU seconds left, and time on the wall clock."""
        return self._charged_s + cpu_s <= self._last_cpu_s and time.monotonic() <= self._deadline

    def memory_mb(self) -> float:
        """Peak memory so far beyond that before the first call."""
        return max(float(self._program.peak_memory_mb() - self._start_mb), 0.0)

    def _complaint(self, value: Any, answer: Any) -> str:
        try:
            return "" if self._benchmark.check(value, answer) else "wrong answer"
        except Exception as error:  # made-up answers may be of any shape
            return f"wrong answer: {type(error).__name__}: {error}"[:_MESSAGE_CHARACTERS]


def _failure(answer: Any) -> str:
    """Kind and message where a call failed; empty where there is an answer."""
    return "" if answer.error is None else f"{answer.error['kind']}: {answer.error['message']}"[:_MESSAGE_CHARACTERS]


def _ordinary(subject: Subject, benchmark: Any, seed: int, repeats: int) -> list[dict[str, Any]]:
    """The size of each ordinary input and how it went. One round before is not measured: it warms up."""
    for size in benchmark.SIZES:
        subject.answer(benchmark.make_input(size, _rng(seed, _WARM_UP, size)))
    return [
        {"size": size, **subject.answer(benchmark.make_input(size, _rng(seed, _TESTS, size, repeat)))}
        for repeat in range(repeats)
        for size in benchmark.SIZES
    ]


def _fault(subject: Subject, value: Any, exception: str, ordinary: Any) -> dict[str, Any]:
    """Whether ``value`` raises ``exception`` and ``ordinary`` is answered rightly by the same process after it."""
    complaint = subject.answer(value, judged=False)["error"]
    if not f"{complaint}:".startswith(f"exception: {exception}:"):
        return {"right": False, "error": f"expected {exception}, got {complaint or 'an answer'}"}
    after = subject.answer(ordinary)
    return {"right": after["right"], "error": after["error"] and f"after {exception}: {after['error']}"}


def _growing(subject: Subject, benchmark: Any, seed: int) -> tuple[list[dict[str, Any]], str]:
    """Calls with ever larger inputs, then more of all those sizes in turns; why it ended early.

    Size after size would let a machine that is busy for a while look like growth; in turns it disturbs all sizes alike.
    """
    first, ended = _climb(subject, benchmark, seed)
    records = list(first)
    spent_s = sum(record["cpu_s"] for record in first)
    for call in range(1, 0 if ended else _MOST_CALLS):
        if not subject.has_time_for(spent_s):
            break
        for record in first:
            if not subject.has_time_for(record["cpu_s"]):
                return records, ""
            answer = subject.answer(benchmark.make_input(record["size"], _rng(seed, _GROWTH, record["size"], call)))
            if not answer["right"]:
                return records, f"input of size {record['size']}: {answer['error']}"
            records.append({**record, "cpu_s": answer["cpu_s"]})
    return records, ended


def _climb(subject: Subject, benchmark: Any, seed: int) -> tuple[list[dict[str, Any]], str]:
    """One call of each size for as long as time enough remains to repeat them all."""
    records: list[dict[str, Any]] = []
    spent_s = 0.0
    for size in _growing_sizes(benchmark):
        answer = subject.answer(benchmark.make_input(size, _rng(seed, _GROWTH, size, 0)))
        if not answer["right"]:
            return records, f"input of size {size}: {answer['error']}"
        records.append({"size": size, "cpu_s": answer["cpu_s"], "memory_mb": subject.memory_mb()})
        spent_s += answer["cpu_s"]
        next_s = 2.0 * answer["cpu_s"]  # what a quadratic program takes
        if not subject.has_time_for(_LEAST_CALLS * next_s + (_LEAST_CALLS - 1) * spent_s):
            break
    return records, ""


def _growing_sizes(benchmark: Any) -> list[int]:
    stated = getattr(benchmark, "GROWTH_SIZES", None)
    if stated is not None:
        return [int(size) for size in stated]
    return [int(_SMALLEST * _FACTOR**step) for step in range(_STEPS)]


def _middle(benchmark: Any) -> int:
    sizes = sorted(benchmark.SIZES)
    return int(sizes[len(sizes) // 2])


def _rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _module(name: str, source: str) -> Any:
    module = types.ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    return module
