"""Refuse what is not Python before a process is spent on it, and measure the size of what is."""

from __future__ import annotations

from gigaevo.evaluation.stage import Inputs, Stage, StageResult
from gigaevo.programs import ErrorKind, Program, ProgramError
from gigaevo.programs.syntax import SourceError, SyntaxFacts, analyse


class SyntaxStage(Stage):
    """Parses the entry file under the guards of ``gigaevo.programs.syntax``; its value is the ``SyntaxFacts``."""

    name = "syntax"
    gives = SyntaxFacts

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        """See the class."""
        try:
            facts = analyse(program.source)
        except SourceError as error:
            return StageResult(
                error=ProgramError(kind=ErrorKind.SYNTAX, message=str(error), stage=self.name),
            )
        return StageResult(value=facts)
