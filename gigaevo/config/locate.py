"""Finding what a ``_target_`` names."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gigaevo.config.errors import ConfigError, did_you_mean, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def locate(target: str, *, import_paths: Sequence[str] = ()) -> Callable[..., Any]:
    """The class or function of a dotted path.

    Args:
        target: ``package.module.Name``, or ``package.module.Class.method``.
        import_paths: Folders searched after everything that Python finds by itself, for users' own files.

    Raises:
        ConfigError: Nothing of that name, or nothing that can be called.
    """
    parts = target.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise ConfigError(f"{target!r} is no dotted path of a class, such as package.module.Name")
    with _importable(import_paths):
        module, rest = _deepest_module(parts)
    if not rest:
        raise ConfigError(f"{target} is a module; name a class or function in it")
    found: Any = module
    for position, name in enumerate(rest):
        if not hasattr(found, name):
            where = ".".join([*parts[: len(parts) - len(rest)], *rest[:position]])
            raise ConfigError(f"no {name!r} in {where}{_file_of(found)}{did_you_mean(name, _names_in(found))}")
        found = getattr(found, name)
    if not callable(found):
        raise ConfigError(f"{target} is a {type(found).__name__}, not a class or function")
    return found  # type: ignore[no-any-return]


@contextmanager
def _importable(folders: Sequence[str]) -> Iterator[None]:
    """Let ``import`` search ``folders`` last, so that no file of the user's can stand in for a library."""
    added = [folder for folder in dict.fromkeys(folders) if folder not in sys.path]
    sys.path.extend(added)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for folder in added:
            sys.path.remove(folder)


def _deepest_module(parts: Sequence[str]) -> tuple[ModuleType, list[str]]:
    """The longest prefix of a dotted path that is a module, and what is left of the path."""
    module: ModuleType | None = None
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
                raise ConfigError(f"cannot import {name}: it needs {error.name!r}, which is not installed") from error
            if module is None:
                raise ConfigError(f"no module {name!r}{did_you_mean(name, _top_level_modules())}") from None
            return module, list(parts[length - 1 :])
        except Exception as error:
            raise ConfigError(f"cannot import {name}: {type(error).__name__}: {one_line(error)}") from error
    assert module is not None
    return module, []


def _top_level_modules() -> list[str]:
    return ["gigaevo", *(module.name for module in pkgutil.iter_modules())]


def _names_in(found: Any) -> list[str]:
    names = [name for name in dir(found) if not name.startswith("_")]
    if isinstance(found, ModuleType) and hasattr(found, "__path__"):
        names.extend(module.name for module in pkgutil.iter_modules(found.__path__))
    return names


def _file_of(found: Any) -> str:
    """Where a module came from, unless it is ours: a user's file may share its name with a library's."""
    file = getattr(found, "__file__", None)
    if not isinstance(found, ModuleType) or file is None or found.__name__.split(".")[0] == "gigaevo":
        return ""
    return f" ({file})"
