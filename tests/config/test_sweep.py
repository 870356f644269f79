"""``-m`` with real runs: every combination, each in a folder of its own, and one table of all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from gigaevo.config.result import ExitStatus, RunResult
from gigaevo.config.sweep import side_by_side
from gigaevo.config.sweep.record import JOURNAL, SweepRecord
from tests.config.command import ROOT, run
from tests.config.sweeping import command, summaries, sweep, table

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


def test_each_job_is_a_whole_run_of_its_own_and_a_row_of_the_table(tmp_path: Path) -> None:
    done = sweep("problem.name=toy_example", "algorithm=single_island,best_of_n", "seed=0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "[HYDRA]" not in done.stdout
    found = summaries(tmp_path / "all")
    assert sorted(found) == ["0", "1"]
    rows = table(tmp_path / "all")
    assert [(row["job"], row["folder"], row["algorithm"]) for row in rows] == [
        ("0", "0", "single_island"),
        ("1", "1", "best_of_n"),
    ]
    for row in rows:
        summary = found[row["job"]]
        best = summary["best"]
        assert (row["seed"], row["status"], row["stop_reason"], row["error"]) == ("0", "ended", "max_mutants", "")
        assert float(row["best_fitness"]) == best["metrics"]["fitness"]
        assert float(row["rescored_fitness"]) == best["rescored"]["fitness"]
        assert {key: float(row[f"best.{key}"]) for key in best["metrics"]} == best["metrics"]
        assert [int(row[key]) for key in ("mutants", "evaluated")] == [10, summary["counts"]["evaluated"]]
        archive = {**summary["archive"], "elapsed_s": summary["elapsed_s"]}
        for key in ("coverage", "qd_score", "elapsed_s"):
            assert row[key] == ("" if archive[key] is None else str(archive[key]))
        files = {path.name for path in (tmp_path / "all" / row["job"]).iterdir()}
        assert {"best_program.py", "config.yaml", "metrics.jsonl", "run.db", "run.log", "summary.json"} <= files


def test_a_job_that_fails_stops_no_other_and_has_a_row_with_its_error(tmp_path: Path) -> None:
    done = sweep("problem.name=nonexistent,toy_example", "seed=3", cwd=tmp_path)
    assert done.returncode == 2
    [error] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "problem.name=nonexistent: no such problem" in error
    assert "Traceback" not in done.stderr
    assert {job: summary["problem"] for job, summary in summaries(tmp_path / "all").items()} == {"1": "toy_example"}
    assert [path.name for path in (tmp_path / "all").iterdir() if path.is_dir()] == ["1"]
    failed, ended = table(tmp_path / "all")
    assert (failed["status"], failed["error"], failed["best_fitness"]) == ("configuration", error[len("error: ") :], "")
    assert (ended["status"], ended["error"]) == ("ended", "")


def test_joblib_runs_jobs_side_by_side_that_share_the_cores(tmp_path: Path) -> None:
    done = sweep(*JOBLIB, "problem.name=toy_example,nonexistent", "seed=0,1", cwd=tmp_path, GIGAEVO_CORES="6")
    assert done.returncode == 2, done.stderr
    assert "Warning" not in done.stderr
    rows = table(tmp_path / "all")
    assert [(row["job"], row["status"]) for row in rows] == [
        ("0", "ended"),
        ("1", "ended"),
        ("2", "configuration"),
        ("3", "configuration"),
    ]
    for job in "01":
        assert "max_evaluations_in_flight: 3" in (tmp_path / "all" / job / "config.yaml").read_text()
        assert "Best " in (tmp_path / "all" / job / side_by_side.OUTPUT_FILE).read_text()
    assert "Best " not in done.stdout  # one terminal cannot show several runs


def beginning(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """A sweep with joblib in a session of its own, two of whose jobs are under way."""
    sweep = subprocess.Popen(
        command(*JOBLIB, "problem.name=toy_example", "mutation=no_freeze", "hydra.sweep.dir=all", *arguments),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert sweep.stdout is not None
    assert {sweep.stdout.readline().split(":")[0] for _ in range(2)} == {"job 0", "job 1"}
    return sweep


def job_processes(sweep: subprocess.Popen[str]) -> list[psutil.Process]:
    children = psutil.Process(sweep.pid).children()
    return [child for child in children if any("LokyProcess" in word for word in child.cmdline())]


def read_to_the_end(sweep: subprocess.Popen[str]) -> str:
    """What is printed until no process is left that could print: those of the jobs have the same standard output."""
    watchdog = threading.Timer(200, lambda: os.killpg(sweep.pid, signal.SIGKILL))
    watchdog.start()
    try:
        return sweep.communicate()[0]
    finally:
        watchdog.cancel()


def test_a_killed_job_is_recorded_and_those_that_had_not_begun_still_run(tmp_path: Path) -> None:
    sweep = beginning("max_seconds=101,100,1", cwd=tmp_path)
    job_processes(sweep)[0].kill()
    out = read_to_the_end(sweep)
    assert sweep.returncode == ExitStatus.FAULT, out
    rows = table(tmp_path / "all")
    assert [row["status"] for row in rows] == ["killed", "killed", "ended"], out
    assert f"continue it with resume={tmp_path / 'all' / '0'}" in rows[0]["error"]
    assert "Traceback" not in out


@pytest.mark.parametrize("ending", ["Ctrl-C", "kill"])
def test_a_sweep_that_is_stopped_leaves_no_process_and_its_table_is_right(ending: str, tmp_path: Path) -> None:
    sweep = beginning("seed=0,1,2", "max_seconds=300", cwd=tmp_path)
    family = psutil.Process(sweep.pid).children(recursive=True)
    if ending == "Ctrl-C":
        os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does: to all in the foreground
    else:
        sweep.kill()
    out = read_to_the_end(sweep)
    assert psutil.wait_procs(family, timeout=60)[1] == []
    assert sweep.returncode == (ExitStatus.INTERRUPTED if ending == "Ctrl-C" else -signal.SIGKILL), out
    rows = table(tmp_path / "all")
    assert [row["job"] for row in rows] == ["0", "1"]
    assert {row["status"] for row in rows} <= {"unfinished", "interrupted"}


def test_a_launcher_that_is_stuck_after_an_interrupt_ends_all_the_same() -> None:
    program = (
        "import threading\n"
        "from gigaevo.config.sweep.side_by_side import ending_on_interrupt\n"
        "with ending_on_interrupt(patience_s=0.2):\n"
        "    while True:\n"
        "        try:\n"
        "            print('ready', flush=True)\n"  # in here, since the answer may come at once
        "            threading.Event().wait()\n"
        "        except KeyboardInterrupt:\n"
        "            pass\n"
    )
    stuck = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert stuck.stdout is not None
    assert stuck.stdout.readline() == "ready\n"
    stuck.send_signal(signal.SIGINT)
    assert stuck.wait(30) == ExitStatus.INTERRUPTED


def test_a_job_that_is_resumed_gets_its_row_anew(tmp_path: Path) -> None:
    assert sweep("problem.name=toy_example", "seed=0,1", cwd=tmp_path).returncode == 0
    before = table(tmp_path / "all")
    assert run(f"resume={tmp_path / 'all' / '1'}", "max_mutants=15", cwd=tmp_path).status == 0
    after = table(tmp_path / "all")
    assert after[0] == before[0]
    assert [row["mutants"] for row in after] == ["10", "15"]


def test_the_table_is_right_whatever_process_writes_and_wherever_one_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from gigaevo.config.sweep.record import SweepRecord\n"
        "from gigaevo.config.result import RunResult, ExitStatus\n"
        "folder, first = Path(sys.argv[1]), int(sys.argv[2])\n"
        "for job in range(first, 40, 2):\n"
        "    record = SweepRecord(folder)\n"
        "    row = record.begin(job=job, overrides=[f'seed={job}'], folder=folder / str(job))\n"
        "    record.end(row, RunResult(status=ExitStatus.ENDED, best_fitness=float(job)), summary={})\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), first], cwd=ROOT) for first in ("0", "1")
    ]
    assert [writer.wait(200) for writer in writers] == [0, 0]
    rows = table(tmp_path)
    assert [(row["job"], row["seed"], row["best_fitness"]) for row in rows] == [
        (str(job), str(job), f"{job}.0") for job in range(40)
    ]
    with (tmp_path / JOURNAL).open("ab") as journal:
        journal.write(b'{"row": 40, "job": 40, "ov')  # a kill in the middle of a line
    record = SweepRecord(tmp_path)
    row = record.begin(job=41, overrides=["seed=41", "~operators.freeze"], folder=tmp_path / "41")
    assert table(tmp_path)[-1]["status"] == "unfinished"
    record.end(row, RunResult(status=ExitStatus.FAULT, error='a "quoted", torn\x00 line'), summary={})
    last = table(tmp_path)[-1]
    assert (last["job"], last["~operators.freeze"], last["status"]) == ("41", "removed", "fault")
    assert last["error"] == 'a "quoted", torn\x00 line'
    assert len(table(tmp_path)) == 41


def test_a_launcher_that_is_not_installed_is_one_line_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "joblib.py").write_text("raise ImportError('as if it were not there')\n")
    done = sweep(*JOBLIB, "problem.name=toy_example", "seed=0,1", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == "error: hydra/launcher=joblib is not installed: pip install -e '.[sweep]'\n"
    assert not (tmp_path / "all").exists()
