"""How measures become dimensions, and dimensions the overall fitness."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evaluation.fitness import Assessment, FitnessEvaluator, Verdict
from gigaevo.evaluation.fitness.evaluator import SCALES
from gigaevo.programs import RUN_METRICS, Program
from gigaevo.programs.fitness_metrics import DIMENSIONS, FITNESS_METRICS, MEASURES, OVERALL, norm_key
from gigaevo.programs.genome import CodeGenome, Phenotype
from gigaevo.programs.syntax import SourceError

TEXT = '''"""Answer with one constant number."""


def entrypoint():
    """Return one constant number."""
    return 1
'''
KNOWN = {"cpu_time_s": 0.1, "peak_memory_mb": 48.0, "validity": 0.5}
GENOME = CodeGenome(
    function_signature="def entrypoint()",
    performance_targets={
        "time_complexity": "O(n)",
        "execution_time": 0.3,
        "memory_usage": 16.0,
        "cache_efficiency": 0.8,
    },
    allowed_paradigms=("recursive",),
)


def assess(text: str = TEXT, known: Mapping[str, float] = KNOWN, **settings_: Any) -> Assessment:
    parents = settings_.pop("parents", ())
    phenotype = Phenotype(implementation=text, fitness_scores=known, parents=parents)
    return asyncio.run(FitnessEvaluator(**settings_).assess(phenotype))


def test_the_dimensions_and_weights_are_those_of_the_framework_it_comes_from() -> None:
    assert {name: dimension.weight for name, dimension in FitnessEvaluator.dimensions.items()} == {
        "performance": 0.3,
        "correctness": 0.4,
        "maintainability": 0.2,
        "adaptability": 0.1,
    }
    assert [metric for dimension in DIMENSIONS.values() for metric in dimension.metrics] == list(MEASURES)


def test_a_dimension_is_the_mean_of_its_measures_and_the_whole_their_weighted_mean() -> None:
    metrics = asyncio.run(FitnessEvaluator().evaluate(Phenotype(implementation=TEXT, fitness_scores=KNOWN)))
    assert metrics["execution_time"] == 0.1
    assert metrics["execution_time_fitness"] == pytest.approx(0.5)
    assert metrics["memory_usage_fitness"] == pytest.approx(16 / 64)
    assert metrics["performance"] == pytest.approx((0.5 + 0.25) / 2)
    assert metrics["correctness"] == metrics["test_pass_rate"] == 0.5
    assert metrics["maintainability"] == 1.0
    assert metrics["adaptability"] == pytest.approx((0.5 + 1.0) / 2)
    assert metrics[OVERALL] == pytest.approx(0.3 * 0.375 + 0.4 * 0.5 + 0.2 * 1.0 + 0.1 * 0.75)


def test_what_cannot_be_measured_is_left_out_with_a_reason_and_the_rest_counts_for_more() -> None:
    found = assess(known={})
    assert "performance" not in found.metrics and "correctness" not in found.metrics
    assert found.metrics[OVERALL] == pytest.approx((0.2 * 1.0 + 0.1 * 0.75) / 0.3)
    missing = {"execution_time", "memory_usage", "cpu_cycles", "test_pass_rate", "edge_case_handling", "error_recovery"}
    assert set(found.unavailable) == {*missing, "api_stability"}
    assert all(found.unavailable.values())


def test_every_metric_has_a_spec_that_behaviour_spaces_can_use() -> None:
    metrics = assess(genome=GENOME).metrics
    assert set(metrics) <= set(FITNESS_METRICS) <= set(RUN_METRICS)
    shares = [OVERALL, *DIMENSIONS, *map(norm_key, MEASURES)]
    assert all((RUN_METRICS[key].lower_bound, RUN_METRICS[key].upper_bound) == (0.0, 1.0) for key in shares)
    assert all(RUN_METRICS[key].higher_is_better for key in shares)


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)), st.floats(0.0, 1e12)))
@settings(max_examples=30, deadline=None)
def test_every_norm_lies_between_0_and_1_whatever_was_measured(known: dict[str, float]) -> None:
    metrics = assess(known=known).metrics
    norms = [value for key, value in metrics.items() if RUN_METRICS[key].upper_bound == 1.0]
    assert norms and all(0.0 <= value <= 1.0 for value in norms)


@pytest.mark.parametrize("name", ["execution_time", "memory_usage"])
def test_less_is_better_and_the_scale_is_worth_half(name: str) -> None:
    key = {"execution_time": "cpu_time_s", "memory_usage": "peak_memory_mb"}[name]
    values = [assess(known={key: value}).metrics[norm_key(name)] for value in (0.0, SCALES[name], 10 * SCALES[name])]
    assert values == pytest.approx([1.0, 0.5, 1 / 11])
    assert assess(known={key: 7.0}, scales={name: 7.0}).metrics[norm_key(name)] == 0.5


def test_complexity_is_scaled_from_one_path_on() -> None:
    eleven = "def entrypoint(a):\n" + "    if a: a()\n" * 10
    assert assess(eleven).metrics["function_complexity"] == 11.0
    assert assess(eleven).metrics["cyclomatic_complexity_fitness"] == 0.5
    assert assess().metrics["cyclomatic_complexity_fitness"] == 1.0


def test_a_target_of_the_genome_is_worth_half_and_is_held_against_the_program() -> None:
    found = assess(genome=GENOME)
    assert found.metrics["execution_time_fitness"] == pytest.approx(0.3 / 0.4)
    assert {name: check.verdict for name, check in found.targets.items()} == {
        "time_complexity": Verdict.UNCLEAR,
        "execution_time": Verdict.HOLDS,
        "memory_usage": Verdict.BROKEN,
        "cache_efficiency": Verdict.UNCLEAR,
    }
    assert found.metrics["targets_met"] == 0.5
    assert found.targets["memory_usage"].as_data() == {
        "target": "at most 16 MiB",
        "verdict": "does not hold",
        "found": "48 MiB",
    }
    assert "hardware counters" in found.targets["cache_efficiency"].reason


def test_no_share_of_targets_is_made_up_where_none_could_be_told() -> None:
    genome = CodeGenome(function_signature="def entrypoint()", performance_targets={"cache_efficiency": 0.8})
    assert "targets_met" not in assess(genome=genome).metrics
    assert assess().targets == {}


def test_a_paradigm_that_the_genome_does_not_allow_is_marked() -> None:
    recursive = "def entrypoint(n=3):\n    return n and entrypoint(n - 1)\n"
    assert assess(genome=GENOME).paradigm == "functional"
    assert assess(genome=GENOME).metrics["paradigm_allowed"] == 0.0
    assert assess(recursive, genome=GENOME).metrics["paradigm_allowed"] == 1.0
    assert "paradigm_allowed" not in assess().metrics


def test_the_genome_of_a_phenotype_goes_before_that_of_the_evaluator() -> None:
    own = CodeGenome(function_signature="def another()")
    phenotype = Phenotype(genome=own, implementation=TEXT)
    assert asyncio.run(FitnessEvaluator(genome=GENOME).evaluate(phenotype))["api_stability"] == 0.0
    assert assess(genome=GENOME).metrics["api_stability"] == 1.0


class Shelf:
    """Programs by id."""

    def __init__(self, *programs: Program) -> None:
        self.programs = {program.id: program for program in programs}

    async def get_many(self, program_ids: Iterable[str]) -> dict[str, Program]:
        return {key: self.programs[key] for key in program_ids if key in self.programs}


def test_a_program_is_held_against_its_parents_where_they_are_known() -> None:
    shelf = Shelf(
        Program(id="same", source=TEXT),
        Program(id="wider", source=TEXT + "\n\ndef more():\n    return 2\n"),
        Program(id="broken", source="def ("),
    )
    assert assess(programs=shelf, parents=["wider"]).metrics["api_stability"] == 0.5
    assert assess(programs=shelf, parents=["wider", "same"]).metrics["api_stability"] == 1.0
    for unknown in (["nobody"], ["broken"]):
        assert "api_stability" in assess(programs=shelf, parents=unknown).unavailable


@pytest.mark.parametrize(
    ("settings_", "complaint"),
    [
        ({"dimensions": {"beauty": {"weight": 1, "metrics": []}}}, "unknown dimension 'beauty'; there are performance"),
        ({"dimensions": {"performance": {"weight": 1, "metrics": ["speed"]}}}, "performance: unknown metric 'speed'"),
        ({"dimensions": {"performance": {"weight": -1, "metrics": []}}}, "performance.weight: .*greater than or equal"),
        ({"dimensions": {"performance": {"wieght": 1, "metrics": []}}}, "performance.weight: Field required"),
        ({"dimensions": {"performance": {"weight": 0, "metrics": []}}}, "weights of the dimensions are all 0"),
        ({"scales": {"code_clarity": 1.0}}, "unknown scale 'code_clarity'"),
        ({"scales": {"memory_usage": 0.0}}, "scale of memory_usage is 0.0"),
        ({"growth_tolerance": 0.0}, "growth_tolerance is 0.0"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings_: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        FitnessEvaluator(**settings_)


def test_dimensions_and_their_measures_can_be_chosen() -> None:
    chosen = {"correctness": {"weight": 3, "metrics": ["test_pass_rate", "code_clarity"]}}
    metrics = assess(dimensions=chosen).metrics
    assert metrics[OVERALL] == metrics["correctness"] == 0.75
    assert "performance" not in metrics


def test_a_composite_takes_the_dimensions_that_are_there() -> None:
    evaluator = FitnessEvaluator()
    assert evaluator.calculate_composite_fitness(
        {"performance": 1.0, "adaptability": 0.0, "other": 9.0}
    ) == pytest.approx(0.75)
    assert evaluator.calculate_composite_fitness({}) == 0.0


def test_what_is_no_program_is_refused() -> None:
    with pytest.raises(SourceError):
        assess("def (")
