"""What is looked at to see what a key of a strategy does. All are of ``Built``, and change it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gigaevo.evolution.strategies.base import ArchiveEvent
from gigaevo.evolution.strategies.island import Island
from gigaevo.programs import Program
from tests.config.subjects import GENERATION_SIZE, Built

# What is offered. The first two are each better by one metric; the last is worse in every way.

SHORT_AND_BAD = {"fitness": 4000.0, "complexity_score": 20.0}
LONG_AND_GOOD = {"fitness": 10.0, "complexity_score": 900.0}
WORST = {"fitness": 4900.0, "complexity_score": 4900.0, "validity": 0.0, "runtime": 99.0}


def _steps(built: Built, count: int) -> list[Program]:
    """Programs that differ in every metric; each is better in every way than the ones before."""
    return [
        built.program(
            f"step{left}",
            fitness=500.0 * left + 10.0,
            complexity_score=20.0 * 3.0 ** min(left, 5),
            cyclomatic_complexity=1.0 + 6.0 * left,
            validity=1.0 - left / count,
            bearing=2.0 - left,
            paradigm=float(count - left),
            runtime=1.0 + left,
        )
        for left in reversed(range(count))
    ]


def _offer(built: Built, *programs: Program) -> None:
    for program in programs:
        asyncio.run(built.strategy.add(program))
    built.strategy.drain_events()


# One island


def cell(**metrics: float) -> Callable[[Built], Any]:
    return lambda built: built.offer(it=metrics)[-1].cell


def island_of_the_first(built: Built) -> str:
    return built.offer(it={})[0].island_id


def number_kept(built: Built) -> int:
    _offer(built, *_steps(built, 4))
    return len(built.strategy.members())


def survivors(built: Built) -> set[str]:
    """Who is left of two; the keys of a space, or its size, decide whether they compete."""
    built.offer(short=SHORT_AND_BAD, long=LONG_AND_GOOD)
    return built.strategy.members()


def survivors_of_a_front(built: Built) -> set[str]:
    """Who is left of two that do not dominate one another."""
    built.offer(fast={"fitness": 4000.0, "runtime": 1.0}, good={"fitness": 10.0, "runtime": 2.0})
    return built.strategy.members()


def holder_by_fitness_and_bearing(built: Built) -> set[str]:
    """Which of two holds a cell: one is better by 500 of the 5000 of fitness, one by 1 of the 6.4 of bearing."""
    built.offer(bearing={"fitness": 1000.0, "bearing": 1.0}, fitness={"fitness": 500.0})
    return built.strategy.members()


def parents(built: Built) -> set[str]:
    built.offer(short=SHORT_AND_BAD, long=LONG_AND_GOOD)
    return built.selected(50)


# The patient walk


def _climb(built: Built) -> None:
    """An initial program, and a better child of it."""
    _offer(built, built.program("root", fitness=4000.0), built.program("best", ["root"], fitness=100.0))


def _children_until_the_walk_descends(built: Built, most: int) -> int | None:
    """How many slightly worse children of the best program make the walk go on from another one; None: ``most`` do
    not."""
    _climb(built)
    for number in range(1, most + 1):
        _offer(built, built.program(f"child{number}", ["best"], fitness=101.0))
        if built.selected(1) != {"best"}:
            return number
    return None


def patience_of_the_walk(built: Built) -> int | None:
    return _children_until_the_walk_descends(built, 50)


def walk_descends(built: Built) -> bool:
    return patience_of_the_walk(built) is not None


def length_of_the_first_epoch(built: Built) -> int | None:
    """Programs offered until a walk that has descended begins anew at the best; None: it is more than 60."""
    already = _children_until_the_walk_descends(built, 5)
    assert already is not None
    for number in range(already + 3, 60):
        _offer(built, built.program(f"other{number}", fitness=4900.0))
        if built.selected(1) == {"best"}:
            return number
    return None


def parents_beside_the_walk(built: Built) -> bool:
    """Whether there are any, once nothing better was found for a while."""
    _offer(built, *_steps(built, 4))
    _offer(built, *(built.program(f"worse{number}", **WORST) for number in range(50)))
    return len(built.selected(200)) > 1


# Several islands


def _islands(built: Built) -> list[Island]:
    strategy: Any = built.strategy
    return list(strategy.islands.values())


def islands(built: Built) -> list[str]:
    return [island.id for island in _islands(built)]


def islands_of_twenty_programs(built: Built) -> int:
    """To how many islands programs come."""
    events = built.offer(**{f"p{number}": {} for number in range(20)})
    return len({event.island_id for event in events})


def _add(island: Island, programs: Iterable[Program]) -> None:
    """Puts programs on an island, whatever the router would say."""
    for program in programs:
        asyncio.run(island.add(program))
    island.drain_events()


def _populate(built: Built) -> None:
    """Six elites on each island, the best program on the first. No island has stagnated."""
    for rank, island in enumerate(_islands(built)):
        steps = _steps(built, 6)
        for step in steps:
            step.id = f"{island.id}-{step.id}"
            step.metrics["fitness"] += rank
        _add(island, steps)
        assert len(island) > 1


def _stagnate(built: Built, island: Island, times: int) -> None:
    _add(island, [built.program(f"{island.id}-worse{island.offered + k}", **WORST) for k in range(times)])


def _begin(built: Built, generation: int) -> list[ArchiveEvent]:
    """What happens as parents are chosen for the first proposal of a generation."""
    built.random.proposal = generation * GENERATION_SIZE
    asyncio.run(built.strategy.select_elites(1))
    return built.strategy.drain_events()


def _number_tried(events: Sequence[ArchiveEvent]) -> int:
    return sum(event.details["tried"] for event in events if event.action == "migration")


def _first_migration(built: Built) -> tuple[int, list[ArchiveEvent]] | None:
    """Its generation, and what happens; None: there is none in 200 generations."""
    for generation in range(1, 201):
        events = _begin(built, generation)
        if _number_tried(events):
            return generation, events
    return None


def generation_of_migration(built: Built) -> int | None:
    _populate(built)
    migration = _first_migration(built)
    return None if migration is None else migration[0]


def generation_of_help(built: Built) -> int | None:
    """When an island migrates to another that has long stagnated."""
    _populate(built)
    _stagnate(built, _islands(built)[-1], 300)
    migration = _first_migration(built)
    return None if migration is None else migration[0]


def stagnation_before_help(built: Built) -> int | None:
    """Programs without a better best until others send migrants; the policy is asked every generation, and every
    hundredth all send to all."""
    _populate(built)
    for number in range(1, 50):
        _stagnate(built, _islands(built)[-1], 1)
        if _number_tried(_begin(built, number)):
            return number
    return None


def number_of_migrants(built: Built) -> int:
    """How many each island sends."""
    _populate(built)
    migration = _first_migration(built)
    assert migration is not None
    count, rest = divmod(_number_tried(migration[1]), len(_islands(built)))
    assert rest == 0
    return count


def migrants_stay_as_well(built: Built) -> bool:
    _populate(built)
    assert _first_migration(built) is not None
    return sum(len(island) for island in _islands(built)) > len(built.strategy.members())


def first_migrant(built: Built) -> set[str]:
    """Whom the first island sends, where it may send one."""
    short, long = built.program("short", **SHORT_AND_BAD), built.program("long", **LONG_AND_GOOD)
    _add(_islands(built)[0], [short, long])
    migration = _first_migration(built)
    assert migration is not None
    return {event.program_id for event in migration[1] if event.action == "insert"}


# Islands made at run time


def offers_until_an_island_is_made(built: Built) -> int:
    """How many programs of one kind it takes."""
    before = len(_islands(built))
    for number in range(1, 1000):
        built.offer(**{f"p{number}": {}})
        if len(_islands(built)) > before:
            return number
    raise AssertionError("no island was made")


def _offer_a_grid(built: Built, finest: int = 16) -> None:
    """Programs of all sizes, with all numbers of paths."""
    for column in range(finest):
        for row in range(finest):
            size, paths = 10.0 * 500.0 ** (column / finest), 1.0 + 31.0 * (row / finest) ** 2
            built.offer(**{f"p{column}-{row}": {"complexity_score": size, "cyclomatic_complexity": paths}})


def number_of_islands(built: Built) -> int:
    """How many there are once programs of all kinds were offered."""
    _offer_a_grid(built)
    return len(_islands(built))


def elites_of_the_first_child(built: Built) -> int:
    _offer_a_grid(built)
    return len(_islands(built)[1])


def a_small_difference_founds_an_island(built: Built) -> bool:
    built.offer(one={"bearing": 0.0}, another={"bearing": 0.05})
    return len(_islands(built)) > 1


def elites_before_an_island_is_made(built: Built) -> int:
    for column in range(16):
        before = len(built.strategy.members())
        built.offer(**{f"p{column}": {"complexity_score": 10.0 * 1.4**column, "bearing": -3.0 + 0.4 * column}})
        if len(_islands(built)) > 1:
            return before
    raise AssertionError("no island was made")


# An island that begins anew


def stagnation_before_a_reset(built: Built) -> int | None:
    """Programs without a better best until the last island is settled anew; None: more than 50."""
    _populate(built)
    for number in range(1, 51):
        _stagnate(built, _islands(built)[-1], 1)
        if _reset(_begin(built, number)):
            return number
    return None


def number_of_settlers(built: Built) -> int:
    """How many the other island sends."""
    _populate(built)
    _stagnate(built, _islands(built)[-1], 1000)
    events = _begin(built, 1)
    assert _reset(events)
    return sum(event.action == "insert" for event in events)


def _reset(events: Sequence[ArchiveEvent]) -> bool:
    return any(event.action == "reset" for event in events)
