"""The evolution engine: asks the strategy for parents, an operator for a child, the evaluator for its metrics, and
hands the result back, with as much going on side by side as its pools allow.

The dispatcher makes proposals; each is then carried out by a task of its own: mutation pool, queue, evaluation pool. A
schedule says when proposals are due and when results are settled: as soon as there is room and as soon as they are
there (``SteadyState``), repeatably (``Windowed``), or one generation after another (``Generational``).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from gigaevo.evaluation.base import Evaluator, Verifier
from gigaevo.evolution.engine.announcer import Announcer
from gigaevo.evolution.engine.budget import Budget
from gigaevo.evolution.engine.clock import TimeSplit
from gigaevo.evolution.engine.descendants import Descendants, refresher_of
from gigaevo.evolution.engine.errors import EngineError
from gigaevo.evolution.engine.events import Limits, Listener, RunInfo, RunReport
from gigaevo.evolution.engine.examiner import Examination, Examiner
from gigaevo.evolution.engine.job import Job
from gigaevo.evolution.engine.ledger import OpenProposal
from gigaevo.evolution.engine.pools import Pools
from gigaevo.evolution.engine.proposer import Proposer
from gigaevo.evolution.engine.record import RunRecord
from gigaevo.evolution.engine.reporter import Reporter
from gigaevo.evolution.engine.schedule import schedule_of
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.engine.settlement import Skip
from gigaevo.evolution.engine.stoppers import Stopper
from gigaevo.evolution.engine.studies import Studies
from gigaevo.evolution.engine.workshop import Workshop
from gigaevo.evolution.mutation.base import MutationOperator
from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import EvolutionStrategy, StrategyFault
from gigaevo.programs import Metrics, Program, ProgramState
from gigaevo.storage.base import ProgramStorage

# Seconds that evaluations in flight may still take after a stop that does not wait for them.
GRACE_S = 0.5

__all__ = ["EngineError", "EvolutionEngine"]


class EvolutionEngine:
    """Runs one evolution.

    Args:
        strategy: Keeps the population; bound to the problem already.
        operator: Makes children.
        evaluator: Scores programs.
        rescorer: Scores the best program once more at the end, in a fresh sandbox.
        storage: Durable truth of the run, open.
        random: Generators of the run.
        metrics: The problem's metrics.
        problem: The problem's name, for reports.
        limits: Budgets.
        stoppers: When the run is over, beside time.
        settings: How the engine works.
        listeners: Who hears what happens.
        initial_programs: FRESH programs with negative numbers, -1 first.
        notes: Lines the user should see once.
        verifier: The problem's exact verification, which each new best must pass; None where it has none.
        spending: Says what language models were paid so far, as JSON values; asked after each program. None where none
            is used.

    Raises:
        EngineError: The evaluator wants to refresh elites, and the strategy cannot take that.
    """

    def __init__(
        self,
        *,
        strategy: EvolutionStrategy,
        operator: MutationOperator,
        evaluator: Evaluator,
        rescorer: Evaluator,
        storage: ProgramStorage,
        random: RandomSource,
        metrics: Metrics,
        problem: str,
        limits: Limits,
        stoppers: Sequence[Stopper],
        settings: EngineSettings,
        listeners: Sequence[Listener],
        initial_programs: Sequence[Program],
        notes: Sequence[str] = (),
        verifier: Verifier | None = None,
        spending: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self._strategy = strategy
        self._operator = operator
        self._storage = storage
        self._random = random
        self._metrics = metrics
        self._problem = problem
        self._limits = limits
        self._stoppers = stoppers
        self._settings = settings
        self._announcer = Announcer(listeners)
        self._initial_programs = initial_programs
        self._notes = notes
        self._refresher = refresher_of(evaluator, strategy, settings)
        self._record = RunRecord(
            strategy=strategy,
            operator=operator,
            storage=storage,
            metrics=metrics,
            elapsed=self._elapsed,
            snapshot_interval=settings.snapshot_interval,
            descendants=None if self._refresher is None else Descendants(),
        )
        self._time = TimeSplit()
        self._reporter = Reporter(
            record=self._record,
            strategy=strategy,
            rescorer=rescorer,
            generation_size=settings.generation_size,
            clock=self._time,
            spending=spending,
        )
        pools = Pools(settings=settings, operator=operator)
        studies = Studies(evaluator=evaluator, record=self._record, storage=storage, ordered=settings.ordered)
        self._workshop = Workshop(
            evaluator=evaluator,
            record=self._record,
            random=random,
            metrics=metrics,
            settings=settings,
            pools=pools,
            studies=studies,
            clock=self._time,
        )
        self._examiner = Examiner(
            evaluator=evaluator,
            verifier=verifier,
            strategy=strategy,
            record=self._record,
            workshop=self._workshop,
        )
        self._stop_reason: str | None = None
        self._cut_short = False
        self._fault = ""
        self._started = 0.0
        self._elapsed_before = 0.0
        self._jobs: dict[int, Job] = {}
        self._budget = Budget(limits=limits, settings=settings, record=self._record, pools=pools, jobs=self._jobs)
        self._schedule = schedule_of(settings, record=self._record, jobs=self._jobs, budget=self._budget, pools=pools)
        self._proposer = Proposer(
            strategy=strategy,
            operator=operator,
            random=random,
            record=self._record,
            budget=self._budget,
            pools=pools,
            jobs=self._jobs,
            num_parents=settings.num_parents,
            calls_per_program=settings.calls_per_program,
        )
        self._backlog: deque[OpenProposal] = deque()
        self._tasks: set[asyncio.Task[object]] = set()
        self._last_registered = asyncio.Event()
        self._last_registered.set()
        self._changed = asyncio.Event()
        self._strategy_lock = asyncio.Lock()

    def request_stop(self, reason: str) -> None:
        """End the search soon and cleanly: what is in flight gets a moment, then it is left for a resume."""
        if self._stop_reason is None:
            self._stop_reason = reason
            self._changed.set()
            asyncio.get_running_loop().call_later(GRACE_S, self._cancel_tasks)

    async def run(self) -> RunReport:
        """Run the search to its end.

        Returns:
            How it ended.

        Raises:
            EngineError: The strategy keeps none of the valid programs.
            StorageError: Something could not be made durable.
        """
        await self._record.recover()
        ledger = self._record.ledger
        self._elapsed_before = ledger.elapsed_s
        self._reporter.begin()
        self._started = time.monotonic()
        self._announcer.start(
            RunInfo(
                problem=self._problem,
                metrics=self._metrics,
                seed=self._random.seed,
                limits=self._limits,
                notes=self._notes,
                resumed_mutants=ledger.mutants,
                resumed_evaluated=ledger.evaluated,
            )
        )
        timer = None
        if self._limits.max_seconds is not None:
            left = max(0.0, self._limits.max_seconds - self._elapsed_before)
            timer = asyncio.get_running_loop().call_later(left, self.request_stop, "max_seconds")
        try:
            reason = await self._search()
        finally:
            if timer is not None:
                timer.cancel()
        with self._time.charge("storage"):
            await self._record.stop(reason)
        report = await self._reporter.report(reason, self._elapsed(), fault=self._fault)
        self._announcer.stop(report)
        return report

    # The search

    async def _search(self) -> str:
        """Everything from the initial programs to the reason to stop, with nothing in flight at the end."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self._evaluate_initial()
                if self._record.best is None:
                    reason = self._stop_reason or "no_valid_program"
                else:
                    await self._take_up_open()
                    reason = await self._dispatch()
                self._workshop.hurry()
                await self._drain()
                await self._refresh()
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None
        return reason

    async def _evaluate_initial(self) -> None:
        """Evaluate the initial programs that have no result yet, and ingest them in their order."""
        stored = await self._storage.get_many(program.id for program in self._initial_programs)
        programs = [stored.get(program.id, program) for program in self._initial_programs]
        for program in programs:
            if program.id not in stored:
                self._record.submit(program, None)
            if program.state is ProgramState.FRESH:
                self._launch(self._workshop.evaluate(program))
        for program in programs:
            while program.state in (ProgramState.FRESH, ProgramState.RUNNING) and self._tasks:
                await self._change()
            if program.state is ProgramState.COMPLETED and not await self._ingest(program, None):
                return

    async def _take_up_open(self) -> None:
        """Take up the proposals that an earlier session left open: what was submitted goes to evaluation at once, the
        rest waits for its turn like any proposal, since there may be less room for mutants than there was.

        Where order matters, one that has no child although a later one has had come to nothing, and was not settled
        yet: it is settled before the later one.
        """
        proposals = sorted(self._record.ledger.open.values(), key=lambda proposal: proposal.number)
        submitted = [proposal.number for proposal in proposals if proposal.program_id is not None]
        for proposal in proposals:
            barren = self._settings.ordered and proposal.number < max(submitted, default=-1)
            if proposal.program_id is None and not barren:
                self._backlog.append(proposal)
            else:
                await self._take_up(proposal, barren=proposal.program_id is None)

    async def _take_up(self, proposal: OpenProposal, *, barren: bool = False) -> None:
        wanted = [*proposal.parents, *proposal.inspirations, proposal.program_id or ""]
        stored = await self._storage.get_many(wanted)
        self._start(
            Job(
                proposal=proposal,
                parents=[stored[parent] for parent in proposal.parents],
                operator=self._operator.member(proposal.operator),
                inspirations=[stored[program_id] for program_id in proposal.inspirations if program_id in stored],
                child=stored.get(proposal.program_id or ""),
                barren=barren,
            )
        )

    async def _dispatch(self) -> str:
        """Make proposals until the run is over; returns why it is."""
        while True:
            reason = self._over()
            if reason is not None:
                return reason
            if self._backlog and self._budget.has_room():
                await self._take_up(self._backlog.popleft())
            elif not self._backlog and (count := self._schedule.due()):
                await self._refresh()
                await self._propose(count)
            elif not await self._settle_next():
                await self._change()

    def _over(self) -> str | None:
        if self._stop_reason is not None:
            return self._stop_reason
        return next((reason for stop in self._stoppers if (reason := stop(self._record.ledger))), None)

    async def _propose(self, count: int) -> None:
        """Make so many proposals, and start carrying them out."""
        if self._stop_reason is not None:  # while elites were refreshed
            return
        async with self._strategy_lock:
            try:
                jobs = await self._proposer.propose(count)
            except StrategyFault as fault:
                self._fault = str(fault)
                self.request_stop("strategy_fault")
                return
        for job in jobs:
            self._start(job)

    def _start(self, job: Job) -> None:
        self._jobs[job.proposal.number] = job
        job.previous, self._last_registered = self._last_registered, job.registered
        self._launch(self._carry_out(job))

    async def _drain(self) -> None:
        """Wait for what is in flight; after a stop that does not wait, ``request_stop`` has it cancelled."""
        while (settled := await self._settle_next()) or self._tasks:
            if not settled:
                await self._change()

    async def _refresh(self) -> None:
        """Have what depends on descendants computed anew for the elites that got children, and wait for it."""
        if self._refresher is None or self._stop_reason is not None:
            return
        for elite, children in await self._record.awaiting_refresh():
            self._launch(self._workshop.refresh(elite, children, self._refresher))
        while self._tasks:
            await self._change()

    # One proposal

    async def _carry_out(self, job: Job) -> None:
        """Make the child, see whether it is new, evaluate it, and hand the result in."""
        skip = await self._workshop.make_child(job)
        self._changed.set()
        if job.child is not None and job.child.state is not ProgramState.COMPLETED:
            job.seconds += await self._workshop.evaluate(job.child)
        job.result = skip or job.child
        if self._schedule.settles_on_arrival:
            await self._settle(job)

    # Results

    async def _settle(self, job: Job) -> bool:
        """Enter the result of a proposal that is carried out; False where it is left for a resume."""
        if isinstance(job.result, Skip):
            async with self._strategy_lock:
                self._record.skip(job.result, job.proposal, self._seconds_of(job))
        elif job.result is not None and not await self._ingest(job.result, job):
            return False
        del self._jobs[job.proposal.number]
        self._changed.set()
        return True

    async def _settle_next(self) -> bool:
        """Settle one result, if it is time to; returns whether it was."""
        job = self._schedule.next_result(stopping=self._stop_reason is not None)
        return job is not None and await self._settle(job)

    async def _ingest(self, program: Program, job: Job | None) -> bool:
        """Have a completed program's place decided, once it has passed what it must pass for that.

        Args:
            program: It.
            job: What it came from; None for an initial program.

        Returns:
            Whether it was; False where the run is cut short before the program has passed.
        """
        examination = Examination(program=program)
        while True:
            async with self._strategy_lock:
                check = self._examiner.next_check(examination)
                if check is None:
                    await self._place(examination, job)
                    return True
            if self._cut_short:
                return False
            task = self._launch(check())
            await asyncio.wait([task])
            if task.cancelled():
                return False
            task.result()

    async def _place(self, examination: Examination, job: Job | None) -> None:
        """Decide a program's place, with nothing between that and the checks it passed."""
        program, facts = examination.program, examination.facts()
        self._random.proposal = program.number if job is None else job.proposal.number
        if job is None:
            outcome, durable = await self._record.ingest(program, **facts)
        else:
            seconds = self._seconds_of(job)
            outcome, durable = await self._record.ingest(program, job.proposal, job.parents, seconds, **facts)
        progress = await self._reporter.progress(self._elapsed())
        self._announcer.program_when(durable, program, outcome, progress)

    def _seconds_of(self, job: Job) -> float | None:
        """What operators may learn of the time a proposal took: nothing where time must not matter."""
        return None if self._settings.deterministic else round(job.seconds, 6)

    # Tasks and time

    def _launch(self, work: Coroutine[None, None, object]) -> asyncio.Task[object]:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)
        return task

    def _task_ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        self._changed.set()

    def _cancel_tasks(self) -> None:
        self._cut_short = True
        for task in self._tasks:
            task.cancel()

    async def _change(self) -> None:
        """Sleep until something happened."""
        await self._changed.wait()
        self._changed.clear()

    def _elapsed(self) -> float:
        """Seconds of search, earlier sessions included."""
        return self._elapsed_before + time.monotonic() - self._started
