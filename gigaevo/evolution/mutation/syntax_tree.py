"""Changing the structure of a program through its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import partial

import numpy as np

from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator, NoChild
from gigaevo.evolution.mutation.edits_crossover import CROSSOVER_EDITS, CrossoverEdit
from gigaevo.evolution.mutation.edits_expressions import EXPRESSION_EDITS
from gigaevo.evolution.mutation.edits_statements import STATEMENT_EDITS, Edit
from gigaevo.evolution.mutation.sites import Promises
from gigaevo.programs import Program
from gigaevo.programs.syntax import SourceError, SyntaxFacts, analyse, check_compiles, parse_source, unparse

_ATTEMPTS = 40


class SyntaxTreeMutation(MutationOperator):
    """Applies one to three edits: statements are deleted, duplicated, swapped, moved, wrapped or inserted; operators,
    comparators, loop bounds, conditions, names and expressions are replaced, with material of a second parent where
    there is one.

    A child always compiles, defines ``entrypoint`` where its parent does, and reads no name that is bound nowhere; an
    edit that would break this is undone and another one tried. Comments and layout are lost.

    Args:
        another_edit: Probability of a further edit after each one, in [0, 1); at most three are made.
        max_nodes: A child may have so many nodes, or as many as its parent where that has more.

    Raises:
        ValueError: A number is out of range.
    """

    name = "syntax_tree"

    def __init__(self, *, another_edit: float = 0.35, max_nodes: int = 2000) -> None:
        if not 0.0 <= another_edit < 1.0:
            raise ValueError(f"another_edit must lie in [0, 1); got {another_edit:g}")
        if max_nodes < 1:
            raise ValueError(f"max_nodes must be at least 1; got {max_nodes}")
        self._another_edit = another_edit
        self._max_nodes = max_nodes

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        """A child with another structure, or none where no edit can be made."""
        text, rng = parents[0].source, context.rng
        try:
            tree = parse_source(text)
            facts = analyse(text)
        except SourceError as error:
            return NoChild(reason=f"the parent cannot be read: {error}")
        promises = Promises.of(tree)
        edits = [*STATEMENT_EDITS, *EXPRESSION_EDITS, *_crossover_edits(parents)]
        wanted = min(3, int(rng.geometric(1.0 - self._another_edit)))
        child, descriptions = text, []
        for _ in range(_ATTEMPTS):
            description = edits[int(rng.integers(len(edits)))](tree, rng)
            if description is None:
                continue  # the tree is as it was
            source = self._written(tree, promises, facts)
            if source is not None:
                child = source
                descriptions.append(description)
                if len(descriptions) == wanted:
                    break
            tree = parse_source(child)
        if not descriptions:
            return NoChild(reason="no edit fits the parent")
        return Mutation(source=child, operator=self.name, description="; ".join(descriptions))

    def _written(self, tree: ast.Module, promises: Promises, parent: SyntaxFacts) -> str | None:
        """Text of an edited tree; None where the edit changed nothing, broke the program or made it too large."""
        if not promises.kept_by(tree):
            return None
        try:
            source = unparse(tree)
            facts = analyse(source)
            check_compiles(source)
        except SourceError:
            return None
        too_large = facts.ast_nodes > max(self._max_nodes, parent.ast_nodes)
        return None if too_large or facts.syntax_hash == parent.syntax_hash else source


def _crossover_edits(parents: Sequence[Program]) -> list[Edit]:
    """The edits that need a second parent, with that parent filled in; none where it is missing or unreadable."""
    if len(parents) < 2:
        return []
    try:
        donor = parse_source(parents[1].source)
    except SourceError:
        return []
    return [partial(_with_donor, edit, donor) for edit in CROSSOVER_EDITS]


def _with_donor(edit: CrossoverEdit, donor: ast.Module, tree: ast.Module, rng: np.random.Generator) -> str | None:
    return edit(tree, donor, rng)
