"""Programs that are run by a command are held like all others: files, network, signals, processes, time."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer, RunOutcome, SandboxStartError
from gigaevo.evaluation.sandbox.limits import Limits
from tests.hostile.arena import descendants
from tests.hostile.hostile import EVERYWHERE, ISOLATED

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = Limits(wall_time_s=15, cpu_time_s=2, memory_mb=256, processes=16, file_size_mb=4, scratch_mb=16)
SECRET = "SECRET-0123456789abcdef"

# Each attack prints a JSON list of what it managed.
READ = """
my @got;
for my $path (@PATHS@) {
    my ($folder, $file);
    push @got, $path if opendir($folder, $path) || open($file, '<', $path) && defined <$file>;
}
print '[', join(',', map { qq("$_") } @got), ']';
"""
WRITE = """
my @got;
for my $path (@PATHS@) {
    push @got, $path if open(my $file, '>>', $path);
    push @got, "chmod $path" if chmod 0777, $path;
    push @got, "unlink $path" if unlink $path;
}
print '[', join(',', map { qq("$_") } @got), ']';
"""
CONNECT = """
use Socket;
my @got;
my ($tcp, $udp, $unix);
my $there = sockaddr_in(@PORT@, INADDR_LOOPBACK);
push @got, 'tcp' if socket($tcp, PF_INET, SOCK_STREAM, 0) && connect($tcp, $there);
push @got, 'udp' if socket($udp, PF_INET, SOCK_DGRAM, 0) && send($udp, 'x', 0, $there);
push @got, 'unix' if socket($unix, PF_UNIX, SOCK_STREAM, 0) && connect($unix, sockaddr_un('@UNIX@'));
print '[', join(',', map { qq("$_") } @got), ']';
"""
SIGNAL = """
my @got;
for my $pid (@PIDS@) { push @got, $pid if kill 0, $pid; }
print '[', join(',', @got), ']';
"""
FORK_BOMB = """
my $made = 0;
for (1 .. 400) { my $pid = fork; if (!defined $pid) { last } if (!$pid) { sleep 60; exit } $made++; }
print $made;
"""
EVERY_FORK = "while (1) { fork }"
LOOP = "1 while 1;"
FILL = """
my $all = 0;
for my $n (1 .. 100) {
    open(my $file, '>', "f$n") or last;
    for (1 .. 40) { (syswrite($file, 'x' x 100_000) // 0) == 100_000 or last; $all += 100_000; }
}
print $all;
"""
DETACH = """
use POSIX 'setsid';
for (1 .. 3) {
    my $pid = fork; next if $pid;
    setsid(); fork and exit; close STDOUT; close STDERR; sleep 600; exit;
}
print 1;
"""
ANSWER = "open(my $out, '>&=', 3) and syswrite($out, qq(V\\0\\0\\0\\001\\x31)); print 2;"


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=EVERYWHERE)
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ForkServer]:
    """A server of a problem in Perl, at each level."""
    folder = tmp_path_factory.mktemp("problem")
    (folder / "validate.py").write_text(f"# {SECRET}\ndef validate(output):\n    return {{'fitness': 1.0}}\n")
    made = ForkServer(
        problem_dir=folder,
        has_context_file=False,
        limits=LIMITS,
        level=request.param,
        allow=("processes", "executables"),
        command=[["perl", "main.pl"]],
    )
    try:
        await made.start()
    except SandboxStartError as error:
        pytest.skip(str(error))
    yield made
    await made.close()


async def attack(server: ForkServer, source: str, **values: Any) -> RunOutcome:
    for name, value in values.items():
        text = ", ".join(f"'{item}'" for item in value) if isinstance(value, list) else str(value)
        source = source.replace(f"@{name}@", text)
    before = descendants()
    outcome = await server.run({"main.pl": source}, "main.pl")
    assert descendants() <= before, "it left processes"
    honest = await server.run({"main.pl": "print '[1, 2]';"}, "main.pl")
    assert honest.output == "[1,2]", honest
    return outcome


def got(outcome: RunOutcome) -> Any:
    assert outcome.error is None, outcome.error
    return wire.decode(outcome.output or "")


def is_isolated(server: ForkServer) -> bool:
    """Whether the level promises more than limits. Where it does not, the same attack works, and so is one."""
    return server.report.level in ISOLATED


async def test_it_reads_nothing_that_is_not_its_own(server: ForkServer, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    validator = f"{server._settings['problem_dir']}/validate.py"
    ours = [str(secret), str(tmp_path), validator, f"/proc/{os.getpid()}/status"]
    others = ["/etc/shadow", "/etc/hostname", f"/proc/{os.getpid()}/environ", f"/proc/{server.pid}/maps"]
    found = got(await attack(server, READ, PATHS=[*ours, *others]))
    assert found == [] if is_isolated(server) else set(ours) <= set(found)


async def test_it_writes_nothing_outside_of_its_folder(server: ForkServer, tmp_path: Path) -> None:
    target = tmp_path / "target.txt"
    target.write_text("kept")
    tmp_path.chmod(0o777)
    target.chmod(0o666)
    inside = f"{server._settings['problem_dir']}/new.txt"
    found = got(await attack(server, WRITE, PATHS=[str(target), str(tmp_path / "new"), inside]))
    if is_isolated(server):
        assert found == []
        assert (target.read_text(), target.stat().st_mode & 0o777) == ("kept", 0o666)
        assert not (tmp_path / "new").exists()
    else:
        assert {f"unlink {target}", f"chmod {inside}"} <= set(found)


async def test_it_reaches_no_network(server: ForkServer, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "socket"))
        local.listen()
        listening.settimeout(0.0)
        outcome = await attack(server, CONNECT, PORT=listening.getsockname()[1], UNIX=tmp_path / "socket")
        if is_isolated(server):
            assert got(outcome) == []
            with pytest.raises(BlockingIOError):
                listening.accept()
        else:
            assert got(outcome) == ["tcp", "udp", "unix"]


async def test_it_signals_nobody(server: ForkServer) -> None:
    strangers = [os.getppid(), os.getpid(), server.pid]
    found = got(await attack(server, SIGNAL, PIDS=strangers))
    if server.report.level == "process":
        assert os.getpid() in map(int, found)
    elif server.report.level == "landlock":  # at the strict level these are numbers of a namespace of its own
        assert found == []


async def test_it_starts_so_many_processes_and_they_end_with_it(server: ForkServer) -> None:
    outcome = await attack(server, FORK_BOMB)
    if "processes" in server.report.protections:
        assert got(outcome) < LIMITS.processes


async def test_what_detaches_from_it_ends_with_it(server: ForkServer) -> None:
    assert got(await attack(server, DETACH)) == 1


@pytest.mark.parametrize(("source", "seconds"), [(EVERY_FORK, 2), (LOOP, 15)], ids=["fork bomb", "endless loop"])
async def test_it_ends_when_its_time_is_over(server: ForkServer, source: str, seconds: int) -> None:
    if source == EVERY_FORK and "processes" not in server.report.protections:
        pytest.skip("the level does not promise it")
    limits = Limits(**{**vars(LIMITS), "wall_time_s": seconds})
    before = descendants()
    outcome = await server.run({"main.pl": source}, "main.pl", limits=limits)
    assert outcome.error is not None
    assert outcome.error.kind.value == "timeout", outcome.error
    assert descendants() <= before
    assert got(await server.run({"main.pl": "print 3;"}, "main.pl")) == 3


async def test_it_fills_no_more_than_its_folder(server: ForkServer) -> None:
    outcome = await attack(server, FILL)
    if outcome.error is None:
        assert got(outcome) <= LIMITS.scratch_mb << 20
    else:
        assert outcome.error.kind.value in ("output", "signal", "exit")


async def test_it_cannot_answer_past_what_it_prints(server: ForkServer) -> None:
    outcome = await attack(server, ANSWER)
    assert outcome.output == "2"


EXECUTE = """
import os, subprocess

def entrypoint():
    found = []
    with open("x.sh", "w") as file:
        file.write("#!/bin/sh\\necho ran\\n")
    os.chmod("x.sh", 0o755)
    for command in (["./x.sh"], ["/bin/sh", "-c", "echo ran"]):
        try:
            found.append(subprocess.run(command, capture_output=True).stdout.decode())
        except OSError as error:
            found.append(type(error).__name__)
    return found
"""


async def test_a_python_problem_still_executes_nothing_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "validate.py").write_text("def validate(output):\n    return {'fitness': 1.0}\n")
    for allow, expected in (
        ((), ["PermissionError", "PermissionError"]),
        (("processes",), ["PermissionError", "ran\n"]),
    ):
        made = ForkServer(problem_dir=tmp_path, has_context_file=False, limits=LIMITS, level="strict", allow=allow)
        try:
            await made.start()
        except SandboxStartError as error:
            pytest.skip(str(error))
        limits = Limits(**{**vars(LIMITS), "processes": 16 if allow else 1})
        outcome = await made.run({"main.py": EXECUTE}, "main.py", limits=limits)
        await made.close()
        if allow:
            assert json.loads(outcome.output or "") == expected
        else:
            assert outcome.error is not None or "ran\n" not in json.loads(outcome.output or "")
