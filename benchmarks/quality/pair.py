"""One problem on which the quality that ours reaches is compared with that of a peer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Two searches of as many evaluations each.

    Attributes:
        name: Problem, algorithm and peer, in a few words.
        ours: From a seed to the quality reached: the best fitness, or a hypervolume.
        peer: The same of the peer.
        maximize: Whether more is better.
    """

    name: str
    ours: Callable[[int], float]
    peer: Callable[[int], float]
    maximize: bool = False
