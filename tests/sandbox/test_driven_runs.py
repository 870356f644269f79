"""Driven runs: trusted code asks programs from another process, and measures them where they cannot reach."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import DriveOutcome, ForkServer, ProgramFiles
from gigaevo.evaluation.sandbox.levels import LEVELS
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.programs import ErrorKind

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = Limits(memory_mb=256, processes=8)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=LEVELS)
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    fork_server = ForkServer(
        problem_dir=tmp_path_factory.mktemp("problem"), has_context_file=False, limits=LIMITS, level=request.param
    )
    await fork_server.start()
    yield fork_server
    await fork_server.close()


async def drive(
    server: ForkServer, driver: str, *sources: str, argument: Any = None, timeout_s: float = 20
) -> DriveOutcome:
    programs = [ProgramFiles(files={"main.py": source}, entry="main.py") for source in sources]
    text = wire.encode(argument, max_bytes=1000)
    return await server.drive(programs, driver, text, single=len(programs) == 1, timeout_s=timeout_s)


def value(outcome: DriveOutcome) -> Any:
    assert outcome.error is None, outcome.error
    return wire.decode(outcome.output or "")


def failure(outcome: DriveOutcome) -> tuple[ErrorKind, str]:
    assert outcome.error is not None
    assert outcome.output is None
    return outcome.error.kind, outcome.error.message


COUNTING = "total = 0\ndef entrypoint(x):\n    global total\n    total += x\n    return total\n"


async def test_a_program_keeps_its_state_from_call_to_call(server: ForkServer) -> None:
    driver = "def drive(program, argument):\n    return [program.ask(argument) for _ in range(3)]\n"
    outcome = await drive(server, driver, COUNTING, argument=5)
    assert value(outcome) == [5, 10, 15]
    (cost,) = outcome.programs
    assert cost.error is None
    assert cost.cpu_time_s > 0


async def test_several_programs_are_asked_in_turns_and_know_nothing_of_each_other(server: ForkServer) -> None:
    driver = "def drive(programs, argument):\n    return [[p.ask(n) for p in programs] for n in (1, 2, 3)]\n"
    assert value(await drive(server, driver, COUNTING, COUNTING)) == [[1, 1], [3, 3], [6, 6]]


async def test_a_failed_call_is_an_answer_and_the_program_goes_on(server: ForkServer) -> None:
    source = "def entrypoint(x):\n    return 1 / x\n"
    driver = (
        "def drive(program, argument):\n"
        "    answers = [program.call(x) for x in (1, 0, 2, len)[:3]]\n"
        "    return [[a.value, a.error] for a in answers] + [program.alive]\n"
    )
    first, second, third, alive = value(await drive(server, driver, source))
    assert first == [1.0, None]
    assert second[0] is None
    assert second[1]["kind"] == "exception"
    assert second[1]["message"] == "ZeroDivisionError: division by zero"
    assert third == [0.5, None]
    assert alive


LIES = """
import time
time.perf_counter = time.process_time = time.monotonic = lambda: 0.0
done = {}
def entrypoint(x):
    end = time.thread_time() + 0.08
    while time.thread_time() < end:
        pass
    return x
"""


async def test_times_are_taken_outside_the_program(server: ForkServer) -> None:
    driver = (
        "def drive(program, argument):\n"
        "    answers = [program.call(n) for n in range(3)]\n"
        "    return [[a.cpu_s, a.wall_s] for a in answers] + [program.cpu_s(), program.peak_memory_mb()]\n"
    )
    *calls, total, peak = value(await drive(server, driver, LIES))
    for cpu, wall in calls:
        assert 0.075 < cpu < 0.3
        assert wall >= 0.075
    assert total >= sum(cpu for cpu, _ in calls)
    assert 1 < peak < 256


WORKS_BETWEEN = """
import threading
asked_again = threading.Event()
def work():
    while not asked_again.is_set():
        pass
def entrypoint(x):
    if x:
        asked_again.set()
    else:
        threading.Thread(target=work).start()
    return x
"""


async def test_what_is_computed_between_calls_is_charged_to_the_next_one(server: ForkServer) -> None:
    driver = (
        "import time\ndef drive(program, argument):\n    program.ask(0)\n    begun = program.cpu_s()\n"
        "    while program.cpu_s() < begun + 0.09:\n        time.sleep(0.01)\n"
        "    return program.call(1).cpu_s\n"
    )
    assert value(await drive(server, driver, WORKS_BETWEEN)) > 0.08


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("def entrypoint(:", ErrorKind.SYNTAX, "line 1"),
        ("1 / 0", ErrorKind.EXCEPTION, "ZeroDivisionError"),
        ("import os\ndef entrypoint(x):\n    os._exit(3)\n", ErrorKind.EXIT, "status 3"),
        ("import ctypes\ndef entrypoint(x):\n    ctypes.string_at(0)\n", ErrorKind.SIGNAL, "SIGSEGV"),
        ("def entrypoint(x):\n    return 'x' * (5 << 20)\n", ErrorKind.OUTPUT, "larger than"),
        ("def entrypoint(x):\n    return bytearray(1 << 30)\n", ErrorKind.MEMORY, "256 MiB"),
        (
            "import os\ndef entrypoint(x):\n    os.write(3, b'X' * 9)\n    return 1\n",
            ErrorKind.OUTPUT,
            "longer|malformed",
        ),
        (
            "import os\nos.write(3, b'V' + b'\\0' * 9)\ndef entrypoint(x):\n    return 1\n",
            ErrorKind.OUTPUT,
            "malformed",
        ),
    ],
    ids=["syntax", "import", "exit", "crash", "large", "memory", "garbage", "early"],
)
async def test_how_a_program_failed_is_told(server: ForkServer, source: str, kind: ErrorKind, message: str) -> None:
    outcome = await drive(server, "def drive(program, argument):\n    return program.ask(1)\n", source)
    found, text = failure(outcome)
    assert found is kind
    assert re.search(message, text), text
    assert value(await drive(server, "def drive(program, argument):\n    return program.ask(1)\n", COUNTING)) == 1


async def test_an_answer_before_the_question_is_refused(server: ForkServer) -> None:
    source = "import os\ndef entrypoint(x):\n    os.write(3, (b'V\\0\\0\\0\\1' + b'1') * 2)\n    return 1\n"
    driver = "def drive(program, argument):\n    return [program.call(n).error for n in range(2)]\n"
    assert value(await drive(server, driver, source))[1] == {
        "kind": "output",
        "message": "it answered before it was asked",
    }


async def test_a_process_that_the_program_started_cannot_answer_for_it(server: ForkServer) -> None:
    source = (
        "import os, time\ndef entrypoint(x):\n    if os.fork() == 0:\n        os.write(3, b'V\\0\\0\\0\\1' + b'7')\n"
        "        os._exit(0)\n    os.wait()\n    time.sleep(0.1)\n    return 1\n"
    )
    outcome = await drive(server, "def drive(program, argument):\n    return program.ask(1)\n", source)
    assert failure(outcome) == (ErrorKind.OUTPUT, "a process that it started wrote into its answer")


async def test_a_call_has_a_time_of_its_own(server: ForkServer) -> None:
    driver = (
        "def drive(program, argument):\n    slow = program.call(1, timeout_s=0.3)\n"
        "    return [slow.error['kind'], program.alive, program.call(2).error['kind']]\n"
    )
    source = "def entrypoint(x):\n    while True: pass\n"
    assert value(await drive(server, driver, source)) == ["timeout", False, "timeout"]


async def test_the_whole_has_a_time(server: ForkServer) -> None:
    kind, message = failure(
        await drive(server, "def drive(program, argument):\n    while True: pass\n", COUNTING, timeout_s=0.5)
    )
    assert kind is ErrorKind.TIMEOUT
    assert message == "its driver took longer than 0.5 s"


async def test_a_driver_that_fails_is_not_the_programs_fault_and_says_so(server: ForkServer) -> None:
    outcome = await drive(server, "def drive(program, argument):\n    raise KeyError('x')\n", COUNTING)
    assert failure(outcome) == (ErrorKind.INVALID, "the driver raised KeyError: 'x'")


SERVING = """
import http.server, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"from inside")
    def log_message(self, *arguments): pass
def entrypoint(port):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "listening"
"""
ASKING = """
import http.client
def drive(program, argument):
    assert program.ask(argument) == "listening"
    connection = http.client.HTTPConnection("127.0.0.1", argument, timeout=15)
    connection.request("GET", "/")
    return connection.getresponse().read().decode()
"""


async def test_a_driver_reaches_the_programs_own_loopback_and_nobody_else_does(folder: Callable[..., Path]) -> None:
    server = ForkServer(
        problem_dir=folder(), has_context_file=False, limits=LIMITS, level="strict", allow=["threads", "loopback"]
    )
    await server.start()
    with socket.socket() as outside:
        outside.bind(("127.0.0.1", 0))
        outside.listen()
        port = outside.getsockname()[1]
        assert value(await drive(server, ASKING, SERVING, argument=port)) == "from inside"  # the same port, twice
        reaching = f"import socket\ndef entrypoint(x):\n    socket.create_connection(('127.0.0.1', {port}), 2)\n"
        kind, message = failure(await drive(server, "def drive(p, a):\n    return p.ask(a)\n", reaching))
        assert kind is ErrorKind.EXCEPTION
        assert "refused" in message
    await server.close()
