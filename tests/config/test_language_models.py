"""llm=...: what is checked before a run starts, what budgets do, dry runs, first programs, and sweeps."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gigaevo.testing import LanguageModelServer, ServerOptions
from tests.config.command import ROOT, run, the_line
from tests.config.llm_runs import calls, files_below, summary
from tests.end_to_end.command import serving

PRESETS = sorted(path.stem for path in (ROOT / "config" / "llm").glob("*.yaml"))
KEYS = {
    "single": "OPENAI_API_KEY",
    "openai": "OPENAI_API_KEY",
    "cascade": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "google": "GEMINI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "ensemble": "OPENROUTER_API_KEY",
    "bandit": "OPENROUTER_API_KEY",
}
TEXT_ONLY = "mutation=no_freeze"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a stand-in for a language model listens, in a process of its own."""
    with serving() as base_url:
        yield base_url


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in {*KEYS.values(), "ANTHROPIC_AUTH_TOKEN", "GOOGLE_API_KEY", "LLM_API_KEY"}:
        monkeypatch.delenv(variable, raising=False)


# Before the start


def test_every_preset_that_needs_a_key_is_known_to_the_tests() -> None:
    assert set(PRESETS) - {"local", "replay", "dryrun"} == set(KEYS)


@pytest.mark.parametrize("preset", KEYS)
def test_a_missing_key_is_one_line_that_names_the_variable_and_leaves_nothing(preset: str, tmp_path: Path) -> None:
    ended = run("problem.name=toy_example", f"llm={preset}", cwd=tmp_path)
    assert f"needs {KEYS[preset]}: set it in the environment or in .env" in the_line(ended)
    assert files_below(tmp_path) == []


def test_a_key_in_the_file_is_as_good_as_one_in_the_environment_and_never_gets_there(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-of-the-file\n")
    unknown = ("llm=openai", "model_name=openai/no-price", "budget.usd=1")
    ended = run("problem.name=toy_example", *unknown, cwd=tmp_path)
    assert "the price of model openai/no-price is not known" in the_line(ended)  # the key is not missing any more


@pytest.mark.parametrize("experiment", ["multi_llm_exploration", "full_featured"])
def test_every_experiment_with_language_models_starts_a_run(experiment: str, address: str, tmp_path: Path) -> None:
    ended = run(
        "problem.name=toy_example",
        f"experiment={experiment}",
        f"llm_base_url={address}",
        "mutation=llm",
        "max_mutants=6",
        f"hydra.run.dir={tmp_path}/run",
        cwd=tmp_path,
    )
    assert ended.status == 0, ended
    roles = {request["role"] for _, request, _ in calls(tmp_path / "run")}
    assert roles == {"mutation"} | ({"insight"} if experiment == "full_featured" else set())
    assert set(summary(tmp_path / "run")["llm"]["spending"]["by_model"]) <= {"main", "second", "third"}


@pytest.mark.parametrize(("sandbox", "key"), [("process", "sk-12345678"), ("process", ""), ("auto", "sk-12345678")])
def test_people_are_told_where_programs_could_read_keys(sandbox: str, key: str, tmp_path: Path) -> None:
    words = ["problem.name=toy_example", "llm=dryrun", f"sandbox={sandbox}", "max_mutants=1"]
    ended = run(*words, f"hydra.run.dir={tmp_path}/run", cwd=tmp_path, LLM_API_KEY=key)
    assert ended.status == 0, ended
    level = next(line for line in ended.err.splitlines() if "sandbox: level" in line)
    open_disk = "filesystem" in level
    assert open_disk or sandbox == "auto"
    assert ("so the keys of language models" in ended.err) is (open_disk and key != "")


def test_without_protection_no_language_model_writes_programs(tmp_path: Path) -> None:
    ended = run("problem.name=toy_example", "llm=dryrun", "mutation=llm", "sandbox=inline", cwd=tmp_path)
    assert "sandbox=inline runs programs without protection" in the_line(ended)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("model_name=x", "model_name=x does nothing without a language model: add llm=single, or leave it out"),
        ("temperature=0.5", "temperature=0.5 does nothing without a language model"),
        ("max_tokens=5", "max_tokens=5 does nothing without a language model"),
        ("llm_base_url=http://h/v1", "llm_base_url=http://h/v1 does nothing without a language model"),
        ("budget.usd=1", "budget.usd=1 does nothing without a language model"),
        ("budget.when_spent=offline", "budget.when_spent=offline does nothing without a language model"),
        ("transcript=x", "transcript=x does nothing without a replay: add llm=replay"),
        ("llm=replay", "llm=replay needs the run to replay: add transcript=<its output folder>"),
        ("mutation=llm", "mutation=llm needs a language model: add llm=single, or choose mutation=default"),
        ("pipeline=with_insights", "needs a language model: add llm=single, or leave that part out"),
        ("llm=local budget.usd=0", "budget.usd=0: it must be dollars above 0, or null for no limit"),
        ("llm=local budget.when_spent=x", "budget.when_spent=x: it must be stop, or offline"),
        ("llm=local budget.usdd=1", "unknown key 'budget.usdd'; did you mean budget.usd"),
        ("llm=local temperature=-1", "temperature=-1: it must be a number from 0, or null"),
        ("llm=gpt", "llm=gpt: no such choice"),
        ("llm=local +budget.per_model.mine.usd=1", "budget.per_model.mine: there is no such model; there are main"),
        ("llm=local llm.concurrency=0", "llm.concurrency=0 must be at least 1"),
        ("llm=local llm_base_url=http://me:word@h/v1", "llm_base_url: an address must hold neither user nor password"),
        (
            "llm=local +llm.models.main.extra.api_key=sk-1",
            "extra.api_key: keys come from the environment",
        ),
        ("llm=local +llm.models.main.extra.auth=sk-1", "extra.auth looks like a secret"),
        ("-m llm=local seed=0,1 +llm.models.main.extra.token=sk-1", "extra.token: keys come from the environment"),
        (
            "llm=dryrun +llm.models.mine={_target_:gigaevo.llm.model.Model,name:openai/m}",
            "llm.models.mine would be asked in earnest, and this is a dry run: llm.models.mine.base_url must be ${ref:",
        ),
        (
            "-m llm=local seed=0,1 llm.models.main.api_key_env=AIza-1",
            "llm.models.main.api_key_env: this is the name of",
        ),
        ("llm=replay transcript=nowhere", "nowhere is not the output folder of a run"),
        ("llm=cascade ~llm.models.strong", "a cascade needs two models at least, the strong one last"),
    ],
)
def test_what_makes_no_sense_is_one_line_before_anything_starts(arguments: str, said: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-of-the-file\n")
    ended = run("problem.name=toy_example", *arguments.split(), cwd=tmp_path)
    assert said in the_line(ended)
    assert "sk-1" not in ended.err
    assert files_below(tmp_path) == [".env"]


def test_a_library_that_is_broken_is_named_with_the_command_that_mends_it(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "openai.py").write_text("raise ImportError('libssl.so is not there')\n")
    words = [sys.executable, str(ROOT / "run.py"), "problem.name=toy_example", "llm=dryrun", "hydra.run.dir=run"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "broken")}
    ended = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200)
    assert ended.returncode == 2
    line = ended.stderr.splitlines()[-1]
    assert line.endswith(
        "litellm cannot be loaded: libssl.so is not there; pip install -e '.[llm]' installs what it needs"
    )


@pytest.mark.parametrize("argument", ["model_name=openai/{}", "+llm.models.main.extra.user='{}'"])
def test_the_value_of_a_secret_is_refused_wherever_it_is_typed(argument: str, tmp_path: Path) -> None:
    key = "a-key-of-somebody"
    words = ["problem.name=toy_example", "llm=local", argument.format(key), f"hydra.run.dir={tmp_path}/run"]
    line = the_line(run(*words, cwd=tmp_path, SOME_TOKEN=key))
    assert line.endswith("holds the value of SOME_TOKEN, which is not for the records of a run\n") and key not in line
    assert files_below(tmp_path) == []


def test_prompts_that_cannot_be_used_stop_a_run_before_it_starts(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "problems" / "toy_example", tmp_path / "mine")
    (tmp_path / "mine" / "prompts").mkdir()
    (tmp_path / "mine" / "prompts" / "user.jinja").write_text("{{ program }}\n{{ no_such_thing }}\n")
    folder = tmp_path / "run"
    ended = run(f"problem.dir={tmp_path}/mine", "llm=dryrun", f"hydra.run.dir={folder}", cwd=tmp_path)
    assert "no_such_thing" in the_line(ended)
    assert "user.jinja" in the_line(ended)
    assert not folder.exists()


# Budgets


def test_a_spent_budget_ends_a_run_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ended = run(
        "problem.name=toy_example",
        "llm=dryrun",
        "mutation=llm",
        "budget.calls=6",
        "max_mutants=14",
        f"hydra.run.dir={folder}",
        cwd=tmp_path,
    )
    assert ended.status == 0, ended
    assert summary(folder)["stop_reason"] == "budget.calls"
    assert summary(folder)["llm"]["spending"]["calls"] == 6
    resumed = run(f"resume={folder}", "budget.calls=100", cwd=tmp_path)
    assert resumed.status == 0, resumed
    assert summary(folder)["stop_reason"] == "max_mutants"
    assert summary(folder)["counts"]["mutants"] == 14
    spent = summary(folder)["llm"]["spending"]["calls"]
    assert spent == sum(reply["spent"]["calls"] for _, _, reply in calls(folder) if "spent" in reply)


def test_a_run_that_goes_offline_when_its_budget_is_spent_reaches_its_other_limits(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ended = run(
        "problem.name=toy_example",
        "llm=dryrun",
        TEXT_ONLY,
        "budget.usd=0.01",
        "+budget.per_model.main.calls=4",
        "budget.when_spent=offline",
        "max_mutants=30",
        f"hydra.run.dir={folder}",
        cwd=tmp_path,
    )
    assert ended.status == 0, ended
    assert summary(folder)["stop_reason"] == "max_mutants"
    assert summary(folder)["llm"]["spending"]["calls"] == 4
    offline = summary(folder)["counts"]["operators"]
    assert offline["constants"]["proposals"] + offline["syntax_tree"]["proposals"] > 20


# Dry runs


def test_a_dry_run_says_what_a_real_one_would_send_and_pay(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ended = run(
        "problem.name=toy_example",
        "llm=dryrun",
        "model_name=openai/gpt-5-mini",
        "mutation=llm",
        "max_mutants=5",
        "budget.usd=1",
        f"hydra.run.dir={folder}",
        cwd=tmp_path,
    )
    assert ended.status == 0, ended
    told = ended.out[ended.out.index("Dry run") :]
    spending = summary(folder)["llm"]["spending"]
    assert "nothing was sent; a real run would have asked openai/gpt-5-mini" in told
    assert f"{spending['prompt_tokens']:,}" in told and f"${spending['usd']:.4f}" in told
    usd = (spending["prompt_tokens"] * 0.25 + spending["completion_tokens"] * 2) / 1e6  # of litellm's table
    assert spending["usd"] == pytest.approx(usd, rel=1e-9)
    assert "1,000 mutants: " in told and "budget.usd=1 lasts for about " in told
    prompt = (folder / "dryrun_prompt.txt").read_text()
    first = next(request for _, request, _ in calls(folder) if "messages" in request)
    assert all(message["content"].rstrip() in prompt for message in first["messages"])


# First programs


PROGRAM = "Point {0}.\n```python\ndef entrypoint():\n    first_{0} = {0} / 10\n    return [first_{0}, {0}.5]\n```\n"


@contextlib.contextmanager
def scripted(script: list[str]) -> Iterator[str]:
    """The address of a server that says this, and then what it is used to say."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = LanguageModelServer(ServerOptions(script=script))
    asyncio.run_coroutine_threadsafe(server.start(), loop).result()
    try:
        yield server.base_url
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_a_problem_without_programs_begins_with_those_that_a_model_writes(tmp_path: Path) -> None:
    problem = tmp_path / "bare"
    shutil.copytree(ROOT / "problems" / "toy_example", problem)
    shutil.rmtree(problem / "initial_programs")
    said = the_line(run(f"problem.dir={problem}", cwd=tmp_path))
    assert "has no initial programs" in said and "llm=" in said
    script = [PROGRAM.format(1), "I would rather not.", PROGRAM.format(2), PROGRAM.format(1), PROGRAM.format(3)]
    script += [PROGRAM.format(4)]
    folder = tmp_path / "run"
    with scripted(script) as address:
        ended = run(
            f"problem.dir={problem}",
            "llm=local",
            f"llm_base_url={address}",
            TEXT_ONLY,
            "max_mutants=2",
            f"hydra.run.dir={folder}",
            cwd=tmp_path,
        )
        assert ended.status == 0, ended
        resumed = run(f"resume={folder}", "max_mutants=4", cwd=tmp_path)
        assert resumed.status == 0, resumed
    assert first_programs(folder) == [(-1, "Point 1."), (-2, "Point 2."), (-3, "Point 3."), (-4, "Point 4.")]
    assert summary(folder)["counts"]["mutants"] == 4
    assert len([key for key, _, _ in calls(folder) if key.startswith("initial/")]) == len(script)


def first_programs(folder: Path) -> list[tuple[int, str]]:
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT record FROM records ORDER BY position").fetchall()
    programs = [json.loads(record) for (record,) in rows]
    return [(it["number"], it["mutations_applied"][0]) for it in programs if it["number"] < 0]


# Sweeps


def test_jobs_of_a_sweep_may_ask_language_models(tmp_path: Path) -> None:
    ended = run(
        "-m",
        "problem.name=toy_example",
        "llm=dryrun",
        "mutation=llm",
        "seed=0,1",
        "max_mutants=3",
        f"hydra.sweep.dir={tmp_path}/sweep",
        cwd=tmp_path,
        OPENAI_API_KEY="sk-that-no-table-shows",
    )
    assert ended.status == 0, ended
    table = (tmp_path / "sweep" / "sweep_summary.csv").read_text()
    assert table.count("max_mutants") >= 2
    files = [path for path in (tmp_path / "sweep").rglob("*") if path.is_file()]
    assert [path for path in files if b"sk-that-no-table-shows" in path.read_bytes()] == []
