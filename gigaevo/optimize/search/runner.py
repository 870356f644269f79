"""The loop of ``Optimizer.run``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.arguments import is_true
from gigaevo.optimize.search.fitness import FitnessError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gigaevo.optimize.search.fitness import Evaluator
    from gigaevo.optimize.search.optimizer import Optimizer
    from gigaevo.optimize.search.result import Result
    from gigaevo.optimize.search.stops import Stop

SAVE_EVERY = 60.0  # seconds between checkpoints


def search(
    optimizer: Optimizer,
    evaluate: Evaluator,
    stop: Stop,
    callback: Callable[[Any], object] | None,
    *,
    progress: bool,
    history: bool,
    checkpoint: Path | str | None,
) -> Result:
    """See ``Optimizer.run``."""
    watched = callback is not None or progress or history
    goal = stop.target
    target = np.inf if goal is None else optimizer.merit_of(goal)
    optimizer.begin()
    saved = time.monotonic()
    bar = _bar(optimizer, stop) if progress else None
    reason: str | None = None
    try:
        while reason is None:
            reason = stop.reason(optimizer) or optimizer.converged()
            if reason is not None:
                break
            generation = optimizer.generation
            alone = 1 if watched else stop.horizon(optimizer)
            optimizer.step(evaluate, stop.evaluations_left(optimizer), alone, target)
            if watched and optimizer.generation > generation:
                if history:
                    optimizer.record()
                if bar is not None:
                    bar.update(optimizer)
                if callback is not None and is_true(callback(optimizer)):
                    reason = "callback"
            if checkpoint is not None and time.monotonic() - saved > SAVE_EVERY:
                optimizer.save(checkpoint)
                saved = time.monotonic()
    except KeyboardInterrupt:
        reason = "interrupted"
    except FitnessError:
        optimizer.end()
        if checkpoint is not None:
            optimizer.save(checkpoint)
        raise
    finally:
        optimizer.end()
        if bar is not None:
            bar.update(optimizer)
            bar.close()
    if checkpoint is not None:
        optimizer.save(checkpoint)
    return optimizer.result(reason)


def _bar(optimizer: Optimizer, stop: Stop) -> Any:
    from gigaevo.optimize.search.progress import ProgressBar

    return ProgressBar(optimizer, stop)
