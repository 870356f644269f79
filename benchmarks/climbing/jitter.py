"""The simplest operator there is: one constant of the parent, moved by Gaussian noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator, NoChild
from gigaevo.evolution.mutation.literals import numeric_literals, replace_literals
from gigaevo.programs import Program
from gigaevo.programs.syntax import parse_source


def jittered(source: str, rng: np.random.Generator, scale: float) -> str | None:
    """``source`` with one of its floats moved; None where it has none."""
    floats = [literal for literal in numeric_literals(parse_source(source), source) if isinstance(literal.value, float)]
    if not floats:
        return None
    chosen = floats[rng.integers(len(floats))]
    return replace_literals(source, {chosen: chosen.value + rng.normal(scale=scale)})


class JitterMutation(MutationOperator):
    """Adds Gaussian noise to one float of the parent, drawn uniformly.

    Args:
        scale: Standard deviation of the noise.
    """

    name = "jitter"

    def __init__(self, *, scale: float = 0.1) -> None:
        self._scale = scale

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        """See the base class."""
        source = jittered(parents[0].source, context.rng, self._scale)
        if source is None:
            return NoChild(reason="no float in the program")
        return Mutation(source=source, operator=self.name, description="moved one constant")
