"""A long-lived process that holds the problem's validator and judges one output after another.

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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEARCH_BYTES = 64 << 20  # longest result of a search, encoded


class Validator:
    """The problem's ``validate``, called with what it asks for.

    Args:
        function: ``validate(output)`` or ``validate(context, output)``.
        context: The problem's context; None where it has none.
        primary_key: Name of the primary metric.

    Raises:
        problem_code.StartFailure: The function takes neither one nor two arguments.
    """

    def __init__(self, function: Callable[..., Any], context: Any, primary_key: str) -> None:
        self._function = function
        self._context: tuple[Any, ...] = (context,)
        self._primary_key = primary_key
        parameters = inspect.signature(function).parameters.values()
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        required = sum(p.default is p.empty for p in positional)
        if required not in (1, 2):
            expected = "validate(output) or validate(context, output)"
            text = f"validate.py: expected {expected}; validate takes {required} arguments"
            raise problem_code.StartFailure(text, file="validate.py")
        if required == 1:
            self._context = ()

    def __call__(self, output: Any) -> Verdict:
        """The verdict on ``output``; a validator that raises refuses it."""
        try:
            returned = self._function(*self._context, output)
            return judge(returned, self._primary_key)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return refusal(error)


def _load(settings: dict[str, Any], payloads: list[bytes]) -> tuple[Validator, dict[str, Any], list[bytes]]:
    """The validator, and what to report at the start: notes, and the context's text where it was built to be shared.

    Raises:
        problem_code.StartFailure: A file of the problem cannot be imported.
    """
    folder = Path(settings["problem_dir"])
    problem_code.open_folder(folder)
    problem_code.load(folder, "helper")
    module = problem_code.load(folder, "validate")
    if module is None:
        raise problem_code.StartFailure(f"{folder}: has no validate.py", file="validate.py")
    function = problem_code.function_of(module, "validate", "validate.py")
    text = payloads[0].decode("ascii") if payloads else None
    context = problem_code.context_for(folder, text=text, has_file=settings["has_context_file"])
    validator = Validator(function, context, settings["primary_key"])
    if not settings["share_context"]:
        return validator, {"notes": []}, []
    try:
        shared = wire.encode(context, max_bytes=problem_code.CONTEXT_BYTES, name="context")
    except wire.WireError as error:
        return validator, {"notes": [f"{error}; each process builds its own context"]}, []
    return validator, {"notes": []}, [shared.encode("ascii")]


def _validate(validator: Validator, text: bytes) -> dict[str, Any]:
    """Reply to a request to judge one encoded output."""
    try:
        output = wire.decode(text.decode("ascii", "replace"))
    except wire.WireError as error:
        return {"metrics": {}, "artifacts": {}, "kind": "output", "message": str(error), "calls": 0}
    return {**asdict(validator(output)), "calls": 1}


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


def _serve(validator: Validator, requests: Iterator[Message], sock: socket.socket) -> None:
    for header, payloads in requests:
        if header["op"] == "validate":
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
        validator, report, context = _load(header, payloads)
    except problem_code.StartFailure as failure:
        sock.sendall(pack({"id": header["id"], "failed": str(failure), "file": failure.file, "line": failure.line}))
        return
    cap_memory(header["memory_mb"])
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # what validators print goes nowhere, and never blocks them
    sock.sendall(pack({**report, "id": header["id"]}, *context))
    _serve(validator, requests, sock)
    os._exit(0)


if __name__ == "__main__":
    main()
