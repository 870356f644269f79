"""Results of stages that need not be run again: in memory within a run, in a folder across runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gigaevo.evaluation.result_folder import ResultFolder
from gigaevo.evaluation.result_key import salt_of
from gigaevo.evaluation.stage import StageResult
from gigaevo.programs import ErrorKind

MIB = 1 << 20
# Failures that the program's text alone explains. Time, memory and signals may be the machine's doing, and so may an
# exception: a full disk raises too.
LASTING = (ErrorKind.SYNTAX, ErrorKind.OUTPUT, ErrorKind.INVALID)


class ResultCache:
    """Results by key, the least recently used forgotten first.

    A result that is taken from here cost no call of ``validate``; its times and its memory are those that were measured
    when the stage ran. Kept are successes, and failures that are sure to come again: no time-outs, no crashes, nothing
    that the machine may be to blame for.

    Args:
        entries: Results held in memory, at least 1.
        memory_mb: MiB of text that they may hold together, above 0.
        folder: Where results outlive the run, for several runs at a time; None: nowhere.
        folder_mb: MiB that the folder's results may hold together, above 0; the oldest go.
        ingredients: What results depend on beside program and stage, such as the problem and the limits: plain values,
            dataclasses of these, or objects with a ``digest``. Looked at where there is a folder; within a run they
            do not change.
        disabled: Whether nothing is kept at all, as where equal programs are evaluated again on purpose.

    Raises:
        ValueError: A number is out of range, or an ingredient of which nobody can tell whether it is the same.
    """

    def __init__(
        self,
        *,
        entries: int = 1000,
        memory_mb: float = 32.0,
        folder: str | Path | None = None,
        folder_mb: float = 512.0,
        ingredients: Sequence[Any] = (),
        disabled: bool = False,
    ) -> None:
        if entries < 1:
            raise ValueError(f"entries must be at least 1; found {entries}")
        for name, size in (("memory_mb", memory_mb), ("folder_mb", folder_mb)):
            if not size > 0:
                raise ValueError(f"{name} must be above 0; found {size}")
        self.is_on = not disabled
        self._entries = entries
        self._bytes = int(memory_mb * MIB)
        self._held: OrderedDict[bytes, tuple[StageResult, int]] = OrderedDict()
        self._size = 0
        self._folder: ResultFolder | None = None
        self.salt = b""
        if folder is not None and self.is_on:
            self._folder = ResultFolder(Path(folder).expanduser(), max_bytes=int(folder_mb * MIB))
            self.salt = salt_of(ingredients)

    def __len__(self) -> int:
        """Results in memory."""
        return len(self._held)

    def get(self, key: bytes) -> StageResult | None:
        """The result of an earlier run of a stage; None where there is none."""
        held = self._held.get(key)
        result = None if held is None else held[0]
        if result is not None:
            self._held.move_to_end(key)
        elif self._folder is not None:
            result = self._folder.get(key)
            if result is not None:
                self._remember(key, result)
        if result is None or result.cost is None or not result.cost.validate_calls:
            return result
        return replace(result, cost=result.cost.model_copy(update={"validate_calls": 0}))

    def put(self, key: bytes, result: StageResult) -> None:
        """Keep a result that a stage has just given, if it is one that would come again."""
        if result.passing or (result.error is not None and result.error.kind not in LASTING):
            return
        self._remember(key, result)
        if self._folder is not None:
            self._folder.put(key, result)

    def close(self) -> None:
        """Let go of the folder."""
        if self._folder is not None:
            self._folder.close()

    def _remember(self, key: bytes, result: StageResult) -> None:
        size = _size_of(result)
        if key in self._held or size > self._bytes:
            return
        self._held[key] = (result, size)
        self._size += size
        while len(self._held) > self._entries or self._size > self._bytes:
            _, (_, freed) = self._held.popitem(last=False)
            self._size -= freed


def _size_of(result: StageResult) -> int:
    """Roughly the bytes of a result: of its texts, which are what can be large."""
    size = 500 + len(result.output or "")
    for value in (result.value, *result.artifacts.values()):
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, list | dict):
            size += len(str(value))
    return size
