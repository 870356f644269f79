"""Choosing between the live view and plain lines."""

from __future__ import annotations

from gigaevo.observe.live import LiveView
from gigaevo.observe.plain import PlainLines

VIEWS = ("auto", "live", "plain")


def progress_view(view: str = "auto", *, interval_s: float = 2.0) -> LiveView | PlainLines:
    """The listener that shows progress to whoever started the run.

    Args:
        view: ``"live"``, ``"plain"``, or ``"auto"``: live where standard error is a terminal.
        interval_s: Least seconds between two status lines of the plain view.

    Raises:
        ValueError: ``view`` is none of them.
    """
    if view not in VIEWS:
        raise ValueError(f"view is {view!r}; it can be {', '.join(VIEWS)}")
    if view == "plain":
        return PlainLines(interval_s=interval_s)
    from rich.console import Console

    console = Console(stderr=True)
    if view == "auto" and (not console.is_terminal or console.is_dumb_terminal):
        return PlainLines(interval_s=interval_s)
    return LiveView(console=console)
