"""What a genome asks of programs, and programs seen as its phenotypes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gigaevo.programs import Program
from gigaevo.programs.genome import CodeGenome, Phenotype
from gigaevo.programs.growth_law import GrowthLaw
from gigaevo.programs.paradigm import PARADIGM_NAMES, paradigm_name
from gigaevo.programs.signature import parse_signature
from gigaevo.programs.syntax import parse_source

SORTING = {
    "function_signature": "def sort(items: list[T]) -> list[T]",
    "behavioral_constraints": ["Must return sorted list", "Must be stable sort"],
    "performance_targets": {"time_complexity": "O(n log n)", "space_complexity": "O(n)", "cache_efficiency": 0.8},
    "allowed_paradigms": ["functional", "iterative", "recursive", "hybrid"],
}


def test_a_genome_is_written_as_in_the_framework_it_comes_from() -> None:
    genome = CodeGenome.model_validate(SORTING)
    assert genome.mutation_rate == 0.2
    assert genome.crossover_points == ()
    assert genome.signature.name == "sort"
    assert genome.growth_targets == {"time_complexity": GrowthLaw(1.0, 1.0), "space_complexity": GrowthLaw(1.0, 0.0)}
    assert genome.number_targets == {"cache_efficiency": 0.8}


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("function_signature", "sort(items)", "is no signature"),
        ("function_signature", "def sort(items:", "is no signature"),
        ("function_signature", "def f(): pass\ndef g()", "is no signature"),
        ("performance_targets", {"time_complexity": "quick"}, "no growth law"),
        ("performance_targets", {"time_complexity": 3.0}, "no growth law"),
        ("performance_targets", {"speed": 1.0}, "speed is none"),
        ("performance_targets", {"execution_time": "O(n)"}, "a number above 0"),
        ("performance_targets", {"memory_usage": -1.0}, "a number above 0"),
        ("performance_targets", {"cache_efficiency": 1.5}, "at most 1"),
        ("allowed_paradigms", ["imperative"], "should be one of functional"),
        ("mutation_rate", 1.5, "less than or equal to 1"),
        ("colour", "blue", "Extra inputs"),
    ],
)
def test_what_a_genome_cannot_mean_is_refused(key: str, value: object, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        CodeGenome.model_validate({**SORTING, key: value})


def test_any_paradigm_will_do_where_none_is_named_or_one_that_syntax_cannot_tell() -> None:
    assert CodeGenome(function_signature="def f()").allows("oop")
    assert CodeGenome(function_signature="def f()", allowed_paradigms=("reactive",)).allows("oop")
    assert not CodeGenome(function_signature="def f()", allowed_paradigms=("async",)).allows("oop")


@pytest.mark.parametrize(
    ("text", "power", "log_power"),
    [
        ("O(1)", 0, 0),
        ("O(log n)", 0, 1),
        ("O(log(n))", 0, 1),
        ("O(n)", 1, 0),
        ("O(n log n)", 1, 1),
        ("O(n*log(n))", 1, 1),
        ("O(n log^2 n)", 1, 2),
        ("O(n**2)", 2, 0),
        (" O( n^1.5 ) ", 1.5, 0),
        ("O(n n)", 2, 0),
    ],
)
def test_a_growth_law_is_read_as_people_write_it(text: str, power: float, log_power: float) -> None:
    assert GrowthLaw.parse(text) == GrowthLaw(power, log_power)


@pytest.mark.parametrize(
    "text", ["", "n", "O()", "O(2^n)", "O(n!)", "O(nn)", "O(m)", "O(n^99)", "O(n", "o(n)", "O(n + 1)"]
)
def test_what_is_no_growth_law_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="write one like"):
        GrowthLaw.parse(text)


@given(st.integers(0, 40).map(lambda n: n / 4), st.integers(0, 10))
def test_a_growth_law_reads_what_it_writes(power: float, log_power: int) -> None:
    law = GrowthLaw(power, float(log_power))
    assert GrowthLaw.parse(str(law)) == law


REQUIRED = parse_signature("def sort(items, before, *, reverse=False)")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("def sort(items, before, *, reverse=False)", 1.0),
        ("def sort(items, before, reverse=False)", 1.0),
        ("def sort(items, before, extra=3, *, reverse=False)", 1.0),
        ("async def sort(items, before, *, reverse=True)", 1.0),
        ("def sort(sequence, before, *, reverse=False)", 3.5 / 4),
        ("def sort(before, items, *, reverse=False)", 3.0 / 4),
        ("def sort(*arguments, **options)", 2.5 / 4),
        ("def sort(items, before)", 3.0 / 4),
        ("def sort(items)", 2.0 / 4),
        ("def sort(items, before, reverse)", 3.0 / 4),
        ("def sort(items, before, key, *, reverse=False)", 0.0),
        ("def sort(items, before, *, reverse=False, key)", 0.0),
        ("def order(items, before, *, reverse=False)", 0.0),
    ],
)
def test_a_signature_is_kept_as_far_as_its_callers_are_served(text: str, kept: float) -> None:
    assert REQUIRED.kept_by(parse_signature(text)) == pytest.approx(kept)


def test_a_signature_is_not_kept_by_nothing() -> None:
    assert REQUIRED.kept_by(None) == 0.0


NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta"])


@given(st.lists(NAMES, unique=True), st.lists(NAMES, unique=True))
def test_how_far_a_signature_is_kept_is_a_share_and_whole_for_itself(own: list[str], others: list[str]) -> None:
    first, second = (parse_signature(f"def f({', '.join(names)})") for names in (own, others))
    assert first.kept_by(first) == 1.0
    assert 0.0 <= first.kept_by(second) <= 1.0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("def f(x): return sorted(x)", "functional"),
        ("def f(x): return [y for y in x]", "functional"),
        ("def f(x):\n    for y in x: pass", "iterative"),
        ("def f(x):\n    while x: x -= 1", "iterative"),
        ("def f(x): return x and f(x[1:])", "recursive"),
        ("def f(x):\n    for y in x: f(y)", "hybrid"),
        ("def f(x):\n    for y in x: yield y", "dataflow"),
        ("async def f(x):\n    for y in x: yield y", "async"),
        ("class A:\n    async def f(self): pass", "oop"),
    ],
)
def test_a_program_has_the_first_paradigm_that_applies(text: str, name: str) -> None:
    assert paradigm_name(parse_source(text)) == name
    assert name in PARADIGM_NAMES


def test_a_phenotype_is_a_view_of_a_program() -> None:
    genome = CodeGenome.model_validate(SORTING)
    program = Program(
        id="7",
        source="def sort(items):\n    return sorted(items)\n",
        parents=["3", "4"],
        generation=2,
        metrics={"fitness": 0.5},
        mutations_applied=["swapped two statements"],
        created_at=1e9,
    )
    phenotype = Phenotype.of(program, genome)
    assert phenotype.genome is genome
    assert phenotype.implementation == program.source
    assert phenotype.paradigm == "functional"
    assert phenotype.fitness_scores == {"fitness": 0.5}
    assert (phenotype.id, phenotype.generation, list(phenotype.parents)) == ("7", 2, ["3", "4"])
    assert phenotype.birth_time == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
    assert list(phenotype.mutations_applied) == ["swapped two statements"]
    assert phenotype.files == program.files


def test_a_phenotype_can_be_written_down_without_a_run() -> None:
    phenotype = Phenotype(
        genome=CodeGenome.model_validate(SORTING),
        paradigm="functional",
        implementation="def sort(items):\n    return sorted(items)\n",
        generation=1,
        parents=["a", "b"],
    )
    assert phenotype.files == {"main.py": phenotype.implementation}
    assert phenotype.birth_time.tzinfo is not None
