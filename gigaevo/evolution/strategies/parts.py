"""What the replaceable parts of an island have in common: they may be bound to a run, and they draw from its seed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from loguru import logger

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.archive import ArchiveView, RowArray
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.kernels import ValueRanking
from gigaevo.programs import Program

FloatArray = npt.NDArray[np.float64]


UNBOUND_KEY = "fitness"  # the primary metric's usual name, taken where no run says what it is


class StrategyPart:
    """Base of selectors, removers and routers. A subclass need not call ``super().__init__()``.

    Attributes:
        role: Names the stream of random numbers that the part draws from.
    """

    role: ClassVar[str] = "part"
    _context: StrategyContext | None = None
    _unbound_random: RandomSource | None = None

    def bind(self, context: StrategyContext) -> None:
        """Take what is known of the run."""
        self._context = context

    @property
    def rng(self) -> np.random.Generator:
        """Generator of this part for the present proposal; a fixed seed's where the part is not bound to a run.

        Ask for it at each use: it is another one for each proposal.
        """
        if self._context is not None:
            return self._context.random.generator(self.role)
        if self._unbound_random is None:
            self._unbound_random = RandomSource(0)
        return self._unbound_random.generator(self.role)

    @property
    def metric_keys(self) -> tuple[str, ...]:
        """Metrics that a program must have for this part to work; defaults are among them once it is bound."""
        return ()


class PopulationPart(StrategyPart):
    """A part that is called with a list of programs, and may have a faster way over an archive that comes to the same.

    A user's subclass defines ``__call__`` and nothing else: where only the call is overridden, the inherited fast way
    is out of force.

    Attributes:
        fast_way: Name of the method ``(archive, number) -> rows``; it gives None where the call is to be used.
    """

    fast_way: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__call__" in cls.__dict__ and cls.fast_way not in cls.__dict__:
            setattr(cls, cls.fast_way, PopulationPart._use_the_call)

    def _use_the_call(self, archive: ArchiveView, number: int) -> None:
        return None


def bind_part(part: Any, context: StrategyContext) -> None:
    """Bind a part that wants it; a user's own class, or a plain function, may have no ``bind``."""
    bind = getattr(part, "bind", None)
    if bind is not None:
        bind(context)


def keys_of(part: Any) -> tuple[str, ...]:
    """``metric_keys`` of a part, none for a user's own class or function without."""
    return tuple(getattr(part, "metric_keys", ()))


def check_metric(context: StrategyContext, key: str, owner: str) -> None:
    """Make sure that somebody measures ``key``.

    Raises:
        ValueError: Nobody does.
    """
    known = context.metrics.specs
    if key in known:
        return
    near = difflib.get_close_matches(key, known, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    raise ValueError(f"{owner}: nobody measures {key!r}; declare it in metrics.yaml ({advice})")


def resolve_direction(context: StrategyContext, key: str, given: bool | None, owner: str) -> bool:
    """Whether larger values of ``key`` are better: as given, else as the problem declares it."""
    declared = context.metrics.higher_is_better(key)
    if given is None:
        return declared
    if given != declared:
        logger.warning("{}: takes higher_is_better={} for {!r}; metrics.yaml says {}", owner, given, key, declared)
    return given


class FitnessPart(StrategyPart):
    """A part that orders programs by one metric.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
    """

    _fitness_key: str | None = None
    _higher_is_better: bool | None = None

    def __init__(self, *, fitness_key: str | None = None, fitness_key_higher_is_better: bool | None = None) -> None:
        self._fitness_key = fitness_key
        self._higher_is_better = fitness_key_higher_is_better

    def bind(self, context: StrategyContext) -> None:
        """Fill in key and direction where they were left out.

        Raises:
            ValueError: Nobody measures the metric.
        """
        super().bind(context)
        owner = type(self).__name__
        key = self._fitness_key if self._fitness_key is not None else context.metrics.primary_key
        check_metric(context, key, owner)
        self._higher_is_better = resolve_direction(context, key, self._higher_is_better, owner)
        self._fitness_key = key

    @property
    def fitness_key(self) -> str:
        """Name of the metric; where none was given and the part is not bound to a run, ``fitness``."""
        return UNBOUND_KEY if self._fitness_key is None else self._fitness_key

    @property
    def higher_is_better(self) -> bool:
        """Direction of the metric."""
        return self._higher_is_better is not False

    @property
    def metric_keys(self) -> tuple[str, ...]:
        return () if self._fitness_key is None else (self._fitness_key,)

    def fitness_of(self, programs: Iterable[Program]) -> FloatArray:
        """The metric of each program, shape (n,), in its own sign."""
        key = self.fitness_key
        return np.array([program.metrics[key] for program in programs], dtype=np.float64)

    def signed(self, values: FloatArray) -> FloatArray:
        """Values of the metric, turned so that larger is better."""
        return values if self.higher_is_better else -values

    def worst_rows(self, ranking: ValueRanking, count: int) -> RowArray:
        """The ``count`` worst rows of a ranking of the metric, the worst first, of equals the lower row first."""
        return ranking.smallest(count) if self.higher_is_better else _largest(ranking, count)

    def best_rows(self, ranking: ValueRanking, count: int) -> RowArray:
        """The ``count`` best rows of a ranking of the metric, the best first, of equals the lower row first."""
        return _largest(ranking, count) if self.higher_is_better else ranking.smallest(count)


def _largest(ranking: ValueRanking, count: int) -> RowArray:
    """The rows of the ``count`` largest values, the largest first, of equals the lower row first."""
    rows = ranking.largest(count)  # of equals the higher row first
    if not len(rows):
        return rows
    least = ranking.values[rows[-1]]
    above = len(ranking) - ranking.count_at_most(least)
    first = ranking.count_below(least)
    rows[above:] = ranking.rows_at(np.arange(first, first + len(rows) - above))
    return rows[np.lexsort((rows, -ranking.values[rows]))]
