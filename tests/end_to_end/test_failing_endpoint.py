"""Whole runs against an endpoint that fails half of the time: they end, every reply is kept, the books agree, and no
budget is passed, also where the run is killed in between."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
import urllib.request
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gigaevo.llm.prices import PER_USD
from gigaevo.testing.faults import Fault
from tests.end_to_end.command import ROOT, command, run, serving, summary

BROKEN = {Fault.RATE_LIMIT, Fault.RATE_LIMIT_SILENT, Fault.SERVER_ERROR, Fault.RESET, Fault.SILENCE, Fault.HALF}
BROKEN |= {Fault.INVALID_JSON}  # the others are replies that somebody can read
FAILING = ("--faults", "0.5", "--retry-after-s", "0.05")  # half of the time
SHORT_WAITS = (
    *("llm.models.main.timeout_s=1.5", "llm.retries.first_s=0.02", "llm.retries.longest_s=0.2"),
    *("llm.breaker.cooldown_s=0.1", "llm.breaker.longest_s=0.5"),
)


def arguments(address: str, folder: Path, *more: str) -> list[str]:
    return [
        *("problem.name=toy_example", "llm=single", "model_name=openai/gpt-4.1-mini", f"llm_base_url={address}"),
        *("mutation=llm", *SHORT_WAITS, f"hydra.run.dir={folder}", *more),
    ]


def outcomes(address: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{address.removesuffix('/v1')}/stats", timeout=60) as response:
        counted: dict[str, int] = json.load(response)["outcomes"]
    return counted


def calls(folder: Path) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Requests and replies of the transcript."""
    with closing(sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT request, reply FROM calls ORDER BY number").fetchall()
    return [(json.loads(request), None if reply is None else json.loads(reply)) for request, reply in rows]


def skipped(folder: Path) -> Counter[str]:
    """Proposals that came to nothing, by outcome, as the journal has them."""
    with closing(sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT payload FROM journal WHERE kind = 'skipped'").fetchall()
    return Counter(json.loads(payload)["credit"]["outcome"] for (payload,) in rows)


def spent(folder: Path) -> Decimal:
    """Dollars, from the rows of the transcript: what has no reply counts as what was set aside for it."""
    money = 0
    for request, reply in calls(folder):
        if reply is None:
            money += request.get("reserved", {}).get("money", 0)
        else:
            money += reply.get("spent", {}).get("money", 0)
    return Decimal(money) / PER_USD


@pytest.mark.parametrize("mutants", [60, pytest.param(300, marks=pytest.mark.slow)])
def test_a_run_ends_keeps_every_reply_and_counts_every_reason(mutants: int, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with serving(*FAILING) as address:
        ended = run(*arguments(address, folder, f"max_mutants={mutants}", "budget.usd=20"))
        assert ended.returncode == 0, ended.stderr
        happened = outcomes(address)
    told = summary(folder)
    assert told["counts"]["mutants"] == mutants
    troubles = told["llm"]["spending"]["troubles"]
    # On a machine with much else to do some answers come when nobody waits any more: the client gave up, or the run is
    # over. Silence ends in one of the two as well.
    cut_off = sum(reply is None for _, reply in calls(folder))
    late = troubles["timeout"] + cut_off - happened.get(Fault.SILENCE, 0)
    assert late >= 0
    # Everything that could be read was kept.
    readable = sum(count for outcome, count in happened.items() if outcome not in {*BROKEN, "abandoned"})
    texts = [reply for _, reply in calls(folder) if reply is not None and "text" in reply]
    assert readable - late <= len(texts) <= readable
    assert len(texts) == told["llm"]["spending"]["replies"]
    # What is counted by reason is what was counted as a whole, in the journal and by operator.
    operators, reasons = told["counts"]["operators"], told["llm"]["reasons"]
    assert sum(reasons.values()) == skipped(folder)["none"] == sum(each.get("none", 0) for each in operators.values())
    proposals = sum(each["proposals"] for each in operators.values())
    assert proposals == mutants + told["counts"]["duplicates"] + sum(reasons.values())
    assert set(reasons) >= {"empty reply", "truncated", "wrong language", "unchanged"}
    # What broke on the way is told by kind, and so is what it cost.
    refused = happened.get(Fault.RATE_LIMIT, 0) + happened.get(Fault.RATE_LIMIT_SILENT, 0)
    assert refused - late <= troubles["rate_limit"] <= refused
    assert happened.get(Fault.SERVER_ERROR, 0) - late <= troubles["server"] <= happened.get(Fault.SERVER_ERROR, 0)
    assert told["llm"]["spending"]["usd"] == pytest.approx(float(spent(folder)), abs=1e-9)
    assert spent(folder) <= 20


def test_spending_ends_within_the_cap_to_the_cent(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with serving(*FAILING) as address:
        ended = run(*arguments(address, folder, "budget.usd=0.25", "max_tokens=2000", "max_seconds=null"))
    assert ended.returncode == 0, ended.stderr
    assert summary(folder)["stop_reason"] == "budget.usd"
    assert Decimal("0.2") < spent(folder) <= Decimal("0.25")
    most = max(Decimal(request["reserved"]["money"]) / PER_USD for request, _ in calls(folder) if "reserved" in request)
    assert spent(folder) + most > Decimal("0.24")  # nothing but the worst case of a call is left


def test_a_killed_run_goes_on_within_the_same_budget(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with serving(*FAILING, "--latency-s", "0.05") as address:
        words = command(*arguments(address, folder, "budget.usd=0.4", "max_tokens=2000", "max_seconds=null"))
        first = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (folder / "run.db").exists() or len(calls_or_none(folder)) < 40:
            assert first.poll() is None
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.wait()
        before = spent(folder)
        ended = run(f"resume={folder}")
    assert ended.returncode == 0, ended.stderr
    assert summary(folder)["stop_reason"] == "budget.usd"
    assert before < spent(folder) <= Decimal("0.4")
    assert summary(folder)["llm"]["spending"]["usd"] == pytest.approx(float(spent(folder)), abs=1e-9)


def calls_or_none(folder: Path) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """The transcript so far; empty while there is no table for it."""
    try:
        return calls(folder)
    except sqlite3.OperationalError:
        return []
