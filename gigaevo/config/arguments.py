"""Checks the arguments of a description before its class is called, so that a message can name the key."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from gigaevo.config.errors import ConfigError, did_you_mean, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# What a value of YAML may be for a parameter that is annotated so.
_SCALARS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
    "None": (type(None),),
}


def check_arguments(
    target: Callable[..., Any],
    positional: Sequence[Any],
    keywords: Mapping[str, Any],
    *,
    at: str,
    partial: bool,
) -> None:
    """Compare arguments with the signature of what they are for.

    Args:
        target: Class or function.
        positional: Positional arguments.
        keywords: The others, by name.
        at: Key of the description.
        partial: Whether more arguments follow later.

    Raises:
        ConfigError: A name that is no parameter, a parameter without a value, or a plain value that is not of the
            type of its annotation; one line with key, class and parameter.
    """
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):
        return  # written in C without a signature: the call itself will tell
    owner = name_of(target)
    parameters = signature.parameters
    names = [name for name, item in parameters.items() if item.kind in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY)]
    takes_any = any(item.kind is item.VAR_KEYWORD for item in parameters.values())
    for key, value in keywords.items():
        if key in names:
            _check_type(value, parameters[key], at=f"{at}.{key}", owner=owner)
        elif not takes_any:
            hint = did_you_mean(key, names) or f"; it takes {', '.join(names) or 'no arguments'}"
            raise ConfigError(f"{at}.{key}: {owner} has no parameter {key!r}{hint}")
    try:
        bound = signature.bind_partial(*positional, **keywords)
    except TypeError as error:
        raise ConfigError(f"{at} ({owner}): {one_line(error)}") from None
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    absent = [
        name
        for name, item in parameters.items()
        if name not in bound.arguments and item.default is item.empty and item.kind not in optional
    ]
    if absent and not partial:
        raise ConfigError(f"{at}: {owner} needs {', '.join(absent)}")


def _check_type(value: Any, parameter: inspect.Parameter, *, at: str, owner: str) -> None:
    """Refuse a plain value for a parameter that is annotated with other plain types; anything else is left alone."""
    annotation = parameter.annotation
    written = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    kinds = [kind.strip() for kind in written.split("|")]
    if not set(kinds) <= _SCALARS.keys() or not isinstance(value, (bool, int, float, str, type(None))):
        return
    accepted = {type_ for kind in kinds for type_ in _SCALARS[kind]}
    if type(value) in accepted or (value is None and parameter.default is None):
        return
    shown = "null" if value is None else str(value).lower() if isinstance(value, bool) else value
    raise ConfigError(f"{at}={shown}: {owner} takes {' or '.join(kinds).replace('None', 'null')} here")


def complaint(error: Exception) -> str:
    """What a constructor complains of, in one line."""
    errors = getattr(error, "errors", None)
    if callable(errors) and type(error).__module__.startswith("pydantic"):
        first = errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        return f"{field + ': ' if field else ''}{first['msg']} (found {first['input']!r})"
    text = one_line(error)
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}"


def name_of(target: Callable[..., Any]) -> str:
    """What people call ``target``."""
    return str(getattr(target, "__name__", target))
