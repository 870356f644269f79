"""Mutation by language models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gigaevo.evolution.mutation.base import (
    Credit,
    Mutation,
    MutationContext,
    MutationOperator,
    NoChild,
    OperatorContext,
    Task,
)
from gigaevo.evolution.mutation.llm.chronicle import Chronicle
from gigaevo.evolution.mutation.llm.context import ContextBuilder, others_among
from gigaevo.evolution.mutation.llm.conversation import Conversation
from gigaevo.evolution.mutation.llm.fences import described, take_apart
from gigaevo.evolution.mutation.llm.modes import MODES
from gigaevo.evolution.mutation.llm.reply import Ground, edited_by, programs_in
from gigaevo.evolution.mutation.llm.unusable import Reason, Unusable
from gigaevo.evolution.mutation.tuning import first_step, marked_literals
from gigaevo.llm.base import LanguageModels, NoReply
from gigaevo.programs import Program
from gigaevo.programs.evolve_blocks import BlockError
from gigaevo.programs.prompt_view import one_line
from gigaevo.programs.syntax import SourceError
from gigaevo.programs.text_facts import files_hash

_CHAIN_CHARS = 240  # of the description of several changes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A child in the making.

    Attributes:
        files: All of its files.
        description: What was done, in the model's words.
        made_by: Name of the model.
        siblings: Files of further children of the same answer.
    """

    files: dict[str, str]
    description: str
    made_by: str
    siblings: Sequence[dict[str, str]]


class LLMMutationOperator(MutationOperator):
    """Asks a language model for a child; what it answers is read strictly and never run here.

    One question makes one child by default. There are more where ``chain`` asks for several changes in succession,
    where a child repeats an earlier program (the model is told, and asked once more: see ``Chronicle``), and where
    ``corrections`` lets it mend an answer that cannot be used.

    Args:
        mode: What is asked for: ``rewrite``, ``diff``, ``crossover``, ``repair``, ``simplify``, ``explore`` or ``tune``
            (see ``modes``). The operator's name is ``llm_<mode>``.
        models: The language models of the run.
        context: Builds the questions; may be shared.
        chronicle: Knows what was tried; may be shared.
        chain: Changes to a program before it is evaluated, each on top of the one before. Where a later one cannot be
            used, those before it are the child.
        corrections: How often a model is told why its answer cannot be used and asked once more.

    Raises:
        ValueError: There is no such mode, or a number is out of range.
    """

    remote = True
    observes = True
    reads_insights = True

    def __init__(
        self,
        *,
        mode: str,
        models: LanguageModels,
        context: ContextBuilder,
        chronicle: Chronicle,
        chain: int = 1,
        corrections: int = 0,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}; got {mode!r}")
        if chain < 1:
            raise ValueError(f"chain must be at least 1, not {chain}")
        if corrections < 0:
            raise ValueError(f"corrections must be at least 0, not {corrections}")
        self._mode = MODES[mode]
        self._models = models
        self._context = context
        self._chronicle = chronicle
        self._chain = chain
        self._corrections = corrections
        self._task = Task()
        self._spent = ""
        self.name = f"llm_{mode}"
        self.repairs = self._mode.repairs
        self.inspirations = context.inspirations if self._mode.inspired else (0, 0)

    def bind(self, context: OperatorContext) -> None:
        """See the class. All prompts are checked.

        Raises:
            PromptError: One cannot be used.
        """
        self._task = context.task
        self._context.bind(context)
        self._context.check(self._mode)
        self._context.check(MODES["rewrite"])  # what a crossover comes to where there is nothing to cross
        self._chronicle.bind(context)

    def applies_to(self, parents: Sequence[Program]) -> bool:
        """Until a budget is spent, to every program; one that marks constants only to Python."""
        return not self._spent and not (self._mode.marks and not parents[0].entry.endswith(".py"))

    def parameters(self) -> Mapping[str, Any]:
        """``models``: what the routing has learned."""
        return {"models": dict(self._models.parameters())}

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        """Ask, read, check, and ask on where that is called for."""
        partners = self._partners(parents, context)
        mode = MODES["rewrite"] if self._mode.partner and not partners else self._mode
        ground = self._ground(parents[0])
        messages = await self._context.messages(mode, parents, ground, context, self._chronicle, partners=partners)
        conversation = Conversation(
            self._models,
            key=f"mutation/{context.proposal}",
            role="mutation",
            order=self._models.order(context.parameters.get("models", {}), context.rng),
            messages=messages,
        )
        try:
            draft = await self._new(conversation, ground, context)
        except Unusable as problem:
            return NoChild(
                reason=problem.message, kind=str(problem.reason), cost=conversation.cost, made_by=conversation.model
            )
        except NoReply as error:
            return NoChild(
                reason=error.message,
                kind=str(error.trouble),
                cost=conversation.cost,
                made_by=error.model or conversation.model,
                limit=error.limit,
                unanswered=not error.limit,
            )
        crossed = {"crossed_with": [partner.id for partner in partners]} if partners else {}
        return self._mutation(draft, parents[0], conversation, notes=crossed)

    def credit(self, credit: Credit) -> None:
        """Hand what was earned to the model that earned it; stand aside once a budget is spent."""
        if credit.limit:
            self._spent = credit.limit
        if credit.outcome == "none" and not credit.tokens:
            return  # nobody answered, and nothing was paid: an outage says nothing of what models are worth
        self._models.learn(credit.made_by, gain=credit.gain, usd=credit.usd, new_best=credit.new_best)

    def observe(self, program: Program) -> None:
        """Tell the chronicle."""
        self._chronicle.observe(program)

    def state(self) -> dict[str, Any]:
        """What the routing has learned, and the budget that is spent."""
        return {"models": self._models.state(), "spent": self._spent}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take both back."""
        self._models.restore(state["models"])
        self._spent = str(state["spent"])

    def resumed(self) -> None:
        """Ask again: there may be more to spend in this session."""
        self._spent = ""

    def _partners(self, parents: Sequence[Program], context: MutationContext) -> list[Program]:
        """What a program is combined with: the other parents, or one of the inspirations where there are none. An
        archive of one program has neither: then a better version of that one is asked for."""
        if not self._mode.partner:
            return []
        if more := others_among(parents):
            return more
        others = context.inspirations
        return [others[int(context.rng.integers(len(others)))]] if others else []

    def _ground(self, program: Program) -> Ground:
        return Ground(
            files=program.files,
            entry=program.entry,
            language=self._context.language,
            editable=self._task.editable,
            children=self._mode.children if len(program.files) == 1 else 1,
            entrypoint=self._task.entrypoint,
            comments_count=self._mode.marks,
        )

    async def _new(self, conversation: Conversation, ground: Ground, context: MutationContext) -> _Draft:
        """A child that is new, with all of its links.

        Raises:
            Unusable: There is none.
            NoReply: No model answered.
        """
        more = ""
        for left in range(self._chronicle.retries, -1, -1):
            draft = await self._linked(conversation, ground, more, context.rng)
            children = [draft.files, *draft.siblings]
            known = [self._chronicle.known(files, files_hash(files), observed=context.observed) for files in children]
            kept = [files for files, earlier in zip(children, known, strict=True) if earlier is None]
            if kept:
                return replace(draft, files=kept[0], siblings=kept[1:])
            repeated = known[0]
            assert repeated is not None
            more = self._context.prompts.render(
                "again_known", same=repeated.same, earlier=repeated.told, blocks=self._mode.blocks
            )
            if not left:
                reason = Reason.DUPLICATE if repeated.same else Reason.NEAR_DUPLICATE
                raise Unusable(
                    reason, f"the child is {'' if repeated.same else 'nearly '}the same as an earlier program"
                )
        raise AssertionError("there is at least one round")

    async def _linked(self, conversation: Conversation, ground: Ground, more: str, rng: np.random.Generator) -> _Draft:
        """A child with as many successive changes as asked for; those before the first that cannot be had or used."""
        draft = await self._answered(conversation, ground, more, rng)
        for link in range(2, self._chain + 1):
            next_link = self._context.prompts.render(
                "again_link", link=link, links=self._chain, blocks=self._mode.blocks
            )
            try:
                further = await self._answered(
                    conversation, replace(ground, files=draft.files, children=1), next_link, rng
                )
            except (Unusable, NoReply):
                break
            done = one_line(f"{draft.description}; {further.description}", _CHAIN_CHARS)
            draft = replace(further, description=done, siblings=draft.siblings)
        return draft

    async def _answered(
        self, conversation: Conversation, ground: Ground, more: str, rng: np.random.Generator
    ) -> _Draft:
        """What the next answer holds; what one says that mends it, where that is allowed."""
        for left in range(self._corrections, -1, -1):
            text, finish = await conversation.ask(more)
            try:
                return self._read(text, finish, ground, rng, made_by=conversation.model)
            except Unusable as problem:
                if not left:
                    raise
                more = self._context.prompts.render("again_unusable", reason=problem.message)
        raise AssertionError("there is at least one answer")

    def _read(self, text: str, finish: str, ground: Ground, rng: np.random.Generator, *, made_by: str) -> _Draft:
        children = [edited_by(text, finish, ground)] if self._mode.blocks else programs_in(text, finish, ground)
        if self._mode.marks:
            children = [_marked(files, ground, rng) for files in children]
        description = described(take_apart(text).prose, default=self._mode.name)
        return _Draft(files=children[0], description=description, made_by=made_by, siblings=children[1:])

    def _mutation(
        self, draft: _Draft, parent: Program, conversation: Conversation, *, notes: Mapping[str, Any]
    ) -> Mutation:
        """The child, with those of the same answer beside it. What they cost is the first one's."""
        made = [
            Mutation(
                source=files[parent.entry],
                operator=self.name,
                description=draft.description,
                notes=notes,
                files={
                    path: text
                    for path, text in files.items()
                    if path != parent.entry and text != parent.files.get(path)
                },
                made_by=draft.made_by,
            )
            for files in (draft.files, *draft.siblings)
        ]
        return replace(made[0], cost=conversation.cost, siblings=made[1:])


def _marked(files: dict[str, str], ground: Ground, rng: np.random.Generator) -> dict[str, str]:
    """A child whose constants are marked. Where it differs from its parent by the marks alone, numeric search takes its
    first step at once: what is the same but for comments would not be evaluated.

    Raises:
        Unusable: No constant is marked, or none can move.
    """
    try:
        marked = marked_literals(files[ground.entry])
    except (SourceError, BlockError):  # of a program that is not Python
        marked = []
    if not marked:
        raise Unusable(Reason.NO_RANGE, "no constant is marked with a comment such as # tune: 0.1 .. 0.9")
    if files_hash(files) != files_hash(ground.files):
        return files
    moved = {**files, ground.entry: first_step(files[ground.entry], rng)}
    if files_hash(moved) == files_hash(ground.files):
        raise Unusable(Reason.UNCHANGED, "no marked constant can take another value in its range")
    return moved
