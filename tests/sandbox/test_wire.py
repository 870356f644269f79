"""What may cross between processes, and that it crosses unchanged."""

from __future__ import annotations

import collections
import enum
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from gigaevo.evaluation.sandbox.wire import MAX_DEPTH, WireError, decode, encode

CAP = 1 << 22


def same(left: Any, right: Any) -> bool:
    """Equal in type and value all the way down, nan equal to nan and -0.0 different from 0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (np.ndarray, np.generic)):
        return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left), list(right)) and same(list(left.values()), list(right.values()))
    if isinstance(left, float):
        both_nan = math.isnan(left) and math.isnan(right)
        return both_nan or (left == right and math.copysign(1, left) == math.copysign(1, right))
    if isinstance(left, complex):
        return same(left.real, right.real) and same(left.imag, right.imag)
    return bool(left == right)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
KEYS = st.integers() | st.text(max_size=5) | st.tuples(st.integers(), st.text(max_size=3)) | st.binary(max_size=3)
DTYPES = (
    stnp.boolean_dtypes()
    | stnp.integer_dtypes(endianness="?")
    | stnp.unsigned_integer_dtypes()
    | stnp.floating_dtypes(endianness="?")
    | stnp.complex_number_dtypes()
    | stnp.unicode_string_dtypes(max_len=4)
    | stnp.byte_string_dtypes(max_len=4)
)
TEXT = st.characters(exclude_categories=["Cs"])


def arrays_of(dtype: np.dtype[Any], shape: Any) -> st.SearchStrategy[Any]:
    """Arrays of ``dtype``; those of strings hold text, not halves of surrogate pairs."""
    elements = stnp.from_dtype(dtype, alphabet=TEXT) if dtype.kind == "U" else None
    return stnp.arrays(dtype, shape, elements=elements)


ARRAYS = DTYPES.flatmap(lambda dtype: arrays_of(dtype, stnp.array_shapes(min_dims=0, min_side=0, max_side=4)))
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4)
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=200)
@given(VALUES)
def test_what_was_encoded_is_decoded_to_the_same(value: Any) -> None:
    text = encode(value, max_bytes=CAP)
    assert text.isascii()
    assert same(decode(text), value)


@settings(deadline=None)
@given(DTYPES.flatmap(lambda dtype: arrays_of(dtype, ())))
def test_numpy_scalars_stay_numpy_scalars(array: Any) -> None:
    value = array[()]
    assert same(decode(encode(value, max_bytes=CAP)), value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda i: st.lists(i) | st.dictionaries(st.text(), i),
    )
)
def test_any_json_text_gives_a_value_or_a_wire_error(tree: Any) -> None:
    try:
        decode(json.dumps(tree))
    except WireError:
        pass


@given(
    st.sampled_from(["$float", "$complex", "$bytes", "$tuple", "$set", "$dict", "$ndarray", "$scalar", "$str_"]),
    VALUES,
)
def test_a_tag_with_wrong_content_gives_a_value_or_a_wire_error(tag: str, content: Any) -> None:
    inner = encode(content, max_bytes=CAP)
    try:
        decode(f'{{"{tag}": {inner}}}')
    except WireError:
        pass


def test_decoded_arrays_can_be_written_to() -> None:
    array = decode(encode(np.zeros((2, 3)), max_bytes=CAP))
    array[0, 0] = 1.0
    assert array.sum() == 1.0


def test_a_set_is_written_in_the_same_order_everywhere() -> None:
    names = {f"name{i}" for i in range(50)}
    written = json.loads(encode(names, max_bytes=CAP))["$set"]
    assert written == sorted(names)


class Pretender(list):
    pass


class Colour(enum.IntEnum):
    RED = 1


REFUSED = {
    "an object": (object(), "output is of type object"),
    "a subclass of list": ([Pretender()], r"output\[0\] is of type .*Pretender"),
    "a subclass of int": ({"x": Colour.RED}, r"output\['x'\] is of type .*Colour"),
    "a named tuple": (collections.namedtuple("P", "x")(1), "of type"),
    "an ordered dictionary": (collections.OrderedDict(), "of type"),
    "a function in depth": ([0, 1, {"x": [len]}], r"output\[2\]\['x'\]\[0\] is of type builtin_function"),
    "a generator": ((x for x in "a"), "generator"),
    "an array of objects": (np.array([None]), "dtype object"),
    "a structured array": (np.zeros(2, dtype=[("a", "f8")]), "dtype"),
    "dates": (np.array(["2020-01-01"], dtype="M8[D]"), "dtype datetime64"),
    "a masked array": (np.ma.masked_array([1.0]), "Masked"),
    "a huge integer": (10**100_000, "integer of"),
    "half a surrogate pair": (["\ud800"], "surrogate"),
    "an array of half pairs": (np.array(["\ud800"]), "no text"),
    "a key of a wrong type": ({frozenset(): 1}, "has a key that is of type frozenset"),
}


@pytest.mark.parametrize(("value", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_may_not_cross_is_refused_by_type_and_place(value: Any, message: str) -> None:
    with pytest.raises(WireError, match=message):
        encode(value, max_bytes=CAP)


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(WireError, match="contains itself"):
        encode(loop, max_bytes=CAP)


def nested(depth: int, leaf: Any) -> Any:
    for _ in range(depth):
        leaf = [leaf]
    return leaf


@pytest.mark.parametrize("leaf", [1.0, math.inf, 1j, (), {1: 2}, np.float64(1)])
def test_the_depth_allowed_is_the_same_both_ways(leaf: Any) -> None:
    room = MAX_DEPTH - (1 if isinstance(leaf, tuple) else 2 if isinstance(leaf, dict) else 0)
    text = encode(nested(room, leaf), max_bytes=CAP)
    decode(text)
    with pytest.raises(WireError, match="deep"):
        encode(nested(MAX_DEPTH + 1, leaf), max_bytes=CAP)
    with pytest.raises(WireError):
        decode(nested_text := "[" * 101 + "1.5,2" + "]" * 101)
    assert len(nested_text) < 300


def test_the_size_cap_holds_before_memory_is_spent() -> None:
    bomb: list[Any] = [1.0] * 10
    for _ in range(60):
        bomb = [bomb] * 10
    with pytest.raises(WireError, match="larger than 1000 bytes"):
        encode(bomb, max_bytes=1000)
    with pytest.raises(WireError, match="larger than 1000 bytes"):
        encode(np.zeros(10**6), max_bytes=1000)
    with pytest.raises(WireError, match="larger than 1000 bytes"):
        encode([0.1234567890123] * 100, max_bytes=1000)
    assert len(encode([0] * 499, max_bytes=1000)) == 999


HOSTILE_TEXTS = [
    "",
    "{",
    "NaN",
    "[Infinity]",
    '{"$float": "1"}',
    '{"$float": 1}',
    '{"$pickle": "gASVA=="}',
    '{"$tuple": [], "x": 1}',
    '{"$tuple": 1}',
    '{"$set": [[1]]}',
    '{"$set": [1, 1.0]}',
    '{"$dict": [[1, 2, 3]]}',
    '{"$dict": [[[], 2]]}',
    '{"$dict": [[1, 2], [1, 3]]}',
    '{"$complex": [1.0]}',
    '{"$complex": ["1", 2.0]}',
    '{"$bytes": "a"}',
    '{"$bytes": "AAAA\\n"}',
    '{"$ndarray": ["|O8", [1], "AAAAAAAAAAA="]}',
    '{"$ndarray": ["<f8,<f8", [1], "AAAAAAAAAAA="]}',
    '{"$ndarray": ["<f8", [2], "AAAAAAAAAAA="]}',
    '{"$ndarray": ["<f8", [-1], "AAAAAAAAAAA="]}',
    '{"$ndarray": ["<f8", [true], "AAAAAAAAAAA="]}',
    '{"$ndarray": ["<f8", [0, 99999999999999999999], ""]}',
    '{"$ndarray": ["<M8[s]", [1], "AAAAAAAAAAA="]}',
    '{"$ndarray": ["|b1", [1], "/w=="]}',
    '{"$ndarray": ["<U1", [1], "/////w=="]}',
    '{"$ndarray": ["<f7", [1], "AAAAAAAAAA=="]}',
    '{"$scalar": ["<f8", "AA=="]}',
    '"\\ud800"',
    '{"\\ud800": 1}',
    "1" * 5000,
    "[" * 100_000,
    "[" * 100_000 + "]" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: text[:40])
def test_a_text_that_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(WireError):
        decode(text)
