"""NumericProblem: a folder whose candidates are numbers, bits or permutations instead of programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from gigaevo.problems import problem as layout
from gigaevo.problems.errors import ProblemError
from gigaevo.problems.genotype_file import GenotypeDescription, read_genotype
from gigaevo.problems.metrics_file import read_metrics
from gigaevo.problems.python_file import PythonFile, read_python
from gigaevo.problems.text_file import read_text
from gigaevo.problems.yaml_file import YamlFile, check_model, read_yaml

if TYPE_CHECKING:
    from gigaevo.programs.metrics import Metrics

HYPERVOLUME = "hypervolume"
"""The metric that is measured of a whole front, for problems of several objectives."""

_REMEDIES = {
    layout.TASK_FILE: "write the task in words",
    layout.METRICS_FILE: "declare the metrics under 'specs:', one of them with 'is_primary: true'",
    layout.GENOTYPE_FILE: "write 'kind: range' and what that kind needs",
    layout.FITNESS_FILE: "write 'def fitness(genome):' that returns a number",
}
_FITNESS = "write 'def fitness(genome):', 'def fitness_batch(genomes):', or 'fitness = \"rastrigin\"'"
_OF_PROGRAMS = (
    layout.VALIDATE_FILE,
    layout.VERIFY_FILE,
    layout.INITIAL_PROGRAMS,
    layout.CONTEXT_FILE,
    layout.HARNESS_FILE,
    layout.BENCHMARK_FILE,
    layout.DRIVER_FILE,
    layout.GENOME_FILE,
)


class NumericProblemSettings(BaseModel):
    """The keys of ``problem.yaml`` of a numeric problem.

    Attributes:
        objectives: Metrics that the fitness gives for a genome, in this order, where there are several.
        behavior_keys: Metrics that the fitness gives beside itself, in this order: axes of an archive of elites.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    objectives: tuple[str, ...] = ()
    behavior_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FitnessDescription:
    """What ``fitness.py`` offers; nothing of it has been run.

    Attributes:
        path: The file.
        batch: Whether it takes all genomes of a generation at once.
        reports: Whether ``report(genome)`` measures more of the best genome at the end.
    """

    path: Path
    batch: bool
    reports: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericProblem:
    """A numeric problem folder that was read and checked; nothing in it has been run.

    Attributes:
        name: What the run calls it.
        folder: Absolute path of the folder. ``fitness.py`` can import modules that lie in it.
        task_description: The task in words.
        metrics: The specs of ``metrics.yaml``.
        genotype: What ``genotype.yaml`` says.
        fitness: What ``fitness.py`` offers.
        objectives: Metrics that a genome is judged by; one, but for multi-objective problems.
        behavior_keys: Metrics that tell genomes apart; empty where there is no archive to be filled.
    """

    name: str
    folder: Path
    task_description: str
    metrics: Metrics
    genotype: GenotypeDescription
    fitness: FitnessDescription
    objectives: tuple[str, ...]
    behavior_keys: tuple[str, ...]

    @property
    def maximize(self) -> tuple[bool, ...]:
        """Whether more is better, objective by objective."""
        return tuple(self.metrics.higher_is_better(key) for key in self.objectives)

    @property
    def reference(self) -> tuple[float, ...] | None:
        """The worst of each objective that is to be expected, from which the hypervolume is measured; None where there
        is one objective."""
        if len(self.objectives) == 1:
            return None
        specs = [self.metrics.specs[key] for key in self.objectives]
        worst = [spec.lower_bound if spec.higher_is_better else spec.upper_bound for spec in specs]
        return tuple(bound for bound in worst if bound is not None)

    @property
    def worst_fitness(self) -> float:
        """The worst of the primary metric that is to be expected; 0 where its spec has no such bound."""
        primary = self.metrics.primary
        return (primary.lower_bound if primary.higher_is_better else primary.upper_bound) or 0.0

    @property
    def behavior_bounds(self) -> tuple[tuple[float, float], ...]:
        """Both bounds of each behaviour."""
        specs = [self.metrics.specs[key] for key in self.behavior_keys]
        return tuple((spec.lower_bound or 0.0, spec.upper_bound or 0.0) for spec in specs)


def is_numeric(folder: Path) -> bool:
    """Whether a problem folder is one of numbers, by the files that it has."""
    try:
        if (folder / layout.GENOTYPE_FILE).is_file():
            return True
        return (folder / layout.FITNESS_FILE).is_file() and not (folder / layout.VALIDATE_FILE).is_file()
    except PermissionError:  # who loads the folder is told
        return False


def load_numeric_problem(folder: Path, *, name: str | None = None) -> NumericProblem:
    """Read and check a numeric problem folder, as described in ``docs/numeric_problems.md``.

    Args:
        folder: The folder.
        name: What the run calls the problem; the folder's name by default.

    Raises:
        ProblemError: Something is missing or wrong; the first such thing found, with the file and the remedy.
    """
    folder = folder.expanduser().absolute()
    _require_parts(folder)
    task_description = read_text(folder / layout.TASK_FILE).strip()
    if not task_description:
        raise ProblemError("is empty; say in words what is looked for", path=folder / layout.TASK_FILE)
    metrics = read_metrics(folder / layout.METRICS_FILE)
    code = read_python(folder / layout.FITNESS_FILE)
    fitness = _fitness_of(code)
    objectives, behavior_keys = _roles(folder, metrics, fitness)
    report = code.binding("report")
    if report is not None and len(objectives) > 1:
        told = "'report' measures the best genome, and of several objectives there is none; remove it"
        raise ProblemError(told, path=code.path, line=report.lineno)
    return NumericProblem(
        name=name or folder.name,
        folder=folder,
        task_description=task_description,
        metrics=metrics,
        genotype=read_genotype(folder / layout.GENOTYPE_FILE),
        fitness=fitness,
        objectives=objectives,
        behavior_keys=behavior_keys,
    )


def _require_parts(folder: Path) -> None:
    if not folder.is_dir():
        raise ProblemError("is not a folder; problem.dir must name a problem folder", path=folder)
    for part, remedy in _REMEDIES.items():
        if not (folder / part).is_file():
            raise ProblemError(f"has no {part}; {remedy}", path=folder)
    for part in _OF_PROGRAMS:
        if (folder / part).exists():
            raise ProblemError(
                f"is for problems whose candidates are programs, and there is a {layout.GENOTYPE_FILE}; remove one",
                path=folder / part,
            )


def _fitness_of(file: PythonFile) -> FitnessDescription:
    one, batch = file.binding("fitness"), file.binding("fitness_batch")
    if one is None and batch is None:
        raise ProblemError(f"defines neither 'fitness' nor 'fitness_batch'; {_FITNESS}", path=file.path)
    if one is not None and batch is not None:
        raise ProblemError("defines 'fitness' and 'fitness_batch'; keep one of them", path=file.path, line=batch.lineno)
    file.require_function("fitness" if batch is None else "fitness_batch", arguments=range(1, 2), remedy=_FITNESS)
    if file.binding("report") is not None:
        file.require_function("report", arguments=range(1, 2), remedy="write 'def report(genome):'")
    reports = file.binding("report") is not None
    return FitnessDescription(path=file.path, batch=batch is not None, reports=reports)


def _roles(folder: Path, metrics: Metrics, fitness: FitnessDescription) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which metrics are objectives, and which behaviours."""
    path = folder / layout.SETTINGS_FILE
    file = read_yaml(path) if path.exists() else YamlFile(path, {}, {})
    settings = check_model(NumericProblemSettings, file, file.data)
    for role, keys in (("objectives", settings.objectives), ("behavior_keys", settings.behavior_keys)):
        for index, key in enumerate(keys):
            if key not in metrics.declared:
                raise file.error(f"{role} names '{key}'; declare it in {layout.METRICS_FILE}", role, index)
            if key in keys[:index]:
                raise file.error(f"{role} names '{key}' twice", role, index)
    _check_objectives(file, settings, metrics)
    _check_behaviors(file, settings, metrics)
    objectives = settings.objectives or (metrics.primary_key,)
    left = [key for key in metrics.declared if key not in (*objectives, *settings.behavior_keys, metrics.primary_key)]
    if left and not fitness.reports:
        raise ProblemError(
            f"declares '{left[0]}', which nothing measures; name it in {layout.SETTINGS_FILE} under objectives or "
            f"behavior_keys, or write 'def report(genome):' in {layout.FITNESS_FILE}",
            path=folder / layout.METRICS_FILE,
        )
    return objectives, settings.behavior_keys


def _check_objectives(file: YamlFile, settings: NumericProblemSettings, metrics: Metrics) -> None:
    objectives, primary = settings.objectives, metrics.primary_key
    if len(objectives) == 1:
        raise file.error("objectives names one metric, which the primary one is anyway; remove the key", "objectives")
    if objectives and settings.behavior_keys:
        raise file.error("behavior_keys are for problems of one objective; remove them", "behavior_keys")
    if objectives and (primary != HYPERVOLUME or primary in objectives):
        raise file.error(
            f"there are several objectives, and the primary metric is '{primary}'; make '{HYPERVOLUME}' primary in "
            f"{layout.METRICS_FILE}, which is measured of the whole front",
            "objectives",
        )
    for index, key in enumerate(objectives):
        bound = "lower_bound" if metrics.higher_is_better(key) else "upper_bound"
        if getattr(metrics.specs[key], bound) is None:
            raise file.error(
                f"the hypervolume is measured from the worst of each objective; give '{key}' its {bound} in "
                f"{layout.METRICS_FILE}",
                *("objectives", index),
            )
    if objectives and not metrics.primary.higher_is_better:
        raise file.error(f"'{HYPERVOLUME}' is better when it is higher; remove its 'higher_is_better: false'")


def _check_behaviors(file: YamlFile, settings: NumericProblemSettings, metrics: Metrics) -> None:
    for index, key in enumerate(settings.behavior_keys):
        spec = metrics.specs[key]
        if key == metrics.primary_key:
            raise file.error(f"behavior_keys names the primary metric '{key}'; remove it", "behavior_keys", index)
        if spec.lower_bound is None or spec.upper_bound is None:
            raise file.error(
                f"behavior_keys names '{key}', which lacks a bound; give it lower_bound and upper_bound"
                f" in {layout.METRICS_FILE}",
                *("behavior_keys", index),
            )
