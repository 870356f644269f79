"""Code as genetic material: what is asked of a function (its genome) and a program that answers (a phenotype)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from gigaevo.programs.growth_law import GrowthLaw
from gigaevo.programs.paradigm import PARADIGM_NAMES, paradigm_name
from gigaevo.programs.program import MAIN_FILE, Program
from gigaevo.programs.signature import Signature, parse_signature
from gigaevo.programs.syntax import parse_source

GROWTH_TARGETS = ("time_complexity", "space_complexity")
"""Targets that are growth laws."""

NUMBER_TARGETS = {"execution_time": "s", "memory_usage": "MiB", "cpu_cycles": "", "cache_efficiency": ""}
"""Targets that are numbers, with their units. All but ``cache_efficiency``, a share of cache hits, are upper limits."""


def _signature_text(text: str) -> str:
    parse_signature(text)
    return text.strip()


def _paradigm_name(text: str) -> str:
    if text not in PARADIGM_NAMES:
        raise ValueError(f"should be one of {', '.join(PARADIGM_NAMES)}")
    return text


class CodeGenome(BaseModel):
    """What is asked of every program of a problem, however it goes about it.

    Attributes:
        function_signature: The function that callers rely on, such as ``def sort(items: list[T]) -> list[T]``.
        behavioral_constraints: What must hold of its behaviour, in words, for people and language models; what is
            checked of them the problem's validator and benchmark check.
        performance_targets: Growth laws as text for ``time_complexity`` and ``space_complexity``; greatest values for
            ``execution_time`` (s), ``memory_usage`` (MiB) and ``cpu_cycles``; the least share of cache hits as
            ``cache_efficiency``.
        allowed_paradigms: Names out of ``PARADIGM_NAMES``; empty where any will do.
        mutation_rate: Share of a program that one mutation should change, 0 to 1: advice to operators.
        crossover_points: Names of functions at which programs may exchange material: advice to operators.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    function_signature: Annotated[str, AfterValidator(_signature_text)]
    behavioral_constraints: tuple[str, ...] = ()
    performance_targets: dict[str, float | str] = Field(default_factory=dict)
    allowed_paradigms: tuple[Annotated[str, AfterValidator(_paradigm_name)], ...] = ()
    mutation_rate: float = Field(default=0.2, ge=0.0, le=1.0)
    crossover_points: tuple[str, ...] = ()

    @field_validator("performance_targets")
    @classmethod
    def _targets_are_known(cls, targets: dict[str, float | str]) -> dict[str, float | str]:
        for name, target in targets.items():
            if name in GROWTH_TARGETS:
                GrowthLaw.parse(str(target))
            elif name not in NUMBER_TARGETS:
                raise ValueError(f"should be of {', '.join((*GROWTH_TARGETS, *NUMBER_TARGETS))}; {name} is none")
            elif isinstance(target, str) or not 0.0 < target < float("inf"):
                raise ValueError(f"should have a number above 0 for {name}, not {target!r}")
            elif name == "cache_efficiency" and target > 1.0:
                raise ValueError(f"should have a share of at most 1 for cache_efficiency, not {target!r}")
        return targets

    @property
    def signature(self) -> Signature:
        """``function_signature`` in parts."""
        return parse_signature(self.function_signature)

    @property
    def growth_targets(self) -> dict[str, GrowthLaw]:
        """The targets that are growth laws, by name."""
        return {name: GrowthLaw.parse(str(self.performance_targets[name])) for name in self._named(GROWTH_TARGETS)}

    @property
    def number_targets(self) -> dict[str, float]:
        """The targets that are numbers, by name."""
        return {name: float(self.performance_targets[name]) for name in self._named(tuple(NUMBER_TARGETS))}

    def allows(self, paradigm: str) -> bool:
        """Whether a program of this paradigm is asked for. What syntax cannot tell is given the benefit of the doubt:
        where ``reactive`` is allowed, every paradigm is."""
        return not self.allowed_paradigms or paradigm in self.allowed_paradigms or "reactive" in self.allowed_paradigms

    def _named(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name in self.performance_targets]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phenotype:
    """A program seen as the expression of a genome.

    Attributes:
        genome: What it expresses; None where the problem has no genome.
        implementation: Text of the file that defines ``entrypoint``.
        paradigm: How it goes about its work, out of ``PARADIGM_NAMES``; empty where nobody looked.
        fitness_scores: Metrics known of it, by name.
        generation: 0 for initial programs.
        parents: Ids of the programs it was made from.
        birth_time: When it was made.
        mutations_applied: What the operator did, in its own words.
        id: Unique in a run; empty outside of one.
        files: Relative path to text, where there is more than ``implementation``.
        entry: The file of ``files`` that is the implementation.
    """

    genome: CodeGenome | None = None
    implementation: str
    paradigm: str = ""
    fitness_scores: Mapping[str, float] = field(default_factory=dict)
    generation: int = 0
    parents: Sequence[str] = ()
    birth_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    mutations_applied: Sequence[str] = ()
    id: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    entry: str = MAIN_FILE

    def __post_init__(self) -> None:
        if not self.files:
            object.__setattr__(self, "files", {self.entry: self.implementation})

    @classmethod
    def of(cls, program: Program, genome: CodeGenome | None = None) -> Phenotype:
        """``program`` as a phenotype of ``genome``.

        Raises:
            gigaevo.programs.syntax.SourceError: Its text is no Python.
        """
        return cls(
            genome=genome,
            implementation=program.source,
            paradigm=paradigm_name(parse_source(program.source)),
            fitness_scores=dict(program.metrics),
            generation=program.generation,
            parents=tuple(program.parents),
            birth_time=datetime.fromtimestamp(program.created_at, UTC),
            mutations_applied=tuple(program.mutations_applied),
            id=program.id,
            files=dict(program.files),
            entry=program.entry,
        )
