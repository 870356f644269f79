"""Hydra entry point: compose the configuration, build the run, run it. Nothing else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import hydra

from gigaevo.config import command_line

if TYPE_CHECKING:
    from omegaconf import DictConfig


@hydra.main(version_base=None, config_path="config", config_name="config")
def task(config: DictConfig) -> float | None:
    """One run. Sweepers read its best fitness."""
    return command_line.run(config)


if __name__ == "__main__":
    sys.exit(command_line.main(task, sys.argv[1:]))
