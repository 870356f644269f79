"""Classes that the configurations of these tests describe."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from gigaevo.evaluation.stage import Inputs, StageResult
from gigaevo.evaluation.stages.complexity import ComplexityStage
from gigaevo.evaluation.stages.run import RunStage
from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator
from gigaevo.programs import Program


class Space:
    """Something that parts share."""

    def __init__(self, *, size: int = 1) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1; found {size}")
        self.size = size


class Holder:
    """Keeps whatever it is given."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        self.args = args
        self.__dict__.update(keywords)


class Checked(BaseModel):
    """A pydantic model as a part."""

    rate: float


def double(value: int, *, plus: int = 0) -> int:
    """A function as a part."""
    return 2 * value + plus


def broken() -> None:
    """A part with a fault that is not about its arguments."""
    raise RuntimeError("broken inside")


class TwiceEach(MutationOperator):
    """An operator that costs nothing and makes each child twice. Notes how many it makes at a time."""

    name = "twice"

    def __init__(self) -> None:
        self._inside = 0

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation:
        self._inside += 1
        for _ in range(100):  # turns of the event loop, in which whoever may comes in
            await asyncio.sleep(0)
        notes = {"made_at_a_time": self._inside}
        self._inside -= 1
        x = context.proposal // 2 % 400 / 100
        source = f"def entrypoint():\n    return [{x}, {x}]\n"
        return Mutation(source=source, operator=self.name, description="x", notes=notes)


class TwiceElsewhere(TwiceEach):
    """The same on somebody else's computer."""

    remote = True


class CrowdedRun(RunStage):
    """The stage that runs programs. Notes how many it runs at a time."""

    inside = 0

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        self.inside += 1
        count = self.inside
        result = await super().run(program, inputs)
        self.inside -= 1
        return replace(result, artifacts={"run_at_a_time": count})


class Bounding(ComplexityStage):
    """The stage that describes a program. It knows how good the program can be as well."""

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        found = await super().run(program, inputs)
        return replace(found, metrics={**found.metrics, "fitness_lower_bound": 7.0})


class LastIsland:
    """A router that gives every program to the last island."""

    async def route_mutant(self, program: Program, candidates: Sequence[Any]) -> Any:
        return candidates[-1]
