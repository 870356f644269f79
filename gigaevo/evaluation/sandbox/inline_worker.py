"""A process that runs programs one after another in itself, with nothing around them: the ``inline`` level.

For code that is the user's own. It is not the engine's process, and what comes back is data all the same.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import resource
import signal
import socket
import sys
import time
from typing import Any

from gigaevo.evaluation.sandbox import child, linux, problem_code
from gigaevo.evaluation.sandbox.forkserver import load
from gigaevo.evaluation.sandbox.frames import Message, messages, pack
from gigaevo.evaluation.sandbox.limits import MIB, Limits


def _run(problem: child.Problem, message: Message) -> bytes:
    header, payloads = message
    texts = [payload.decode("utf-8", "surrogatepass") for payload in payloads]
    job = child.Job(
        files=dict(zip(header["paths"], texts, strict=True)),
        entry=header["entry"],
        limits=Limits(**header["limits"]),
        scratch="/",
    )
    random.seed(header["seed"])
    sys.modules["numpy.random"].seed(header["seed"])
    wall, cpu = time.perf_counter(), time.process_time()
    printed, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
        answer = child.answer_once(job, problem)
    reply: dict[str, Any] = {
        "id": header["id"],
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MIB,
    }
    kept = job.limits.stdio_bytes
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
