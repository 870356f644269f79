"""Refuse what cannot be a program before a process is spent on it, and measure the size of what can."""

from __future__ import annotations

from gigaevo.evaluation.sandbox.client import check_paths
from gigaevo.evaluation.stage import Inputs, Stage, StageResult
from gigaevo.programs import ErrorKind, Program, ProgramError
from gigaevo.programs.syntax import SyntaxFacts
from gigaevo.programs.text_facts import program_facts


class SyntaxStage(Stage):
    """Parses every Python file of a program under the guards of ``gigaevo.programs.syntax``, and looks at the text of
    the others; its value is the ``SyntaxFacts`` of all of them together. A path that leaves the program's folder is
    refused as well."""

    name = "syntax"
    gives = SyntaxFacts

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        """See the class."""
        try:
            check_paths(program.files, program.entry)
            facts = program_facts(program.files, program.entry)
        except ValueError as error:  # a SourceError among them
            return StageResult(
                error=ProgramError(kind=ErrorKind.SYNTAX, message=str(error), stage=self.name),
            )
        return StageResult(value=facts)
