"""Results that answer to attributes and to items."""

from __future__ import annotations

from typing import Any


class Record:
    """Mix-in for dataclasses: ``result["best_fitness"]`` is ``result.best_fitness``."""

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(f"{type(self).__name__} has no {name!r}; it has {', '.join(self.keys())}")
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def keys(self) -> tuple[str, ...]:
        """Names of the fields and of the properties."""
        fields = tuple(getattr(self, "__dataclass_fields__", ()))
        computed = (name for kind in type(self).__mro__ for name, value in vars(kind).items())
        return fields + tuple(
            name for name in dict.fromkeys(computed) if isinstance(getattr(type(self), name, None), property)
        )
