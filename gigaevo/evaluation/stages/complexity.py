"""Describe a program by its size and by how it goes about its work."""

from __future__ import annotations

from collections.abc import Mapping

from gigaevo.evaluation.stage import Inputs, Stage, StageResult
from gigaevo.programs import Program
from gigaevo.programs.syntax import SyntaxFacts


class ComplexityStage(Stage):
    """Turns the facts of the syntax stage into metrics: ``lines``, ``ast_nodes``, ``cyclomatic_complexity``,
    ``complexity_score`` = ast_nodes + 5 * cyclomatic_complexity + lines (lower is better), the same as ``complexity``,
    and ``paradigm``, which a program in another language than Python does not have. A problem's own metric of one of
    these names takes its place."""

    name = "complexity"
    takes: Mapping[str, type] = {"syntax": SyntaxFacts}
    measures = ("lines", "ast_nodes", "cyclomatic_complexity", "complexity_score", "complexity", "paradigm")

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        """See the class."""
        facts = inputs.value("syntax", SyntaxFacts)
        paradigm = {} if facts.paradigm is None else {"paradigm": float(facts.paradigm)}
        return StageResult(
            metrics={
                "lines": float(facts.lines),
                "ast_nodes": float(facts.ast_nodes),
                "cyclomatic_complexity": float(facts.cyclomatic_complexity),
                "complexity_score": float(facts.complexity_score),
                "complexity": float(facts.complexity_score),
                **paradigm,
            }
        )
