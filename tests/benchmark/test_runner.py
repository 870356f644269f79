"""Programs timed side by side: fair turns, fresh inputs, checked answers, and no profit from tricks with time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from gigaevo.evaluation.benchmark import BenchmarkError, BenchmarkJudge, Workload, compare
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evolution.arena import AsyncTournamentSelection
from gigaevo.programs import ErrorKind, Program
from tests.benchmark.conftest import DOUBLING, doubling

WORK = 20_000  # turns of a loop, about half a millisecond


def program(name: str, source: str) -> Program:
    return Program(id=name, source=source)


async def test_the_faster_of_two_wins(open_runner: Any) -> None:
    runner = await open_runner()
    found = await runner.compare(program("slow", doubling(8 * WORK)), program("fast", doubling(WORK)), DOUBLING)
    assert found.differs
    assert found.winner == "fast"
    assert found.ratio > 2
    assert found.interval[0] <= found.ratio <= found.interval[1]


async def test_a_program_does_not_differ_from_itself(open_runner: Any) -> None:
    runner = await open_runner(seconds=0.5, level=1e-4)
    found = await runner.compare(program("one", doubling(WORK)), program("other", doubling(WORK)), DOUBLING)
    assert not found.differs
    assert found.winner is None


async def test_everything_asked_for_is_reported_of_each_program(open_runner: Any) -> None:
    runner = await open_runner(max_workers=2, group_size=2)
    sources = {str(number): doubling(WORK * number) for number in (1, 2, 3, 4, 20)}
    results = await runner.benchmark_population([program(*item) for item in sources.items()], DOUBLING)
    assert list(results) == list(sources)
    for name, result in results.items():
        timing = result.timing
        assert result.program_id == name
        assert result.error is None
        assert len(timing.processes) == 6
        assert all(samples.shape[1] == 1 and len(samples) % 2 == 0 for samples in timing.processes)
        assert timing.cpu_interval_s[0] <= timing.cpu_s <= timing.cpu_interval_s[1]
        assert timing.cpu_s_by_size == {1: timing.cpu_s}
        assert timing.cpu_deviation_s >= 0
        assert timing.wall_s >= 0.5 * timing.cpu_s
        assert timing.peak_memory_mb > 1
        # Counted or not: never both, never neither.
        assert (timing.instructions is None) == bool(timing.no_instructions)
    assert compare(results["20"], results["1"]).winner == "1"


async def test_each_size_has_a_time_of_its_own(open_runner: Any) -> None:
    looping = "def entrypoint(number):\n    for _ in range(number): pass\n    return number\n"
    workload = Workload(
        "def make_input(size, rng):\n    return size\ndef check(input, answer):\n    return answer == input\n",
        (1_000, 200_000),
    )
    runner = await open_runner()
    result = (await runner.benchmark_population([program("looping", looping)], workload))["looping"]
    small, large = (result.timing.cpu_s_by_size[size] for size in workload.sizes)
    assert large > 3 * small
    assert result.timing.processes[0].shape[1] == 2


# Fairness. The workloads of these tests keep count of what they are asked, and refuse what must not be.

RECITING = "seen = []\ndef entrypoint(number):\n    seen.append(number)\n    return [NAME, seen]\n"


async def test_inputs_are_fresh_in_each_round_and_the_same_for_all(open_runner: Any) -> None:
    workload = Workload(
        """
inputs = {}

def make_input(size, rng):
    return int(rng.integers(2**50))

def check(input, answer):
    name, seen = answer
    fresh = len(set(seen)) == len(seen) and seen[-1] == input
    return fresh and inputs.setdefault(len(seen), input) == input
""",
        (1, 2),
    )
    runner = await open_runner(most_rounds=10)
    population = [program(name, f"NAME = {name!r}\n" + RECITING) for name in "abc"]
    results = await runner.benchmark_population(population, workload)
    assert [result.error for result in results.values()] == [None] * 3
    assert all(len(samples) <= 10 for result in results.values() for samples in result.timing.processes)


async def test_the_second_round_of_a_pair_goes_through_the_programs_backwards(open_runner: Any) -> None:
    workload = Workload(
        """
turns = []

def make_input(size, rng):
    return 0

def check(input, answer):
    turns.append(answer[0])
    last = turns[-6:]
    return len(turns) % 6 != 0 or (last == last[::-1] and len(set(last)) == 3)
""",
        (1,),
    )
    runner = await open_runner(warm_up=0, most_rounds=20)
    population = [program(name, f"NAME = {name!r}\n" + RECITING) for name in "abc"]
    results = await runner.benchmark_population(population, workload)
    assert [result.error for result in results.values()] == [None] * 3


async def test_two_benchmarks_at_once_wait_for_each_other(open_runner: Any) -> None:
    runner = await open_runner(seconds=0.15, most_rounds=10_000)
    pairs = [[program(name, doubling(WORK)) for name in names] for names in ("ab", "cd")]
    begun = time.monotonic()
    await asyncio.gather(*(runner.benchmark_population(pair, DOUBLING) for pair in pairs))
    assert time.monotonic() - begun >= 4 * 0.15


# Failures


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("def entrypoint(number):\n    return number\n", ErrorKind.INVALID, "wrong answer"),
        ("def entrypoint(number):\n    raise KeyError('no')\n", ErrorKind.EXCEPTION, "KeyError"),
        ("def entrypoint(number):\n    import os\n    os._exit(0)\n", ErrorKind.EXIT, ""),
        ("def entrypoint(number):\n    while True: pass\n", ErrorKind.TIMEOUT, ""),
        ("def entrypoint(number) return 2 * number\n", ErrorKind.EXCEPTION, ""),
        ("def entrypoint(number):\n    return object()\n", ErrorKind.OUTPUT, ""),
    ],
    ids=["wrong", "raises", "exits", "hangs", "syntax", "type"],
)
async def test_a_program_that_fails_has_an_error_and_no_time_and_others_are_timed(
    open_runner: Any, source: str, kind: ErrorKind, message: str
) -> None:
    runner = await open_runner(**({"call_timeout_s": 1.0} if kind is ErrorKind.TIMEOUT else {}))
    results = await runner.benchmark_population([program("bad", source), program("good", doubling(WORK))], DOUBLING)
    bad, good = results["bad"], results["good"]
    assert bad.timing is None
    assert bad.error.stage == "benchmark"
    assert message in bad.error.message
    if "return 2 * number\n" not in source:  # what a broken text is called is the sandbox's affair
        assert bad.error.kind == kind
    assert good.error is None
    assert len(good.timing.processes) == 6
    found = compare(bad, good)
    assert (found.winner, found.differs, found.ratio) == ("good", True, None)
    assert compare(bad, bad).winner is None


async def test_a_program_that_is_wrong_now_and_then_has_no_time(open_runner: Any) -> None:
    careless = doubling(0, inside="if number % 7 == 3: return 0")
    runner = await open_runner(most_rounds=40)
    result = (await runner.benchmark_population([program("careless", careless)], DOUBLING))["careless"]
    assert result.timing is None
    assert result.error.kind is ErrorKind.INVALID


async def test_a_check_that_raises_refuses_the_answer_and_says_why(open_runner: Any) -> None:
    workload = Workload(DOUBLING.source.replace("return type", "assert answer['a']\n    return type"), (1,))
    runner = await open_runner()
    result = (await runner.benchmark_population([program("one", doubling(0))], workload))["one"]
    assert result.error.message.startswith("wrong answer: TypeError: ")


@pytest.mark.parametrize(
    ("old", "new"), [("return int(", "raise OSError('no input')\n    return int("), ("return int(", "return set, (")]
)
async def test_a_broken_workload_is_nobody_s_failure(open_runner: Any, old: str, new: str) -> None:
    runner = await open_runner()
    with pytest.raises(BenchmarkError, match=r"the benchmark failed: .*driver"):
        await runner.benchmark_population(
            [program("one", doubling(0))], Workload(DOUBLING.source.replace(old, new), (1,))
        )


async def test_programs_need_ids_of_their_own(open_runner: Any) -> None:
    runner = await open_runner()
    with pytest.raises(ValueError, match="an id of its own"):
        await runner.benchmark_population([program("one", ""), program("one", "")], DOUBLING)


async def test_results_on_different_inputs_are_not_compared(open_runner: Any) -> None:
    runner = await open_runner(seconds=0.01)
    one = await runner.benchmark_population([program("one", doubling(0))], DOUBLING)
    other = await runner.benchmark_population([program("other", doubling(0))], DOUBLING)
    with pytest.raises(ValueError, match="one and other were measured on different inputs"):
        compare(one["one"], other["other"])


async def test_nobody_is_benchmarked_in_no_time(open_runner: Any) -> None:
    runner = await open_runner()
    assert await runner.benchmark_population([], DOUBLING) == {}


@pytest.mark.parametrize(
    ("option", "value"), [("seconds", -1.0), ("processes", 0), ("most_rounds", 1), ("group_size", 1), ("warm_up", -1)]
)
async def test_a_setting_out_of_its_range_is_refused(open_runner: Any, option: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{option} must be at least"):
        await open_runner(**{option: value})


# Tricks with time: a program that tries one is as slow as it is.

LYING_CLOCKS = """
import time, sys
import numpy
for name in ('time', 'perf_counter', 'process_time', 'monotonic', 'clock_gettime', 'thread_time'):
    setattr(time, name, lambda *arguments: 0.0)
    setattr(time, name + '_ns', lambda *arguments: 0)
time.sleep = lambda seconds: None
"""
WORKING_AHEAD = """
import threading
def ahead():
    while True:
        for _ in range(100000): pass
threading.Thread(target=ahead, daemon=True).start()
"""


@pytest.mark.parametrize(
    ("first", "inside"),
    [
        (LYING_CLOCKS, ""),
        ("import time", "time.sleep(0.003)"),
        ("memory = {}", "if number in memory: return memory[number]\n    memory[number] = 2 * number"),
    ],
    ids=["patched clocks", "sleeping", "remembering answers"],
)
async def test_a_trick_with_time_changes_nothing(open_runner: Any, first: str, inside: str) -> None:
    runner = await open_runner(seconds=0.3)
    tricky = program("tricky", doubling(5 * WORK, first=first, inside=inside))
    found = await runner.compare(tricky, program("honest", doubling(5 * WORK)), DOUBLING)
    # Wide, for a machine with other work to do; each of these tricks would be a factor of 2 or more.
    assert 0.6 < found.ratio < 1.6


async def test_threads_are_refused_where_the_problem_does_not_allow_them(open_runner: Any) -> None:
    runner = await open_runner()
    ahead = program("ahead", doubling(0, first=WORKING_AHEAD))
    result = (await runner.benchmark_population([ahead], DOUBLING))["ahead"]
    assert result.timing is None


async def test_what_a_thread_computes_between_calls_is_charged(open_runner: Any) -> None:
    runner = await open_runner(allow=("threads",), limits=Limits(memory_mb=256, processes=8), seconds=0.3)
    ahead = program("ahead", doubling(0, first=WORKING_AHEAD))
    found = await runner.compare(ahead, program("honest", doubling(0)), DOUBLING)
    # Both answer at once; the thread holds the interpreter for milliseconds before each answer.
    assert found.ratio > 2


async def test_an_arena_of_speed_finds_the_fastest(open_runner: Any) -> None:
    runner = await open_runner(seconds=0.05)
    population = [program(str(work), doubling(work * WORK)) for work in (10, 100, 1)]
    arena = AsyncTournamentSelection[Program](4, judge=BenchmarkJudge(runner, DOUBLING))
    assert [winner.id for winner in await arena.select_winners(population)] == ["1"]
