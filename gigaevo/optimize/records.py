"""Results that answer to attributes and to items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Record:
    """Mix-in for dataclasses: ``result["best_fitness"]`` is ``result.best_fitness``, as in a dictionary."""

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(f"{type(self).__name__} has no {name!r}; it has {', '.join(self.keys())}")
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def get(self, name: str, default: Any = None) -> Any:
        """The item of that name, ``default`` where there is none."""
        return getattr(self, name) if name in self.keys() else default

    def items(self) -> list[tuple[str, Any]]:
        """Names and what they stand for."""
        return [(name, self[name]) for name in self.keys()]

    def keys(self) -> tuple[str, ...]:
        """Names of the fields and of the properties."""
        fields = tuple(getattr(self, "__dataclass_fields__", ()))
        computed = (name for kind in type(self).__mro__ for name, value in vars(kind).items())
        return fields + tuple(
            name for name in dict.fromkeys(computed) if isinstance(getattr(type(self), name, None), property)
        )
