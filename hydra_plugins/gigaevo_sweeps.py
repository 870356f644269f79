"""Where Hydra looks for launchers and sweepers: in modules of the namespace package ``hydra_plugins``.

Every start imports this file, so that all that is heavy is imported when a sweep begins.
"""

from __future__ import annotations

from gigaevo.config.sweep.compared import ComparedSweeper
from gigaevo.config.sweep.launcher import SideBySideLauncher
from gigaevo.config.sweep.study import StudySweeper


class JoblibLauncher(SideBySideLauncher):
    """``hydra/launcher=joblib``."""


class EveryCombination(ComparedSweeper):
    """``hydra/sweeper=basic``, the default."""


class OptunaSweeper(StudySweeper):
    """``hydra/sweeper=optuna``."""
