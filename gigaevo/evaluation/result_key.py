"""What a cached result is found by: a digest of the stage, of the program's text and of what the stage was handed."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from gigaevo import __version__
from gigaevo.evaluation.stage import Inputs, Stage, StageResult
from gigaevo.evaluation.stage_graph import PipelineError
from gigaevo.programs import Program

DIGEST_BYTES = 16


class StageKeys:
    """Digests of the stages that are cached: class, version, text of its module, and what the stage is made of.

    Args:
        stages: The stages of a pipeline.
        salt: What else their results depend on.

    Raises:
        PipelineError: A stage is to be cached and holds something that has no plain description.
    """

    def __init__(self, stages: Sequence[Stage], *, salt: bytes = b"") -> None:
        self._salt = salt
        self._digests = {stage.name: self._digest_of(stage) for stage in stages if stage.cached}

    def of(self, stage: Stage) -> bytes:
        """The digest of a stage that is cached."""
        return self._digests[stage.name]

    def _digest_of(self, stage: Stage) -> bytes:
        kind = type(stage)
        for key, value in stage.ingredients().items():
            try:
                plain_text(value)
            except TypeError:
                raise PipelineError(
                    f"stage '{stage.name}' is cached, and nobody can tell whether its '{key}' ({type(value).__name__}) "
                    "is the same; let ingredients() say what results depend on, or set cached to false"
                ) from None
        parts = [kind.__module__, kind.__qualname__, stage.name, str(stage.version), _module_text(kind)]
        return digest(self._salt, *(part.encode() for part in parts), plain_text(stage.ingredients()).encode())


class CourseKeys:
    """Keys of one evaluation.

    Args:
        stages: Digests of the stages.
        program: The program.
    """

    def __init__(self, stages: StageKeys, program: Program) -> None:
        self._stages = stages
        self._program = program
        self._text: bytes | None = None
        self._inputs: dict[str, bytes | None] = {}

    def of(self, stage: Stage, inputs: Inputs) -> bytes | None:
        """The key of a stage's result; None where one of its inputs has no plain description."""
        if self._text is None:
            self._text = _program_digest(self._program)
        parts = [self._stages.of(stage), self._text]
        for name, result in inputs.items():
            if name not in self._inputs:
                self._inputs[name] = _result_digest(result)
            found = self._inputs[name]
            if found is None:
                return None
            parts += [name.encode(), found]
        return digest(*parts)


def digest(*parts: bytes) -> bytes:
    """One digest of several texts, which tells where each of them ends."""
    ends = ",".join([str(len(part)) for part in parts]).encode()
    return hashlib.blake2b(b"".join((ends, b";", *parts)), digest_size=DIGEST_BYTES).digest()


def salt_of(ingredients: Sequence[Any]) -> bytes:
    """One digest of what results depend on, the version of gigaevo among it: of a part with a ``digest`` that text, of
    others their plain description.

    Raises:
        ValueError: One has neither.
    """
    texts = [__version__]
    for item in ingredients:
        own = getattr(item, "digest", None)
        try:
            texts.append(own if isinstance(own, str) else plain_text(item))
        except TypeError:
            raise ValueError(
                f"nobody can tell whether an ingredient ({type(item).__name__}) is the same; take plain values, "
                "dataclasses of these, or parts with a digest"
            ) from None
    return digest(*(text.encode() for text in texts))


def plain_text(value: Any) -> str:
    """``value`` as text that is the same for equal values: JSON values, and dataclasses and paths beside them.

    Raises:
        TypeError: It holds something else.
    """
    return _PLAIN.encode(value)


def _described(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__qualname__, [getattr(value, item.name) for item in fields(value)]]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no plain description")


_PLAIN = json.JSONEncoder(sort_keys=True, default=_described)


def _module_text(kind: type) -> str:
    """Digest of the file that defines a class, so that an edited stage is another; empty where there is none."""
    try:
        path = inspect.getsourcefile(kind)
        return "" if path is None else hashlib.blake2b(Path(path).read_bytes(), digest_size=DIGEST_BYTES).hexdigest()
    except (OSError, TypeError):
        return ""


def _program_digest(program: Program) -> bytes:
    parts = [program.entry.encode("utf-8", "surrogatepass")]
    for path in sorted(program.files):
        parts += [path.encode("utf-8", "surrogatepass"), program.files[path].encode("utf-8", "surrogatepass")]
    return digest(*parts)


def _result_digest(result: StageResult) -> bytes | None:
    try:
        found = plain_text([result.metrics, result.artifacts, result.value])
    except (TypeError, ValueError):
        return None
    return digest(found.encode(), (result.output or "").encode("ascii", "replace"))
