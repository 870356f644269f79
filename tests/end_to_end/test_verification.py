"""A validator with a hole, and programs that fall through it: found, marked, never announced, whatever happens."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.end_to_end.command import ROOT, command, programs_so_far, run, summary
from tests.end_to_end.population import stored_programs
from tests.pictures import png

# The validator means to keep numbers below 1 and forgets the negative ones, whose squares score as well.
FILES = {
    "task_description.txt": "Return a number in [0, 1) with a large square.\n",
    "metrics.yaml": (
        "specs:\n  fitness: {description: square, is_primary: true, lower_bound: 0.0, upper_bound: 100.0}\n"
        "  place: {description: the number, lower_bound: -10.0, upper_bound: 1.0}\n"
    ),
    "problem.yaml": "behavior_keys: [place]\n",
    "validate.py": (
        "from pathlib import Path\n"
        "PICTURE = Path(__file__).with_name('picture.png').read_bytes()\n"
        "def validate(output):\n"
        "    if output >= 1.0:\n"
        "        raise ValueError('too large')\n"
        "    table = {'columns': ['number', 'square'], 'rows': [[output, output**2]]}\n"
        "    return {'fitness': output**2, 'place': output}, {'plot': PICTURE, 'squares': table, 'note': 'a note'}\n"
    ),
    "verify.py": (
        "from fractions import Fraction\n"
        "def verify(output):\n"
        "    if not 0 <= Fraction(output) < 1:\n"
        "        raise ValueError(f'{output} is not in [0, 1)')\n"
        "    return {'exact': Fraction(output) ** 2}\n"
    ),
    "initial_programs/a_small.py": "def entrypoint():\n    value = 0.25\n    return value\n",
    "initial_programs/b_hole.py": "def entrypoint():\n    value = -3.0\n    return value\n",
    "initial_programs/c_larger.py": (
        "from pathlib import Path\n\n\ndef entrypoint():\n    Path('artifacts').mkdir(exist_ok=True)\n"
        "    Path('artifacts/trace.txt').write_text('what I did')\n    value = 0.5\n    return value\n"
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "squares" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "squares" / "picture.png").write_bytes(png())
    return tmp_path / "squares"


def arguments(folder: Path, out: Path, *more: str) -> list[str]:
    constants = "mutation_operator.operators=[${operators.constants}]"
    return [f"problem.dir={folder}", "seed=3", f"hydra.run.dir={out}", "mutation=no_freeze", constants, *more]


def leaks_of(out: Path) -> list[Any]:
    return [p for p in stored_programs(out) if p.error is not None and p.error.kind == "leak"]


def check(out: Path) -> None:
    """Everything in the run's folder knows the leaks for what they are."""
    told, leaks = summary(out), leaks_of(out)
    assert leaks
    assert told["leaks"]["count"] == told["counts"]["failures"]["leak"] == len(leaks)
    assert set(told["leaks"]["programs"]) <= {leak.id for leak in leaks}
    assert 0.25 <= told["best"]["metrics"]["fitness"] < 1.0
    assert told["best"]["verification"]["metrics"]["exact"] == told["best"]["metrics"]["fitness"]
    assert told["best"]["verified_again"]["accepted"]
    for leak in leaks:
        assert leak.state == "discarded"
        assert leak.metrics["fitness"] > 0.0
        assert "is not in [0, 1)" in leak.error.message
        assert not leak.artifacts["verification"]["accepted"]


def test_a_leak_is_found_marked_and_never_announced(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = run(*arguments(folder, out, "max_mutants=40"))
    assert ended.returncode == 0, ended.stderr
    check(out)
    warning = r"WARNING +the validator let through what verify.py refuses: program -2 \w+ \(fitness 9.00000\): "
    assert re.search(warning + r"passed validate.py, and verify.py refuses it: -3.0 is not in \[0, 1\)", ended.stderr)
    announced = [float(value) for value in re.findall(r"new best ([\d.]+)", ended.stderr)]
    assert announced and max(announced) < 1.0
    assert "Leaks " in ended.stdout and "Verified  yes, by verify.py in a fresh process: exact 0." in ended.stdout
    files = {str(path.relative_to(out)) for path in (out / "best_artifacts").rglob("*") if path.is_file()}
    assert {"best_artifacts/plot.png", "best_artifacts/squares.csv", "best_artifacts/note.txt"} <= files
    assert (out / "best_artifacts" / "plot.png").read_bytes() == png()
    assert "Artifacts " in ended.stdout
    initial = next(p for p in stored_programs(out) if p.number == -3)
    assert initial.artifacts["program/trace"] == "what I did"


def test_leaks_survive_a_kill_and_a_resume(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    slow = FILES["verify.py"].replace("    return", "    import time\n    time.sleep(0.05)\n    return")
    (folder / "verify.py").write_text(slow)
    start = arguments(folder, out, "max_mutants=60")
    seen: list[psutil.Process] = []
    for arguments_now in (start, [f"resume={out}"]):
        child = subprocess.Popen(
            command(*arguments_now), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        known = programs_so_far(out)
        while programs_so_far(out) <= known + 6:
            assert child.poll() is None
            time.sleep(0.02)
        seen += psutil.Process(child.pid).children(recursive=True)
        child.kill()
        child.wait()
    ended = run(f"resume={out}")
    assert ended.returncode == 0, ended.stderr
    assert psutil.wait_procs(seen, timeout=60)[1] == []
    check(out)


def test_a_verifier_that_cannot_run_is_told_before_the_search(folder: Path, tmp_path: Path) -> None:
    (folder / "verify.py").write_text("import no_such_module\n\n\ndef verify(output): ...\n")
    ended = run(*arguments(folder, tmp_path / "out", "max_mutants=5"))
    assert ended.returncode == 2
    assert "verify.py, line 1: ModuleNotFoundError: No module named 'no_such_module'" in ended.stderr
    assert "new best" not in ended.stderr


NOISY = {
    "problem.yaml": "behavior_keys: [place]\nnoisy: true\n",
    "initial_programs/d_noisy.py": (
        "import random\n\n\ndef entrypoint():\n    value = 0.4\n    return value + random.uniform(0.0, 0.3)\n"
    ),
}


def test_noise_is_repeatable_averaged_and_looked_at_again(folder: Path, tmp_path: Path) -> None:
    for name, text in NOISY.items():
        (folder / name).write_text(text)
    (folder / "initial_programs" / "b_hole.py").unlink()
    results = []
    for name in ("a", "b"):
        ended = run(
            *arguments(folder, tmp_path / name, "max_mutants=6", "engine.deterministic=true"),
            *("engine.samples=2", "engine.confirmations=3"),
        )
        assert ended.returncode == 0, ended.stderr
        programs = stored_programs(tmp_path / name)
        results.append([(p.number, p.metrics.get("fitness"), p.artifacts.get("samples")) for p in programs])
        told = summary(tmp_path / name)
        assert told["best"]["metrics"]["fitness_samples"] == 5
        assert told["best"]["rescored"]["fitness_samples"] == 2
        assert told["validate_calls"] == sum(p.cost.validate_calls for p in programs)
    assert results[0] == results[1]
    noisy = next(p for p in stored_programs(tmp_path / "a") if p.number == -3)
    assert noisy.metrics["fitness_deviation"] > 0.0
    assert len({json.dumps(row) for row in noisy.artifacts["samples"]["rows"]}) == len(
        noisy.artifacts["samples"]["rows"]
    )
