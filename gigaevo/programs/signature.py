"""Signatures of functions as their text gives them, and how far one keeps to another."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    Attributes:
        name: Its name.
        optional: Whether it may be left out.
        by_name_only: Whether it can only be given by name.
    """

    name: str
    optional: bool
    by_name_only: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """What a caller has to know of a function.

    Attributes:
        name: Its name.
        parameters: Those that have names, in order.
        takes_any: Whether it takes any number of further positional arguments.
        takes_any_name: Whether it takes further arguments by any name.
    """

    name: str
    parameters: tuple[Parameter, ...]
    takes_any: bool = False
    takes_any_name: bool = False

    @property
    def positional(self) -> tuple[Parameter, ...]:
        """The parameters that can be given by position."""
        return tuple(parameter for parameter in self.parameters if not parameter.by_name_only)

    def kept_by(self, other: Signature | None) -> float:
        """How far callers of this signature are served by ``other``, from 0 to 1.

        0 where there is no function of that name, or where it requires an argument that callers do not give. Else 1
        for the name and for each parameter 1 if it stands at its place under its name, 1/2 if only the place is kept
        (or only a way to take it), 0 if it is gone or may no longer be left out; divided by 1 + the number of
        parameters.
        """
        if other is None or other.name != self.name:
            return 0.0
        known = {parameter.name for parameter in self.parameters}
        surplus = [*other.positional[len(self.positional) :], *(p for p in other.parameters if p.by_name_only)]
        if any(not parameter.optional and parameter.name not in known for parameter in surplus):
            return 0.0
        kept = sum(self._kept(place, parameter, other) for place, parameter in enumerate(self.parameters))
        return (1.0 + kept) / (1.0 + len(self.parameters))

    def _kept(self, place: int, parameter: Parameter, other: Signature) -> float:
        by_name = {found.name: found for found in other.parameters}
        if parameter.by_name_only:
            found = by_name.get(parameter.name)
            if found is None:
                return 0.5 if other.takes_any_name else 0.0
            return 0.0 if parameter.optional and not found.optional else 1.0
        if place >= len(other.positional):
            return 0.5 if other.takes_any or parameter.name in by_name else 0.0
        there = other.positional[place]
        if parameter.optional and not there.optional:
            return 0.0
        return 1.0 if there.name == parameter.name else 0.5


def parse_signature(text: str) -> Signature:
    """The signature that ``text`` writes, such as ``def sort(items: list[T]) -> list[T]``.

    Raises:
        ValueError: It is no signature of one function.
    """
    try:
        body = ast.parse(text.strip().removesuffix(":") + ":\n    ...\n").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = []
    if len(body) != 1 or not isinstance(body[0], (ast.FunctionDef, ast.AsyncFunctionDef)):
        raise ValueError(f"{text!r} is no signature; write one like 'def sort(items: list[T]) -> list[T]'")
    return signature_of(body[0])


def signature_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature:
    """The signature of a function in a syntax tree."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    return Signature(
        name=function.name,
        parameters=(
            *(Parameter(argument.arg, place >= required, False) for place, argument in enumerate(positional)),
            *(
                Parameter(argument.arg, default is not None, True)
                for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            ),
        ),
        takes_any=arguments.vararg is not None,
        takes_any_name=arguments.kwarg is not None,
    )


def public_signatures(tree: ast.Module) -> dict[str, Signature]:
    """Signatures of the functions at the top level of a module whose names do not begin with ``_``, by name."""
    return {
        statement.name: signature_of(statement)
        for statement in tree.body
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) and not statement.name.startswith("_")
    }
