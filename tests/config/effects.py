"""What a row of the table of keys says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Effect:
    """What changing a key makes visible.

    Attributes:
        value: The other value, as typed.
        seen: What is looked at.
        after: What is seen after the change, and not before.
        of: What is made of the arguments: ``built``, ``started``, ``swept``, ``printed``, ``ran`` or ``sandboxed``.
        base: Arguments that are there before and after.
        shared: All changes, ``<key>=<value>`` among them, where several keys are seen in one run.
    """

    value: str
    seen: Callable[[Any], Any]
    after: Any
    of: str = "built"
    base: str = "problem.name=toy_example"
    shared: str = ""
