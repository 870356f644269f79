"""What a user sees of a run, through the command line."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.command import (
    BENCH_CONFIG,
    ROOT,
    command,
    metrics_lines,
    mutant_numbers,
    run,
    sources,
    summary,
)

# Those that are driven have runs of their own, see test_driven_problems.
PROBLEMS = sorted(
    path.parent.name for path in ROOT.glob("problems/*/validate.py") if not (path.parent / "driver.py").is_file()
)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_problem_runs_from_its_name_alone(problem: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = run(f"problem.name={problem}", "max_mutants=8", "seed=3", f"hydra.run.dir={folder}")
    assert done.returncode == 0, done.stderr
    assert "max_mutants" in done.stdout
    result = summary(folder)
    assert result["stop_reason"] == "max_mutants"
    assert result["counts"]["mutants"] == 8
    assert result["best"]["rescored"]["fitness"] is not None
    assert mutant_numbers(folder) == list(range(8))
    assert sorted(line["number"] for line in metrics_lines(folder)) == list(range(8))
    for name in ("config.yaml", "run.log", "run.db", "best_program.py"):
        assert (folder / name).stat().st_size > 0
    compile((folder / "best_program.py").read_text(), "best_program.py", "exec")


def test_a_folder_outside_the_repository_runs(tmp_path: Path) -> None:
    problem = tmp_path / "mine"
    (problem / "initial_programs").mkdir(parents=True)
    (problem / "task_description.txt").write_text("Return the largest number.\n")
    (problem / "metrics.yaml").write_text(
        "specs:\n"
        "  score: {description: the number, is_primary: true, higher_is_better: true, decimals: 2,\n"
        "    lower_bound: 0.0, upper_bound: 10.0, sentinel_value: -1.0}\n"
        "  is_valid: {description: valid, higher_is_better: true, lower_bound: 0.0, upper_bound: 1.0}\n"
    )
    (problem / "helper.py").write_text("TOP = 10.0\n")
    (problem / "context.py").write_text("def build_context():\n    return {'offset': 0.5}\n")
    (problem / "validate.py").write_text(
        "from helper import TOP\n"
        "def validate(context, output):\n"
        "    if output > TOP:\n"
        "        raise ValueError('too large')\n"
        "    return {'score': output + context['offset'], 'is_valid': 1}\n"
    )
    seed = "def entrypoint(context):\n    return 2.0 * context['offset']\n"
    (problem / "initial_programs" / "one.py").write_text(seed)
    folder = tmp_path / "out"
    done = run(f"problem.dir={problem}", "max_mutants=30", f"hydra.run.dir={folder}")
    assert done.returncode == 0, done.stderr
    result = summary(folder)
    assert result["problem"] == "mine"
    assert result["best"]["metrics"]["score"] > 1.5


def test_misbehaving_programs_are_counted_and_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "rogue.py").write_text(
        "from gigaevo.evolution.mutation.base import Mutation, MutationOperator\n"
        "DEEDS = ['import os; os._exit(3)', 'while True: pass', 'x = bytearray(10**11)', 'raise KeyError(1)',\n"
        "         'import ctypes; ctypes.string_at(0)', 'return object()']\n"
        "class Rogue(MutationOperator):\n"
        "    name = 'rogue'\n"
        "    async def mutate(self, parents, context):\n"
        "        k = context.proposal\n"
        "        deed = DEEDS[k // 10 % len(DEEDS)] if k % 10 == 0 else f'return [{k}.25 / 100, 0.5]'\n"
        "        text = f'def entrypoint():\\n    {k}\\n    {deed}\\n'\n"
        "        return Mutation(source=text, operator='rogue', description='a deed')\n"
    )
    (tmp_path / "mutation").mkdir()
    (tmp_path / "mutation" / "rogue.yaml").write_text(
        "# @package _global_\nmutation_operator:\n  _target_: rogue.Rogue\n"
    )
    folder = tmp_path / "out"
    done = run(
        "--config-dir", str(tmp_path), "mutation=rogue", "problem.name=toy_example", "max_mutants=120",
        "stage_timeout=60", "sandbox.cpu_time_s=1", "memory_limit_mb=256", f"hydra.run.dir={folder}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = summary(folder)
    counts = result["counts"]
    assert counts["mutants"] == 120
    assert counts["evaluated"] == 120 + len(list((ROOT / "problems/toy_example/initial_programs").glob("*.py")))
    assert counts["failures"] == {"exit": 2, "timeout": 2, "memory": 2, "exception": 2, "signal": 2, "output": 2}
    assert result["best"] is not None


def test_no_secret_of_the_environment_reaches_a_program_or_the_output(tmp_path: Path) -> None:
    secret = "sk-test-51f0a9c7e2"
    problem = tmp_path / "spy"
    (problem / "initial_programs").mkdir(parents=True)
    (problem / "task_description.txt").write_text("Count what can be read.\n")
    (problem / "metrics.yaml").write_text("specs:\n  fitness: {description: count, is_primary: true}\n")
    (problem / "validate.py").write_text("def validate(output):\n    return {'fitness': output}\n")
    (problem / "initial_programs" / "look.py").write_text(
        "import os\n"
        "def entrypoint():\n"
        "    seen = str(dict(os.environ))\n"
        "    for pid in (os.getpid(), os.getppid()):\n"
        "        try:\n"
        "            seen += open(f'/proc/{pid}/environ').read()\n"
        "        except OSError:\n"
        "            pass\n"
        f"    return float(seen.count({secret[:8]!r}))\n"
    )
    folder = tmp_path / "out"
    done = run(
        f"problem.dir={problem}", "max_mutants=3", "mutation=no_freeze", f"hydra.run.dir={folder}",
        env={"OPENAI_API_KEY": secret},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert summary(folder)["best"]["metrics"]["fitness"] == 0.0
    for path in folder.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


def test_without_a_valid_program_the_status_is_3(tmp_path: Path) -> None:
    problem = tmp_path / "hopeless"
    (problem / "initial_programs").mkdir(parents=True)
    (problem / "task_description.txt").write_text("Cannot be done.\n")
    (problem / "metrics.yaml").write_text("specs:\n  fitness: {description: none, is_primary: true}\n")
    (problem / "validate.py").write_text("def validate(output):\n    raise ValueError('never right')\n")
    (problem / "initial_programs" / "one.py").write_text("def entrypoint():\n    return 1\n")
    folder = tmp_path / "out"
    done = run(f"problem.dir={problem}", f"hydra.run.dir={folder}")
    assert done.returncode == 3
    assert summary(folder)["best"] is None
    assert "never right" in done.stdout + done.stderr


def test_an_import_error_of_the_problem_is_one_line_before_anything_starts(tmp_path: Path) -> None:
    problem = tmp_path / "broken"
    (problem / "initial_programs").mkdir(parents=True)
    (problem / "task_description.txt").write_text("Never starts.\n")
    (problem / "metrics.yaml").write_text("specs:\n  fitness: {description: none, is_primary: true}\n")
    (problem / "validate.py").write_text("import not_installed_anywhere\n\ndef validate(output):\n    return {}\n")
    (problem / "initial_programs" / "one.py").write_text("def entrypoint():\n    return 1\n")
    done = run(f"problem.dir={problem}", f"hydra.run.dir={tmp_path / 'out'}")
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "validate.py" in errors[0]
    assert "not_installed_anywhere" in errors[0]


def start_and_wait_for_a_mutant(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A run that has evaluated a mutant, and its helper processes."""
    child = subprocess.Popen(
        command("problem.name=toy_example", f"hydra.run.dir={folder}", *arguments),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stderr is not None
    for line in child.stderr:  # lines come as programs are evaluated: no need to guess a time
        if "by " in line and "initial" not in line:
            break
    return child, psutil.Process(child.pid).children(recursive=True)


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    child, family = start_and_wait_for_a_mutant(folder, "mutation=no_freeze")
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=200)
    assert child.returncode == 130
    assert f"resume={folder}" in out
    assert summary(folder)["stop_reason"] == "interrupted"
    assert psutil.wait_procs(family, timeout=60)[1] == []
    before = len(mutant_numbers(folder))
    again = run(f"resume={folder}", f"max_mutants={before + 10}")
    assert again.returncode == 0, again.stderr
    assert mutant_numbers(folder) == list(range(before + 10))
    assert sorted(line["number"] for line in metrics_lines(folder)) == list(range(before + 10))


def test_a_second_ctrl_c_stops_at_once_and_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    child, family = start_and_wait_for_a_mutant(folder)
    # Both are there before it looks at either: it might be over with the first before the second comes.
    for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
        child.send_signal(number)
    child.communicate(timeout=200)
    assert child.returncode == 130
    assert psutil.wait_procs(family, timeout=60)[1] == []
    committed = mutant_numbers(folder)
    assert committed == list(range(len(committed)))
    again = run(f"resume={folder}", f"max_mutants={len(committed) + 5}")
    assert again.returncode == 0, again.stderr
    assert mutant_numbers(folder) == list(range(len(committed) + 5))


def test_the_same_seed_gives_the_same_run_in_deterministic_mode(tmp_path: Path) -> None:
    runs = []
    for name, pool in (("one", 1), ("two", 4)):
        folder = tmp_path / name
        done = run(
            "problem.name=toy_example", "max_mutants=60", "seed=11", "engine.deterministic=true", "max_seconds=null",
            f"engine.max_mutations_in_flight={pool}", f"engine.max_evaluations_in_flight={pool}",
            f"hydra.run.dir={folder}",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        runs.append(sources(folder))
    assert runs[0] == runs[1]


def test_unique_children_cost_no_duplicates(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = run(
        "--config-dir", str(BENCH_CONFIG), "mutation=unique", "problem.name=toy_example", "max_mutants=100",
        f"hydra.run.dir={folder}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert summary(folder)["counts"]["duplicates"] == 0


def test_the_numpy_twins_carry_a_run_and_say_so_when_not_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = run(
        "problem.name=toy_example", "max_mutants=10", f"hydra.run.dir={folder}", env={"GIGAEVO_PURE_PYTHON": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert summary(folder)["versions"]["kernels"] == "numpy"
