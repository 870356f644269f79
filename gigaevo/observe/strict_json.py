"""JSON that every parser reads: the standard has no NaN and no infinities."""

from __future__ import annotations

import json
import math
from typing import Any


def finite(value: Any) -> Any:
    """``value`` with None in the place of each number that is not finite. The database keeps them as they are."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def dumps(value: Any, *, indent: int | None = None) -> str:
    """``value`` as ASCII text without NaN and infinities; on one line unless ``indent`` is given."""
    separators = (",", ":") if indent is None else None
    return json.dumps(finite(value), indent=indent, separators=separators, allow_nan=False)
