"""Test functions of 30 variables for evosax, which compiles them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any


def of_a_population(name: str) -> Callable[[Any], Any]:
    """The function of that name, of an array (n, variables) of jax; it computes on one thread."""
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax.numpy as jnp

    return {
        "sphere": lambda x: jnp.sum(x * x, axis=1),
        "rosenbrock": lambda x: jnp.sum(100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2, axis=1),
        "ackley": lambda x: (
            20.0
            + jnp.e
            - 20.0 * jnp.exp(-0.2 * jnp.sqrt(jnp.mean(x * x, axis=1)))
            - jnp.exp(jnp.mean(jnp.cos(2.0 * jnp.pi * x), axis=1))
        ),
        "rastrigin": lambda x: 10.0 * x.shape[1] + jnp.sum(x * x - 10.0 * jnp.cos(2.0 * jnp.pi * x), axis=1),
    }[name]
