"""One seed for a search, whatever it is given as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from gigaevo.optimize.arguments import is_whole

Seed: TypeAlias = "int | Sequence[int] | np.random.SeedSequence | np.random.Generator | None"


def seed_sequence(seed: Seed) -> np.random.SeedSequence:
    """The root from which each component of a search gets a stream of its own.

    Args:
        seed: A whole number, 0 or more, or several; a ``SeedSequence``, which is used as it is; a generator, of which
            two numbers are drawn; None for entropy of the operating system.

    Raises:
        ValueError: It is negative.
        TypeError: It is something else.
    """
    if seed is None or (isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)):
        if seed is not None and seed < 0:
            raise ValueError(f"seed is {seed}, expected 0 or more")
        return np.random.SeedSequence(None if seed is None else int(seed))
    if isinstance(seed, np.random.SeedSequence):
        return seed
    if isinstance(seed, np.random.Generator):
        return np.random.SeedSequence([int(word) for word in seed.integers(2**63, size=2)])
    if isinstance(seed, (list, tuple)) and seed and all(is_whole(word) for word in seed):
        return np.random.SeedSequence([int(word) for word in seed])
    raise TypeError(f"seed is {seed!r}, expected a whole number, a numpy SeedSequence or Generator, or None")


def child_of(seed: np.random.SeedSequence, place: int) -> np.random.SeedSequence:
    """The child that ``seed`` spawns ``place``-th, from 0, whatever it has spawned before."""
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, place), pool_size=seed.pool_size)


def shown(seed: np.random.SeedSequence) -> int | list[int] | None:
    """What to pass as ``seed`` to repeat the search: the entropy, or the words that a spawned sequence is made of.

    numpy makes a spawned sequence of the words of its entropy, filled up to the pool with zeros, and its spawn key.
    """
    entropy = seed.entropy
    if not seed.spawn_key:
        return entropy if entropy is None or isinstance(entropy, int) else [int(word) for word in entropy]
    words = [word for part in np.atleast_1d(np.asarray(entropy, object)).tolist() for word in words_of(int(part))]
    words += [0] * (seed.pool_size - len(words))
    return words + [word for part in seed.spawn_key for word in words_of(int(part))]


def words_of(number: int) -> list[int]:
    """The words of 32 bits of a whole number, the lowest first."""
    words = [number & 0xFFFFFFFF]
    while number := number >> 32:
        words.append(number & 0xFFFFFFFF)
    return words
