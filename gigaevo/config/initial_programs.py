"""The programs that a run starts from: those that the problem ships, or first programs that language models write."""

from __future__ import annotations

from collections.abc import Mapping

from loguru import logger

from gigaevo.config.builder import Builder
from gigaevo.config.errors import ConfigError
from gigaevo.config.parts import Parts
from gigaevo.evolution.engine.errors import EngineError
from gigaevo.evolution.mutation.base import Task
from gigaevo.evolution.randomness import RandomSource
from gigaevo.problems import Problem
from gigaevo.programs import Cost, Program
from gigaevo.programs.text_facts import files_hash

FOUNDERS = "founders"  # the node that describes who writes first programs


def check_start(problem: Problem, builder: Builder) -> None:
    """Check that there is something to start from.

    Raises:
        ConfigError: The problem ships no program, and there is nobody to write one.
    """
    if problem.without_start and not builder.has(FOUNDERS):
        raise ConfigError(problem.without_start)


async def initial_programs(parts: Parts, builder: Builder, task: Task) -> list[Program]:
    """The programs to start from, FRESH and with negative numbers.

    Args:
        parts: Of the run; the storage is open. Where first programs were written before, they are found there.
        builder: Describes who writes them.
        task: What programs are asked to do.

    Raises:
        EngineError: No first program could be had.
    """
    if parts.problem.initial_programs:
        return _shipped(parts.problem, parts.random)
    stored = [program async for program in parts.storage.programs() if program.number < 0]
    if await parts.storage.get(parts.random.program_id(0)) is not None:
        return stored  # the search has begun: nobody writes any more
    founded = await builder.node(FOUNDERS).write(task, parts.problem.metrics, parts.random.derive("founders", 0))
    for reason in founded.reasons:
        logger.warning(reason)
    if not founded.programs:
        raise EngineError(f"no first program could be had: {'; '.join(founded.reasons)}")
    return [
        _fresh(
            parts.random,
            founder.number,
            founder.files,
            entry=founder.entry,
            done=founder.description,
            cost=founder.cost,
            made_by=founder.made_by,
        )
        for founder in founded.programs
    ]


def _shipped(problem: Problem, random: RandomSource) -> list[Program]:
    return [
        _fresh(random, -number, initial.files, entry=initial.entry, done=f"initial program {initial.name}")
        for number, initial in enumerate(problem.initial_programs, 1)
    ]


def _fresh(
    random: RandomSource,
    number: int,
    files: Mapping[str, str],
    *,
    entry: str,
    done: str,
    cost: Cost | None = None,
    made_by: str = "",
) -> Program:
    return Program(
        id=random.program_id(number),
        files=dict(files),
        entry=entry,
        syntax_hash=files_hash(files),
        number=number,
        operator="initial",
        mutations_applied=[done],
        cost=cost or Cost(),
        metadata={"made_by": made_by} if made_by else {},
    )
