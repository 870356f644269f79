"""A walk beside the archive: it leads parents out of local optima, which an archive of elites alone never leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gigaevo.programs import Program

HEAT = 3.0  # how steeply patience grows within an epoch
SETTLED = 100  # programs without a better best after which half of the exploration is reached


@dataclass(frozen=True, slots=True)
class _Step:
    """A program on the walk, with the objective that its island gave it; larger is better."""

    program: Program
    objective: float


class PatientWalk:
    """Steepest ascent, mildest descent (Hansen and Jaumard, 1990), hot at first and then cold, in doubling epochs.

    The head of the walk is the parent of most children. A child that is at least as good becomes the head at once, so
    plateaus are crossed. Where a number of children in a row are worse, the best of these takes its place all the same;
    that number, the patience, grows within an epoch. An epoch ends at the best program, and the next is twice as long.
    While children keep improving, and on a smooth problem that is most of the time, the walk is a greedy climb.

    The archive is not touched: its cells hold the best they have seen. Head and heir need not be elites.
    ``benchmarks/bench_hill_climbing.py`` compares the defaults with greedy climbing.

    Args:
        patience: Worse children in a row that make the walk descend, at the beginning of an epoch; above 0.
        epoch: Programs in the first epoch, at least 1.
        tether: How far below the best the walk may descend, as a share of what was gained since the initial programs,
            in [0, 1]; beyond, it goes back to the best.
        exploration: Greatest share of parents that come from the elite selector, in [0, 1]. The share follows the
            number of programs without a better best: 0 while the search advances, half of it after 100.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self, *, patience: float = 4.0, epoch: int = 1500, tether: float = 0.03, exploration: float = 0.2
    ) -> None:
        if patience <= 0:
            raise ValueError(f"patient walk: patience must be above 0; found {patience}")
        if epoch < 1:
            raise ValueError(f"patient walk: epoch must be at least 1; found {epoch}")
        for name, share in (("tether", tether), ("exploration", exploration)):
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"patient walk: {name} must be in [0, 1]; found {share}")
        self._patience = patience
        self._tether = tether
        self._exploration = exploration
        self._epoch = epoch
        self._head: _Step | None = None
        self._heir: _Step | None = None
        self._best: _Step | None = None
        self._start = 0.0  # objective of the best initial program
        self._barren = self._stagnation = self._clock = 0

    @property
    def head(self) -> Program | None:
        """The parent of the next child; None before the first program."""
        return None if self._head is None else self._head.program

    @property
    def share_of_elites(self) -> float:
        """Probability with which the next parent is to come from the elite selector, in [0, 1]."""
        return self._exploration * self._stagnation / (self._stagnation + SETTLED)

    def could_use(self, objective: float) -> bool:
        """Whether a program of this objective, or a lesser one, might become a head: that of an initial program, one at
        least as good as the head, or near enough to the best that the walk would descend to it."""
        return self._best is None or objective >= self._best.objective - self._tether * (
            self._best.objective - self._start
        )

    def offered(self, program: Program, objective: float) -> None:
        """Learn of a program that was offered to the island, kept or not; again when the journal is replayed."""
        step = _Step(program, objective)
        self._clock += 1
        self._stagnation += 1
        if self._best is None or objective > self._best.objective:
            self._best, self._stagnation = step, 0
            if not program.parents:
                self._start = objective
        if self._head is None or objective >= self._head.objective:
            self._go_to(step)
        elif program.parents[:1] == [self._head.program.id]:
            self._endure(step, self._best)
        if self._clock >= self._epoch:
            self._clock, self._epoch = 0, 2 * self._epoch
            self._go_to(self._best)

    def state(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        steps = {"head": self._head, "heir": self._heir, "best": self._best}
        return {
            "steps": {name: [step.program.id, step.objective] for name, step in steps.items() if step is not None},
            "numbers": [self._start, self._barren, self._stagnation, self._clock, self._epoch],
        }

    def restore(self, state: Mapping[str, Any], programs: Mapping[str, Program]) -> None:
        """Go back to ``state()``; ``programs`` holds those of ``program_ids``."""
        steps = {name: _Step(programs[program_id], value) for name, (program_id, value) in state["steps"].items()}
        self._head, self._heir, self._best = (steps.get(name) for name in ("head", "heir", "best"))
        self._start, self._barren, self._stagnation, self._clock, self._epoch = state["numbers"]

    @property
    def program_ids(self) -> set[str]:
        """Ids of the programs that the walk remembers."""
        return {step.program.id for step in (self._head, self._heir, self._best) if step is not None}

    def _endure(self, step: _Step, best: _Step) -> None:
        """A child of the head is worse."""
        self._barren += 1
        if self._heir is None or step.objective > self._heir.objective:
            self._heir = step
        if self._barren >= self._patience * (1.0 + (HEAT * self._clock / self._epoch) ** 3):
            is_near = best.objective - self._heir.objective <= self._tether * (best.objective - self._start)
            self._go_to(self._heir if is_near else best)

    def _go_to(self, step: _Step) -> None:
        self._head, self._heir, self._barren = step, None, 0
