"""The driver of a benchmark: measures programs in turns, on fresh inputs, with clocks that they cannot reach.

The text of this file is sent to ``ForkServer.drive`` and runs there, in a trusted process beside the programs'. It
imports nothing of gigaevo. A program's CPU time is that of its process, read from outside, and is charged from the end
of one answer to the end of the next: what it computes between two calls, ahead of the next input, is counted too.

Programs and driver share a processor where they can be pinned. The kernel adds a process's time to its clock when the
process stops running, so that a clock read while the program still runs on another processor is behind by up to a tick;
on a shared one the program has stopped whenever the driver runs.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import time
import types
from typing import Any

import numpy as np

# Streams of random numbers, told apart so that one more draw in one does not change another.
_INPUTS, _ORDER, _WARM_UP = 1, 2, 3
_MESSAGE_CHARACTERS = 300

# perf_event_open(2) has no wrapper in the C library. Version 5 of its attributes is 112 bytes long.
_PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}
_ATTRIBUTE_BYTES = 112
_HARDWARE, _INSTRUCTIONS = 0, 1
_INHERIT, _WITHOUT_KERNEL, _WITHOUT_HYPERVISOR = 1 << 1, 1 << 5, 1 << 6


def drive(programs: Any, argument: dict[str, Any]) -> dict[str, Any]:
    """Measure ``programs`` in turns.

    Two rounds make a pair: the programs take their turns in a random order in the first and in the reversed order in
    the second, so that neither place nor drift favours one. All of them get the same inputs in a round, one of each
    size, which no round before had. Only whole pairs are measured. A program that fails, or whose answer the workload
    refuses, takes no further turn.

    Args:
        programs: Handles of the programs' processes.
        argument: ``workload`` (source text with ``make_input`` and ``check``), ``sizes``, ``seed`` (a list of
            integers), ``warm_up`` (rounds that are not measured), ``pairs`` (least and most), ``seconds`` (wall-clock
            time for all of it; the least number of pairs may exceed it), ``call_timeout_s``, ``cpu`` (the one to pin
            driver and programs to, or None).

    Returns:
        ``programs``: for each its ``cpu_s`` and ``wall_s`` (seconds, rounds by sizes), ``instructions`` (the same
        shape, or None), ``peak_memory_mb`` and ``error`` (None, or ``kind`` and ``message``). ``no_instructions``: why
        they were not counted. ``pinned``: whether driver and programs were pinned.
    """
    deadline = time.monotonic() + argument["seconds"]
    workload = _module(argument["workload"])
    sizes, seed = argument["sizes"], argument["seed"]
    pinned = argument["cpu"] is not None and _pin(programs, argument["cpu"])
    competitors = [Competitor(program, workload, argument["call_timeout_s"]) for program in programs]
    for number in range(argument["warm_up"]):
        inputs = _inputs(workload, sizes, [*seed, _WARM_UP, number])
        for competitor in competitors:
            competitor.turn(inputs, measured=False)
    order = np.random.default_rng([*seed, _ORDER])
    least, most = argument["pairs"]
    for pair in range(most):
        if pair >= least and time.monotonic() >= deadline:
            break
        turns = order.permutation(len(competitors))
        for half, indices in enumerate((turns, turns[::-1])):
            inputs = _inputs(workload, sizes, [*seed, _INPUTS, 2 * pair + half])
            for index in indices:
                competitors[index].turn(inputs)
    return {
        "programs": [competitor.record() for competitor in competitors],
        "no_instructions": next((c.counter.reason for c in competitors if c.counter.reason), ""),
        "pinned": pinned,
    }


class Competitor:
    """One program's process, and what was measured of it.

    Args:
        program: Its handle.
        workload: Module with ``check``.
        call_timeout_s: Wall-clock seconds that one call may take.
    """

    def __init__(self, program: Any, workload: Any, call_timeout_s: float) -> None:
        self.program = program
        self.workload = workload
        self.call_timeout_s = call_timeout_s
        self.counter = InstructionCounter(getattr(program, "pid", None))
        self.cpu_s: list[list[float]] = []
        self.wall_s: list[list[float]] = []
        self.instructions: list[list[int]] = []
        self.peak_memory_mb = 0.0
        self.error: dict[str, str] | None = None
        self._counted = self.counter.read()

    def turn(self, inputs: list[Any], *, measured: bool = True) -> None:
        """Answer each of ``inputs`` once; nothing is kept of a turn in which anything failed."""
        cpu_s, wall_s, instructions = [], [], []
        for value in inputs:
            if self.error is not None:
                return
            answer = self.program.call(value, timeout_s=self.call_timeout_s)
            if answer.error is not None:
                self.error = {key: str(answer.error[key]) for key in ("kind", "message")}
                return
            counted = self.counter.read()
            cpu_s.append(answer.cpu_s)
            wall_s.append(answer.wall_s)
            instructions.append(counted - self._counted)
            self._counted = counted
            self.error = _refusal(self.workload, value, answer.value)
        if measured and self.error is None:
            self.cpu_s.append(cpu_s)
            self.wall_s.append(wall_s)
            self.instructions.append(instructions)
        self.peak_memory_mb = max(self.peak_memory_mb, self.program.peak_memory_mb())

    def record(self) -> dict[str, Any]:
        """What was measured, as data."""
        return {
            "cpu_s": self.cpu_s,
            "wall_s": self.wall_s,
            "instructions": None if self.counter.reason else self.instructions,
            "peak_memory_mb": self.peak_memory_mb,
            "error": self.error,
        }


class InstructionCounter:
    """Counts the instructions of another process, outside the kernel, where the machine has a counter for them.

    Args:
        pid: The process; None where it is not known.
        kind: Type of the perf event.
        event: Number of the event among its type.

    Attributes:
        reason: Why nothing is counted; empty where it is.
    """

    def __init__(self, pid: int | None, kind: int = _HARDWARE, event: int = _INSTRUCTIONS) -> None:
        self.reason = ""
        self._fd = -1
        number = _PERF_EVENT_OPEN.get(platform.machine()) if platform.system() == "Linux" else None
        if number is None or pid is None:
            self.reason = "the process is not known" if number else "this system has no perf_event_open"
            return
        flags = _INHERIT | _WITHOUT_KERNEL | _WITHOUT_HYPERVISOR
        attributes = struct.pack("IIQQQQQ", kind, _ATTRIBUTE_BYTES, event, 0, 0, 0, flags)
        libc = ctypes.CDLL(None, use_errno=True)
        buffer = ctypes.create_string_buffer(attributes, _ATTRIBUTE_BYTES)
        self._fd = libc.syscall(number, buffer, pid, -1, -1, 0)
        if self._fd < 0:
            self.reason = f"perf_event_open: {os.strerror(ctypes.get_errno())}"

    def read(self) -> int:
        """The count so far; 0 where nothing is counted."""
        return 0 if self._fd < 0 else int(struct.unpack("Q", os.read(self._fd, 8))[0])


def _pin(programs: Any, cpu: int) -> bool:
    try:
        os.sched_setaffinity(0, {cpu})
    except (OSError, AttributeError):
        return False
    held = [program.pin(cpu) for program in programs]
    return all(held)


def _module(source: str) -> Any:
    module = types.ModuleType("benchmark")
    exec(compile(source, "benchmark.py", "exec"), module.__dict__)
    return module


def _inputs(workload: Any, sizes: list[int], seed: list[int]) -> list[Any]:
    """One input of each size; a function of ``seed`` alone."""
    rng = np.random.default_rng(seed)
    return [workload.make_input(size, rng) for size in sizes]


def _refusal(workload: Any, value: Any, answer: Any) -> dict[str, str] | None:
    """Why the workload takes ``answer`` for wrong; None where it does not. A check that raises refuses."""
    try:
        right = bool(workload.check(value, answer))
        reason = "wrong answer"
    except Exception as error:
        right = False
        reason = f"wrong answer: {type(error).__name__}: {error}"[:_MESSAGE_CHARACTERS]
    return None if right else {"kind": "invalid", "message": reason}
