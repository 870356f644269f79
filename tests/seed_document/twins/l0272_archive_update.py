"""The update of the archive as the sketch has it, around a dictionary: what an island does, and slowly."""

from __future__ import annotations

from gigaevo.evolution.strategies.map_elites import ArchiveSelector, BehaviorSpace
from gigaevo.programs import Program

Cell = tuple[int, ...]


class DictArchive:
    """The best program of each cell."""

    def __init__(self) -> None:
        self.elites: dict[Cell, Program] = {}

    async def get_elite(self, cell: Cell) -> Program | None:
        """The elite of a cell; None where it is empty."""
        return self.elites.get(cell)

    async def set_elite(self, cell: Cell, program: Program) -> None:
        """Put a program into a cell, whoever sits there."""
        self.elites[cell] = program


class TextbookIsland:
    """An island without limits, parents or migrants."""

    def __init__(self, behavior_space: BehaviorSpace, selector: ArchiveSelector) -> None:
        self.behavior_space = behavior_space
        self.selector = selector
        self.archive = DictArchive()

    async def add(self, program: Program) -> bool:
        """Offer a program; whether it is kept."""
        # 1. Determine which cell this program belongs to
        cell = self.behavior_space.get_cell(program.metrics)

        # 2. Get current elite in that cell (if any)
        current_elite = await self.archive.get_elite(cell)

        # 3. Compare using ArchiveSelector
        if current_elite is None or self.selector.is_better(program, current_elite):
            # 4. Replace elite
            await self.archive.set_elite(cell, program)
            return True

        return False
