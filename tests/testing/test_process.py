"""The server as a process of its own: it says where it is, and never outlives whoever started it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from gigaevo.testing import Fault, ServerOptions, served
from gigaevo.testing.__main__ import options_of, parser
from gigaevo.testing.served import command_line
from tests.testing.raw_client import RawClient, body

ROOT = Path(__file__).resolve().parents[2]
MODULE = [sys.executable, "-m", "gigaevo.testing"]


def started(*words: str) -> tuple[subprocess.Popen[bytes], str]:
    process = subprocess.Popen([*MODULE, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["base_url"]


def test_it_prints_its_address_and_ends_with_its_standard_input() -> None:
    process, url = started("--seed", "3")
    with urllib.request.urlopen(f"{url}/models") as answer:
        assert json.load(answer)["object"] == "list"
    with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as answer:
        assert json.load(answer)["requests"] == 0
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def test_it_ends_when_its_parent_is_killed() -> None:
    code = (
        "import asyncio, sys\n"
        "from gigaevo.testing import served\n"
        "async def main():\n"
        "    async with served() as url:\n"
        "        print(url, flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    parent.stdout.readline()
    (server,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    server.wait(timeout=60)


async def test_a_block_of_code_has_a_server_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-in-the-environment")
    before = set(psutil.Process().children())
    async with served(ServerOptions(seed=4, faults={"empty": 1.0})) as url:
        (process,) = set(psutil.Process().children()) - before
        assert "canary" not in " ".join(process.environ().values())
        client = RawClient(int(url.removesuffix("/v1").rpartition(":")[2]))
        assert (await client.ask(body())).text == ""
        await client.close()
    assert not process.is_running()


async def test_it_ends_with_the_block_even_while_it_keeps_silent() -> None:
    before = set(psutil.Process().children())
    async with served(ServerOptions(faults={"silence": 1.0})) as url:
        (process,) = set(psutil.Process().children()) - before
        client = RawClient(int(url.removesuffix("/v1").rpartition(":")[2]))
        await client.send("POST", "/v1/chat/completions", body())
        other = RawClient(client.port)
        while (await other.get("/stats")).json["in_flight"] == 0:
            await asyncio.sleep(0)
        await other.close()
    assert (await client.read()).status == 0  # the connection ended without a word
    assert not process.is_running()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--fault", "sulking=0.1"], "no fault is called 'sulking'"),
        (["--fault", "empty"], "--fault takes NAME=RATE"),
        (["--faults", "1.5"], "may come to 1 at most"),
    ],
)
def test_a_wrong_word_is_one_line(words: list[str], told: str) -> None:
    ended = subprocess.run([*MODULE, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT)
    assert ended.returncode == 2
    assert told in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_options_survive_the_command_line() -> None:
    options = ServerOptions(
        seed=9,
        latency_s=1.5,
        latency_sigma=0.6,
        faults={Fault.HALF.value: 0.25, Fault.EMPTY.value: 0.125},
        retry_after_s=0.5,
        huge_bytes=1000,
        usage="wild",
        key="k",
        keep=3,
    )
    assert options_of(parser().parse_args(command_line(options))) == options


def test_the_page_about_it_names_every_fault_and_option() -> None:
    page = (ROOT / "docs" / "testing_language_models.md").read_text()
    options = [word for action in parser()._actions for word in action.option_strings if word.startswith("--")]
    hidden = {"--help", "--keep"}
    assert [option for option in options if f"`{option}" not in page and option not in hidden] == []
    assert [fault for fault in Fault if f"| `{fault}` |" not in page] == []
