"""A real language model, small enough for a CPU, is asked through litellm to change a real program.

What it answers is rarely good, and that is the point: nothing here was written to please a parser of ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gigaevo.testing.local_model import local_model, missing

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (ROOT / "problems" / "toy_example" / "initial_programs" / "bowl_descent.py").read_text()

pytestmark = [pytest.mark.real_model, pytest.mark.skipif(bool(missing()), reason=missing() or "everything is there")]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """One model for all tests here; it lives in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gigaevo.testing.local_model"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["base_url"]
    process.stdin.close()
    process.wait(timeout=20)


def test_it_answers_through_litellm(base_url: str) -> None:
    """In a process of its own: this one keeps free of litellm and its settings."""
    code = f"""
import json, litellm
question = "Write a better version of this program.\\n```python\\n" + {PROGRAM!r} + "```\\nAnswer with a code block."
answer = litellm.completion(model="openai/smollm2", api_base={base_url!r}, api_key="none", temperature=0.0,
                            messages=[{{"role": "user", "content": question}}], max_tokens=120)
print(json.dumps([answer.choices[0].message.content, answer.usage.prompt_tokens, answer.usage.completion_tokens]))
"""
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    text, prompt_tokens, completion_tokens = json.loads(ended.stdout.splitlines()[-1])
    assert text.strip()
    assert prompt_tokens > 100
    assert 0 < completion_tokens <= 120


@pytest.mark.timeout(300)
def test_whatever_it_answers_a_run_makes_a_child_of_it_or_counts_a_reason(base_url: str, tmp_path: Path) -> None:
    words = [
        *("problem.name=toy_example", "llm=local", f"llm_base_url={base_url}", "model_name=smollm2", "mutation=llm"),
        *("max_tokens=160", "budget.calls=3", "max_seconds=100", "llm.concurrency=1", "llm.models.main.timeout_s=90"),
        f"hydra.run.dir={tmp_path}",
    ]
    ended = subprocess.run([sys.executable, "run.py", *words], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-2000:]
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["stop_reason"] == "budget.calls"
    spending, books = summary["llm"]["spending"], summary["llm"]["models"]["main"]
    with closing(sqlite3.connect(tmp_path / "run.db")) as database:
        replies = [json.loads(reply) for (reply,) in database.execute("SELECT reply FROM calls")]
    said = [reply for reply in replies if "text" in reply]
    assert len(said) == spending["calls"] == spending["replies"] == 3
    assert sum(reply["completion_tokens"] for reply in said) == spending["completion_tokens"] > 0
    children = summary["counts"]["mutants"] + summary["counts"]["duplicates"]
    assert books["proposals"] == children + sum(summary["llm"]["reasons"].values())


async def test_it_serves_for_as_long_as_a_block_of_code_lasts() -> None:
    async with local_model(context_tokens=512) as url:
        port = int(url.removesuffix("/v1").rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer: Any = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200")
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", port)
