"""What is measured of a program: names, directions and bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gigaevo.programs.fitness_metrics import FITNESS_METRICS
from gigaevo.programs.metric_spec import MetricSpec
from gigaevo.programs.paradigm import Paradigm

__all__ = ["GRADED_VALIDITY_KEY", "NOVELTY_KEY", "RUN_METRICS", "VALIDITY_KEY", "MetricSpec", "Metrics"]

VALIDITY_KEY = "is_valid"
GRADED_VALIDITY_KEY = "validity"
NOVELTY_KEY = "novelty"


_MEASURED: dict[str, MetricSpec] = {
    "wall_time_s": MetricSpec(
        description="Wall-clock time of the program's process",
        higher_is_better=False,
        lower_bound=0.0,
        unit="s",
        include_in_prompts=False,
    ),
    "cpu_time_s": MetricSpec(
        description="CPU time of the program's process",
        higher_is_better=False,
        lower_bound=0.0,
        unit="s",
        include_in_prompts=False,
    ),
    "peak_memory_mb": MetricSpec(
        description="Peak resident memory of the program's process, shared pages included",
        decimals=1,
        higher_is_better=False,
        lower_bound=0.0,
        unit="MiB",
        include_in_prompts=False,
    ),
    "lines": MetricSpec(
        description="Lines of code that are neither blank nor comment",
        decimals=0,
        higher_is_better=False,
        lower_bound=0.0,
        include_in_prompts=False,
    ),
    "ast_nodes": MetricSpec(
        description="Nodes of the syntax tree",
        decimals=0,
        higher_is_better=False,
        lower_bound=1.0,
        include_in_prompts=False,
    ),
    "cyclomatic_complexity": MetricSpec(
        description="Independent paths through the code: 1 plus its decision points",
        decimals=0,
        higher_is_better=False,
        lower_bound=1.0,
        include_in_prompts=False,
    ),
    "complexity_score": MetricSpec(
        description="ast_nodes + 5 * cyclomatic_complexity + lines",
        decimals=0,
        higher_is_better=False,
        lower_bound=6.0,  # the empty program's
        upper_bound=5000.0,
        include_in_prompts=False,
    ),
    "paradigm": MetricSpec(
        description="How the program goes about its work, from its syntax: "
        + ", ".join(f"{member.value} {member.name.lower().replace('_', ' ')}" for member in Paradigm)
        + "; the greatest that it contains",
        decimals=0,
        lower_bound=float(min(Paradigm)),
        upper_bound=float(max(Paradigm)),
        include_in_prompts=False,
    ),
    NOVELTY_KEY: MetricSpec(
        description="How far the program behaves from its nearest neighbours in an archive, in parts of the axes' "
        "ranges; an island knows it, evaluation does not",
        lower_bound=0.0,
        upper_bound=1.0,
        include_in_prompts=False,
    ),
}

# What behaviour spaces name, in words: of several numbers of one kind the one that describes a program best.
_NAMED = {
    "complexity": ("complexity_score", "complexity_score, by the name that behaviour spaces use"),
    "runtime": ("cpu_time_s", "cpu_time_s, by the name that behaviour spaces use; other programs disturb it least"),
}

# What a run measures of every program, beside the problem's own metrics. A problem may declare any of them itself.
# Those of fitness only where the pipeline has that stage (``pipeline=benchmark``).
RUN_METRICS: dict[str, MetricSpec] = (
    _MEASURED
    | {
        name: _MEASURED[key].model_copy(update={"description": description})
        for name, (key, description) in _NAMED.items()
    }
    | FITNESS_METRICS
)

# What validation says of every program. A problem may declare these too.
_VERDICTS = {
    VALIDITY_KEY: MetricSpec(
        description="Whether the hard rules are kept (1) or not (0)",
        decimals=0,
        lower_bound=0.0,
        upper_bound=1.0,
    ),
    GRADED_VALIDITY_KEY: MetricSpec(
        description="How far the hard rules are kept, by the name that behaviour spaces use; is_valid where the "
        "problem does not grade it",
        lower_bound=0.0,
        upper_bound=1.0,
        include_in_prompts=False,
    ),
}


class Metrics:
    """The metrics of one problem: what its ``metrics.yaml`` declares, and what the run adds.

    Args:
        specs: The problem's own specs by name. Exactly one is primary.

    Raises:
        ValueError: None or several primary metrics, or bounds that are not increasing.
    """

    def __init__(self, specs: Mapping[str, MetricSpec]) -> None:
        primary = [key for key, spec in specs.items() if spec.is_primary]
        if len(primary) != 1:
            found = ", ".join(primary) if primary else "none"
            raise ValueError(f"exactly one metric must have is_primary: true; found {found}")
        for key, spec in specs.items():
            low, high = spec.lower_bound, spec.upper_bound
            if low is not None and high is not None and low >= high:
                raise ValueError(f"{key}: lower_bound {low:g} must be less than upper_bound {high:g}")
        self.declared: dict[str, MetricSpec] = dict(specs)
        self.specs: dict[str, MetricSpec] = {**_VERDICTS, **RUN_METRICS, **specs}
        self.primary_key: str = primary[0]

    @property
    def primary(self) -> MetricSpec:
        """Spec of the objective."""
        return self.specs[self.primary_key]

    def higher_is_better(self, key: str) -> bool:
        """Direction of ``key``; True for a metric nobody declared."""
        spec = self.specs.get(key)
        return True if spec is None else spec.higher_is_better

    def signed(self, key: str, value: float) -> float:
        """``value`` of ``key`` turned so that larger is better."""
        return value if self.higher_is_better(key) else -value

    def is_better(self, candidate: float, current: float) -> bool:
        """Whether ``candidate`` is strictly better than ``current`` on the primary metric."""
        return candidate > current if self.primary.higher_is_better else candidate < current

    def fitness(self, metrics: Mapping[str, float]) -> float:
        """Primary metric of ``metrics``, in the problem's own sign."""
        return metrics[self.primary_key]

    def out_of_bounds(self, metrics: Mapping[str, float]) -> list[str]:
        """Names of the metrics beyond their declared bounds, in order."""
        beyond = []
        for key, value in metrics.items():
            spec = self.specs.get(key)
            if spec is None or math.isnan(value):
                continue
            below = spec.lower_bound is not None and value < spec.lower_bound
            above = spec.upper_bound is not None and value > spec.upper_bound
            if below or above:
                beyond.append(key)
        return beyond
