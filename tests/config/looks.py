"""What is looked at to see what a key of the configuration does; subjects are those of ``tests.config.subjects``.

What is seen of strategies is in ``tests.config.strategy_looks``.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from gigaevo.config.errors import ConfigError
from gigaevo.evaluation.sandbox.container import Container
from gigaevo.evolution.mutation.base import Credit, Mutation, MutationContext, OperatorContext
from gigaevo.evolution.randomness import RandomSource
from gigaevo.programs import Program
from gigaevo.programs.syntax import analyse
from tests.config.subjects import TOY, Built, Ran, Started

# What is seen of operators


def step_after(outcomes: int, *, improved: bool) -> Callable[[Built], float]:
    def seen(built: Built) -> float:
        operator = built.node("operators.constants")
        for _ in range(outcomes):
            operator.credit(_credit("constants", improved=improved))
        return round(operator.parameters()["step"], 9)

    return seen


def _credit(operator: str, *, improved: bool, validate_calls: int = 1) -> Credit:
    outcome = "accepted" if improved else "rejected"
    return Credit(operator=operator, parameters={}, outcome=outcome, improved=improved, validate_calls=validate_calls)


def _edited(built: Built) -> list[tuple[int, int]]:
    """Number of edits, and nodes beyond those of the parent, of some children."""
    parent = Program(id="0", source=next((TOY / "initial_programs").glob("*.py")).read_text())
    children = []
    for proposal in range(25):
        context = MutationContext(rng=np.random.default_rng(proposal), proposal=proposal)
        made = asyncio.run(built.node("operators.syntax_tree").mutate([parent], context))
        if isinstance(made, Mutation):
            growth = analyse(made.source).ast_nodes - analyse(parent.source).ast_nodes
            children.append((made.description.count("; ") + 1, growth))
    assert len(children) > 15
    return children


def numbers_of_edits(built: Built) -> set[int]:
    return {edits for edits, _ in _edited(built)}


def children_grow(built: Built) -> bool:
    return max(growth for _, growth in _edited(built)) > 0


def asked_of_a_search(field: str) -> Callable[[Built], float]:
    """What one mutation asks of the numeric search."""

    def seen(built: Built) -> float:
        requests = []

        async def search(output: str, request: Mapping[str, Any]) -> dict[str, Any]:
            requests.append(request)
            return {"evaluations": 1, "source": None, "note": "nothing"}

        operator = built.node("operators.freeze")
        operator.bind(
            OperatorContext(
                metrics=built.problem.metrics,
                takes_context=False,
                deterministic=False,
                search=SimpleNamespace(search=search),
            )
        )
        context = MutationContext(rng=np.random.default_rng(0), evaluations=10**9)
        asyncio.run(operator.mutate([Program(id="0", source="", output="[1.0]")], context))
        return float(requests[0][field])

    return seen


def members(built: Built) -> list[str]:
    return sorted(built.node("mutation_operator").members)


def share_of_failing_constants(built: Built) -> float:
    portfolio = built.node("mutation_operator")
    for _ in range(400):
        portfolio.credit(_credit("constants", improved=False))
    return round(portfolio.shares()["constants"], 2)


def reward_after_a_failure(built: Built) -> float:
    portfolio = built.node("mutation_operator")
    portfolio.credit(_credit("constants", improved=False))
    return float(portfolio.state()["constants"]["reward"])


def cost_of_900_calls(built: Built) -> float:
    portfolio = built.node("mutation_operator")
    portfolio.credit(_credit("constants", improved=True, validate_calls=900))
    return round(portfolio.state()["constants"]["cost"], 3)


# What is seen of the rest


def limits_of_stages(built: Built) -> tuple[float, float]:
    return built.node("sandbox").wall_time_s, built.evaluated()["validators"].timeouts[0]


def view(built: Built) -> str:
    with contextlib.redirect_stderr(io.StringIO()):  # no terminal, whoever runs the tests
        return type(built.node("observe")).__name__


def synchronous(built: Built) -> int:
    """SQLite's own word for it, asked over the connection that the storage reads with."""
    storage = built.node("program_storage")

    async def ask() -> int:
        await storage.open()
        try:
            (answer,) = (await storage._fetch("PRAGMA synchronous"))[0]
            return int(answer)
        finally:
            await storage.close()

    return asyncio.run(ask())


def asked_spare(built: Built) -> tuple[int, int]:
    """How often a stand-in that nobody names by default runs and validates a program."""
    spare = built.evaluated()["spare"]
    return spare.runs, len(spare.timeouts)


def runs_of(*answers: int) -> Callable[[Built], int]:
    """How often programs are run when those that give these answers are evaluated, one after the other."""

    def seen(built: Built) -> int:
        for answer in answers:
            built.evaluation(answer)
        return built.given["program_server"].runs

    return seen


def skipped_stages(built: Built) -> set[str]:
    return set(built.evaluation(1).skipped)


def salt_of_the_cache(built: Built) -> bytes:
    cache = built.node("pipeline.cache")
    cache.close()
    return bytes(cache.salt)


def results_in_the_folder(built: Built) -> int:
    """How many results the folder of the cache holds after 50 evaluations; -1 where there is none."""
    for answer in range(50):
        built.evaluation(answer)
    built.node("pipeline.cache").close()
    folder = built.config.pipeline.cache.folder
    if folder is None:
        return -1
    with contextlib.closing(sqlite3.connect(Path(folder) / "results.db")) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM results").fetchone()[0])


def path_of_the_storage(built: Built) -> str:
    return str(built.node("program_storage").path)


# What is seen of what the search would get


def folder_of_the_problem(started: Started) -> str | None:
    return None if started.settings is None else Path(started.settings.problem.dir).name


def seed(started: Started) -> int | None:
    return None if started.settings is None else int(started.settings.seed)


def has_a_hydra_folder(started: Started) -> bool:
    return (started.folder / ".hydra").is_dir()


def class_of_the_strategy(started: Started) -> str | None:
    try:
        return type(started.builder.node("evolution_strategy")).__name__
    except ConfigError:
        return None


# What is seen of programs in the sandbox


def limit_inside(name: str) -> Callable[[Any], Any]:
    return lambda call: int(call(f"import resource\nreturn resource.getrlimit(resource.{name})[0]").value)


def failure(body: str) -> Callable[[Any], Any]:
    return lambda call: call(body).failure


def value(body: str) -> Callable[[Any], Any]:
    """What a program returns, as text; None where it fails or is not run."""
    return lambda call: call(body).value


def refusal(call: Any) -> str:
    """The end of what is said where no server starts; empty where one does."""
    text: str = call("return 1").refusal
    return next((part for part in REFUSALS if part in text), text)


REFUSALS = ("no protection of container", "no command 'no_such_engine'", "more than sandbox.server_memory_mb=1")


def command_of_the_container(built: Built) -> str:
    """The image that the container's command names; empty where it has a root of its own."""
    settings = built.node("sandbox")
    container = Container(engine="true", image=settings.image)
    with tempfile.TemporaryDirectory() as base:
        command = container.run(Path(base), [], {}, "module")
    return settings.image if settings.image in command else ""


# What is seen of runs


def stop_reason(run: Ran) -> str:
    return str(run.summary["stop_reason"])


def mutants(run: Ran) -> int:
    return int(run.summary["counts"]["mutants"])


def runs_of_the_best(run: Ran) -> float:
    """How often the best program of a noisy problem was run."""
    return float(run.summary["best"]["metrics"]["fitness_samples"])


def duplicates(run: Ran) -> int:
    return int(run.summary["counts"]["duplicates"])


def parents_of_mutants(run: Ran) -> set[int]:
    """How many parents mutants have."""
    return {len(program["parents"]) for program in run.programs if program["number"] >= 0}


def number_of_parents(run: Ran) -> int:
    """How many programs have children."""
    return len({parent for program in run.programs for parent in program["parents"]})


def most_open(run: Ran) -> int:
    """Most proposals that were open at a time, as the journal has it: what the pools and the window allow."""
    count, most = 0, 0
    for kind, payload in run.rows("SELECT kind, payload FROM journal ORDER BY sequence"):
        if kind == "proposed":
            count += 1
        elif kind in ("skipped", "ingested") and json.loads(payload)["proposal"] is not None:
            count -= 1
        most = max(most, count)
    return most


def most_made_at_a_time(run: Ran) -> int:
    return max(program["metadata"].get("made_at_a_time", 0) for program in run.programs)


def most_run_at_a_time(run: Ran) -> int:
    return max(program["artifacts"].get("run_at_a_time", 0) for program in run.programs)


def operators_are_told_of_time(run: Ran) -> bool:
    """Whether what operators learn from says how long things took."""
    rows = run.rows("SELECT payload FROM journal WHERE kind = 'ingested'")
    credits = [json.loads(payload)["credit"] for (payload,) in rows]
    return any(credit["seconds"] is not None for credit in credits if credit is not None)


def snapshots(run: Ran) -> int:
    return len(run.rows("SELECT sequence FROM snapshots"))


def ids_are_of_seed_5(run: Ran) -> bool:
    return all(program["id"] == RandomSource(5).program_id(program["number"]) for program in run.programs)


def a_line_for_each_program(run: Ran) -> bool:
    lines = [line for line in run.ended.err.splitlines() if "INFO" in line and "best " in line]
    return len(lines) > mutants(run)
