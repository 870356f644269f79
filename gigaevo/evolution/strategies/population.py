"""The elites of an island with the rules by which they hold their cells."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gigaevo.evolution.strategies.archive import Cell, ProgramArchive
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.competition import Competition, Decision, competition_for
from gigaevo.kernels import ValueRanking
from gigaevo.programs import Metrics, Program
from gigaevo.programs.metrics import NOVELTY_KEY

NOVELTY_NEIGHBORS = 5  # elites that a program's novelty is measured by


class Population:
    """A behaviour space, the archive of its cells, and the competition for them. It knows no limit of size.

    Args:
        space: Tells programs apart.
        selector: Decides who holds a cell.
        columns: Gives the metrics that the archive is to keep as numbers beside the space's own; asked for once, when
            the archive is first needed.
    """

    def __init__(self, space: BehaviorSpace, selector: Any, *, columns: Callable[[], Iterable[str]]) -> None:
        self.space = space
        self._selector = selector
        self._competition: Competition = competition_for(selector)
        self.depth = self._competition.depth
        self._novelty_is_given = False
        self._columns = columns
        self._primary: tuple[str, float] | None = None
        self._archive: ProgramArchive | None = None

    def bind(self, metrics: Metrics) -> None:
        """Learn the primary metric, the objective where the selector gives none, and whether the problem measures a
        ``novelty`` of its own."""
        key = metrics.primary_key
        self._primary = (key, 1.0 if metrics.higher_is_better(key) else -1.0)
        self._novelty_is_given = NOVELTY_KEY in metrics.declared

    @property
    def archive(self) -> ProgramArchive:
        """The elites; made when first needed, since the space may get axes and bounds when it is bound."""
        if self._archive is None:
            keys = [*self.space.behavior_keys, *self._columns()]
            if self._primary is not None:
                keys.append(self._primary[0])
            self._archive = ProgramArchive(self.space.shape, keys, depth=self.depth, scales=self.space.scales)
        return self._archive

    @property
    def measures_novelty(self) -> bool:
        """Whether novelty is one of the axes, and to be told by this archive."""
        return NOVELTY_KEY in self.space.behavior_keys and not self._novelty_is_given

    def missing_keys(self, program: Program) -> list[str]:
        """Metrics that are needed here and that the program lacks."""
        return [key for key in self._needed if key not in program.metrics]

    @property
    def _needed(self) -> list[str]:
        """Metrics that a program must bring along."""
        return [key for key in self.archive.columns if not (key == NOVELTY_KEY and self.measures_novelty)]

    def reason_to_refuse(self, program: Program) -> str | None:
        """Why a program cannot even compete; None where it can."""
        if program.error is not None:
            return "invalid"
        missing = self.missing_keys(program)
        if missing:
            return f"missing metric: {', '.join(missing)}"
        for key in self._needed:
            if not math.isfinite(program.metrics[key]):
                return f"not finite: {key}"
        return None

    def objective(self, program: Program) -> float:
        """What the archive keeps as a program's objective, larger is better; only a scalar selector compares by it."""
        objective = self._competition.objective(program)
        if objective is not None:
            return objective
        if self._primary is None:
            return 0.0
        key, sign = self._primary
        return sign * program.metrics[key]

    def primary_ranking(self) -> ValueRanking:
        """Order statistics over the primary metric; over the objective where that is not known."""
        return self.archive.objective_ranking() if self._primary is None else self.archive.ranking(self._primary[0])

    def novelty(self, program: Program) -> float:
        """Mean distance to the nearest elites in units of the axes, as a share of the space's diagonal, in [0, 1]."""
        keys = [key for key in self.space.behavior_keys if key != NOVELTY_KEY]
        if not len(self.archive):
            return 1.0
        index = self.archive.neighbors(keys, NOVELTY_NEIGHBORS)
        distance = float(index.novelty_of(self.archive.point(program.metrics, keys))[0])
        return min(1.0, distance / math.sqrt(len(keys)))

    # A program of which only so much is known

    def best_objective(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> float | None:
        """The largest objective that such a program can have; None where there is no telling."""
        return self._competition.best_objective(metrics, bounds)

    def may_beat_an_elite(self, objective: float, metrics: Mapping[str, float]) -> bool | None:
        """Whether a program of this objective, or a lesser one, might take the cell of an elite; None where it might
        belong into a cell that is empty."""
        archive = self.archive
        cell = self._certain_cell(metrics)
        holder = None if cell is None else archive.objective_at(cell)
        if holder is not None:
            return objective > holder
        if cell is not None or not len(archive):
            return None
        if objective > archive.objective_ranking().minimum:
            return True
        return None if archive.coverage < 1.0 else False

    def _certain_cell(self, metrics: Mapping[str, float]) -> Cell | None:
        """The cell of a program of which these metrics are known; None where others, other elites or edges that move
        have a say."""
        space = self.space
        by_grid = type(space).locate is BehaviorSpace.locate and not space.learns and not self.measures_novelty
        if not by_grid or not all(math.isfinite(metrics.get(key, math.nan)) for key in space.behavior_keys):
            return None
        return tuple(space.get_cell(metrics))

    # Coming and going

    def decide(self, cell: Cell, program: Program) -> Decision:
        """What becomes of a program that belongs into ``cell``."""
        return self._competition.decide(self.archive, cell, program)

    def put(self, cell: Cell, objective: float, program: Program, *, over: str | None = None) -> None:
        """Put a program into its cell, in the place of ``over`` where that is given."""
        archive = self.archive
        loser = None if over is None else archive.get(over)
        archive.put(cell, objective, program, over=over)
        if loser is not None:
            self._competition.left(archive, cell, loser)

    def take_out(self, program_id: str) -> Cell:
        """Take an elite out of its cell; returns that cell."""
        program = self.archive.get(program_id)
        assert program is not None
        cell = self.archive.remove(program_id)
        self._competition.left(self.archive, cell, program)
        return cell

    def turned_away(self, cell: Cell, program: Program, refusal: str) -> None:
        """``program`` was not taken into ``cell``."""
        self._competition.turned_away(cell, program, refusal)

    def has_room(self, cell: Cell, *, over: str | None) -> bool:
        """Whether ``over`` holds a place of ``cell``, or where that is None a place is free."""
        holders = {holder.id for holder in self.archive.occupants(cell)}
        return over in holders if over is not None else len(holders) < self.depth

    # Edges that move

    def cells_by(self, edges: Mapping[str, Any]) -> dict[str, Cell]:
        """Who would sit where by other edges, by id; of those that collide the competition keeps the better, and who
        would lose its place is not named. Changes nothing."""
        space = copy.deepcopy(self.space)
        space.adopt(edges)
        competition = competition_for(self._selector)
        trial = ProgramArchive(space.shape, space.behavior_keys, depth=self.depth, scales=space.scales)
        cells: dict[str, Cell] = {}
        for program in self.archive.programs():
            cell = tuple(space.locate(program.metrics, trial))
            decision = competition.decide(trial, cell, program)
            if decision.refusal is not None:
                continue
            for loser in decision.leaving:
                trial.remove(loser.id)
                del cells[loser.id]
            trial.put(cell, self.objective(program), program)
            cells[program.id] = cell
        return cells

    def move_edges(self, edges: Mapping[str, Any], cells: Sequence[Cell]) -> None:
        """Adopt other edges, by which the elites sit in ``cells``, one for each row."""
        self.space.adopt(edges)
        self._competition.forget()
        self._archive = self.archive.rebinned(self.space.shape, cells)

    # Going on with a stored run

    def state(self) -> dict[str, Any]:
        """Elites in row order with their cells, and everything that is learned, as JSON values."""
        return {
            "elites": [
                [program.id, list(cell), times, program.metrics[NOVELTY_KEY] if self.measures_novelty else None]
                for (cell, program), times in zip(self.archive, self.archive.selections.tolist(), strict=True)
            ],
            "space": self.space.state(),
            "competition": self._competition.state(),
        }

    def restore(self, state: Mapping[str, Any], programs: Mapping[str, Program]) -> None:
        """Go back to ``state()``."""
        self.space.restore(state["space"])
        self._archive = None
        for program_id, cell, times, novelty in state["elites"]:
            program = programs[program_id]
            if novelty is not None:
                program.metrics[NOVELTY_KEY] = novelty
            self.archive.put(cell, self.objective(program), program)
            self.archive.note_selected(program_id, times)
        self._competition.restore(state["competition"])
