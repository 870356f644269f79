"""What a model is told about a change that is asked of it: task, program, and what else is worth its tokens."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from gigaevo.evolution.mutation.base import MutationContext, OperatorContext
from gigaevo.evolution.mutation.llm.chronicle import Chronicle
from gigaevo.evolution.mutation.llm.modes import Mode
from gigaevo.evolution.mutation.llm.parts import SECTIONS, Parts, tokens_of
from gigaevo.evolution.mutation.llm.reply import Ground
from gigaevo.llm.base import Message
from gigaevo.llm.prompts import Prompts
from gigaevo.programs import Metrics, Program
from gigaevo.programs.languages import LANGUAGES, PYTHON, Language
from gigaevo.programs.prompt_view import ProgramView, explained, one_line, source_of, view_of

_VIEWS_KEPT = 256
_NOTES = ("insight", "lineage_note")  # artifacts of the pipeline's stages for parents
_NOTE_CHARS = 4_000
_USER_EXAMPLE: dict[str, Any] = {
    "task": "",
    "meanings": "",
    "program": "",
    "measured": "",
    "repairs": False,
    **{section: ["x"] for section in SECTIONS},
    **dict.fromkeys(("error", "printed"), "x"),
}
_SYSTEM_EXAMPLE: dict[str, Any] = {
    "language": "python",
    "call": "",
    "marked": True,
    "several": True,
    "editable": ["*.py"],
    "children": 1,
    "comment": "#",
    "comment_end": "",
}


class ContextBuilder:
    """Builds the messages that ask for a change. One is shared by many operators.

    Args:
        prompts: The templates. A problem's own come before them.
        token_budget: Most tokens of a question, estimated as a quarter of its bytes. Where it is exceeded the least
            valuable parts go first (see ``parts.SECTIONS``); what an answer needs stays, whatever it takes.
        best: How many of the best programs to show.
        diverse: How many programs of another kind to show.
        ancestors: How many of the changes that led to the program to tell.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self, *, prompts: Prompts, token_budget: int = 16_000, best: int = 2, diverse: int = 1, ancestors: int = 4
    ) -> None:
        if token_budget < 1:
            raise ValueError(f"token_budget must be at least 1, not {token_budget}")
        for name, number in (("best", best), ("diverse", diverse), ("ancestors", ancestors)):
            if number < 0:
                raise ValueError(f"{name} must be at least 0, not {number}")
        self.inspirations = (best, diverse)
        self.prompts = prompts
        self._token_budget = token_budget
        self._ancestors = ancestors
        self._run: OperatorContext | None = None
        self._language = PYTHON
        self._meanings = ""
        self._views: OrderedDict[str, tuple[object, ProgramView]] = OrderedDict()
        self._system: dict[object, str] = {}

    def bind(self, context: OperatorContext) -> None:
        """Take what is known of the run, and make sure that all prompts can be used. Again is without effect.

        Raises:
            PromptError: A prompt cannot be used.
        """
        if self._run is not None:
            return
        self._run = context
        self._language = LANGUAGES.get(context.task.language, PYTHON)
        self._meanings = explained(context.metrics)
        self.prompts = self.prompts.for_problem(context.task.prompts)
        self.prompts.check("user", _USER_EXAMPLE)
        self.prompts.check("again_link", {"link": 2, "links": 3, "blocks": True})
        self.prompts.check("again_known", {"same": True, "earlier": "", "blocks": True})
        self.prompts.check("again_unusable", {"reason": ""})

    def check(self, mode: Mode) -> None:
        """Make sure that the prompts of a mode can be used.

        Raises:
            PromptError: One cannot.
        """
        self.prompts.check(mode.name, _SYSTEM_EXAMPLE)
        self.prompts.check(_format_of(mode), _SYSTEM_EXAMPLE)
        self.prompts.check("system", {**_SYSTEM_EXAMPLE, "goal": "", "format": ""})

    @property
    def language(self) -> Language:
        """What programs are written in."""
        return self._language

    async def messages(
        self,
        mode: Mode,
        parents: Sequence[Program],
        ground: Ground,
        context: MutationContext,
        chronicle: Chronicle,
        *,
        partners: Sequence[Program] = (),
    ) -> list[Message]:
        """The conversation that asks for a change of ``parents[0]``.

        Args:
            mode: What is asked for.
            parents: The program to change first.
            ground: What of it may change.
            context: What may be known of the run.
            chronicle: What was tried.
            partners: Programs to combine it with; by default the other parents.
        """
        assert self._run is not None, "bind comes first"
        program = parents[0]
        view = self.view(program)
        parts = Parts()
        others = partners or others_among(parents)
        taken = {other.id for other in others}
        parts.put("parents", [self._other(other, program) for other in others])
        if mode.inspired:
            best, _ = self.inspirations
            texts = ["" if one.id in taken else self._other(one, program) for one in context.inspirations]
            parts.put("best", texts[:best])
            parts.put("diverse", texts[best:])
        if self._run.advisor is not None:
            parts.put("advice", [one_line(line) for line in await self._run.advisor.advice(parents)])
        parts.put("ancestors", chronicle.lineage(program.id, self._ancestors))
        parts.put("trials", chronicle.tried(program.id, observed=context.observed))
        parts.put("insights", [_note(program, name) for name in _NOTES])
        parts.put("artifacts", view.artifacts)
        parts.put("printed", [view.printed])
        parts.put("error", [view.error])
        system = self._system_for(mode, ground)
        fixed = (system, self._run.task.description, self._meanings, view.source, view.measured)
        parts.fit(self._token_budget - sum(map(tokens_of, fixed)))
        values = dict(parts.values())
        user = self.prompts.render(
            "user",
            task=self._run.task.description.strip(),
            meanings=self._meanings,
            program=view.source,
            measured=view.measured,
            repairs=mode.repairs,
            **{name: "\n".join(values.pop(name)) for name in ("error", "printed")},
            **values,
        )
        return [Message("system", system), Message("user", user)]

    def view(self, program: Program) -> ProgramView:
        """How a program is shown; kept, as long as nothing more becomes known of it."""
        assert self._run is not None
        stamp = (tuple(program.metrics.items()), len(program.artifacts), program.error)
        kept = self._views.get(program.id)
        if kept is not None and kept[0] == stamp:
            self._views.move_to_end(program.id)
            return kept[1]
        task = self._run.task
        view = view_of(program, self._metrics, language=self._language, artifacts=task.prompt_artifacts)
        self._views[program.id] = (stamp, view)
        if len(self._views) > _VIEWS_KEPT:
            self._views.popitem(last=False)
        return view

    @property
    def _metrics(self) -> Metrics:
        assert self._run is not None
        return self._run.metrics

    def _other(self, other: Program, program: Program) -> str:
        """Another program, as it is shown beside the one that is to be changed."""
        view = self.view(other)
        error = f"\n{view.error.splitlines()[0]}" if view.error else ""
        source = view.source
        if len(other.files) > 1:
            source = source_of(other.files, other.entry, self._language, shown=program.files)
        return f"{view.measured}{error}\n{source}"

    def _system_for(self, mode: Mode, ground: Ground) -> str:
        """The first message, which is the same for all programs of one kind."""
        assert self._run is not None
        kind = (mode.name, ground.marked, len(ground.files) > 1, ground.children)
        text = self._system.get(kind)
        if text is None:
            values = {
                "language": self._language.name,
                "call": self._run.task.call,
                "marked": ground.marked,
                "several": len(ground.files) > 1,
                "editable": list(ground.editable),
                "children": ground.children,
                "comment": self._language.comment,
                "comment_end": f" {self._language.comment_end}" if self._language.comment_end else "",
            }
            goal = self.prompts.render(mode.name, **values)
            answer = self.prompts.render(_format_of(mode), **values)
            text = self._system[kind] = self.prompts.render("system", goal=goal, format=answer, **values)
        return text


def others_among(parents: Sequence[Program]) -> list[Program]:
    """The parents beside the first, each once: a small archive may have offered one program several times."""
    others = {parent.id: parent for parent in parents[1:] if parent.id != parents[0].id}
    return list(others.values())


def _format_of(mode: Mode) -> str:
    return "format_blocks" if mode.blocks else "format_program"


def _note(program: Program, name: str) -> str:
    """What a model said of a program, as a quotation: nothing in it passes for a heading of ours."""
    note = program.artifacts.get(name)
    if not isinstance(note, str) or not note.strip():
        return ""
    lines = (one_line(line, 1_000) for line in note.strip()[:_NOTE_CHARS].splitlines())
    return "\n".join(f"> {line}".rstrip() for line in lines)
