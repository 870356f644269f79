"""What fitness in every dimension is made of: dimensions, their measures with units and norms, and the metric specs.

The one table: the evaluator takes dimensions and measures from it, and ``docs/fitness.md`` is tested against it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from gigaevo.programs.metric_spec import MetricSpec

OVERALL = "overall_fitness"


class Dimension(BaseModel):
    """One dimension of fitness.

    Attributes:
        weight: Its share of the overall fitness before those that are measured are made to sum to 1; at least 0.
        metrics: Names of the measures it is the mean of, out of ``MEASURES``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: float = Field(ge=0.0, allow_inf_nan=False)
    metrics: tuple[str, ...]


DIMENSIONS: dict[str, Dimension] = {
    "performance": Dimension(weight=0.3, metrics=("execution_time", "memory_usage", "cpu_cycles")),
    "correctness": Dimension(weight=0.4, metrics=("test_pass_rate", "edge_case_handling", "error_recovery")),
    "maintainability": Dimension(weight=0.2, metrics=("cyclomatic_complexity", "code_clarity", "modularity")),
    "adaptability": Dimension(weight=0.1, metrics=("extensibility", "configuration_flexibility", "api_stability")),
}
"""The dimensions with their weights and measures as they are where nothing else is configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that is measured.

    Attributes:
        definition: What it is.
        raw: Metric that holds the value as measured; empty where that is the norm already.
        unit: Unit of the value as measured; empty for a share or a count.
        least: Least value that it can have.
        greatest: Greatest value that it can have; None where there is none.
        norm: How it becomes a number from 0 (worst) to 1 (best); ``s`` is the measure's scale.
    """

    definition: str
    raw: str = ""
    unit: str = ""
    least: float = 0.0
    greatest: float | None = 1.0
    norm: str = "as it is"


_BY_SCALE = "s / (s + value)"

MEASURES: dict[str, Measure] = {
    "execution_time": Measure(
        definition="CPU time of one call, measured outside the program: median for each size of the benchmark, summed "
        "over the sizes; without a benchmark that of the program's whole process",
        raw="execution_time",
        unit="s",
        greatest=None,
        norm=_BY_SCALE,
    ),
    "memory_usage": Measure(
        definition="Peak resident memory beyond what the process had before its first call; without a benchmark the "
        "whole peak, shared pages included",
        raw="memory_usage",
        unit="MiB",
        greatest=None,
        norm=_BY_SCALE,
    ),
    "cpu_cycles": Measure(
        definition="Processor cycles of the timed calls by hardware counters, summed as the execution time is",
        raw="cpu_cycles",
        greatest=None,
        norm=_BY_SCALE,
    ),
    "test_pass_rate": Measure(
        definition="Share of the benchmark's ordinary inputs that are answered rightly; without a benchmark the metric "
        "`validity`",
    ),
    "edge_case_handling": Measure(
        definition="Share of the benchmark's EDGE_CASES that are answered rightly",
    ),
    "error_recovery": Measure(
        definition="Share of the benchmark's FAULTS that raise the stated exception and after which the next ordinary "
        "input is answered rightly by the same process",
    ),
    "cyclomatic_complexity": Measure(
        definition="McCabe's number (lizard) of the most complex function; code outside of functions counts as one",
        raw="function_complexity",
        least=1.0,
        greatest=None,
        norm="s / (s + value - 1)",
    ),
    "code_clarity": Measure(
        definition="Mean of six shares: names that spell a word, functions with a docstring, shallow nesting, lines of "
        "one statement and at most 100 characters, short functions, small expressions",
    ),
    "modularity": Measure(
        definition="Mean of three shares: statements among the first 15 of their function, functions that share no "
        "variable state, statements that are no copies",
    ),
    "extensibility": Measure(
        definition="Mean of two: the share of statements in functions that use a parameter of theirs, and "
        "1 / (1 + c / 2) for c decisions that must be edited to add a case (tests of types, chains of three constants)",
    ),
    "configuration_flexibility": Measure(
        definition="Of the numbers in the program but -1, 0, 1 and 2: 1 for a default of a parameter or field that is "
        "used, 1/2 for a constant named at the top level and used, 0 for any other; 1 where there are none",
    ),
    "api_stability": Measure(
        definition="How far the signature that the genome requires, and the public functions of the parents, are kept "
        "(the mean where both are known): 1 for the name, for each parameter 1 at its place and name, 1/2 at its place "
        "only; 0 where callers would have to give more",
    ),
}
"""The measures by the names under which dimensions list them."""


def norm_key(name: str) -> str:
    """The metric that holds a measure as a number from 0 to 1: its own name or ``<name>_fitness``."""
    return f"{name}_fitness" if MEASURES[name].raw else name


def _share(description: str) -> MetricSpec:
    return MetricSpec(description=description, decimals=4, lower_bound=0.0, upper_bound=1.0, include_in_prompts=False)


def _specs() -> dict[str, MetricSpec]:
    specs = {OVERALL: _share("Weighted mean of the dimensions of fitness that could be measured")}
    for name, dimension in DIMENSIONS.items():
        specs[name] = _share(f"Dimension of fitness: mean of {', '.join(dimension.metrics)}, as far as measured")
    for name, measure in MEASURES.items():
        if measure.raw:
            specs[measure.raw] = MetricSpec(
                description=measure.definition,
                higher_is_better=False,
                lower_bound=measure.least,
                unit=measure.unit,
                include_in_prompts=False,
            )
            specs[norm_key(name)] = _share(f"{name} as a number from 0 (worst) to 1 (best)")
        else:
            specs[name] = _share(measure.definition)
    specs["targets_met"] = _share("Share of the genome's performance targets that hold, of those that could be told")
    specs["paradigm_allowed"] = _share("Whether the genome allows the program's paradigm (1) or not (0)")
    return specs


FITNESS_METRICS: dict[str, MetricSpec] = _specs()
"""Specs of everything that the fitness stage measures."""
