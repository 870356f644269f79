"""Freeze: a child whose explicit numbers are what its parent returned, improved by a numeric search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigaevo.evolution.mutation.base import Credit, Mutation, MutationContext, MutationOperator, NoChild, Task
from gigaevo.evolution.mutation.entry_file import PYTHON_ONLY, closed_to_python
from gigaevo.programs import Cost
from gigaevo.programs.evolve_blocks import has_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gigaevo.evolution.mutation.base import NumericSearch, OperatorContext
    from gigaevo.programs import Program

FIRST_STEP = 0.2
SMALLEST_STEP, LARGEST_STEP = 0.02, 0.6
AFTER_SUCCESS, AFTER_FAILURE = 0.9, 1.1  # a search that finds nothing looks farther next time
SPREAD = 0.75  # decades around the step from which a search draws its own


class FreezeMutation(MutationOperator):
    """Replaces a program by its output with better numbers.

    Every float of the output is a variable; structure, ints, bools and strings stay. The step, the size of the
    search's jumps, adapts: it grows while searches find nothing, so that they reach other basins, and shrinks when
    they succeed. A program with marked blocks is left alone, as nothing of it would remain, and so is one that is not
    Python.

    Args:
        search: Who searches; by default the run's, which ``bind`` brings.
        evaluations: Calls of ``validate`` one mutation may spend, at least 1.
        seconds: Wall-clock limit of one search, so that a slow ``validate`` does not tie it up for the whole run; None
            for none. Without effect in deterministic mode, where only counts may matter.

    Raises:
        ValueError: ``evaluations`` is less than 1, or ``seconds`` is not positive.
    """

    name = "freeze"
    writes_code = False
    languages = PYTHON_ONLY

    def __init__(
        self, *, search: NumericSearch | None = None, evaluations: int = 20_000, seconds: float | None = 5.0
    ) -> None:
        if evaluations < 1:
            raise ValueError(f"evaluations must be at least 1, not {evaluations}")
        if seconds is not None and not seconds > 0.0:
            raise ValueError(f"seconds must be positive or null, not {seconds:g}")
        self._seconds = seconds
        self.max_evaluations = evaluations
        self._search = search
        self._primary_key = "fitness"
        self._higher_is_better = True
        self._takes_context = False
        self._step = FIRST_STEP
        self._task = Task()

    def bind(self, context: OperatorContext) -> None:
        self._task = context.task
        self._search = self._search or context.search
        self._primary_key = context.metrics.primary_key
        self._higher_is_better = context.metrics.primary.higher_is_better
        self._takes_context = context.takes_context
        if context.deterministic:
            self._seconds = None

    def applies_to(self, parents: Sequence[Program]) -> bool:
        return self._search is not None and parents[0].output is not None and not self._closed(parents[0])

    def _closed(self, program: Program) -> str:
        """Why the entry file may not be replaced; empty where it may."""
        if has_blocks(program.source):
            return "only the marked blocks of the parent may change"
        return closed_to_python(program, self._task)

    def parameters(self) -> Mapping[str, Any]:
        return {"step": self._step}

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        """Search near the first parent's output."""
        if self._search is None:
            return NoChild(reason="the output of this problem's programs is not what their entrypoint returns")
        if reason := self._closed(parents[0]):
            return NoChild(reason=reason)
        output = parents[0].output
        if output is None:
            return NoChild(reason="the parent has no stored output")
        evaluations = min(context.evaluations, self.max_evaluations)
        if evaluations < 1:
            return NoChild(reason="no evaluations are left")
        centre = float(context.parameters.get("step", FIRST_STEP))
        request = {
            "evaluations": evaluations,
            "seed": int(context.rng.integers(2**32)),
            "step": min(centre * 10.0 ** float(context.rng.uniform(-SPREAD, SPREAD)), 1.0),
            "primary_key": self._primary_key,
            "higher_is_better": self._higher_is_better,
            "takes_context": self._takes_context,
            "seconds": self._seconds,
        }
        found = await self._search.search(output, request)
        cost = Cost(validate_calls=int(found["evaluations"]))
        source = found["source"]
        if source is None:
            return NoChild(reason=str(found["note"]), cost=cost)
        done = f"froze {found['variables']} numbers, {found['evaluations']} evaluations, {found['note']}"
        return Mutation(source=source, operator=self.name, description=done, cost=cost)

    def credit(self, credit: Credit) -> None:
        factor = AFTER_SUCCESS if credit.improved else AFTER_FAILURE
        self._step = min(max(self._step * factor, SMALLEST_STEP), LARGEST_STEP)

    def state(self) -> dict[str, Any]:
        return {"step": self._step}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._step = float(state["step"])
