"""The life of a program as a state machine."""

from __future__ import annotations

from enum import StrEnum


class ProgramState(StrEnum):
    """Where a program stands.

    FRESH: stored, not yet evaluated. RUNNING: its pipeline is at work (known in memory only).
    COMPLETED: its pipeline ended, well or badly. EVOLVING: an archive keeps it. DISCARDED: no archive does.
    """

    FRESH = "fresh"
    RUNNING = "running"
    COMPLETED = "completed"
    EVOLVING = "evolving"
    DISCARDED = "discarded"


LEGAL_TRANSITIONS: dict[ProgramState, frozenset[ProgramState]] = {
    ProgramState.FRESH: frozenset({ProgramState.RUNNING, ProgramState.DISCARDED}),
    ProgramState.RUNNING: frozenset({ProgramState.COMPLETED, ProgramState.FRESH, ProgramState.DISCARDED}),
    ProgramState.COMPLETED: frozenset({ProgramState.EVOLVING, ProgramState.DISCARDED}),
    # An elite goes back to FRESH where a refresh phase evaluates it anew.
    ProgramState.EVOLVING: frozenset({ProgramState.FRESH, ProgramState.DISCARDED}),
    ProgramState.DISCARDED: frozenset(),
}


class IllegalTransition(ValueError):
    """A program was asked to go where its state does not lead."""

    def __init__(self, program_id: str, current: ProgramState, target: ProgramState) -> None:
        legal = ", ".join(sorted(LEGAL_TRANSITIONS[current])) or "nothing"
        super().__init__(f"program {program_id} is {current}; it can become {legal}, not {target}")
