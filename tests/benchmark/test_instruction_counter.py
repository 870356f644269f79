"""Counting what a process does from outside it, where the kernel has a counter."""

from __future__ import annotations

import os

import pytest

from gigaevo.evaluation.benchmark.rounds import InstructionCounter

SOFTWARE, TASK_CLOCK = 1, 1  # a counter that needs no hardware: nanoseconds of CPU time


def test_a_counter_counts_a_process() -> None:
    counter = InstructionCounter(os.getpid(), SOFTWARE, TASK_CLOCK)
    if counter.reason:
        pytest.skip(counter.reason)
    before = counter.read()
    while os.times().user + os.times().system < 0.01:
        pass
    sum(range(100_000))
    assert counter.read() > before


def test_what_cannot_be_counted_says_why_and_counts_nothing() -> None:
    counter = InstructionCounter(os.getpid(), kind=9999)
    assert counter.reason
    assert counter.read() == 0


def test_a_process_that_is_not_known_is_not_counted() -> None:
    assert InstructionCounter(None).reason == "the process is not known"
