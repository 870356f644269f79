"""The walk beside the archive: greedy while children improve, downhill where they do not, and home in the end."""

from __future__ import annotations

import pytest

from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.elite_selectors import RandomEliteSelector
from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.patient_walk import PatientWalk
from gigaevo.evolution.strategies.selectors import SumArchiveSelector
from gigaevo.programs import Program


def program(number: int, parent: Program | None = None) -> Program:
    return Program(id=f"p{number}", number=number, source="", parents=[] if parent is None else [parent.id])


def head_of(walk: PatientWalk) -> Program:
    head = walk.head
    assert head is not None
    return head


def walked(walk: PatientWalk, *objectives: float) -> list[str]:
    """Offer a child of the head for each objective; the head after each."""
    heads = []
    for number, objective in enumerate(objectives):
        walk.offered(program(number, walk.head), objective)
        heads.append(head_of(walk).id)
    return heads


def test_a_child_that_is_at_least_as_good_becomes_the_head() -> None:
    assert walked(PatientWalk(), 1.0, 2.0, 2.0, 5.0) == ["p0", "p1", "p2", "p3"]


def test_after_enough_worse_children_the_best_of_them_is_followed() -> None:
    walk = PatientWalk(patience=3.0, tether=1.0)
    assert walked(walk, 0.0, 10.0, 7.0, 8.0, 6.0) == ["p0", "p1", "p1", "p1", "p1"]
    walk.offered(program(5, head_of(walk)), 5.0)  # patience has grown a little beyond 3
    assert head_of(walk).id == "p3"


def test_beyond_its_tether_the_walk_goes_back_to_the_best() -> None:
    walk = PatientWalk(patience=1.0, tether=0.5)
    walked(walk, 0.0, 10.0)
    walk.offered(program(7, head_of(walk)), 6.0)
    walk.offered(program(8, head_of(walk)), 4.0)
    assert head_of(walk).id == "p7"
    for number in (9, 10):
        walk.offered(program(number, head_of(walk)), 1.0)
    assert head_of(walk).id == "p1"


def test_children_of_others_make_nobody_impatient() -> None:
    walk = PatientWalk(patience=1.0, tether=1.0)
    stranger = program(99)
    walk.offered(program(0), 10.0)
    for number in range(1, 20):
        walk.offered(program(number, stranger), 1.0)
    assert head_of(walk).id == "p0"


def test_an_epoch_ends_at_the_best_program_and_the_next_is_twice_as_long() -> None:
    walk = PatientWalk(patience=0.5, epoch=4, tether=1.0)
    walked(walk, 0.0, 10.0)
    walk.offered(program(2, head_of(walk)), 9.0)
    assert head_of(walk).id == "p1"
    for number in range(3, 12):
        walk.offered(program(number, head_of(walk)), 9.0 - number)
        if number in (3, 11):  # the fourth, and eight more
            assert head_of(walk).id == "p1"


def test_elites_are_chosen_more_often_the_longer_nothing_better_comes() -> None:
    walk = PatientWalk(exploration=0.2)
    walk.offered(program(0), 1.0)
    shares = [walk.share_of_elites]
    for number in range(1, 101):
        walk.offered(program(number, head_of(walk)), 0.0)
        shares.append(walk.share_of_elites)
    assert shares[0] == 0.0
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(0.1)
    walk.offered(program(200, head_of(walk)), 2.0)
    assert walk.share_of_elites == 0.0


@pytest.mark.parametrize(("name", "value"), [("patience", 0.0), ("epoch", 0), ("tether", 1.5), ("exploration", -0.1)])
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        PatientWalk(**{name: value})


async def test_an_island_breeds_from_the_head_of_its_walk_even_where_that_is_no_elite() -> None:
    island = Island(
        island_id="i",
        behavior_space=BehaviorSpace(feature_bounds={"fitness": (0, 100)}, resolution=1),
        archive_selector=SumArchiveSelector(["fitness"]),
        elite_selector=RandomEliteSelector(),
        walk=PatientWalk(patience=1.0, tether=1.0, exploration=0.0),
    )
    first = Program(id="first", source="", metrics={"fitness": 1.0})
    best = Program(id="best", source="", metrics={"fitness": 9.0}, parents=["first"])
    worse = [Program(id=f"w{n}", source="", metrics={"fitness": 5.0 - n}, parents=["best"]) for n in range(2)]
    for one in (first, best, *worse):
        await island.add(one)
    assert island.archive.ids == {"best"}
    assert [parent.id for parent in await island.select_elites(2)] == ["w0", "w0"]
    assert island.remembered() == {"best", "w0"}
