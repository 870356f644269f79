"""Changing the structure of a program through its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from gigaevo.evolution.mutation.base import (
    Mutation,
    MutationContext,
    MutationOperator,
    NoChild,
    OperatorContext,
    Task,
)
from gigaevo.evolution.mutation.edits_crossover import CROSSOVER_EDITS, CrossoverEdit
from gigaevo.evolution.mutation.edits_expressions import EXPRESSION_EDITS
from gigaevo.evolution.mutation.edits_statements import STATEMENT_EDITS, Edit
from gigaevo.evolution.mutation.entry_file import PYTHON_ONLY, closed_to_python
from gigaevo.evolution.mutation.sites import Promises, pick
from gigaevo.programs import Program
from gigaevo.programs.evolve_blocks import BlockError, Region, has_blocks, parse, with_regions
from gigaevo.programs.syntax import SourceError, SyntaxFacts, analyse, check_compiles, parse_source, unparse

_ATTEMPTS = 40


class SyntaxTreeMutation(MutationOperator):
    """Applies one to three edits: statements are deleted, duplicated, swapped, moved, wrapped or inserted; operators,
    comparators, loop bounds, conditions, names and expressions are replaced, with material of a second parent where
    there is one.

    A child always compiles, defines ``entrypoint`` where its parent does, and reads no name that is bound nowhere; an
    edit that would break this is undone and another one tried. Comments and layout are lost.

    Of a program with marked blocks one is edited, among those that hold whole statements of the module, and everything
    else stays as it is to the letter. One that is not Python is left alone.

    Args:
        another_edit: Probability of a further edit after each one, in [0, 1); at most three are made.
        max_nodes: A child may have so many nodes, or as many as its parent where that has more.

    Raises:
        ValueError: A number is out of range.
    """

    name = "syntax_tree"
    languages = PYTHON_ONLY

    def __init__(self, *, another_edit: float = 0.35, max_nodes: int = 2000) -> None:
        if not 0.0 <= another_edit < 1.0:
            raise ValueError(f"another_edit must lie in [0, 1); got {another_edit:g}")
        if max_nodes < 1:
            raise ValueError(f"max_nodes must be at least 1; got {max_nodes}")
        self._another_edit = another_edit
        self._max_nodes = max_nodes
        self._task = Task()

    def bind(self, context: OperatorContext) -> None:
        """Learn which files may change."""
        self._task = context.task

    def applies_to(self, parents: Sequence[Program]) -> bool:
        """Whether the entry file is Python and may change, and its blocks, if any, lie at the level of the module."""
        return not closed_to_python(parents[0], self._task) and not _only_indented_blocks(parents[0].source)

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        """A child with another structure, or none where no edit can be made."""
        if reason := closed_to_python(parents[0], self._task):
            return NoChild(reason=reason)
        text, rng = parents[0].source, context.rng
        try:
            tree = parse_source(text)
            facts = analyse(text)
            part = _part_to_edit(text, tree, rng)
        except (SourceError, BlockError) as error:
            return NoChild(reason=f"the parent cannot be read: {error}")
        if part is None:
            return NoChild(reason="no marked block of the parent holds a whole statement of the module")
        promises = Promises.of(tree)
        edits = [*STATEMENT_EDITS, *EXPRESSION_EDITS, *_crossover_edits(parents)]
        wanted = min(3, int(rng.geometric(1.0 - self._another_edit)))
        child, descriptions = text, []
        edited = part.of(tree, text)
        for _ in range(_ATTEMPTS):
            description = edits[int(rng.integers(len(edits)))](edited, rng)
            if description is None:
                continue  # the tree is as it was
            source = self._written(part, edited, child, promises, facts)
            if source is not None:
                child = source
                descriptions.append(description)
                if len(descriptions) == wanted:
                    break
            edited = part.of(parse_source(child), child)
        if not descriptions:
            return NoChild(reason="no edit fits the parent")
        return Mutation(source=child, operator=self.name, description="; ".join(descriptions))

    def _written(
        self, part: _Part, edited: ast.Module, before: str, promises: Promises, parent: SyntaxFacts
    ) -> str | None:
        """Text with an edited part; None where the edit changed nothing, broke the program or made it too large."""
        if part.is_whole and not promises.kept_by(edited):
            return None
        try:
            source = part.written(edited, before)
            facts = analyse(source)
            if not part.is_whole and not promises.kept_by(parse_source(source)):
                return None
            check_compiles(source)
        except (SourceError, BlockError):
            return None
        too_large = facts.ast_nodes > max(self._max_nodes, parent.ast_nodes)
        return None if too_large or facts.syntax_hash == parent.syntax_hash else source


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a program is edited.

    Attributes:
        block: Which of its marked blocks, from 0; None for the whole program.
    """

    block: int | None = None

    @property
    def is_whole(self) -> bool:
        return self.block is None

    def of(self, tree: ast.Module, text: str) -> ast.Module:
        """The tree that edits shall work on, out of that of a whole program."""
        if self.block is None:
            return tree
        return ast.Module(_statements_in(tree, parse(text)[self.block]), [])

    def written(self, edited: ast.Module, text: str) -> str:
        """``text`` with the edited tree in the place of this part.

        Raises:
            SourceError: The tree cannot be written.
            BlockError: What is written has a mark in it.
        """
        if self.block is None:
            return unparse(edited)
        texts = [region.text for region in parse(text)]
        texts[self.block] = unparse(edited)
        return with_regions(text, texts)


def _part_to_edit(text: str, tree: ast.Module, rng: np.random.Generator) -> _Part | None:
    """The whole program, or one of its marked blocks; None where none has anything to edit.

    Raises:
        BlockError: The marks are out of order.
    """
    if not has_blocks(text):
        return _Part()
    usable = [number for number, region in enumerate(parse(text)) if _statements_in(tree, region)]
    return _Part(pick(rng, usable)) if usable else None


def _statements_in(tree: ast.Module, region: Region) -> list[ast.stmt]:
    """The module's own statements that lie in a region as a whole; none where another one reaches into it."""
    inside: list[ast.stmt] = []
    for statement in tree.body:
        first, last = _first_line(statement), statement.end_lineno or statement.lineno
        if region.holds(first, last):
            inside.append(statement)
        elif first < region.end and last > region.start:
            return []
    return inside


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _only_indented_blocks(text: str) -> bool:
    """Whether a program has marked blocks and each begins with an indented line: within a function or a class."""
    if not has_blocks(text):
        return False
    try:
        return all(region.text.lstrip("\r\n")[:1] in (" ", "\t", "") for region in parse(text))
    except BlockError:
        return True


def _crossover_edits(parents: Sequence[Program]) -> list[Edit]:
    """The edits that need a second parent, with that parent filled in; none where it is missing or unreadable."""
    if len(parents) < 2 or not parents[1].entry.endswith(".py"):
        return []
    try:
        donor = parse_source(parents[1].source)
    except SourceError:
        return []
    return [partial(_with_donor, edit, donor) for edit in CROSSOVER_EDITS]


def _with_donor(edit: CrossoverEdit, donor: ast.Module, tree: ast.Module, rng: np.random.Generator) -> str | None:
    return edit(tree, donor, rng)
