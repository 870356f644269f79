"""One seed, and a generator for each (component, proposal) derived from it.

A generator is a function of where it is used, not of what was drawn before: there is no generator state to save, a
resumed run draws what the unbroken one would have drawn, and one more draw in one component changes no other.
"""

from __future__ import annotations

import hashlib

import numpy as np


def component_key(component: str) -> int:
    """A stable 64-bit number for a component's name."""
    return int.from_bytes(hashlib.blake2b(component.encode(), digest_size=8).digest(), "big")


class RandomSource:
    """Generators of one run.

    Args:
        seed: The run's seed, a non-negative integer.

    Attributes:
        proposal: The proposal that is being made or ingested; parts that are not handed a generator (selectors,
            routers) draw for this one. The engine sets it before each call, and all generators begin anew.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._proposal = 0
        self._current: dict[str, np.random.Generator] = {}

    @property
    def proposal(self) -> int:
        """See the class."""
        return self._proposal

    @proposal.setter
    def proposal(self, number: int) -> None:
        # A resumed run has no generator to go on with, so an unbroken one must not go on with one either.
        self._proposal = number
        self._current.clear()

    def derive(self, component: str, number: int) -> np.random.Generator:
        """The generator of ``component`` for proposal ``number``, from its beginning."""
        # Spawn keys must not be negative; initial programs count down from -1.
        sequence = np.random.SeedSequence(self.seed, spawn_key=(component_key(component), number % 2**64))
        return np.random.Generator(np.random.PCG64(sequence))

    def generator(self, component: str) -> np.random.Generator:
        """The generator of ``component`` for the present proposal; a second call goes on where the first stopped."""
        if component not in self._current:
            self._current[component] = self.derive(component, self._proposal)
        return self._current[component]

    def program_id(self, number: int) -> str:
        """Id of the program submitted as ``number`` (negative: an initial program)."""
        text = f"{self.seed}:program:{number}"
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
