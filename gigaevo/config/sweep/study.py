"""A sweep that learns from its jobs: a Hydra sweeper over an Optuna study of the final best fitness."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from gigaevo.config.builder import Builder
from gigaevo.config.errors import ConfigError, did_you_mean, one_line
from gigaevo.config.result import JobFailed
from gigaevo.config.sweep.launcher import INSTALL
from gigaevo.config.sweep.space import SearchSpace

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

RESULTS = "optimization_results.yaml"
STUDY_FILE = "study.log"

Direction = Literal["maximize", "minimize"]

_FAILURE = "error"  # attribute of trials whose job failed; one without it was cut short and is tried again
_PROBLEM_KEYS = ("experiment", "problem.name", "problem.dir", "+problem.name", "+problem.dir")


class StudySweeper(Sweeper):
    """Proposes settings, runs them as jobs, and learns from their final best fitness.

    The trials of a study are numbered like its jobs. A job that fails is a failed trial, and the search goes on; its
    status becomes that of the sweep at the end. A trial that was cut short (Ctrl-C, a kill) is tried again when the
    study is taken up again, with the same command and the same ``hydra.sweep.dir``. A study belongs to one sweep at a
    time.

    Args:
        n_trials: Jobs in all, those of earlier sessions of the study included.
        n_jobs: Jobs proposed at a time; None for as many as the launcher runs side by side.
        direction: ``maximize`` or ``minimize``; None for that of the primary metric.
        sampler: Description of an Optuna sampler.
        study_name: Its name in the storage.
        storage: URL of a database; None for a file in the sweep's folder.
        params: More settings to search: key to text, as on the command line.
    """

    def __init__(
        self,
        *,
        n_trials: int,
        n_jobs: int | None,
        direction: str | None,
        sampler: DictConfig,
        study_name: str,
        storage: str | None,
        params: DictConfig | None,
    ) -> None:
        self._n_trials = _at_least_one("n_trials", n_trials)
        self._n_jobs = None if n_jobs is None else _at_least_one("n_jobs", n_jobs)
        self._direction = direction
        self._sampler = sampler
        self._study_name = study_name
        self._storage = storage
        self._params = [f"{key!s}={value}" for key, value in (params or {}).items()]

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """See ``hydra.plugins.sweeper.Sweeper``.

        Raises:
            ConfigError: Optuna, or the launcher, is not installed.
        """
        try:
            import optuna
        except ImportError as error:
            raise ConfigError(f"hydra/sweeper=optuna is not installed: {INSTALL}") from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._config = config
        self._loader = hydra_context.config_loader
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
        self._batch = self._n_jobs or int(getattr(self._launcher, "jobs_at_a_time", 1))
        self._folder = Path(config.hydra.runtime.cwd, config.hydra.sweep.dir)

    def sweep(self, arguments: list[str]) -> None:
        """Search until the study has ``n_trials`` trials.

        Args:
            arguments: The command line's overrides, those of Hydra's own settings left out.

        Raises:
            ConfigError: Nothing to search, a direction that the metric contradicts, or a study that does not fit.
            JobFailed: Some job did not end well; the first of them.
        """
        space = SearchSpace.read([*self._params, *arguments], loader=self._loader, config=self._config)
        study = self._opened(self._checked_direction(space))
        self._retry_what_was_cut_short(study)
        failures: list[JobFailed] = []
        while (left := self._n_trials - sum(map(_settled, study.get_trials(deepcopy=False)))) > 0:
            failures.extend(self._try_batch(study, space, min(left, self._batch)))
            _write_results(study, self._folder / RESULTS)
        self._say_best(study)
        if failures:
            raise failures[0]

    def _try_batch(self, study: Study, space: SearchSpace, size: int) -> list[JobFailed]:
        """Run some trials; what went wrong with those that failed."""
        try:
            trials = [study.ask(fixed_distributions=dict(space.varied)) for _ in range(size)]
        except ValueError as error:
            raise ConfigError(f"study {study.study_name!r}: {one_line(error)}") from error
        overrides = [space.overrides(trial.params) for trial in trials]
        returns = self._launcher.launch(overrides, initial_job_idx=trials[0].number)
        failures = [_settle(study, trial, came) for trial, came in zip(trials, returns, strict=True)]
        return [failure for failure in failures if failure is not None]

    def _checked_direction(self, space: SearchSpace) -> Direction:
        """The direction of the search, which every problem of the study must have.

        Raises:
            ConfigError: A problem is not there or broken, or directions differ.
        """
        if self._direction is not None and self._direction not in get_args(Direction):
            hint = did_you_mean(str(self._direction), get_args(Direction))
            raise ConfigError(f"hydra.sweeper.direction={self._direction}: it must be maximize, minimize or null{hint}")
        found: dict[Direction, str] = {}
        for chosen in self._problem_choices(space):
            name, metric, direction = self._metric_of(chosen)
            found.setdefault(direction, f"{metric!r} of {name}")
            if self._direction not in (None, direction):
                better = "higher" if direction == "maximize" else "lower"
                raise ConfigError(
                    f"hydra.sweeper.direction={self._direction}: {found[direction]} is better when it is {better}; "
                    f"leave the direction out, or write {direction}"
                )
        if len(found) > 1:
            raise ConfigError(
                f"one study cannot search in two directions: {found['maximize']} is better when it is higher, "
                f"{found['minimize']} when it is lower; sweep them one at a time"
            )
        return next(iter(found))

    def _problem_choices(self, space: SearchSpace) -> list[list[str]]:
        """Overrides of one job for each combination of the choices on which the problem depends."""
        varied = [key for key in _PROBLEM_KEYS if space.choices(key)]
        pairs = [[f"{key}={choice}" for choice in space.choices(key)] for key in varied]
        return [[*space.fixed, *combination] for combination in itertools.product(*pairs)]

    def _metric_of(self, overrides: list[str]) -> tuple[str, str, Direction]:
        """Name of the problem that overrides choose, its primary metric, and the direction in which that is better."""
        from gigaevo.config.places import PROBLEMS
        from gigaevo.config.prepare import problem_folder
        from gigaevo.problems import is_numeric, load_numeric_problem, load_problem

        name, folder = problem_folder(self._loader.load_sweep_config(self._config, overrides), problems=PROBLEMS)
        load = load_numeric_problem if is_numeric(folder) else load_problem
        metrics = load(folder, name=name).metrics
        return name, metrics.primary_key, "maximize" if metrics.primary.higher_is_better else "minimize"

    def _opened(self, direction: Direction) -> Study:
        """The study, new or as an earlier session left it.

        Raises:
            ConfigError: The storage or the sampler cannot be used, or the study has another direction.
        """
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        self._folder.mkdir(parents=True, exist_ok=True)
        storage = self._storage or JournalStorage(JournalFileBackend(str(self._folder / STUDY_FILE)))
        try:
            study = optuna.create_study(
                study_name=self._study_name,
                storage=storage,
                direction=direction,
                load_if_exists=True,
            )
        except Exception as error:  # whatever a database, its URL or its driver may raise
            raise ConfigError(f"hydra.sweeper.storage={self._storage}: {one_line(error)}") from error
        if study.direction.name.lower() != direction:
            raise ConfigError(
                f"study {study.study_name!r} was begun to {study.direction.name.lower()} and cannot {direction}: "
                "choose another hydra.sweeper.study_name"
            )
        study.sampler = self._made_sampler(len(study.get_trials(deepcopy=False)))
        return study

    def _made_sampler(self, trials: int) -> BaseSampler:
        """The sampler for a study that has so many trials; each session draws other numbers, all from one seed."""
        from numpy.random import SeedSequence
        from optuna.samplers import BaseSampler

        described: dict[str, Any] = {"constant_liar": True} if self._batch > 1 and self._is_tpe() else {}
        described.update(OmegaConf.to_container(self._sampler, resolve=True))  # type: ignore[arg-type]
        seed = described.get("seed")
        if isinstance(seed, int) and (trials > 0 or seed >= 2**32):  # samplers take 32 bits
            described["seed"] = int(SeedSequence([seed, trials]).generate_state(1)[0])
        config = OmegaConf.create({"hydra": {"sweeper": {"sampler": described}}})
        sampler = Builder(config).node("hydra.sweeper.sampler")
        if not isinstance(sampler, BaseSampler):
            raise ConfigError(
                f"hydra.sweeper.sampler._target_={described.get('_target_')}: it must be a class of optuna.samplers"
            )
        return sampler

    def _is_tpe(self) -> bool:
        """Whether the sampler is the one whose proposals in a batch crowd together unless it minds those open."""
        return str(self._sampler.get("_target_")).endswith("TPESampler")

    def _retry_what_was_cut_short(self, study: Study) -> None:
        """Put the settings of trials that never ended in front of the queue."""
        from optuna.trial import TrialState

        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(trial.number, state=TrialState.FAIL)
            study.enqueue_trial(trial.params)

    def _say_best(self, study: Study) -> None:
        import sys

        if _completed(study):
            best = study.best_trial
            settings = " ".join(f"{key}={value}" for key, value in best.params.items())
            sys.stdout.write(f"best of the study: job {best.number}, {best.value:.6g} with {settings}\n")
        sys.stdout.write(f"results: {self._folder / RESULTS}\n")


def _at_least_one(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"hydra.sweeper.{name}={value}: it must be a whole number from 1")
    return value


def _settle(study: Study, trial: Trial, came: JobReturn) -> JobFailed | None:
    """Tell the study what came of a trial; the failure, where it was one."""
    from optuna.trial import TrialState

    try:
        fitness = came.return_value
    except JobFailed as failure:
        trial.set_user_attr(_FAILURE, failure.reason)
        study.tell(trial, state=TrialState.FAIL)
        return failure
    if fitness is None or not math.isfinite(fitness):
        trial.set_user_attr(_FAILURE, f"the best fitness is {fitness}")
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, fitness)
    return None


def _settled(trial: FrozenTrial) -> bool:
    from optuna.trial import TrialState

    return trial.state == TrialState.COMPLETE or _FAILURE in trial.user_attrs


def _completed(study: Study) -> Sequence[FrozenTrial]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _write_results(study: Study, path: Path) -> None:
    """Write what the study has found so far, whole or not at all."""
    from gigaevo.observe.files import replace_text

    completed = len(_completed(study))
    failed = sum(_FAILURE in trial.user_attrs for trial in study.get_trials(deepcopy=False))
    best = study.best_trial if completed else None
    results = {
        "name": "optuna",
        "study_name": study.study_name,
        "direction": study.direction.name.lower(),
        "best_value": None if best is None else best.value,
        "best_params": {} if best is None else {key: _as_value(value) for key, value in best.params.items()},
        "best_job": None if best is None else best.number,
        "trials": {"completed": completed, "failed": failed},
    }
    replace_text(path, OmegaConf.to_yaml(OmegaConf.create(results)))


def _as_value(value: Any) -> Any:
    """A choice as the value that Hydra reads it as; numbers stay as they are."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create().parse_override(f"key={value}").value() if isinstance(value, str) else value
