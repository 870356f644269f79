"""Lineage notes: what a language model says of a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gigaevo.evaluation.stages.note import NoteStage
from gigaevo.programs import Program
from gigaevo.programs.prompt_view import differences, error_of, measured, one_line


class LineageStage(NoteStage):
    """Has a language model say what the change that made a parent was, and why it did what it did to the metrics, given
    the program, the one that it was made from, and the difference of their metrics. It says nothing of an initial
    program.

    Artifact: ``lineage_note``. Arguments as ``NoteStage``.
    """

    name = "lineage"
    role = "lineage"
    leaves = ("lineage_note",)
    fields = ("before", "before_measured", "before_error", "after", "difference", "description")

    def values(self, program: Program, ancestors: Sequence[Program]) -> Mapping[str, str] | None:
        if not ancestors:
            return None
        before, metrics = ancestors[0], self._problem.metrics
        return {
            "before": self.shown(before, 0.5),
            "before_measured": measured(before, metrics),
            "after": self.shown(program, 0.5),
            "before_error": error_of(before),
            "difference": differences(None if before.error is not None else before.metrics, program, metrics),
            "description": one_line(program.mutations_applied[-1]) if program.mutations_applied else "",
        }
