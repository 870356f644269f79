"""Choosing between the live view and plain lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.observe.live import LiveView
from gigaevo.observe.plain import PlainLines
from gigaevo.observe.search_live import SearchLiveView
from gigaevo.observe.search_plain import SearchPlainLines

if TYPE_CHECKING:
    from rich.console import Console

VIEWS = ("auto", "live", "plain")


def progress_view(view: str = "auto", *, interval_s: float = 2.0) -> LiveView | PlainLines:
    """The listener that shows progress to whoever started the run.

    Args:
        view: ``"live"``, ``"plain"``, or ``"auto"``: live where standard error is a terminal.
        interval_s: Least seconds between two status lines of the plain view.

    Raises:
        ValueError: ``view`` is none of them.
    """
    console = _terminal(view)
    return PlainLines(interval_s=interval_s) if console is None else LiveView(console=console)


def search_view(view: str = "auto", *, interval_s: float = 2.0) -> SearchLiveView | SearchPlainLines:
    """The same of a search among numbers."""
    console = _terminal(view)
    return SearchPlainLines(interval_s=interval_s) if console is None else SearchLiveView(console=console)


def _terminal(view: str) -> Console | None:
    """Where to draw; None where there shall be lines."""
    if view not in VIEWS:
        raise ValueError(f"view is {view!r}; it can be {', '.join(VIEWS)}")
    if view == "plain":
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return None if view == "auto" and (not console.is_terminal or console.is_dumb_terminal) else console
