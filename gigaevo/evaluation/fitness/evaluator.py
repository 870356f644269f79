"""``FitnessEvaluator``: a program's fitness in every dimension."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from gigaevo.evaluation.fitness.adaptability import api_stability, configuration_flexibility, extensibility
from gigaevo.evaluation.fitness.anatomy import Anatomy
from gigaevo.evaluation.fitness.clarity import code_clarity
from gigaevo.evaluation.fitness.complexity import function_complexity
from gigaevo.evaluation.fitness.exercise import Exercise, ExerciseReport
from gigaevo.evaluation.fitness.modularity import modularity
from gigaevo.evaluation.fitness.targets import TargetCheck, check_targets, targets_met
from gigaevo.programs import Program
from gigaevo.programs.fitness_metrics import DIMENSIONS, MEASURES, OVERALL, Dimension, norm_key
from gigaevo.programs.genome import CodeGenome, Phenotype
from gigaevo.programs.paradigm import paradigm_name
from gigaevo.programs.signature import public_signatures
from gigaevo.programs.syntax import SourceError, parse_source

SCALES = {"execution_time": 0.1, "memory_usage": 16.0, "cpu_cycles": 3.0e8, "cyclomatic_complexity": 10.0}
"""Values that are worth 1/2, of the measures that are no share: s, MiB, cycles, paths beyond the first."""

_NO_BENCHMARK = "the problem has no benchmark.py"
_FAILED = 0.0  # the norm of what a program has no right answer for


class ProgramSource(Protocol):
    """Where parents are looked up."""

    async def get_many(self, program_ids: Iterable[str]) -> Mapping[str, Program]:
        """Programs by id; unknown ids are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What an evaluation of fitness found out.

    Attributes:
        metrics: Numbers by name; the names are those of ``gigaevo.programs.fitness_metrics``. What could not be
            measured is not among them.
        unavailable: Why a measure is not among the metrics, by name.
        targets: What became of each performance target of the genome, by name.
        complaints: The first few reasons why an answer was not right.
        paradigm: The program's paradigm, out of ``PARADIGM_NAMES``.
        cost_cpu_s: CPU seconds that exercising the program took.
    """

    metrics: Mapping[str, float]
    unavailable: Mapping[str, str]
    targets: Mapping[str, TargetCheck] = field(default_factory=dict)
    complaints: Sequence[str] = ()
    paradigm: str = ""
    cost_cpu_s: float = 0.0


class FitnessEvaluator:
    """Comprehensive evaluation of fitness across weighted dimensions.

    A dimension is the mean of those of its measures that were measured, each as a number from 0 to 1; the overall
    fitness is the mean of the dimensions that were measured, by weight. What cannot be measured is left out, with the
    reason, so that the weights of the rest count for more; what cannot be measured *because the program fails* counts
    as 0.

    Args:
        dimensions: By name (``performance``, ``correctness``, ``maintainability``, ``adaptability``), each with
            ``weight`` and ``metrics``; None for ``FitnessEvaluator.dimensions``.
        scales: Values worth 1/2, by measure, for some or all of ``SCALES``. A genome's target for a measure takes the
            place of its scale.
        exercise: Exercises programs with the problem's benchmark; None where it has none.
        genome: What is asked of programs that are given without a genome; None for nothing.
        programs: Where parents are looked up; None where they are not.
        growth_tolerance: Power of n by which costs may outgrow a law; see ``check_growth``.

    Raises:
        ValueError: A dimension, measure or scale is unknown, or a number out of range.
    """

    dimensions: ClassVar[dict[str, Dimension]] = DIMENSIONS

    def __init__(
        self,
        *,
        dimensions: Mapping[str, Dimension | Mapping[str, Any]] | None = None,
        scales: Mapping[str, float] | None = None,
        exercise: Exercise | None = None,
        genome: CodeGenome | None = None,
        programs: ProgramSource | None = None,
        growth_tolerance: float = 0.2,
    ) -> None:
        self._dimensions = _checked_dimensions(self.dimensions if dimensions is None else dimensions)
        self._scales = _checked_scales(scales or {})
        if not growth_tolerance > 0.0:
            raise ValueError(f"growth_tolerance is {growth_tolerance}; it must be above 0")
        self._exercise = exercise
        self._genome = genome
        self._programs = programs
        self._growth_tolerance = growth_tolerance

    async def evaluate(self, phenotype: Phenotype) -> dict[str, float]:
        """Run the comprehensive evaluation.

        Args:
            phenotype: The program. Of its ``fitness_scores`` ``validity``, ``cpu_time_s`` and ``peak_memory_mb`` are
                used where the problem has no benchmark.

        Returns:
            Metrics by name, ``overall_fitness`` and the dimensions among them.

        Raises:
            gigaevo.programs.syntax.SourceError: It is no Python.
            gigaevo.evaluation.fitness.exercise.ExerciseError: The problem's benchmark is at fault.
        """
        return dict((await self.assess(phenotype)).metrics)

    async def assess(self, phenotype: Phenotype) -> Assessment:
        """``evaluate``, with the reasons. Arguments and errors as there."""
        genome = phenotype.genome or self._genome
        # In a thread: a large program takes a second to be read, and other programs' evaluations go on meanwhile.
        anatomy = await asyncio.to_thread(Anatomy, phenotype.implementation)
        values = await asyncio.to_thread(read_text, anatomy)
        unavailable: dict[str, str] = {}
        stability = await self._stability(anatomy, phenotype, genome)
        if stability is None:
            unavailable["api_stability"] = "there is neither a genome nor a parent to compare with"
        else:
            values["api_stability"] = stability
        report = await self._exercised(phenotype, genome)
        failed: set[str] = set()
        if report is None:
            _take_known(phenotype.fitness_scores, values, unavailable)
        else:
            failed = _take_report(report, values, unavailable)
        targets = check_targets(genome, values, unavailable, report, tolerance=self._growth_tolerance)
        paradigm = paradigm_name(anatomy.tree)
        return Assessment(
            metrics={
                **self._metrics(values, failed, genome),
                **targets_met(targets),
                **({"paradigm_allowed": float(genome.allows(paradigm))} if genome and genome.allowed_paradigms else {}),
            },
            unavailable=unavailable,
            targets=targets,
            complaints=() if report is None else report.complaints,
            paradigm=paradigm,
            cost_cpu_s=0.0 if report is None else report.cost_cpu_s,
        )

    def calculate_composite_fitness(self, results: Mapping[str, float]) -> float:
        """Mean of the dimensions in ``results``, by weight; those that are not in it have no say.

        Args:
            results: Dimensions by name, each from 0 to 1; other keys do no harm.
        """
        weights = {name: dimension.weight for name, dimension in self._dimensions.items() if name in results}
        total = sum(weights.values())
        weighed = sum(weight * results[name] for name, weight in weights.items())
        return min(weighed / total, 1.0) if total else 0.0  # rounding may lead beyond 1

    def _metrics(self, values: Mapping[str, float], failed: set[str], genome: CodeGenome | None) -> dict[str, float]:
        """What was measured, as it is and as numbers from 0 to 1, and what these make together."""
        scales = {**self._scales, **({} if genome is None else _target_scales(genome))}
        norms = {name: _norm(name, value, scales) for name, value in values.items()}
        norms.update(dict.fromkeys(failed, _FAILED))
        metrics = {MEASURES[name].raw or name: value for name, value in values.items()}
        return {**metrics, **{norm_key(name): norm for name, norm in norms.items()}, **self._composed(norms)}

    def _composed(self, norms: Mapping[str, float]) -> dict[str, float]:
        """The dimensions and the overall fitness."""
        results: dict[str, float] = {}
        for name, dimension in self._dimensions.items():
            known = [norms[metric] for metric in dimension.metrics if metric in norms]
            if known:
                results[name] = sum(known) / len(known)
        return {**results, OVERALL: self.calculate_composite_fitness(results)}

    async def _exercised(self, phenotype: Phenotype, genome: CodeGenome | None) -> ExerciseReport | None:
        if self._exercise is None:
            return None
        grow = genome is not None and bool(genome.growth_targets)
        return await self._exercise.run(phenotype.files, phenotype.entry, grow=grow)

    async def _stability(self, anatomy: Anatomy, phenotype: Phenotype, genome: CodeGenome | None) -> float | None:
        parents = [public_signatures(tree) for tree in await self._parent_trees(phenotype)]
        return api_stability(anatomy, required=None if genome is None else genome.signature, parents=parents)

    async def _parent_trees(self, phenotype: Phenotype) -> list[ast.Module]:
        """Syntax trees of the parents that are known."""
        if self._programs is None or not phenotype.parents:
            return []
        trees = []
        for parent in (await self._programs.get_many(phenotype.parents)).values():
            try:
                trees.append(parse_source(parent.source))
            except SourceError:
                continue
        return trees


def read_text(anatomy: Anatomy) -> dict[str, float]:
    """What the text of a program says of it."""
    return {
        "cyclomatic_complexity": function_complexity(anatomy),
        "code_clarity": code_clarity(anatomy),
        "modularity": modularity(anatomy),
        "extensibility": extensibility(anatomy),
        "configuration_flexibility": configuration_flexibility(anatomy),
    }


def _take_report(report: ExerciseReport, values: dict[str, float], unavailable: dict[str, str]) -> set[str]:
    """Add what exercising the program gave; names of the measures that the program failed at."""
    failed = set()
    values["test_pass_rate"] = report.tests
    for name, share, constant in (
        ("edge_case_handling", report.edges, "EDGE_CASES"),
        ("error_recovery", report.faults, "FAULTS"),
    ):
        if share is None:
            unavailable[name] = f"benchmark.py has no {constant}"
        else:
            values[name] = share
    if report.cpu_s is None:  # no right answer at some size, so nothing that time or memory could be told of
        failed |= {"execution_time", "memory_usage"}
    else:
        values["execution_time"] = report.cpu_s
        values["memory_usage"] = report.memory_mb
    if report.no_cycles:
        unavailable["cpu_cycles"] = report.no_cycles
    elif report.cycles is None:
        failed.add("cpu_cycles")
    else:
        values["cpu_cycles"] = report.cycles
    return failed


def _take_known(known: Mapping[str, float], values: dict[str, float], unavailable: dict[str, str]) -> None:
    """Add what the other stages measured, in place of a benchmark."""
    for name, key in (
        ("execution_time", "cpu_time_s"),
        ("memory_usage", "peak_memory_mb"),
        ("test_pass_rate", "validity"),
    ):
        if key in known:
            values[name] = min(known[key], 1.0) if key == "validity" else known[key]
        else:
            unavailable[name] = f"{_NO_BENCHMARK}, and nothing else measured {key}"
    for name in ("cpu_cycles", "edge_case_handling", "error_recovery"):
        unavailable[name] = _NO_BENCHMARK


def _norm(name: str, value: float, scales: Mapping[str, float]) -> float:
    """``value`` of a measure as a number from 0 to 1, as ``MEASURES`` states it."""
    scale = scales.get(name)
    if scale is None:
        return min(max(value, 0.0), 1.0)
    return scale / (scale + max(value - MEASURES[name].least, 0.0))


def _target_scales(genome: CodeGenome) -> dict[str, float]:
    return {name: target for name, target in genome.number_targets.items() if name in SCALES}


def _checked_dimensions(given: Mapping[str, Dimension | Mapping[str, Any]]) -> dict[str, Dimension]:
    """The dimensions, checked.

    Raises:
        ValueError: One line naming what is wrong.
    """
    checked = {}
    for name, dimension in given.items():
        if name not in DIMENSIONS:
            raise ValueError(f"unknown dimension {name!r}; there are {', '.join(DIMENSIONS)}")
        dimension = dimension if isinstance(dimension, Dimension) else _dimension(name, dimension)
        for metric in dimension.metrics:
            if metric not in MEASURES:
                raise ValueError(f"{name}: unknown metric {metric!r}; there are {', '.join(MEASURES)}")
        checked[name] = dimension
    if not sum(dimension.weight for dimension in checked.values()) > 0.0:
        raise ValueError("the weights of the dimensions are all 0; at least one must be above 0")
    return checked


def _dimension(name: str, given: Mapping[str, Any]) -> Dimension:
    from pydantic import ValidationError

    try:
        return Dimension.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{name}.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _checked_scales(given: Mapping[str, float]) -> dict[str, float]:
    for name, scale in given.items():
        if name not in SCALES:
            raise ValueError(f"unknown scale {name!r}; there are {', '.join(SCALES)}")
        if not 0.0 < scale < float("inf"):
            raise ValueError(f"the scale of {name} is {scale}; it must be a number above 0")
    return {**SCALES, **given}
