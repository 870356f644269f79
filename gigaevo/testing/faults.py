"""What can go wrong with an endpoint and with what a language model says, by name, and how often it shall."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["Fault", "evenly", "fault_rates"]


class Fault(StrEnum):
    """One way to misbehave. The first group breaks the protocol; the second keeps it and says something useless."""

    RATE_LIMIT = "rate_limit"  # 429 with Retry-After
    RATE_LIMIT_SILENT = "rate_limit_silent"  # 429 that does not say when to come back
    SERVER_ERROR = "server_error"  # 500
    RESET = "reset"  # the connection is reset where an answer was due
    SILENCE = "silence"  # no answer, and the connection stays open: the client's time-out has to end it
    HALF = "half"  # half of the answer's bytes, then the end of the connection
    INVALID_JSON = "invalid_json"  # 200, with a body that is not JSON

    EMPTY = "empty"  # no text
    HUGE = "huge"  # far more text than was allowed
    WRONG_LANGUAGE = "wrong_language"  # code of another language
    REFUSAL = "refusal"  # "I cannot help with that"
    PROSE = "prose"  # talk without code
    TRUNCATED = "truncated"  # code that breaks off, as ``max_tokens`` does it
    UNCHANGED = "unchanged"  # the program as it was
    SYNTAX_ERROR = "syntax_error"  # code that does not parse
    UNMATCHED = "unmatched"  # a SEARCH that is nowhere in the program; elsewhere a program without its function
    CRASHING = "crashing"  # a program that parses and raises when it is run
    TWO_BLOCKS = "two_blocks"  # an example of use in a code block of its own, and then the program


def fault_rates(rates: Mapping[str, float]) -> dict[Fault, float]:
    """Checked rates by fault.

    Args:
        rates: Share of the requests that meet each fault, by its name; together at most 1.

    Raises:
        ValueError: A name is unknown, a rate is no share, or the rates come to more than 1.
    """
    known = {fault.value for fault in Fault}
    for name, rate in rates.items():
        if name not in known:
            raise ValueError(f"no fault is called {name!r}; there are {', '.join(sorted(known))}")
        if not 0.0 <= rate <= 1.0:
            raise ValueError(f"the rate of {name} must lie between 0 and 1, not {rate}")
    if (total := sum(rates.values())) > 1.0 + 1e-9:
        raise ValueError(f"the rates of all faults come to {total:g}; they may come to 1 at most")
    return {Fault(name): rate for name, rate in rates.items()}


def evenly(rate: float) -> dict[Fault, float]:
    """Every fault, all of them together as often as ``rate`` says."""
    return dict.fromkeys(Fault, rate / len(Fault))
