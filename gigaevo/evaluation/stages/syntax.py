"""Refuse what cannot be a program before a process is spent on it, and measure the size of what can."""

from __future__ import annotations

from gigaevo.evaluation.stage import Inputs, Stage, StageResult
from gigaevo.programs import ErrorKind, Program, ProgramError
from gigaevo.programs.syntax import SourceError, SyntaxFacts
from gigaevo.programs.text_facts import program_facts


class SyntaxStage(Stage):
    """Parses every Python file of a program under the guards of ``gigaevo.programs.syntax``, and looks at the text of
    the others; its value is the ``SyntaxFacts`` of all of them together."""

    name = "syntax"
    gives = SyntaxFacts

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        """See the class."""
        try:
            facts = program_facts(program.files, program.entry)
        except SourceError as error:
            return StageResult(
                error=ProgramError(kind=ErrorKind.SYNTAX, message=str(error), stage=self.name),
            )
        return StageResult(value=facts)
