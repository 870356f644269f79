"""Who was on which island at the end of a run: as its journal tells it, and as the run itself knew it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from gigaevo.programs import Program
from gigaevo.storage.sqlite import SqliteProgramStorage

Cell = tuple[int, ...]
Islands = dict[str, dict[str, Cell]]  # by island, the cell of each elite by its id

_T = TypeVar("_T")


def _asked(folder: Path, question: Callable[[SqliteProgramStorage], Awaitable[_T]]) -> _T:
    async def ask() -> _T:
        storage = SqliteProgramStorage(path=folder / "run.db")
        await storage.open()
        try:
            return await question(storage)
        finally:
            await storage.close()

    return asyncio.run(ask())


def stored_programs(folder: Path) -> list[Program]:
    """All programs of a run."""

    async def read(storage: SqliteProgramStorage) -> list[Program]:
        return [program async for program in storage.programs()]

    return _asked(folder, read)


def islands_by_journal(folder: Path) -> Islands:
    """Islands and elites by the journal alone, from its first entry, with no snapshot.

    An island that is empty and was not made at run time is left out. Every event has to fit what is there: one program
    to a cell, and nobody leaves a place that is not his. Behaviour spaces that learn are beyond it.
    """

    async def replay(storage: SqliteProgramStorage) -> Islands:
        islands: Islands = {}
        async for entry in storage.journal():
            for event in entry.payload.get("events", ()):
                island = islands.setdefault(event.get("island_id", ""), {})
                place = tuple(event.get("cell", ()))
                if event["action"] == "insert":
                    assert [elite for elite, cell in island.items() if cell == place] == [
                        elite for elite in [event.get("displaced")] if elite is not None
                    ]
                    island.pop(event.get("displaced"), None)
                    island[event["program_id"]] = place
                elif event["action"] == "remove":
                    assert island.pop(event["program_id"]) == place
                elif event["action"] == "reset":
                    assert not island
        islands.pop("", None)  # what concerns no island
        return islands

    return _asked(folder, replay)


def islands_at_the_end(folder: Path) -> Islands:
    """Islands and elites as the run knew them when it ended, from the snapshot that it took then."""

    async def read(storage: SqliteProgramStorage) -> Islands:
        snapshot = await storage.latest_snapshot()
        assert snapshot is not None
        islands = snapshot[1]["strategy"]["islands"]
        return {name: {elite[0]: tuple(elite[1]) for elite in state["elites"]} for name, state in islands.items()}

    return _asked(folder, read)
