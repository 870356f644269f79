"""The settings at the top level of the configuration: what people type every day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gigaevo.config.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

_Limit = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ProblemSettings(_Strict):
    """Which problem: both fields are filled in before validation, whichever of them was given."""

    name: str = Field(min_length=1, description="the name of a folder of problems/, as in problem.name=heilbron")
    dir: str = Field(min_length=1, description="the path of a problem folder")


class ParentSettings(_Strict):
    """Who may become a parent; everybody where nothing is set."""

    top_fraction: float | None = Field(
        default=None, gt=0, le=1, description="a share above 0 and at most 1, or null for everybody"
    )
    require: dict[str, float] | None = Field(
        default=None, description="a bound for each metric that a parent must reach, such as {fitness: 0.5}, or null"
    )


class BudgetSettings(_Strict):
    """What may be spent on language models; None means no limit."""

    usd: float | None = Field(default=None, gt=0, description="dollars above 0, or null for no limit")
    tokens: _Limit | None = Field(default=None, description="a whole number from 1, or null for no limit")
    calls: _Limit | None = Field(default=None, description="a whole number from 1, or null for no limit")
    per_model: dict[str, dict[str, float | None]] = Field(
        default={}, description="limits by name of a model, such as {main: {usd: 0.5}}"
    )
    when_spent: Literal["stop", "offline"] = Field(
        default="stop", description="stop, or offline to go on with the operators that need no language model"
    )


class Settings(_Strict):
    """Everyday settings, checked. A field's description says what it accepts and is shown when it gets something else.

    The limits stop a run when the first of them is reached; None means no limit.
    """

    problem: ProblemSettings = Field(description="a name and a folder; write problem.name=<name> or problem.dir=<path>")
    seed: int = Field(ge=0, lt=2**63, description="a whole number from 0")
    resume: str | None = Field(description="the output folder of an earlier run, or null")
    max_generations: _Limit | None = Field(description="a whole number from 1, or null for no limit")
    max_mutants: _Limit | None = Field(description="a whole number from 1, or null for no limit")
    max_evaluations: _Limit | None = Field(description="a whole number from 1, or null for no limit")
    max_seconds: float | None = Field(gt=0, description="seconds above 0, or null for no limit")
    target_fitness: float | None = Field(description="a number, or null for no target")
    plateau: _Limit | None = Field(description="a number of mutants without improvement, from 1, or null for no limit")
    stage_timeout: float = Field(gt=0, le=86_400, description="seconds above 0 and at most 86400")
    memory_limit_mb: int = Field(ge=64, le=2**24, description="a whole number of MiB from 64")
    num_parents: int = Field(ge=1, le=64, description="a whole number from 1 to 64")
    island_max_size: int = Field(ge=1, description="a whole number from 1")
    parents: ParentSettings = Field(
        default=ParentSettings(), description="top_fraction and require; write parents.top_fraction=0.5"
    )
    import_paths: list[str] = Field(description="a list of folders")
    model_name: str | None = Field(
        default=None, min_length=1, description="the name of a language model, such as openai/gpt-6-luna, or null"
    )
    temperature: float | None = Field(default=None, ge=0, le=10, description="a number from 0, or null")
    max_tokens: _Limit | None = Field(default=None, description="a whole number from 1, or null")
    llm_base_url: str | None = Field(
        default=None, min_length=1, description="an address such as http://127.0.0.1:8000/v1, or null"
    )
    transcript: str | None = Field(
        default=None, min_length=1, description="the output folder of the run to replay, or null"
    )
    budget: BudgetSettings = Field(
        default=BudgetSettings(), description="limits on what language models may cost; write budget.usd=1.5"
    )


class NumericSettings(_Strict):
    """Everyday settings of a numeric problem, checked. Those of programs have no use there.

    The limits stop a run when the first of them is reached; None means no limit.
    """

    problem: ProblemSettings = Field(description="a name and a folder; write problem.name=<name> or problem.dir=<path>")
    seed: int = Field(ge=0, lt=2**63, description="a whole number from 0")
    resume: str | None = Field(description="the output folder of an earlier run, or null")
    max_generations: _Limit | None = Field(description="a whole number from 1, or null for no limit")
    max_evaluations: _Limit | None = Field(description="a whole number from 1, or null for no limit")
    max_seconds: float | None = Field(gt=0, description="seconds above 0, or null for no limit")
    target_fitness: float | None = Field(description="a number, or null for no target")
    plateau: _Limit | None = Field(description="a number of generations without improvement, from 1, or null")
    import_paths: list[str] = Field(description="a list of folders")
    workers: int = Field(ge=0, le=4096, description="a whole number from 0 to 4096; 0 means in the run's own process")
    checkpoint_s: float = Field(gt=0, description="seconds above 0")


LIMITS = ("max_generations", "max_mutants", "max_evaluations", "max_seconds", "target_fitness", "plateau")
"""Settings that may change when a run is resumed, beside those below ``budget``."""

NUMERIC_LIMITS = tuple(limit for limit in LIMITS if limit in NumericSettings.model_fields)
"""Those that may change when a search among numbers is resumed."""


_AnySettings = TypeVar("_AnySettings", Settings, NumericSettings)


def parse_settings(values: Mapping[str, Any]) -> Settings:
    """Check the everyday settings.

    Args:
        values: The top level of the configuration without the nodes that describe objects; plain Python values.

    Raises:
        ConfigError: One line naming the first wrong key, its value and what would be accepted.
    """
    return _parsed(values, Settings)


def parse_numeric_settings(values: Mapping[str, Any]) -> NumericSettings:
    """The same for a numeric problem."""
    return _parsed(values, NumericSettings)


def _parsed(values: Mapping[str, Any], model: type[_AnySettings]) -> _AnySettings:
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(_explain(error, model)) from None


def _explain(error: ValidationError, settings: type[BaseModel]) -> str:
    first = error.errors(include_url=False)[0]
    names = [str(part) for part in first["loc"] if not str(part).startswith("function-")]
    model, key = _model_of(names, settings)
    path = ".".join(names)
    if first["type"] == "extra_forbidden":
        return f"unknown key {path!r}{did_you_mean(key, model.model_fields)}"
    accepted = model.model_fields[key].description or "another value"
    if first["type"] == "missing":
        return f"{path} is missing: it must be {accepted}"
    return f"{path}={_shown(first['input'])}: it must be {accepted}"


def _model_of(names: list[str], settings: type[BaseModel]) -> tuple[type[BaseModel], str]:
    """The model that the last known field of a path belongs to, and that field."""
    nested = get_type_hints(settings).get(names[0])
    if len(names) > 1 and isinstance(nested, type) and issubclass(nested, BaseModel):
        return nested, names[1]
    return settings, names[0]


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
