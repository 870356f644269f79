"""Topologies: roads lead to other islands, and every island can be reached."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.evolution.strategies.topology import (
    EdgeListTopology,
    FullyConnectedTopology,
    RandomTopology,
    RingTopology,
    Topology,
    topology_of,
)

islands_of_any_number = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=6, unique=True)


@st.composite
def topologies(draw: st.DrawFn, islands: list[str]) -> Topology:
    pairs = [(start, end) for start in islands for end in islands if start != end]
    choices: list[Topology] = [FullyConnectedTopology(), RingTopology(), RandomTopology(draw(st.integers(1, 4)))]
    if pairs:
        choices.append(EdgeListTopology(draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))))
    return draw(st.sampled_from(choices))


def reached_from(start: str, roads: dict[str, list[str]]) -> set[str]:
    reached, ahead = {start}, [start]
    while ahead:
        for island in set(roads[ahead.pop()]) - reached:
            reached.add(island)
            ahead.append(island)
    return reached


@given(st.data(), islands_of_any_number, st.integers(0, 2**32))
def test_roads_lead_to_other_islands_that_exist_and_to_none_twice(
    data: st.DataObject, islands: list[str], seed: int
) -> None:
    topology = data.draw(topologies(islands))
    topology.check(islands)
    for source in islands:
        roads = topology.destinations(source, islands, np.random.default_rng(seed))
        assert set(roads) <= set(islands) - {source}
        assert len(set(roads)) == len(roads)


@pytest.mark.parametrize("topology", [FullyConnectedTopology(), RingTopology()])
@given(islands=islands_of_any_number)
def test_every_island_can_be_reached_from_every_other(topology: Topology, islands: list[str]) -> None:
    rng = np.random.default_rng(0)
    roads = {source: topology.destinations(source, islands, rng) for source in islands}
    for source in islands:
        assert reached_from(source, roads) == set(islands)


@given(islands_of_any_number)
def test_a_ring_goes_once_round_in_the_order_of_the_islands(islands: list[str]) -> None:
    rng = np.random.default_rng(0)
    here, seen = islands[0], []
    for _ in islands:
        seen.append(here)
        here = next(iter(RingTopology().destinations(here, islands, rng)), islands[0])
    assert seen == islands
    assert here == islands[0]


def test_random_roads_are_drawn_anew_and_lead_everywhere_in_time() -> None:
    rng = np.random.default_rng(0)
    drawn = [RandomTopology(2).destinations("b", ["a", "b", "c", "d"], rng) for _ in range(50)]
    assert {tuple(roads) for roads in drawn} == {("a", "c"), ("a", "d"), ("c", "d")}


def test_random_roads_lead_to_all_where_there_are_fewer_islands_than_roads() -> None:
    assert RandomTopology(5).destinations("b", ["a", "b", "c"], np.random.default_rng(0)) == ["a", "c"]


def test_random_roads_repeat_with_their_generator() -> None:
    islands = [f"island_{index}" for index in range(9)]
    one, other = (
        [RandomTopology().destinations(source, islands, np.random.default_rng(7)) for source in islands]
        for _ in range(2)
    )
    assert one == other


def test_edges_are_one_way_and_an_island_without_edges_sends_nothing() -> None:
    topology = EdgeListTopology([["a", "b"], ["a", "c"], ["c", "a"]])
    rng = np.random.default_rng(0)
    islands = ["a", "b", "c", "made_later"]
    roads = [topology.destinations(source, islands, rng) for source in islands]
    assert roads == [["b", "c"], [], ["a"], []]
    assert topology.destinations("a", ["a", "b"], rng) == ["b"]


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([], "a list of pairs"),
        ("ab", "a list of pairs"),
        (["ab"], "an edge is a pair"),
        ([["a", "b", "c"]], "an edge is a pair"),
        ([["a", "a"]], "from an island to itself"),
        ([["a", "b"], ["b", "a"], ["a", "b"]], "there twice"),
    ],
)
def test_edges_that_make_no_sense_are_an_error(edges: list[list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EdgeListTopology(edges)


def test_an_edge_to_an_unknown_island_is_an_error_that_suggests_the_right_one() -> None:
    topology = EdgeListTopology([["fitness_island", "simplicty_island"]])
    with pytest.raises(ValueError, match=r"'simplicty_island'.*did you mean 'simplicity_island'"):
        topology.check(["fitness_island", "simplicity_island"])


def test_a_random_topology_needs_a_road() -> None:
    with pytest.raises(ValueError, match="degree must be at least 1; found 0"):
        RandomTopology(0)


def test_a_topology_may_be_given_by_name_or_as_an_object() -> None:
    names = {"ring": RingTopology, "fully_connected": FullyConnectedTopology, "random": RandomTopology}
    assert {name: type(topology_of(name)) for name in names} == names
    assert type(topology_of(None)) is FullyConnectedTopology
    ring = RingTopology()
    assert topology_of(ring) is ring
    with pytest.raises(ValueError, match="'star' is none of fully_connected, ring, random"):
        topology_of("star")
