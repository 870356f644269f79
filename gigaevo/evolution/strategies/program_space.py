"""The default behaviour space: what a program is like, not how good it is."""

from __future__ import annotations

from gigaevo.evolution.strategies.axes import Axis, BinningType
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace

# What small and very large programs measure; beyond it programs share the outermost bins.
SIZE_BOUNDS = (10.0, 5000.0)
PATHS_BOUNDS = (1.0, 32.0)


class ProgramBehaviorSpace(BehaviorSpace):
    """Size, number of paths, and the metrics that the problem names as behaviour.

    The first axis is ``complexity_score`` (logarithmic), the second ``cyclomatic_complexity`` (square root), then comes
    one linear axis for each of the problem's behaviour keys, known once it is bound: between declared bounds, or over
    the observed range where none are declared.

    Args:
        size_resolution: Bins of size.
        paths_resolution: Bins of the number of independent paths.
        metric_resolution: Bins of each metric that the problem names.
    """

    def __init__(self, *, size_resolution: int = 12, paths_resolution: int = 6, metric_resolution: int = 10) -> None:
        super().__init__(
            feature_bounds={"complexity_score": SIZE_BOUNDS, "cyclomatic_complexity": PATHS_BOUNDS},
            resolution=[size_resolution, paths_resolution],
            binning_types=[BinningType.LOGARITHMIC, BinningType.SQUARE_ROOT],
        )
        self._metric_resolution = metric_resolution

    def bind(self, context: StrategyContext) -> None:
        """Add an axis for each of the problem's behaviour keys.

        Raises:
            ValueError: One of them is not measured.
        """
        named = [key for key in context.behavior_keys if key not in self.behavior_keys]
        if named:
            self._set_axes([*self._axes, *(Axis(key=key, resolution=self._metric_resolution) for key in named)])
        super().bind(context)
