"""A process that runs programs one after another in itself, with nothing around them: the ``inline`` level.

For code that is the user's own. It is not the engine's process, and what comes back is data all the same.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from gigaevo.evaluation.sandbox import child, linux, problem_code
from gigaevo.evaluation.sandbox.forkserver import load
from gigaevo.evaluation.sandbox.frames import Message, messages, pack
from gigaevo.evaluation.sandbox.limits import MIB, Limits


@contextlib.contextmanager
def _folder_for(files: int) -> Iterator[str]:
    """Where a program of several files stands while it runs; its modules are forgotten with it."""
    if files == 1:
        yield "/"
        return
    known = set(sys.modules)
    with tempfile.TemporaryDirectory(prefix="gigaevo-") as folder:
        os.chdir(folder)
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        try:
            yield folder
        finally:
            os.chdir("/")
            sys.path[:] = [path for path in sys.path if path != folder]
            for name in set(sys.modules) - known:
                module = sys.modules[name]
                places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
                if any(str(place).startswith(folder) for place in places):
                    del sys.modules[name]


def _run(problem: child.Problem, message: Message) -> bytes:
    header, payloads = message
    texts = [payload.decode("utf-8", "surrogatepass") for payload in payloads]
    limits = Limits(**header["limits"])
    random.seed(header["seed"])
    sys.modules["numpy.random"].seed(header["seed"])
    wall, cpu = time.perf_counter(), time.process_time()
    printed, errors = io.StringIO(), io.StringIO()
    with (
        _folder_for(len(texts)) as scratch,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(errors),
    ):
        files = dict(zip(header["paths"], texts, strict=True))
        job = child.Job(files=files, entry=header["entry"], limits=limits, scratch=scratch)
        answer = child.answer_once(job, problem)
    reply: dict[str, Any] = {
        "id": header["id"],
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MIB,
    }
    kept = limits.stdio_bytes
    return pack(reply, answer, printed.getvalue()[:kept].encode(), errors.getvalue()[:kept].encode())


def main() -> None:
    """Serve the socket whose descriptor is the first argument, until it is closed."""
    linux.hide_from_peers()
    linux.die_with_parent(signal.SIGKILL)
    sock = socket.socket(fileno=int(sys.argv[1]))
    requests = messages(sock)
    header, payloads = next(requests)
    sys.dont_write_bytecode = True
    try:
        problem = load(header, payloads)
    except problem_code.StartFailure as failure:
        sock.sendall(pack({"id": header["id"], "failed": str(failure), "file": failure.file, "line": failure.line}))
        return
    sock.sendall(pack({"id": header["id"]}))
    for message in requests:
        sock.sendall(_run(problem, message))
    os._exit(0)


if __name__ == "__main__":
    main()
