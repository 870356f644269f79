"""Reading YAML so that an error can name the line, and checking it against a pydantic model."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gigaevo.problems.errors import ProblemError, did_you_mean
from gigaevo.problems.text_file import read_text

Model = TypeVar("Model", bound=BaseModel)
KeyPath = tuple[str | int, ...]

# What YAML calls the types that pydantic names in Python's words.
_YAML_WORDS = {"tuple_type": "a list", "model_type": "a mapping of keys to values", "string_type": "text"}


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A YAML file with the line of every key.

    Attributes:
        path: The file.
        data: Its mapping; empty for an empty file.
        lines: Line of each key, counted from 1, by the path of keys and indices that leads to it.
    """

    path: Path
    data: dict[str, Any]
    lines: Mapping[KeyPath, int]

    def error(self, what: str, *keys: str | int) -> ProblemError:
        """The error to raise about the value that ``keys`` lead to; its line is the nearest one known."""
        line = next((self.lines[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in self.lines), None)
        return ProblemError(what, path=self.path, line=line)


class _Loader(yaml.SafeLoader):
    """YAML whose numbers may be written as 1e3 and 1.0e3, as in the configuration; YAML 1.1 makes texts of them."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def read_yaml(path: Path) -> YamlFile:
    """The mapping in ``path``.

    Raises:
        ProblemError: The file cannot be read, is not YAML, is no mapping with text keys, or has a key twice.
    """
    text = read_text(path)
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            lines = dict(_key_lines(node, path, (), set()))
            data = loader.construct_document(node) if node is not None else {}
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        raise ProblemError(f"is not valid YAML: {error.problem or error.context}", path=path, line=line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, ProblemError):
            raise
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ProblemError(f"is not valid YAML: {reason}", path=path) from error
    if not isinstance(data, dict):
        raise ProblemError("must be a mapping of keys to values ('key: value')", path=path, line=1)
    return YamlFile(path=path, data=data, lines=lines)


def _key_lines(node: yaml.Node | None, path: Path, prefix: KeyPath, seen: set[int]) -> Iterator[tuple[KeyPath, int]]:
    """Key path and line of every key at or below ``node``."""
    if id(node) in seen:  # an alias: its keys were listed where they were written
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*prefix, index), item.start_mark.line + 1
            yield from _key_lines(item, path, (*prefix, index), seen)
    elif isinstance(node, yaml.MappingNode):
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = _key_text(key_node, path, line)
            if key in first_lines:
                raise ProblemError(
                    f"key '{key}' is given twice (first in line {first_lines[key]}); remove one",
                    path=path,
                    line=line,
                )
            first_lines[key] = line
            yield (*prefix, key), line
            yield from _key_lines(value_node, path, (*prefix, key), seen)


def _key_text(node: yaml.Node, path: Path, line: int) -> str:
    """The text of a key. ``on``, ``no`` and numbers are no text in YAML 1.1, unless quoted."""
    if isinstance(node, yaml.ScalarNode) and node.tag in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
        return str(node.value)
    shown = f"'{node.value}' " if isinstance(node, yaml.ScalarNode) else ""
    raise ProblemError(f"key {shown}is not text; put it in quotes", path=path, line=line)


def check_model(model: type[Model], file: YamlFile, value: object, *keys: str) -> Model:
    """``value``, found under ``keys`` of ``file``, as an instance of ``model``.

    Raises:
        ProblemError: A key is unknown or missing, or a value is of the wrong type or out of range.
    """
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise file.error(f"{_dotted(keys)} must be a mapping of keys to values, not {_shown(value)}", *keys)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        misspelt = [detail for detail in details if detail["type"] == "extra_forbidden"]  # why another may be missing
        detail = (misspelt or details)[0]
        raise _model_error(model, file, detail, keys) from error


def _model_error(model: type[BaseModel], file: YamlFile, detail: ErrorDetails, keys: tuple[str, ...]) -> ProblemError:
    where: KeyPath = (*keys, *detail["loc"])
    name = _dotted(where)
    if detail["type"] == "extra_forbidden":
        known = _fields(model, detail["loc"][:-1])
        return file.error(f"unknown key {name}; {did_you_mean(where[-1], known)}", *where)
    if detail["type"] == "missing":
        return file.error(f"{name} is missing; add '{where[-1]}: ...'", *where)
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ").partition(", unable to")[0]
    if detail["type"] in _YAML_WORDS:
        message = f"should be {_YAML_WORDS[detail['type']]}"
    if not detail["loc"] and detail["type"] == "value_error":  # of several keys, which it names itself
        return file.error(message, *keys)
    return file.error(f"{name} {message}, not {_shown(detail['input'])}", *where)


def _fields(model: type[BaseModel], loc: KeyPath) -> list[str]:
    """Names of the keys accepted at ``loc`` of ``model``."""
    current: type[BaseModel] = model
    for key in loc:
        field = current.model_fields.get(str(key))
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            break
        current = field.annotation
    return list(current.model_fields)


def _dotted(keys: KeyPath) -> str:
    return ".".join(str(key) for key in keys) or "the file"


def _shown(value: object) -> str:
    return reprlib.repr(value)  # bounded: aliases can make a small file a huge value
