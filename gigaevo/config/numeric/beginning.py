"""What a search began with. A checkpoint holds the genes and the directions that it was made for, so no search goes on
where the problem folder says something else by now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gigaevo.observe.files import replace_text
from gigaevo.optimize.arguments import brief
from gigaevo.problems import ProblemError
from gigaevo.problems.problem import GENOTYPE_FILE, METRICS_FILE, SETTINGS_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from gigaevo.problems import NumericProblem

BEGINNING_FILE = "problem.json"


def keep_beginning(problem: NumericProblem, folder: Path) -> None:
    """Write down what a search that begins in ``folder`` is made for."""
    replace_text(folder / BEGINNING_FILE, json.dumps(_made_for(problem), indent=2) + "\n")


def check_beginning(problem: NumericProblem, folder: Path) -> None:
    """Check that the problem is still what the search in ``folder`` was made for. Its fitness may be another.

    Raises:
        ProblemError: It is not; the file, the key and both values are named.
    """
    path = folder / BEGINNING_FILE
    if not path.is_file():
        return  # nothing is known
    try:
        began: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        now: dict[str, dict[str, Any]] = json.loads(json.dumps(_made_for(problem)))
        changed = [
            (file, key, values.get(key), now[file].get(key))
            for file, values in began.items()
            for key in {**values, **now[file]}
            if json.dumps(values.get(key)) != json.dumps(now[file].get(key))  # NaN is no other than NaN
        ]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ProblemError(f"cannot be read: {error}; remove it where the problem is as it was", path=path) from error
    if changed:
        file, key, before, after = changed[0]
        told = f"{key} is {brief(after)}, and was {brief(before)} when the search in {folder} began"
        raise ProblemError(f"{told}; put it back, or begin another run", path=problem.folder / file)


def _made_for(problem: NumericProblem) -> dict[str, dict[str, Any]]:
    """By file, what the optimizer and its records depend on."""
    genotype, metrics = problem.genotype, problem.metrics
    directions = {f"{key}.higher_is_better": metrics.higher_is_better(key) for key in problem.objectives}
    several = problem.objectives if len(problem.objectives) > 1 else ()
    bounds = {
        f"{key}.{name}": getattr(metrics.specs[key], name)
        for key in (*several, *problem.behavior_keys)
        for name in ("lower_bound", "upper_bound")
    }
    roles = {"objectives": problem.objectives, "behavior_keys": problem.behavior_keys}
    return {
        SETTINGS_FILE: roles,
        GENOTYPE_FILE: {"kind": genotype.kind, **genotype.arguments, "names": genotype.names},
        METRICS_FILE: {**directions, **bounds},
    }
