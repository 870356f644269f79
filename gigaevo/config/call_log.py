"""The run's database as seen by its language models and by operators."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from gigaevo.programs import Program
from gigaevo.storage.base import LoggedCall, ProgramStorage, Transaction


class StorageCallLog:
    """Keeps requests and replies in a run's storage; see ``gigaevo.llm.base.CallLog``.

    Args:
        storage: Open; nobody else logs calls there.
    """

    def __init__(self, storage: ProgramStorage) -> None:
        self._storage = storage
        self._last: int | None = None  # number of the last call; None until the earlier ones have been looked at

    async def begin(self, key: str, request: Mapping[str, Any], reply: Mapping[str, Any] | None = None) -> int:
        """See ``gigaevo.llm.base.CallLog``."""
        if self._last is None:
            async for _ in self.calls():
                pass
        assert self._last is not None
        self._last += 1
        number = self._last
        await self._storage.commit(
            Transaction(calls=[LoggedCall(number=number, key=key, request=request, reply=reply)])
        )
        return number

    async def settle(self, number: int, reply: Mapping[str, Any]) -> None:
        """See ``gigaevo.llm.base.CallLog``."""
        await self._storage.commit(Transaction(replies={number: reply}))

    async def calls(self) -> AsyncIterator[tuple[int, str, Mapping[str, Any], Mapping[str, Any] | None]]:
        """See ``gigaevo.llm.base.CallLog``."""
        last = 0
        async for call in self._storage.calls():
            last = call.number
            yield call.number, call.key, call.request, call.reply
        self._last = max(last, self._last or 0)


class StoredAncestry:
    """Finds earlier programs in a run's storage; see ``gigaevo.evolution.mutation.base.Ancestry``.

    Args:
        storage: Open when programs are looked for.
        remembered: Programs that are kept in memory: neighbours in the tree share their ancestors.
    """

    def __init__(self, storage: ProgramStorage, *, remembered: int = 1024) -> None:
        self._storage = storage
        self._remembered = remembered
        self._programs: OrderedDict[str, Program] = OrderedDict()

    async def find(self, program_ids: Sequence[str]) -> Sequence[Program]:
        """See ``gigaevo.evolution.mutation.base.Ancestry``."""
        unknown = [program_id for program_id in program_ids if program_id not in self._programs]
        found = await self._storage.get_many(unknown) if unknown else {}
        found |= {known: self._programs[known] for known in program_ids if known in self._programs}
        for program_id, program in found.items():
            self._programs[program_id] = program
            self._programs.move_to_end(program_id)
        while len(self._programs) > self._remembered:
            self._programs.popitem(last=False)
        return [found[program_id] for program_id in program_ids if program_id in found]
