"""What the stages have in common that have a language model write a note of a parent."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from gigaevo.evaluation.stage import Inputs, Stage, StageResult, StageSettings
from gigaevo.evaluation.stage_graph import ANCESTORS
from gigaevo.llm.base import LanguageModels, Message, NoReply, Request
from gigaevo.llm.prompts import Prompts
from gigaevo.llm.thoughts import without_thoughts
from gigaevo.programs import ErrorKind, Program, ProgramError
from gigaevo.programs.prompt_view import explained, source_of, without_controls

if TYPE_CHECKING:
    from gigaevo.problems import Problem

PROMPTS = "prompts"  # folder of a problem's own prompts
BYTES_PER_TOKEN = 4

_CUT = " ..."


class NoteStage(Stage):
    """Asks a language model about a program that is to be a parent, and keeps what it says as an artifact.

    What is said is data: a text without control characters and of limited length, that is shown to people and to
    operators that read, and obeyed by nobody. Where no model answers there is no note, and the program may be studied
    again later; nothing else depends on it.

    Args:
        models: Who is asked; what it costs counts against their budget.
        problem: Whose programs these are.
        prompts: Where the stage's prompt is found, after the problem's own.
        ask: Names of the models to ask, the first that answers; None: as the routing says.
        max_tokens: Most tokens of a note.
        chars: Most characters of a note; what is longer is cut.
        token_budget: Tokens that the text of programs may take in the question, estimated; what is longer is cut.
        settings: Of any stage.

    Raises:
        ValueError: A number is out of its range.
        PromptError: The prompt cannot be used.

    Attributes:
        role: What the request is for; the prompt has the same name.
        fields: Names of what ``values`` gives.
    """

    for_parents = True
    role: str
    fields: Sequence[str]

    def __init__(
        self,
        *,
        models: LanguageModels,
        problem: Problem,
        prompts: Prompts | None = None,
        ask: Sequence[str] | None = None,
        max_tokens: int = 400,
        chars: int = 1500,
        token_budget: int = 8000,
        **settings: Unpack[StageSettings],
    ) -> None:
        super().__init__(**settings)
        for name, number in (("max_tokens", max_tokens), ("chars", chars), ("token_budget", token_budget)):
            if number < 1:
                raise ValueError(f"{name} must be a whole number from 1; found {number}")
        own = problem.folder / PROMPTS
        self._models = models
        self._ask = tuple(ask or ())
        self._max_tokens = max_tokens
        self._chars = chars
        self._bytes = token_budget * BYTES_PER_TOKEN
        self._problem = problem
        self._prompts = (prompts or Prompts()).for_problem(own if own.is_dir() else None)
        self._meanings = explained(problem.metrics)
        self._prompts.check(self.role, self._all_values(dict.fromkeys(self.fields, "")))

    @abstractmethod
    def values(self, program: Program, ancestors: Sequence[Program]) -> Mapping[str, str] | None:
        """What the prompt is filled in with, beside the task; None where there is nothing to ask."""

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        values = self.values(program, inputs.value(ANCESTORS, tuple))
        if values is None:
            return StageResult()
        question = self._prompts.render(self.role, **self._all_values(values))
        request = Request(
            key=f"{self.role}/{program.id}",
            role=self.role,
            messages=[Message("user", question)],
            models=self._ask,
            max_tokens=self._max_tokens,
        )
        try:
            reply = await self._models.complete(request)
        except NoReply as none:
            return self._failed(none.message)
        note = as_note(reply.text, self._chars)
        return StageResult(artifacts={self.leaves[0]: note}) if note else self._failed("the model said nothing")

    def shown(self, program: Program, share: float = 1.0) -> str:
        """The files of a program in fences, cut where they take more than ``share`` of the budget."""
        limit = int(self._bytes * share)
        files = dict(program.files)
        if sum(map(len, files.values())) > limit:
            limit //= len(files)
            files = {path: text if len(text) <= limit else f"{text[:limit]}\n... (cut)" for path, text in files.items()}
        return source_of(files, program.entry, self._problem.language)

    def _all_values(self, values: Mapping[str, str]) -> dict[str, Any]:
        return {
            "task": self._problem.task_description.strip(),
            "meanings": self._meanings,
            "language": self._problem.language.name,
            "words": max(20, self._max_tokens // 3),
            **values,
        }

    def _failed(self, message: str) -> StageResult:
        text = f"no {self.leaves[0].replace('_', ' ')}: {message}"
        return StageResult(error=ProgramError(kind=ErrorKind.EXCEPTION, message=text, stage=self.name))


def as_note(text: str, limit: int) -> str:
    """What a model said, as it is kept: without its thoughts, control characters and blank ends, and cut at a word.

    Args:
        text: Anything.
        limit: Most characters, the mark of the cut not counted.
    """
    clean = without_controls(without_thoughts(text).replace("\r\n", "\n")).strip()
    if len(clean) <= limit:
        return clean
    kept = clean[:limit]
    whole, _, rest = kept.rpartition(" ")
    return (whole if whole and len(rest) < 40 else kept).rstrip() + _CUT
