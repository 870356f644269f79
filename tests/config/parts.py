"""Classes that the configurations of these tests describe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

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
    """An operator that costs nothing and makes each child twice."""

    name = "twice"

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation:
        x = context.proposal // 2 % 400 / 100
        return Mutation(source=f"def entrypoint():\n    return [{x}, {x}]\n", operator=self.name, description="x")
