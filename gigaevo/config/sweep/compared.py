"""Hydra's own sweeper, every combination of what is typed, with a comparison of arms when all jobs have ended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper


class ComparedSweeper(BasicSweeper):
    """Runs every combination, and tells what the arms came to, also where a job failed.

    Args:
        max_batch_size: Jobs handed to the launcher at a time; None for all.
        params: More settings to sweep: key to text, as on the command line.
    """

    def sweep(self, arguments: list[str]) -> Any:
        """See ``hydra.plugins.sweeper.Sweeper``."""
        try:
            returns = super().sweep(arguments)
        except Exception:
            self._compare()
            raise
        self._compare()
        return returns

    def _compare(self) -> None:
        from gigaevo.config.sweep.comparison import COMPARISON, told, write_comparison  # scipy with it: half a second

        assert self.config is not None
        folder = Path(self.config.hydra.runtime.cwd, self.config.hydra.sweep.dir)
        found = write_comparison(folder)
        if found is not None:
            sys.stdout.write(f"\n{told(found)}{folder / COMPARISON}\n")
            sys.stdout.flush()
