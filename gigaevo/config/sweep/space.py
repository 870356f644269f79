"""From the command line of a study to what it may vary, and back to overrides of one job."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from omegaconf import DictConfig, OmegaConf

from gigaevo.config.errors import ConfigError, one_line

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpace:
    """What a study varies, and what it leaves.

    Attributes:
        fixed: Overrides that every job gets, as typed.
        varied: What each key may be. Choices are texts that Hydra reads as values; the others are numbers.
    """

    fixed: tuple[str, ...]
    varied: Mapping[str, BaseDistribution]

    @classmethod
    def read(cls, overrides: Sequence[str], *, loader: ConfigLoader, config: DictConfig) -> SearchSpace:
        """Read overrides with ``choice``, ``range``, ``interval`` or values with commas in them.

        Args:
            overrides: As typed; of two for one key the later counts.
            loader: Knows the options of each group, for ``glob``.
            config: As composed without the overrides that vary something.

        Raises:
            ConfigError: Nothing is varied, or no value fits; one line with the key.
        """
        fixed: dict[str, str] = {}
        varied: dict[str, BaseDistribution] = {}
        for override in OverridesParser.create(config_loader=loader).parse_overrides(list(overrides)):
            key = override.get_key_element()
            fixed.pop(key, None)
            varied.pop(key, None)
            if override.is_sweep_override():
                varied[key] = _distribution(override, config)
            else:
                fixed[key] = str(override.input_line)
        if not varied:
            raise ConfigError(
                "hydra/sweeper=optuna: nothing to search; give a setting a range, as in "
                "'operators.constants.step=interval(0.01,1)', or values: num_parents=1,2,3"
            )
        return cls(fixed=tuple(fixed.values()), varied=varied)

    def overrides(self, values: Mapping[str, Any]) -> list[str]:
        """The overrides of the job that tries ``values``."""
        return [*self.fixed, *(f"{key}={values[key]}" for key in self.varied)]

    def choices(self, key: str) -> list[str]:
        """Every value of ``key`` where it is varied among some, else none."""
        return [str(choice) for choice in getattr(self.varied.get(key), "choices", ())]


def _distribution(override: Override, config: DictConfig) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution

    value = override.value()
    try:
        if isinstance(value, IntervalSweep):
            return _interval(value, whole=_is_whole(override, config))
        if isinstance(value, RangeSweep) and not value.shuffle:
            return _range(value)
        return CategoricalDistribution(list(dict.fromkeys(override.sweep_string_iterator())))
    except ValueError as error:
        raise ConfigError(f"{override.input_line}: it holds no value: {one_line(error)}") from error


def _is_whole(override: Override, config: DictConfig) -> bool:
    """Whether an interval is one of whole numbers: so are its ends as written, and the setting's value without it."""
    value = override.value()
    assert isinstance(value, IntervalSweep)
    if all(type(end) is int for end in (value.start, value.end)):  # int(interval(...))
        return True
    default = OmegaConf.select(config, override.key_or_group, throw_on_missing=False)
    written = override.get_value_string()
    return type(default) is int and not any(sign in written for sign in (".", "e-", "float"))


def _interval(interval: IntervalSweep, *, whole: bool) -> BaseDistribution:
    """``interval(a, b)``: of whole numbers both ends belong to it; with the tag ``log`` by magnitude."""
    from optuna.distributions import FloatDistribution, IntDistribution

    low, high, log = interval.start, interval.end, "log" in interval.tags
    assert low is not None
    assert high is not None
    if whole:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _range(values: RangeSweep) -> BaseDistribution:
    """``range(start, stop, step)``: without ``stop``, as in Python and in Hydra's own sweeps."""
    from optuna.distributions import FloatDistribution, IntDistribution

    start, stop, step = values.start, values.stop, values.step
    assert start is not None
    assert stop is not None
    steps = math.ceil((stop - start) / step) - 1 if step else -1
    if steps < 0:
        raise ValueError("the range is empty")
    low, high = sorted((start, start + steps * step))
    if isinstance(low, int) and isinstance(high, int) and isinstance(step, int):
        return IntDistribution(low, high, step=abs(step))
    return FloatDistribution(float(low), float(high), step=abs(float(step)))
