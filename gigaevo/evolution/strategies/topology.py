"""Topologies: which islands the migrants of an island may go to."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np


class Topology(ABC):
    """The roads between islands. Islands are named in the order in which the strategy holds them."""

    def check(self, islands: Sequence[str]) -> None:
        """Make sure that the topology fits the islands that a run begins with.

        Raises:
            ValueError: It names an island that does not exist.
        """

    @abstractmethod
    def destinations(self, source: str, islands: Sequence[str], rng: np.random.Generator) -> list[str]:
        """Islands that ``source`` may send to; never ``source`` itself.

        Args:
            source: Id of the sending island.
            islands: Ids of all islands at the moment, ``source`` among them.
            rng: Generator of the present migration.
        """


class FullyConnectedTopology(Topology):
    """Each island sends to all others."""

    def destinations(self, source: str, islands: Sequence[str], rng: np.random.Generator) -> list[str]:
        return [island for island in islands if island != source]


class RingTopology(Topology):
    """Each island sends to the one after it, and the last to the first."""

    def destinations(self, source: str, islands: Sequence[str], rng: np.random.Generator) -> list[str]:
        after = islands[(islands.index(source) + 1) % len(islands)]
        return [after] if after != source else []


class RandomTopology(Topology):
    """Each island sends to some others, drawn anew at each migration.

    Args:
        degree: How many others, at least 1; all of them where there are fewer.
    """

    def __init__(self, degree: int = 1) -> None:
        if degree < 1:
            raise ValueError(f"RandomTopology: degree must be at least 1; found {degree}")
        self.degree = degree

    def destinations(self, source: str, islands: Sequence[str], rng: np.random.Generator) -> list[str]:
        others = [island for island in islands if island != source]
        drawn = rng.permutation(len(others))[: self.degree]
        return [others[index] for index in sorted(drawn)]


class EdgeListTopology(Topology):
    """Each island sends along the edges that are written down.

    An island that is made during the run has no edges.

    Args:
        edges: Pairs ``[from, to]`` of island ids; a two-way road is two pairs.

    Raises:
        ValueError: No edge, something else than a pair, an edge from an island to itself, or the same edge twice.
    """

    def __init__(self, edges: Sequence[Sequence[str]]) -> None:
        if isinstance(edges, str) or not edges:
            raise ValueError(f"EdgeListTopology: edges must be a list of pairs [from, to]; found {edges!r}")
        self.edges: list[tuple[str, str]] = []
        for edge in edges:
            if isinstance(edge, str) or len(edge) != 2:
                raise ValueError(f"EdgeListTopology: an edge is a pair [from, to]; found {edge!r}")
            source, target = edge
            if source == target:
                raise ValueError(f"EdgeListTopology: the edge [{source}, {target}] leads from an island to itself")
            if (source, target) in self.edges:
                raise ValueError(f"EdgeListTopology: the edge [{source}, {target}] is there twice")
            self.edges.append((source, target))

    def check(self, islands: Sequence[str]) -> None:
        for name in (name for edge in self.edges for name in edge):
            if name not in islands:
                near = difflib.get_close_matches(name, islands, n=1)
                advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(islands)}"
                raise ValueError(f"EdgeListTopology: an edge names island {name!r}, which does not exist ({advice})")

    def destinations(self, source: str, islands: Sequence[str], rng: np.random.Generator) -> list[str]:
        return [end for start, end in self.edges if start == source and end in islands]


_BY_NAME: dict[str, Callable[[], Topology]] = {
    "fully_connected": FullyConnectedTopology,
    "ring": RingTopology,
    "random": RandomTopology,
}


def topology_of(value: Topology | str | None) -> Topology:
    """The topology that ``value`` names; one that is given as an object, as it is; fully connected for None.

    Raises:
        ValueError: No topology has that name.
    """
    if value is None:
        return FullyConnectedTopology()
    if not isinstance(value, str):
        return value
    if value not in _BY_NAME:
        names = ", ".join(_BY_NAME)
        raise ValueError(f"topology: {value!r} is none of {names}; for a list of edges give an EdgeListTopology")
    return _BY_NAME[value]()
