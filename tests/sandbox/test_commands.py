"""Programs in other languages: built and run by commands, at every level, with an error of the right kind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer, RunOutcome, SandboxStartError
from gigaevo.evaluation.sandbox.commands import context_text
from gigaevo.evaluation.sandbox.levels import LEVELS
from gigaevo.evaluation.sandbox.limits import Limits

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = Limits(wall_time_s=120, cpu_time_s=3, memory_mb=768, processes=32)
PERL = [["perl", "main.pl"]]
needs_gcc = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ on this machine")


@pytest_asyncio.fixture(loop_scope="module")
async def open_commands(folder: Callable[..., Path]) -> Any:
    """Starts servers of problems with a command: ``await open_commands([["perl", "main.pl"]], level="strict")``."""
    servers: list[ForkServer] = []

    async def start(command: Sequence[Sequence[str]], *, level: str = "auto", **modules: str) -> ForkServer:
        server = ForkServer(
            problem_dir=folder(**modules),
            has_context_file="context" in modules,
            limits=LIMITS,
            level=level,
            allow=("processes", "executables"),
            command=command,
        )
        servers.append(server)
        try:
            await server.start()
        except SandboxStartError as error:
            if "is not available" in str(error):
                pytest.skip(str(error))
            raise
        return server

    yield start
    for server in servers:
        await server.close()


def value(outcome: RunOutcome) -> Any:
    assert outcome.error is None, outcome.error
    return wire.decode(outcome.output or "")


def kind_and_message(outcome: RunOutcome) -> tuple[str, str]:
    assert outcome.error is not None, outcome.output
    return outcome.error.kind.value, outcome.error.message


@pytest.mark.parametrize("level", LEVELS)
@needs_gcc
async def test_a_program_is_built_from_its_files_and_run(open_commands: Any, level: str) -> None:
    server = await open_commands([["g++", "-O1", "-o", "program", "main.cpp", "lib/f.cpp"], ["./program"]], level=level)
    main = '#include <cstdio>\ndouble f();\nint main() { std::printf("{\\"half\\": [%.2f, null, true]}\\n", f()); }\n'
    good = await server.run({"main.cpp": main, "lib/f.cpp": "double f() { return 0.5; }\n"}, "main.cpp")
    assert value(good) == {"half": [0.5, None, True]}
    assert good.cpu_time_s > 0.0
    bad = await server.run({"main.cpp": main, "lib/f.cpp": "double f() { retur 0.5; }\n"}, "main.cpp")
    kind, message = kind_and_message(bad)
    assert kind == "syntax"
    assert message.startswith("`g++ -O1 -o program main.cpp lib/f.cpp` ended with status 1: lib/f.cpp:1:")
    assert bad.error is not None
    assert "retur" in bad.error.traceback
    assert "retur" in bad.stderr


@pytest.mark.parametrize("level", LEVELS)
async def test_a_script_of_the_program_itself_is_executed(open_commands: Any, level: str) -> None:
    server = await open_commands([["./main.sh"]], level=level)
    text = '#!/bin/bash\nmkdir artifacts\necho words > artifacts/note.txt\necho here >&2\necho "[$((20 + 3)), $SEED]"\n'
    outcome = await server.run({"main.sh": text}, "main.sh", seed=5)
    assert value(outcome) == [23, 5]
    assert outcome.stderr == "here\n"
    assert outcome.artifacts == {"note": "words\n"}


async def test_the_context_arrives_as_json_on_standard_input(open_commands: Any) -> None:
    context = "import numpy as np\ndef build_context():\n    return {'a': np.arange(3), 'b': (np.float64(0.5), None)}\n"
    server = await open_commands(PERL, context=context)
    outcome = await server.run({"main.pl": "print <STDIN>;"}, "main.pl")
    assert value(outcome) == {"a": [0, 1, 2], "b": [0.5, None]}


async def test_a_context_without_json_is_refused_at_the_start(open_commands: Any) -> None:
    with pytest.raises(SandboxStartError, match=r"context\.py: programs read the context as JSON.* a set has no JSON"):
        await open_commands(PERL, context="def build_context():\n    return {1, 2}\n")


async def test_a_command_that_is_nowhere_is_refused_at_the_start(open_commands: Any) -> None:
    with pytest.raises(SandboxStartError, match="command 'no-such-compiler' is not found where programs run"):
        await open_commands([["no-such-compiler", "main.c"], ["./a.out"]])


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("print '1 2';", "output", "what it printed is not one JSON value: Extra data: line 1 column 3"),
        ("print '[NaN]';", "output", "NaN is no JSON number; it begins '[NaN]'"),
        ("print '[' x 100000;", "output", "what it printed is nested too deeply"),
        ("print qq(\\xff);", "output", "what it printed is not one JSON value"),
        ("1;", "output", "it printed nothing; its answer is one JSON value on standard output"),
        ("print '1' x 9000000;", "output", "its answer is longer than the 4194304 bytes allowed"),
        ("print '[1]'; print STDERR 'why it', qq(\\n); exit 3;", "exit", "`perl main.pl` ended with status 3: why it"),
        ("kill 'SEGV', $$; sleep 5;", "signal", "`perl main.pl` was killed by SIGSEGV"),
        ("1 while 1;", "timeout", "`perl main.pl` used up its CPU time"),
        ("my $n = 2 * 10 ** (8 + @ARGV + 1); print length('a' x $n);", "exit", "`perl main.pl` ended with status"),
    ],
)
async def test_a_failure_has_its_kind(open_commands: Any, source: str, kind: str, message: str) -> None:
    server = await open_commands(PERL)
    found = kind_and_message(await server.run({"main.pl": source}, "main.pl"))
    assert found[0] == kind, found
    assert message in found[1]


@pytest.mark.parametrize("cap", [65536, 1000, 1])
async def test_of_many_words_on_standard_error_the_end_is_kept(open_commands: Any, cap: int) -> None:
    server = await open_commands([["perl", "build.pl"], ["perl", "main.pl"]])
    files = {"main.pl": "print STDERR 'x' x 90000, 'last'; print 1;", "build.pl": "print 'b' x 90000;"}
    outcome = await server.run(files, "main.pl", limits=Limits(**{**vars(LIMITS), "stdio_bytes": cap}))
    assert value(outcome) == 1
    assert len(outcome.stderr) == cap
    if cap > 4000:
        assert outcome.stderr.endswith("xlast")


async def test_wall_clock_time_ends_what_waits(open_commands: Any) -> None:
    server = await open_commands(PERL)
    outcome = await server.run({"main.pl": "sleep 100;"}, "main.pl", limits=Limits(wall_time_s=1, processes=8))
    assert kind_and_message(outcome) == ("timeout", "it ran longer than 1 s")


@pytest.mark.parametrize("level", LEVELS)
async def test_what_a_program_leaves_running_neither_delays_nor_survives_it(open_commands: Any, level: str) -> None:
    server = await open_commands([["bash", "main.sh"]], level=level)
    seconds = str(10**6 + os.getpid())  # of this process alone: the same test may be running beside it at another level
    outcome = await server.run({"main.sh": f"sleep {seconds} &\necho $!\n"}, "main.sh")
    assert isinstance(value(outcome), int)
    assert seconds not in [
        word for process in psutil.process_iter(["cmdline"]) for word in process.info["cmdline"] or ()
    ]


async def test_commands_find_nothing_of_our_environment(open_commands: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-value")
    server = await open_commands([["perl", "main.pl"]])
    source = "print '[', join(',', map { qq(\"$_=$ENV{$_}\") } sort keys %ENV), ']';"
    found = dict(pair.split("=", 1) for pair in value(await server.run({"main.pl": source}, "main.pl")))
    assert "planted-value" not in found.values()
    assert {"PATH", "HOME", "TMPDIR", "SEED"} <= set(found)
    assert found["HOME"] == found["TMPDIR"]


async def test_a_program_that_is_no_text_is_a_failure_of_its_own(open_commands: Any) -> None:
    server = await open_commands(PERL)
    kind, _ = kind_and_message(await server.run({"main.pl": "\ud800"}, "main.pl"))
    assert kind == "exception"
    assert value(await server.run({"main.pl": "print 1;"}, "main.pl")) == 1


@pytest.mark.parametrize("context", [{1j}, {"a": float("nan")}, b"x", [{(1, 2): 3}]])
async def test_only_what_has_json_is_context(context: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        context_text(context)
