"""One proposal being carried out: the child is made, seen to be new, and evaluated."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress

from loguru import logger

from gigaevo.evaluation.base import Confirmer, Evaluation, Evaluator, Refresher
from gigaevo.evolution.engine.children import child_of, enter, from_json, look_again, to_json
from gigaevo.evolution.engine.clock import TimeSplit
from gigaevo.evolution.engine.job import Job
from gigaevo.evolution.engine.pools import Pools
from gigaevo.evolution.engine.record import RunRecord
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.engine.settlement import Skip
from gigaevo.evolution.engine.studies import Studies
from gigaevo.evolution.mutation.base import Mutation, MutationContext, NoChild
from gigaevo.evolution.randomness import RandomSource
from gigaevo.programs import Metrics, Program, ProgramState

LONGEST_PAUSE_S = 10.0


class Workshop:
    """Makes and evaluates children, as many side by side as the pools allow.

    Args:
        evaluator: Scores programs.
        record: Where new programs and results are entered.
        random: Generators of the run.
        metrics: The problem's metrics.
        settings: How the engine works.
        pools: Where there is room to work.
        studies: Look at parents more closely.
        clock: Where the time is charged.
    """

    def __init__(
        self,
        *,
        evaluator: Evaluator,
        record: RunRecord,
        random: RandomSource,
        metrics: Metrics,
        settings: EngineSettings,
        pools: Pools,
        studies: Studies,
        clock: TimeSplit,
    ) -> None:
        self._evaluator = evaluator
        self._record = record
        self._random = random
        self._metrics = metrics
        self._settings = settings
        self._clock = clock
        self._pools = pools
        self._studies = studies
        self._evaluating = pools.evaluating
        self._faulty_operators: set[str] = set()
        self._unanswered = 0
        self._hurried = asyncio.Event()

    def hurry(self) -> None:
        """Make no more pauses: nothing will be proposed any more, and what is under way is waited for."""
        self._hurried.set()

    async def make_child(self, job: Job) -> Skip | None:
        """Make the child of ``job`` and submit it if it is new; else say why there is none.

        Where order matters (``EngineSettings.ordered``), children are submitted in that of their proposals.
        """
        try:
            if job.child is not None:
                return None
            if job.proposal.made is not None:
                made: Mutation | NoChild = from_json(job.proposal.made, operator=job.proposal.operator)
            else:
                made = await self._work(job)
            if self._settings.ordered:
                await job.previous.wait()
            self._studies.enter(job)
            return self._register(job, made)
        finally:
            job.registered.set()

    async def _work(self, job: Job) -> Mutation | NoChild:
        """What the operator makes, once it has a place to work in."""
        async with self._pools.places(job.operator):
            started = time.monotonic()
            with self._clock.charge("mutation"):
                made = await self._mutate(job)
            seconds = time.monotonic() - started
            if job.operator is not None and job.operator.remote:
                await self._pause_after(made)
        job.seconds += seconds * self._pools.worth(job.operator)
        made.cost.mutation_time_s = seconds
        return made

    async def _pause_after(self, made: Mutation | NoChild) -> None:
        """Keep a place of the remote pool empty for a while after nobody has answered, longer each time in a row, so
        that an outage does not use up proposals."""
        if isinstance(made, Mutation) or not made.unanswered:
            self._unanswered = 0
            return
        self._unanswered += 1
        with suppress(TimeoutError):
            pause = min(LONGEST_PAUSE_S, 0.001 * 1.5 ** min(self._unanswered, 50))
            await asyncio.wait_for(self._hurried.wait(), timeout=pause)

    async def _mutate(self, job: Job) -> Mutation | NoChild:
        """Let the operator work. What it raises is its own fault and ends nothing but this proposal."""
        proposal, operator = job.proposal, job.operator
        if operator is None:
            return NoChild(reason=f"there is no operator '{proposal.operator}' any more", kind="operator gone")
        parents = await self._studies.parents_of(job) if operator.reads_insights else job.parents
        context = MutationContext(
            rng=self._random.derive(f"operator/{operator.name}", proposal.number),
            parameters=proposal.parameters,
            evaluations=max(0, proposal.evaluations - self._settings.calls_per_program),
            proposal=proposal.number,
            inspirations=self._studies.inspirations_of(job),
            observed=proposal.observed,
        )
        try:
            return await operator.mutate(parents, context)
        except Exception as fault:
            if operator.name not in self._faulty_operators:
                self._faulty_operators.add(operator.name)
                logger.opt(exception=fault).error(
                    "operator '{}' raised; this is shown once, and counted as 'none'", operator.name
                )
            return NoChild(reason=f"{type(fault).__name__}: {fault}", kind="operator raised")

    def _register(self, job: Job, made: Mutation | NoChild) -> Skip | None:
        """Submit the child if it is new; else say why there is none."""
        if isinstance(made, NoChild):
            return Skip(
                outcome="none",
                reason=made.reason,
                kind=made.kind,
                cost=made.cost,
                made_by=made.made_by,
                limit=made.limit,
            )
        siblings = [to_json(sibling, made_by=made.made_by) for sibling in made.siblings]
        number = self._record.ledger.mutants
        child = child_of(
            job.parents,
            made,
            program_id=self._random.program_id(number),
            number=number,
            proposal=job.proposal.number,
        )
        twin = self._record.known(child.syntax_hash)
        if twin is not None and not self._settings.reevaluate_duplicates:
            return Skip(outcome="duplicate", reason=twin, cost=child.cost, made_by=made.made_by, siblings=siblings)
        if job.barren:  # somebody changed their mind; the numbers that follow are given away
            return Skip(outcome="none", reason="it had come to nothing before", kind="made anew", cost=child.cost)
        job.child = child
        self._record.submit(child, job.proposal, siblings)
        return None

    async def evaluate(self, program: Program) -> float:
        """Evaluate ``program`` and make the result durable; it is COMPLETED afterwards.

        Returns:
            Wall-clock seconds of the evaluation, time in the queue left out.
        """
        with self._clock.charge("waiting"):
            await self._evaluating.acquire()
        try:
            program.become(ProgramState.RUNNING)
            started = time.monotonic()
            with self._clock.charge("evaluation"):
                evaluation = await self._evaluator.evaluate(program)
            seconds = time.monotonic() - started
        finally:
            self._evaluating.release()
        enter(evaluation, program, self._metrics)
        with self._clock.charge("storage"):
            await self._record.complete(program)
        return seconds

    async def confirm(self, program: Program, confirmer: Confirmer) -> None:
        """Look again at an evaluated program, and write what came of it into ``program``; nothing is stored yet."""
        async with self._evaluating:
            with self._clock.charge("evaluation"):
                evaluation = await confirmer.confirm(program)
        look_again(evaluation, program, self._metrics)

    async def output_of(self, program: Program) -> str | None:
        """What the program returned; one that was too long to be stored is made again, at a cost."""
        if program.output is not None:
            return program.output
        async with self._evaluating:
            with self._clock.charge("evaluation"):
                evaluation = await self._evaluator.evaluate(program)
        program.cost.validate_calls += evaluation.cost.validate_calls
        return evaluation.output

    async def refresh(self, program: Program, children: Sequence[Program], refresher: Refresher) -> None:
        """Have what depends on descendants computed anew, and make the result durable.

        Args:
            program: A copy of an elite.
            children: Those it was not shown yet.
            refresher: Who computes.
        """
        async with self._evaluating:
            with self._clock.charge("evaluation"):
                evaluation = await refresher.refresh(program, children)
        if evaluation.error is not None:
            logger.warning("refresh of program {}: {}", program.id, evaluation.error.message)
        _revise(program, evaluation, self._metrics)
        with self._clock.charge("storage"):
            await self._record.refresh(program)


def _revise(program: Program, evaluation: Evaluation, metrics: Metrics) -> None:
    """Write what a refresh found out into ``program``. Its fitness stays what the validator said, and what is no finite
    number replaces nothing."""
    for key, value in evaluation.metrics.items():
        if key != metrics.primary_key and math.isfinite(value):
            program.metrics[key] = value
    program.artifacts.update(evaluation.artifacts)
    program.out_of_bounds = metrics.out_of_bounds(program.metrics)
