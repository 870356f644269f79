"""Selection in the arena: elites meet in brackets, and whoever a judge finds the best of them becomes a parent."""

from __future__ import annotations

import numpy as np

from gigaevo.evolution.arena import FitnessJudge, Judge, TournamentSelection
from gigaevo.evolution.strategies.archive import ArchiveView, RowArray
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.elite_base import EliteSelector
from gigaevo.evolution.strategies.tournament_selection import distinct_draws
from gigaevo.programs import Program


class ArenaEliteSelector(EliteSelector):
    """The winner of an elimination bracket, by any pairwise judge.

    The contestants of a bracket are drawn uniformly without replacement and seeded in the order drawn, which decides
    ties. Brackets are independent, so that the chosen are drawn with replacement. Where the judge is the better value
    of one metric, the scalar tournament does the same faster; this one is for judges that look at more than a number.

    Args:
        judge: Who of two wins; None means the better primary metric.
        tournament_size: How many compete, at least 2; the more, the greedier. Fewer where there are fewer elites.

    Raises:
        ValueError: The size is less than 2.
    """

    def __init__(self, *, judge: Judge[Program] | None = None, tournament_size: int = 4) -> None:
        self._arena = TournamentSelection(tournament_size, judge=judge or FitnessJudge())
        self._judge_is_given = judge is not None

    def bind(self, context: StrategyContext) -> None:
        """Take what is known of the run."""
        super().bind(context)
        if not self._judge_is_given:
            self._arena.judge = FitnessJudge.of(context.metrics)

    def __call__(self, programs: list[Program], total: int) -> list[Program]:
        if not programs or total < 1:
            return []
        return [self._arena.run_bracket([programs[row] for row in rows]) for rows in self._draw(len(programs), total)]

    def select_rows(self, archive: ArchiveView, total: int) -> RowArray:
        chosen = []
        for rows in self._draw(len(archive), total):
            competitors = archive.programs(rows)
            winner = self._arena.run_bracket(competitors)
            chosen.append(rows[next(place for place, one in enumerate(competitors) if one is winner)])
        return np.array(chosen, dtype=np.int64)

    def _draw(self, count: int, total: int) -> RowArray:
        """Contestants, shape (total, k)."""
        return distinct_draws(self.rng, count, (total, min(self._arena.tournament_size, count)))
