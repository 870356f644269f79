"""What the keys of ``config/algorithm`` and ``config/migration`` do.

Where the effect of a key hangs on other keys, these are given as well, so that the shipped values may change.
"""

from __future__ import annotations

from tests.config import strategy_looks as looks
from tests.config.effects import Effect

PARTS = "gigaevo.evolution.strategies.map_elites"
OTHER_SPACE = f"{{_target_:{PARTS}.BehaviorSpace,keys:[is_valid],resolution:3}}"
OTHER_ISLAND = f"{{_target_:{PARTS}.IslandConfig,island_id:other,behavior_space:{OTHER_SPACE}}}"
LAST_ISLAND = "{_target_:tests.config.parts.LastIsland}"
LARGEST = looks.cell(complexity_score=5000.0, cyclomatic_complexity=32.0, bearing=3.2)


def of(algorithm: str) -> str:
    return f"problem.name=toy_example algorithm={algorithm}"


def alone(algorithm: str, island: str) -> str:
    """One island of an algorithm as the only one."""
    return f"{of(algorithm)} evolution_strategy.island_configs=[${{{island}}}]"


def all_of(algorithm: str) -> dict[str, Effect]:
    """The key that names the islands."""
    key = "evolution_strategy.island_configs"
    return {key: Effect(f"[{OTHER_ISLAND}]", looks.islands, ["other"], base=of(algorithm))}


def island(key: str, base: str) -> dict[str, Effect]:
    """Keys that every island has; it is the only one."""
    return {
        f"{key}.island_id": Effect("mine", looks.island_of_the_first, "mine", base=base),
        f"{key}.max_size": Effect("2", looks.number_kept, 2, base=base),
        f"{key}.behavior_space": Effect(OTHER_SPACE, looks.cell(is_valid=1.0), (2,), base=base),
    }


def program_space(key: str, base: str) -> dict[str, Effect]:
    """Keys of a ``ProgramBehaviorSpace``."""
    given = {"size_resolution": 12, "paths_resolution": 6, "metric_resolution": 10}
    base = " ".join([base, *(f"{key}.{name}={bins}" for name, bins in given.items())])
    return {
        f"{key}.size_resolution": Effect("20", LARGEST, (19, 5, 9), base=base),
        f"{key}.paths_resolution": Effect("8", LARGEST, (11, 7, 9), base=base),
        f"{key}.metric_resolution": Effect("4", LARGEST, (11, 5, 3), base=base),
    }


def size_and_bearing(key: str, resolutions: str = "[10,2]") -> str:
    """A space of two axes with equal bins."""
    return (
        f"{key}.keys=[complexity_score,bearing] {key}.bounds=[[0,100],[-1,1]] "
        f"{key}.resolutions={resolutions} {key}.binning_types=[LINEAR,LINEAR]"
    )


def grid(key: str, base: str) -> dict[str, Effect]:
    """Keys of ``build_behavior_space``."""
    base = f"{base} {size_and_bearing(key)}"
    seen = looks.cell(complexity_score=25.0, cyclomatic_complexity=31.0)
    return {
        f"{key}.keys": Effect("[cyclomatic_complexity,bearing]", seen, (3, 1), base=base),
        f"{key}.bounds": Effect("[[0,50],[-1,1]]", seen, (5, 1), base=base),
        f"{key}.resolutions": Effect("[20,4]", seen, (5, 2), base=base),
        f"{key}.binning_types": Effect("[SQUARE_ROOT,LINEAR]", seen, (5, 1), base=base),
    }


def times_and_numbers(base: str) -> dict[str, Effect]:
    """Keys of migration that a strategy has."""
    key = "evolution_strategy"
    return {
        f"{key}.migration_interval": Effect("3", looks.generation_of_migration, 3, base=base),
        f"{key}.enable_migration": Effect("false", looks.generation_of_migration, None, base=base),
        f"{key}.max_migrants_per_island": Effect("1", looks.number_of_migrants, 1, base=base),
    }


# With one island

STEP = "islands.0.walk"
WALK = f"{of('single_island')} {STEP}.epoch=100000 {STEP}.exploration=0"
SINGLE_ISLAND = {
    **all_of("single_island"),
    **island("islands.0", of("single_island")),
    **program_space("behavior_space", of("single_island")),
    f"{STEP}.patience": Effect("1.5", looks.patience_of_the_walk, 2, base=WALK),
    f"{STEP}.epoch": Effect("10", looks.length_of_the_first_epoch, 10, base=f"{WALK} {STEP}.patience=0.1"),
    f"{STEP}.tether": Effect("0", looks.walk_descends, False, base=WALK),
    f"{STEP}.exploration": Effect("0", looks.parents_beside_the_walk, False, base=of("single_island")),
}

BY_FITNESS = of("fitness_validity")
FITNESS_VALIDITY = {
    **all_of("fitness_validity"),
    **island("islands.0", BY_FITNESS),
    **grid("behavior_space", BY_FITNESS),
    "islands.0.archive_selector.fitness_keys": Effect(
        "[complexity_score]", looks.survivors, {"short"}, base=f"{BY_FITNESS} behavior_space.resolutions=[1,1]"
    ),
    "islands.0.elite_selector.fitness_key": Effect("complexity_score", looks.parents, {"short"}, base=BY_FITNESS),
    "islands.0.archive_remover.fitness_key": Effect(
        "complexity_score", looks.survivors, {"short"}, base=f"{BY_FITNESS} islands.0.max_size=1"
    ),
}

# With several

TWO = of("multi_island")
FITNESS = alone("multi_island", "fitness_island")
SIMPLICITY = alone("multi_island", "simplicity_island")
SPACE = "simplicity_behavior_space"
SELECTOR = "simplicity_island.archive_selector"
ONE_CELL = f"{SIMPLICITY} {size_and_bearing(SPACE, '[1,1]')}"
ONE_MIGRANT = "evolution_strategy.max_migrants_per_island=1"
MULTI_ISLAND = {
    **all_of("multi_island"),
    "islands": Effect(f"[{OTHER_ISLAND}]", looks.islands, ["other"], base=TWO),
    **island("fitness_island", FITNESS),
    **program_space("fitness_behavior_space", FITNESS),
    "fitness_island.migrant_selector.fitness_key": Effect(
        "fitness", looks.first_migrant, {"long"}, base=f"{TWO} {ONE_MIGRANT}"
    ),
    **island("simplicity_island", SIMPLICITY),
    **grid(SPACE, SIMPLICITY),
    f"{SELECTOR}.fitness_keys": Effect(
        "[fitness]",
        looks.survivors,
        {"long"},
        base=f"{ONE_CELL} {SELECTOR}.weights=[1] {SELECTOR}.fitness_keys=[bearing]",
    ),
    f"{SELECTOR}.weights": Effect(
        "[0,1]",
        looks.survivors,
        {"long"},
        base=f"{ONE_CELL} {SELECTOR}.fitness_keys=[complexity_score,fitness] {SELECTOR}.weights=[1,0]",
    ),
    f"{SELECTOR}.normalized": Effect(
        "false",
        looks.holder_by_fitness_and_bearing,
        {"fitness"},
        base=f"{ONE_CELL} {SELECTOR}.fitness_keys=[fitness,bearing] {SELECTOR}.weights=[1,1]",
    ),
    "simplicity_island.archive_remover.fitness_key": Effect(
        "fitness",
        looks.survivors,
        {"long"},
        base=f"{SIMPLICITY} {size_and_bearing(SPACE)} simplicity_island.max_size=1",
    ),
    "evolution_strategy.mutant_router": Effect(LAST_ISLAND, looks.islands_of_twenty_programs, 1, base=TWO),
    **times_and_numbers(TWO),
    "evolution_strategy.migration.interval": Effect("3", looks.generation_of_migration, 3, base=TWO),
    "evolution_strategy.migration.enabled": Effect("false", looks.generation_of_migration, None, base=TWO),
    "evolution_strategy.migration.max_migrants_per_island": Effect("1", looks.number_of_migrants, 1, base=TWO),
    "evolution_strategy.migration.copy": Effect("false", looks.migrants_stay_as_well, False, base=TWO),
}

THREE = of("multi_island_speed")
SPEED = alone("multi_island_speed", "islands.2")
FRONT = f"{SPEED} {size_and_bearing('speed_behavior_space', '[1,1]')}"
MULTI_ISLAND_SPEED = {
    "islands.0": Effect(OTHER_ISLAND, lambda built: looks.islands(built)[0], "other", base=THREE),
    "islands.1": Effect(OTHER_ISLAND, lambda built: looks.islands(built)[1], "other", base=THREE),
    **island("islands.2", SPEED),
    **grid("speed_behavior_space", SPEED),
    "islands.2.archive_selector.fitness_keys": Effect("[fitness]", looks.survivors_of_a_front, {"good"}, base=FRONT),
    "islands.2.archive_selector.front_size": Effect("1", looks.survivors_of_a_front, {"fast"}, base=FRONT),
}

# With islands made at run time


def with_another(algorithm: str) -> str:
    """A second island, given at the beginning."""
    other = f"{{_target_:{PARTS}.IslandConfig,island_id:other,behavior_space:${{behavior_space}}}}"
    return f"{of(algorithm)} evolution_strategy.island_configs=[${{islands.0}},{other}]"


GROWING = of("hierarchical")
ONE_CHILD = f"{GROWING} behavior_space.resolutions=[1,1] evolution_strategy.refine_after=1"
HIERARCHICAL = {
    **all_of("hierarchical"),
    **island("islands.0", GROWING),
    **grid("behavior_space", GROWING),
    "evolution_strategy.refine_after": Effect("4", looks.offers_until_an_island_is_made, 4, base=GROWING),
    "evolution_strategy.max_children": Effect(
        "1", looks.number_of_islands, 1 + 1, base=f"{GROWING} evolution_strategy.refine_after=2"
    ),
    "evolution_strategy.child_resolution": Effect("2", looks.elites_of_the_first_child, 2 * 2, base=ONE_CHILD),
    "evolution_strategy.child_max_size": Effect("3", looks.elites_of_the_first_child, 3, base=ONE_CHILD),
    **times_and_numbers(with_another("hierarchical")),
}

FOUNDING = f"{of('adaptive_islands')} evolution_strategy.settled=1"
ALL_FOUND = f"{of('adaptive_islands')} evolution_strategy.fit_threshold=1"
RESET = f"{with_another('adaptive_islands')} evolution_strategy.enable_migration=false"
ADAPTIVE_ISLANDS = {
    **all_of("adaptive_islands"),
    **island("islands.0", of("adaptive_islands")),
    **program_space("behavior_space", of("adaptive_islands")),
    "evolution_strategy.max_islands": Effect("2", looks.number_of_islands, 2, base=ALL_FOUND),
    "evolution_strategy.fit_threshold": Effect("1", looks.a_small_difference_founds_an_island, True, base=FOUNDING),
    "evolution_strategy.settled": Effect("2", looks.elites_before_an_island_is_made, 2, base=ALL_FOUND),
    **times_and_numbers(with_another("adaptive_islands")),
    "evolution_strategy.reset.after": Effect("7", looks.stagnation_before_a_reset, 7, base=RESET),
    "evolution_strategy.reset.settlers": Effect("1", looks.number_of_settlers, 1, base=RESET),
}

ALGORITHMS = {
    "algorithm/best_of_n.yaml": {},
    "algorithm/single_island.yaml": SINGLE_ISLAND,
    "algorithm/fitness_validity.yaml": FITNESS_VALIDITY,
    "algorithm/multi_island.yaml": MULTI_ISLAND,
    "algorithm/multi_island_speed.yaml": MULTI_ISLAND_SPEED,
    "algorithm/hierarchical.yaml": HIERARCHICAL,
    "algorithm/adaptive_islands.yaml": ADAPTIVE_ISLANDS,
}

# Migration

POLICY = "evolution_strategy.migration.policy"
BY_NEED = f"{TWO} migration=adaptive"
OFTEN = f"{BY_NEED} {POLICY}.interval=100 {POLICY}.fast_interval=1"
MIGRATION = {
    "migration/conservative.yaml": times_and_numbers(f"{TWO} migration=conservative"),
    "migration/aggressive.yaml": times_and_numbers(f"{TWO} migration=aggressive"),
    "migration/adaptive.yaml": {
        **times_and_numbers(BY_NEED),
        "evolution_strategy.migration_interval": Effect("20", looks.generation_of_migration, 20, base=BY_NEED),
        "evolution_strategy.migration.enabled": Effect("false", looks.generation_of_migration, None, base=BY_NEED),
        f"{POLICY}.interval": Effect("20", looks.generation_of_migration, 20, base=BY_NEED),
        f"{POLICY}.fast_interval": Effect("5", looks.generation_of_help, 5, base=BY_NEED),
        f"{POLICY}.migrants": Effect("1", looks.number_of_migrants, 1, base=BY_NEED),
        f"{POLICY}.stagnation": Effect("7", looks.stagnation_before_help, 7, base=OFTEN),
    },
    "migration/off.yaml": {
        "evolution_strategy.enable_migration": Effect(
            "true", lambda built: looks.generation_of_migration(built) is not None, True, base=f"{TWO} migration=off"
        )
    },
}
