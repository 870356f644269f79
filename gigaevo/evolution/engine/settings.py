"""How the engine works, as far as a user may choose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How the engine works.

    Attributes:
        generation_size: Mutants in a generation.
        num_parents: Parents handed to an operator.
        max_mutations_in_flight: Size of the mutation pool.
        max_evaluations_in_flight: Size of the evaluation pool; as many children again may wait in the queue.
        deterministic: Whether the same seed gives the same programs in the same order.
        window: In deterministic mode, proposal k sees the results of the proposals before k - window.
        snapshot_interval: Settled proposals between two snapshots of the run's state.
        reevaluate_duplicates: Whether a program equal to an earlier one is evaluated again (noisy problems).
    """

    generation_size: int = 20
    num_parents: int = 1
    max_mutations_in_flight: int = 2
    max_evaluations_in_flight: int = 2
    deterministic: bool = False
    window: int = 8
    snapshot_interval: int = 500
    reevaluate_duplicates: bool = False

    def __post_init__(self) -> None:
        for name in (
            "generation_size",
            "num_parents",
            "max_mutations_in_flight",
            "max_evaluations_in_flight",
            "window",
            "snapshot_interval",
        ):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")

    @property
    def capacity(self) -> int:
        """Proposals that may be open at a time."""
        if self.deterministic:
            return self.window + 1
        return self.max_mutations_in_flight + 2 * self.max_evaluations_in_flight
