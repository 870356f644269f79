"""A proposal being carried out, as far as it has come."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from gigaevo.evolution.engine.ledger import OpenProposal
from gigaevo.evolution.engine.settlement import Skip
from gigaevo.evolution.mutation.base import MutationOperator
from gigaevo.programs import Program


@dataclass(slots=True)
class Job:
    """A proposal being carried out.

    Attributes:
        proposal: What was proposed.
        parents: Its parents.
        operator: Who makes the child; None where that operator is gone since the run was stopped.
        inspirations: Programs to learn from.
        child: The child, once it is submitted.
        barren: Whether it came to nothing in an earlier session, which was killed before it was settled.
        studied: Parents that were looked at more closely for it.
        previous: Set when the proposal before this one is known to have given a new program or not.
        registered: The same for this one.
        result: The evaluated child, or why there is none; None while it is not in.
        seconds: Wall-clock seconds that making and evaluating the child have taken, in the measure of the cores' pool.
    """

    proposal: OpenProposal
    parents: Sequence[Program]
    operator: MutationOperator | None
    inspirations: Sequence[Program] = ()
    child: Program | None = None
    barren: bool = False
    studied: list[Program] = field(default_factory=list)
    previous: asyncio.Event = field(default_factory=asyncio.Event)
    registered: asyncio.Event = field(default_factory=asyncio.Event)
    result: Program | Skip | None = None
    seconds: float = 0.0
