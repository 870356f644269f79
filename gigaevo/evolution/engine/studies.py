"""Programs are looked at more closely before they become parents, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from loguru import logger

from gigaevo.evaluation.base import Evaluator, ParentStudy
from gigaevo.evolution.engine.job import Job
from gigaevo.evolution.engine.record import STUDIED_MARK, RunRecord
from gigaevo.programs import Program
from gigaevo.storage.base import ProgramStorage

ANCESTORS = 3
KEPT = 256  # results in memory; older ones are in the storage


class Studies:
    """Has the evaluator's ``ParentStudy`` look at parents of operators that read what it finds.

    What it finds is added to the program's artifacts, at once or, where order matters (``EngineSettings.ordered``), in
    the same breath as the child of the first proposal that asked for it is entered. When a study ends must not matter
    then: operators see what was found on parents, on which it always is, and on no other program.

    Args:
        evaluator: May be a ``ParentStudy``.
        record: Where what is found is entered.
        storage: Where ancestors are found.
        ordered: Whether order matters.
    """

    def __init__(self, *, evaluator: Evaluator, record: RunRecord, storage: ProgramStorage, ordered: bool) -> None:
        able = isinstance(evaluator, ParentStudy) and evaluator.studies_parents
        self._study = evaluator if able and isinstance(evaluator, ParentStudy) else None
        self._record = record
        self._storage = storage
        self._ordered = ordered
        self._running: dict[str, asyncio.Event] = {}
        self._found: dict[str, tuple[Program, Mapping[str, Any]]] = {}  # as stored before, and what was found
        self._entered: set[str] = set()
        self._warned = False

    async def parents_of(self, job: Job) -> Sequence[Program]:
        """The parents as an operator that reads insights is to see them."""
        if self._study is None:
            return job.parents
        return await asyncio.gather(*(self._studied(parent, job, self._study) for parent in job.parents))

    def inspirations_of(self, job: Job) -> Sequence[Program]:
        """The inspirations as the operator of ``job`` is to see them."""
        if self._study is None or not self._ordered:
            return job.inspirations
        return [without_study(program) for program in job.inspirations]

    def enter(self, job: Job) -> None:
        """Enter what was found for a proposal whose child is about to be entered, unless that is done already."""
        for program in job.studied:
            self._enter(program)

    async def _studied(self, program: Program, job: Job, study: ParentStudy) -> Program:
        if not program.is_valid or STUDIED_MARK in program.metadata:
            return program
        while program.id not in self._found:
            if program.id in self._running:
                await self._running[program.id].wait()
            else:
                await self._look(program, study)
        if self._ordered:
            job.studied.append(program)
        _, found = self._found[program.id]
        return program.model_copy(update={"artifacts": {**program.artifacts, **found}}) if found else program

    async def _look(self, program: Program, study: ParentStudy) -> None:
        """Find out about a program while others that want to know wait."""
        over = self._running[program.id] = asyncio.Event()
        try:
            stored = (await self._storage.get(program.id)) or program
            if STUDIED_MARK in stored.metadata:
                self._entered.add(program.id)
                self._keep(stored, _study_of(stored))
                return
            found, failed = await self._ask(program, study)
            self._keep(stored, found)
            if (failed or not found) and not self._ordered:
                self._entered.add(program.id)  # as if it were: so a resumed run tries again
        finally:
            del self._running[program.id]
            over.set()
        if not self._ordered:
            self._enter(program)

    async def _ask(self, program: Program, study: ParentStudy) -> tuple[Mapping[str, Any], bool]:
        """What was found, and whether part of it failed; that is no reason not to go on."""
        try:
            evaluation = await study.study(program, await self._ancestors(program))
        except Exception as fault:
            self._warn(program, f"{type(fault).__name__}: {fault}")
            return {}, True
        if evaluation.error is not None:
            self._warn(program, evaluation.error.message)
        return evaluation.artifacts, evaluation.error is not None

    async def _ancestors(self, program: Program) -> list[Program]:
        """Its first parent, that one's first parent and so on."""
        line: list[Program] = []
        while program.parents and len(line) < ANCESTORS:
            parent = await self._storage.get(program.parents[0])
            if parent is None:
                break
            line.append(without_study(parent) if self._ordered else parent)
            program = parent
        return line

    def _keep(self, stored: Program, found: Mapping[str, Any]) -> None:
        self._found[stored.id] = stored, found
        if len(self._found) > KEPT:
            del self._found[next(iter(self._found))]

    def _enter(self, program: Program) -> None:
        if program.id not in self._entered and program.id in self._found:
            self._entered.add(program.id)
            self._record.study(program, *self._found[program.id])

    def _warn(self, program: Program, message: str) -> None:
        level = "DEBUG" if self._warned else "WARNING"
        self._warned = True
        logger.log(level, "{}", f"study of parent {program.id}: {message}; further ones are in run.log")


def _study_of(program: Program) -> dict[str, Any]:
    names = program.metadata[STUDIED_MARK]
    return {name: program.artifacts[name] for name in names if name in program.artifacts}


def without_study(program: Program) -> Program:
    """A copy of ``program`` without what a study found or will find, which is there as time would have it."""
    names = program.metadata.get(STUDIED_MARK, ())
    artifacts = {name: value for name, value in program.artifacts.items() if name not in names}
    return program.model_copy(update={"artifacts": artifacts})
