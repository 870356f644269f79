"""The warm fork server: a process that has a problem's imports loaded and forks a child for each program.

It is started afresh (never forked from the engine) with an empty environment, confines itself first, and serves one
socket in one thread: requests in, outcomes out, any number of children in flight. It only parses what its client wrote
and a short error report of a child; the answers of programs are relayed as bytes. When its client goes away it kills
what it started and ends.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigaevo.evaluation.sandbox import child, commands, levels, linux, problem_code, visible
from gigaevo.evaluation.sandbox.frames import messages, pack
from gigaevo.evaluation.sandbox.isolation import Isolation, Setting
from gigaevo.evaluation.sandbox.serving import Server

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Serve the socket that the first argument names: its descriptor, or the path of a listening one."""
    linux.hide_from_peers()
    linux.die_with_parent(signal.SIGKILL)
    os.umask(0o022)
    _keep_clear(child.RESULT_FD)
    sock = _connected(sys.argv[1])
    header, payloads = next(messages(sock))
    own_pid = os.getpid()
    try:
        isolation, reasons, own_pid = _confined(header)
        problem = load(header, payloads)
    except (problem_code.StartFailure, levels.LevelUnavailable) as failure:
        file, line = getattr(failure, "file", ""), getattr(failure, "line", 0)
        sock.sendall(pack({"id": header["id"], "failed": str(failure), "file": file, "line": line}))
        return
    _cap_descriptors()
    sys.dont_write_bytecode = True  # programs import modules of their own from their scratch folders
    linux.adopt_orphans()
    server = Server(sock, problem, isolation, allow=frozenset(header["allow"]))
    gc.collect()
    gc.freeze()
    linux.collapse_memory()
    gc.disable()
    if isolation.scratch_is_on_disk:
        linux.die_with_parent(0)  # from here on the end of the socket tells us, and we can clean up
    report = {"level": isolation.level, "protections": sorted(isolation.protections), "notes": reasons}
    sock.sendall(pack({"id": header["id"], "pid": own_pid, "memory_mb": own_memory_mb(), **report}))
    server.serve()
    os._exit(0)


def _keep_clear(descriptor: int) -> None:
    """Have nothing of ours at the place of a child's channel."""
    try:
        os.fstat(descriptor)
    except OSError:
        os.dup2(0, descriptor)


def _connected(name: str) -> socket.socket:
    if name.isdigit():
        return socket.socket(fileno=int(name))
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(name)
    return sock


def _confined(header: dict[str, Any]) -> tuple[Isolation, list[str], int]:
    """The isolation that this process is in now, why no stronger one is to be had, and its process id outside."""
    setting = Setting(
        base=header["scratch_root"],
        visible=visible.visible_paths(
            Path(header["problem_dir"]),
            header["hidden"],
            header["readable"],
            commands="processes" in header["allow"],
            compilers=bool(header.get("command")),
        ),
        allow=frozenset(header["allow"]),
        scratch_mb=header["scratch_mb"],
    )
    isolation, reasons = levels.enter(header["level"], setting)
    return isolation, reasons, isolation.pid_outside or os.getpid()


def load(settings: dict[str, Any], context: list[bytes]) -> child.Problem:
    """Import what programs are to find in memory.

    Raises:
        problem_code.StartFailure: Some of it cannot be imported.
    """
    folder = Path(settings["problem_dir"])
    problem_code.open_folder(folder)
    # Programs in other languages have no use for more, and a smaller server forks faster.
    standard = ("numpy", "numpy.random") if settings.get("command") else ("numpy", "numpy.random", "scipy")
    problem_code.preload((*standard, *settings["preload"]))
    # Each child inherits this state, so that a program that draws without a seed draws the same each time.
    sys.modules["numpy.random"].seed(0)
    problem_code.load(folder, "helper")
    harness = problem_code.load(folder, "harness")
    run: Callable[..., Any] | None = None
    if harness is not None:
        run = problem_code.function_of(harness, "run", "harness.py")
    text = context[0].decode("ascii") if context else None
    value = problem_code.context_for(folder, text=text, has_file=settings["has_context_file"])
    return child.Problem(
        run=run,
        context=value,
        has_context=text is not None or settings["has_context_file"],
        commands=_commands(settings.get("command", ()), value),
    )


def _commands(lines: list[list[str]], context: Any) -> commands.Commands | None:
    """How programs are run; None where they are called.

    Raises:
        problem_code.StartFailure: A command is not to be found, or the context has no JSON.
    """
    if not lines:
        return None
    if name := commands.missing(lines):
        raise problem_code.StartFailure(
            f"problem.yaml: command {name!r} is not found where programs run ({', '.join(commands.FOLDERS)}); install "
            "it, or write its path and make that readable (sandbox.readable)",
            file="problem.yaml",
        )
    try:
        text = b"" if context is None else commands.context_text(context)
    except ValueError as error:
        message = f"context.py: programs read the context as JSON, and it cannot be written so: {error}"
        raise problem_code.StartFailure(message, file="context.py") from None
    return commands.Commands(lines=tuple(tuple(words) for words in lines), context=text)


def own_memory_mb() -> float:
    """Memory of this process in MiB, shared pages counted by their share (PSS); 0 where the system does not say."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _cap_descriptors() -> None:
    """Stay below the number up to which a child closes what it inherits."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(child.MAX_DESCRIPTORS, hard) if hard > 0 else child.MAX_DESCRIPTORS, hard)
    )


if __name__ == "__main__":
    main()
