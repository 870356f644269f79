"""How a number within a range changes when it is mutated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.arguments import brief, is_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    # How far a gene may go: as far down as up, or (down, up) with down <= 0 <= up.
    Distance: TypeAlias = "float | tuple[float, float]"


class MutationKind(Enum):
    """The law of a ``MutationType``.

    Attributes:
        RANDOM: A new value, uniform over the whole range of alleles.
        RANGE: A new value, uniform within a distance of the present one, as far as the range of alleles goes.
        STEP: The present value plus or minus a step, held at the bounds of the range; a step that would lead nowhere
            goes the other way.
        DISCRETE: A new whole number, uniform over those in the range of alleles.
    """

    RANDOM = "random"
    RANGE = "range"
    STEP = "step"
    DISCRETE = "discrete"


@dataclass(frozen=True, repr=False)
class MutationType:
    """The law by which a gene changes, and how far at each scale of the search.

    Made by its class methods: ``MutationType.random()``, ``.range(0.5)``, ``.step(0.1)``, ``.discrete()``,
    ``.range_scaled([2.0, 0.5, 0.1])``, ``.step_scaled([1.0, 0.1])``. A distance may be a pair, such as (-0.5, 1.0).

    Attributes:
        kind: The law.
        scales: (down, up) of each scale, from wide to narrow; empty where the law knows no distance.

    Raises:
        ValueError: A law lacks its distances or has some that it does not know, or a distance is not as it must be.
    """

    kind: MutationKind
    scales: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if (self.kind in (MutationKind.RANGE, MutationKind.STEP)) != bool(self.scales):
            raise ValueError(
                f"{self.kind.value} has the scales {self.scales}, expected at least one, or none for a redraw"
            )

    def __repr__(self) -> str:
        shown = [repr(up) if up == -down else repr((down, up)) for down, up in self.scales]
        if len(shown) > 1:
            return f"MutationType.{self.kind.value}_scaled([{', '.join(shown)}])"
        return f"MutationType.{self.kind.value}({''.join(shown)})"

    @classmethod
    def random(cls) -> MutationType:
        """Uniform over the whole range of alleles."""
        return cls(MutationKind.RANDOM)

    @classmethod
    def discrete(cls) -> MutationType:
        """Uniform over the whole numbers in the range of alleles; makes the gene a whole number."""
        return cls(MutationKind.DISCRETE)

    @classmethod
    def range(cls, distance: Distance) -> MutationType:
        """Uniform within ``distance`` of the present value."""
        return cls(MutationKind.RANGE, (checked_distance("distance", distance),))

    @classmethod
    def step(cls, distance: Distance) -> MutationType:
        """Up or down by ``distance``."""
        return cls(MutationKind.STEP, (checked_distance("distance", distance),))

    @classmethod
    def range_scaled(cls, distances: Sequence[Distance]) -> MutationType:
        """``range`` by the first distance until the search is stale, then by the next."""
        return cls(MutationKind.RANGE, _checked_scales(distances))

    @classmethod
    def step_scaled(cls, distances: Sequence[Distance]) -> MutationType:
        """``step`` by the first distance until the search is stale, then by the next."""
        return cls(MutationKind.STEP, _checked_scales(distances))

    def distance(self, scale: int) -> tuple[float, float]:
        """(down, up) at ``scale``; one that has fewer scales stays at its last."""
        return self.scales[min(scale, len(self.scales) - 1)] if self.scales else (0.0, 0.0)

    def check_whole(self, name: str) -> None:
        """Raise ValueError unless a whole number stays one and can move at all."""
        for down, up in self.scales:
            if self.kind is MutationKind.STEP and not (down.is_integer() and up.is_integer()):
                raise ValueError(f"{name} has the step ({down}, {up}), expected whole numbers: so is the gene")
            if down > -1.0 and up < 1.0:
                raise ValueError(f"{name} has the distance ({down}, {up}), too short to reach another whole number")


def mutation_type_of(
    mutation_type: MutationType | None,
    mutation_range: Distance | None,
    scaled_ranges: Sequence[Distance] | None,
) -> MutationType:
    """The law that is told in one of three ways; of the last two scaled distances come before a single one.

    Args:
        mutation_type: The law itself.
        mutation_range: The ``allele_mutation_range`` of the strategy document: a distance drawn uniformly from it.
        scaled_ranges: Its ``allele_mutation_scaled_range``: a step to either edge of the present scale.

    Raises:
        ValueError: ``mutation_type`` is given beside one of the others, or a distance is not as it must be.
    """
    if mutation_type is not None:
        if mutation_range is not None or scaled_ranges is not None:
            raise ValueError("mutation_type is given beside a mutation range: expected one of the two")
        return mutation_type
    if scaled_ranges is not None:
        return MutationType.step_scaled(scaled_ranges)
    if mutation_range is not None:
        return MutationType.range(mutation_range)
    return MutationType.random()


def checked_distance(name: str, given: Distance) -> tuple[float, float]:
    """(down, up).

    Raises:
        ValueError: It is neither a number above 0 nor a pair down <= 0 <= up of which one is not 0.
    """
    shown: Any = given
    is_pair = isinstance(shown, (tuple, list)) or (isinstance(shown, np.ndarray) and shown.ndim > 0)
    ends = tuple(shown) if is_pair else (shown, shown)
    if len(ends) != 2 or not all(map(is_number, ends)):
        raise ValueError(f"{name} is {brief(given)}, expected a number or a pair (down, up)")
    down, up = float(ends[0]), float(ends[1])
    if not is_pair:
        down = -down
    if not (math.isfinite(down) and math.isfinite(up) and down <= 0.0 <= up and down < up):
        raise ValueError(f"{name} is {given!r}, expected a number above 0 or a pair down <= 0 <= up")
    return down, up


def _checked_scales(distances: Sequence[Distance]) -> tuple[tuple[float, float], ...]:
    try:
        scales = list(distances)
    except TypeError:
        raise ValueError(f"distances is {brief(distances)}, expected a list with one for each scale") from None
    if not scales:
        raise ValueError("distances is empty, expected one for each scale, from wide to narrow")
    return tuple(checked_distance(f"distances[{scale}]", given) for scale, given in enumerate(scales))
