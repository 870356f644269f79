"""No key of the shipped configuration does nothing: each is changed here, and something is seen to change."""

from __future__ import annotations

import functools
import json
import math
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gigaevo.evaluation.result_key import salt_of
from tests.config import looks, strategy_looks
from tests.config.command import ROOT
from tests.config.effects import Effect
from tests.config.fitness_looks import BENCHMARK
from tests.config.llm_keys import EVERYDAY as EVERYDAY_LLM
from tests.config.llm_keys import LLM
from tests.config.note_looks import BASE as WITH_INSIGHTS
from tests.config.note_looks import NOTE_STAGES
from tests.config.numeric_choices import HOME
from tests.config.numeric_keys import NUMERIC, NUMERIC_ALGORITHMS, WHO_AM_I
from tests.config.operator_keys import OPERATORS_LLM
from tests.config.strategy_keys import ALGORITHMS, MIGRATION
from tests.config.subjects import TOY, Built, Ran, Sandbox, Started, printed, said, swept

CONFIG = ROOT / "config"


# Runs that several keys share. The operator makes each child twice and costs nothing.
SHORT_RUN = (
    f"--config-dir {ROOT / 'benchmarks' / 'config'} mutation=unique problem.name=toy_example"
    " max_mutants=12 max_seconds=300 mutation_operator._target_=tests.config.parts.TwiceEach"
    " engine.max_mutations_in_flight=1 engine.max_evaluations_in_flight=1"
)
FEW = "max_mutants=7 num_parents=2 engine.max_mutations_in_flight=4 engine.snapshot_interval=1 seed=5"
GENERATIONS = (
    "max_generations=2 engine.generation_size=4 engine.max_evaluations_in_flight=3 engine.reevaluate_duplicates=true"
)
EVALUATIONS = "max_evaluations=8 engine.num_parents=3 observe.interval_s=1e-9"
PLATEAU = "plateau=3 engine.deterministic=true engine.snapshot_interval=1 program_storage.snapshots_kept=4"
SECONDS = "max_seconds=3 max_mutants=null engine.reevaluate_duplicates=true engine.deterministic=true engine.window=4"
TARGET = "target_fitness=4000"
CONTROL = f"{SHORT_RUN} algorithm=best_of_n"


def ran(shared: str, value: str, seen: Callable[[Ran], Any], after: Any) -> Effect:
    return Effect(value, seen, after, of="ran", base=SHORT_RUN, shared=shared)


def gated(value: str, shared: str) -> Effect:
    """Of the initial programs, whose children alone the control arm makes, one passes."""
    return Effect(value, looks.number_of_parents, 1, of="ran", base=CONTROL, shared=shared)


EVERYDAY = {
    "problem.name": Effect("sorting", looks.folder_of_the_problem, "sorting", "started"),
    "problem.dir": Effect("{tmp}/copy", looks.folder_of_the_problem, "copy", "started", base=""),
    "seed": ran(FEW, "5", looks.ids_are_of_seed_5, True),
    "max_generations": ran(GENERATIONS, "2", looks.stop_reason, "max_generations"),
    "max_mutants": ran(FEW, "7", looks.mutants, 7),
    "max_evaluations": ran(EVALUATIONS, "8", looks.stop_reason, "max_evaluations"),
    "max_seconds": ran(SECONDS, "3", looks.stop_reason, "max_seconds"),
    "target_fitness": ran(TARGET, "4000", looks.stop_reason, "target_fitness"),
    "plateau": ran(PLATEAU, "3", looks.stop_reason, "plateau"),
    "stage_timeout": Effect("3", looks.limits_of_stages, (3, 3)),
    "memory_limit_mb": Effect("100", looks.failure("bytearray(200 << 20)"), "memory", "sandboxed"),
    "num_parents": ran(FEW, "2", looks.parents_of_mutants, {2}),
    "island_max_size": Effect("2", strategy_looks.number_kept, 2),
    "parents.top_fraction": gated("0.01", "parents.top_fraction=0.01"),
    "parents.require": gated("{fitness:30}", "parents.require={fitness:30}"),
    "resume": Effect("{tmp}/earlier", looks.seed, 41, "started", base=""),
    "import_paths": Effect(
        "[{tmp}/mine]",
        looks.class_of_the_strategy,
        "OfMine",
        "started",
        base="problem.name=toy_example algorithm=best_of_n evolution_strategy._target_=part_of_mine.OfMine",
    ),
}

FOLDER = "hydra.run.dir={tmp}/chosen hydra.output_subdir=.hydra"
JOBS = "hydra.sweep.dir={tmp}/all hydra.sweep.subdir=job_${hydra:job.num}"
HELP = "hydra.help.header=Mine hydra.help.footer=Yours"
HYDRA = {
    "hydra.run.dir": Effect("{tmp}/chosen", lambda it: it.folder.name, "chosen", "started", shared=FOLDER),
    "hydra.output_subdir": Effect(".hydra", looks.has_a_hydra_folder, True, "started", shared=FOLDER),
    "hydra.sweep.dir": Effect("{tmp}/all", lambda jobs: jobs[1].parent.name, "all", "swept", shared=JOBS),
    "hydra.sweep.subdir": Effect("job_${hydra:job.num}", lambda jobs: jobs[1].name, "job_1", "swept", shared=JOBS),
    "hydra.help.header": Effect("Mine", lambda text: "Mine" in text, True, "printed", base="--help", shared=HELP),
    "hydra.help.footer": Effect("Yours", lambda text: "Yours" in text, True, "printed", base="--help", shared=HELP),
    "hydra.help.template": Effect("ByMe", lambda text: text.strip(), "ByMe", "printed", base="--help"),
}

ENGINE = {
    "engine.generation_size": ran(GENERATIONS, "4", looks.mutants, 8),
    "engine.num_parents": ran(EVALUATIONS, "3", looks.parents_of_mutants, {3}),
    "engine.max_mutations_in_flight": ran(FEW, "4", looks.most_open, 4 + 2 * 1),
    "engine.max_evaluations_in_flight": ran(GENERATIONS, "3", looks.most_open, 1 + 2 * 3),
    "engine.deterministic": ran(PLATEAU, "true", looks.most_open, 8 + 1),
    "engine.window": ran(SECONDS, "4", looks.most_open, 4 + 1),
    "engine.snapshot_interval": ran(FEW, "1", looks.snapshots, 2),
    "engine.reevaluate_duplicates": ran(GENERATIONS, "true", looks.duplicates, 0),
}

NOISY_RUN = f"--config-dir {ROOT / 'benchmarks' / 'config'} mutation=unique problem.dir={{tmp}}/noisy max_mutants=2"
ONE_LOOK = "engine.samples=4 engine.confirmations=0"


def looked_at(key: str, value: str, base: str = NOISY_RUN) -> dict[str, Effect]:
    return {key: Effect(value, looks.runs_of_the_best, 4, of="ran", base=base, shared=ONE_LOOK)}


ELSEWHERE = SHORT_RUN.replace("TwiceEach", "TwiceElsewhere")


def elsewhere(base: str) -> dict[str, Effect]:
    key, value = "engine.max_remote_mutations_in_flight", "5"
    return {key: Effect(value, looks.most_made_at_a_time, 5, of="ran", base=base, shared=f"{key}={value}")}


ENGINE |= elsewhere(ELSEWHERE)
ENGINE |= looked_at("engine.samples", "4") | looked_at("engine.confirmations", "0")

CROWDED = "pipeline.stages.1._target_=tests.config.parts.CrowdedRun"
BY_GENERATION = f"{SHORT_RUN} engine=generational {CROWDED}"


def by_generation(value: str, seen: Callable[[Ran], Any], after: Any, shared: str = "") -> Effect:
    return Effect(value, seen, after, of="ran", base=BY_GENERATION, shared=shared)


POOLS = "engine.max_mutations_in_flight=4 engine.max_evaluations_in_flight=3 engine.num_parents=3"
SMALL = "engine.generation_size=4 engine.deterministic=false engine.snapshot_interval=1"
STEADY = "engine.loop=steady_state engine.reevaluate_duplicates=true"
GENERATIONAL = {
    "engine.loop": by_generation("steady_state", looks.most_open, 8 + 1, STEADY),
    "engine.generation_size": by_generation("4", looks.most_open, 4, SMALL),
    "engine.num_parents": by_generation("3", looks.parents_of_mutants, {3}, POOLS),
    "engine.max_mutations_in_flight": by_generation("4", looks.most_made_at_a_time, 4, POOLS),
    "engine.max_evaluations_in_flight": by_generation("3", looks.most_run_at_a_time, 3, POOLS),
    "engine.deterministic": by_generation("false", looks.operators_are_told_of_time, True, SMALL),
    "engine.snapshot_interval": by_generation("1", looks.snapshots, 2, SMALL),
    "engine.reevaluate_duplicates": by_generation("true", looks.duplicates, 0, STEADY),
}

GENERATIONAL |= elsewhere(f"{ELSEWHERE} engine=generational")
GENERATIONAL |= looked_at("engine.samples", "4", f"{NOISY_RUN} engine=generational")
GENERATIONAL |= looked_at("engine.confirmations", "0", f"{NOISY_RUN} engine=generational")

OPERATORS = {
    "operators.constants.step": Effect("0.5", looks.step_after(0, improved=True), 0.5),
    "operators.constants.min_step": Effect("0.01", looks.step_after(1000, improved=False), 0.01),
    "operators.constants.max_step": Effect("3", looks.step_after(100, improved=True), 3.0),
    "operators.constants.adaptation": Effect("0.7", looks.step_after(1, improved=True), round(0.2 * math.exp(0.7), 9)),
    "operators.syntax_tree.another_edit": Effect("0", looks.numbers_of_edits, {1}),
    "operators.syntax_tree.max_nodes": Effect("1", looks.children_grow, False),
    "mutation_operator.operators": Effect("[${operators.constants}]", looks.members, ["constants"]),
    "mutation_operator.floor": Effect("0.3", looks.share_of_failing_constants, 0.3),
    "mutation_operator.learning_rate": Effect("1", looks.reward_after_a_failure, 0.0),
    "mutation_operator.overhead_calls": Effect("1e9", looks.cost_of_900_calls, 1.0),
}

CONTAINER = "problem.name=toy_example sandbox=container"


def level(choice: str, other: str, body: str, after: str) -> dict[str, Effect]:
    """What a program returns at another level than the choice's own."""
    base = f"problem.name=toy_example sandbox={choice}"
    return {"sandbox.level": Effect(other, looks.value(body), after, "sandboxed", base)}


SLEEP = "import time\ntime.sleep(0.6)"
# A program in a PID namespace of its own does not see its parent; one without any is a child of the server.
NAMESPACED = "import os\nreturn os.getppid() == 0"
READS = f"return open({__file__!r}).read(3)"
FORKS = "import os\nif os.fork() == 0:\n    os._exit(0)\nreturn os.wait()[1]"
MIB_WRITTEN = "for i in range(8): open(str(i), 'wb').write(bytes(1 << 20))"
SANDBOX = {
    "sandbox.level": Effect("process", looks.value(NAMESPACED), "false", "sandboxed"),
    "sandbox.require": Effect("[container]", looks.refusal, "no protection of container", "sandboxed"),
    "sandbox.readable": Effect(f"[{__file__}]", looks.value(READS), json.dumps('"' * 3), "sandboxed"),
    "sandbox.engine": Effect("no_such_engine", looks.refusal, "no command 'no_such_engine'", "sandboxed", CONTAINER),
    "sandbox.image": Effect("some/image", looks.command_of_the_container, "some/image", "built", CONTAINER),
    "sandbox.server_memory_mb": Effect("1", looks.refusal, "more than sandbox.server_memory_mb=1", "sandboxed"),
    "sandbox.scratch_mb": Effect("4", looks.failure(MIB_WRITTEN), "exception", "sandboxed"),
    "sandbox.wall_time_s": Effect("0.2", looks.failure(SLEEP), "timeout", "sandboxed"),
    "sandbox.cpu_time_s": Effect("7", looks.limit_inside("RLIMIT_CPU"), 7, "sandboxed"),
    "sandbox.memory_mb": Effect("100", looks.failure("bytearray(200 << 20)"), "memory", "sandboxed"),
    "sandbox.file_size_mb": Effect("2", looks.limit_inside("RLIMIT_FSIZE"), 2 << 20, "sandboxed"),
    "sandbox.open_files": Effect("20", looks.limit_inside("RLIMIT_NOFILE"), 20, "sandboxed"),
    "sandbox.processes": Effect("5", looks.value(FORKS), "0", "sandboxed"),
    "sandbox.output_bytes": Effect("50", looks.failure("return [0.5] * 100"), "output", "sandboxed"),
    "sandbox.stdio_bytes": Effect("4", lambda call: call("print('x' * 100)").stdout.count("x"), 4, "sandboxed"),
}


def stages_of(pipeline: str, *, runs: int, kept: int, more: str = "") -> dict[str, Effect]:
    """Keys that every pipeline has: what it is told, and its cache.

    Args:
        pipeline: Which one.
        runs: Times that it runs a program.
        kept: Results that it keeps of one.
        more: What else it needs.
    """
    base = f"problem.name=toy_example pipeline={pipeline}{more}"
    large, small = (f"pipeline.cache.folder={{tmp}}/{pipeline}_{size}" for size in ("large", "small"))
    twice, cache = looks.runs_of(1, 1), "pipeline.cache"
    return {
        "pipeline.problem": Effect("${ref:noisy_problem}", twice, 2 * runs, base=base),
        f"{cache}.entries": Effect(f"{kept}", looks.runs_of(1, 2, 1), 3 * runs, base=base),
        f"{cache}.memory_mb": Effect("1e-6", twice, 2 * runs, base=base),
        f"{cache}.folder": Effect(f"{{tmp}}/{pipeline}", looks.results_in_the_folder, 50 * kept, base=base),
        f"{cache}.folder_mb": Effect(
            "0.002",
            lambda built: looks.results_in_the_folder(built) < 20,
            True,
            base=f"{base} {large}",
            shared=f"{small} pipeline.cache.folder_mb=0.002",
        ),
        f"{cache}.ingredients": Effect("[1]", looks.salt_of_the_cache, salt_of([1]), base=f"{base} {large}"),
        f"{cache}.disabled": Effect("true", twice, 2 * runs, base=base),
    }


CASCADE = "problem.name=toy_example pipeline=cascade"
BOUNDED = f"{CASCADE} pipeline.stages.1._target_=tests.config.parts.Bounding"
NEVER_RUN = {"run", "validate", "remeasure"}


def skips(value: str, stages: set[str]) -> Effect:
    return Effect(value, looks.skipped_stages, stages, base=CASCADE)


EFFECTS: dict[str, dict[str, Effect]] = {
    "config.yaml": {**EVERYDAY, **EVERYDAY_LLM, **HYDRA},
    "experiment/base.yaml": {},
    "experiment/multi_island_complexity.yaml": {},
    "experiment/multi_island_speed.yaml": {},
    "experiment/multi_llm_exploration.yaml": {},
    "experiment/full_featured.yaml": {},
    **LLM,
    **OPERATORS_LLM,
    **ALGORITHMS,
    **NUMERIC,
    **NUMERIC_ALGORITHMS,
    **MIGRATION,
    "engine/steady_state.yaml": ENGINE,
    "engine/generational.yaml": GENERATIONAL,
    "mutation/no_freeze.yaml": OPERATORS,
    "mutation/default.yaml": {
        "operators.freeze.evaluations": Effect("77", looks.asked_of_a_search("evaluations"), 77),
        "operators.freeze.seconds": Effect("3", looks.asked_of_a_search("seconds"), 3),
    },
    "observe/console.yaml": {
        "observe.view": Effect("live", looks.view, "LiveView"),
        "observe.interval_s": ran(EVALUATIONS, "1e-9", looks.a_line_for_each_program, True),
    },
    "pipeline/standard.yaml": {
        "pipeline.stages.1.server": Effect("${ref:spare}", looks.asked_spare, (1, 0)),
        "pipeline.stages.2.workers": Effect("${ref:spare}", looks.asked_spare, (0, 1)),
        "pipeline.stages.2.call_timeout_s": Effect("4", looks.limits_of_stages, (10, 4)),
        **stages_of("standard", runs=1, kept=2),
    },
    "pipeline/cascade.yaml": {
        "pipeline.keeper": Effect("${ref:spare}", looks.skipped_stages, NEVER_RUN, base=BOUNDED),
        "pipeline.deterministic": Effect(
            "true", looks.skipped_stages, set(), base=f"{BOUNDED} pipeline.keeper=${{ref:spare}}"
        ),
        "pipeline.stages.2.server": Effect("${ref:spare}", looks.asked_spare, (1, 0), base=CASCADE),
        "pipeline.stages.2.requires": skips("[syntax]", NEVER_RUN),
        "pipeline.stages.2.when.0.metric": skips("wall_time_s", NEVER_RUN),
        "pipeline.stages.2.when.0.at_most": skips("3", NEVER_RUN),
        "pipeline.stages.3.workers": Effect("${ref:spare}", looks.asked_spare, (0, 1), base=CASCADE),
        "pipeline.stages.3.call_timeout_s": Effect("4", looks.limits_of_stages, (10, 4), base=CASCADE),
        "pipeline.stages.4.server": Effect("${ref:spare}", looks.asked_spare, (2, 0), base=CASCADE),
        "pipeline.stages.4.runs": Effect("5", looks.runs_of(1), 6, base=CASCADE),
        "pipeline.stages.4.requires": skips("[run]", {"remeasure"}),
        "pipeline.stages.4.when.0.metric": skips("novelty", {"remeasure"}),
        "pipeline.stages.4.when.0.at_least": skips("2", {"remeasure"}),
        **stages_of("cascade", runs=3, kept=3),
    },
    "pipeline/benchmark.yaml": BENCHMARK,
    "pipeline/with_insights.yaml": {
        "pipeline.stages.1.server": Effect("${ref:spare}", looks.asked_spare, (1, 0), base=WITH_INSIGHTS),
        "pipeline.stages.2.workers": Effect("${ref:spare}", looks.asked_spare, (0, 1), base=WITH_INSIGHTS),
        "pipeline.stages.2.call_timeout_s": Effect("4", looks.limits_of_stages, (10, 4), base=WITH_INSIGHTS),
        **NOTE_STAGES,
        **stages_of("with_insights", runs=1, kept=2, more=" operators=llm"),
    },
    "sandbox/auto.yaml": SANDBOX,
    "sandbox/process.yaml": level("process", "strict", NAMESPACED, "true"),
    "sandbox/landlock.yaml": level("landlock", "strict", NAMESPACED, "true"),
    "sandbox/strict.yaml": level("strict", "process", NAMESPACED, "false"),
    "sandbox/container.yaml": level("container sandbox.engine=no_such_engine", "auto", "return 1", "1"),
    "sandbox/inline.yaml": level("inline", "strict", NAMESPACED, "true"),
    "storage/sqlite.yaml": {
        "program_storage.path._args_": Effect("[/elsewhere,my.db]", looks.path_of_the_storage, "/elsewhere/my.db"),
        "program_storage.synchronous": Effect(
            "normal",
            looks.synchronous,
            1,
            base="problem.name=toy_example program_storage.path._args_=[{tmp},asked.db]",
        ),
        "program_storage.snapshots_kept": ran(PLATEAU, "4", looks.snapshots, 4),
    },
}


def leaves_of_files() -> dict[str, list[str]]:
    """Keys of values by file. A list is a value, but for one of descriptions, which are looked into."""
    found = {}
    for path in sorted(CONFIG.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        keys = {key: value for key, value in yaml.safe_load(text).items() if key != "defaults"}
        on_top = path.parent == CONFIG or text.startswith("# @package _global_")
        found[str(path.relative_to(CONFIG))] = list(leaves(keys if on_top else {path.parent.name: keys}))
    return found


def leaves(node: dict[str, Any] | list[Any], prefix: str = "") -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


LEAVES = leaves_of_files()
TARGETS = [(file, key) for file, keys in LEAVES.items() for key in keys if key.endswith("_target_")]


def test_every_key_of_every_file_is_in_the_table_and_no_other() -> None:
    values = {file: {key for key in keys if not key.endswith("_target_")} for file, keys in LEAVES.items()}
    assert {file: set(effects) for file, effects in EFFECTS.items()} == values


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Any]]:
    """Makes a subject from its kind and arguments."""
    tmp = tmp_path_factory.mktemp("keys")
    shutil.copytree(TOY, tmp / "copy")
    shutil.copytree(TOY, tmp / "noisy")
    with (tmp / "noisy" / "problem.yaml").open("a", encoding="utf-8") as settings:
        settings.write("noisy: true\n")
    (tmp / "prompts").mkdir()
    for prompt in ("insight", "lineage"):
        (tmp / "prompts" / f"{prompt}.jinja").write_text("Mine\n")
    (tmp / "mine").mkdir()
    (tmp / "mine" / "part_of_mine.py").write_text("class OfMine:\n    pass\n")
    (tmp / "whoami").mkdir()
    for name, text in WHO_AM_I.items():
        (tmp / "whoami" / name).write_text(text)
    Started.of(["problem.name=toy_example", "seed=41", f"hydra.run.dir={tmp / 'earlier'}"], tmp)
    for seed in (42, 43):
        asked = ["problem.name=toy_example", "llm=dryrun", f"seed={seed}", f"hydra.run.dir={tmp}/recorded_{seed}"]
        Started.of(asked, tmp)
    sandbox = Sandbox()

    @functools.cache
    def make_once(kind: str, arguments: str) -> Any:
        words = arguments.replace("{tmp}", str(tmp)).split()
        match kind:
            case "started":
                return Started.of(words, tmp)
            case "swept":
                return swept(words, tmp)
            case "printed":
                return printed(words, tmp)
            case "sandboxed":
                return sandbox.of(words)
            case "said":
                return said(words, tmp)
            case "ran":
                return Ran.of(words, tmp_path_factory.mktemp("run"))
        return Built.of(words)

    # To look at objects is to change them.
    yield lambda kind, arguments: (make_once.__wrapped__ if kind == "built" else make_once)(kind, arguments)
    sandbox.close()


@pytest.mark.parametrize(("file", "key"), [(file, key) for file, effects in EFFECTS.items() for key in effects])
def test_a_changed_value_has_an_effect(file: str, key: str, made: Callable[[str, str], Any]) -> None:
    effect = EFFECTS[file][key]
    change = f"{key}={effect.value}"
    assert change in (effect.shared or change).split()
    assert effect.seen(made(effect.of, effect.base)) != effect.after
    assert effect.seen(made(effect.of, f"{effect.base} {effect.shared or change}")) == effect.after


@pytest.mark.parametrize(("file", "key"), TARGETS)
def test_every_description_is_built(file: str, key: str, made: Callable[[str, str], Any]) -> None:
    group, _, option = file.removesuffix(".yaml").partition("/")
    if group == "operators":  # they come with what they ask
        group, option = "llm", "single"
    needed = " llm=local" if file in ("mutation/llm.yaml", "pipeline/with_insights.yaml") else ""
    chosen = f"problem.name=toy_example {group}={option}{needed}"
    if f"{group}/{option}" in HOME:
        experiment = "" if group == "experiment" else "experiment=numeric "
        chosen = f"problem.name={HOME[f'{group}/{option}']} {experiment}{group}={option}"
    built = made("built", chosen)
    assert built.error is None
    error = built.with_value(key, "nobody.Knows").error or ""
    assert re.sub(r"\[(\d)\]", r".\1", error) == f"{key}: no module 'nobody'"


GROUPS = sorted(path.name for path in CONFIG.iterdir() if path.is_dir())


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_takes_an_option_of_ones_own(group: str, tmp_path: Path) -> None:
    (tmp_path / group).mkdir()
    (tmp_path / group / "mine.yaml").write_text("# @package _global_\nseed: 41\n")
    text = printed(["--config-dir", str(tmp_path), f"{group}=mine", "--cfg", "job"], tmp_path)
    assert yaml.safe_load(text)["seed"] == 41
