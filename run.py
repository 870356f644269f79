"""Hydra entry point: compose the configuration, build the run, run it. Nothing else."""

from __future__ import annotations

import gc
import sys

gc.disable()  # imports leave no garbage to look for: a twelfth of the start; the run turns it on again

import hydra  # noqa: E402
from omegaconf import DictConfig  # noqa: E402

from gigaevo.config import command_line  # noqa: E402


@hydra.main(version_base=None, config_path="config", config_name="config")
def task(config: DictConfig) -> float | None:
    """One run. Sweepers read its best fitness."""
    return command_line.run(config)


if __name__ == "__main__":
    sys.exit(command_line.main(task, sys.argv[1:]))
