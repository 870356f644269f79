"""Reading ``genotype.yaml``: which genes the candidates of a numeric problem have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from gigaevo.problems.errors import did_you_mean
from gigaevo.problems.yaml_file import check_model, read_yaml

_PAIR = "should be two numbers [lowest, highest]"
_MOST_GENES = 10**8  # a population of more does not fit into memory
_ALLELES = "should be a list of numbers or texts, at least one"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenotypeDescription:
    """What a ``genotype.yaml`` says, checked for its form; whether bounds and alleles make sense is for who builds it.

    Attributes:
        kind: One of ``KINDS``.
        arguments: What the genotype of that kind is made of, by the names of its parameters.
        names: Of the genes, in their order; empty where they have none.
        path: The file.
        line: Where bounds or alleles are, counted from 1; None where there are none.
    """

    kind: str
    arguments: Mapping[str, Any]
    names: tuple[str, ...]
    path: Path
    line: int | None


def read_genotype(path: Path) -> GenotypeDescription:
    """The genotype that ``path`` describes.

    Raises:
        ProblemError: The file is no YAML, the kind is unknown, or a key is unknown, missing or of the wrong form.
    """
    file = read_yaml(path)
    kind = file.data.get("kind")
    if kind is None:
        raise file.error(f"kind is missing; add 'kind: range', or one of {', '.join(KINDS)}")
    if not isinstance(kind, str) or kind not in KINDS:
        raise file.error(f"kind is {kind!r}; {did_you_mean(kind, KINDS).replace('known keys', 'there are')}", "kind")
    found = check_model(KINDS[kind], file, file.data)
    line = next((line for key, line in file.lines.items() if str(key[0]).startswith("allele")), None)
    return GenotypeDescription(kind=kind, arguments=found.arguments(), names=found.names(), path=path, line=line)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _pair(value: Any) -> Any:
    if not (isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_number, value))):
        raise ValueError(_PAIR)
    try:
        return float(value[0]), float(value[1])
    except OverflowError:
        raise ValueError(_PAIR) from None


def _alleles(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(x, (int, float, str)) for x in value):
        raise ValueError(_ALLELES)
    return tuple(value)


def _names_of(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, Mapping) else ()


def _each(value: Any, read: Any, form: str) -> Any:
    """A list, or a mapping by name, of what ``read`` accepts."""
    entries = list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(entries, (list, tuple)) or not entries:
        raise ValueError(f"should be a mapping of names, or a list, of which each is {form.removeprefix('should be ')}")
    for place, entry in zip(value if isinstance(value, Mapping) else range(len(entries)), entries, strict=True):
        try:
            read(entry)
        except ValueError:
            raise ValueError(f"of {place} {form}") from None
    return value


Size = Annotated[int, Field(ge=1, le=_MOST_GENES, strict=True)]
Pair = Annotated[tuple[float, float], BeforeValidator(_pair)]
AlleleTuple = Annotated[tuple[Any, ...], BeforeValidator(_alleles)]
Pairs = Annotated[Any, BeforeValidator(lambda value: _each(value, _pair, _PAIR))]
AlleleTuples = Annotated[Any, BeforeValidator(lambda value: _each(value, _alleles, _ALLELES))]


class _Kind(BaseModel):
    """Keys of one kind of genotype."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str

    def arguments(self) -> dict[str, Any]:
        """What the genotype is made of."""
        return self.model_dump(exclude={"kind"})

    def names(self) -> tuple[str, ...]:
        """Names of the genes, where they have some."""
        return ()


class _Binary(_Kind):
    kind: Literal["binary"]
    genes_size: Size


class _Range(_Kind):
    kind: Literal["range"]
    genes_size: Size
    allele_range: Pair
    integer: Annotated[bool, Field(strict=True)] = False


class _MultiRange(_Kind):
    """``integer``: one word for all genes, or the names (or a word for each, in order) of those that are whole."""

    kind: Literal["multi_range"]
    allele_ranges: Pairs
    integer: Any = False

    @field_validator("integer")
    @classmethod
    def _check_integer(cls, given: Any, found: ValidationInfo) -> Any:
        if isinstance(given, bool) or "allele_ranges" not in found.data:  # which is wrong itself
            return given
        ranges = found.data["allele_ranges"]
        size, names = len(ranges), _names_of(ranges)
        words = isinstance(given, list) and len(given) == size and all(isinstance(word, bool) for word in given)
        if not words and not (names and isinstance(given, list) and set(map(str, given)) <= set(names)):
            each = f"a list of some of {', '.join(names)}" if names else f"a list of {size} of them, one for each gene"
            raise ValueError(f"should be true, false or {each}")
        return given

    def names(self) -> tuple[str, ...]:
        return _names_of(self.allele_ranges)

    def arguments(self) -> dict[str, Any]:
        names, ranges, whole = self.names(), self.allele_ranges, self.integer
        if isinstance(whole, list) and not all(isinstance(word, bool) for word in whole):
            whole = [name in whole for name in names]
        pairs = [_pair(given) for given in (ranges.values() if names else ranges)]
        return {"allele_ranges": pairs, "integer": whole, "names": names or None}


class _List(_Kind):
    kind: Literal["list"]
    genes_size: Size
    allele_list: AlleleTuple


class _MultiList(_Kind):
    kind: Literal["multi_list"]
    allele_lists: AlleleTuples

    def names(self) -> tuple[str, ...]:
        return _names_of(self.allele_lists)

    def arguments(self) -> dict[str, Any]:
        lists = self.allele_lists.values() if self.names() else self.allele_lists
        return {"allele_lists": [tuple(alleles) for alleles in lists]}


class _Unique(_Kind):
    """Of ``genes_size`` things without names the alleles are the numbers from 0."""

    kind: Literal["unique"]
    genes_size: Size | None = None
    allele_list: AlleleTuple | None = None

    @model_validator(mode="after")
    def _check_one(self) -> _Unique:
        if (self.genes_size is None) == (self.allele_list is None):
            raise ValueError("needs either genes_size, for the numbers from 0, or allele_list")
        return self

    def arguments(self) -> dict[str, Any]:
        return {"allele_list": self.allele_list or tuple(range(self.genes_size or 0))}


class _MultiUnique(_Kind):
    kind: Literal["multi_unique"]
    allele_lists: Annotated[list[Any], BeforeValidator(lambda value: _each(value, _alleles, _ALLELES))]

    def arguments(self) -> dict[str, Any]:
        return {"allele_lists": [tuple(alleles) for alleles in self.allele_lists]}


KINDS: dict[str, type[_Kind]] = {
    "binary": _Binary,
    "range": _Range,
    "multi_range": _MultiRange,
    "list": _List,
    "multi_list": _MultiList,
    "unique": _Unique,
    "multi_unique": _MultiUnique,
}
"""Kinds of genotypes by their names in ``genotype.yaml``."""
