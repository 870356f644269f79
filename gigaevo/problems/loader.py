"""From a folder to a checked Problem. No code of the folder runs here: Python files are parsed and looked at.

A problem that is a single evaluator (``evaluate(program_path) -> dict``, as some other systems have it) would
be told apart in ``load_problem`` by the file it has instead of ``validate.py``, and get a loader of its own beside
this one.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from gigaevo.problems import problem as layout
from gigaevo.problems.errors import ProblemError
from gigaevo.problems.initial_programs import read_initial_programs
from gigaevo.problems.metrics_file import read_metrics
from gigaevo.problems.numeric_problem import is_numeric
from gigaevo.problems.problem import Problem
from gigaevo.problems.python_file import PythonFile, read_python
from gigaevo.problems.settings import ProblemSettings
from gigaevo.problems.text_file import read_text
from gigaevo.problems.workload import workload_of
from gigaevo.problems.yaml_file import check_model, read_yaml
from gigaevo.programs.genome import CodeGenome
from gigaevo.programs.languages import PYTHON
from gigaevo.programs.metrics import Metrics


def load_problem(folder: Path, *, name: str | None = None) -> Problem:
    """Read and check a problem folder.

    Args:
        folder: The folder, as described in ``docs/problems.md``.
        name: What the run calls the problem; the folder's name by default.

    Raises:
        ProblemError: Something is missing or wrong; the first such thing found, with the file and the remedy.
    """
    folder = folder.expanduser().absolute()
    _require_parts(folder)
    task_description = read_text(folder / layout.TASK_FILE).strip()
    if not task_description:
        raise ProblemError("is empty; say in words what the programs shall do", path=folder / layout.TASK_FILE)
    metrics = read_metrics(folder / layout.METRICS_FILE)
    settings = _read_settings(folder, metrics)
    modules = {path.name: read_python(path) for path in sorted(folder.glob("*.py")) if path.is_file()}
    _check_modules(modules)
    if settings.command:
        _refuse_callers(folder)
    seeds, imports = read_initial_programs(folder, settings, modules)
    return Problem(
        name=name or folder.name,
        folder=folder,
        task_description=task_description,
        metrics=metrics,
        initial_programs=seeds,
        settings=settings,
        has_context=layout.CONTEXT_FILE in modules,
        has_helper=layout.HELPER_FILE in modules,
        has_harness=layout.HARNESS_FILE in modules,
        genome=_read_genome(folder),
        has_verify=layout.VERIFY_FILE in modules,
        driver=modules[layout.DRIVER_FILE].source if layout.DRIVER_FILE in modules else None,
        preload=tuple(sorted({*settings.preload, *imports})),
        workload=workload_of(modules[layout.BENCHMARK_FILE]) if layout.BENCHMARK_FILE in modules else None,
    )


def _require_parts(folder: Path) -> None:
    """Check that the folder has the parts that every problem has."""
    if not folder.is_dir():
        raise ProblemError("is not a folder; problem.dir must name a problem folder", path=folder)
    remedies = {
        layout.TASK_FILE: "write the task in words",
        layout.METRICS_FILE: "declare the metrics under 'specs:', one of them with 'is_primary: true'",
        layout.VALIDATE_FILE: "write 'def validate(output):' that returns a dict of metrics",
    }
    if is_numeric(folder):
        raise ProblemError(
            "is a numeric problem, whose candidates are no programs; add experiment=numeric", path=folder
        )
    for part, remedy in remedies.items():
        if not (folder / part).is_file():
            raise ProblemError(f"has no {part}; {remedy}", path=folder)


def _read_settings(folder: Path, metrics: Metrics) -> ProblemSettings:
    path = folder / layout.SETTINGS_FILE
    if not path.exists():
        return ProblemSettings()
    file = read_yaml(path)
    settings = check_model(ProblemSettings, file, file.data)
    if settings.language != PYTHON.name and not settings.command:
        raise file.error(
            f"language {settings.language} needs a command that runs a program; add one like 'command: "
            "[[g++, -O2, -o, program, main.cpp], [./program]]'",
            "language",
        )
    for index, key in enumerate(settings.behavior_keys):
        spec = metrics.specs.get(key)
        if spec is None:
            raise file.error(
                f"behavior_keys names '{key}', which is not declared; declare it in {layout.METRICS_FILE}",
                *("behavior_keys", index),
            )
        if spec.lower_bound is None or spec.upper_bound is None:
            raise file.error(
                f"behavior_keys names '{key}', which lacks a bound; give it lower_bound and upper_bound"
                f" in {layout.METRICS_FILE}",
                *("behavior_keys", index),
            )
    for index, module in enumerate(settings.preload):
        if not _is_importable(module, folder):
            raise file.error(
                f"preload names '{module}', which is not installed; install it or take it out",
                "preload",
                index,
            )
    return settings


def _read_genome(folder: Path) -> CodeGenome | None:
    path = folder / layout.GENOME_FILE
    if not path.exists():
        return None
    file = read_yaml(path)
    return check_model(CodeGenome, file, file.data)


def _is_importable(module: str, folder: Path) -> bool:
    """Whether the package of ``module`` can be found, installed or in the folder; nothing is imported."""
    package = module.partition(".")[0]
    if (folder / f"{package}.py").is_file() or (folder / package).is_dir():
        return True
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # a module that is loaded and has no spec
        return True


def _check_modules(modules: dict[str, PythonFile]) -> None:
    """Check the functions that the folder's own modules define."""
    has_context = layout.CONTEXT_FILE in modules
    for file, function in ((layout.VALIDATE_FILE, "validate"), (layout.VERIFY_FILE, "verify")):
        if file in modules:
            modules[file].require_function(
                function,
                arguments=range(1, 3) if has_context else range(1, 2),
                remedy=f"write 'def {function}(output):'"
                + (
                    f" or 'def {function}(context, output):'"
                    if has_context
                    else f" (there is no {layout.CONTEXT_FILE})"
                ),
            )
    if has_context:
        modules[layout.CONTEXT_FILE].require_function(
            "build_context", arguments=range(1), remedy="write 'def build_context():'"
        )
    if layout.HARNESS_FILE in modules:
        modules[layout.HARNESS_FILE].require_function(
            "run", arguments=range(2, 3), remedy="write 'def run(entrypoint, context):'"
        )
    if layout.DRIVER_FILE in modules:
        modules[layout.DRIVER_FILE].require_function(
            "drive", arguments=range(2, 3), remedy="write 'def drive(program, context):'"
        )


def _refuse_callers(folder: Path) -> None:
    """Refuse what calls ``entrypoint`` in a problem whose programs are run by a command."""
    for part in (layout.HARNESS_FILE, layout.DRIVER_FILE, layout.BENCHMARK_FILE, layout.GENOME_FILE):
        if (folder / part).exists():
            raise ProblemError(
                f"is for programs with an 'entrypoint', and {layout.SETTINGS_FILE} has a command; remove one of them",
                path=folder / part,
            )
