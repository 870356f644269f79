"""A progress bar for ``run(progress=True)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gigaevo.optimize.stops import ENDLESS

if TYPE_CHECKING:
    from gigaevo.optimize.optimizer import Optimizer
    from gigaevo.optimize.stops import Stop


class ProgressBar:
    """Evaluations made, of those that may be made where there is such a limit, and the best fitness."""

    def __init__(self, optimizer: Optimizer, stop: Stop) -> None:
        left = stop.evaluations_left(optimizer)
        total = None if left >= ENDLESS else optimizer.evaluations + left
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, refresh_per_second=4)
        self._task = self._progress.add_task(type(optimizer).__name__, total=total, told="")
        self._progress.start()

    def update(self, optimizer: Optimizer) -> None:
        """Show where the search is."""
        best = f", best {optimizer.best_fitness:.6g}" if optimizer.objectives == 1 else ""
        told = f"{optimizer.evaluations:,} evaluations{best}"
        self._progress.update(self._task, completed=optimizer.evaluations, told=told)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()
