"""What becomes of an evaluation when it is written into its program."""

from __future__ import annotations

from gigaevo.evaluation.base import Evaluation
from gigaevo.evolution.engine.children import STORED_OUTPUT_CAP, enter
from gigaevo.programs import Cost, ErrorKind, Program, ProgramState
from gigaevo.programs.text_facts import files_hash
from tests.engine.harness import METRICS


def running(**fields: object) -> Program:
    return Program(id="p", source="def entrypoint():\n    return 1\n", state=ProgramState.RUNNING, **fields)


def test_a_score_beyond_a_declared_bound_is_kept_and_flagged() -> None:
    program = running()
    enter(Evaluation(metrics={"fitness": 3.5, "place": 0.5}), program, METRICS)
    assert program.metrics["fitness"] == 3.5
    assert program.out_of_bounds == ["fitness"]
    assert program.is_valid


def test_without_the_primary_metric_a_program_is_invalid() -> None:
    program = running()
    enter(Evaluation(metrics={"place": 0.5}), program, METRICS)
    assert program.error is not None
    assert program.error.kind is ErrorKind.INVALID
    assert "fitness" in program.error.message
    assert not program.is_valid


def test_an_output_beyond_the_cap_is_not_stored() -> None:
    for length, kept in ((STORED_OUTPUT_CAP, True), (STORED_OUTPUT_CAP + 1, False)):
        program = running()
        enter(Evaluation(metrics={"fitness": 0.0}, output="x" * length), program, METRICS)
        assert (program.output is not None) is kept


def test_calls_of_validate_by_operator_and_pipeline_add_up() -> None:
    program = running(cost=Cost(validate_calls=40))
    enter(Evaluation(metrics={"fitness": 0.0}, cost=Cost(validate_calls=1)), program, METRICS)
    assert program.cost.validate_calls == 41


def test_the_hash_of_several_files_knows_where_a_text_stands() -> None:
    one, two = "x = 1\n", "y = 2\n"
    assert files_hash({"a.py": one, "b.py": two}) == files_hash({"b.py": two, "a.py": one})
    assert files_hash({"a.py": one, "b.py": two}) != files_hash({"a.py": two, "b.py": one})
    assert files_hash({"a.py": one}) == files_hash({"b.py": "x = 1  # the same\n"})
    assert files_hash({"a.py": "def (:"}) != files_hash({"a.py": "def ):"})
