"""Builds the objects that a configuration describes, each named node exactly once.

Hydra's own ``instantiate`` builds ``${node}`` anew at every reference, so that two parts which should share an archive
get one each. Here an object belongs to the place in the configuration where its ``_target_`` stands: however often and
in whatever way (``${node}``, ``${ref:node}``) that place is referred to, there is one object.
"""

from __future__ import annotations

import functools
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, ListConfig, Node, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gigaevo.config.arguments import check_arguments, complaint, name_of
from gigaevo.config.errors import ConfigError, did_you_mean, one_line
from gigaevo.config.locate import locate
from gigaevo.config.nodes import child, follow, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ALIASES = {
    "redis_storage": "program_storage",
    "storage": "program_storage",
    "evolution_engine": "engine",
    "strategy": "evolution_strategy",
}
"""Other names under which ``${ref:...}`` finds a node, because files written for similar systems use them."""

_REFERENCE = re.compile(r"\$\{\s*ref\s*:\s*([^{}]+?)\s*\}")
_SPECIAL = ("_target_", "_args_", "_partial_", "_convert_", "_recursive_")
_CONVERSIONS = ("none", "partial", "all", "object")


@dataclass(frozen=True, slots=True)
class _Directions:
    """The underscored keys of one description, read and checked."""

    target: str
    partial: bool
    recursive: bool
    convert: str


class Builder:
    """Makes objects from nodes of a configuration.

    A mapping with ``_target_`` becomes a call of what it names, with its other keys as arguments; ``_args_``,
    ``_partial_``, ``_recursive_`` and ``_convert_`` mean what Hydra's ``instantiate`` makes of them, except that lists
    and mappings arrive as plain Python values unless ``_convert_: none`` asks for OmegaConf's containers.

    Args:
        config: The composed configuration; it is not changed.
        given: Objects of the run by name, which ``${ref:name}`` hands out before it looks for a node.
        import_paths: Folders searched for users' own modules.
    """

    def __init__(
        self,
        config: DictConfig,
        *,
        given: Mapping[str, object] | None = None,
        import_paths: Sequence[str] = (),
    ) -> None:
        self._config = config
        self._given = dict(given or {})
        self._import_paths = tuple(import_paths)
        self._built: dict[str, Any] = {}
        self._underway: list[str] = []

    def give(self, name: str, value: object) -> None:
        """Let ``${ref:name}`` mean ``value`` from now on."""
        self._given[name] = value

    def anew(self, *, given: Mapping[str, object]) -> Builder:
        """A builder of the same configuration that has built nothing yet, given these objects beside ours."""
        return Builder(self._config, given={**self._given, **given}, import_paths=self._import_paths)

    def has(self, path: str) -> bool:
        """Whether there is a node at ``path`` that describes anything."""
        node = _select(self._config, path)
        return node is not None and not follow(node, at=path)._is_none()

    def node(self, path: str) -> Any:
        """The object of the node at ``path``, such as ``evolution_strategy`` or ``islands[0].behavior_space``.

        Raises:
            ConfigError: There is no such node, or it cannot be built; the message names key, class and parameter.
        """
        return self._referenced(path, at=path, convert="all")

    def _own_name(self, path: str) -> str:
        return path if path in self._config else ALIASES.get(path, path)

    def _referenced(self, path: str, *, at: str, convert: str) -> Any:
        name = self._own_name(path)
        for known_as in (path, name):
            if known_as in self._given:
                return self._given[known_as]
        node = _select(self._config, name)
        if node is None:
            known = [*self._given, *ALIASES, *(str(key) for key in self._config)]
            where = "" if at == path else f"{at}: "
            raise ConfigError(f"{where}nothing is called {path!r}{did_you_mean(path, known)}")
        return self._value(node, at=name, convert=convert)

    def _value(self, node: Node, *, at: str, convert: str) -> Any:
        """What ``node``, found at key ``at``, stands for; interpolations are followed to where they lead."""
        target = follow(node, at=at)
        if not isinstance(target, DictConfig | ListConfig):
            return self._plain(target, at=at, convert=convert)
        if target._is_none():
            return None
        if target._is_missing():
            raise ConfigError(f"{at} has no value yet (???): it must be given one")
        # A resolver such as oc.dict.values makes a new container, which stands where the node stands that asked for it.
        place = path_of(target) or at
        inherited = convert if target is node or "_target_" not in target else "all"
        memo = f"{place} as OmegaConf" if inherited == "none" and "_target_" not in target else place
        if memo not in self._built:
            with self._building(place):
                self._built[memo] = self._container(target, at=place, convert=inherited)
        return self._built[memo]

    def _plain(self, node: Node, *, at: str, convert: str) -> Any:
        if node._is_missing():
            raise ConfigError(f"{at} has no value yet (???): it must be given one")
        value = node._value()
        reference = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        return value if reference is None else self._referenced(reference[1], at=at, convert=convert)

    @contextmanager
    def _building(self, place: str) -> Iterator[None]:
        if place in self._underway:
            chain = [*self._underway[self._underway.index(place) :], place]
            raise ConfigError(f"{place} needs itself to be built: {' -> '.join(chain)}")
        self._underway.append(place)
        try:
            yield
        finally:
            self._underway.pop()

    def _container(self, container: DictConfig | ListConfig, *, at: str, convert: str) -> Any:
        if isinstance(container, ListConfig):
            items = [
                self._value(child(container, index), at=f"{at}[{index}]", convert=convert)
                for index in range(len(container))
            ]
            return _as_config(items) if convert == "none" else items
        if "_target_" in container:
            return self._call(container, at=at, convert=convert)
        entries = {key: self._value(child(container, key), at=_join(at, key), convert=convert) for key in container}
        return _as_config(entries) if convert == "none" else entries

    def _call(self, description: DictConfig, *, at: str, convert: str) -> Any:
        directions = self._directions(description, at=at, convert=convert)
        try:
            target = locate(directions.target, import_paths=self._import_paths)
        except ConfigError as error:
            raise ConfigError(f"{at}._target_: {error}") from error.__cause__
        positional, keywords = self._arguments(description, directions, at=at)
        check_arguments(target, positional, keywords, at=at, partial=directions.partial)
        if directions.partial:
            return functools.partial(target, *positional, **keywords)
        try:
            return target(*positional, **keywords)
        except ConfigError:
            raise
        except (ValueError, TypeError, OSError, ImportError) as error:
            raise ConfigError(f"{at} ({name_of(target)}): {complaint(error)}") from error
        except Exception as error:
            error.add_note(f"while building {at} ({directions.target})")
            raise

    def _directions(self, description: DictConfig, *, at: str, convert: str) -> _Directions:
        def read(key: str, default: Any) -> Any:
            return (
                self._value(child(description, key), at=_join(at, key), convert="all")
                if key in description
                else default
            )

        target = read("_target_", None)
        if not isinstance(target, str):
            raise ConfigError(f"{at}._target_={target}: it must be the dotted path of a class or function")
        found = _Directions(
            target=target,
            partial=read("_partial_", False),
            recursive=read("_recursive_", True),
            convert=str(read("_convert_", convert)).lower(),
        )
        for key, value in (("_partial_", found.partial), ("_recursive_", found.recursive)):
            if not isinstance(value, bool):
                raise ConfigError(f"{at}.{key}={value}: it must be true or false")
        if found.convert not in _CONVERSIONS:
            raise ConfigError(f"{at}._convert_={found.convert}: it must be one of {', '.join(_CONVERSIONS)}")
        return found

    def _arguments(
        self, description: DictConfig, directions: _Directions, *, at: str
    ) -> tuple[list[Any], dict[str, Any]]:
        def build(key: Any) -> Any:
            node = child(description, key)
            if not directions.recursive:
                return _unbuilt(node, at=_join(at, key), convert=directions.convert)
            return self._value(node, at=_join(at, key), convert=directions.convert)

        positional = build("_args_") if "_args_" in description else []
        if not isinstance(positional, list | ListConfig):
            raise ConfigError(f"{at}._args_={positional}: it must be a list")
        return list(positional), {str(key): build(key) for key in description if key not in _SPECIAL}


def _select(config: DictConfig, path: str) -> Node | None:
    """The node at ``path`` as it stands, interpolations not followed at its last step; None where there is none."""
    parent_path, _, key = path.rpartition(".")
    if path.endswith("]"):
        parent_path, _, index = path[:-1].rpartition("[")
        parent = OmegaConf.select(config, parent_path, throw_on_missing=False)
        inside = isinstance(parent, ListConfig) and index.isdigit() and int(index) < len(parent)
        return child(parent, int(index)) if inside else None
    parent = OmegaConf.select(config, parent_path, throw_on_missing=False) if parent_path else config
    return child(parent, key) if isinstance(parent, DictConfig) and key in parent else None


def _unbuilt(node: Node, *, at: str, convert: str) -> Any:
    """A node's plain content with its descriptions left as they are, for ``_recursive_: false``."""
    target = follow(node, at=at)
    if not isinstance(target, DictConfig | ListConfig):
        return target._value()
    try:
        plain = OmegaConf.to_container(target, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{at}: {one_line(error.msg or error)}") from error
    return _as_config(plain) if convert == "none" else plain


def _as_config(value: Any) -> Any:
    return OmegaConf.create(value, flags={"allow_objects": True})


def _join(at: str, key: Any) -> str:
    return f"{at}.{key}" if at else str(key)
