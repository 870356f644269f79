"""Programs exercised with a benchmark, in the real sandbox, from outside of their processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gigaevo.evaluation.fitness import Exercise, FitnessEvaluator, Verdict
from gigaevo.evaluation.fitness.exercise import ExerciseError, ExerciseReport, check_time
from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.inline_runner import InlineRunner
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.stage import Inputs, StageResult
from gigaevo.evaluation.stages.fitness import FitnessStage
from gigaevo.problems import Problem, load_problem
from gigaevo.programs import Program
from gigaevo.programs.genome import CodeGenome, Phenotype
from gigaevo.programs.growth_law import GrowthLaw

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROBLEMS = Path(__file__).parents[2] / "problems"
SORTING = load_problem(PROBLEMS / "sorting")
TOY = load_problem(PROBLEMS / "toy_example")

INSERTION_SORT = next(seed.source for seed in SORTING.initial_programs if seed.name == "insertion")
MERGE_SORT = """
def merge_sort(items, before):
    if len(items) < 2:
        return list(items)
    left = merge_sort(items[: len(items) // 2], before)
    right = merge_sort(items[len(items) // 2 :], before)
    merged, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if before(right[j], left[i]):
            merged.append(right[j])
            j += 1
        else:
            merged.append(left[i])
            i += 1
    return merged + left[i:] + right[j:]


def entrypoint(items, before):
    return merge_sort(items, before)
"""

SQUARES = """
SIZES = (2, 5)
EDGE_CASES = ([], [0.0], [-1.5])
FAULTS = ((["x"], "TypeError"),)

def make_input(size, rng):
    return rng.random(size).tolist()

def check(input, answer):
    return answer == [value * value for value in input]
"""
RIGHT = "def entrypoint(values):\n    return [value * value for value in values]\n"


async def started(problem: Problem) -> ForkServer:
    limits = Limits(wall_time_s=20.0, memory_mb=512)
    server = ForkServer(problem_dir=problem.folder, has_context_file=problem.has_context, limits=limits)
    await server.start()
    return server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def plain() -> AsyncIterator[ForkServer]:
    """Calls ``entrypoint`` itself."""
    server = await started(TOY)
    yield server
    await server.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sorting() -> AsyncIterator[ForkServer]:
    """Calls the harness of the sorting problem."""
    server = await started(SORTING)
    yield server
    await server.close()


async def exercised(server: ForkServer, text: str, benchmark: str = SQUARES, **settings: Any) -> ExerciseReport:
    exercise = Exercise(server=server, benchmark=benchmark, **settings)
    return await exercise.run({"main.py": text}, "main.py", grow=bool(settings.get("growth_seconds")))


async def test_a_right_program_passes_everything_and_its_time_is_measured(plain: ForkServer) -> None:
    report = await exercised(plain, RIGHT)
    assert (report.tests, report.edges, report.faults) == (1.0, 1.0, 1.0)
    assert report.complaints == []
    assert report.cpu_s is not None and 0.0 < report.cpu_s < 0.1
    assert 0.0 <= report.memory_mb < 50.0
    assert report.cost_cpu_s > 0.0


@pytest.mark.parametrize(
    ("body", "tests", "edges", "faults", "complaint"),
    [
        ("return [value * value for value in values] if len(values) > 1 else []", 1.0, 1 / 3, 0.0, "wrong answer"),
        ("return [value * value for value in values[:4]]", 0.5, 1.0, 0.0, "after TypeError: wrong answer"),
        ("return {}", 0.0, 0.0, 0.0, "expected TypeError, got an answer"),
        ("import os\n    os._exit(3)", 0.0, 0.0, 0.0, "exit: its process ended before it answered"),
        ("raise TypeError('never')", 0.0, 0.0, 0.0, "after TypeError: exception: TypeError: never"),
        (
            "if values == ['x']:\n        raise ValueError\n    return [value * value for value in values]",
            *(1.0, 1.0, 0.0),
            "expected TypeError, got exception: ValueError",
        ),
        (
            "try:\n        return [value * value for value in values]\n    except TypeError:\n        return []",
            *(1.0, 1.0, 0.0),
            "expected TypeError, got an answer",
        ),
    ],
    ids=["one edge", "one size", "junk", "exit", "always raises", "other exception", "swallows"],
)
async def test_each_part_counts_what_was_right(
    plain: ForkServer, body: str, tests: float, edges: float, faults: float, complaint: str
) -> None:
    report = await exercised(plain, f"def entrypoint(values):\n    {body}\n")
    assert (report.tests, report.edges, report.faults) == pytest.approx((tests, edges, faults))
    assert complaint in report.complaints


async def test_cycles_are_counted_or_the_machine_is_named_as_the_reason(plain: ForkServer) -> None:
    report = await exercised(plain, RIGHT)
    assert (report.cycles is None) == bool(report.no_cycles)
    assert "perf_event_open" in report.no_cycles or (report.cycles is not None and report.cycles > 1000.0)


async def test_a_program_that_a_fault_leaves_in_disorder_has_not_recovered(plain: ForkServer) -> None:
    text = "open_calls = []\n" + (
        "def entrypoint(values):\n    open_calls.append(1)\n    answer = [value * value for value in values]\n"
        "    open_calls.pop()\n    return answer * (1 + len(open_calls))\n"
    )
    report = await exercised(plain, text)
    assert (report.tests, report.edges, report.faults) == (1.0, 1.0, 0.0)
    assert report.complaints == ["after TypeError: wrong answer"]


async def test_no_time_is_told_of_a_size_that_is_never_answered_rightly(plain: ForkServer) -> None:
    evaluator = FitnessEvaluator(exercise=Exercise(server=plain, benchmark=SQUARES))
    text = "def entrypoint(values):\n    return [value * value for value in values[:4]]\n"
    metrics = await evaluator.evaluate(Phenotype(implementation=text))
    assert "execution_time" not in metrics
    assert metrics["performance"] == metrics["execution_time_fitness"] == metrics["memory_usage_fitness"] == 0.0


async def test_time_is_measured_where_a_program_cannot_reach_it(plain: ForkServer) -> None:
    slow = "def entrypoint(values):\n    sum(range(400_000))\n    return [value * value for value in values]\n"
    liar = "import time\ntime.process_time = time.perf_counter = time.monotonic = lambda: 0.0\n" + slow
    honest, lying = await exercised(plain, slow), await exercised(plain, liar)
    assert honest.cpu_s is not None and lying.cpu_s is not None
    assert lying.cpu_s > 0.5 * honest.cpu_s > 0.001


async def test_memory_is_what_the_calls_took_beyond_the_start(plain: ForkServer) -> None:
    hungry = (
        "def entrypoint(values):\n    bytearray(b'x') * (60 << 20)\n    return [value * value for value in values]\n"
    )
    assert 55.0 < (await exercised(plain, hungry)).memory_mb < 75.0
    held = "held = bytearray(b'x') * (60 << 20)\n" + RIGHT
    assert (await exercised(plain, held)).memory_mb < 20.0


async def test_a_call_that_never_ends_costs_its_time_and_no_more(plain: ForkServer) -> None:
    report = await exercised(plain, "def entrypoint(values):\n    while True: pass\n", call_timeout_s=0.3)
    assert report.tests == 0.0
    assert "timeout: it did not answer in time" in report.complaints


async def test_what_is_left_when_time_is_up_counts_as_wrong(plain: ForkServer) -> None:
    slow = (
        "import time\ndef entrypoint(values):\n    time.sleep(0.02)\n    return [value * value for value in values]\n"
    )
    report = await exercised(plain, slow, repeats=100, seconds=0.2)
    assert 0.0 < report.tests < 0.5
    assert "time was up" in report.complaints


async def test_the_same_seed_asks_the_same_and_another_asks_other_things(plain: ForkServer) -> None:
    peeking = "def entrypoint(values):\n    raise ValueError(repr(values[:1]))\n"
    asked = [(await exercised(plain, peeking, seed=seed)).complaints for seed in (1, 1, 2)]
    assert asked[0] == asked[1] != asked[2]


async def test_a_benchmark_without_cases_measures_none(plain: ForkServer) -> None:
    bare = SQUARES.replace("EDGE_CASES", "_EDGES").replace("FAULTS", "_FAULTS")
    report = await exercised(plain, RIGHT, bare)
    assert (report.tests, report.edges, report.faults) == (1.0, None, None)
    found = await FitnessEvaluator(exercise=Exercise(server=plain, benchmark=bare)).assess(
        Phenotype(implementation=RIGHT)
    )
    assert found.metrics["correctness"] == 1.0
    assert found.unavailable["edge_case_handling"] == "benchmark.py has no EDGE_CASES"
    assert found.unavailable["error_recovery"] == "benchmark.py has no FAULTS"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [("SIZES = (2, 5)", "", "SIZES"), ("rng.random", "rng.nonsense", "nonsense"), ("def make", "def (", "SyntaxError")],
)
async def test_a_benchmark_at_fault_is_no_failure_of_the_program(
    plain: ForkServer, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(ExerciseError, match=f"benchmark.py cannot be used: .*{complaint}"):
        await exercised(plain, RIGHT, SQUARES.replace(old, new))


async def test_a_level_that_cannot_time_programs_is_refused_at_once() -> None:
    limits = Limits()
    runner = InlineRunner(problem_dir=TOY.folder, has_context_file=False, limits=limits)
    with pytest.raises(ValueError, match="sandbox=inline cannot drive or time programs"):
        Exercise(server=runner, benchmark=SQUARES)


@pytest.mark.parametrize(
    ("text", "sizes", "least", "greatest"),
    [
        (MERGE_SORT, (16, 512, 724, 1024, 1448, 2048, 2896), -0.4, 0.4),
        (INSERTION_SORT, (16, 256, 362, 512, 724, 1024, 1448), 0.4, 1.2),
    ],
    ids=["merge sort", "insertion sort"],
)
async def test_real_time_tells_n_log_n_from_a_square(
    sorting: ForkServer, text: str, sizes: tuple[int, ...], least: float, greatest: float
) -> None:
    """Halfway between the two: how narrow the interval is, and so the verdict, is for the machine to say."""
    benchmark = (SORTING.folder / "benchmark.py").read_text() + f"\nGROWTH_SIZES = {sizes}\n"
    report = await exercised(sorting, text, benchmark, call_timeout_s=30.0, growth_seconds=60.0)
    check = check_time(GrowthLaw.parse("O(n log n)"), report.growth, tolerance=0.4)
    assert least < check.excess < greatest, check
    assert [size for size, _, _ in report.growth] == [*sizes] * 9
    assert report.tests == 1.0, report.complaints


async def test_inputs_grow_no_further_than_their_time_lasts(plain: ForkServer) -> None:
    slow = (
        "def entrypoint(values):\n    sum(range(3000 * len(values)))\n    return [value * value for value in values]\n"
    )
    report = await exercised(plain, slow, growth_seconds=0.3)
    sizes = [size for size, _, _ in report.growth]
    reached = sizes[: sizes.index(16, 1)]
    assert reached == sorted(set(reached))
    assert reached[-1] < 3_000_000
    assert sizes == (reached * 9)[: len(sizes)]
    assert "time was up" not in report.complaints


async def test_sorting_routines_are_assessed_in_every_dimension(sorting: ForkServer) -> None:
    evaluator = FitnessEvaluator(
        exercise=Exercise(server=sorting, benchmark=(SORTING.folder / "benchmark.py").read_text()),
        genome=SORTING.genome,
    )
    merging, inserting = [
        await evaluator.assess(Phenotype(implementation=text)) for text in (MERGE_SORT, INSERTION_SORT)
    ]
    for found in (merging, inserting):
        assert found.metrics["correctness"] == 1.0, found.complaints
        assert found.metrics["api_stability"] == found.metrics["paradigm_allowed"] == 1.0
        assert "time_complexity" in found.targets
    assert (merging.paradigm, inserting.paradigm) == ("hybrid", "iterative")
    assert merging.metrics["execution_time"] < inserting.metrics["execution_time"]


GREEDY = """
def entrypoint(values):
    table = [bytearray(b"x") * len(values) for _ in values]
    return [value * value for value in values]
"""


async def test_quadratic_memory_is_told_from_linear(plain: ForkServer) -> None:
    benchmark = SQUARES + "\nGROWTH_SIZES = (1500, 2500, 4000, 6000, 9000)\n"
    genome = CodeGenome(function_signature="def entrypoint(values)", performance_targets={"space_complexity": "O(n)"})
    exercise = Exercise(server=plain, benchmark=benchmark, call_timeout_s=30.0, growth_seconds=60.0)
    greedy = await FitnessEvaluator(exercise=exercise, genome=genome).assess(Phenotype(implementation=GREEDY))
    assert greedy.targets["space_complexity"].verdict is Verdict.BROKEN, greedy.targets
    frugal = await FitnessEvaluator(exercise=exercise, genome=genome).assess(Phenotype(implementation=RIGHT))
    assert frugal.targets["space_complexity"].verdict is not Verdict.BROKEN, frugal.targets


async def test_the_stage_gives_metrics_and_says_what_is_not_as_it_should_be(sorting: ForkServer) -> None:
    stage = FitnessStage(server=sorting, problem=SORTING, growth_seconds=0.2)
    text = "class Sorter:\n    pass\n\n\ndef entrypoint(things, before):\n    return things\n"
    verdict = StageResult(metrics={"validity": 1.0, "modularity": 17.0})
    result = await stage.run(Program(id="1", source=text), Inputs(validate=verdict))
    assert result.error is None
    assert 0.0 < result.metrics["overall_fitness"] < 0.6
    assert result.metrics["api_stability"] == pytest.approx(2.5 / 3)
    assert result.metrics["test_pass_rate"] == 0.0
    assert "modularity" not in result.metrics  # the validator has a metric of that name
    assert result.metrics["paradigm_allowed"] == 0.0
    assert result.artifacts["paradigm_outside"].startswith("oop; the genome allows functional")
    assert set(result.artifacts.get("unavailable", ())) <= {"cpu_cycles"}
    assert set(result.artifacts["performance_targets"]) == set(SORTING.genome.performance_targets)  # type: ignore[union-attr]
    assert "wrong answer" in result.artifacts["wrong_answers"]
    assert result.cost is not None and result.cost.cpu_time_s > 0.0
