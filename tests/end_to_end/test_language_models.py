"""Runs with language models as users start them: secrets stay where they are, a recorded run is repeated offline."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.command import ROOT, command, serving, summary

KEY = "sk-a-key-that-must-stay-where-it-is-5b1f"
FILE_KEY = "sk-another-key-from-the-file-77aa0c"
MEASURED = ("wall_time_s", "cpu_time_s", "peak_memory_mb", "runtime", "mutation_time_s")


def run_in(folder: Path, *arguments: str, wrapped: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """The real command in the working directory ``folder``; ``wrapped`` is code that runs when it is over."""
    words = command(*arguments)
    if wrapped:
        code = f"import atexit, runpy, sys\natexit.register(lambda: exec({wrapped!r}))\n"
        code += f"sys.argv = {words[1:]!r}\nsys.path.insert(0, {str(ROOT)!r})\n"
        code += f"runpy.run_path({words[1]!r}, run_name='__main__')"
        words = [sys.executable, "-c", code]
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=280, env={**os.environ, **environment}, check=False
    )


LOADED = "print('loaded', [name for name in ('litellm', 'jinja2', 'openai', 'dotenv') if name in sys.modules])"


def test_a_run_without_a_language_model_loads_nothing_of_one(tmp_path: Path) -> None:
    ended = run_in(
        tmp_path, "problem.name=toy_example", "max_mutants=3", f"hydra.run.dir={tmp_path}/run", wrapped=LOADED
    )
    assert ended.returncode == 0, ended.stderr
    assert "loaded []" in ended.stdout


class Indiscreet(BaseHTTPRequestHandler):
    """An endpoint that tells everybody what key it was given: in errors, and in what it answers."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        given = str(self.headers["Authorization"])
        self.server.given.append(given)  # type: ignore[attr-defined]
        number = len(self.server.given)  # type: ignore[attr-defined]
        failing = number % 3
        program = (
            f"def entrypoint():\n    # {given}\n    print({given!r})\n    step_{number} = {number} / 100\n"
            f"    return [1.0, step_{number}]\n"
        )
        said = {"role": "assistant", "content": f"You gave me {given}.\n```python\n{program}```\n"}
        answer: dict[str, Any] = {
            "id": given,
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": said, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
        }
        status = (200, 400, 500)[failing]
        if failing:
            answer = {"error": {"message": f"the key {given} is odd", "type": given, "code": given}}
        data = json.dumps(answer).encode()
        self.send_response(status, given if failing else None)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def indiscreet() -> Iterator[tuple[str, list[str]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Indiscreet)
    server.given = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", server.given  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


TELLS_EVERYTHING = """
import os


def entrypoint():
    print(dict(os.environ), open("/proc/self/environ").read() if os.path.exists("/proc/self/environ") else "")
    return [2.5, 1.0]
"""


def test_no_key_is_found_anywhere_after_a_run(tmp_path: Path) -> None:
    problem = tmp_path / "talkative"
    subprocess.run(["cp", "-r", str(ROOT / "problems" / "toy_example"), str(problem)], check=True)
    (problem / "initial_programs" / "tells.py").write_text(TELLS_EVERYTHING)
    (tmp_path / ".env").write_text(f"LLM_API_KEY={FILE_KEY}\n")
    folder = tmp_path / "run"
    with indiscreet() as (address, given):
        ended = run_in(
            tmp_path,
            f"problem.dir={problem}",
            "llm=local",
            "model_name=bench",
            f"llm_base_url={address}",
            "max_mutants=4",
            "llm.retries.first_s=0",
            "engine.max_mutations_in_flight=1",
            "~operators.freeze",
            "~operators.constants",
            "~operators.syntax_tree",
            f"llm.cache.folder={folder}/cache",
            f"hydra.run.dir={folder}",
            GEMINI_API_KEY=KEY,
        )
    assert ended.returncode == 0, ended.stderr
    assert set(given) == {f"Bearer {FILE_KEY}"}
    assert len(given) > 3
    with closing(sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True)) as connection:
        replies = [json.loads(reply) for (reply,) in connection.execute("SELECT reply FROM calls")]
    assert any("You gave me" in reply.get("text", "") for reply in replies)
    assert any("is odd" in reply.get("message", "") for reply in replies)
    texts = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {f"{folder}/{name}" for name in ("run.db", "run.log", "config.yaml", "summary.json")} <= set(texts)
    texts |= {"out": ended.stdout.encode(), "err": ended.stderr.encode()}
    for key in (KEY, FILE_KEY):
        assert [name for name, data in texts.items() if key.encode() in data] == []


def history(folder: Path) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Programs in order, and the journal by kind of entry: all but times of day and of the clock."""
    with closing(sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True)) as connection:
        records = connection.execute("SELECT record FROM records ORDER BY position").fetchall()
        entries = connection.execute("SELECT kind, payload FROM journal ORDER BY kind, sequence").fetchall()
    programs = [timeless(json.loads(record)) for (record,) in records]
    return programs, [(kind, timeless(json.loads(payload))) for kind, payload in entries]


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        hidden = (*MEASURED, "created_at", "elapsed_s")
        return {key: timeless(item) for key, item in value.items() if key not in hidden}
    return [timeless(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("mutants", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_a_recorded_run_is_repeated_twice_offline_program_by_program(mutants: int, tmp_path: Path) -> None:
    faults = [f"--fault={fault}=0.05" for fault in ("server_error", "refusal", "syntax_error", "crashing")]
    with serving("--key", KEY, *faults) as address:
        recorded = run_in(
            tmp_path,
            "problem.name=toy_example",
            "experiment=multi_llm_exploration",
            f"llm_base_url={address}",
            "engine.deterministic=true",
            "llm.retries.first_s=0",
            f"max_mutants={mutants}",
            "seed=3",
            "~operators.freeze",
            f"hydra.run.dir={tmp_path}/recorded",
            LLM_API_KEY=KEY,
        )
    assert recorded.returncode == 0, recorded.stderr
    told = summary(tmp_path / "recorded")
    assert told["counts"]["mutants"] == mutants
    assert told["llm"]["spending"]["replies"] > mutants / 4
    for name, again in (("first", "recorded"), ("second", "first")):  # a replay can be replayed
        replayed = run_in(
            tmp_path, "llm=replay", f"transcript={again}", f"hydra.run.dir={tmp_path}/{name}", wrapped=LOADED
        )
        assert replayed.returncode == 0, replayed.stderr
        assert "litellm" not in replayed.stdout.rpartition("loaded")[2]
        assert "warning" not in replayed.stderr.lower()
        assert history(tmp_path / name) == history(tmp_path / "recorded")
        assert summary(tmp_path / name)["best"]["id"] == told["best"]["id"]


def test_a_wrong_key_ends_a_run_in_the_endpoints_words_and_the_right_one_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with serving("--key", KEY) as address:
        words = ["problem.name=toy_example", "llm=local", f"llm_base_url={address}", "mutation=llm", "max_mutants=5"]
        ended = run_in(tmp_path, *words, f"hydra.run.dir={folder}", LLM_API_KEY="sk-not-the-right-one")
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr.count("does not take a question: the key is wrong") == 1
        assert "no language model takes questions any more" in ended.stdout
        first = summary(folder)
        assert first["stop_reason"] == "language_models" and first["llm"]["spending"]["calls"] == 0
        again = run_in(tmp_path, f"resume={folder}", LLM_API_KEY=KEY)
    assert again.returncode == 0, again.stderr
    assert summary(folder)["stop_reason"] == "max_mutants" and summary(folder)["llm"]["spending"]["replies"] > 0
