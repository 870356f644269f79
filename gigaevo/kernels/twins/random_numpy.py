"""A stream of random numbers for kernels, in numpy: the twin of ``_random``.

The two draw different numbers from the same seed: within one backend the same seed gives the same numbers on every
machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_HALF = 2**64 - 1


class RandomStream:
    """Random numbers of one component of a run, for one thread at a time.

    Compiled kernels draw while the interpreter is let go: two threads that drew from one stream would get some numbers
    twice, and never the same ones again. Spawn a seed for each.

    Args:
        seed: The component's own, spawned from the one of the run.
    """

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self.generator = np.random.Generator(np.random.PCG64(seed))

    @property
    def state(self) -> NDArray[np.uint64]:
        """All that the coming numbers depend on: uint64 of shape (4,); may be set, to one that was read earlier.

        Raises:
            ValueError: What is set is not of four words, or all are 0.
        """
        inner = self.generator.bit_generator.state["state"]
        words = [inner["state"] & _HALF, inner["state"] >> 64, inner["inc"] & _HALF, inner["inc"] >> 64]
        return np.array(words, np.uint64)

    @state.setter
    def state(self, words: ArrayLike) -> None:
        low, high, inc_low, inc_high = (int(word) for word in array_checks.random_state(words))
        whole = dict(self.generator.bit_generator.state)
        whole["state"] = {"state": low | high << 64, "inc": inc_low | inc_high << 64}
        whole["has_uint32"] = whole["uinteger"] = 0
        self.generator.bit_generator.state = whole

    def __reduce__(self) -> tuple[object, tuple[NDArray[np.uint64]]]:
        return restored_stream, (self.state,)

    def uniforms(self, n: int) -> NDArray[np.float64]:
        """``n`` multiples of 2^-53 in [0, 1), float64 of shape (n,)."""
        array_checks.check_count(n)
        return self.generator.random(n)

    def normals(self, n: int) -> NDArray[np.float64]:
        """``n`` standard normal numbers, float64 of shape (n,)."""
        array_checks.check_count(n)
        return self.generator.standard_normal(n)

    def integers(self, n: int, limit: int) -> NDArray[np.int64]:
        """``n`` integers in 0 to ``limit - 1``, int64 of shape (n,); ``limit`` is at least 1 and below 2^31."""
        array_checks.check_count(n)
        array_checks.check_limit(limit)
        # numpy's own integers keep half a word back, which the state does not tell.
        return (self.generator.random(n) * limit).astype(np.int64)

    def permutation(self, n: int) -> NDArray[np.int64]:
        """The integers 0 to ``n - 1`` in random order, int64 of shape (n,)."""
        array_checks.check_count(n)
        return np.argsort(self.generator.random(n), kind="stable")


def restored_stream(words: ArrayLike) -> RandomStream:
    """The stream whose ``state`` was ``words``."""
    stream = RandomStream(np.random.SeedSequence(0))
    stream.state = words
    return stream
