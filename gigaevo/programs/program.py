"""Program: what evolves."""

from __future__ import annotations

import time
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gigaevo.programs.failure import ProgramError
from gigaevo.programs.state import LEGAL_TRANSITIONS, IllegalTransition, ProgramState

MAIN_FILE = "main.py"


class Cost(BaseModel):
    """What making and evaluating a program took.

    Attributes:
        wall_time_s: Wall-clock seconds of the program's own process.
        cpu_time_s: CPU seconds (user and system) of the program's own process.
        peak_memory_mb: Peak resident memory of that process in MiB, shared pages included.
        validate_calls: Calls of the problem's ``validate``, those of the operator that made it included.
        mutation_time_s: Wall-clock seconds the operator took.
        usd: Dollars paid for making it.
        prompt_tokens: Tokens that language models were sent for it.
        completion_tokens: Tokens that they answered.
        llm_calls: Replies and failed attempts that were paid for.
    """

    model_config = ConfigDict(extra="allow")

    wall_time_s: float = 0.0
    cpu_time_s: float = 0.0
    peak_memory_mb: float = 0.0
    validate_calls: int = 0
    mutation_time_s: float = 0.0
    usd: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    llm_calls: int = 0


class Program(BaseModel):
    """One candidate program with everything known about it.

    Serialises to and from JSON without loss; fields written by a newer version are kept as they are.
    ``Program(id=..., source="...")`` is short for one file called ``main.py``.

    Attributes:
        id: Unique in a run, derived from the run's seed.
        files: Relative path to text. One file in the ordinary case.
        entry: The file of ``files`` that defines ``entrypoint``.
        syntax_hash: Digest of the normalised syntax tree (see ``gigaevo.programs.syntax``).
        parents: Ids of the programs it was made from; empty for initial programs.
        generation: 0 for initial programs, else one more than the oldest parent line.
        number: Order of submission: negative for initial programs, from 0 for mutants.
        operator: Name of the mutation operator; ``"initial"`` for initial programs.
        mutations_applied: What the operator did, in its own words, one entry an edit.
        created_at: Seconds since the epoch. Never enters a decision of the search.
        metrics: Numbers by name; empty unless the validator returned some. An invalid program may have metrics.
        out_of_bounds: Metrics beyond their declared bounds: kept as they are, and flagged.
        artifacts: Short JSON values by name, from the validator or a stage.
        output: What ``entrypoint`` returned, in the encoding of ``gigaevo.evaluation.sandbox.wire`` as text; None
            where there was none or it exceeded the cap.
        error: Why there is no score; None for a valid program.
        cached: Stages of its evaluation whose result was there already.
        skipped: Stages that it was not worth, and why.
        pruned: Why it was never scored, though nothing is wrong with it: a stage that would have was skipped. Empty for
            every other program.
        metadata: Anything else, JSON values only.
    """

    model_config = ConfigDict(extra="allow", ser_json_inf_nan="constants")

    id: str
    files: dict[str, str] = Field(default_factory=dict)
    entry: str = MAIN_FILE
    syntax_hash: str = ""
    state: ProgramState = ProgramState.FRESH
    parents: list[str] = Field(default_factory=list)
    generation: int = 0
    number: int = 0
    operator: str = ""
    mutations_applied: list[str] = Field(default_factory=list)
    created_at: float = Field(default_factory=time.time)
    metrics: dict[str, float] = Field(default_factory=dict)
    out_of_bounds: list[str] = Field(default_factory=list)
    artifacts: dict[str, Any] = Field(default_factory=dict)
    output: str | None = None
    error: ProgramError | None = None
    cost: Cost = Field(default_factory=Cost)
    cached: list[str] = Field(default_factory=list)
    skipped: dict[str, str] = Field(default_factory=dict)
    pruned: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _source_is_the_main_file(cls, data: Any) -> Any:
        if isinstance(data, dict) and "source" in data:
            data = dict(data)
            data["files"] = {data.get("entry", MAIN_FILE): data.pop("source")}
        return data

    @property
    def source(self) -> str:
        """Text of the entry file."""
        return self.files[self.entry]

    @property
    def birth_time(self) -> float:
        """Another name of ``created_at``."""
        return self.created_at

    @property
    def is_valid(self) -> bool:
        """Whether it was evaluated and kept the problem's hard rules: only such programs may become elites."""
        settled = self.state in (ProgramState.COMPLETED, ProgramState.EVOLVING, ProgramState.DISCARDED)
        return settled and self.error is None and not self.pruned and bool(self.metrics)

    def become(self, target: ProgramState) -> None:
        """Go to another state.

        Raises:
            IllegalTransition: The present state does not lead there.
        """
        if target not in LEGAL_TRANSITIONS[self.state]:
            raise IllegalTransition(self.id, self.state, target)
        self.state = target

    def to_json(self) -> str:
        """This program as one line of JSON."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> Program:
        """The program that ``to_json`` wrote."""
        return cls.model_validate_json(text)
