"""From an operator's mutation to a program that can be submitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gigaevo.evaluation.base import Evaluation
from gigaevo.evolution.mutation.base import Mutation
from gigaevo.programs import ErrorKind, Metrics, Program, ProgramError, ProgramState
from gigaevo.programs.text_facts import files_hash

# A longer output is not stored: it would fill the database, and no operator works on so many numbers.
STORED_OUTPUT_CAP = 256 * 1024


def child_of(parents: Sequence[Program], mutation: Mutation, *, program_id: str, number: int, proposal: int) -> Program:
    """The program that ``mutation`` describes: the first parent's files with the entry file and others replaced."""
    files = {**parents[0].files, **mutation.files, parents[0].entry: mutation.source}
    return Program(
        id=program_id,
        files=files,
        entry=parents[0].entry,
        syntax_hash=files_hash(files),
        parents=[parent.id for parent in parents],
        generation=1 + max(parent.generation for parent in parents),
        number=number,
        operator=mutation.operator,
        mutations_applied=[mutation.description],
        cost=mutation.cost.model_copy(),
        metadata={
            **mutation.notes,
            "proposal": proposal,
            **({"made_by": mutation.made_by} if mutation.made_by else {}),
        },
    )


def to_json(mutation: Mutation, *, made_by: str) -> dict[str, Any]:
    """A child that waits for a proposal of its own, as JSON values; ``from_json`` is the way back.

    Args:
        mutation: It. What it took is in the books already.
        made_by: Who thought of it where it says nothing itself.
    """
    return {
        "source": mutation.source,
        "description": mutation.description,
        "notes": dict(mutation.notes),
        "files": dict(mutation.files),
        "made_by": mutation.made_by or made_by,
    }


def from_json(values: Mapping[str, Any], *, operator: str) -> Mutation:
    """The child that ``to_json`` described, which costs nothing any more."""
    return Mutation(operator=operator, **values)


def enter(evaluation: Evaluation, program: Program, metrics: Metrics) -> None:
    """Write what an evaluation found out into ``program``, which is COMPLETED afterwards."""
    program.metrics = dict(evaluation.metrics)
    program.artifacts = dict(evaluation.artifacts)
    fits = evaluation.output is not None and len(evaluation.output) <= STORED_OUTPUT_CAP
    program.output = evaluation.output if fits else None
    program.error = evaluation.error
    program.cached, program.skipped = list(evaluation.cached), dict(evaluation.skipped)
    if program.error is None and metrics.primary_key not in program.metrics:
        program.pruned = next((f"{stage}: {reason}" for stage, reason in program.skipped.items()), "")
    if program.error is None and not program.pruned and metrics.primary_key not in program.metrics:
        program.error = ProgramError(
            kind=ErrorKind.INVALID, message=f"no stage measured the primary metric '{metrics.primary_key}'"
        )
    program.out_of_bounds = metrics.out_of_bounds(program.metrics)
    cost = evaluation.cost
    program.cost.wall_time_s = cost.wall_time_s
    program.cost.cpu_time_s = cost.cpu_time_s
    program.cost.peak_memory_mb = cost.peak_memory_mb
    program.cost.validate_calls += cost.validate_calls
    program.become(ProgramState.COMPLETED)


def look_again(evaluation: Evaluation, program: Program, metrics: Metrics) -> None:
    """Write what a repeated evaluation found out into ``program``, which stays COMPLETED. One that failed leaves the
    metrics as they were."""
    program.error = evaluation.error
    if evaluation.error is None:
        program.metrics.update(evaluation.metrics)
        program.artifacts.update(evaluation.artifacts)
        program.out_of_bounds = metrics.out_of_bounds(program.metrics)
    cost = evaluation.cost
    program.cost.wall_time_s += cost.wall_time_s
    program.cost.cpu_time_s += cost.cpu_time_s
    program.cost.peak_memory_mb = max(program.cost.peak_memory_mb, cost.peak_memory_mb)
    program.cost.validate_calls += cost.validate_calls
