"""Every block of the strategies document, where it stands there, and what runs it here.

``blocks/`` holds each one to the letter: Python as text, so that nothing formats it. ``twins/`` holds what runs in the
place of pseudo-code: the same thing, said to the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

HERE = Path(__file__).parent


class Kind(Enum):
    """What a block is, and so how it is run."""

    PYTHON = "txt"  # runs to the letter, among the names of the prelude
    YAML = "yaml"  # runs to the letter, as a file of the user's
    OVERRIDE = "yml"  # settings of one part, which are given to it to the letter
    COMMAND = "sh"  # what a user types
    PSEUDO = "pseudo"  # runs as its twin


@dataclass(frozen=True, slots=True)
class Block:
    """One block.

    Attributes:
        first: Its first line in the document.
        last: Its last.
        kind: How it is run.
        name: What it shows.
        twin: Suffix of its twin; empty for what runs itself.
    """

    first: int
    last: int
    kind: Kind
    name: str
    twin: str = ""

    @property
    def label(self) -> str:
        """Name of its files."""
        return f"l{self.first:04}_{self.name}"

    @property
    def path(self) -> Path:
        """The block to the letter."""
        return HERE / "blocks" / f"{self.label}.{self.kind.value}"

    @property
    def text(self) -> str:
        """What is printed."""
        return self.path.read_text(encoding="utf-8")

    @property
    def twin_path(self) -> Path:
        """What runs in its place."""
        return HERE / "twins" / f"{self.label}.{self.twin}"


BLOCKS = (
    Block(23, 33, Kind.COMMAND, "quick_start"),
    Block(80, 93, Kind.PYTHON, "behavior_space"),
    Block(136, 144, Kind.PSEUDO, "island", "py"),
    Block(250, 266, Kind.PSEUDO, "get_cell", "py"),
    Block(272, 285, Kind.PSEUDO, "archive_update", "py"),
    Block(293, 316, Kind.PYTHON, "two_islands"),
    Block(322, 332, Kind.PSEUDO, "mutant_router", "py"),
    Block(345, 366, Kind.PSEUDO, "perform_migration", "py"),
    Block(386, 438, Kind.YAML, "single_island"),
    Block(444, 489, Kind.YAML, "multi_island"),
    Block(495, 498, Kind.PSEUDO, "binning_type", "py"),
    Block(515, 519, Kind.PYTHON, "sum_archive_selector"),
    Block(521, 524, Kind.PSEUDO, "weighted_sums", "py"),
    Block(530, 537, Kind.PYTHON, "pareto_archive_selector"),
    Block(547, 548, Kind.PYTHON, "random_elite_selector"),
    Block(556, 561, Kind.PYTHON, "fitness_proportional_elite_selector"),
    Block(569, 577, Kind.PYTHON, "scalar_tournament_elite_selector"),
    Block(589, 593, Kind.PYTHON, "top_fitness_migrant_selector"),
    Block(599, 600, Kind.PYTHON, "random_migrant_selector"),
    Block(610, 614, Kind.PYTHON, "fitness_archive_remover"),
    Block(620, 621, Kind.PYTHON, "age_archive_remover"),
    Block(627, 630, Kind.PYTHON, "diversity_archive_remover"),
    Block(677, 678, Kind.OVERRIDE, "conservative_migration"),
    Block(686, 687, Kind.OVERRIDE, "aggressive_migration"),
    Block(695, 699, Kind.PSEUDO, "adaptive_migration", "py"),
    Block(705, 755, Kind.PYTHON, "custom_archive_selector"),
    Block(759, 795, Kind.PYTHON, "custom_elite_selector"),
    Block(799, 840, Kind.PYTHON, "custom_mutant_router"),
    Block(848, 863, Kind.PSEUDO, "adaptive_multi_island", "py"),
    Block(879, 891, Kind.PSEUDO, "co_evolution", "py"),
    Block(897, 908, Kind.PSEUDO, "meta_evolution", "py"),
    Block(926, 935, Kind.PYTHON, "why_nothing_is_accepted"),
    Block(949, 956, Kind.PSEUDO, "finer_cells", "yaml"),
    Block(971, 973, Kind.OVERRIDE, "migration_on"),
    Block(974, 980, Kind.PYTHON, "why_nothing_migrates"),
    Block(994, 997, Kind.PSEUDO, "limited_island", "yaml"),
    Block(1011, 1012, Kind.PYTHON, "less_greedy"),
    Block(1014, 1018, Kind.PSEUDO, "wider_behavior_space", "py"),
    Block(1026, 1041, Kind.PYTHON, "plot"),
    Block(1045, 1057, Kind.PYTHON, "metrics"),
    Block(1061, 1063, Kind.PSEUDO, "migration_log", "py"),
)

_BY_LINE = {block.first: block for block in BLOCKS}


def block(first: int) -> Block:
    """The block that begins at a line of the document."""
    return _BY_LINE[first]
