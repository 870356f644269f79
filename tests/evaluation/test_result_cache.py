"""What is the same is not run again, what is not the same is, and nothing is kept that the machine may have caused."""

from __future__ import annotations

import json
import math
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loguru import logger

from gigaevo.evaluation.base import Evaluation
from gigaevo.evaluation.pipeline import Pipeline, PipelineError
from gigaevo.evaluation.result_cache import ResultCache
from gigaevo.evaluation.result_folder import ResultFolder, _read, _written
from gigaevo.evaluation.result_key import StageKeys, digest, salt_of
from gigaevo.evaluation.sandbox.levels import SandboxReport
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.stage import Inputs, Stage, StageResult
from gigaevo.evaluation.stages.run import RunStage
from gigaevo.problems import load_problem
from gigaevo.programs import Cost, ErrorKind, Program, ProgramError
from tests.evaluation.steps import PROGRAM, Note, failure, measured, problem

ROOT = Path(__file__).resolve().parents[2]
OTHER = Program(id="q", source="def entrypoint():\n    return 2\n")


class Scores(Note):
    """A stage that is cached, made with a setting."""

    cached = True
    setting: object = 1

    def ingredients(self) -> Mapping[str, Any]:
        return {"setting": self.setting}


async def evaluated(
    log: list[str],
    cache: ResultCache,
    *,
    program: Program = PROGRAM,
    setting: object = 1,
    result: Any = None,
    **more: Any,
) -> Evaluation:
    """The evaluation of a pipeline that is made anew, as another run would make it."""
    stage = Scores("a", log, measured(fitness=1.0) if result is None else result)
    stage.setting = setting
    return await Pipeline(stages=[stage], cache=cache, **more).evaluate(program)


async def test_the_same_program_is_measured_once_and_costs_one_call() -> None:
    log: list[str] = []
    cache = ResultCache()
    first = await evaluated(log, cache)
    second = await evaluated(log, cache)
    assert log == ["a"]
    assert second.metrics == first.metrics == {"fitness": 1.0}
    assert (first.cached, second.cached) == ([], ["a"])
    assert (first.cost.validate_calls, second.cost.validate_calls) == (1, 0)
    assert second.cost.cpu_time_s == first.cost.cpu_time_s == 0.5  # what it took when it was measured


@pytest.mark.parametrize(
    "change",
    [
        {"program": OTHER},
        {"program": PROGRAM.model_copy(update={"files": {**PROGRAM.files, "more.py": ""}})},
        {"setting": 2},
        {"setting": True},
        {"setting": 1.0},
    ],
)
async def test_another_program_or_setting_is_measured_anew(change: dict[str, Any]) -> None:
    log: list[str] = []
    cache = ResultCache()
    await evaluated(log, cache)
    await evaluated(log, cache, **change)
    assert log == ["a", "a"]


async def test_another_class_version_or_name_is_measured_anew() -> None:
    log: list[str] = []
    cache = ResultCache()

    class Other(Scores):
        pass

    class Later(Scores):
        version = 2

    for stage in (Scores("a", log), Other("a", log), Later("a", log), Scores("b", log), Scores("a", log)):
        await Pipeline(stages=[stage], cache=cache).evaluate(PROGRAM)
    assert log == ["a", "a", "a", "b"]


async def test_what_a_stage_is_handed_belongs_to_the_key() -> None:
    log: list[str] = []
    cache = ResultCache()

    async def after(**result: Any) -> None:
        stages = [Note("before", [], StageResult(**result)), Scores("a", log, requires=["before"])]
        await Pipeline(stages=stages, cache=cache).evaluate(PROGRAM)

    await after(output="[1]")
    await after(output="[2]")
    await after(output="[1]", metrics={"x": 1.0})
    await after(output="[1]", value={"k": 1})
    assert log == ["a"] * 4
    await after(output="[1]")
    assert log == ["a"] * 4
    for _ in range(2):
        await after(value=object())  # of which nobody can tell
    assert log == ["a"] * 6


@pytest.mark.parametrize("kind", list(ErrorKind))
async def test_a_failure_is_kept_only_where_the_text_alone_explains_it(kind: ErrorKind) -> None:
    log: list[str] = []
    cache = ResultCache()
    for _ in range(2):
        evaluation = await evaluated(log, cache, result=failure(kind))
        assert evaluation.error is not None and evaluation.error.kind is kind
    assert len(log) == (1 if kind in (ErrorKind.SYNTAX, ErrorKind.OUTPUT, ErrorKind.INVALID) else 2)


async def test_what_may_pass_is_not_kept() -> None:
    log: list[str] = []
    cache = ResultCache()
    for _ in range(2):
        await evaluated(log, cache, result=failure(ErrorKind.INVALID, passing=True))
    assert log == ["a", "a"]


@pytest.mark.parametrize("why", ["noisy", "disabled", "not cached", "rescored"])
async def test_nothing_is_taken_from_the_cache_where_results_are_to_be_new(why: str, tmp_path: Path) -> None:
    log: list[str] = []
    cache = ResultCache(folder=tmp_path, disabled=why == "disabled")
    stage = Scores("a", log, measured(fitness=1.0))
    stage.cached = why != "not cached"
    pipeline = Pipeline(stages=[stage], problem=problem(tmp_path, noisy=why == "noisy"), cache=cache)
    for _ in range(2):
        await (pipeline.rescore(PROGRAM) if why == "rescored" else pipeline.evaluate(PROGRAM))
    assert log == ["a", "a"]
    pipeline.close()


def test_a_cached_stage_must_say_what_it_is_made_of() -> None:
    class Opaque(Stage):
        name = "opaque"
        cached = True

        def __init__(self, client: object) -> None:
            self._client = client

        async def run(self, program: Program, inputs: Inputs) -> StageResult:
            return StageResult()

    with pytest.raises(
        PipelineError, match=r"stage 'opaque' is cached, and nobody can tell whether its '_client' \(object\)"
    ):
        Pipeline(stages=[Opaque(object())], cache=ResultCache())
    Pipeline(stages=[Opaque(object())])
    Pipeline(stages=[Opaque({"plain": [1, None, "text"]})], cache=ResultCache())


def test_a_subclass_of_a_shipped_stage_is_told_from_it_by_its_settings() -> None:
    class Seeded(RunStage):
        def __init__(self, *, seed: object, **settings: Any) -> None:
            super().__init__(**settings)
            self._seed = seed

    class Server:
        report = SandboxReport(level="process", protections=frozenset())

    server: Any = Server()
    keys = {
        StageKeys([Seeded(server=server, seed=seed, requires=[])]).of(Seeded(server=server, seed=0))
        for seed in (1, 2, 1)
    }
    assert len(keys) == 2
    with pytest.raises(PipelineError, match=r"its '_seed' \(object\) is the same; .* or set cached to false"):
        Pipeline(stages=[Seeded(server=server, seed=object(), requires=[])], cache=ResultCache())
    Pipeline(stages=[Seeded(server=server, seed=object(), requires=[], cached=False)], cache=ResultCache())


# Memory


async def test_memory_forgets_what_was_not_used_for_longest() -> None:
    log: list[str] = []
    cache = ResultCache(entries=2)
    programs = [Program(id=str(k), source=f"x = {k}\n") for k in range(3)]
    for k in (0, 1, 0, 2, 0, 1):
        await evaluated(log, cache, program=programs[k])
    assert len(log) == 4  # 0, 1, 2, and 1 again
    assert len(cache) == 2


async def test_memory_is_bounded_in_bytes() -> None:
    cache = ResultCache(memory_mb=0.01)
    for k in range(50):
        await evaluated(
            [], cache, program=Program(id=str(k), source=f"x = {k}\n"), result=StageResult(output="x" * 3000)
        )
    assert len(cache) == 2
    await evaluated([], cache, result=StageResult(output="x" * 20_000))
    assert len(cache) == 2


@pytest.mark.parametrize("bad", [{"entries": 0}, {"memory_mb": 0}, {"folder_mb": -1}])
def test_numbers_out_of_range_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        ResultCache(**bad)


# A folder


async def test_a_folder_serves_the_next_run(tmp_path: Path) -> None:
    log: list[str] = []
    for _ in range(3):
        cache = ResultCache(folder=tmp_path / "made" / "here", ingredients=[1])
        evaluation = await evaluated(log, cache)
        cache.close()
    assert log == ["a"]
    assert evaluation.metrics == {"fitness": 1.0}
    assert evaluation.cost == Cost(cpu_time_s=0.5)
    cache = ResultCache(folder=tmp_path / "made" / "here", ingredients=[2])
    await evaluated(log, cache)
    cache.close()
    assert log == ["a", "a"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
RESULTS = st.builds(
    StageResult,
    metrics=st.dictionaries(st.text(), st.floats(allow_nan=False)),
    artifacts=st.dictionaries(st.text(), JSON),
    output=st.none() | st.text(),
    value=JSON,
    error=st.none() | st.builds(ProgramError, kind=st.sampled_from(ErrorKind), message=st.text()),
    cost=st.none() | st.builds(Cost, cpu_time_s=st.floats(0, 9)),
)


@given(RESULTS)
@settings(max_examples=30, deadline=None)
def test_a_result_comes_back_from_a_folder_as_it_was(result: StageResult) -> None:
    assert _read(json.loads(json.dumps(_written(result)))) == result


def test_lone_surrogates_and_infinities_come_back(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path, max_bytes=1 << 20)
    result = StageResult(metrics={"x": -math.inf}, artifacts={"stdout": "\ud800 \x00 é"}, output="{}")
    folder.put(b"key", result)
    assert folder.get(b"key") == result
    folder.close()


@pytest.mark.parametrize("value", [(1, 2), {1: 2}, object(), {"a": (1,)}])
def test_what_json_would_change_stays_out_of_a_folder(value: object, tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path, max_bytes=1 << 20)
    folder.put(b"key", StageResult(value=value))
    assert folder.get(b"key") is None
    folder.close()


def test_the_oldest_go_when_a_folder_is_full(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path, max_bytes=100_000)
    keys = [str(k).encode() for k in range(100)]
    for key in keys:
        folder.put(key, StageResult(output="x" * 5000))
    held = [key for key in keys if folder.get(key) is not None]
    assert held == keys[-len(held) :]
    assert 15 <= len(held) <= 22
    folder.close()


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    messages: list[str] = []
    sink = logger.add(lambda message: messages.append(str(message)), level="WARNING", format="{message}")
    yield messages
    logger.remove(sink)


@pytest.mark.parametrize("damage", ["body = 'x' || body", "body = '{}', digest = X'00'", "body = X'ff'", "digest = 7"])
async def test_a_damaged_entry_is_passed_over_and_said_once(damage: str, tmp_path: Path, warnings: list[str]) -> None:
    log: list[str] = []
    for number in range(3):
        cache = ResultCache(folder=tmp_path)
        for program in (PROGRAM, OTHER):
            await evaluated(log, cache, program=program)
        cache.close()
        assert len(log) == (2 if number == 0 else 4)
        if number == 0:
            with sqlite3.connect(tmp_path / "results.db") as connection:
                connection.execute(f"UPDATE results SET {damage}")
            connection.close()
    assert len(warnings) == 1
    assert "an entry is damaged" in warnings[0]


async def test_an_entry_that_is_whole_and_no_result_is_passed_over(tmp_path: Path, warnings: list[str]) -> None:
    folder = ResultFolder(tmp_path, max_bytes=1 << 20)
    folder.put(b"key", StageResult())
    assert folder._file is not None
    from gigaevo.evaluation.result_folder import _digest

    for body in ("[]", "{}", '{"metrics": 3}', "7", "[" * 100_000):
        folder._file.execute("UPDATE results SET body = ?, digest = ?", (body, _digest(body)))
        assert folder.get(b"key") is None
    folder.close()
    assert len(warnings) == 1


async def test_a_file_that_is_no_database_costs_the_cache_and_not_the_run(tmp_path: Path, warnings: list[str]) -> None:
    (tmp_path / "results.db").write_text("this is no database, and long enough to be seen as none " * 40)
    log: list[str] = []
    cache = ResultCache(folder=tmp_path)
    for _ in range(2):
        await evaluated(log, cache)
    assert log == ["a"]  # memory still works
    assert len(warnings) == 1
    cache.close()


def test_a_folder_that_cannot_be_made_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"the cache folder .*/file/inside cannot be made: Not a directory"):
        ResultCache(folder=tmp_path / "file" / "inside")


WRITER = """
import sys
from pathlib import Path
from gigaevo.evaluation.result_folder import ResultFolder
from gigaevo.evaluation.stage import StageResult
folder = ResultFolder(Path(sys.argv[1]), max_bytes=1 << 22)
for k in range(400):
    key = str(k).encode()
    found = folder.get(key)
    assert found is None or found.output == "x" * k, k
    folder.put(key, StageResult(output="x" * k))
folder.close()
"""


def test_several_processes_may_use_a_folder_at_once(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT) for _ in range(3)]
    assert [writer.wait(200) for writer in writers] == [0, 0, 0]
    folder = ResultFolder(tmp_path, max_bytes=1 << 22)
    held = [folder.get(str(k).encode()) for k in range(400)]
    assert sum(result is not None for result in held) > 300  # one that finds the file busy does without
    assert all(result is None or result.output == "x" * k for k, result in enumerate(held))
    folder.close()


# What results depend on


def test_the_digest_of_a_problem_follows_what_scores_depend_on(tmp_path: Path) -> None:
    source = ROOT / "problems" / "sorting"
    for path in source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = tmp_path / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    before = load_problem(tmp_path).digest
    assert load_problem(tmp_path, name="another name").digest == before
    (tmp_path / "task_description.txt").write_text("In other words.\n")
    (tmp_path / "verify.py").write_text("def verify(output):\n    pass\n")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "validate.pyc").write_bytes(b"7")
    (tmp_path / ".git").write_text("")
    assert load_problem(tmp_path).digest == before
    seen = {before}
    for name in (
        "validate.py",
        "context.py",
        "harness.py",
        "metrics.yaml",
        "problem.yaml",
        "data/cases.csv",
        "driver.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        new = "def drive(program, context): ...\n" if name == "driver.py" else "\n"
        path.write_text((path.read_text() if path.exists() else "") + new)
        seen.add(load_problem(tmp_path).digest)
    assert len(seen) == 8


def test_limits_and_problems_are_ingredients_and_opaque_things_are_not() -> None:
    assert salt_of([Limits()]) != salt_of([Limits(memory_mb=64)])
    assert salt_of([Limits(), 1]) == salt_of([Limits(), 1])
    with pytest.raises(ValueError, match=r"nobody can tell whether an ingredient \(object\)"):
        salt_of([object()])


@dataclass
class Part:
    name: str


def test_a_digest_tells_where_its_parts_end() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc")
    assert salt_of([Part("a"), Part("b")]) != salt_of([Part("b"), Part("a")])
