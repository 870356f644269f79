"""Outputs as vectors, values as source, and the search job that joins them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gigaevo.evaluation.literals import literal, program_source
from gigaevo.evaluation.numbers import Numbers
from gigaevo.evaluation.search_job import run_search

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=8),
    st.binary(max_size=8),
)
arrays = npst.arrays(
    dtype=st.sampled_from(["f8", "f4", "f2", "i8", "u1", "?", "c16", "c8", "U3", "S3", ">f8", "<i2"]),
    shape=npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
numpy_scalars = st.one_of(
    st.floats().map(np.float64),
    st.floats(width=32).map(np.float32),
    st.integers(-(2**31), 2**31 - 1).map(np.int32),
    st.booleans().map(np.bool_),
)
keys = st.one_of(st.text(max_size=4), st.integers(), st.tuples(st.integers(), st.text(max_size=2)))
values = st.recursive(
    st.one_of(plain, arrays, numpy_scalars, st.sets(st.integers() | st.text(max_size=3))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=12,
)


def fingerprint(value):
    """Everything that makes two values the same to the last bit; all NaN are one."""
    if isinstance(value, np.ndarray):
        return ("array", str(value.dtype), value.shape, [fingerprint(part) for part in value.ravel().tolist()])
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, [fingerprint(part) for part in value])
    if isinstance(value, dict):
        return ("dict", [(fingerprint(key), fingerprint(part)) for key, part in value.items()])
    if isinstance(value, (complex, np.complexfloating)):
        return (type(value).__name__, fingerprint(float(value.real)), fingerprint(float(value.imag)))
    if isinstance(value, (float, np.floating)):
        return (type(value).__name__, float(value).hex())
    return (type(value).__name__, value)


@settings(deadline=None)
@given(values)
def test_source_gives_the_value_back_to_the_last_bit(value):
    text = literal(value)
    assert fingerprint(eval(text, {"np": np})) == fingerprint(value)


@settings(deadline=None)
@given(values, st.booleans())
def test_a_program_returns_the_value(value, takes_context):
    namespace = {}
    exec(program_source(value, takes_context=takes_context), namespace)
    given_back = namespace["entrypoint"]({}) if takes_context else namespace["entrypoint"]()
    assert fingerprint(given_back) == fingerprint(value)


@settings(deadline=None)
@given(values)
def test_numbers_taken_out_and_put_back_leave_the_value_as_it_was(value):
    numbers = Numbers(value)
    assert fingerprint(numbers.filled(numbers.start)) == fingerprint(value)
    assert np.isfinite(numbers.start).all()


@settings(deadline=None)
@given(values)
def test_groups_follow_one_another_and_cover_every_number(value):
    numbers = Numbers(value)
    covered = [index for group in numbers.groups for index in range(group.start, group.stop)]
    assert covered == list(range(numbers.start.size))
    assert all(group.stop > group.start for group in numbers.groups)


def test_only_floats_vary():
    value = {"a": [1, 2.5, True, "x"], "b": (np.array([[1.0, 2.0], [3.0, math.nan]]), np.array([4, 5]), math.inf)}
    numbers = Numbers(value)
    assert numbers.start.tolist() == [2.5, 1.0, 2.0, 3.0]
    made = numbers.filled(np.array([9.0, 8.0, 7.0, 6.0]))
    assert made["a"] == [1, 9.0, True, "x"]
    assert made["b"][0].tolist()[0] == [8.0, 7.0]
    assert made["b"][0][1, 0] == 6.0 and math.isnan(made["b"][0][1, 1])
    assert made["b"][1].tolist() == [4, 5] and made["b"][2] == math.inf


def test_a_row_of_a_table_is_a_group_whatever_it_is_made_of():
    rows = [slice(0, 2), slice(2, 4)]
    for table in ([[1.0, 2.0], [3.0, 4.0]], [(1.0, 2.0), (3.0, 4.0)], np.array([[1.0, 2.0], [3.0, 4.0]])):
        assert Numbers(table).groups == rows


def test_a_filled_value_shares_no_memory_with_the_output_or_another():
    table = np.zeros((2, 2))
    numbers = Numbers([table, [1.0], {"k": 2.0}])
    first, second = numbers.filled(numbers.start), numbers.filled(numbers.start)
    assert not np.shares_memory(first[0], table) and not np.shares_memory(first[0], second[0])
    assert first[1] is not second[1] and first[2] is not second[2]


def test_long_tables_take_a_line_for_each_row():
    source = program_source([[0.125, 0.25, 0.5]] * 9, takes_context=False)
    assert source.count("\n        [0.125, 0.25, 0.5],") == 9


def test_long_doubles_are_refused():
    with pytest.raises(TypeError):
        literal(np.array([1.0], dtype=np.longdouble))


def request(**changed):
    usual = {"evaluations": 3000, "seed": 1, "step": 0.1, "primary_key": "score", "higher_is_better": True}
    return {**usual, "takes_context": False, **changed}


def bowl(point):
    """Lowest at (0.3, -0.7), where it is 2."""
    x, y = point["at"]
    return {"score": 2.0 + (x - 0.3) ** 2 + (y + 0.7) ** 2, "is_valid": 1.0}, None


def output_of(source):
    namespace = {}
    exec(source, namespace)
    return namespace["entrypoint"]()


def test_the_program_found_scores_what_the_answer_says():
    found = run_search(bowl, {"at": (3.0, 3.0), "label": "p", "n": 4}, request(higher_is_better=False))
    made = output_of(found["source"])
    assert made["label"] == "p" and made["n"] == 4
    assert bowl(made)[0]["score"] == found["best"] == pytest.approx(2.0, abs=1e-9)
    assert found["start"] == bowl({"at": (3.0, 3.0)})[0]["score"]
    assert found["variables"] == 2
    assert json.loads(json.dumps(found)) == found


def test_calls_are_counted_exactly_and_never_more_than_granted():
    calls = []

    def counted(point):
        calls.append(point)
        return bowl(point)

    found = run_search(counted, {"at": (3.0, 3.0)}, request(evaluations=137, higher_is_better=False))
    assert found["evaluations"] == len(calls) == 137


@pytest.mark.parametrize(
    "report",
    [
        lambda x, out: {"score": x, "is_valid": 0.0, "constraint_violation": out},
        lambda x, out: {"score": x, "is_valid": 0.0, "validity": 1.0 / (1.0 + out)},
        lambda x, out: {"score": x, "validity": 0.5 / (1.0 + out)},
        lambda x, out: {"is_valid": 0.0, "constraint_violation": out},
        lambda x, out: {"is_valid": 0.0},
        lambda x, out: {},
    ],
)
def test_any_way_to_say_invalid_leads_to_a_valid_best(report):
    """Largest x with x <= 1."""

    def validate(output):
        x = output[0]
        if x > 1.0:
            metrics = report(x, x - 1.0)
            return metrics, None if metrics else "too large"
        return {"score": x, "is_valid": 1.0}, None

    found = run_search(validate, [0.25], request())
    (x,) = output_of(found["source"])
    assert 0.999 < x <= 1.0 and found["best"] == x


def test_outputs_without_floats_cost_nothing():
    found = run_search(bowl, {"at": (1, 2)}, request())
    assert found["source"] is None and found["evaluations"] == 0 and "no floats" in found["note"]


def test_too_many_floats_are_refused():
    found = run_search(bowl, np.zeros(2001), request())
    assert found["source"] is None and found["evaluations"] == 0 and found["variables"] == 2001


def test_what_cannot_be_improved_is_not_copied():
    found = run_search(lambda output: ({"score": 1.0, "is_valid": 1.0}, None), [0.5], request())
    assert found["source"] is None and found["best"] == found["start"] == 1.0 and found["evaluations"] > 0


def test_a_validator_that_always_refuses_gives_nothing():
    found = run_search(lambda output: ({}, "no"), [0.5], request(evaluations=50))
    assert found["source"] is None and found["start"] is None and found["best"] is None


def test_no_time_means_one_evaluation():
    found = run_search(bowl, {"at": (3.0, 3.0)}, request(seconds=0.0, higher_is_better=False))
    assert found["evaluations"] == 1 and found["source"] is None
