"""What stays: in the memory of the server, which the next program is a copy of, and of a server that is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import Any

import psutil
import pytest

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer, ProgramFiles, SandboxStartError
from gigaevo.evaluation.sandbox.limits import Limits
from tests.hostile.arena import LIMITS, Arena, descendants, listens, new_server
from tests.hostile.hostile import ISOLATED
from tests.hostile.surroundings import new_secret

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Looks at each page of its memory that can be read. What it looks for is not in its own text.
SCAN = """
import ctypes, gc, re
FORM = re.compile(b"SECRET-[0-9a-f]{16}")

def regions():
    try:
        with open("/proc/self/maps") as file:
            lines = list(file)
    except OSError:
        lines = []
    for line in lines:
        span, rights = line.split()[:2]
        if rights.startswith("rw") and "[v" not in line:
            start, end = (int(part, 16) for part in span.split("-"))
            yield start, end

def around_objects():
    pages = set()
    for thing in gc.get_objects():
        for part in gc.get_referents(thing):
            pages.add(id(part) >> 18)
            for inner in gc.get_referents(part):  # code is not tracked, and holds its constants
                pages.add(id(inner) >> 18)
        pages.add(id(thing) >> 18)
    libc = ctypes.CDLL(None)
    libc.sbrk.restype = ctypes.c_void_p
    top = libc.sbrk(0)
    pages |= set(range((top - (64 << 20)) >> 18, top >> 18))
    # An address that is not mapped is told by mincore, which answers ENOMEM.
    vector = ctypes.create_string_buffer(64)
    for page in sorted(pages):
        for at in range(page << 18, (page + 1) << 18, 4096):
            if libc.mincore(ctypes.c_void_p(at), ctypes.c_size_t(4096), vector) == 0:
                yield at, at + 4096

def found():
    seen = set()
    for start, end in list(regions()) or around_objects():
        for at in range(start, end, 1 << 20):
            seen |= set(FORM.findall(ctypes.string_at(at, min(1 << 20, end - at))))
    return sorted(text.decode() for text in seen)
"""
SCANNER = SCAN + "\ndef entrypoint(*ignored):\n    return found()\n"
# Goes on until it is told by a signal, to which it listens once all of its text has run.
LISTENER = """
import signal, time
def entrypoint():
    told = []
    signal.signal(signal.SIGUSR2, lambda *_: told.append(1))
    while not told:
        time.sleep(0.01)
    return 1
"""
SLEEPER = """
import ctypes, signal, time
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
signal.signal(signal.SIGUSR2, lambda *_: None)  # shows that it has come so far
def entrypoint():
    time.sleep(1000)
"""


async def open_server(arena: Arena, level: str) -> ForkServer:
    server = new_server(arena.surroundings.problem, level)
    try:
        await server.start()
    except SandboxStartError as error:
        pytest.skip(f"no level {level!r} on this machine: {error}")
    return server


def children(server: ForkServer) -> list[psutil.Process]:
    """The programs that run now."""
    return psutil.Process(server.pid).children()


def value(outcome: Any) -> Any:
    """What a run gave."""
    assert outcome.error is None, outcome.error
    return wire.decode(outcome.output)


@pytest.mark.parametrize("level", ["process", *ISOLATED])
async def test_a_scan_of_all_memory_finds_what_is_there(arena: Arena, level: str) -> None:
    server = await open_server(arena, level)
    source = SCAN + "\ndef entrypoint():\n    kept = 'SECRET-' + '0123456789abcdef'\n    return found()\n"
    assert value(await server.run({"main.py": source}, "main.py")) == ["SECRET-0123456789abcdef"]
    await server.close()


@pytest.mark.parametrize("level", ISOLATED)
async def test_a_program_finds_neither_text_nor_answer_of_an_earlier_one(arena: Arena, level: str) -> None:
    server = await open_server(arena, level)
    for _ in range(5):
        text, answer = new_secret(), new_secret()
        source = f"kept = '{text}'\ndef entrypoint():\n    print('{new_secret()}')\n    return ['{answer}'] * 50\n"
        assert value(await server.run({"main.py": source}, "main.py")) == [answer] * 50
    assert value(await server.run({"main.py": SCANNER}, "main.py")) == []
    await server.close()


@pytest.mark.parametrize("level", ISOLATED)
async def test_a_program_finds_nothing_of_the_one_that_runs_beside_it(arena: Arena, level: str) -> None:
    server = await open_server(arena, level)
    source = f"kept = '{new_secret()}'\n" + LISTENER
    limits = Limits(**{**vars(LIMITS), "wall_time_s": 60.0})
    beside = asyncio.create_task(server.run({"main.py": source}, "main.py", limits=limits))
    while not (programs := [child for child in children(server) if listens(child.pid)]):
        await asyncio.sleep(0.01)
        assert not beside.done()
    assert value(await server.run({"main.py": SCANNER}, "main.py")) == []
    assert not beside.done()
    programs[0].send_signal(signal.SIGUSR2)
    assert value(await beside) == 1
    await server.close()


@pytest.mark.parametrize("level", ISOLATED)
async def test_a_driven_program_finds_neither_the_driver_nor_what_it_will_be_asked(arena: Arena, level: str) -> None:
    server = await open_server(arena, level)
    driver = f"HIDDEN = '{new_secret()}'\ndef drive(program, argument):\n    return program.call(1).value\n"
    argument = wire.encode({"cases": [new_secret()]}, max_bytes=1000)
    program = ProgramFiles(files={"main.py": SCANNER}, entry="main.py")
    for _ in range(2):
        outcome = await server.drive([program], driver, argument, single=True, timeout_s=20)
        assert value(outcome) == []
    await server.close()


@pytest.mark.parametrize("level", ISOLATED)
async def test_nothing_of_a_server_that_is_killed_stays(arena: Arena, level: str) -> None:
    before = descendants()
    server = await open_server(arena, level)
    limits = Limits(**{**vars(LIMITS), "wall_time_s": 2.0})
    assert server.pid is not None
    sleeping = asyncio.create_task(server.run({"main.py": SLEEPER}, "main.py", limits=limits))
    while not sleeping.done() and not any(map(listens, (child.pid for child in children(server)))):
        await asyncio.sleep(0.01)
    first = descendants() - before
    os.kill(server.pid, signal.SIGKILL)
    outcome = await sleeping  # started again, and run once more
    assert outcome.error is not None
    assert outcome.error.kind.value == "timeout"
    deadline = time.monotonic() + 30
    while left := [pid for pid in first if _lives(pid)]:
        assert time.monotonic() < deadline, [psutil.Process(pid) for pid in left]
        await asyncio.sleep(0.05)
    await server.close()
    assert [pid for pid in descendants() - before if _lives(pid)] == []


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
