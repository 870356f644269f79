"""Programs run in children of a warm server; whatever they do, the next one finds everything as it was."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import pytest_asyncio

from gigaevo.evaluation.sandbox import levels, wire
from gigaevo.evaluation.sandbox.client import ForkServer, RunOutcome, SandboxStartError
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.programs import ErrorKind

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = Limits(wall_time_s=20, memory_mb=256)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=levels.LEVELS)
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server at each level for all programs of this file, which must not be able to tell."""
    os.environ["FAKE_API_KEY"] = "sk-secret"
    fork_server = ForkServer(
        problem_dir=tmp_path_factory.mktemp("problem"), has_context_file=False, limits=LIMITS, level=request.param
    )
    await fork_server.start()
    yield fork_server
    await fork_server.close()
    del os.environ["FAKE_API_KEY"]


async def run(server: ForkServer, source: str, **limits: Any) -> RunOutcome:
    """The outcome of one file of source, with other limits where given."""
    changed = Limits(**{**vars(LIMITS), **limits}) if limits else None
    return await server.run({"main.py": source}, "main.py", limits=changed)


def body(text: str) -> str:
    """A program whose entrypoint has the given statements."""
    return "def entrypoint():\n" + "".join(f"    {line}\n" for line in text.splitlines())


def value(outcome: RunOutcome) -> Any:
    """What the program returned."""
    assert outcome.error is None, outcome.error
    assert outcome.output is not None
    return wire.decode(outcome.output)


def kind(outcome: RunOutcome) -> ErrorKind:
    """How the program failed."""
    assert outcome.output is None
    assert outcome.error is not None
    assert outcome.error.stage == "run"
    return outcome.error.kind


async def test_a_program_returns_data_and_its_cost_is_measured(server: ForkServer) -> None:
    outcome = await run(server, "import numpy as np\n" + body("print('hello')\nreturn {'x': np.eye(2), 'y': (1, 2.5)}"))
    returned = value(outcome)
    assert np.array_equal(returned["x"], np.eye(2))
    assert returned["y"] == (1, 2.5)
    assert outcome.stdout == "hello\n"
    assert outcome.wall_time_s > 0
    assert outcome.cpu_time_s > 0
    assert 1 < outcome.peak_memory_mb < 256


async def test_cpu_time_is_the_programs_own(server: ForkServer) -> None:
    busy = await run(server, "import time\n" + body("while time.process_time() < 0.3: pass"))
    idle = await run(server, "import time\n" + body("time.sleep(0.3)"))
    assert busy.cpu_time_s >= 0.28
    assert idle.wall_time_s - idle.cpu_time_s >= 0.28


@pytest.mark.parametrize(
    ("source", "expected", "message"),
    [
        ("def entrypoint(:", ErrorKind.SYNTAX, r"\(line 1\)"),
        ("x = '\0'", ErrorKind.SYNTAX, "null"),
        ("x = " + "(" * 5000 + ")" * 5000, ErrorKind.SYNTAX, "nested|parentheses|compile"),
        (body("return 1 / 0"), ErrorKind.EXCEPTION, "ZeroDivisionError: division by zero"),
        ("raise KeyboardInterrupt", ErrorKind.EXCEPTION, "KeyboardInterrupt"),
        ("x = 1", ErrorKind.EXCEPTION, "no function `entrypoint`"),
        (body("return entrypoint()"), ErrorKind.EXCEPTION, "RecursionError"),
        (
            "class E(Exception):\n    def __str__(self): raise E\n" + body("raise E"),
            ErrorKind.EXCEPTION,
            "cannot be shown",
        ),
        (body("import sys; sys.exit(3)"), ErrorKind.EXIT, r"sys.exit\(3\)"),
        (body("import os; os._exit(0)"), ErrorKind.EXIT, "status 0 before it answered"),
        (body("import ctypes; ctypes.string_at(0)"), ErrorKind.SIGNAL, "SIGSEGV"),
        (body("return bytearray(1 << 30)"), ErrorKind.MEMORY, "256 MiB"),
        ("import numpy\n" + body("return numpy.ones((1 << 30,))"), ErrorKind.MEMORY, "256 MiB"),
        (body("x = []\nwhile True: x.append(' ' * 1000000)"), ErrorKind.MEMORY, "256 MiB"),
        (body("return [1, {'f': len}]"), ErrorKind.OUTPUT, r"output\[1\]\['f'\] is of type builtin_function"),
        (body("return 'x' * (5 << 20)"), ErrorKind.OUTPUT, "larger than"),
        (body("import os\nwhile True: os.write(3, b'x' * 65536)"), ErrorKind.OUTPUT, "its answer is longer"),
        (body("import os; os.write(3, b'V\\0\\0\\0\\1\\xff'); os._exit(0)"), ErrorKind.OUTPUT, "malformed"),
        (body("import os; os.write(3, b'E\\0\\0\\0\\2{}'); os._exit(0)"), ErrorKind.OUTPUT, "malformed"),
        (body("while True: print('x' * 1000)"), ErrorKind.OUTPUT, "stdout is longer than the 65536"),
        (body("import sys\nwhile True: sys.stderr.write('x' * 1000)"), ErrorKind.OUTPUT, "stderr is longer"),
        (body("open('big', 'wb').write(b'x' * (17 << 20))"), ErrorKind.EXCEPTION, "File too large"),
        (body("x = [open('/dev/null') for _ in range(100)]"), ErrorKind.EXCEPTION, "Too many open files"),
        (body("import pickle\nclass A: pass\nreturn A()"), ErrorKind.OUTPUT, "A, which may not cross"),
    ],
)
async def test_a_failure_is_told_by_its_kind(
    server: ForkServer, source: str, expected: ErrorKind, message: str
) -> None:
    outcome = await run(server, source)
    assert kind(outcome) == expected
    assert outcome.error is not None
    assert re.search(message, outcome.error.message), outcome.error.message
    assert value(await run(server, body("return 1"))) == 1


@pytest.mark.parametrize(
    "source",
    [
        body("while True: pass"),
        body("import time; time.sleep(1000)"),
        "import signal\nfor s in set(signal.Signals) - {9, 19}: signal.signal(s, lambda *a: None)\n"
        + body("while True: pass"),
        body("7 ** 7 ** 9"),
    ],
    ids=["loop", "sleep", "ignores signals", "in C"],
)
async def test_what_takes_too_long_is_killed(server: ForkServer, source: str) -> None:
    assert kind(await run(server, source, wall_time_s=0.5)) == ErrorKind.TIMEOUT


@pytest.mark.parametrize(("signal_name", "expected"), [("SIGSEGV", ErrorKind.SIGNAL), ("SIGSTOP", ErrorKind.TIMEOUT)])
async def test_a_program_that_signals_itself_harms_itself_only(
    server: ForkServer, signal_name: str, expected: ErrorKind
) -> None:
    source = "import os, signal\n" + body(f"os.kill(os.getpid(), signal.{signal_name})\nreturn 1")
    deaf = server.report.level == "strict"  # as the first process of a PID namespace is to its own signals
    stops = expected is ErrorKind.TIMEOUT and not deaf
    outcome = await run(server, source, wall_time_s=0.5 if stops else LIMITS.wall_time_s)
    if deaf:
        assert value(outcome) == 1
    else:
        assert kind(outcome) == expected


async def test_cpu_time_has_a_limit_of_its_own(server: ForkServer) -> None:
    ignoring = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
    for prefix in ("", ignoring):
        outcome = await run(server, prefix + body("while True: pass"), cpu_time_s=1, wall_time_s=120)
        assert kind(outcome) == ErrorKind.TIMEOUT
        assert "CPU" in outcome.error.message  # type: ignore[union-attr]


async def test_an_error_shows_the_programs_own_lines(server: ForkServer) -> None:
    source = "import numpy as np\ndef inner(x):\n    return np.linalg.inv(x)\n" + body("return inner(np.zeros((2, 2)))")
    outcome = await run(server, source)
    assert outcome.error is not None
    assert outcome.error.message == "LinAlgError: Singular matrix"
    lines = outcome.error.traceback.splitlines()
    assert lines[0] == '  File "<program>", line 5, in entrypoint'
    assert lines[-1].strip() == "return np.linalg.inv(x)"
    assert "gigaevo" not in outcome.error.traceback


async def test_long_errors_are_cut(server: ForkServer) -> None:
    outcome = await run(server, body("raise ValueError('x' * 10**6)"))
    assert outcome.error is not None
    assert len(outcome.error.message) == 2000
    assert len(outcome.error.traceback) <= 4000


async def test_a_program_finds_no_secrets(server: ForkServer) -> None:
    environment = value(await run(server, "import os\n" + body("return dict(os.environ)")))
    assert not any("secret" in text.lower() for text in (*environment, *environment.values()))
    reading = "import os\n" + body("return open(f'/proc/{os.getppid()}/environ', 'rb').read()")
    outcome = await run(server, reading)
    assert outcome.error is not None or b"secret" not in value(outcome)


async def test_a_program_inherits_no_descriptor_of_the_server(server: ForkServer) -> None:
    listing = """
import os
def entrypoint():
    found = []
    for number in range(4096):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found
"""
    assert value(await run(server, listing)) == [0, 1, 2, 3]


async def test_the_scratch_folder_is_private_and_gone_afterwards(server: ForkServer) -> None:
    source = "import os\n" + body(
        "os.makedirs('a/b')\nopen('a/b/c', 'w').write('x')\nos.symlink('/etc', 'link')\nos.mkdir('d', 0)\n"
        "return [os.getcwd(), oct(os.stat('.').st_mode), os.environ['TMPDIR'], os.environ['HOME']]"
    )
    cwd, mode, temporary, home = value(await run(server, source))
    assert mode == "0o40700"
    assert cwd == temporary == home
    assert not Path(cwd).exists()
    assert list(Path(server._scratch_root).iterdir()) == []
    assert Path("/etc").is_dir()


async def test_what_one_program_breaks_the_next_does_not_see(server: ForkServer) -> None:
    poison = "import numpy, json, sys, builtins\nnumpy.sqrt = None\njson.dumps = None\nbuiltins.len = None\n"
    poison += "sys.modules['math'] = None\n" + body("return 1")
    await run(server, poison)
    source = "import numpy, math\n" + body("return [float(numpy.sqrt(4.0)), len([1]), math.floor(1.5)]")
    assert value(await run(server, source)) == [2.0, 1, 1]


async def test_a_program_that_draws_without_a_seed_draws_the_same_each_time(server: ForkServer) -> None:
    source = "import random, numpy\n" + body(
        "return [random.random(), float(numpy.random.rand()), str({'a', 'b', 'c', 'd'})]"
    )
    assert value(await run(server, source)) == value(await run(server, source))


async def test_a_program_may_have_several_files(server: ForkServer) -> None:
    files = {
        "main.py": "from parts.inner import f\nimport other\ndef entrypoint(): return f() + other.N\n",
        "parts/inner.py": "def f(): return 40\n",
        "other.py": "N = 2\n",
    }
    assert value(await server.run(files, "main.py", limits=None)) == 42
    files["parts/inner.py"] = "def f(): return 1 / 0\n"
    outcome = await server.run(files, "main.py")
    assert outcome.error is not None
    assert 'File "parts/inner.py", line 1, in f' in outcome.error.traceback


@pytest.mark.parametrize("path", ["../x.py", "/tmp/x.py", "a/../../x.py", "", "a\0b"])
async def test_a_file_outside_the_programs_folder_is_refused(server: ForkServer, path: str) -> None:
    with pytest.raises(ValueError, match="inside the program's folder"):
        await server.run({"main.py": "", path: ""}, "main.py")


async def test_a_fork_that_falls_through_answers_nothing(server: ForkServer) -> None:
    source = "import os, time\n" + body("if os.fork():\n    os.wait()\n    return 'parent'\nreturn 'child'")
    outcome = await run(server, source, processes=1000)
    assert value(outcome) == "parent"


def leftovers(server: ForkServer) -> list[psutil.Process]:
    return psutil.Process(server.pid).children(recursive=True)


async def forked(server: ForkServer, count: int = 1) -> list[psutil.Process]:
    """The programs that were asked for, once the server has forked them."""
    async with asyncio.timeout(30):
        while len(found := leftovers(server)) < count:
            await asyncio.sleep(0.01)
    assert len(found) == count
    return found


@pytest.mark.parametrize(
    "leaving",
    ["", "os.setpgid(0, 0)", "os.setsid(); os.fork()"],
    ids=["same group", "other group", "daemon"],
)
async def test_no_descendant_outlives_its_program(server: ForkServer, leaving: str) -> None:
    source = f"""
import os, time
def entrypoint():
    r, w = os.pipe()
    if os.fork() == 0:
        try:
            {leaving or "pass"}
        except PermissionError:  # some levels do not let it go
            pass
        os.write(w, b"x")
        time.sleep(1000)
    os.read(r, 1)
    return "done"
"""
    assert value(await run(server, source, processes=1000)) == "done"
    assert leftovers(server) == []


async def test_without_permission_nothing_can_be_started(server: ForkServer) -> None:
    if server.report.level == "process" and os.geteuid() == 0:
        pytest.skip("at this level the kernel does not hold root to RLIMIT_NPROC")
    assert kind(await run(server, "import os\n" + body("os.fork()"))) == ErrorKind.EXCEPTION


async def test_many_programs_run_at_a_time(server: ForkServer) -> None:
    source = "import time\ndef entrypoint():\n    time.sleep(0.2)\n    return {}\n"
    outcomes = await asyncio.gather(*(run(server, source.format(number)) for number in range(20)))
    assert [value(outcome) for outcome in outcomes] == list(range(20))


async def test_a_cancelled_run_is_killed(server: ForkServer) -> None:
    sleeping = asyncio.create_task(run(server, body("import time; time.sleep(1000)")))
    await forked(server)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    assert value(await run(server, body("return 1"))) == 1
    _, alive = psutil.wait_procs(leftovers(server), timeout=30)
    assert alive == []


async def test_the_server_imports_no_more_than_it_needs(server: ForkServer) -> None:
    loaded = value(await run(server, "import sys\n" + body("return set(sys.modules)")))
    assert {"numpy", "scipy"} <= loaded
    assert not {"pydantic", "asyncio", "gigaevo.optimize", "networkx", "scipy.optimize", "logging"} & loaded


# With servers of their own


WAITING = """
import os, time
def entrypoint():
    while not os.path.exists({path!r}):
        time.sleep(0.01)
    return 7
"""


async def test_the_server_is_started_again_and_what_was_in_flight_runs_once_more(
    open_server: Any, tmp_path: Path
) -> None:
    (tmp_path / "seen").mkdir()
    server = await open_server()
    first = server.pid
    waiting = WAITING.format(path=str(tmp_path / "seen" / "now"))
    tasks = [asyncio.create_task(run(server, waiting)) for _ in range(3)]
    await forked(server, 3)
    os.kill(first, signal.SIGKILL)
    (tmp_path / "seen" / "now").touch()
    assert [value(await task) for task in tasks] == [7, 7, 7]
    assert server.pid != first
    assert server.restarts == 1


async def test_a_program_that_kills_the_server_harms_itself_only(open_server: Any) -> None:
    server = await open_server(level="process")
    killer = "import os\n" + body("os.kill(os.getppid(), 9)")
    innocent = "import time\n" + body("time.sleep(0.2)\nreturn 1")
    outcomes = await asyncio.gather(run(server, innocent), run(server, killer), run(server, innocent))
    assert kind(outcomes[1]) == ErrorKind.EXIT
    assert value(outcomes[0]) == value(outcomes[2]) == 1


async def test_closing_leaves_no_process_and_no_folder(open_server: Any) -> None:
    server = await open_server()
    cwd = value(await run(server, "import os\n" + body("return os.getcwd()")))
    task = asyncio.create_task(run(server, body("import time; time.sleep(1000)")))
    processes = [psutil.Process(server.pid), *await forked(server)]
    await server.close()
    with pytest.raises(RuntimeError, match="closed"):
        await task
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []
    assert not Path(cwd).parent.exists()
    with pytest.raises(RuntimeError, match="closed"):
        await run(server, body("return 1"))


async def test_a_program_that_leaves_many_files_keeps_nobody_waiting_and_leaves_none(open_server: Any) -> None:
    server = await open_server()
    source = "import os\n" + body("for i in range(5000): open(str(i), 'w').close()\nos.mkdir('d')\nreturn os.getcwd()")
    outcomes = await asyncio.gather(*(run(server, source) for _ in range(3)), run(server, body("return 1")))
    root = Path(value(outcomes[0])).parent
    await server.close()
    assert not root.exists()
    assert list(root.parent.glob(f"{root.name}*")) == []


ENGINE = """
import asyncio, pathlib, sys
from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.limits import Limits

async def main():
    server = ForkServer(problem_dir=pathlib.Path(sys.argv[1]), has_context_file=False, limits=Limits())
    await server.start()
    program = "import time\\ndef entrypoint(): time.sleep(1000)"
    running = asyncio.create_task(server.run({"m.py": program}, "m.py"))
    print(server.pid, server._scratch_root, flush=True)
    await running

asyncio.run(main())
"""


async def test_when_the_engine_is_killed_everything_else_ends(tmp_path: Path) -> None:
    engine = subprocess.Popen([sys.executable, "-c", ENGINE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    pid, scratch = engine.stdout.readline().split()
    server = psutil.Process(int(pid))
    async with asyncio.timeout(30):
        while not (programs := server.children()):
            await asyncio.sleep(0.01)
    assert len(programs) == 1
    engine.kill()
    engine.wait()
    engine.stdout.close()
    _, alive = psutil.wait_procs([server, *programs], timeout=30)
    assert alive == []
    assert not Path(scratch).exists()


async def test_the_helper_can_be_imported(open_server: Any) -> None:
    server = await open_server(helper="def double(x): return 2 * x\n")
    assert value(await run(server, "from helper import double\n" + body("return double(21)"))) == 42


@pytest.mark.parametrize("built_by_the_server", [True, False])
async def test_the_context_is_passed_to_whoever_takes_it(open_server: Any, built_by_the_server: bool) -> None:
    text = None if built_by_the_server else wire.encode({"n": [7]}, max_bytes=100)
    server = await open_server(context_text=text, context="def build_context(): return {'n': [7]}\n")
    assert value(await run(server, "def entrypoint(context): return context['n']")) == [7]
    assert value(await run(server, "def entrypoint(context): context['n'][0] = 0")) is None
    assert value(await run(server, "def entrypoint(context=None): return context['n']")) == [7]
    assert value(await run(server, "def entrypoint(*a): return a")) == ({"n": [7]},)
    assert value(await run(server, "def entrypoint(): return 1")) == 1


async def test_without_a_context_nothing_is_passed(open_server: Any) -> None:
    server = await open_server()
    assert value(await run(server, "def entrypoint(x=3): return x")) == 3


async def test_a_harness_exercises_the_program(open_server: Any) -> None:
    server = await open_server(
        harness="def run(entrypoint, context): return [entrypoint(i) for i in range(3)], context\n"
    )
    assert value(await run(server, "def entrypoint(x): return x * x")) == ([0, 1, 4], None)
    outcome = await run(server, "def entrypoint(x): return 1 / x")
    assert kind(outcome) == ErrorKind.EXCEPTION
    assert outcome.error.traceback.startswith('  File "<program>", line 1')  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("modules", "preload", "message", "line"),
    [
        ({"helper": "import math\nimport no_such_module\n"}, [], "helper.py, line 2: ModuleNotFoundError", 2),
        ({"helper": "x = 1\ny = (\n"}, [], "helper.py, line 2: SyntaxError", 2),
        ({"harness": "x = 1\n"}, [], "harness.py: defines no function 'run'", 0),
        ({"context": "def build_context():\n    return 1 / 0\n"}, [], "context.py, line 2: ZeroDivisionError", 2),
        ({"context": "import sys\nsys.exit(1)\n"}, [], "context.py, line 2: SystemExit", 2),
        ({}, ["no_such_module"], "preload: cannot import 'no_such_module'", 0),
        ({"helper": "import os\nos._exit(7)\n"}, [], "ended with status 7", 0),
    ],
)
async def test_a_folder_that_cannot_work_is_told_before_anything_runs(
    open_server: Any, modules: dict[str, str], preload: list[str], message: str, line: int
) -> None:
    with pytest.raises(SandboxStartError) as caught:
        await open_server(preload=preload, **modules)
    assert message in str(caught.value)
    assert caught.value.line == line


async def test_preloaded_modules_are_there(open_server: Any) -> None:
    server = await open_server(preload=["fractions"])
    assert value(await run(server, "import sys\n" + body("return 'fractions' in sys.modules"))) is True
