"""One call of one model, by litellm: the only place that knows it. What goes wrong comes back sorted."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

from gigaevo.llm.base import Message, Trouble
from gigaevo.llm.model import Model, plain
from gigaevo.llm.prices import Tokens
from gigaevo.llm.retries import retry_after_s

INSTALL = "pip install -e '.[llm]'"
BAD_RELEASES = frozenset({"1.82.7", "1.82.8", "1.107.0"})  # compromised on their way to the package index
_GUESSED_BYTES_PER_TOKEN = 3  # a low guess, where an endpoint does not tell what it counted
_FOR_IMPORT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches its price table
    "LITELLM_MODE": "PRODUCTION",  # else it writes .env into this process's environment
}
_FREE_OF_CHARGE = (
    *("input_cost_per_token", "output_cost_per_token"),
    *("cache_creation_input_token_cost", "cache_read_input_token_cost"),
)
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai", "httpx")
_CLASSES = re.compile(r"^(?:(?:litellm\.)?\w+(?:Error|Exception): |\w+Exception(?: \w+)? - )*")
_ADVICE = re.compile(r"\.? Handle with `litellm\.\w+`\.$")
_LONGEST_MESSAGE = 500
_BAD_KEY = re.compile(r"API[ _]key[ _](not valid|invalid)", re.IGNORECASE)
_NO_MONEY = re.compile(r"insufficient[_ ]quota|exceeded your current quota|credit balance", re.IGNORECASE)
# Google and OpenAI say it in words: "Please retry in 34.07s", "Please try again in 1m2s", "in 250ms".
_COME_BACK = re.compile(r"(?:re)?try (?:again )?in (?:(\d+)m(?=\d))?(\d+(?:\.\d+)?)(ms|s|m)\b", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}
# httpx and litellm call a reset in the middle a ConnectError too, so what counts is what lies below.
_NEVER_CONNECTED = frozenset({"ClientConnectorError", "ConnectionTimeoutError", "ConnectionRefusedError", "gaierror"})
_NO_KEY = "none"  # OpenAI's client wants some key


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model said.

    Attributes:
        text: The text.
        finish: Why it ended.
        tokens: What it took.
        counted: Whether the endpoint said so; else it is guessed from the length of the texts.
    """

    text: str
    finish: str
    tokens: Tokens
    counted: bool


class CallFailed(Exception):
    """There was no answer.

    Attributes:
        trouble: Of what kind.
        status: Of HTTP; None where it did not come to that.
        retry_after_s: Seconds after which the endpoint wants to be asked again; None where it does not say.
        reached: Whether the endpoint may have had the question: else nothing can have been spent.
        hopeless: Whether the endpoint will say the same to every other question: no valid key, no money left.
    """

    def __init__(
        self,
        trouble: Trouble,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        reached: bool = True,
        hopeless: bool = False,
    ) -> None:
        super().__init__(message)
        self.trouble = trouble
        self.status = status
        self.retry_after_s = retry_after_s
        self.reached = reached
        self.hopeless = hopeless


class Endpoint:
    """Asks models by litellm, which is imported when it starts and not before."""

    def __init__(self) -> None:
        self._litellm: Any = None

    async def start(self, models: Iterable[Model] = ()) -> None:
        """Import litellm, in a thread: it takes two seconds.

        Args:
            models: Those that will be asked.

        Raises:
            ValueError: It is not installed or not whole, or a release that must not be loaded.
        """
        check_release()
        if self._litellm is not None:
            return
        try:
            self._litellm = await asyncio.to_thread(_import_quietly)
        except ImportError as error:
            raise ValueError(f"litellm cannot be loaded: {error}; {INSTALL} installs what it needs") from error
        _make_known(self._litellm, models)

    async def close(self) -> None:
        """Let go of connections."""
        if self._litellm is not None:
            await self._litellm.close_litellm_async_clients()
            self._litellm.in_memory_llm_clients_cache.flush_cache()

    async def ask(
        self, model: Model, messages: Sequence[Message], *, max_tokens: int, credentials: Mapping[str, str]
    ) -> Answer:
        """Send one request and wait for the whole answer.

        Raises:
            CallFailed: There was none.
        """
        settings: dict[str, Any] = plain(model.extra)
        settings.update(credentials)
        if model.base_url is not None:
            settings["api_base"] = model.base_url
            settings.setdefault("api_key", _NO_KEY)
        if model.temperature is not None:
            settings["temperature"] = model.temperature
        try:
            async with asyncio.timeout(model.timeout_s):
                answer = await self._litellm.acompletion(
                    model=model.litellm_name,
                    messages=[{"role": message.role, "content": message.content} for message in messages],
                    max_tokens=max_tokens,
                    timeout=model.timeout_s,
                    num_retries=0,
                    max_retries=0,
                    **settings,
                )
        except TimeoutError:
            raise CallFailed(Trouble.TIMEOUT, f"no answer within {model.timeout_s:g} s") from None
        except Exception as error:
            raise sort_out(error, timeout_s=model.timeout_s) from error
        return read_answer(answer, messages)


def check_release() -> None:
    """Look which release of litellm is installed, without loading it.

    Raises:
        ValueError: None, or one that must not be loaded.
    """
    try:
        release = version("litellm")
    except PackageNotFoundError:
        raise ValueError(f"language models need litellm, which is not installed: {INSTALL}") from None
    if release in BAD_RELEASES:
        raise ValueError(f"litellm {release} is a compromised release and is not loaded: {INSTALL} installs a good one")


def read_answer(answer: Any, messages: Sequence[Message]) -> Answer:
    """The answer in a response of litellm's.

    Raises:
        CallFailed: There is none in it.
    """
    if answer is None:  # all that litellm says where an endpoint refuses the settings, and again without some of them
        raise CallFailed(Trouble.REFUSED, "the endpoint does not take such settings", status=422)
    choices = getattr(answer, "choices", None)
    if not choices:
        raise CallFailed(Trouble.MALFORMED, "the answer has no choices")
    text = choices[0].message.content
    text = "" if text is None else str(text)
    tokens = _read_usage(getattr(answer, "usage", None))
    counted = tokens is not None
    if tokens is None:
        sent = sum(len(message.content.encode("utf-8", "replace")) for message in messages)
        received = len(text.encode("utf-8", "replace"))
        tokens = Tokens(
            prompt=-(-sent // _GUESSED_BYTES_PER_TOKEN), completion=-(-received // _GUESSED_BYTES_PER_TOKEN)
        )
    return Answer(text=text, finish=str(choices[0].finish_reason or "stop"), tokens=tokens, counted=counted)


def sort_out(error: Exception, *, timeout_s: float) -> CallFailed:
    """What an exception of litellm's means. It raises classes of its own for some of what happened below it, so what
    counts is the chain: a response of HTTP, else what the transport or the parser said."""
    chain = list(_chain(error))
    message = _one_line(error)
    for cause in chain:
        if (response := _response(cause)) is not None:
            wait = retry_after_s(response.headers.get("retry-after"))
            wait = _asked_wait_s(str(error)) if wait is None else wait
            return _by_status(int(response.status_code), wait, message)
    names = {kind.__name__ for cause in chain for kind in type(cause).__mro__}
    if names & _NEVER_CONNECTED:
        return CallFailed(Trouble.CONNECTION, f"the endpoint cannot be reached: {_last(chain)}", reached=False)
    if names & {"TimeoutException", "TimeoutError", "APITimeoutError", "Timeout"}:
        return CallFailed(Trouble.TIMEOUT, f"no answer within {timeout_s:g} s")
    if names & {"JSONDecodeError", "ValidationError"}:
        return CallFailed(Trouble.MALFORMED, message)
    if names & {"TransportError", "ConnectionError", "ClientError", "APIConnectionError"}:
        return CallFailed(Trouble.CONNECTION, f"the connection broke: {_last(chain)}")
    status = getattr(error, "status_code", None)
    if "AuthenticationError" in names or status in (401, 403):
        return CallFailed(Trouble.AUTHENTICATION, message, reached=False)
    if isinstance(status, int) and 400 <= status < 500 and status not in (408, 429):
        return CallFailed(Trouble.REFUSED, message, reached=False)
    return CallFailed(Trouble.MALFORMED, message)


def _response(error: BaseException) -> Any:
    """The response that an endpoint sent, if that is what ``error`` is about; litellm's own classes may make one up."""
    true = type(error).__module__.startswith("openai") or any(
        kind.__name__ == "HTTPStatusError" for kind in type(error).__mro__
    )
    response = getattr(error, "response", None) if true else None
    return response if isinstance(getattr(response, "status_code", None), int) else None


def _by_status(status: int, wait: float | None, message: str) -> CallFailed:
    if status == 429:  # Google speaks of the quota too where it means that of a minute, and says when that is over
        no_money = wait is None and _NO_MONEY.search(message) is not None
        return CallFailed(Trouble.RATE_LIMIT, message, status=status, retry_after_s=wait, hopeless=no_money)
    if status == 400 and _BAD_KEY.search(message):  # as Google says it
        return CallFailed(Trouble.AUTHENTICATION, message, status=status, hopeless=True)
    if status in (401, 403):  # 403 may be meant for one model or one question only
        return CallFailed(Trouble.AUTHENTICATION, message, status=status, hopeless=status == 401)
    if status in (408, 504, 524):  # somebody on the way gave up; behind them the work may have been done
        return CallFailed(Trouble.TIMEOUT, message, status=status, retry_after_s=wait)
    if status >= 500:
        return CallFailed(Trouble.SERVER, message, status=status, retry_after_s=wait)
    return CallFailed(Trouble.REFUSED, message, status=status, hopeless=status == 402)


def _asked_wait_s(text: str) -> float | None:
    """Seconds after which an endpoint wants to be asked again, where it says so in words only."""
    if (found := _COME_BACK.search(text)) is None:
        return None
    minutes, number, unit = found.groups()
    return 60.0 * int(minutes or 0) + float(number) * _SECONDS[unit.lower()]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _one_line(error: BaseException) -> str:
    """What an endpoint says, without what litellm puts around it."""
    text = _ADVICE.sub("", _CLASSES.sub("", " ".join(str(error).split())))
    try:
        text = str(json.loads(text)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        pass
    text = "".join(sign if sign.isprintable() else " " for sign in text[: _LONGEST_MESSAGE + 1])
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"


def _last(chain: Sequence[BaseException]) -> str:
    """What the innermost exception says, or its name where it says nothing."""
    return _one_line(chain[-1]) or type(chain[-1]).__name__


def _read_usage(usage: Any) -> Tokens | None:
    """What an endpoint says it counted; None where it says nothing, or nothing that can be."""
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if prompt <= 0 or completion < 0:
        return None
    # Some leave the tokens of reasoning out of those of the completion, but not out of the total.
    completion = max(completion, _count(usage, "total_tokens") - prompt)
    details = getattr(usage, "prompt_tokens_details", None)
    cached = min(max(_count(details, "cached_tokens"), 0), prompt)
    written = min(max(_count(details, "cache_creation_tokens"), 0), prompt - cached)
    return Tokens(prompt=prompt, completion=completion, cached=cached, written=written)


def _count(usage: Any, name: str) -> int:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


async def _not_again(*_args: object, **_settings: object) -> NoReturn:
    """In place of what litellm does after a reset: it would send the question a second time, past budget and log."""
    raise  # the error that it is handling


def _make_known(litellm: Any, models: Iterable[Model]) -> None:
    """Enter models behind addresses into litellm's table: it would look for each of them ten times a call, in vain. Our
    prices are elsewhere."""
    for model in models:
        provider, _, name = model.litellm_name.partition("/")
        if model.base_url is not None:
            entry = {"litellm_provider": provider, "mode": "chat", **dict.fromkeys(_FREE_OF_CHARGE, 0.0)}
            unknown = {name, model.litellm_name} - litellm.model_cost.keys()
            litellm.register_model({each: dict(entry) for each in sorted(unknown)})


def _import_quietly() -> Any:
    """Import litellm so that it fetches nothing, sends nothing home, prints nothing, and leaves the environment be."""
    before = {name: os.environ.get(name) for name in _FOR_IMPORT}
    if "litellm" not in sys.modules:
        os.environ.update(_FOR_IMPORT)
    collecting = gc.isenabled()
    gc.disable()  # a third of a million objects, all of which stay: looking for garbage among them takes half a second
    try:
        import litellm
        import openai.resources  # noqa: F401  # else the first call would, for a third of a second of the event loop
        from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler
    finally:
        if collecting:
            gc.freeze()
            gc.enable()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = True  # a setting that a model does not know is left out
    litellm.num_retries = 0
    AsyncHTTPHandler.single_connection_post_request = _not_again  # type: ignore[method-assign]
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
    # It serialises answers for logs that are off, and warns of those that are malformed: we say so ourselves.
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings", category=UserWarning)
    # Its calls begin in a thread; one that is given up just then leaves a coroutine that was never begun.
    warnings.filterwarnings(
        "ignore", message=r"coroutine '\w+\.acompletion' was never awaited", category=RuntimeWarning
    )
    return litellm
