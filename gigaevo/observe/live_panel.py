"""A table that is drawn in place on a terminal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from gigaevo.observe.display import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType

REFRESH_PER_SECOND = 4


class LivePanel(ABC):
    """Draws its rows at most four times a second, however often they change. Text is shown literally, as markup it
    means nothing. Rows are asked for from the beginning: what they are made of is there before this constructor runs.

    Args:
        console: Where to draw; None for standard error.

    Attributes:
        console: Where it draws. Whatever else is printed there while the view is alive appears above it.
    """

    def __init__(self, *, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self.console = console if console is not None else Console(stderr=True)
        self._live = Live(
            get_renderable=self.render,
            console=self.console,
            refresh_per_second=REFRESH_PER_SECOND,
            transient=True,
        )

    def open(self, notes: Sequence[str]) -> None:
        """Print ``notes``, and begin to draw below them."""
        from rich.text import Text

        for note in notes:
            self.console.print(Text(one_line(note, width=400)))
        self._live.start()

    def close(self) -> None:
        """Give the terminal back. May be called twice."""
        self._live.stop()

    def write(self, message: str) -> None:
        """Print ``message`` above the view, literally. A sink for loguru, whose own would write across the view."""
        from rich.text import Text

        self.console.print(Text(printable(message.rstrip("\n"))))

    def render(self) -> RenderableType:
        """The view as it would be drawn now."""
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="ellipsis", no_wrap=True)
        for label, text in self._rows():
            table.add_row(label, Text(text))
        return table

    @abstractmethod
    def _rows(self) -> list[tuple[str, str]]:
        """Labels and values, as they are now."""
