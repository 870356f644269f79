"""How values become text that every storage keeps: JSON, with NaN and infinities as constants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from gigaevo.programs import Program
from gigaevo.storage.base import StorageError


def encode_program(program: Program) -> str:
    """``program`` as one line of JSON.

    Text that is not valid Unicode (lone surrogates, as in messages decoded from arbitrary bytes) is kept
    through JSON's own escapes.

    Raises:
        StorageError: It holds a value that JSON has no form for.
    """
    try:
        return program.to_json()
    except PydanticSerializationError as error:
        try:
            return json.dumps(program.model_dump(), separators=(",", ":"))
        except (TypeError, ValueError):
            raise StorageError(f"program {program.id} holds a value that is not JSON: {error}") from None


def decode_program(text: str) -> Program:
    """The program that ``encode_program`` wrote."""
    try:
        return Program.from_json(text)
    except ValidationError:
        # pydantic's parser refuses escapes of lone surrogates; the standard library's takes them.
        return Program.model_validate(json.loads(text))


def encode_values(values: Mapping[str, Any], what: str) -> str:
    """JSON ``values`` as one line of ASCII text.

    Args:
        values: JSON values by name.
        what: What they are, for the message.

    Raises:
        StorageError: They hold a value that JSON has no form for.
    """
    try:
        return json.dumps(values, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise StorageError(f"{what} holds a value that is not JSON: {error}") from None
