"""Speed is measured outside the program: whatever it does to its clocks, what it used is what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer, ProgramFiles
from gigaevo.evaluation.sandbox.limits import Limits
from tests.hostile.arena import LIMITS, Arena, Unavailable
from tests.hostile.hostile import ISOLATED
from tests.hostile.prelude import with_prelude

pytestmark = pytest.mark.asyncio(loop_scope="module")

DRIVER = """
import time

def drive(programs, argument):
    rows = []
    for program, timeout in zip(programs, argument["timeouts"] or [None] * len(programs)):
        given = [program.call(argument["value"], timeout_s=timeout) for _ in range(argument["calls"])]
        at_once = program.cpu_s()
        deadline = time.monotonic() + 10
        while program.cpu_s() - at_once < argument["grows"] and time.monotonic() < deadline:
            time.sleep(0.02)
        rows.append({
            "cpu": [answer.cpu_s for answer in given], "wall": [answer.wall_s for answer in given],
            "values": [answer.value for answer in given],
            "errors": [None if answer.error is None else answer.error["kind"] for answer in given],
            "total": at_once, "later": program.cpu_s(), "alive": program.alive,
        })
    return rows
"""
BUSY = """
import time
_clock = time.process_time
def busy(seconds):
    end = _clock() + seconds
    while _clock() < end:
        pass
"""
WORK = 0.15


async def driven(
    arena: Arena,
    level: str,
    *sources: str,
    allow: tuple[str, ...] = (),
    calls: int = 2,
    grows: float = 0.0,
    timeouts: Sequence[float | None] = (),
    value: Any = 7,
    **limits: Any,
) -> list[dict[str, Any]]:
    """What the driver saw of each program."""
    try:
        post = await arena.post(level, allow)
    except Unavailable as why:
        pytest.skip(f"no level {level!r} on this machine: {why}")
    server: ForkServer = post.server
    argument = {"value": value, "calls": calls, "grows": grows, "timeouts": list(timeouts)}
    several = {"processes": 8} if allow else {}
    outcome = await server.drive(
        [ProgramFiles(files={"main.py": source}, entry="main.py") for source in sources],
        DRIVER,
        wire.encode(argument, max_bytes=10_000),
        single=False,
        timeout_s=20,
        limits=Limits(**{**vars(LIMITS), **several, **limits}),
    )
    assert outcome.error is None, outcome.error
    assert outcome.output is not None
    rows: list[dict[str, Any]] = wire.decode(outcome.output)
    assert await arena.honest(post) == post.baseline
    return rows


def used(row: dict[str, Any]) -> float:
    """CPU seconds of the least of its calls."""
    assert row["errors"] == [None] * len(row["errors"]), row
    return float(min(row["cpu"]))


CLOCKS = {
    "replaced clocks": """
for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "perf_counter_ns", "process_time_ns"):
    setattr(time, name, lambda: 0)
""",
    "clocks replaced in every module": """
import sys
for module in list(sys.modules.values()):
    for name in ("perf_counter", "process_time", "monotonic", "thread_time", "times", "getrusage", "clock_gettime"):
        if hasattr(module, name):
            setattr(module, name, lambda *a: 0.0)
""",
    "harness replaced": """
import sys
for name, module in list(sys.modules.items()):
    if name.startswith("gigaevo"):
        for part in list(vars(module)):
            if "time" in part or "cpu" in part or "clock" in part:
                setattr(module, part, lambda *a, **k: 0.0)
""",
}


@pytest.mark.parametrize("level", ["process", *ISOLATED])
@pytest.mark.parametrize("trick", CLOCKS.values(), ids=CLOCKS)
async def test_replaced_clocks_change_no_measurement(arena: Arena, level: str, trick: str) -> None:
    source = f"{BUSY}{trick}\ndef entrypoint(value):\n    busy({WORK})\n    return value\n"
    (row,) = await driven(arena, level, source)
    assert used(row) >= 0.7 * WORK
    assert min(row["wall"]) >= 0.7 * WORK
    assert row["values"] == [7, 7]


@pytest.mark.parametrize("level", ISOLATED)
async def test_work_in_a_thread_is_measured(arena: Arena, level: str) -> None:
    source = f"""{BUSY}
import threading
def entrypoint(value):
    thread = threading.Thread(target=busy, args=({WORK},))
    thread.start()
    thread.join()
    return value
"""
    (row,) = await driven(arena, level, source, allow=("threads",))
    assert used(row) >= 0.7 * WORK


@pytest.mark.parametrize("level", ISOLATED)
@pytest.mark.parametrize("waits", [True, False], ids=["waited for", "left alone"])
async def test_work_in_a_child_process_is_measured(arena: Arena, level: str, waits: bool) -> None:
    source = f"""{BUSY}
import os
def entrypoint(value):
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        busy({WORK})
        os.write(w, b"x")
        {"os._exit(0)" if waits else "time.sleep(1000)"}
    os.read(r, 1)
    {"os.waitpid(pid, 0)" if waits else "pass"}
    return value
"""
    (row,) = await driven(arena, level, source, allow=("processes",))
    assert used(row) >= 0.7 * WORK


@pytest.mark.parametrize("level", ISOLATED)
async def test_work_that_goes_on_after_the_answer_shows_in_the_total(arena: Arena, level: str) -> None:
    source = f"""{BUSY}
import threading
def entrypoint(value):
    threading.Thread(target=busy, args=({2 * WORK},), daemon=True).start()
    return value
"""
    (row,) = await driven(arena, level, source, allow=("threads",), calls=1, grows=WORK)
    assert row["later"] - row["total"] >= WORK, row


@pytest.mark.parametrize("level", ISOLATED)
async def test_work_before_the_first_call_shows_in_the_total(arena: Arena, level: str) -> None:
    source = f"{BUSY}busy({WORK})\ndef entrypoint(value):\n    return value\n"
    (row,) = await driven(arena, level, source)
    assert row["total"] - sum(row["cpu"]) >= 0.8 * WORK


@pytest.mark.parametrize("level", ISOLATED)
async def test_sleep_is_wall_time_and_no_cpu_time(arena: Arena, level: str) -> None:
    source = f"import time\ndef entrypoint(value):\n    time.sleep({WORK})\n    return value\n"
    (row,) = await driven(arena, level, source)
    assert min(row["wall"]) >= 0.95 * WORK
    assert max(row["cpu"]) < 0.5 * WORK


@pytest.mark.parametrize("level", ISOLATED)
async def test_an_answer_before_the_question_is_none(arena: Arena, level: str) -> None:
    source = """
import os
for fd in range(3, 30):
    try:
        os.write(fd, b'V\\0\\0\\0\\x011' * 3)
    except OSError:
        pass
def entrypoint(value):
    return value + 1
"""
    (row,) = await driven(arena, level, source)
    assert all(error is not None or value == 8 for error, value in zip(row["errors"], row["values"], strict=True)), row


@pytest.mark.parametrize("level", ISOLATED)
@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import os, signal, time; os.kill(os.getpid(), signal.SIGSTOP); time.sleep(1000)",
        "import time; time.sleep(1000)",
    ],
    ids=["busy", "stopped", "asleep"],
)
async def test_a_call_without_end_costs_that_program_its_answer_and_no_other(
    arena: Arena, level: str, body: str
) -> None:
    hanging = f"def entrypoint(value):\n    {body}\n"
    honest = "def entrypoint(value):\n    return value\n"
    rows = await driven(arena, level, hanging, honest, calls=1, timeouts=[0.5, None])
    assert rows[0]["errors"] == ["timeout"]
    assert rows[1]["values"] == [7]


ANSWERS = {
    "an object": "type('x', (), {'__eq__': lambda *a: True})()",
    "a subclass": "type('float', (float,), {})(1)",
    "itself": "(lambda x: x.append(x) or x)([])",
    "too much": "'x' * (1 << 24)",
    "end": "__import__('os')._exit(0)",
    "crash": "__import__('ctypes').string_at(0)",
    "forged bytes": "__import__('os').write(3, b'V' + b'\\xff' * 100) and __import__('os')._exit(0)",
}


@pytest.mark.parametrize("level", ISOLATED)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_that_is_no_data_is_an_error_for_the_driver(arena: Arena, level: str, answer: str) -> None:
    honest = "def entrypoint(value):\n    return value\n"
    rows = await driven(arena, level, f"def entrypoint(value):\n    return {answer}\n", honest, calls=2)
    assert None not in rows[0]["errors"]
    assert rows[1]["values"] == [7, 7]


ON_DRIVER = """
def entrypoint(value):
    for pid in range(2, 60):
        if pid != os.getpid():
            tried(f"signal {pid}", os.kill, pid, signal.SIGURG)
    for pid in targets():
        attempt(f"trace {pid}", syscall, "ptrace", 0x4206, pid, 0, 0)
        attempt(f"memory {pid}", lambda: os.close(os.open(f"/proc/{pid}/mem", os.O_RDWR)) or True)
        attempt(f"limits {pid}", lambda: __import__("resource").prlimit(pid, 7, (3, 3)))
    def source():
        import gc
        return [1 for thing in gc.get_objects() if type(thing) is dict and "marker_of_the_driver" in thing]
    attempt("the driver's source", source)
    return books()
"""


@pytest.mark.parametrize("level", ISOLATED)
async def test_a_driven_program_reaches_neither_the_driver_nor_the_other_program(arena: Arena, level: str) -> None:
    post_targets = arena.surroundings.targets()
    hostile = with_prelude(ON_DRIVER, post_targets)
    honest = "def entrypoint(value):\n    return value\n"
    rows = await driven(arena, level, hostile, honest)
    for books in rows[0]["values"]:
        assert books["got"] == []
        assert books["denied"]
    assert rows[1]["values"] == [7, 7]
