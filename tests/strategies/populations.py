"""Programs and archives for the tests of what looks at them."""

from __future__ import annotations

from collections.abc import Sequence

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.archive import ProgramArchive
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.programs import Metrics, MetricSpec, Program


def population(values: Sequence[float]) -> list[Program]:
    """Programs ``p0``, ``p1`` and so on with these fitnesses."""
    return [
        Program(id=f"p{index}", source="", number=index, metrics={"fitness": float(value)})
        for index, value in enumerate(values)
    ]


def placed(points: Sequence[Sequence[float]], fitness: Sequence[float] | None = None) -> list[Program]:
    """Programs with these behaviours ``x`` and ``y``; their fitness is 0 where none is given."""
    programs = population([0.0] * len(points) if fitness is None else fitness)
    for program, (x, y) in zip(programs, points, strict=True):
        program.metrics.update(x=float(x), y=float(y))
    return programs


def archive_of(programs: Sequence[Program], *columns: str) -> ProgramArchive:
    """The programs in this order of rows, each in a cell of its own."""
    archive = ProgramArchive([max(1, len(programs))], columns)
    for index, program in enumerate(programs):
        archive.put((index,), program.metrics["fitness"], program)
    return archive


def ids(programs: Sequence[Program]) -> list[str]:
    """The id of each program."""
    return [program.id for program in programs]


def context_of(seed: int = 0, *, proposal: int = 0, higher_is_better: bool = True) -> StrategyContext:
    """A run that measures ``fitness``, the primary metric, and ``x`` and ``y``; a generation is 10 proposals."""
    metrics = Metrics(
        {
            "fitness": MetricSpec(description="f", is_primary=True, higher_is_better=higher_is_better),
            "x": MetricSpec(description="x"),
            "y": MetricSpec(description="y"),
        }
    )
    random = RandomSource(seed)
    random.proposal = proposal
    return StrategyContext(metrics=metrics, random=random, generation_size=10)
