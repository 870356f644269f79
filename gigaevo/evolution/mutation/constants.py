"""Changing the numbers of a program and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.evolution.mutation.base import (
    Credit,
    Mutation,
    MutationContext,
    MutationOperator,
    NoChild,
    OperatorContext,
    Task,
)
from gigaevo.evolution.mutation.entry_file import PYTHON_ONLY, closed_to_python
from gigaevo.evolution.mutation.families import Families
from gigaevo.evolution.mutation.literals import Literal, replace_literals
from gigaevo.evolution.mutation.tuning import (
    FAMILY,
    LEAST_FAMILY,
    draw_differential,
    draw_marked,
    free_literals,
    kept_in_range,
)
from gigaevo.programs import Metrics, Program
from gigaevo.programs.evolve_blocks import BlockError
from gigaevo.programs.syntax import SourceError, analyse

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ATTEMPTS = 10
_MAX_MAGNITUDE = 1e100
# Integers size loops and arrays: one mutation at most doubles one, and none grows past this by mutation.
_MAX_INTEGER = 1_000_000
_DIFFERENTIAL = 0.25  # of the mutations of marked constants, where programs are known that differ in them alone
_MARKED = 0.8  # probability that only marked constants change, where there are any


class ConstantsMutation(MutationOperator):
    """Perturbs, scales or resets numeric literals; comments and layout stay as they are.

    Most mutations add Gaussian noise to a few literals, a heavy-tailed number of them (Doerr et al., "Fast genetic
    algorithms", 2017), or to all floats at once, as an evolution strategy does. The length of the whole change is
    ``step`` relative to the literals' magnitude, whichever number of literals takes part. ``step`` follows
    Rechenberg's 1/5 rule (1973): it grows when a child improves on its parent and shrinks else, so that it stands
    still where one child in five improves.

    Constants with a marked range (``STEP = 0.3  # tune: 0.01 .. 1.0``, see ``ranges``) are what most mutations of a
    program that has any change: by steps relative to the ranges, and never beyond them. Where six programs or more are
    known that differ in them alone, one in four of these mutations is a step of differential evolution among them.

    Of a program with marked blocks only what lies in them is changed; one that is not Python is left alone.

    Args:
        step: Initial relative step.
        min_step: Smallest step the rule goes to.
        max_step: Largest step the rule goes to.
        adaptation: Logarithm of the factor by which one success enlarges the step; a failure takes a quarter of it.

    Raises:
        ValueError: ``min_step <= step <= max_step`` does not hold, or something is not positive.
    """

    name = "constants"
    writes_code = False
    observes = True
    languages = PYTHON_ONLY

    def __init__(
        self,
        *,
        step: float = 0.2,
        min_step: float = 1e-6,
        max_step: float = 1.0,
        adaptation: float = 0.2,
    ) -> None:
        if not 0.0 < min_step <= step <= max_step < math.inf:
            raise ValueError(
                f"step {step:g} must lie between min_step {min_step:g} and max_step {max_step:g}, all positive"
            )
        if not 0.0 < adaptation < math.inf:
            raise ValueError(f"adaptation must be positive; got {adaptation:g}")
        self._step = step
        self._initial_step = step
        self._min_step = min_step
        self._max_step = max_step
        self._adaptation = adaptation
        self._task = Task()
        self._metrics: Metrics | None = None
        self._deaf = False
        self._families = Families()

    def bind(self, context: OperatorContext) -> None:
        """Learn which files may change, and what is measured."""
        self._task = context.task
        self._metrics = context.metrics
        self._deaf = context.independent

    def observe(self, program: Program) -> None:
        """Remember where the marked constants of a valid program lie."""
        if self._deaf or self._metrics is None:
            return
        key = self._metrics.primary_key
        value = program.metrics.get(key, math.nan) if program.is_valid else math.nan
        self._families.hear(program, self._metrics.signed(key, value) if math.isfinite(value) else None)

    def applies_to(self, parents: Sequence[Program]) -> bool:
        """Whether the entry file is Python and may change."""
        return not closed_to_python(parents[0], self._task)

    def parameters(self) -> Mapping[str, Any]:
        """``step``: the relative step."""
        return {"step": self._step}

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        """A child with other numbers, or none where the parent has no numeric literal."""
        if reason := closed_to_python(parents[0], self._task):
            return NoChild(reason=reason)
        text = parents[0].source
        try:
            literals = free_literals(text)
            known = analyse(text).syntax_hash
        except (SourceError, BlockError) as error:
            return NoChild(reason=f"the parent cannot be read: {error}")
        if not literals:
            return NoChild(reason="the parent has no numeric literal that may change")
        step = float(context.parameters.get("step", self._initial_step))
        marked = [literal for literal in literals if literal.range is not None]
        relatives = self._families.best(text, marked, observed=context.observed, count=FAMILY) if marked else None
        for _ in range(_ATTEMPTS):
            if marked and context.rng.random() < _MARKED:
                changes, description = _draw_tuned(marked, relatives, step, context.rng)
            else:
                changes, description = _draw_any(literals, step, context.rng)
                changes = kept_in_range(changes) if marked else changes
            changes = {literal: value for literal, value in changes.items() if _differs(literal.value, value)}
            if not changes:
                continue
            child = replace_literals(text, changes)
            try:
                if analyse(child).syntax_hash != known:
                    return Mutation(source=child, operator=self.name, description=_describe(description, changes))
            except SourceError:
                continue
        return NoChild(reason="no draw changed the program")

    def credit(self, credit: Credit) -> None:
        """The 1/5 rule. What was never evaluated says nothing about the step."""
        if credit.outcome in ("duplicate", "none"):
            return
        change = self._adaptation if credit.improved else -self._adaptation / 4
        self._step = min(self._max_step, max(self._min_step, self._step * math.exp(change)))

    def state(self) -> dict[str, Any]:
        """The step."""
        return {"step": self._step}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the step back."""
        self._step = float(state["step"])


def _draw_tuned(
    marked: list[Literal], relatives: NDArray[np.float64] | None, step: float, rng: np.random.Generator
) -> tuple[dict[Literal, int | float], str]:
    """New values for marked constants: by a step of their own, or by differences of their ``relatives``."""
    if relatives is not None and len(relatives) >= LEAST_FAMILY and rng.random() < _DIFFERENTIAL:
        return draw_differential(marked, relatives, rng), "tune by differences"
    return draw_marked(marked, step * math.exp(rng.normal()), rng), "tune"


def _draw_any(literals: list[Literal], step: float, rng: np.random.Generator) -> tuple[dict[Literal, int | float], str]:
    """The same for literals of which no more is known than their values."""
    floats = [literal for literal in literals if isinstance(literal.value, float)]
    # The step itself is drawn around the adapted one: what suits one elite is too long for another.
    step *= math.exp(rng.normal())
    if len(floats) > 1 and rng.random() < 0.25:
        return dict(zip(floats, _perturb_floats(floats, floats, step, rng), strict=True)), "perturb all floats"
    chosen = _choose(literals, rng)
    mode = rng.choice(("perturb", "scale", "reset"), p=(0.7, 0.15, 0.15))
    if mode == "perturb":
        few = [literal for literal in chosen if isinstance(literal.value, float)]
        changes: dict[Literal, int | float] = dict(zip(few, _perturb_floats(few, floats, step, rng), strict=True))
        changes |= {lit: _step_integer(lit.value, rng) for lit in chosen if isinstance(lit.value, int)}
    elif mode == "scale":
        factor = math.exp(rng.normal(scale=0.7))
        changes = {lit: _typed(lit.value, _bounded(lit.value) * factor) for lit in chosen}
    else:
        changes = {lit: _reset(lit.value, literals, rng) for lit in chosen}
    return changes, str(mode)


def _choose(literals: list[Literal], rng: np.random.Generator) -> list[Literal]:
    """A heavy-tailed number of literals; floats are tuned more often than integers, and those more than indices."""
    count = min(len(literals), 1 + int(rng.pareto(1.5)))
    weights = np.array([_weight(literal) for literal in literals])
    picked = rng.choice(len(literals), size=count, replace=False, p=weights / weights.sum())
    return [literals[i] for i in sorted(picked.tolist())]


def _weight(literal: Literal) -> float:
    if isinstance(literal.value, float):
        return 1.0
    return 0.1 if literal.index else 0.4


def _perturb_floats(chosen: list[Literal], floats: list[Literal], step: float, rng: np.random.Generator) -> list[float]:
    """Gaussian noise, scaled by each literal's own magnitude or by that of the program's floats."""
    if not chosen:
        return []
    typical = median(abs(literal.value) for literal in floats) or 1.0
    own = rng.random() < 0.5
    noise = rng.normal(scale=step / math.sqrt(len(chosen)), size=len(chosen)).tolist()
    return [
        _bounded(lit.value + draw * ((abs(lit.value) or typical) if own else typical))
        for lit, draw in zip(chosen, noise, strict=True)
    ]


def _step_integer(value: int | float, rng: np.random.Generator) -> int:
    """One or two up or down, or, once in four, double or half."""
    value = int(value)
    if rng.random() < 0.25:
        return _typed_int(value, value * 2 if rng.random() < 0.5 else value // 2)
    return _typed_int(value, value + int(rng.choice((-2, -1, 1, 2), p=(0.15, 0.35, 0.35, 0.15))))


def _reset(value: int | float, literals: list[Literal], rng: np.random.Generator) -> int | float:
    """0, 1, -1, any value of the same magnitude, or another number of the program."""
    which = int(rng.integers(5))
    if which < 3:
        return _typed(value, (0, 1, -1)[which])
    if which == 3:
        return _typed(value, float(rng.uniform(-2.0, 2.0)) * (abs(_bounded(value)) or 1.0))
    return _typed(value, literals[int(rng.integers(len(literals)))].value)


def _typed(old: int | float, new: int | float) -> int | float:
    """``new`` as the type of ``old``, within bounds."""
    return _typed_int(old, round(_bounded(new))) if isinstance(old, int) else _bounded(new)


def _typed_int(old: int, new: int) -> int:
    """``new``, unless it grows too fast."""
    limit = max(abs(old), min(2 * abs(old) + 2, _MAX_INTEGER))
    return max(-limit, min(limit, new))


def _bounded(value: int | float) -> float:
    """A float that is far from overflow."""
    return float(max(-_MAX_MAGNITUDE, min(_MAX_MAGNITUDE, value)))


def _differs(old: int | float, new: int | float) -> bool:
    return repr(old) != repr(new)


def _describe(mode: str, changes: Mapping[Literal, int | float]) -> str:
    shown = [f"{_bounded(literal.value):.6g} → {_bounded(value):.6g}" for literal, value in list(changes.items())[:3]]
    more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
    return f"{mode}: {', '.join(shown)}{more}"
