"""Optimizers as files that hold data and nothing that could be executed: numpy's npz without pickles.

An object becomes its class and its attributes; classes are looked for in ``gigaevo.optimize`` and nowhere else. One
that keeps something else than data says what it is by ``__getstate__`` and ``__setstate__`` with dictionaries.
"""

from __future__ import annotations

import json
import os
import zipfile
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np

from gigaevo.kernels.backend import BACKEND
from gigaevo.kernels.random import RandomStream

FORMAT = 1
ROOM = "gigaevo.optimize."


def save(thing: Any, path: Path | str) -> None:
    """Write ``thing`` to ``path``; a crash leaves the earlier file."""
    path = Path(path)
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    tree = {"format": FORMAT, "backend": BACKEND, "root": _encoded(thing, arrays)}
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, tree=np.array(json.dumps(tree)), **arrays)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check(thing: Any, path: Path | str) -> None:
    """Raise what keeps ``thing`` from being saved to ``path``, before there is anything to lose.

    Raises:
        ValueError: There is no such folder, or ``path`` is one.
        TypeError: Something in ``thing`` is no data.
    """
    path = Path(path)
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError(f"checkpoint is {str(path)!r}, expected a file in a folder that is there")
    _encoded(thing, {})


def load(path: Path | str) -> Any:
    """What was saved to ``path``.

    Raises:
        ValueError: The file is no checkpoint, of another version, or of the other backend of the kernels.
        OSError: It cannot be read.
    """
    try:
        with Path(path).open("rb") as whole, np.load(archive(whole), allow_pickle=False) as file:
            tree = json.loads(str(file["tree"]))
            arrays = {name: file[name] for name in file.files if name != "tree"}
    except (ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no checkpoint of an optimizer: {error}") from None
    if not isinstance(tree, dict) or "format" not in tree:
        raise ValueError(f"{path} is no checkpoint of an optimizer: it does not say what it holds")
    if tree["format"] != FORMAT:
        raise ValueError(f"{path} is a checkpoint of format {tree['format']}, this version reads {FORMAT}")
    if tree.get("backend") != BACKEND:
        raise ValueError(
            f"{path} was saved with the {tree.get('backend')} kernels, these are the {BACKEND} ones, whose random "
            "numbers are others; GIGAEVO_PURE_PYTHON=1 chooses numpy"
        )
    try:
        return _decoded(tree["root"], arrays)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        told = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{path} is no checkpoint of an optimizer: {told}") from error


def archive(file: IO[bytes]) -> IO[bytes]:
    """``file`` itself, before its first byte.

    Raises:
        ValueError: It is no archive: numpy would take it for a single array, or for a pickle and say how to trust it.
    """
    if not zipfile.is_zipfile(file):
        raise ValueError("it is no archive of arrays")
    file.seek(0)
    return file


def _encoded(thing: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    """``thing`` as JSON; its arrays go into ``arrays``."""
    if thing is None or isinstance(thing, (bool, str)) or type(thing) in (int, float):
        return thing
    if isinstance(thing, np.generic):
        return _encoded(thing.item(), arrays)
    if isinstance(thing, np.ndarray):
        if thing.dtype == object:
            raise TypeError("an array of Python objects cannot be saved; use numbers or strings as alleles")
        name = f"array_{len(arrays)}"
        arrays[name] = thing
        return {"array": name, "writeable": bool(thing.flags.writeable)}
    if isinstance(thing, Enum):
        return {"enum": _path(type(thing)), "name": thing.name}
    if isinstance(thing, list):
        return [_encoded(item, arrays) for item in thing]
    if isinstance(thing, (tuple, set, frozenset)):
        return {type(thing).__name__: [_encoded(item, arrays) for item in thing]}
    if isinstance(thing, dict):
        return {"dict": [[_encoded(key, arrays), _encoded(value, arrays)] for key, value in thing.items()]}
    if isinstance(thing, RandomStream):
        return {"stream": [int(word) for word in thing.state]}
    if isinstance(thing, np.random.SeedSequence):
        return {"seed": thing.entropy, "key": list(thing.spawn_key), "spawned": thing.n_children_spawned}
    state = thing.__getstate__()
    return {"object": _path(type(thing)), "state": _encoded(dict(state or {}), arrays)}


def _path(kind: type) -> str:
    if not f"{kind.__module__}.".startswith(ROOM):
        raise TypeError(f"a {kind.__module__}.{kind.__qualname__} cannot be saved in a checkpoint")
    return f"{kind.__module__}:{kind.__qualname__}"


def _class(path: str) -> Any:
    module, _, name = path.partition(":")
    if not f"{module}.".startswith(ROOM) or not name.isidentifier():
        raise ValueError(f"a checkpoint may not name the class {path}")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise ValueError(f"a checkpoint names {path}, which this version does not have") from None
    if not isinstance(found, type) or found.__module__ != module:
        raise ValueError(f"a checkpoint may not name the class {path}")
    return found


def _decoded(tree: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if isinstance(tree, list):
        return [_decoded(item, arrays) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        array = arrays[tree["array"]]
        array.flags.writeable = tree["writeable"]
        return array
    if "enum" in tree:
        return _class(tree["enum"])[tree["name"]]
    if "dict" in tree:
        return {_decoded(key, arrays): _decoded(value, arrays) for key, value in tree["dict"]}
    if "stream" in tree:
        stream = RandomStream(np.random.SeedSequence(0))
        stream.state = np.array(tree["stream"], np.uint64)
        return stream
    if "seed" in tree:
        return np.random.SeedSequence(tree["seed"], spawn_key=tuple(tree["key"]), n_children_spawned=tree["spawned"])
    if "object" in tree:
        return _restored(_class(tree["object"]), _decoded(tree["state"], arrays))
    for kind in (tuple, set, frozenset):
        if kind.__name__ in tree:
            return kind(_decoded(item, arrays) for item in tree[kind.__name__])
    raise ValueError(f"a checkpoint holds {sorted(tree)}, which means nothing")


def _restored(kind: Any, state: dict[str, Any]) -> Any:
    thing = kind.__new__(kind)
    if hasattr(thing, "__setstate__"):
        thing.__setstate__(state)
    else:
        for name, value in state.items():
            object.__setattr__(thing, name, value)
    return thing
