"""Hydra's joblib launcher, with a fair share of the machine for each job and a way on when a job is killed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from gigaevo.config.errors import ConfigError
from gigaevo.config.result import ExitStatus, JobFailed
from gigaevo.config.sweep.side_by_side import CORES, ending_on_interrupt, overrides_for

if TYPE_CHECKING:
    from gigaevo.config.sweep.record import Row

INSTALL = "pip install -e '.[sweep]'"


class SideBySideLauncher(Launcher):
    """Runs jobs side by side by way of ``hydra-joblib-launcher``.

    joblib gives up all its processes when one of them is killed. The jobs that had begun are then recorded as killed,
    and the others are launched again.

    Args:
        parallel: Arguments of ``joblib.Parallel``; ``n_jobs`` is how many jobs run side by side.
    """

    def __init__(self, **parallel: Any) -> None:
        self._parallel = parallel

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """See ``hydra.plugins.launcher.Launcher``.

        Raises:
            ConfigError: The plugin is not installed, or ``n_jobs`` is 0.
        """
        try:
            import joblib  # noqa: F401  (the plugin imports it only when it launches)
            from hydra_plugins.hydra_joblib_launcher.joblib_launcher import JoblibLauncher
        except ImportError as error:
            raise ConfigError(f"hydra/launcher=joblib is not installed: {INSTALL}") from error
        from gigaevo.config.sweep.record import SweepRecord

        if self.jobs_at_a_time < 1:
            raise ConfigError("hydra.launcher.n_jobs=0: it must be a number of jobs, or -1 for one on each core")
        self._joblib: Launcher = JoblibLauncher(**self._parallel)
        self._joblib.setup(hydra_context=hydra_context, task_function=task_function, config=config)
        self._record = SweepRecord(Path(config.hydra.runtime.cwd, config.hydra.sweep.dir))
        self._cores_granted = CORES in config.hydra.job.env_set

    @property
    def jobs_at_a_time(self) -> int:
        """How many jobs run side by side."""
        from joblib import effective_n_jobs

        n_jobs = self._parallel.get("n_jobs", -1)
        return int(effective_n_jobs(n_jobs)) if n_jobs != 0 else 0

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """See ``hydra.plugins.launcher.Launcher``."""
        added = overrides_for(min(self.jobs_at_a_time, len(job_overrides)), cores_granted=self._cores_granted)
        jobs = {number: [*own, *added] for number, own in enumerate(job_overrides, initial_job_idx)}
        earlier = len(self._record.rows())
        done: dict[int, JobReturn] = {}
        while waiting := [number for number in jobs if number not in done]:
            batch = _consecutive(waiting)
            try:
                with ending_on_interrupt():
                    returns = self._joblib.launch([jobs[number] for number in batch], initial_job_idx=batch[0])
            except BrokenExecutor:
                rows = {row["job"]: row for row in self._record.rows()[earlier:] if row["job"] in batch}
                if not rows.keys() - done.keys():
                    raise
                done.update({number: self._left_by(row) for number, row in rows.items()})
            else:
                done.update(zip(batch, returns, strict=True))
        return [done[number] for number in jobs]

    def _left_by(self, row: Row) -> JobReturn:
        """What a job that had begun when the processes were given up came to."""
        from gigaevo.config.sweep.record import UNFINISHED

        if row["status"] == UNFINISHED:
            row["error"] = (
                "its process was killed, or that of a job beside it; "
                f"continue it with resume={self._record.folder / row['folder']}"
            )
            self._record.killed(row["row"], row["error"])
        left = JobReturn(overrides=[f"{key}={value}" for key, value in row["overrides"].items()])
        if row["status"] == ExitStatus.ENDED.name.lower():
            left.status, left.return_value = JobStatus.COMPLETED, row["best_fitness"]
        else:
            left.status, left.return_value = JobStatus.FAILED, JobFailed(_status_of(row["status"]), row["error"])
        return left


def _consecutive(numbers: Sequence[int]) -> list[int]:
    """The leading numbers that follow each other without a gap, as one launch can number its jobs."""
    return [number for place, number in enumerate(numbers) if number == numbers[0] + place]


def _status_of(name: str) -> ExitStatus:
    """Exit status for the status of a row; a killed job has none of its own."""
    return ExitStatus.__members__.get(name.upper(), ExitStatus.FAULT)
