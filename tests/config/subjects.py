"""What is made of a command line, and looked at to see what its keys do."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import itertools
import json
import math
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf

from gigaevo.config.builder import Builder
from gigaevo.config.errors import ConfigError
from gigaevo.config.numeric.assemble import give_problem
from gigaevo.config.numeric.combination import is_search
from gigaevo.config.numeric.genotypes import genotype_of
from gigaevo.config.prepare import NUMERIC_PARTS, OPTIONAL, PARTS
from gigaevo.config.processes import program_server
from gigaevo.config.resolvers import register_resolvers
from gigaevo.config.result import ExitStatus, RunResult
from gigaevo.evaluation.base import Evaluation
from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import DriveOutcome, RunOutcome, SandboxStartError
from gigaevo.evaluation.sandbox.levels import SandboxReport
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.sandbox.runner import ProgramRunner
from gigaevo.evaluation.sandbox.settings import SandboxSettings
from gigaevo.evaluation.sandbox.workers import ValidationOutcome
from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import ArchiveEvent, EvolutionStrategy, StrategyContext
from gigaevo.llm.base import Reply, Request
from gigaevo.optimize import RangeGenotype
from gigaevo.problems import Problem, ProblemSettings, is_numeric, load_numeric_problem, load_problem
from gigaevo.programs import Program
from tests.config.command import ROOT, Ended, run, started

TOY = ROOT / "problems" / "toy_example"

GENERATION_SIZE = 20  # proposals

# What a program of the toy example measures where a test says nothing else.
METRICS = {
    "fitness": 1000.0,
    "is_valid": 1.0,
    "validity": 1.0,
    "bearing": 0.0,
    "complexity_score": 100.0,
    "cyclomatic_complexity": 2.0,
    "paradigm": 0.0,
    "runtime": 1.0,
}

GIVEN = {"output_dir": Path("/folder"), "stand_in_address": "http://127.0.0.1:9/v1"}

# What a stand-in says of a program that it was asked to exercise. Time outgrows n log n by n^0.4.
EXERCISED = {
    "tests": [{"size": 8, "right": True, "cpu_s": 0.2, "cycles": 700, "error": ""}],
    "edges": [{"right": False, "error": "wrong answer"}],
    "faults": [{"right": True, "error": ""}],
    "memory_mb": 32.0,
    "growth": [{"size": n, "cpu_s": n**1.4 * math.log2(n), "memory_mb": 0.1} for n in (16, 64, 128, 256, 512, 1024)],
    "growth_error": "",
    "no_cycles": "",
}


# Built: objects without a run


@dataclass
class StandIn:
    """In place of processes: answers at once, and remembers that it was asked."""

    runs: int = 0
    timeouts: list[float] = field(default_factory=list)
    driven: list[dict[str, Any]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    report: SandboxReport = field(default_factory=lambda: SandboxReport(level="process", protections=frozenset()))

    async def run(self, *_: object, **__: object) -> RunOutcome:
        self.runs += 1
        return RunOutcome(
            output="1", error=None, wall_time_s=0.0, cpu_time_s=0.0, peak_memory_mb=0.0, stdout="", stderr=""
        )

    async def validate(self, _: str, *, timeout_s: float) -> ValidationOutcome:
        self.timeouts.append(timeout_s)
        metrics = {"fitness": 1.0, "validity": 1.0}
        return ValidationOutcome(metrics=metrics, artifacts={}, error=None, calls=1)

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        return Reply(text="x" * 5000, model="stand-in")

    def parameters(self) -> dict[str, Any]:
        return {}

    def order(self, *_: object) -> list[str]:
        return ["stand-in"]

    def could_keep(self, *_: object) -> bool:
        return False

    async def drive(self, programs: Sequence[object], driver: str, argument: str, **_: object) -> DriveOutcome:
        self.driven.append(wire.decode(argument))
        output = wire.encode(EXERCISED, max_bytes=1 << 20)
        return DriveOutcome(output=output, error=None, programs=(), stdout="", stderr="")

    async def get_many(self, program_ids: Sequence[str]) -> dict[str, Program]:
        self.looked_up += program_ids
        return {}

    async def last(self, marked: str) -> dict[str, int]:
        self.looked_up.append(marked)
        return {}


class Built:
    """The objects that a command line describes, for the toy example."""

    def __init__(self, config: DictConfig) -> None:
        self.config = config
        models = () if "llm" in config else ("llm",)
        stand_ins = ("program_server", "validators", "spare", "recorded_calls", *models)
        self.given = {name: StandIn() for name in stand_ins}
        self.random = RandomSource(0)
        noisy = replace(self.problem, settings=ProblemSettings(noisy=True))
        problems = {
            "problem": loaded(str(config.problem.name)),
            "spare_problem": loaded("toy_example"),
            "noisy_problem": noisy,
        }
        if is_search(config):
            problems |= numbers_given(str(config.problem.name))
        self._builder = Builder(config, given={**GIVEN, **problems, **self.given})
        self._numbers = itertools.count()

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Built:
        return cls(_composed(tuple(arguments)))

    def with_value(self, key: str, value: Any) -> Built:
        """The same with another value at ``key``."""
        config = self.config.copy()
        OmegaConf.update(config, key, value)
        return Built(config)

    def node(self, path: str) -> Any:
        return self._builder.node(path)

    @property
    def error(self) -> str | None:
        """What is said where the parts cannot all be built."""
        with contextlib.redirect_stderr(io.StringIO()):  # no terminal, whoever runs the tests
            try:
                parts = NUMERIC_PARTS if is_search(self.config) else PARTS
                for part in (*parts, *filter(self._builder.has, OPTIONAL)):
                    self.node(part)
            except ConfigError as error:
                return str(error)
        return None

    @cached_property
    def problem(self) -> Problem:
        return load_problem(TOY)

    @cached_property
    def strategy(self) -> EvolutionStrategy:
        strategy: EvolutionStrategy = self.node("evolution_strategy")
        strategy.bind(
            StrategyContext(
                metrics=self.problem.metrics,
                random=self.random,
                behavior_keys=self.problem.settings.behavior_keys,
                generation_size=GENERATION_SIZE,
            )
        )
        return strategy

    def program(self, program_id: str, /, parents: Sequence[str] = (), **metrics: float) -> Program:
        """A program that was evaluated, with other values of some of its metrics."""
        return Program(
            id=program_id,
            number=next(self._numbers),
            source="def entrypoint():\n    return [0.0, 0.0]\n",
            parents=list(parents),
            metrics={**METRICS, **metrics},
        )

    def offer(self, **programs: dict[str, float]) -> list[ArchiveEvent]:
        """Offers programs to the strategy, each as ``id={metric: value}``, and returns what happened."""
        for program_id, metrics in programs.items():
            asyncio.run(self.strategy.add(self.program(program_id, **metrics)))
        return self.strategy.drain_events()

    def selected(self, total: int) -> set[str]:
        """Ids of the programs that become parents when so many are asked for."""
        return {program.id for program in asyncio.run(self.strategy.select_elites(total))}

    def evaluated(self) -> dict[str, StandIn]:
        """Evaluates a program; who was asked to run and to validate it."""
        self.evaluation(1)
        return self.given

    def evaluation(self, answer: int) -> Evaluation:
        """The evaluation of the program that gives this answer."""
        program = Program(id="0", source=f"def entrypoint():\n    return {answer}\n")
        evaluation: Evaluation = asyncio.run(self.node("pipeline").evaluate(program))
        assert evaluation.error is None
        return evaluation


@functools.cache
def loaded(name: str) -> Problem:
    """A shipped problem; the toy example where there is none of this name."""
    folder = ROOT / "problems" / name
    return load_problem(folder if folder.is_dir() and not is_numeric(folder) else TOY)


def numbers_given(name: str) -> dict[str, Any]:
    """What the optimizer of a numeric problem may refer to, and a little more that tests do."""
    given: dict[str, Any] = {}
    problem = load_numeric_problem(ROOT / "problems" / name)
    give_problem(SimpleNamespace(give=given.__setitem__), problem, genotype_of(problem.genotype))
    given["spare_problem"] = load_numeric_problem(ROOT / "problems" / "zdt1")
    given["spare_genotype"] = RangeGenotype(3, (0.0, 1.0))
    return given


@functools.cache
def _composed(arguments: tuple[str, ...]) -> DictConfig:
    """As Hydra composes it; but what is chosen is read from files once, whatever values are changed in it."""
    overrides = dict(zip(arguments, OverridesParser.create().parse_overrides(list(arguments)), strict=True))
    values = [override for override in overrides.values() if _is_value(override)]
    config = _chosen(tuple(text for text, override in overrides.items() if override not in values)).copy()
    for override in values:
        OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
    return config


def _is_value(override: Override) -> bool:
    """Whether it changes a value, and chooses no file."""
    key = override.key_or_group
    chooses = override.package is not None or (ROOT / "config" / key).is_dir() or key.startswith(("problem.", "hydra."))
    return override.type is OverrideType.CHANGE and not chooses


@functools.cache
def _chosen(arguments: tuple[str, ...]) -> DictConfig:
    register_resolvers()
    with initialize_config_dir(config_dir=str(ROOT / "config"), version_base=None):
        return compose("config", list(arguments))


# Started: the command up to where the search would begin


@dataclass(frozen=True)
class Started:
    """What the search would have got; None where it did not come to that."""

    settings: Any = None
    builder: Any = None
    folder: Path = Path()

    @classmethod
    def of(cls, arguments: Sequence[str], cwd: Path) -> Started:
        seen: list[Started] = []

        def execute(settings: Any, builder: Any, folder: Path) -> RunResult:
            seen.append(cls(settings, builder, folder))
            return RunResult(status=ExitStatus.ENDED, best_fitness=1.0)

        ended = started(execute, *arguments, cwd=cwd)
        assert ended.status == 0, ended
        return seen[0] if seen else cls()


def swept(arguments: Sequence[str], cwd: Path) -> list[Path]:
    """Folders of the jobs of a sweep of two, which search for nothing."""
    folders: list[Path] = []

    def execute(settings: Any, builder: Any, folder: Path) -> RunResult:
        folders.append(folder)
        return RunResult(status=ExitStatus.ENDED, best_fitness=1.0)

    ended = started(execute, "-m", "seed=0,1", *arguments, cwd=cwd)
    assert ended.status == 0, ended
    return folders


def printed(arguments: Sequence[str], cwd: Path) -> str:
    """What the command prints."""
    ended = run(*arguments, cwd=cwd)
    assert ended.status == 0, ended
    return ended.out


def said(arguments: Sequence[str], cwd: Path) -> str:
    """What the command complains of before it would search; nothing where it would."""

    def execute(*_: Any) -> RunResult:
        return RunResult(status=ExitStatus.ENDED, best_fitness=1.0)

    return started(execute, *arguments, cwd=cwd).err


# Ran: a short search


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    folder: Path
    ended: Ended

    @classmethod
    def of(cls, arguments: Sequence[str], folder: Path) -> Ran:
        ended = run(*arguments, f"hydra.run.dir={folder}", cwd=ROOT)
        assert ended.status == 0, ended
        return cls(folder, ended)

    @cached_property
    def summary(self) -> Any:
        return json.loads((self.folder / "summary.json").read_text())

    def rows(self, query: str) -> list[Any]:
        with contextlib.closing(sqlite3.connect(f"file:{self.folder / 'run.db'}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    @property
    def programs(self) -> list[Any]:
        """Records of all programs, in order of insertion."""
        return [json.loads(record) for (record,) in self.rows("SELECT record FROM records ORDER BY position")]


# Sandboxed: programs held to the limits of a configuration


class Sandbox:
    """A server for programs that is asked from outside of its event loop."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = contextlib.AsyncExitStack()
        self._servers: dict[SandboxSettings, ProgramRunner] = {}

    def of(self, arguments: Sequence[str]) -> Callable[[str], Any]:
        """Runs a body of ``entrypoint`` under the limits that a command line describes; the answer as a namespace with
        ``failure`` (kind of error), ``value`` (as text) and ``stdout``."""
        settings = Built.of(arguments).node("sandbox")

        def call(body: str) -> Any:
            text = "def entrypoint():\n" + "".join(f"    {line}\n" for line in body.splitlines())
            try:
                outcome = self._runner.run(self._run(text, settings))
            except SandboxStartError as error:
                return SimpleNamespace(failure=None, value=None, stdout="", refusal=str(error))
            failure = None if outcome.error is None else str(outcome.error.kind)
            return SimpleNamespace(failure=failure, value=outcome.output, stdout=outcome.stdout, refusal="")

        return call

    async def _run(self, text: str, settings: SandboxSettings) -> RunOutcome:
        # One server for all that differ in the limits on one program only.
        kind = replace(settings, **{**vars(Limits()), "scratch_mb": settings.scratch_mb})
        if kind not in self._servers:
            starting = program_server(load_problem(TOY), kind, context=None)
            self._servers[kind] = await self._stack.enter_async_context(starting)
        return await self._servers[kind].run({"main.py": text}, "main.py", limits=settings.limits)

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()
