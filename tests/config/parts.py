"""Classes that the configurations of these tests describe."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Space:
    """Something that parts share."""

    def __init__(self, *, size: int = 1) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1; found {size}")
        self.size = size


class Holder:
    """Keeps whatever it is given."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        self.args = args
        self.__dict__.update(keywords)


class Checked(BaseModel):
    """A pydantic model as a part."""

    rate: float


def double(value: int, *, plus: int = 0) -> int:
    """A function as a part."""
    return 2 * value + plus


def broken() -> None:
    """A part with a fault that is not about its arguments."""
    raise RuntimeError("broken inside")
