"""Why programs fall into one cell of a behaviour space, axis by axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gigaevo.evolution.strategies.axes import BinningType
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.cvt_space import CVTBehaviorSpace
from gigaevo.evolution.strategies.unstructured_space import UnstructuredBehaviorSpace

NARROW = 0.5  # share of its bounds that values must span for bins alone to be at fault


def why_one_cell(space: BehaviorSpace, behaviors: Sequence[Mapping[str, float]]) -> str:
    """What keeps programs of these behaviours in one cell, and what would tell them apart.

    Args:
        space: The behaviour space.
        behaviors: Metrics of the programs; at least the behaviour keys, where they are known.
    """
    causes = [
        _cause(space, key, [metrics[key] for metrics in behaviors if key in metrics]) for key in space.behavior_keys
    ]
    known = [cause for cause in causes if cause]
    return "; ".join(known) if known else "programs are alike in its behaviour keys; other keys would tell them apart"


def _cause(space: BehaviorSpace, key: str, values: Sequence[float]) -> str:
    """What is to be said of one axis; empty where nothing is known of it."""
    if not values:
        return ""
    lower, upper = space.feature_bounds[key]
    least, most = min(values), max(values)
    seen = f"{key} is {least:g} for all" if least == most else f"{key} is {least:g} to {most:g}"
    if lower is not None and most < lower:
        return f"{seen}, below its bounds {_interval(lower, upper)}: lower them"
    if upper is not None and least > upper:
        return f"{seen}, above its bounds {_interval(lower, upper)}: raise them"
    if least == most:
        return f"{seen}: another key, or mutation that changes it, would tell programs apart"
    if lower is None or upper is None:
        return seen
    if most - least < NARROW * (upper - lower):
        other = "" if space.binning_types[key] is BinningType.QUANTILE else ", or another binning"
        within = f"{seen}, a small part of its bounds {_interval(lower, upper)}"
        return f"{within}: narrower bounds, {_finer(space, key)}{other}"
    return f"{seen}, within its bounds {_interval(lower, upper)}: {_finer(space, key)}"


def _finer(space: BehaviorSpace, key: str) -> str:
    """What would make cells smaller."""
    if isinstance(space, UnstructuredBehaviorSpace):
        return "a smaller min_distance"
    if isinstance(space, CVTBehaviorSpace):
        return f"more cells than {space.total_cells}"
    return f"more bins than {space.resolution[key]}"


def _interval(lower: float | None, upper: float | None) -> str:
    ends = ("none" if bound is None else f"{bound:g}" for bound in (lower, upper))
    return "[{}, {}]".format(*ends)
