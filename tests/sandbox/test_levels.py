"""Levels: the strongest is chosen by trying, what is missing is an error where it was asked for, and each holds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer, RunOutcome, SandboxStartError
from gigaevo.evaluation.sandbox.container import Container
from gigaevo.evaluation.sandbox.inline_runner import InlineRunner
from gigaevo.evaluation.sandbox.isolation import PROTECTIONS, Setting
from gigaevo.evaluation.sandbox.levels import SandboxReport
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.sandbox.settings import SandboxSettings
from gigaevo.evaluation.sandbox.strict_level import probe
from gigaevo.programs import ErrorKind

LIMITS = Limits(wall_time_s=20, memory_mb=256)


async def run(server: Any, *lines: str) -> RunOutcome:
    text = "def entrypoint():\n" + "".join(f"    {line}\n" for line in lines)
    outcome: RunOutcome = await server.run({"main.py": text}, "main.py")
    return outcome


def value(outcome: RunOutcome) -> Any:
    assert outcome.error is None, outcome.error
    return wire.decode(outcome.output or "")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_strongest_level_is_chosen_and_reported(open_server: Any, tmp_path: Path) -> None:
    server = await open_server()
    (tmp_path / "trial").mkdir()
    offered = probe(Setting(base=str(tmp_path / "trial"))) == ""
    assert (server.report.level == "strict") == offered
    assert server.report.memory_mb > 1
    assert server.report.first_line().startswith(f"sandbox: level {server.report.level}, warm server ")


WITHOUT_NAMESPACES = """
import asyncio, json, pathlib, sys
from gigaevo.evaluation.sandbox import linux, seccomp
from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.limits import Limits

linux.gain_no_privileges()
seccomp.install(seccomp.Policy(processes=True, own_signals_only=False, own_session_only=False, change_attributes=True,
                               truncate_by_name=True))

async def main():
    server = ForkServer(problem_dir=pathlib.Path(sys.argv[1]), has_context_file=False, limits=Limits())
    await server.start()
    source = "def entrypoint():\\n    return open('/etc/hostname').read()\\n"
    outcome = await server.run({"m.py": source}, "m.py")
    print(json.dumps([server.report.level, server.report.notes, outcome.error.message]))
    await server.close()

asyncio.run(main())
"""


def test_where_namespaces_are_denied_the_next_level_holds(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_NAMESPACES, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, ended.stderr
    level, notes, message = json.loads(ended.stdout)
    assert level == "landlock"
    assert notes == ["level strict is not available: [Errno 1] Operation not permitted"]
    assert "Permission denied" in message


async def test_a_protection_that_is_required_and_missing_stops_the_start(folder: Callable[..., Path]) -> None:
    server = ForkServer(
        problem_dir=folder(), has_context_file=False, limits=LIMITS, level="process", require=["network", "memory"]
    )
    with pytest.raises(SandboxStartError, match=r"sandbox\.require: no protection of network on this machine"):
        await server.start()
    await server.close()


@pytest.mark.parametrize("level", ["process", "landlock"])
async def test_without_a_network_of_its_own_a_loopback_is_refused(folder: Callable[..., Path], level: str) -> None:
    server = ForkServer(
        problem_dir=folder(), has_context_file=False, limits=LIMITS, level=level, allow=["loopback", "threads"]
    )
    with pytest.raises(SandboxStartError, match=f"sandbox={level}: .*loopback"):
        await server.start()
    await server.close()


async def test_a_server_that_holds_too_much_does_not_start(folder: Callable[..., Path]) -> None:
    server = ForkServer(problem_dir=folder(), has_context_file=False, limits=LIMITS, memory_mb=2)
    with pytest.raises(SandboxStartError, match=r"more than sandbox\.server_memory_mb=2; raise that, or take modules"):
        await server.start()
    await server.close()


@pytest.mark.parametrize("level", ["landlock", "strict"])
async def test_what_is_hidden_is_hidden_and_what_is_readable_is_read(
    folder: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, level: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "open.txt").write_text("open")
    (elsewhere / "closed.txt").write_text("closed")
    here = folder(helper="X = 7\n")
    (here / "answers.txt").write_text("42")
    (here / "data.txt").write_text("data")
    server = ForkServer(
        problem_dir=here,
        has_context_file=False,
        limits=LIMITS,
        level=level,
        hidden=["answers*"],
        readable=[elsewhere / "open.txt"],
    )
    await server.start()
    assert value(await run(server, "import helper", "return helper.X")) == 7
    for path, content in {here / "data.txt": "data", elsewhere / "open.txt": "open"}.items():
        assert value(await run(server, f"return open({str(path)!r}).read()")) == content
    for path in (here / "answers.txt", here / "validate.py", elsewhere / "closed.txt", Path(__file__)):
        outcome = await run(server, f"return open({str(path)!r}).read()")
        assert outcome.error is not None, path
        assert outcome.error.kind is ErrorKind.EXCEPTION
    await server.close()


@pytest.mark.parametrize("level", ["process", "landlock", "strict"])
async def test_a_scratch_folder_has_a_size(folder: Callable[..., Path], level: str) -> None:
    limits = Limits(wall_time_s=20, memory_mb=256, scratch_mb=8)
    server = ForkServer(problem_dir=folder(), has_context_file=False, limits=limits, level=level)
    await server.start()
    outcome = await run(
        server,
        "import time",
        "for i in range(12): open(str(i), 'wb').write(bytes(1 << 20))",
        "time.sleep(5)",  # where the disk is watched, the next look finds it
    )
    assert outcome.error is not None
    expected = {"strict": (ErrorKind.EXCEPTION, "No space left"), "process": (ErrorKind.OUTPUT, "more than the 8 MiB")}
    kind, message = expected["strict" if level == "strict" else "process"]
    assert outcome.error.kind is kind
    assert message in outcome.error.message
    assert value(await run(server, "return 1")) == 1
    await server.close()


@pytest.mark.parametrize("level", ["process", "landlock", "strict"])
async def test_processes_share_one_memory_limit(folder: Callable[..., Path], level: str) -> None:
    limits = Limits(wall_time_s=20, memory_mb=256, processes=16)
    server = ForkServer(problem_dir=folder(), has_context_file=False, limits=limits, level=level, allow=["processes"])
    await server.start()
    outcome = await run(
        server,
        "import os, time",
        "for _ in range(4):",
        "    if os.fork() == 0:",
        "        held = bytearray(b'x' * (100 << 20))",
        "        time.sleep(60)",
        "time.sleep(60)",
    )
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.MEMORY
    assert outcome.error.message == "its processes together hold more than the 256 MiB allowed"
    await server.close()


PICTURE = "b'\\x89PNG\\r\\n\\x1a\\nrest'"


@pytest.mark.parametrize("level", ["process", "landlock", "strict"])
async def test_what_a_program_leaves_as_artifacts_comes_back_capped(folder: Callable[..., Path], level: str) -> None:
    server = ForkServer(problem_dir=folder(), has_context_file=False, limits=LIMITS, level=level)
    await server.start()
    outcome = await run(
        server,
        "import os",
        "os.mkdir('artifacts')",
        "os.chdir('artifacts')",
        "open('note.txt', 'w').write('all well')",
        "open('table.csv', 'w').write('a,b\\n1,2\\n')",
        f"open('plot.png', 'wb').write({PICTURE})",
        "open('fake.png', 'wb').write(b'no picture')",
        "open('huge.txt', 'w').write('x' * (1 << 20))",
        "open('other.exe', 'w').write('x')",
        "os.symlink('/etc/passwd', 'link.txt')",
        "os.chdir('..')",
        "return 5",
    )
    assert value(outcome) == 5
    assert outcome.artifacts == {
        "note": "all well",
        "table": {"columns": ["a", "b"], "rows": [["1", "2"]]},
        "plot": {"png": "iVBORw0KGgpyZXN0"},
    }
    await server.close()


def test_settings_name_what_does_not_exist() -> None:
    with pytest.raises(ValueError, match="level is 'strong'; it must be one of auto, process, landlock, strict, cont"):
        SandboxSettings(level="strong")
    with pytest.raises(ValueError, match="require names 'peace'; there are: time, memory"):
        SandboxSettings(require=["peace"])
    with pytest.raises(ValueError, match="level inline has no protection"):
        SandboxSettings(level="inline", require=["memory"])


def test_a_report_says_what_is_not_protected() -> None:
    report = SandboxReport(level="process", protections=frozenset(PROTECTIONS) - {"network", "signals"})
    assert report.first_line() == "sandbox: level process; not protected: network, signals"
    assert report.missing(["network", "memory"]) == ["network"]


# Containers


async def contained(problem_dir: Path) -> ForkServer | str:
    """A server in a container; why there is none where that is so."""
    reason = "podman is not installed"
    for engine in ("podman", "podman --runtime runc") if shutil.which("podman") else ():
        server = ForkServer(
            problem_dir=problem_dir, has_context_file=False, limits=LIMITS, around=Container(engine=engine)
        )
        try:
            await server.start()
        except SandboxStartError as error:
            reason = f"podman cannot run a container here: {error}"
            await server.close()
        else:
            return server
    return reason


async def test_a_container_keeps_the_same_contract(folder: Callable[..., Path]) -> None:
    server = await contained(folder(helper="X = 7\n"))
    if isinstance(server, str):
        pytest.skip(server)
    assert server.report.level.startswith("container, ")
    assert {"container", "network", "filesystem", "processes"} <= server.report.protections
    assert value(await run(server, "import helper", "return helper.X")) == 7
    for attack in (
        f"return open({str(folder() / 'validate.py')!r}).read()",
        "import os; os.fork()",
        "import socket; socket.socket()",
    ):
        outcome = await run(server, attack)
        assert outcome.error is not None
        assert outcome.error.kind is ErrorKind.EXCEPTION
    slow = await server.run({"m.py": "def entrypoint():\n    while True: pass"}, "m.py", limits=Limits(wall_time_s=0.5))
    assert slow.error is not None
    assert slow.error.kind is ErrorKind.TIMEOUT
    base = Path(server._scratch_root)
    await server.close()
    assert not base.exists()


async def test_without_a_container_engine_the_message_says_so(
    folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    server = ForkServer(problem_dir=folder(), has_context_file=False, limits=LIMITS, around=Container())
    with pytest.raises(SandboxStartError, match="neither podman nor docker is on this machine; install one, or use"):
        await server.start()
    await server.close()


def test_docker_needs_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docker").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxStartError, match="docker needs an image"):
        Container().command()
    command = Container(image="some/image").run(tmp_path, ["/usr/lib"], {"A": "1"}, "module")
    assert command[0] == "docker"
    assert "/usr/lib:/usr/lib:ro" in command
    assert "some/image" in command


# Inline


async def test_inline_runs_programs_one_after_another_in_one_process(folder: Callable[..., Path]) -> None:
    runner = InlineRunner(
        problem_dir=folder(helper="X = 7\n"), has_context_file=False, limits=Limits(wall_time_s=30, memory_mb=256)
    )
    await runner.start()
    first = value(await run(runner, "import os, helper", "print('hello')", "return [os.getpid(), helper.X]"))
    assert value(await run(runner, "import os, helper", "return [os.getpid(), helper.X]")) == first
    assert (await run(runner, "print('hello')")).stdout == "hello\n"
    failed = await run(runner, "return 1 / 0")
    assert failed.error is not None
    assert failed.error.message == "ZeroDivisionError: division by zero"
    endless = {"main.py": "def entrypoint():\n    while True: pass\n"}
    slow = await runner.run(endless, "main.py", limits=Limits(wall_time_s=0.5, memory_mb=256))
    assert slow.error is not None
    assert slow.error.kind is ErrorKind.TIMEOUT
    gone = await run(runner, "import os", "os._exit(3)")
    assert gone.error is not None
    assert gone.error.kind is ErrorKind.EXIT
    assert value(await run(runner, "import os", "return os.getpid()")) != first[0]
    assert runner.report.first_line().startswith("sandbox: level inline; not protected: descendants, filesystem")
    await runner.close()
