"""Where a run stands and how it ended, for those who listen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loguru import logger

from gigaevo.evaluation.base import VERIFICATION, Evaluator
from gigaevo.evolution.engine.clock import TimeSplit
from gigaevo.evolution.engine.events import Progress, RunReport
from gigaevo.evolution.engine.record import RunRecord
from gigaevo.evolution.strategies.base import EvolutionStrategy


class Reporter:
    """Reads the books and changes nothing.

    Args:
        record: The run's books.
        strategy: The population.
        rescorer: Scores the best program once more at the end.
        generation_size: Mutants in a generation.
        clock: Where the time went.
        spending: Says what language models were paid so far; None where none is used.
    """

    def __init__(
        self,
        *,
        record: RunRecord,
        strategy: EvolutionStrategy,
        rescorer: Evaluator,
        generation_size: int,
        clock: TimeSplit,
        spending: Callable[[], Mapping[str, Any]] | None,
    ) -> None:
        self._record = record
        self._strategy = strategy
        self._rescorer = rescorer
        self._generation_size = generation_size
        self._clock = clock
        self._spending = spending
        self._evaluated_before = 0
        self._elapsed_before = 0.0

    def begin(self) -> None:
        """Take what the books hold now as what earlier sessions did."""
        self._evaluated_before, self._elapsed_before = self._record.ledger.evaluated, self._record.ledger.elapsed_s

    async def progress(self, elapsed_s: float) -> Progress:
        """Where the run stands after so many seconds of search."""
        ledger = self._record.ledger
        session = max(elapsed_s - self._elapsed_before, 1e-9)
        return Progress(
            mutants=ledger.mutants,
            evaluated=ledger.evaluated,
            generation=ledger.mutants // self._generation_size,
            validate_calls=ledger.validate_calls,
            elapsed_s=elapsed_s,
            best=self._record.best,
            outcomes=dict(ledger.outcomes),
            failures=dict(ledger.failures),
            operators={name: dict(counts) for name, counts in ledger.operators.items()},
            duplicates=ledger.duplicates,
            population=await self._strategy.get_metrics(),
            programs_per_s=(ledger.evaluated - self._evaluated_before) / session,
            verification=ledger.verification,
            leaks=tuple(ledger.leaks),
            cached=dict(ledger.cached),
            skipped=dict(ledger.skipped),
            reasons=dict(ledger.reasons),
            models={name: dict(counts) for name, counts in ledger.models.items()},
            spending=None if self._spending is None else self._spending(),
        )

    async def report(self, reason: str, elapsed_s: float, *, fault: str) -> RunReport:
        """The end of the run: the best program is scored once more, apart from everything the search used."""
        progress = await self.progress(elapsed_s)
        if fault:
            logger.error("{}", fault)
        for note in self._strategy.closing_notes():
            logger.info("{}", note)
        best = self._record.best
        rescored = verification = None
        if best is not None:
            evaluation = await self._rescorer.evaluate(best)
            rescored, verification = evaluation.metrics, evaluation.artifacts.get(VERIFICATION)
        return RunReport(
            progress=progress,
            stop_reason=reason,
            rescored=rescored,
            lineage_depth=0 if best is None else best.generation,
            time_split=self._clock.totals(),
            verification=verification,
            fault=fault,
        )
