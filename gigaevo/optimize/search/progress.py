"""A progress bar for ``run(progress=True)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from gigaevo.optimize.search.optimizer import Optimizer
    from gigaevo.optimize.search.stops import Stop


class ProgressBar:
    """How much of its limits a search has used up, its evaluations and its best fitness, on the standard error.

    Without a limit on evaluations, generations or seconds the bar only tells that the search goes on.
    """

    def __init__(self, optimizer: Optimizer, stop: Stop) -> None:
        self._stop = stop
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),  # what the others leave of the line
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), expand=True, refresh_per_second=4)
        total = None if stop.used(optimizer) is None else 1.0
        self._task = self._progress.add_task(type(optimizer).__name__, total=total, told="")
        self.update(optimizer)
        self._progress.start()

    def update(self, optimizer: Optimizer) -> None:
        """Show where the search is."""
        best = f", best {optimizer.best_fitness:.6g}" if optimizer.objectives == 1 else ""
        told = f"{optimizer.evaluations:,} evaluations{best}"
        self._progress.update(self._task, completed=self._stop.used(optimizer) or 0.0, told=told)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()
