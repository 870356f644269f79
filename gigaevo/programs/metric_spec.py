"""What is said of one metric."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class MetricSpec(BaseModel):
    """One metric, in the shape of GigaEvo's ``metrics.yaml``.

    Attributes:
        description: One sentence for people and prompts.
        decimals: Digits after the point when shown. Never used in comparisons.
        is_primary: Whether it is the objective; exactly one metric of a problem is.
        higher_is_better: Direction.
        lower_bound: Least value expected; None when unknown. A value beyond it is kept and flagged.
        upper_bound: Greatest value expected; None when unknown.
        unit: Shown after the value.
        include_in_prompts: Whether language models are told of it.
        significant_change: Difference that matters; None when unknown.
        sentinel_value: Accepted for folders written for other systems, and never used: a failure is not a number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str
    decimals: int = Field(default=5, ge=0, le=17)
    is_primary: bool = False
    higher_is_better: bool = True
    lower_bound: float | None = None
    upper_bound: float | None = None
    unit: str = ""
    include_in_prompts: bool = True
    significant_change: float | None = None
    sentinel_value: float | None = None

    def format(self, value: float) -> str:
        """``value`` as shown to people."""
        return f"{value:.{self.decimals}f}{' ' + self.unit if self.unit else ''}"
