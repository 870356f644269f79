"""``LanguageModelServer``: a real HTTP server on this machine that speaks the OpenAI chat protocol."""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from types import TracebackType
from typing import Any, Literal

from gigaevo.testing.answers import Said, answer, count_tokens
from gigaevo.testing.conversation import spoken
from gigaevo.testing.faults import Fault, fault_rates
from gigaevo.testing.loopback import Asked, Connection, Ending, Response

__all__ = ["LanguageModelServer", "Received", "ServerOptions"]

_CHAT = ("/v1/chat/completions", "/chat/completions")
_ERRORS = {
    Fault.RATE_LIMIT: (429, "rate_limit_exceeded", "too many requests"),
    Fault.RATE_LIMIT_SILENT: (429, "rate_limit_exceeded", "too many requests"),
    Fault.SERVER_ERROR: (500, "server_error", "the server had an error"),
}
_ENDINGS = {Fault.RESET: Ending.RESET, Fault.SILENCE: Ending.SILENCE, Fault.HALF: Ending.HALF}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """How a server behaves.

    Attributes:
        seed: With the body of a request, and how often the same body came before, it decides the answer.
        latency_s: Mean seconds before an answer. Errors of HTTP come at once.
        latency_sigma: 0 for always the same time; above 0 the times are log-normal with this sigma and that mean.
        faults: Share of the requests that meet each fault, by its name.
        retry_after_s: What ``Retry-After`` says.
        huge_bytes: Size of a huge answer.
        usage: Whether the tokens that are told are the true ones, are left out, or are wild lies.
        key: What a client must send as its key; empty for no key.
        script: Answers to the first requests, in the order in which they come: a text, or the fault to commit. What
            comes later is answered as ever.
        keep: How many of the last requests are kept in ``received``.
    """

    seed: int = 0
    latency_s: float = 0.0
    latency_sigma: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    retry_after_s: float = 1.0
    huge_bytes: int = 2 << 20
    usage: Literal["true", "absent", "wild"] = "true"
    key: str = ""
    script: Sequence[str | Fault] = ()
    keep: int = 10_000

    def __post_init__(self) -> None:
        fault_rates(self.faults)
        if self.latency_s < 0 or self.latency_sigma < 0:
            raise ValueError("latency_s and latency_sigma must not be negative")
        if self.usage not in ("true", "absent", "wild"):
            raise ValueError(f"usage must be 'true', 'absent' or 'wild', not {self.usage!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request and what became of it.

    Attributes:
        path: What was asked for.
        headers: By name in small letters.
        body: The JSON value; None where it was none.
        outcome: ``"answered"``, the name of a fault, ``"unauthorized"``, ``"bad_request"`` or ``"not_found"``.
        text: What was said; empty where nothing was.
    """

    path: str
    headers: Mapping[str, str]
    body: Any
    outcome: str
    text: str = ""


class LanguageModelServer:
    """Stands in for a language model. Use it as an async context manager; it listens on 127.0.0.1 only.

    Args:
        options: How it behaves.
        respond: Says what to answer to a conversation, in place of edits of its program; None for those. Faults and
            script go first.

    Attributes:
        received: The last requests, in the order in which they came.
        outcomes: How many requests ended in which way, and ``"abandoned"``: how many clients did not wait for the end.
        spans: When each of the last requests of a chat came, and when it ended, by the clock of the event loop.
    """

    def __init__(
        self, options: ServerOptions | None = None, *, respond: Callable[[Sequence[Any]], str] | None = None
    ) -> None:
        self.options = options or ServerOptions()
        self.received: deque[Received] = deque(maxlen=self.options.keep)
        self.outcomes: Counter[str] = Counter()
        self.spans: deque[tuple[float, float]] = deque(maxlen=self.options.keep)
        self._respond = respond
        self._rates = fault_rates(self.options.faults)
        self._script = deque(self.options.script)
        self._times: Counter[bytes] = Counter()  # how often a body came
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._tokens = [0, 0]
        self._calls = self._in_flight = self._most_in_flight = 0

    async def start(self, port: int = 0) -> None:
        """Listen on ``port`` of 127.0.0.1; 0 for a free one."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._handle, self._register), "127.0.0.1", port, backlog=1024
        )

    async def close(self) -> None:
        """End, with every connection."""
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.abort()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> LanguageModelServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("the server has not been started")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def base_url(self) -> str:
        """What a client takes as the base of its requests."""
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> dict[str, Any]:
        """Counts so far, as JSON values: what ``GET /stats`` answers."""
        return {
            "requests": self._calls,
            "outcomes": dict(sorted(self.outcomes.items())),
            "prompt_tokens": self._tokens[0],
            "completion_tokens": self._tokens[1],
            "in_flight": self._in_flight,
            "most_in_flight": self._most_in_flight,
        }

    def _register(self, connection: Connection, there: bool) -> None:
        (self._connections.add if there else self._connections.discard)(connection)

    def _handle(self, asked: Asked) -> Response:
        path = asked.path.partition("?")[0].rstrip("/")
        if asked.method == "GET" and path == "/stats":
            return Response(body=_json(self.stats()))
        if self.options.key and asked.headers.get("authorization") != f"Bearer {self.options.key}":
            return self._refuse(asked, 401, "unauthorized", "invalid_api_key", "the key is wrong")
        if asked.method == "GET" and path.endswith("/models"):
            return Response(body=_json({"object": "list", "data": [{"id": "stand-in", "object": "model"}]}))
        if asked.method != "POST" or path not in _CHAT:
            return self._refuse(asked, 404, "not_found", "not_found", f"there is no {asked.method} {path}")
        try:
            body = json.loads(asked.body)
            messages = body["messages"]
            if not messages or not all(isinstance(message, dict) for message in messages):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            return self._refuse(asked, 400, "bad_request", "invalid_request_error", "the body needs messages")
        return self._chat(asked, body, messages)

    def _chat(self, asked: Asked, body: dict[str, Any], messages: list[Any]) -> Response:
        arrived = asyncio.get_running_loop().time()
        digest = blake2b(asked.body, digest_size=16).digest()
        times = self._times[digest]
        self._times[digest] += 1
        rng = random.Random(f"{self.options.seed}/{digest.hex()}/{times}")
        fault, scripted = self._fault_or_line(rng)
        delay = self._latency(rng)
        if fault in _ERRORS:
            status, code, words = _ERRORS[fault]
            headers = {"Retry-After": f"{self.options.retry_after_s:g}"} if fault is Fault.RATE_LIMIT else {}
            return self._refuse(asked, status, fault.value, code, words, headers, body)
        if scripted is not None:
            said = Said(scripted)
        elif fault is None and self._respond is not None:
            said = Said(self._respond(messages))
        else:
            said = answer(messages, rng, fault, huge_bytes=self.options.huge_bytes)
        if fault is not Fault.HUGE:
            said = _cut(said, body.get("max_completion_tokens") or body.get("max_tokens"))
        self._note(asked, body, fault.value if fault else "answered", said.text)
        data = self._completion(body, messages, said, f"{digest.hex()}-{times}", rng)
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        return Response(
            body=b'{"id": "chatcmpl-1", "choices": [{"index": 0, "mess' if fault is Fault.INVALID_JSON else data,
            delay_s=delay,
            ending=_ENDINGS.get(fault, Ending.KEEP) if fault else Ending.KEEP,
            sent=partial(self._ended, arrived),
            abandoned=partial(self._ended, arrived, abandoned=True),
        )

    def _fault_or_line(self, rng: random.Random) -> tuple[Fault | None, str | None]:
        """The fault to commit or the line to say, where the script or chance has one."""
        draw = rng.random()
        if self._script:
            line = self._script.popleft()
            return (line, None) if isinstance(line, Fault) else (None, line)
        for fault, rate in self._rates.items():
            if draw < rate:
                return fault, None
            draw -= rate
        return None, None

    def _latency(self, rng: random.Random) -> float:
        mean, sigma = self.options.latency_s, self.options.latency_sigma
        if not mean or not sigma:
            return mean
        return rng.lognormvariate(math.log(mean) - sigma * sigma / 2, sigma)

    def _completion(
        self, body: dict[str, Any], messages: list[Any], said: Said, name: str, rng: random.Random
    ) -> bytes:
        value: dict[str, Any] = {
            "id": f"chatcmpl-{name}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": body.get("model", "stand-in"),
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": said.text}, "finish_reason": said.finish}
            ],
        }
        most = body.get("max_completion_tokens") or body.get("max_tokens")
        prompt, completion = sum(count_tokens(spoken(message)) for message in messages), count_tokens(said.text)
        if isinstance(most, int):  # of a huge answer no more is billed than was allowed
            completion = min(completion, most)
        self._tokens[0] += prompt
        self._tokens[1] += completion
        if self.options.usage == "wild":
            prompt, completion = rng.choice(((0, 0), (-5, -7), (prompt * 1000, completion * 1000), (10**15, 1)))
        if self.options.usage != "absent":
            value["usage"] = {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
            }
        return _json(value)

    def _refuse(
        self,
        asked: Asked,
        status: int,
        outcome: str,
        code: str,
        words: str,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Response:
        self._note(asked, body, outcome, "")
        value = {"error": {"message": words, "type": code, "param": None, "code": code}}
        return Response(status=status, body=_json(value), headers=headers or {})

    def _note(self, asked: Asked, body: Any, outcome: str, text: str) -> None:
        self._calls += 1
        self.outcomes[outcome] += 1
        self.received.append(Received(path=asked.path, headers=asked.headers, body=body, outcome=outcome, text=text))

    def _ended(self, arrived: float, *, abandoned: bool = False) -> None:
        self._in_flight -= 1
        self.spans.append((arrived, asyncio.get_running_loop().time()))
        if abandoned:
            self.outcomes["abandoned"] += 1


def _cut(said: Said, most: Any) -> Said:
    """No more than the client allows."""
    if not isinstance(most, int) or most <= 0 or count_tokens(said.text) <= most:
        return said
    return Said(said.text.encode()[: most * 4].decode(errors="ignore"), "length")


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
