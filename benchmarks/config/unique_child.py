"""A mutation operator that costs next to nothing, for measuring everything around it."""

from __future__ import annotations

from collections.abc import Sequence

from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator
from gigaevo.programs import Program


class UniqueChild(MutationOperator):
    """Makes a program that returns a point nobody returned before."""

    name = "unique"

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation:
        """See the class."""
        x, y = context.rng.uniform(-4.0, 4.0, 2).tolist()
        source = f"def entrypoint():\n    x = {x!r}\n    y = {y!r}\n    return [x, y]\n"
        return Mutation(source=source, operator=self.name, description="a new point")
