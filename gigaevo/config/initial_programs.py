"""The programs that a run starts from."""

from __future__ import annotations

from gigaevo.evolution.randomness import RandomSource
from gigaevo.problems import Problem
from gigaevo.programs import Program
from gigaevo.programs.text_facts import files_hash


def shipped_programs(problem: Problem, random: RandomSource) -> list[Program]:
    programs = []
    for number, initial in zip(
        range(-1, -len(problem.initial_programs) - 1, -1), problem.initial_programs, strict=True
    ):
        programs.append(
            Program(
                id=random.program_id(number),
                files=dict(initial.files),
                entry=initial.entry,
                syntax_hash=files_hash(initial.files),
                number=number,
                operator="initial",
                mutations_applied=[f"initial program {initial.name}"],
            )
        )
    return programs
