"""Reading ``metrics.yaml``: the specs of a problem's metrics, in GigaEvo's shape."""

from __future__ import annotations

import math
from pathlib import Path

from gigaevo.problems.errors import ProblemError
from gigaevo.problems.yaml_file import YamlFile, check_model, read_yaml
from gigaevo.programs.metrics import Metrics, MetricSpec


def read_metrics(path: Path) -> Metrics:
    """The metrics that ``path`` declares, under ``specs:`` or at the top level.

    Raises:
        ProblemError: The file is no YAML, a spec is wrong, or not exactly one metric is primary.
    """
    file = read_yaml(path)
    under: tuple[str, ...] = ("specs",) if "specs" in file.data else ()
    extra = [key for key in file.data if key != "specs"] if under else []
    if extra:
        raise file.error(f"unknown key {extra[0]} beside specs; indent it if it is a metric", extra[0])
    declared = file.data["specs"] if under else file.data
    if not isinstance(declared, dict) or not declared:
        raise file.error("declares no metrics; list them under 'specs:', each as 'name: {description: ...}'", *under)
    specs = {key: check_model(MetricSpec, file, value, *under, key) for key, value in declared.items()}
    _check_bounds(file, specs, under)
    _check_primary(file, specs, under)
    return Metrics(specs)


def _check_bounds(file: YamlFile, specs: dict[str, MetricSpec], under: tuple[str, ...]) -> None:
    for key, spec in specs.items():
        bounds = {"lower_bound": spec.lower_bound, "upper_bound": spec.upper_bound}
        for name, bound in bounds.items():
            if bound is not None and not math.isfinite(bound):
                raise file.error(f"{key}.{name} is {bound}; leave it out where there is no bound", *under, key, name)
        low, high = spec.lower_bound, spec.upper_bound
        if low is not None and high is not None and low >= high:
            raise file.error(
                f"{key}: lower_bound {low:g} must be less than upper_bound {high:g}; swap or widen them",
                *(*under, key, "lower_bound"),
            )


def _check_primary(file: YamlFile, specs: dict[str, MetricSpec], under: tuple[str, ...]) -> None:
    primary = [key for key, spec in specs.items() if spec.is_primary]
    if not primary:
        raise ProblemError(
            f"no metric is primary; add 'is_primary: true' to the objective ({', '.join(specs)})",
            path=file.path,
        )
    if len(primary) > 1:
        raise file.error(
            f"{len(primary)} metrics are primary ({', '.join(primary)}); keep 'is_primary: true' at one",
            *(*under, primary[1], "is_primary"),
        )
