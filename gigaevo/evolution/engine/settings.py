"""How the engine works, as far as a user may choose."""

from __future__ import annotations

from dataclasses import dataclass

STEADY_STATE = "steady_state"
GENERATIONAL = "generational"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How the engine works.

    Attributes:
        loop: ``"steady_state"``, where nobody waits, or ``"generational"``, with a barrier after each generation.
        generation_size: Mutants in a generation; proposals in one of the generational loop.
        num_parents: Parents handed to an operator.
        max_mutations_in_flight: Size of the mutation pool.
        max_evaluations_in_flight: Size of the evaluation pool; as many children again may wait in the queue.
        max_remote_mutations_in_flight: Size of the remote pool, in which operators wait for other computers; 0 for as
            many as ``max_mutations_in_flight``.
        deterministic: Whether the same seed gives the same programs in the same order. In the generational loop only
            time can come between: what operators make of their seconds.
        window: In a deterministic steady state, proposal k sees the results of the proposals before k - window.
        snapshot_interval: Settled proposals between two snapshots of the run's state.
        reevaluate_duplicates: Whether a program equal to an earlier one is evaluated again (noisy problems).
        samples: Runs that one evaluation takes; more than one for noisy problems only.
        confirmations: Further runs before a program that may become an elite or the best is trusted; 0 for none.
    """

    loop: str = STEADY_STATE
    generation_size: int = 20
    num_parents: int = 1
    max_mutations_in_flight: int = 2
    max_evaluations_in_flight: int = 2
    max_remote_mutations_in_flight: int = 0
    deterministic: bool = False
    window: int = 8
    snapshot_interval: int = 500
    reevaluate_duplicates: bool = False
    samples: int = 1
    confirmations: int = 0

    def __post_init__(self) -> None:
        if self.loop not in (STEADY_STATE, GENERATIONAL):
            raise ValueError(f"loop is {self.loop!r}; it must be {STEADY_STATE} or {GENERATIONAL}")
        for name in (
            "generation_size",
            "num_parents",
            "max_mutations_in_flight",
            "max_evaluations_in_flight",
            "window",
            "snapshot_interval",
            "samples",
        ):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")
        for name in ("confirmations", "max_remote_mutations_in_flight"):
            value = getattr(self, name)
            if value < 0:
                raise ValueError(f"{name} is {value}; it must be at least 0")

    @property
    def calls_per_program(self) -> int:
        """Most calls of ``validate`` that the evaluation of one program takes."""
        return self.samples + self.confirmations

    @property
    def ordered(self) -> bool:
        """Whether children are submitted and results settled in the order of their proposals."""
        return self.deterministic or self.loop == GENERATIONAL

    @property
    def remote_places(self) -> int:
        """Operators that may wait for other computers at a time."""
        return self.max_remote_mutations_in_flight or self.max_mutations_in_flight

    def capacity(self, *, remote: bool) -> int:
        """Proposals that may be open at a time.

        Args:
            remote: Whether any operator is remote.
        """
        if self.loop == GENERATIONAL:
            return self.generation_size
        if self.deterministic:
            return self.window + 1
        local = self.max_mutations_in_flight + 2 * self.max_evaluations_in_flight
        return local + self.remote_places if remote else local
