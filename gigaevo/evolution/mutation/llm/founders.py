"""Founders: the programs that a run starts from, written by language models where a problem ships none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gigaevo.evolution.mutation.base import Task
from gigaevo.evolution.mutation.llm.conversation import Conversation
from gigaevo.evolution.mutation.llm.fences import described, take_apart
from gigaevo.evolution.mutation.llm.reply import Ground, programs_in
from gigaevo.evolution.mutation.llm.unusable import Reason, Unusable
from gigaevo.llm.base import LanguageModels, Message, NoReply, Trouble
from gigaevo.llm.prompts import Prompts
from gigaevo.programs import Cost, Metrics
from gigaevo.programs.languages import LANGUAGES
from gigaevo.programs.prompt_view import explained
from gigaevo.programs.text_facts import files_hash

# Asking for the next one would end the same way.
_HOPELESS = (Trouble.BUDGET, Trouble.AUTHENTICATION, Trouble.UNRECORDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Founder:
    """A first program.

    Attributes:
        number: -1 for the first, -2 for the second asked for, and so on: the number of the program in the run.
        files: Its files.
        entry: The one that is run.
        description: What it does, in the words of the model.
        made_by: Name of the model.
        cost: What it took.
    """

    number: int
    files: Mapping[str, str]
    entry: str
    description: str
    made_by: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class Founded:
    """What came of asking for first programs.

    Attributes:
        programs: Those that can be used, in order.
        reasons: Why there are not more of them, one line for each that is missing.
    """

    programs: list[Founder] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


class Founders:
    """Has language models write first programs, one after the other, each unlike those before it on purpose.

    Args:
        models: The language models of the run.
        prompts: Templates; ``initial`` says what to do and ``first`` what the task is.
        count: How many to ask for, at least 1.
        corrections: How often a model is told why its program cannot be used and asked once more.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(self, *, models: LanguageModels, prompts: Prompts, count: int = 4, corrections: int = 2) -> None:
        if count < 1:
            raise ValueError(f"count must be at least 1, not {count}")
        if corrections < 0:
            raise ValueError(f"corrections must be at least 0, not {corrections}")
        self._models = models
        self._prompts = prompts
        self._count = count
        self._corrections = corrections

    def check(self, task: Task) -> None:
        """Make sure that the prompts can be used, before anything is paid for.

        Raises:
            PromptError: One cannot.
        """
        prompts = self._prompts.for_problem(task.prompts)
        system = _system_values(task)
        prompts.check("initial", system)
        prompts.check("format_program", system)
        prompts.check("system", {**system, "goal": "", "format": ""})
        prompts.check("first", {"task": "", "meanings": "", "earlier": ["x"], "number": 1, "count": 1})
        prompts.check("again_unusable", {"reason": ""})

    async def write(self, task: Task, metrics: Metrics, rng: np.random.Generator) -> Founded:
        """Write them.

        Args:
            task: What programs are asked to do.
            metrics: What is measured of them.
            rng: Draws which model is asked first.
        """
        prompts = self._prompts.for_problem(task.prompts)
        founded = Founded()
        for number in range(1, self._count + 1):
            conversation = Conversation(
                self._models,
                key=f"initial/-{number}",
                role="initial",
                order=self._models.order(self._models.parameters(), rng),
                messages=self._messages(prompts, task, metrics, founded.programs, number),
            )
            try:
                founded.programs.append(await self._written(conversation, prompts, task, founded.programs, number))
            except Unusable as problem:
                founded.reasons.append(f"first program {number}: {problem.reason}: {problem.message}")
            except NoReply as error:
                founded.reasons.append(f"first program {number}: {error.message}")
                if error.trouble in _HOPELESS:
                    break
        return founded

    async def _written(
        self, conversation: Conversation, prompts: Prompts, task: Task, earlier: Sequence[Founder], number: int
    ) -> Founder:
        """One first program.

        Raises:
            Unusable: It cannot be used, after all corrections.
            NoReply: No model answered.
        """
        entry = LANGUAGES[task.language].main_file
        more = ""
        for left in range(self._corrections, -1, -1):
            text, finish = await conversation.ask(more)
            try:
                files = _read(text, finish, task, entry)
                if files_hash(files) in {files_hash(other.files) for other in earlier}:
                    raise Unusable(Reason.DUPLICATE, "it is the same as a program that is there already")
            except Unusable as problem:
                if not left:
                    raise
                more = prompts.render("again_unusable", reason=problem.message)
                continue
            return Founder(
                number=-number,
                files=files,
                entry=entry,
                description=described(take_apart(text).prose, default=f"first program {number}"),
                made_by=conversation.model,
                cost=conversation.cost,
            )
        raise AssertionError("there is at least one answer")

    def _messages(
        self, prompts: Prompts, task: Task, metrics: Metrics, earlier: Sequence[Founder], number: int
    ) -> list[Message]:
        values = _system_values(task)
        goal, answer = prompts.render("initial", **values), prompts.render("format_program", **values)
        user = prompts.render(
            "first",
            task=task.description.strip(),
            meanings=explained(metrics),
            earlier=[founder.description for founder in earlier],
            number=number,
            count=self._count,
        )
        return [
            Message("system", prompts.render("system", goal=goal, format=answer, **values)),
            Message("user", user),
        ]


def _read(text: str, finish: str, task: Task, entry: str) -> dict[str, str]:
    """The files of a first program: the entry file alone, whatever may change later."""
    language = LANGUAGES[task.language]
    ground = Ground(files={entry: ""}, entry=entry, language=language, editable=("*",), entrypoint=task.entrypoint)
    (files,) = programs_in(text, finish, ground)
    return files


def _system_values(task: Task) -> dict[str, Any]:
    language = LANGUAGES[task.language]
    return {
        "language": language.name,
        "call": task.call,
        "marked": False,
        "several": False,
        "editable": list(task.editable),
        "children": 1,
        "comment": language.comment,
        "comment_end": f" {language.comment_end}" if language.comment_end else "",
    }
