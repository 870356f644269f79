"""``TrustedWorkers``: a pool of processes that hold the problem's ``validate``, or its ``verify``."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gigaevo.evaluation.base import Verification
from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.process import Peer, PeerDied, SandboxStartError, environment
from gigaevo.programs import ErrorKind, ProgramError
from gigaevo.programs.artifact import kept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_WORKER_MODULE = "gigaevo.evaluation.sandbox.trusted_worker"
_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE")
_STAGE = "validate"
_REQUEST_BYTES = 64 << 20

__all__ = ["SandboxStartError", "SearchError", "TrustedWorkers", "ValidationOutcome"]


class SearchError(RuntimeError):
    """A numeric search raised, or its process died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationOutcome:
    """The verdict on one output.

    Attributes:
        metrics: Finite numbers by name; an invalid output may have some.
        artifacts: JSON values by name: ``artifact`` from the validator, or what it gave names (see
            ``gigaevo.programs.artifact``), ``dropped_metrics`` where some were not finite.
        error: Why the output is invalid; None for a valid one.
        calls: How often ``validate`` was called.
    """

    metrics: dict[str, float]
    artifacts: dict[str, Any]
    error: ProgramError | None
    calls: int


class TrustedWorkers:
    """Judges outputs, ``size`` at a time; beyond the first, workers are started when they are needed.

    A worker that dies, or is killed for taking too long, is replaced at the next request.

    Args:
        problem_dir: The problem folder with validate.py, and helper.py and context.py where it has them.
        size: Most workers.
        primary_key: Name of the metric that a valid output must have.
        context: The problem's context in the encoding of ``wire``, where another pool or process has it already; None
            to have the first worker build it, if the folder has context.py.
        memory_mb: Address space of a worker in MiB beyond what its imports take.
        function: What the workers are there for: ``"validate"`` (and to search), or ``"verify"``.

    Attributes:
        notes: What people should know of the start, one line each.
    """

    def __init__(
        self,
        *,
        problem_dir: Path,
        size: int,
        primary_key: str,
        context: str | None = None,
        memory_mb: int = 4096,
        function: Literal["validate", "verify"] = "validate",
    ) -> None:
        self._dir = Path(problem_dir).resolve()
        self._settings = {
            "problem_dir": str(self._dir),
            "primary_key": primary_key,
            "memory_mb": memory_mb,
            "function": function,
            "has_context_file": (self._dir / "context.py").is_file(),
        }
        self._context = context
        self._idle: list[Peer] = []
        self._all: set[Peer] = set()
        self._slots = asyncio.Semaphore(size)
        self._starting = asyncio.Lock()
        self._closed = False
        self.notes: list[str] = []

    @property
    def context(self) -> str | None:
        """The problem's context as text; None where it has none, or where it cannot be encoded (see ``notes``)."""
        return self._context

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that are there now."""
        return [peer.pid for peer in self._all if peer.alive]

    async def start(self) -> None:
        """Start the first worker.

        Raises:
            SandboxStartError: validate.py or verify.py, helper.py or context.py cannot be imported or used.
        """
        share = self._settings["has_context_file"] and self._context is None
        peer = await self._new_worker(share_context=bool(share))
        self.notes += peer.ready["notes"]
        if peer.payloads:
            self._context = peer.payloads[0].decode("ascii")
        self._idle.append(peer)

    async def validate(self, output: str, *, timeout_s: float) -> ValidationOutcome:
        """Have one output judged. Cancelling ends the worker.

        Args:
            output: The output in the encoding of ``wire``.
            timeout_s: Seconds after which the worker is killed.

        Raises:
            SandboxStartError: A worker that had to be started could not be.
        """
        try:
            async with self._worker() as peer, asyncio.timeout(timeout_s):
                header, _ = await peer.request({"op": "validate"}, output.encode("ascii", "replace"))
        except TimeoutError:
            return _failed(ErrorKind.TIMEOUT, f"the validator took longer than {timeout_s:g} s")
        except PeerDied as died:
            return _failed(ErrorKind.INVALID, f"the validator died on this output: {died}")
        error = None
        if header["kind"]:
            error = ProgramError(kind=ErrorKind(header["kind"]), message=header["message"], stage=_STAGE)
        return ValidationOutcome(
            metrics=header["metrics"],
            artifacts={**kept(header["named"]), **header["artifacts"]},
            error=error,
            calls=header["calls"],
        )

    async def verify(self, output: str, *, timeout_s: float) -> Verification:
        """Have one output verified. Cancelling ends the worker.

        Args:
            output: The output in the encoding of ``wire``.
            timeout_s: Seconds after which the worker is killed.

        Raises:
            SandboxStartError: A worker that had to be started could not be.
        """
        try:
            async with self._worker() as peer, asyncio.timeout(timeout_s):
                header, _ = await peer.request({"op": "verify"}, output.encode("ascii", "replace"))
        except TimeoutError:
            return Verification(accepted=False, able=False, message=f"it took longer than {timeout_s:g} s")
        except PeerDied as died:
            return Verification(accepted=False, able=False, message=f"its process died: {died}")
        return Verification(
            accepted=header["accepted"], able=header["able"], message=header["message"], metrics=header["metrics"]
        )

    async def search(self, output: str, request: Mapping[str, Any], *, timeout_s: float | None) -> dict[str, Any]:
        """Have a worker run ``gigaevo.evaluation.search_job.run_search``. Cancelling ends the worker.

        Args:
            output: Where to start, in the encoding of ``wire``.
            request: What to search for; values that ``wire`` can encode.
            timeout_s: Seconds after which the worker is killed; None for no limit.

        Returns:
            What ``run_search`` returned.

        Raises:
            SearchError: It raised, or the worker died.
            TimeoutError: It took too long.
        """
        encoded = wire.encode(dict(request), max_bytes=_REQUEST_BYTES, name="request").encode("ascii")
        try:
            async with self._worker() as peer, asyncio.timeout(timeout_s):
                header, payloads = await peer.request({"op": "search"}, output.encode("ascii", "replace"), encoded)
        except PeerDied as died:
            raise SearchError(f"the search worker died: {died}") from None
        if header["failed"]:
            raise SearchError(header["failed"])
        result: dict[str, Any] = wire.decode(payloads[0].decode("ascii"))
        return result

    async def close(self) -> None:
        """End all workers."""
        self._closed = True
        async with self._starting:
            peers = list(self._all)
            for peer in peers:
                peer.kill()
            for peer in peers:
                await peer.close()
            self._idle.clear()
            self._all.clear()

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[Peer]:
        """One worker for one request; it goes back to the pool only if the request was answered."""
        async with self._slots:
            peer = await self._take()
            try:
                yield peer
            except BaseException:
                peer.kill()
                self._all.discard(peer)
                raise
            self._idle.append(peer)

    async def _take(self) -> Peer:
        while self._idle:
            peer = self._idle.pop()
            if peer.alive:
                return peer
            self._all.discard(peer)
        return await self._new_worker(share_context=False)

    async def _new_worker(self, *, share_context: bool) -> Peer:
        async with self._starting:
            if self._closed:
                raise RuntimeError("the workers were closed")
            settings = {**self._settings, "share_context": share_context}
            payloads = () if self._context is None else (self._context.encode("ascii"),)
            peer = await Peer.start(_WORKER_MODULE, environment(_KEPT_VARIABLES), settings, *payloads)
            self._all.add(peer)
            return peer


def _failed(kind: ErrorKind, message: str) -> ValidationOutcome:
    error = ProgramError(kind=kind, message=message, stage=_STAGE)
    return ValidationOutcome(metrics={}, artifacts={}, error=error, calls=1)
