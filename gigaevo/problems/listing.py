"""What problems there are in a folder of problem folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gigaevo.problems import problem as layout
from gigaevo.problems.numeric_problem import is_numeric

_FILES = (layout.TASK_FILE, layout.METRICS_FILE, layout.VALIDATE_FILE)
_NUMERIC_FILES = (layout.TASK_FILE, layout.METRICS_FILE, layout.GENOTYPE_FILE, layout.FITNESS_FILE)
_SUMMARY_BYTES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemListing:
    """One line of a list of problems.

    Attributes:
        name: The folder's name: what ``problem.name`` takes.
        folder: The folder.
        summary: First line of the task description; empty when there is none.
        missing: Parts that every problem has and this folder lacks; empty for a folder that looks whole.
    """

    name: str
    folder: Path
    summary: str
    missing: tuple[str, ...]


def list_problems(root: Path) -> list[ProblemListing]:
    """The problem folders in ``root``, sorted by name. Cheap: only first lines are read. Never raises.

    A folder counts as one when it has at least one of the parts of a problem; only their presence is checked.
    """
    try:
        folders = sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] not in "._")
    except OSError:
        return []
    listings = ((_listing(folder), len(_parts_of(folder))) for folder in folders)
    return [listing for listing, parts in listings if len(listing.missing) < parts]


def _parts_of(folder: Path) -> tuple[str, ...]:
    return _NUMERIC_FILES if is_numeric(folder) else _FILES


def _listing(folder: Path) -> ProblemListing:
    missing = [name for name in _parts_of(folder) if not (folder / name).is_file()]
    return ProblemListing(
        name=folder.name,
        folder=folder,
        summary=_first_line(folder / layout.TASK_FILE),
        missing=tuple(missing),
    )


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(_SUMMARY_BYTES)
    except OSError:
        return ""
    lines = start.decode("utf-8-sig", errors="replace").strip().splitlines()
    return lines[0].strip() if lines else ""
