"""A long-lived process that holds the problem's ``validate`` or ``verify`` and judges one output after another.

Its code is the problem's own; its input is not trusted and arrives as text in the encoding of ``wire``. It is
executed afresh, with an environment without secrets, and serves one socket, one request at a time. The same process
searches numerically, where it is asked to: then it makes many outputs and judges each.
"""

from __future__ import annotations

import inspect
import os
import signal
import socket
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigaevo.evaluation.sandbox import linux, problem_code, wire
from gigaevo.evaluation.sandbox.frames import Message, messages, pack
from gigaevo.evaluation.sandbox.limits import cap_memory
from gigaevo.evaluation.sandbox.validation import Verdict, judge, refusal
from gigaevo.evaluation.sandbox.verification import finding_from, finding_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEARCH_BYTES = 64 << 20  # longest result of a search, encoded


class Judge:
    """A function of the problem that looks at outputs, called with what it asks for.

    Args:
        folder: The problem folder.
        name: The function; it is defined in the file of this name.
        context: The problem's context; None where it has none.

    Raises:
        problem_code.StartFailure: The file cannot be imported, or the function takes neither one nor two arguments.
    """

    def __init__(self, folder: Path, name: str, context: Any) -> None:
        file = f"{name}.py"
        module = problem_code.load(folder, name)
        if module is None:
            raise problem_code.StartFailure(f"{folder}: has no {file}", file=file)
        self._function: Callable[..., Any] = problem_code.function_of(module, name, file)
        self._context: tuple[Any, ...] = (context,)
        parameters = inspect.signature(self._function).parameters.values()
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        required = sum(p.default is p.empty for p in positional)
        if required not in (1, 2):
            expected = f"{name}(output) or {name}(context, output)"
            text = f"{file}: expected {expected}; {name} takes {required} arguments"
            raise problem_code.StartFailure(text, file=file)
        if required == 1:
            self._context = ()

    def __call__(self, output: Any) -> Any:
        """What the function returns for ``output``."""
        return self._function(*self._context, output)


class Validator:
    """The problem's ``validate``.

    Args:
        function: It.
        primary_key: Name of the primary metric.
    """

    def __init__(self, function: Judge, primary_key: str) -> None:
        self._function = function
        self._primary_key = primary_key

    def __call__(self, output: Any) -> Verdict:
        """The verdict on ``output``; a validator that raises refuses it."""
        try:
            return judge(self._function(output), self._primary_key)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return refusal(error)


def _load(settings: dict[str, Any], payloads: list[bytes]) -> tuple[Judge, dict[str, Any], list[bytes]]:
    """The function that this worker is there for, and what to report at the start: notes, and the context's text where
    it was built to be shared.

    Raises:
        problem_code.StartFailure: A file of the problem cannot be imported.
    """
    folder = Path(settings["problem_dir"])
    problem_code.open_folder(folder)
    problem_code.load(folder, "helper")
    problem_code.load(folder, settings["function"])
    text = payloads[0].decode("ascii") if payloads else None
    context = problem_code.context_for(folder, text=text, has_file=settings["has_context_file"])
    function = Judge(folder, settings["function"], context)
    if not settings["share_context"]:
        return function, {"notes": []}, []
    try:
        shared = wire.encode(context, max_bytes=problem_code.CONTEXT_BYTES, name="context")
    except wire.WireError as error:
        return function, {"notes": [f"{error}; each process builds its own context"]}, []
    return function, {"notes": []}, [shared.encode("ascii")]


def _validate(validator: Validator, text: bytes) -> dict[str, Any]:
    """Reply to a request to judge one encoded output."""
    try:
        output = wire.decode(text.decode("ascii", "replace"))
    except wire.WireError as error:
        return {"metrics": {}, "artifacts": {}, "named": {}, "kind": "output", "message": str(error), "calls": 0}
    return {**asdict(validator(output)), "calls": 1}


def _verify(verify: Judge, text: bytes) -> dict[str, Any]:
    """Reply to a request to verify one encoded output."""
    try:
        finding = finding_of(verify(wire.decode(text.decode("ascii", "replace"))))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        finding = finding_from(error)
    return asdict(finding)


def _search(validator: Validator, text: bytes, request: bytes) -> tuple[dict[str, Any], bytes]:
    """Reply to a request to search from one encoded output."""

    def validate(output: Any) -> tuple[dict[str, float], str | None]:
        verdict = validator(output)
        return verdict.metrics, verdict.message if verdict.kind else None

    try:
        from gigaevo.evaluation.search_job import run_search

        output = wire.decode(text.decode("ascii", "replace"))
        result = run_search(validate, output, wire.decode(request.decode("ascii")))
        return {"failed": None}, wire.encode(result, max_bytes=SEARCH_BYTES, name="result").encode("ascii")
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"[:2000]}, b""


def _serve(function: Judge, primary_key: str, requests: Iterator[Message], sock: socket.socket) -> None:
    validator = Validator(function, primary_key)
    for header, payloads in requests:
        if header["op"] == "verify":
            sock.sendall(pack({**_verify(function, payloads[0]), "id": header["id"]}))
        elif header["op"] == "validate":
            sock.sendall(pack({**_validate(validator, payloads[0]), "id": header["id"]}))
        elif header["op"] == "search":
            reply, result = _search(validator, *payloads)
            sock.sendall(pack({**reply, "id": header["id"]}, result))


def main() -> None:
    """Serve the socket whose descriptor is the first argument, until it is closed."""
    linux.hide_from_peers()
    linux.die_with_parent(signal.SIGKILL)
    sock = socket.socket(fileno=int(sys.argv[1]))
    requests = messages(sock)
    header, payloads = next(requests)
    sys.dont_write_bytecode = True  # leave the problem's folder as it is
    try:
        function, report, context = _load(header, payloads)
    except problem_code.StartFailure as failure:
        sock.sendall(pack({"id": header["id"], "failed": str(failure), "file": failure.file, "line": failure.line}))
        return
    cap_memory(header["memory_mb"])
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # what validators print goes nowhere, and never blocks them
    sock.sendall(pack({**report, "id": header["id"]}, *context))
    _serve(function, header["primary_key"], requests, sock)
    os._exit(0)


if __name__ == "__main__":
    main()
