"""A coarse island over everything, and finer ones over the regions where most programs fall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.island_config import IslandConfig
from gigaevo.evolution.strategies.multi_island import MapElitesMultiIsland
from gigaevo.programs import Program
from gigaevo.programs.metrics import NOVELTY_KEY


class HierarchicalMultiIsland(MapElitesMultiIsland):
    """The first island is the root. A cell of it that was offered many programs becomes an island of its own.

    Such a child has the root's parts and a finer grid over the bounds of that cell; the root's elites there move to it,
    and so does every later program that falls into the cell. Further given islands are children from the beginning:
    a program belongs to the first of them whose bounds it lies within.

    Args:
        island_configs: The root, then children if there are any.
        refine_after: Programs offered within one cell of the root after which it becomes an island.
        max_children: Children that may be made so.
        child_resolution: Bins of a child along each axis.
        child_max_size: Elites that such a child may hold; None means one per cell.
        settings: What else ``MapElitesMultiIsland`` takes.

    Raises:
        ValueError: A number is below its least.
    """

    def __init__(
        self,
        *,
        island_configs: Sequence[IslandConfig],
        refine_after: int = 100,
        max_children: int = 3,
        child_resolution: int = 5,
        child_max_size: int | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(island_configs=island_configs, **settings)
        for name, number, least in (
            ("refine_after", refine_after, 1),
            ("max_children", max_children, 0),
            ("child_resolution", child_resolution, 1),
        ):
            if number < least:
                raise ValueError(f"{name} must be at least {least}; found {number}")
        self.root = self.islands[island_configs[0].island_id]
        self._root_config = island_configs[0]
        self._refine_after = refine_after
        self._max_children = max_children
        self._child_resolution = child_resolution
        self._child_max_size = child_max_size
        self._offers: Counter[tuple[int, ...]] = Counter()  # programs that fell into each cell of the root
        self._refined: set[tuple[int, ...]] = set()

    def bind(self, context: StrategyContext) -> None:
        super().bind(context)
        space = self.root.behavior_space
        if space.learns or NOVELTY_KEY in space.behavior_keys:
            raise ValueError(
                f"island {self.root.id}: the root of a hierarchy needs a grid that stays as it is: give bounds, or "
                "declare them in metrics.yaml, and use neither QUANTILE nor dynamic bounds nor the key novelty"
            )
        self._diagnosis.expect_crowded_cells(self.root)

    def island_from(self, spec: Mapping[str, Any]) -> IslandConfig:
        """The child that ``spec`` describes: ``island_id``, the root's ``cell``, and its ``bounds`` by key."""
        self._refined.add(tuple(spec["cell"]))
        space = self.root.behavior_space
        fine = BehaviorSpace(
            feature_bounds={key: tuple(bounds) for key, bounds in spec["bounds"].items()},
            resolution=self._child_resolution,
            binning_types=space.binning_types,
        )
        return replace(
            self._root_config, island_id=spec["island_id"], behavior_space=fine, max_size=self._child_max_size
        )

    async def add(self, program: Program) -> bool:
        kept = await super().add(program)
        cell = self._root_cell(program)
        if cell is not None and self._is_crowded(cell):
            await self._refine(cell)
        return kept and self.holds(program.id)

    async def _choose(self, program: Program, able: list[Island]) -> Island | None:
        children = (island for island in able if island is not self.root)
        fitting = (child for child in children if not child.behavior_space.out_of_range(program.metrics))
        return next(fitting, self.root if self.root in able else None)

    def _note_offer(self, program: Program, island: Island | None, *, kept: bool, reason: str = "") -> None:
        super()._note_offer(program, island, kept=kept, reason=reason)
        cell = None if island is None else self._root_cell(program)
        if cell is not None:
            self._offers[cell] += 1

    def _root_cell(self, program: Program) -> tuple[int, ...] | None:
        if program.error is not None or self.root.missing_keys(program):
            return None
        return self.root.behavior_space.get_cell(program.metrics)

    def _is_crowded(self, cell: tuple[int, ...]) -> bool:
        has_room = len(self.created) < self._max_children and cell not in self._refined
        return has_room and self._offers[cell] >= self._refine_after

    async def _refine(self, cell: tuple[int, ...]) -> None:
        """Make an island of a cell, and move the root's elites there."""
        bounds = self.root.behavior_space.cell_bounds(cell)
        number = len(self.created) + 1
        child = self.create_island(
            {
                "island_id": f"{self.root.id}_{number}",
                "cell": list(cell),
                "bounds": {key: list(pair) for key, pair in bounds.items()},
            }
        )
        for elite in self.root.archive.occupants(cell):
            if await child.add(elite):
                arrival = child.drain_events()
                await self.root.remove(elite.id)
                for event in [*self.root.drain_events(), *arrival]:
                    self._record(event)

    def snapshot(self) -> dict[str, Any]:
        return {**super().snapshot(), "offers": [[list(cell), count] for cell, count in self._offers.items()]}

    def restore(self, state: Mapping[str, Any], programs: Mapping[str, Program]) -> None:
        super().restore(state, programs)
        self._offers = Counter({tuple(cell): count for cell, count in state["offers"]})
