"""Searches among numbers through the command line, within the process of the tests."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from gigaevo.config.numeric.session import next_line
from tests.config.command import ROOT, run, the_line
from tests.config.numeric_choices import HOME
from tests.config.numeric_folders import FILES, NAMED, searched, written

PROBLEMS = sorted(path.parent.name for path in ROOT.glob("problems/*/genotype.yaml"))


@pytest.fixture
def problem(tmp_path: Path) -> Callable[..., Path]:
    """Writes a problem folder."""
    return partial(written, tmp_path / "mine")


# What ships


def rows_of(folder: Path, table: str) -> list[Any]:
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        return [json.loads(text) for (_, text) in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]


TWO_OBJECTIVES = """
specs:
  hypervolume: {description: area, is_primary: true, higher_is_better: true, lower_bound: 0.0, upper_bound: 100.0}
  ones: {description: of the first half, higher_is_better: true, lower_bound: 0.0, upper_bound: 10.0}
  zeros: {description: of the other half, higher_is_better: true, lower_bound: 0.0, upper_bound: 10.0}
"""
HALVES = "def fitness_batch(genomes):\n    import numpy as np\n    ones = genomes[:, :6].sum(1)\n"


@pytest.mark.parametrize("algorithm", ["nsga2", "auto"])
@pytest.mark.parametrize(
    ("genotype", "zeros"),
    [
        ("kind: binary\ngenes_size: 10\n", "(~genomes[:, 4:]).sum(1)"),
        ("kind: unique\ngenes_size: 10\n", "genomes[:, 9]"),
    ],
)
def test_several_objectives_are_searched_for_in_any_genotype(
    algorithm: str, genotype: str, zeros: str, problem: Callable[..., Path], tmp_path: Path
) -> None:
    fitness = HALVES + f"    return np.stack([np.minimum(ones, 10), np.minimum({zeros}, 10)], axis=1)\n"
    folder = problem(
        genotype__yaml=genotype,
        metrics__yaml=TWO_OBJECTIVES,
        problem__yaml="objectives: [ones, zeros]\n",
        fitness__py=fitness,
    )
    found = searched(folder, f"algorithm={algorithm}", "max_generations=30", out=tmp_path / "out")
    assert found["stop_reason"] == "max_generations"
    assert (tmp_path / "out" / "pareto_front.jsonl").read_text().count("\n") >= 1


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_numeric_problem_runs_from_its_name_alone(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    ended = run(f"problem.name={name}", "max_evaluations=150", "seed=3", f"hydra.run.dir={folder}", cwd=ROOT)
    assert ended.status == 0, ended
    assert "max_evaluations" in ended.out
    result = json.loads((folder / "summary.json").read_text())
    assert (result["stop_reason"], result["evaluations"]) == ("max_evaluations", 150)
    assert result["best"]["metrics"][result["metric"]["name"]] is not None
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["generation"] for line in lines] == list(range(1, result["generation"] + 1))
    assert rows_of(folder, "generations") == lines
    assert len(rows_of(folder, "elites")) == result["archive"]["elites"] >= 1
    for file in ("config.yaml", "run.log", "run.db", "checkpoint.npz"):
        assert (folder / file).stat().st_size > 0
    elites = result["elites_file"]
    if elites is not None:
        assert [json.loads(line) for line in (folder / elites).read_text().splitlines()] == rows_of(folder, "elites")
    if elites != "pareto_front.jsonl":
        assert json.loads((folder / "best_genome.json").read_text())["genome"] == result["best"]["genome"]


@pytest.mark.parametrize("choice", sorted(HOME))
def test_every_choice_of_numbers_starts_a_run(choice: str, tmp_path: Path) -> None:
    group, _, option = choice.partition("/")
    arguments = ["experiment=numeric", f"{group}={option}"][group == "experiment" :]
    folder = tmp_path / "out"
    ended = run(f"problem.name={HOME[choice]}", *arguments, "max_generations=3", f"hydra.run.dir={folder}", cwd=ROOT)
    assert ended.status == 0, ended
    assert json.loads((folder / "summary.json").read_text())["generation"] == 3


# What a fitness function gets and gives


def test_genes_with_names_come_as_a_dict_of_plain_numbers(problem: Callable[..., Path], tmp_path: Path) -> None:
    folder = problem(
        genotype__yaml=NAMED,
        fitness__py=(
            "def fitness(params):\n"
            "    assert [type(params[name]) for name in ('a', 'n')] == [float, int]\n"
            "    return (params['a'] - 0.5) ** 2 + params['n']\n"
        ),
    )
    result = searched(folder, "max_evaluations=400", out=tmp_path / "out")
    assert result["fault"] is None
    assert result["best"]["genome"]["n"] == 1
    assert result["best"]["genome"]["a"] == pytest.approx(0.5, abs=0.1)
    saved = json.loads((tmp_path / "out" / "best_genome.json").read_text())
    assert saved == {"metrics": result["best"]["metrics"], "genome": result["best"]["genome"]}


def test_a_batch_comes_as_an_array_of_all_genomes(problem: Callable[..., Path], tmp_path: Path) -> None:
    folder = problem(
        genotype__yaml=NAMED,
        fitness__py=(
            "def fitness_batch(genomes):\n"
            "    assert genomes.shape[1] == 2 and not genomes.flags.writeable\n"
            "    return genomes.sum(axis=1)\n"
        ),
    )
    assert searched(folder, "max_generations=40", out=tmp_path / "out")["best"]["genome"]["n"] == 1


def test_what_is_reported_of_the_best_is_a_metric_of_it(problem: Callable[..., Path], tmp_path: Path) -> None:
    folder = problem(
        metrics__yaml=FILES["metrics.yaml"] + "  largest: {description: the largest}\n",
        fitness__py=FILES["fitness.py"] + "\n\ndef report(genome):\n    return {'largest': max(genome)}\n",
    )
    best = searched(folder, "max_generations=5", out=tmp_path / "out")["best"]
    assert best["metrics"]["largest"] == max(best["genome"])


def test_modules_beside_the_fitness_are_importable_and_forgotten(problem: Callable[..., Path], tmp_path: Path) -> None:
    for number in (1, 2):
        folder = problem(
            helper__py=f"OFFSET = {number}\n",
            fitness__py="def fitness(genome):\n    from helper import OFFSET\n    return OFFSET + abs(genome).sum()\n",
        )
        assert (
            int(searched(folder, "max_generations=30", out=tmp_path / f"{number}")["best"]["metrics"]["fitness"])
            == number
        )


def test_an_algorithm_without_behaviours_takes_the_fitness_alone(tmp_path: Path) -> None:
    ended = run(
        "problem.name=robot_arm", "algorithm=de", "max_generations=3", f"hydra.run.dir={tmp_path / 'out'}", cwd=ROOT
    )
    assert ended.status == 0, ended
    assert not (tmp_path / "out" / "archive.jsonl").exists()


@pytest.mark.parametrize("batch", [False, True])
def test_behaviours_may_not_be_left_out_for_it(batch: bool, problem: Callable[..., Path], tmp_path: Path) -> None:
    files = {
        "metrics__yaml": FILES["metrics.yaml"] + "  x: {description: place, lower_bound: -1, upper_bound: 1}\n",
        "problem__yaml": "behavior_keys: [x]\n",
    }
    folder = problem(fitness__py=f"def fitness{'_batch' * batch}(g):\n    return abs(g)[..., 0]\n", **files)
    fault = searched(folder, "algorithm=de", "max_generations=2", out=tmp_path / "out", status=1)["fault"]
    assert "expected (fitness, behaviours)" in fault
    folder = problem(fitness__py="def fitness(g):\n    return None if g[0] < 0 else (g[1], g[:1])\n", **files)
    result = searched(folder, "algorithm=de", "max_generations=2", out=tmp_path / "second")
    assert 0 < result["counts"]["invalid"] < result["evaluations"]


def test_behaviours_of_genomes_that_no_archive_takes_are_refused_with_what_would_do(
    problem: Callable[..., Path], tmp_path: Path
) -> None:
    folder = problem(
        genotype__yaml="kind: unique\ngenes_size: 4\n",
        metrics__yaml=FILES["metrics.yaml"] + "  x: {description: place, lower_bound: 0, upper_bound: 4}\n",
        problem__yaml="behavior_keys: [x]\n",
        fitness__py="def fitness(g):\n    return g[0], g[1:2]\n",
    )
    for algorithm in ("auto", "map_elites"):
        ended = run(f"problem.dir={folder}", f"algorithm={algorithm}", f"hydra.run.dir={tmp_path / 'out'}", cwd=ROOT)
        line = the_line(ended)
        assert "not on UniqueGenotype; choose an algorithm that takes the fitness alone, such as algorithm=ga" in line
        assert "algorithm=auto" not in line
    assert searched(folder, "algorithm=ga", "max_generations=2", out=tmp_path / "out")["best"] is not None


def test_more_behaviours_than_a_grid_has_axes_are_refused(problem: Callable[..., Path], tmp_path: Path) -> None:
    keys = [f"x{number}" for number in range(9)]
    specs = "".join(f"  {key}: {{description: x, lower_bound: 0, upper_bound: 1}}\n" for key in keys)
    folder = problem(
        metrics__yaml=FILES["metrics.yaml"] + specs,
        problem__yaml=f"behavior_keys: [{', '.join(keys)}]\n",
        fitness__py="def fitness(g):\n    return 1.0, [0.5] * 9\n",
    )
    line = the_line(run(f"problem.dir={folder}", f"hydra.run.dir={tmp_path / 'out'}", cwd=ROOT))
    assert "behavior_keys in problem.yaml names 9 metrics, and a grid has at most 8 axes" in line


@pytest.mark.parametrize(
    ("algorithm", "size", "status"),
    [("ga", 10**15, 1), ("de", 10**15, 2)],  # found out at the first generation, and as the optimizer is made
)
def test_a_population_that_does_not_fit_into_memory_is_one_line(
    algorithm: str, size: int, status: int, problem: Callable[..., Path], tmp_path: Path
) -> None:
    chosen = (f"algorithm={algorithm}", f"optimizer.population_size={size}", f"hydra.run.dir={tmp_path / 'out'}")
    ended = run(f"problem.dir={problem()}", *chosen, cwd=ROOT)
    assert ended.status == status
    assert "Traceback" not in ended.err
    assert re.search(r"^error: .* does not fit into memory: Unable to allocate \d+", ended.err.splitlines()[-1])


HOSTILE = {
    "import": ("import nothing_of_that_name\n\ndef fitness(g):\n    return 0\n", 2, "fitness.py:1: cannot be imported"),
    "raises at import": ("def fitness(g):\n    return 0\n\n1 / 0\n", 2, "fitness.py:4: cannot be imported: ZeroDiv"),
    "exits at import": ("import sys\ndef fitness(g):\n    return 0\nsys.exit(4)\n", 2, "it ended with SystemExit(4)"),
    "a number": ("fitness = 4\n", 2, "'fitness' is 4, which cannot be called"),
    "an unknown name": ("fitness = 'rastrign'\n", 2, "did you mean rastrigin"),
    "a name with parameters": ("fitness = 'tsp'\n", 2, "'tsp', which has parameters"),
    "text": ("def fitness(g):\n    return 'good'\n", 1, "the fitness of genome 0 is 'good', expected a number or None"),
    "changes its argument": ("def fitness(g):\n    g[0] = 1\n    return 0\n", 1, "must not change its argument"),
    "wrong shape": ("def fitness_batch(g):\n    return g\n", 1, "(30, 3), expected (30,)"),
    "no batch": ("def fitness_batch(g):\n    return None\n", 1, "returned None, expected an array"),
    "a wrong report": (FILES["fitness.py"] + "def report(g):\n    return 3\n", 1, "report returned 3; return a dict"),
    "an unknown metric": (FILES["fitness.py"] + "def report(g):\n    return {'x': 1}\n", 1, "report names 'x'"),
    "a report that raises": (FILES["fitness.py"] + "def report(g):\n    1 / 0\n", 1, "report raised ZeroDivisionError"),
    "a report that ends": (FILES["fitness.py"] + "def report(g):\n    raise SystemExit(4)\n", 1, "SystemExit(4)"),
    "ends the process": ("def fitness(g):\n    raise SystemExit(0)\n", 1, "SystemExit"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_fitness_is_one_line(case: str, problem: Callable[..., Path], tmp_path: Path) -> None:
    text, status, expected = HOSTILE[case]
    out = tmp_path / "out"
    ended = run(f"problem.dir={problem(fitness__py=text)}", "max_generations=3", f"hydra.run.dir={out}", cwd=ROOT)
    assert ended.status == status, ended
    assert "Traceback" not in ended.err
    if status == 2:
        assert expected in the_line(ended)
        assert not out.exists()
    else:
        assert expected in json.loads((out / "summary.json").read_text())["fault"]


SENSELESS = {
    "kind: range\ngenes_size: 3\nallele_range: [1, -1]\n": "3: the range of gene 0 is (1.0, -1.0), expected the lower",
    "kind: multi_range\nallele_ranges:\n  a: [0, 1]\n  b: [2, 1]\n": "2: the range of gene 1 is (2.0, 1.0), ",
    "kind: list\nallele_list: [1, 1]\ngenes_size: 3\n": "2: allele_list[1] is 1, which is there before",
    "kind: multi_list\nallele_lists: [[1, 2], [3, 3]]\n": "2: ",
}


@pytest.mark.parametrize("text", SENSELESS)
def test_bounds_and_alleles_that_make_no_sense_are_named_with_their_line(
    text: str, problem: Callable[..., Path], tmp_path: Path
) -> None:
    folder = problem(genotype__yaml=text)
    line = the_line(run(f"problem.dir={folder}", f"hydra.run.dir={tmp_path / 'out'}", cwd=ROOT))
    assert line.startswith(f"error: {folder}/genotype.yaml:{SENSELESS[text]}")


WRONG_NATIVE = {
    "onemax": "'onemax' is maximised; set higher_is_better: true of 'fitness'",
    "zdt1": "'zdt1' has 2 objectives, and the problem has 1",
    "queens": "'queens' is not for these genomes",
}


@pytest.mark.parametrize("name", WRONG_NATIVE)
def test_a_native_function_must_fit_the_problem(name: str, problem: Callable[..., Path], tmp_path: Path) -> None:
    folder = problem(fitness__py=f"fitness = {name!r}\n")
    ended = run(f"problem.dir={folder}", f"hydra.run.dir={tmp_path / 'out'}", cwd=ROOT)
    assert WRONG_NATIVE[name] in the_line(ended)


# What goes with what

REFUSED = {
    "problem.name=tsp algorithm=cma_es": "CMAES works on RangeGenotype and MultiRangeGenotype, not on UniqueGenotype",
    "problem.name=rastrigin algorithm=nsga2": "objectives is 1, expected a whole number from 2",
    "problem.name=zdt1 algorithm=de": "maximize is [False, False], expected True or False",
    "problem.name=rastrigin algorithm=map_elites": "an archive needs behaviours",
    "problem.name=rastrigin pipeline=cascade": "pipeline=cascade is for programs",
    "problem.name=rastrigin llm=openai": "llm=openai is for programs",
    "problem.name=rastrigin engine=generational": "engine=generational is for programs",
    "problem.name=rastrigin sandbox=strict": "sandbox=strict is for programs",
    "problem.name=rastrigin migration=adaptive": "migration=adaptive is for programs",
    "problem.name=rastrigin mutation=no_freeze": "mutation=no_freeze is for programs",
    "problem.name=rastrigin storage=sqlite": "storage=sqlite is for programs",
    "problem.name=rastrigin observe=console": "observe=console is for programs",
    "problem.name=rastrigin budget.usd=1": "budget.usd=1 is for programs",
    "problem.name=rastrigin operators=llm": "operators=llm is for programs",
    "problem.name=rastrigin algorithm=single_island": "choose one of auto, cma_es, de, evolve, ga, map_elites",
    "problem.name=rastrigin experiment=base": "is numeric: add experiment=numeric",
    "problem.name=rastrigin max_mutants=5": "max_mutants=5 is for programs, and problem 'rastrigin' is numeric; set",
    "problem.name=rastrigin num_parents=5": "num_parents=5 is for programs",
    "problem.name=rastrigin parents.top_fraction=0.5": "parents.top_fraction=0.5 is for programs",
    "problem.name=rastrigin model_name=openai/x": "model_name=openai/x is for programs",
    "problem.name=rastrigin workers=2": "workers=2: the fitness of problem 'rastrigin' is compiled; set workers=0",
    "problem.name=zdt1 workers=2": "takes all genomes at once; set workers=0",
    "problem.name=rastrigin workers=-1": "workers=-1: it must be a whole number from 0",
    "problem.name=rastrigin checkpoint_s=0": "checkpoint_s=0: it must be seconds above 0",
    "problem.name=rastrigin algorithm=de optimizer.strategy=sahde": "strategy is 'sahde', expected one of rand/1",
    "problem.name=rastrigin algorithm=ga optimizer.population_size=0": "population_size is 0",
    "problem.name=rastrigin algorithm=ga optimizer.populaton_size=9": "optimizer.populaton_size",
    "problem.name=heilbron algorithm=de": "algorithm=de is for numeric problems",
    "problem.name=heilbron experiment=numeric": "experiment=numeric is for numeric problems, which have a genotype",
    "problem.name=heilbron observe=search": "observe=search is for numeric problems",
    "problem.name=heilbron storage=search": "storage=search is for numeric problems",
    "problem.name=heilbron workers=2": "unknown key 'workers'",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_what_does_not_fit_is_refused_before_anything_starts(arguments: str, tmp_path: Path) -> None:
    ended = run(*arguments.split(), "max_generations=1", f"hydra.run.dir={tmp_path / 'out'}", cwd=ROOT)
    assert REFUSED[arguments] in the_line(ended)
    assert not (tmp_path / "out").exists()


def test_an_optimizer_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from gigaevo.optimize import GeneticAlgorithm\n\n\nclass Mine(GeneticAlgorithm):\n    pass\n"
    )
    ended = run(
        "problem.name=onemax", "algorithm=ga", "optimizer._target_=mine.Mine", f"import_paths=[{tmp_path}]",
        f"hydra.run.dir={tmp_path / 'out'}", cwd=ROOT,
    )  # fmt: skip
    assert "no checkpoint can be made: a mine.Mine cannot be saved" in the_line(ended)


# How a run ends, and goes on


LIMITS = [
    ("rastrigin de max_generations=7", "max_generations"),
    ("rastrigin de max_evaluations=150", "max_evaluations"),
    ("rastrigin de max_seconds=0.05", "max_seconds"),
    ("rastrigin de target_fitness=400", "target_fitness"),
    ("rastrigin de plateau=20", "plateau"),
    ("rastrigin evolve max_evaluations=150", "max_evaluations"),
    ("rastrigin evolve target_fitness=400", "target_fitness"),
    ("zdt1 nsga2 target_fitness=0.001", "target_fitness"),
    ("zdt1 nsga2 plateau=2", "plateau"),
]


@pytest.mark.parametrize(("typed", "reason"), LIMITS)
def test_the_limits_of_every_day_end_a_search(typed: str, reason: str, tmp_path: Path) -> None:
    name, algorithm, limit = typed.split()
    out = tmp_path / "out"
    ended = run(f"problem.name={name}", f"algorithm={algorithm}", limit, f"hydra.run.dir={out}", cwd=ROOT)
    assert ended.status == 0, ended
    result = json.loads((out / "summary.json").read_text())
    assert result["stop_reason"] == reason
    if reason == "max_evaluations":
        least, most = (150, 150) if algorithm == "de" else (150, 249)
        assert least <= result["evaluations"] <= most
    if reason == "max_generations":
        assert result["generation"] == 7


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("rastrigin", "de"), ("rastrigin", "pso"), ("rastrigin", "cma_es"), ("zdt1", "nsga2"), ("tsp", "ga"),
     ("robot_arm", "map_elites"), ("onemax", "evolve")],
)  # fmt: skip
def test_a_resumed_search_finds_what_one_in_one_go_does(name: str, algorithm: str, tmp_path: Path) -> None:
    parts, whole = tmp_path / "parts", tmp_path / "whole"
    chosen = [f"problem.name={name}", f"algorithm={algorithm}", "seed=9"]
    assert run(*chosen, "max_generations=130", f"hydra.run.dir={whole}", cwd=ROOT).status == 0
    assert run(*chosen, "max_generations=57", f"hydra.run.dir={parts}", cwd=ROOT).status == 0
    assert run(f"resume={parts}", "max_generations=130", cwd=ROOT).status == 0
    first, second = (json.loads((folder / "summary.json").read_text()) for folder in (parts, whole))
    for key in ("elapsed_s", "evaluations_per_s"):
        assert first.pop(key) > 0 and second.pop(key) > 0
    assert first == second
    lines = [(folder / "metrics.jsonl").read_text().splitlines() for folder in (parts, whole)]
    assert [line.partition('"elapsed_s"')[0] for line in lines[0]] == [
        line.partition('"elapsed_s"')[0] for line in lines[1]
    ]


def test_only_limits_of_numbers_may_change_when_a_run_is_resumed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("problem.name=onemax", "max_generations=2", f"hydra.run.dir={out}", cwd=ROOT).status == 0
    line = the_line(run(f"resume={out}", "workers=2", cwd=ROOT))
    assert "only max_generations, max_evaluations, max_seconds, target_fitness, plateau may change" in line
    assert "max_mutants=5" in the_line(run(f"resume={out}", "max_mutants=5", cwd=ROOT))


def test_a_checkpoint_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("problem.name=onemax", "max_generations=2", f"hydra.run.dir={out}", cwd=ROOT).status == 0
    (out / "checkpoint.npz").write_bytes(b"torn")
    assert "checkpoint.npz is no checkpoint" in the_line(run(f"resume={out}", "max_generations=4", cwd=ROOT))


def test_a_search_that_was_killed_before_its_first_checkpoint_begins_anew(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("problem.name=onemax", "max_generations=3", f"hydra.run.dir={out}", cwd=ROOT).status == 0
    before = (out / "best_genome.json").read_text()
    (out / "checkpoint.npz").unlink()
    assert run(f"resume={out}", cwd=ROOT).status == 0
    assert (out / "best_genome.json").read_text() == before


def test_what_cannot_be_written_down_is_one_line_and_a_search_that_goes_on_lacks_nothing(tmp_path: Path) -> None:
    (tmp_path / "full_disk.py").write_text(
        "from pathlib import Path\n"
        "from gigaevo.storage.base import StorageError\n"
        "from gigaevo.storage.search import SqliteSearchStorage\n\n\n"
        "class Disk(SqliteSearchStorage):\n"
        "    def keep(self, generations, elites):\n"
        f"        if Path({str(tmp_path / 'full')!r}).exists():\n"
        "            raise StorageError('database or disk is full')\n"
        "        super().keep(generations, elites)\n"
    )
    chosen = ("problem.name=onemax", "max_generations=30", f"import_paths=[{tmp_path}]")
    out, whole = tmp_path / "out", tmp_path / "whole"
    (tmp_path / "full").touch()
    ended = run(*chosen, "search_storage._target_=full_disk.Disk", f"hydra.run.dir={out}", cwd=ROOT)
    assert ended.status == 1
    assert "Traceback" not in ended.err
    assert ended.err.splitlines()[-1].startswith("error: database or disk is full; with that mended, the run goes on")
    (tmp_path / "full").unlink()
    assert run(f"resume={out}", cwd=ROOT).status == 0
    assert run(*chosen, f"hydra.run.dir={whole}", cwd=ROOT).status == 0
    rows = [[{**row, "elapsed_s": 0} for row in rows_of(folder, "generations")] for folder in (out, whole)]
    assert len(rows[0]) == 30
    assert rows[0] == rows[1]


def test_lines_are_kept_of_the_same_generations_whenever_a_run_began() -> None:
    kept = [0]
    while kept[-1] < 10**6:
        kept.append(next_line(kept[-1]))
    assert kept[:101] == list(range(101))
    assert len(kept) < 1100
    assert all(later / earlier <= 1.02 for earlier, later in pairwise(kept[100:]))
    rng = np.random.default_rng(0)
    for generation in rng.integers(0, 10**6, 200).tolist():
        assert next_line(generation) == min(line for line in kept if line > generation)


# Sweeps


def test_a_sweep_of_algorithms_compares_its_arms(tmp_path: Path) -> None:
    ended = run(
        "-m", "problem.name=rastrigin", "algorithm=de,pso", "seed=0,1", "max_evaluations=300", "max_seconds=null",
        f"hydra.sweep.dir={tmp_path / 'all'}", cwd=ROOT,
    )  # fmt: skip
    assert ended.status == 0, ended
    with (tmp_path / "all" / "sweep_summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert {row["status"] for row in rows} == {"ended"}
    for row in rows:
        result = json.loads((tmp_path / "all" / row["folder"] / "summary.json").read_text())
        assert float(row["best_fitness"]) == result["best"]["metrics"]["fitness"] == float(row["best.fitness"])
        assert row["evaluated"] == "300"
    compared = json.loads((tmp_path / "all" / "sweep_comparison.json").read_text())
    assert {arm["label"] for arm in compared["arms"]} == {"algorithm=de", "algorithm=pso"}
    assert all(not arm["higher_is_better"] for arm in compared["arms"])
    assert all(arm["spent"]["evaluations"]["median"] == 300 for arm in compared["arms"])
    assert len(compared["comparisons"]) == 1


def test_problems_of_both_kinds_in_one_sweep_are_told_apart(tmp_path: Path) -> None:
    ended = run(
        "-m", "problem.name=rastrigin,tsp", "max_generations=2", f"hydra.sweep.dir={tmp_path / 'all'}", cwd=ROOT
    )
    assert ended.status == 0, ended
    ended = run("-m", "problem.name=rastrigin,heilbron", "--cfg", "job", cwd=ROOT)
    assert "experiment=numeric" not in ended.out


def test_settings_of_an_algorithm_are_searched_in_the_direction_of_the_problem(tmp_path: Path) -> None:
    ended = run(
        "-m", "hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "problem.name=rastrigin", "algorithm=ga",
        "optimizer.population_size=range(10,100,10)", "max_evaluations=300", f"hydra.sweep.dir={tmp_path / 'all'}",
        cwd=ROOT,
    )  # fmt: skip
    assert ended.status == 0, ended
    with (tmp_path / "all" / "sweep_summary.csv").open() as file:
        fitness = [float(row["best_fitness"]) for row in csv.DictReader(file)]
    assert len(fitness) == 2
    results = yaml.safe_load((tmp_path / "all" / "optimization_results.yaml").read_text())
    assert results["best_value"] == pytest.approx(min(fitness))


def test_folders_of_numeric_problems_are_swept(problem: Callable[..., Path], tmp_path: Path) -> None:
    one = problem()
    other = written(tmp_path / "a, (b)=1", genotype__yaml=NAMED, fitness__py="def fitness(p):\n    return p['a']\n")
    ended = run(
        "-m", f"problem.dir={one},'{other}'", "max_generations=2", f"hydra.sweep.dir={tmp_path / 'all'}", cwd=ROOT
    )
    assert ended.status == 0, ended
    programs = ROOT / "problems" / "heilbron"
    ended = run("-m", f"problem.dir={one},{programs}", "--cfg", "job", cwd=ROOT)
    assert "experiment=numeric" not in ended.out
