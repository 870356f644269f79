"""An operator of a user's own that works in any language: it draws the numbers of marked blocks anew."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator, NoChild
from gigaevo.programs import Program
from gigaevo.programs.evolve_blocks import parse, with_regions
from gigaevo.programs.languages import PYTHON, language_of


class DigitsMutation(MutationOperator):
    """Puts another digit in the place of each digit of the marked blocks of the entry file."""

    name = "digits"

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        """A child with other digits."""
        language = language_of(parents[0].entry) or PYTHON
        regions = parse(parents[0].source, language)
        texts = [re.sub(r"\d", lambda _: str(context.rng.integers(10)), region.text) for region in regions]
        return Mutation(
            source=with_regions(parents[0].source, texts, language), operator=self.name, description="other digits"
        )
