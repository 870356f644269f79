"""The language models of a run and what they need around them: keys, a transcript, a server that stands in for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gigaevo.config.builder import Builder
from gigaevo.config.call_log import StorageCallLog
from gigaevo.config.errors import ConfigError
from gigaevo.config.schema import Settings
from gigaevo.problems import Problem
from gigaevo.storage.base import ProgramStorage, StorageError
from gigaevo.storage.recorded_calls import RecordedCalls

if TYPE_CHECKING:
    from gigaevo.llm.client import Client
    from gigaevo.llm.secrets import Secrets

SECRETS_FILE = ".env"  # in the working directory
DATABASE = "run.db"  # of a run that is replayed
_RULES_CHARS = 2500  # of a question: the rules for an answer, and what metrics mean
_PROGRAMS_SHOWN = 3  # in a question
FILESYSTEM = "filesystem"  # the protection without which programs can read .env, and the environment of this process
FINAL = "final"  # marks the reply that ends a question


@asynccontextmanager
async def language_models(settings: Settings, builder: Builder) -> AsyncIterator[RunModels | None]:
    """Build the language models that are configured; None where none are, and then nothing of them is imported.

    Everything that can be wrong is found here, before any process of the run starts. Importing their library takes
    seconds, and goes on beside what comes next until they are opened.

    Args:
        settings: Everyday settings.
        builder: Is given what the configuration of language models refers to, and the models as ``llm``.

    Raises:
        ConfigError: A key is missing, a price is unknown, or there is nothing to replay.
    """
    if not builder.has("llm"):
        yield None
        return
    # Not at the top: a run without language models loads nothing of them.
    from gigaevo.llm.client import Client
    from gigaevo.llm.secrets import Secrets

    async with AsyncExitStack() as stack:
        if settings.transcript is not None:
            await _give_transcript(Path(settings.transcript), builder, stack)
        stand_in = await _give_stand_in(builder, stack) if builder.has("stand_in") else None
        client = builder.node("llm")
        if not isinstance(client, Client):
            raise ConfigError(f"llm is a {type(client).__name__}; it must be a gigaevo.llm.client.Client")
        stack.push_async_callback(client.close)
        if stand_in is not None:
            _refuse_others(stand_in, client)
        builder.give("llm", client)  # also for builders made anew: a run has one budget
        try:
            secrets = Secrets.read(Path(SECRETS_FILE))
            client.check(secrets)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        yield RunModels(client, secrets, asyncio.create_task(client.load()))


class RunModels:
    """The language models of a run, checked and not yet open.

    Args:
        client: The models.
        secrets: Keys, and what must never be logged.
        loading: Ends when their library is loaded, where it is needed.

    Attributes:
        client: The models.
    """

    def __init__(self, client: Client, secrets: Secrets, loading: asyncio.Task[None]) -> None:
        self.client = client
        self._secrets = secrets
        self._loading = loading

    async def open(self, storage: ProgramStorage, *, seed: int) -> None:
        """Make ready to ask, and take up what earlier sessions of the run have spent.

        Args:
            storage: Of the run, open.
            seed: Of the run.

        Raises:
            ConfigError: Their library cannot be loaded.
        """
        try:
            await self._loading
            await self.client.open(log=StorageCallLog(storage), secrets=self._secrets, seed=seed)
        except ValueError as error:
            raise ConfigError(str(error)) from error

    @property
    def priced(self) -> bool:
        """Whether the price of every model is known."""
        from gigaevo.llm.prices import price_of, price_table

        table = price_table()
        return all(price_of(model, table) is not None for model in self.client.models.values())

    def notes(self, problem: Problem, protections: Collection[str]) -> list[str]:
        """What people should know before the start: what a call costs, how long the budget lasts, and whether keys are
        within reach of programs.

        Args:
            problem: Its task and programs are most of a question.
            protections: What programs are kept from.
        """
        longest = max((len(program.source) for program in problem.initial_programs), default=0)
        chars = _RULES_CHARS + len(problem.task_description) + _PROGRAMS_SHOWN * longest
        notes = [self.client.estimate(chars)]
        keys = any(self._secrets.credentials(model) for model in self.client.models.values())
        if keys and not self.client.replays and FILESYSTEM not in protections:
            notes.append("programs can read the disk here, and so the keys of language models; see docs/sandbox.md")
        return notes


async def _give_transcript(folder: Path, builder: Builder, stack: AsyncExitStack) -> None:
    try:
        recorded = RecordedCalls(folder / DATABASE)
    except StorageError as error:
        raise ConfigError(f"transcript={folder}: {error}") from error
    stack.push_async_callback(recorded.close)
    if not await recorded.last(FINAL):
        raise ConfigError(f"transcript={folder}: that run has no answer of a language model")
    builder.give("recorded_calls", recorded)


async def _give_stand_in(builder: Builder, stack: AsyncExitStack) -> str:
    """Start the server that stands in for models; its address."""
    from gigaevo.testing import ServerStartError, served

    options = builder.node("stand_in")
    try:
        address = await stack.enter_async_context(served(options))
    except (ServerStartError, ValueError) as error:
        raise ConfigError(f"stand_in: {error}") from error
    builder.give("stand_in_address", address)
    return address


def _refuse_others(stand_in: str, client: Client) -> None:
    """Nothing leaves the machine in a dry run, also where the stand-in fails and another model would take its turn."""
    for name, model in client.models.items():
        if model.base_url != stand_in:
            raise ConfigError(
                f"llm.models.{name} would be asked in earnest, and this is a dry run: "
                f"llm.models.{name}.base_url must be ${{ref:stand_in_address}}"
            )
