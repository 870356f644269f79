"""The only format in which values cross between processes: JSON text that carries data, never code.

None, booleans, integers, finite floats, strings, lists and dictionaries with string keys look like JSON;
whatever JSON has not is an object with one key that begins with ``$``:

    {"$float": "nan"}              nan, inf, -inf
    {"$complex": [re, im]}
    {"$bytes": "<base64>"}
    {"$tuple": [...]}
    {"$set": [...]}
    {"$dict": [[key, value]..]}    a dictionary with other keys, or with keys that begin with "$"
    {"$ndarray": [dtype, shape, "<base64>"]}      data in C order
    {"$scalar": [dtype, "<base64>"]}              numpy scalars, and two kinds of them whose length varies:
    {"$str_": "text"}
    {"$bytes_": "<base64>"}

The text is ASCII, so its length is its size. Containers and scalars must be of the exact built-in or numpy
type: a subclass could lie about what it holds.
"""

from __future__ import annotations

import binascii
import json
import math
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH = 100
MAX_INT_BITS = 14_000  # below the 4300 decimal digits that Python reads without complaint

_NUMPY_KINDS = "biufcSU"
_MAX_CODE_POINT = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)


class WireError(ValueError):
    """A value that may not cross between processes, or a text that is no such value."""


class _Refused(Exception):
    """A part of a value that may not cross; the path to it grows while the walk unwinds."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


def encode(value: Any, *, max_bytes: int, name: str = "output") -> str:
    """``value`` as text.

    Args:
        value: None, bool, int, float, complex, str, bytes, list, tuple, dict, set, or a numpy scalar or array
            of booleans, integers, floats, complex numbers, strings or bytes; containers hold the same, at
            most ``MAX_DEPTH`` deep.
        max_bytes: Most bytes (= characters) the text may have.
        name: What the value is called in messages.

    Returns:
        ASCII text from which ``decode`` makes an equal value of the same types.

    Raises:
        WireError: Something else is in it (the message says what and where), or it is too deep or too large.
    """
    try:
        tree = _Encoder(max_bytes).tree(value, 0)
        text = json.dumps(tree, separators=(",", ":"), allow_nan=False, check_circular=False)
    except _Refused as refused:
        raise WireError(f"{name}{refused.path} {refused.reason}") from None
    if len(text) > max_bytes:
        raise WireError(f"{name} is larger than {max_bytes} bytes")
    return text


def decode(text: str) -> Any:
    """The value that ``encode`` wrote; runs nothing, whatever the text.

    Raises:
        WireError: The text is no such value.
    """
    try:
        tree = json.loads(text, parse_constant=_refuse_constant)
        return _value(tree, 0)
    except _Refused as refused:
        raise WireError(f"not a value between processes: {refused.reason}") from None
    except (ValueError, RecursionError, TypeError, OverflowError) as error:
        raise WireError(f"not a value between processes: {str(error)[:200]}") from None


class _Encoder:
    """One value on its way to JSON; stops as soon as the text is sure to exceed its cap."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._left = max_bytes

    def tree(self, value: Any, depth: int) -> Any:
        """What ``json`` writes for ``value``."""
        kind = type(value)
        if kind is float:
            self._spend(1)
            return value if math.isfinite(value) else {"$float": repr(value)}
        if kind is list:
            return self._items(value, depth)
        if kind is tuple:
            return {"$tuple": self._items(value, depth)}
        if kind is str:
            self._spend(len(value) + 2)
            _check_text(value)
            return value
        if kind is int:
            self._spend(1)
            _check_int(value)
            return value
        if kind is bool or value is None:
            self._spend(4)
            return value
        if kind is dict:
            return self._dict(value, depth)
        if kind is set:
            # Sorted, because the order of a set differs from process to process.
            return {"$set": sorted(self._items(list(value), depth), key=json.dumps)}
        if kind is complex:
            return {"$complex": [self.tree(value.real, depth), self.tree(value.imag, depth)]}
        if kind is bytes:
            self._spend(len(value))
            return {"$bytes": _base64(value)}
        return self._numpy(value)

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _Refused(f"does not fit: the whole is larger than {self._max_bytes} bytes")

    def _items(self, values: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        _check_depth(depth)
        self._spend(len(values) + 1)  # commas and brackets
        if set(map(type, values)) == {float} and math.isfinite(sum(values)):
            self._spend(len(values))
            return list(values)
        tree = []
        for index, value in enumerate(values):
            try:
                tree.append(self.tree(value, depth + 1))
            except _Refused as refused:
                refused.path = f"[{index}]{refused.path}"
                raise
        return tree

    def _dict(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        _check_depth(depth)
        plain = all(type(key) is str and key[:1] != "$" for key in value)
        pairs = []
        for key, item in value.items():
            written = self._key(key, depth)
            try:
                pairs.append([written, self.tree(item, depth + 1)])
            except _Refused as refused:
                refused.path = f"[{key!r:.40}]{refused.path}"
                raise
        return dict(pairs) if plain else {"$dict": pairs}

    def _key(self, key: Any, depth: int) -> Any:
        try:
            return self.tree(key, depth + 1)
        except _Refused as refused:
            raise _Refused(f"has a key that {refused.reason}") from None

    def _numpy(self, value: Any) -> Any:
        numpy = sys.modules.get("numpy")  # where it was never imported, nothing is of its types
        if numpy is not None:
            if type(value) is numpy.ndarray:
                _check_dtype(value.dtype, "is an array of")
                self._spend(value.nbytes)  # before it is copied: a broadcast array may be larger than memory
                data = value.tobytes()
                _check_items(value.dtype, data)
                return {"$ndarray": [value.dtype.str, list(value.shape), _base64(data)]}
            if type(value) is numpy.str_:
                text = str(value)
                self._spend(len(text))
                _check_text(text)
                return {"$str_": text}
            if type(value) is numpy.bytes_:
                self._spend(len(value))
                return {"$bytes_": _base64(bytes(value))}
            if isinstance(value, numpy.generic) and type(value) is value.dtype.type:
                _check_dtype(value.dtype, "is a numpy scalar of")
                return {"$scalar": [value.dtype.str, _base64(value.tobytes())]}
        raise _Refused(f"is of type {_type_name(type(value))}, which may not cross between processes")


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _type_name(kind: type) -> str:
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def _check_depth(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise _Refused(f"is nested more than {MAX_DEPTH} deep, or contains itself")


def _check_int(value: int) -> None:
    if value.bit_length() > MAX_INT_BITS:
        raise _Refused(f"is an integer of {value.bit_length()} bits; at most {MAX_INT_BITS} may cross")


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Refused("is a string with half a surrogate pair, which is no text") from None


def _check_dtype(dtype: Any, what: str) -> None:
    if dtype.kind not in _NUMPY_KINDS or dtype.hasobject or dtype.itemsize == 0:
        raise _Refused(f"{what} dtype {dtype.name}, which may not cross between processes")


def _refuse_constant(text: str) -> Any:
    raise _Refused(f"the bare constant {text}")


def _value(tree: Any, depth: int) -> Any:
    """The value that ``tree``, fresh from ``json``, stands for."""
    kind = type(tree)
    if kind is list:
        return _values(tree, depth)
    if kind is str:
        _check_text(tree)
        return tree
    if kind is int:
        _check_int(tree)
        return tree
    if kind is not dict:
        return tree
    if len(tree) == 1:
        ((tag, content),) = tree.items()
        if tag[:1] == "$":
            read = _TAGS.get(tag)
            if read is None:
                raise _Refused(f"the unknown tag {tag[:40]!r}")
            return read(content, depth)
    _check_depth(depth)
    for key in tree:
        _check_text(key)
        if key[:1] == "$":
            raise _Refused(f"the tag {key[:40]!r} among other keys")
    return {key: _value(item, depth + 1) for key, item in tree.items()}


def _values(tree: Any, depth: int) -> list[Any]:
    _check_depth(depth)
    if type(tree) is not list:
        raise _Refused("a tag without a list")
    if set(map(type, tree)) == {float}:
        return tree
    return [_value(item, depth + 1) for item in tree]


def _float(content: Any, depth: int) -> float:  # noqa: ARG001
    if content not in ("nan", "inf", "-inf"):
        raise _Refused("a float that is none of nan, inf and -inf")
    return float(content)


def _complex(content: Any, depth: int) -> complex:
    if type(content) is not list or len(content) != 2:
        raise _Refused("a complex number that is not two floats")
    parts = [_value(part, depth) for part in content]
    if [type(part) for part in parts] != [float, float]:
        raise _Refused("a complex number that is not two floats")
    return complex(*parts)


def _bytes(content: Any, depth: int) -> bytes:  # noqa: ARG001
    if type(content) is not str:
        raise _Refused("bytes that are no text")
    return binascii.a2b_base64(content, strict_mode=True)


def _tuple(content: Any, depth: int) -> tuple[Any, ...]:
    return tuple(_values(content, depth))


def _set(content: Any, depth: int) -> set[Any]:
    values = _values(content, depth)
    members = set(values)
    if len(members) != len(values):
        raise _Refused("a set with a member twice")
    return members


def _dict(content: Any, depth: int) -> dict[Any, Any]:
    _check_depth(depth)
    if type(content) is not list or not all(type(pair) is list and len(pair) == 2 for pair in content):
        raise _Refused("a dictionary that is no list of pairs")
    mapping = {_value(key, depth + 1): _value(item, depth + 1) for key, item in content}
    if len(mapping) != len(content):
        raise _Refused("a dictionary with a key twice")
    return mapping


def _ndarray(content: Any, depth: int) -> Any:
    import numpy

    if type(content) is not list or len(content) != 3:
        raise _Refused("an array that is not dtype, shape and data")
    dtype = _dtype(content[0])
    shape = content[1]
    if type(shape) is not list or not all(type(extent) is int and extent >= 0 for extent in shape):
        raise _Refused("an array without a shape")
    data = _bytes(content[2], depth)
    if math.prod(shape) * dtype.itemsize != len(data):
        raise _Refused(f"an array of shape {str(shape)[:60]} with {len(data)} bytes of data")
    _check_items(dtype, data)
    # A bytearray, so that the array can be written to like any other.
    flat = numpy.frombuffer(bytearray(data), dtype=dtype) if data else numpy.empty(0, dtype=dtype)
    return flat.reshape(shape)


def _scalar(content: Any, depth: int) -> Any:
    if type(content) is not list or len(content) != 2:
        raise _Refused("a scalar that is not dtype and data")
    array = _ndarray([content[0], [], content[1]], depth)
    return array[()]


def _str_(content: Any, depth: int) -> Any:  # noqa: ARG001
    import numpy

    if type(content) is not str:
        raise _Refused("a numpy string that is no text")
    _check_text(content)
    return numpy.str_(content)


def _bytes_(content: Any, depth: int) -> Any:
    import numpy

    return numpy.bytes_(_bytes(content, depth))


def _dtype(text: Any) -> Any:
    import numpy

    # The text is checked before numpy parses it: dtype strings can describe far more than we allow.
    if type(text) is not str or text[:1] not in ("<", ">", "|") or text[1:2] not in tuple(_NUMPY_KINDS):
        raise _Refused("an array of unknown dtype")
    if not (text[2:].isascii() and text[2:].isdigit() and len(text) <= 12):
        raise _Refused("an array of unknown dtype")
    dtype = numpy.dtype(text)
    _check_dtype(dtype, "an array of")
    return dtype


def _check_items(dtype: Any, data: bytes) -> None:
    """Refuse bytes that no item of ``dtype`` has, and on which numpy would act strangely."""
    if dtype.kind == "b" and data and max(data) > 1:
        raise _Refused("has booleans that are neither true nor false")
    if dtype.kind == "U" and data:
        import numpy

        codes = numpy.frombuffer(data, dtype=numpy.dtype("u4").newbyteorder(dtype.byteorder))
        halves = (codes >= _SURROGATES[0]) & (codes <= _SURROGATES[1])
        if bool(halves.any()) or int(codes.max()) > _MAX_CODE_POINT:
            raise _Refused("has strings that are no text")


_TAGS: dict[str, Callable[[Any, int], Any]] = {
    "$float": _float,
    "$complex": _complex,
    "$bytes": _bytes,
    "$tuple": _tuple,
    "$set": _set,
    "$dict": _dict,
    "$ndarray": _ndarray,
    "$scalar": _scalar,
    "$str_": _str_,
    "$bytes_": _bytes_,
}
