"""What ``hydra/launcher=joblib`` and ``hydra/sweeper=basic|optuna`` mean here, with the defaults of their settings."""

from __future__ import annotations

from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins

LAUNCHER: dict[str, Any] = {
    "_target_": "hydra_plugins.gigaevo_sweeps.JoblibLauncher",
    "n_jobs": -1,  # jobs side by side; -1: one on each core
    "pre_dispatch": "2*n_jobs",  # jobs handed to the processes in advance
    "batch_size": 1,  # jobs handed over at a time
    "verbose": 0,  # above 0 joblib tells how far it is
}

SWEEPER: dict[str, Any] = {
    "_target_": "hydra_plugins.gigaevo_sweeps.OptunaSweeper",
    "_recursive_": False,
    "n_trials": 20,
    "n_jobs": None,
    "direction": None,
    "sampler": {"_target_": "optuna.samplers.TPESampler", "seed": "${seed}"},
    "study_name": "gigaevo",
    "storage": None,
    "params": None,
}

EVERY_COMBINATION: dict[str, Any] = {
    "_target_": "hydra_plugins.gigaevo_sweeps.EveryCombination",
    "max_batch_size": None,
    "params": None,
}


def register_options() -> None:
    """Make the options known to Hydra. May be called again."""
    Plugins.instance()  # plugins that are installed bring options of the same names; whoever comes later has the name
    store = ConfigStore.instance()
    store.store(group="hydra/launcher", name="joblib", node=LAUNCHER, provider="gigaevo")
    store.store(group="hydra/sweeper", name="basic", node=EVERY_COMBINATION, provider="gigaevo")
    store.store(group="hydra/sweeper", name="optuna", node=SWEEPER, provider="gigaevo")
