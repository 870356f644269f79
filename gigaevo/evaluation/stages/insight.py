"""Insights: what a language model says of one program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gigaevo.evaluation.stages.note import NoteStage
from gigaevo.programs import Program
from gigaevo.programs.prompt_view import measured, printed_by


class InsightStage(NoteStage):
    """Has a language model say what is strong and weak in a parent, and what to try next, given its text and metrics.

    Artifact: ``insight``. Arguments as ``NoteStage``.
    """

    name = "insight"
    role = "insight"
    leaves = ("insight",)
    fields = ("program", "measured", "printed")

    def values(self, program: Program, ancestors: Sequence[Program]) -> Mapping[str, str]:
        return {
            "program": self.shown(program),
            "measured": measured(program, self._problem.metrics),
            "printed": printed_by(program),
        }
