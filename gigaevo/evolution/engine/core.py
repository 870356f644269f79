"""The evolution engine: asks the strategy for parents, an operator for a child, the evaluator for its metrics, and
hands the result back, with as much going on side by side as its pools allow.

One proposal after another is made by the dispatcher; each is then carried out by a task of its own: mutation pool,
queue, evaluation pool. In the ordinary mode a task settles its own result as soon as it is there. In deterministic mode
the dispatcher settles results in the order of the proposals, exactly one for each proposal beyond the window, so that
proposal k sees the results of the proposals before k - window and of no other.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Coroutine, Sequence

from gigaevo.evaluation.base import Evaluator
from gigaevo.evolution.engine.announcer import Announcer
from gigaevo.evolution.engine.clock import TimeSplit
from gigaevo.evolution.engine.events import Limits, Listener, Progress, RunInfo, RunReport
from gigaevo.evolution.engine.ledger import OpenProposal
from gigaevo.evolution.engine.record import RunRecord, Skip
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.engine.stoppers import Stopper
from gigaevo.evolution.engine.workshop import Job, Workshop
from gigaevo.evolution.mutation.base import MutationOperator
from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import EvolutionStrategy
from gigaevo.programs import Metrics, Program, ProgramState
from gigaevo.storage.base import ProgramStorage

# Seconds that evaluations in flight may still take after a stop that does not wait for them.
GRACE_S = 0.5


class EngineError(RuntimeError):
    """The run cannot go on; the message says why and what would help."""


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
    ) -> None:
        self._strategy = strategy
        self._operator = operator
        self._rescorer = rescorer
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
        self._record = RunRecord(
            strategy=strategy,
            operator=operator,
            storage=storage,
            metrics=metrics,
            elapsed=self._elapsed,
            snapshot_interval=settings.snapshot_interval,
        )
        self._time = TimeSplit()
        self._workshop = Workshop(
            evaluator=evaluator,
            record=self._record,
            random=random,
            metrics=metrics,
            settings=settings,
            clock=self._time,
        )
        self._stop_reason: str | None = None
        self._started = 0.0
        self._elapsed_before = 0.0
        self._evaluated_before = 0
        self._jobs: dict[int, Job] = {}
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
        self._elapsed_before, self._evaluated_before = ledger.elapsed_s, ledger.evaluated
        self._started = time.monotonic()
        self._announcer.start(
            RunInfo(
                problem=self._problem,
                metrics=self._metrics,
                seed=self._random.seed,
                limits=self._limits,
                notes=self._notes,
                resumed_mutants=ledger.mutants,
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
        return await self._report(reason)

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
                await self._drain()
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
            if program.state is ProgramState.COMPLETED:
                await self._ingest(program, None)

    async def _take_up_open(self) -> None:
        """Take up the proposals that an earlier session left open: what was submitted goes to evaluation at once, the
        rest waits for its turn like any proposal, since there may be less room for mutants than there was."""
        for proposal in sorted(self._record.ledger.open.values(), key=lambda proposal: proposal.number):
            if proposal.program_id is None:
                self._backlog.append(proposal)
            else:
                await self._take_up(proposal)

    async def _take_up(self, proposal: OpenProposal) -> None:
        stored = await self._storage.get_many([*proposal.parents, proposal.program_id or ""])
        self._start(
            Job(
                proposal=proposal,
                parents=[stored[parent] for parent in proposal.parents],
                operator=self._operator.member(proposal.operator),
                child=stored.get(proposal.program_id or ""),
                previous=self._last_registered,
            )
        )

    async def _dispatch(self) -> str:
        """Make proposals until the run is over; returns why it is."""
        while True:
            reason = self._over()
            if reason is not None:
                return reason
            if self._backlog and self._has_room():
                await self._take_up(self._backlog.popleft())
            elif not self._backlog and self._may_propose():
                await self._propose()
            elif not await self._settle_next():
                await self._change()

    def _over(self) -> str | None:
        if self._stop_reason is not None:
            return self._stop_reason
        return next((reason for stop in self._stoppers if (reason := stop(self._record.ledger))), None)

    def _has_room(self) -> bool:
        """Whether one more child may be made: in the pools, and within the limit on mutants."""
        return len(self._jobs) < self._settings.capacity and self._mutants_left() > self._undecided()

    def _may_propose(self) -> bool:
        """Whether there is room for one more proposal."""
        is_open = len(self._record.ledger.open) < self._settings.capacity
        return is_open and self._has_room() and self._evaluations_left() >= 1

    def _mutants_left(self) -> float:
        """Mutants that may still be submitted."""
        limits, made = self._limits, self._record.ledger.mutants
        by_generation = (limits.max_generations or math.inf) * self._settings.generation_size
        return min(math.inf if limits.max_mutants is None else limits.max_mutants, by_generation) - made

    def _undecided(self) -> int:
        """Proposals that may still become mutants."""
        return sum(not job.registered.is_set() for job in self._jobs.values())

    def _evaluations_left(self) -> float:
        """Calls of ``validate`` that nobody has made or been promised."""
        if self._limits.max_evaluations is None:
            return math.inf
        ledger = self._record.ledger
        return self._limits.max_evaluations - ledger.validate_calls - ledger.reserved

    async def _propose(self) -> None:
        """Choose parents and operator, and start carrying the proposal out."""
        number = self._record.ledger.proposals
        async with self._strategy_lock:
            self._random.proposal = number
            parents = await self._strategy.select_elites(self._settings.num_parents)
            if not parents:
                raise EngineError(
                    "the strategy keeps none of the valid programs; check that its behaviour keys are metrics that "
                    "this problem's programs have"
                )
            operator = self._operator.select(parents, self._random.generator("operator_choice"))
            proposal = OpenProposal(
                number=number,
                parents=[parent.id for parent in parents],
                operator=operator.name,
                parameters=dict(operator.parameters()),
                evaluations=int(min(1 + operator.max_evaluations, self._evaluations_left())),
            )
            self._record.propose(proposal)
        self._start(
            Job(
                proposal=proposal,
                parents=parents,
                operator=operator,
                child=None,
                previous=self._last_registered,
            )
        )

    def _start(self, job: Job) -> None:
        self._jobs[job.proposal.number] = job
        self._last_registered = job.registered
        self._launch(self._carry_out(job))

    async def _drain(self) -> None:
        """Wait for what is in flight; after a stop that does not wait, ``request_stop`` has it cancelled."""
        while self._tasks or self._next_settleable() is not None:
            if not await self._settle_next():
                await self._change()

    # One proposal

    async def _carry_out(self, job: Job) -> None:
        """Make the child, see whether it is new, evaluate it, and hand the result in."""
        skip = await self._workshop.make_child(job)
        self._changed.set()
        if job.child is not None and job.child.state is not ProgramState.COMPLETED:
            job.seconds += await self._workshop.evaluate(job.child)
        job.result = skip or job.child
        if not self._settings.deterministic:
            await self._settle(job)

    # Results

    async def _settle(self, job: Job) -> None:
        """Enter the result of a proposal that is carried out."""
        if isinstance(job.result, Skip):
            async with self._strategy_lock:
                self._record.skip(job.result, job.proposal, self._seconds_of(job))
        elif job.result is not None:
            await self._ingest(job.result, job)
        del self._jobs[job.proposal.number]
        self._changed.set()

    def _next_settleable(self) -> Job | None:
        """In deterministic mode the oldest open proposal, once its result is in."""
        if not self._settings.deterministic or not self._jobs:
            return None
        oldest = self._jobs.get(min(self._record.ledger.open))
        return None if oldest is None or oldest.result is None else oldest

    async def _settle_next(self) -> bool:
        """In deterministic mode settle one result, if it is its turn; returns whether it was."""
        job = self._next_settleable()
        if job is None or (self._stop_reason is None and self._waits_for_registration()):
            return False
        await self._settle(job)
        return True

    def _waits_for_registration(self) -> bool:
        """Whether only the fate of open children decides if there is a next proposal: nothing may be settled then,
        for that proposal would see it."""
        has_room = len(self._record.ledger.open) < self._settings.capacity
        return has_room and 0 < self._mutants_left() <= self._undecided()

    async def _ingest(self, program: Program, job: Job | None) -> None:
        """Have a completed program's place decided. ``job`` is None for an initial program."""
        async with self._strategy_lock:
            self._random.proposal = program.number if job is None else job.proposal.number
            if job is None:
                outcome, durable = await self._record.ingest(program)
            else:
                outcome, durable = await self._record.ingest(program, job.proposal, job.parents, self._seconds_of(job))
            progress = await self._progress()
        self._announcer.program_when(durable, program, outcome, progress)

    def _seconds_of(self, job: Job) -> float | None:
        """What operators may learn of the time a proposal took: nothing where time must not matter."""
        return None if self._settings.deterministic else round(job.seconds, 6)

    # Tasks and time

    def _launch(self, work: Coroutine[None, None, object]) -> None:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        self._changed.set()

    def _cancel_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _change(self) -> None:
        """Sleep until something happened."""
        await self._changed.wait()
        self._changed.clear()

    def _elapsed(self) -> float:
        """Seconds of search, earlier sessions included."""
        return self._elapsed_before + time.monotonic() - self._started

    # Reports

    async def _progress(self) -> Progress:
        ledger = self._record.ledger
        population = await self._strategy.get_metrics()
        elapsed = self._elapsed()
        session = max(elapsed - self._elapsed_before, 1e-9)
        return Progress(
            mutants=ledger.mutants,
            evaluated=ledger.evaluated,
            generation=ledger.mutants // self._settings.generation_size,
            validate_calls=ledger.validate_calls,
            elapsed_s=elapsed,
            best=self._record.best,
            outcomes=dict(ledger.outcomes),
            failures=dict(ledger.failures),
            operators={name: dict(counts) for name, counts in ledger.operators.items()},
            duplicates=ledger.duplicates,
            coverage=population.coverage,
            qd_score=population.qd_score,
            elites=population.total_programs,
            programs_per_s=(ledger.evaluated - self._evaluated_before) / session,
        )

    async def _report(self, reason: str) -> RunReport:
        """The end of the run: the best program is scored once more, apart from everything the search used."""
        progress = await self._progress()
        best = self._record.best
        rescored = None
        if best is not None:
            rescored = (await self._rescorer.evaluate(best)).metrics
        report = RunReport(
            progress=progress,
            stop_reason=reason,
            rescored=rescored,
            lineage_depth=0 if best is None else best.generation,
            time_split=self._time.totals(),
        )
        self._announcer.stop(report)
        return report
