"""What the benchmarks of language models share: a stand-in in this process, runs beside it, and what these cost."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gigaevo.testing import LanguageModelServer

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of a run's processes, all of them, and the calls of a language model that it made."""

    cpu_s: float
    calls: int


def command(mutants: int, folder: Path, *extra: str) -> list[str]:
    """A run of ``toy_example`` whose operators all ask a language model, unless ``extra`` says otherwise."""
    return [
        sys.executable,
        str(ROOT / "run.py"),
        "--config-dir",
        str(ROOT / "benchmarks" / "config"),
        "problem.name=toy_example",
        f"max_mutants={mutants}",
        "max_seconds=null",
        f"hydra.run.dir={folder}",
        *extra,
    ]


def asking(server: LanguageModelServer) -> list[str]:
    """The part of a command that has it ask ``server`` and nobody else."""
    return ["llm=local", f"llm_base_url={server.base_url}", "model_name=stand-in", "mutation=llm"]


async def measured(words: Sequence[str]) -> tuple[float, str]:
    """CPU seconds of a command and all that it started, and what it printed. The server's share, which is in this
    process, is not among them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    process = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    if process.returncode != 0:
        sys.exit(f"{' '.join(words)}\nended with status {process.returncode}:\n{told.decode()[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, told.decode()


async def run_of(mutants: int, server: LanguageModelServer | None, *extra: str) -> Cost:
    """One run in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        before = server.stats()["requests"] if server is not None else 0
        asked = asking(server) if server is not None else []
        cpu, _ = await measured(command(mutants, Path(folder) / "run", *asked, *extra))
        calls = server.stats()["requests"] - before if server is not None else 0
    return Cost(cpu, calls)


def latencies(database: Path) -> list[float]:
    """Seconds that each answered call of a run took, as the run itself measured them."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        replies = [json.loads(row[0]) for row in connection.execute("SELECT reply FROM calls WHERE reply IS NOT NULL")]
    return [float(reply["latency_s"]) for reply in replies if "latency_s" in reply]
