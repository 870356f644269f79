"""Where work is done side by side."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from gigaevo.optimize.arguments import is_count
from gigaevo.optimize.search.fitness import NativeFitness

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager


def executor_for(work: Any, workers: int | None = None) -> Executor:
    """Processes if ``work`` can be pickled, else threads of this process.

    Threads gain only where ``work`` lets go of the interpreter, as numpy does in large operations.

    Args:
        work: What is to be done in parallel: a fitness function, or a strategy with one.
        workers: How many at a time, at least 1; None: one for each processor.

    Raises:
        ValueError: ``workers`` is below 1.
    """
    count = os.cpu_count() or 1 if workers is None else workers
    if not is_count(count):
        raise ValueError(f"workers is {workers!r}, expected a whole number from 1, or None")
    return ProcessPoolExecutor(count) if is_picklable(work) else ThreadPoolExecutor(count)


def fitness_executor(fitness: Any, *, parallel: bool, vectorized: bool) -> AbstractContextManager[Executor | None]:
    """Where chromosomes are evaluated one by one; None if not in parallel, or if ``fitness`` takes all at once.

    Args:
        fitness: The fitness function; a native one takes all at once.
        parallel: Whether it is to be called in parallel.
        vectorized: Whether it takes all chromosomes at once.
    """
    one_by_one = not vectorized and not isinstance(fitness, NativeFitness)
    return executor_for(fitness) if parallel and one_by_one else nullcontext()


def is_picklable(work: Any) -> bool:
    """Whether ``work`` can be sent to another process."""
    try:
        pickle.dumps(work)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
