"""What can go wrong with a run as a whole."""

from __future__ import annotations


class EngineError(RuntimeError):
    """The run cannot go on; the message says why and what would help."""
