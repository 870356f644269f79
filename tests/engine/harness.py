"""A small world for engine tests: programs that return a number, scored in process; strategy and storage are real."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gigaevo.evaluation.base import Evaluation, Evaluator, Verifier
from gigaevo.evolution.engine.core import EvolutionEngine
from gigaevo.evolution.engine.events import Limits, Listener, Outcome, Progress, RunInfo, RunReport
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.engine.stoppers import standard_stoppers
from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator, NoChild
from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import EvolutionStrategy, StrategyContext
from gigaevo.evolution.strategies.map_elites import BehaviorSpace, IslandConfig, MapElitesMultiIsland
from gigaevo.programs import Cost, ErrorKind, Metrics, MetricSpec, Program, ProgramError
from gigaevo.storage.sqlite import SqliteProgramStorage

METRICS = Metrics(
    {
        "fitness": MetricSpec(description="closeness to 0.3", is_primary=True, lower_bound=-1.0, upper_bound=0.0),
        "place": MetricSpec(description="the number itself", lower_bound=0.0, upper_bound=1.0),
    }
)


def program_of(value: float) -> str:
    return f"def entrypoint():\n    return {value!r}\n"


def value_of(program: Program) -> float:
    tree = ast.parse(program.source)
    assert isinstance(tree.body[0], ast.FunctionDef)
    answer = tree.body[0].body[0]
    assert isinstance(answer, ast.Return)
    assert answer.value is not None
    return float(ast.literal_eval(answer.value))


class NumberEvaluator:
    """Scores the number that a program returns; one above 0.9 is a program that raises.

    Args:
        scramble: Seed of the delays that make evaluations end in another order than they began; None for no delays.
        hang_from: Programs returning this or more never end.
    """

    def __init__(self, *, scramble: int | None = None, hang_from: float = 2.0) -> None:
        self.calls = 0
        self._delays = None if scramble is None else np.random.default_rng(scramble)
        self._hang_from = hang_from

    async def evaluate(self, program: Program) -> Evaluation:
        self.calls += 1
        if self._delays is not None:
            await asyncio.sleep(float(self._delays.exponential(0.002)))
        value = value_of(program)
        if value >= self._hang_from:
            await asyncio.Event().wait()
        if value > 0.9:
            error = ProgramError(kind=ErrorKind.EXCEPTION, message="too big", stage="run")
            return Evaluation(error=error, metrics={"fitness": 99.0})
        metrics = {"fitness": -((value - 0.3) ** 2), "place": value, "is_valid": 1.0}
        return Evaluation(metrics=metrics, cost=Cost(validate_calls=1))


class Jitter(MutationOperator):
    """Moves the number a little, on a coarse enough grid for duplicates to happen.

    Args:
        scramble: As for ``NumberEvaluator``.
        digits: Of the grid.
        spends: Calls of ``validate`` that each mutation makes, if it is allowed to.
    """

    name = "jitter"

    def __init__(self, *, scramble: int | None = None, digits: int = 2, spends: int = 0) -> None:
        self._delays = None if scramble is None else np.random.default_rng(scramble)
        self._digits = digits
        self.max_evaluations = spends
        self.step = 0.1

    def parameters(self) -> dict[str, float]:
        return {"step": self.step}

    def credit(self, credit: object) -> None:
        self.step *= 1.1 if getattr(credit, "improved", False) else 0.995

    def state(self) -> dict[str, float]:
        return {"step": self.step}

    def restore(self, state: object) -> None:
        self.step = state["step"]  # type: ignore[index]

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        if self._delays is not None:
            await asyncio.sleep(float(self._delays.exponential(0.002)))
        moved = value_of(parents[0]) + context.rng.normal(0.0, context.parameters["step"])
        return Mutation(
            source=program_of(round(float(np.clip(moved, 0.0, 1.0)), self._digits)),
            operator=self.name,
            description="moved",
            cost=Cost(validate_calls=context.evaluations),
        )


class Upwards(Jitter):
    """Makes numbers above 0.7, none of them twice."""

    name = "upwards"

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        return Mutation(source=program_of(0.7 + context.proposal / 1e5), operator=self.name, description="moved up")


class Memory:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.started: list[RunInfo] = []
        self.programs: list[tuple[Program, Outcome, Progress]] = []
        self.stopped: list[RunReport] = []

    def on_start(self, info: RunInfo) -> None:
        self.started.append(info)

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        self.programs.append((program, outcome, progress))

    def on_stop(self, report: RunReport) -> None:
        self.stopped.append(report)


class Pointing(MapElitesMultiIsland):
    """Names the best programs, and others, without any design."""

    def inspirations(self, parents: Sequence[Program], *, best: int, diverse: int) -> list[Program]:
        others = [program for program in self.islands["main"].archive.programs() if program not in parents]
        others.sort(key=lambda program: -program.metrics["fitness"])
        return others[: best + diverse]


def map_elites(*, max_size: int = 12, kind: type[MapElitesMultiIsland] = MapElitesMultiIsland) -> MapElitesMultiIsland:
    space = BehaviorSpace(keys=["place"], resolution=[20])
    return kind(island_configs=[IslandConfig(island_id="main", behavior_space=space, max_size=max_size)])


class World:
    """One run in one folder. A second world in the same folder goes on with the run."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits,
        seed: int = 7,
        settings: EngineSettings | None = None,
        operator: MutationOperator | None = None,
        evaluator: Evaluator | None = None,
        strategy: EvolutionStrategy | None = None,
        listeners: Sequence[Listener] = (),
        initial: Sequence[float] = (0.8, 0.55, 0.95),
        plateau: int | None = None,
        verifier: Verifier | None = None,
        stop_at_limit: bool = False,
        spending: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self.settings = settings or EngineSettings()
        self.random = RandomSource(seed)
        self.strategy = strategy or map_elites()
        self.strategy.bind(StrategyContext(metrics=METRICS, random=self.random))
        self.operator = operator or Jitter(digits=4)
        self.evaluator = evaluator or NumberEvaluator()
        self.storage = SqliteProgramStorage(path=folder / "run.db", synchronous="normal")
        self.memory = Memory()
        self.engine = EvolutionEngine(
            strategy=self.strategy,
            operator=self.operator,
            evaluator=self.evaluator,
            rescorer=NumberEvaluator(),
            storage=self.storage,
            random=self.random,
            metrics=METRICS,
            problem="numbers",
            limits=limits,
            stoppers=standard_stoppers(
                limits,
                METRICS,
                generation_size=self.settings.generation_size,
                plateau=plateau,
                calls_per_program=self.settings.calls_per_program,
                stop_at_limit=stop_at_limit,
            ),
            spending=spending,
            verifier=verifier,
            settings=self.settings,
            listeners=[*listeners, self.memory],
            initial_programs=[
                Program(
                    id=self.random.program_id(-1 - index),
                    source=program_of(value),
                    syntax_hash=f"initial{index}",
                    number=-1 - index,
                    operator="initial",
                )
                for index, value in enumerate(initial)
            ],
        )

    async def run(self) -> RunReport:
        await self.storage.open()
        try:
            return await self.engine.run()
        finally:
            await self.storage.close()

    async def stored(self) -> list[Program]:
        """All programs of the folder, mutants in order of their numbers after the initial ones."""
        storage = SqliteProgramStorage(path=self.storage.path, synchronous="normal")
        await storage.open()
        try:
            programs = [program async for program in storage.programs()]
        finally:
            await storage.close()
        return sorted(programs, key=lambda program: (program.number >= 0, abs(program.number)))
