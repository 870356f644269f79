"""CPU time of analysing a program and of making a child by editing text.

Run: ``python benchmarks/bench_mutation.py``. Prints milliseconds of CPU per call, the best of five rounds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import numpy as np

from gigaevo.evolution.mutation.base import MutationContext, MutationOperator
from gigaevo.evolution.mutation.constants import ConstantsMutation
from gigaevo.evolution.mutation.syntax_tree import SyntaxTreeMutation
from gigaevo.programs import Program
from gigaevo.programs.syntax import analyse, parse_source

TOY = '''
import math


def entrypoint():
    """Pattern search from a fixed point."""
    x, y = 1.0, -2.0
    step = 0.5
    for _ in range(20):
        for dx, dy in ((step, 0), (-step, 0), (0, step), (0, -step)):
            if (x + dx) ** 2 + (y + dy) ** 2 < x * x + y * y:
                x, y = x + dx, y + dy
                break
        else:
            step *= 0.5
    return [x, y + math.sin(0.1)]
'''


def frozen(floats: int) -> str:
    """A program that returns ``floats`` explicit numbers in pairs."""
    values = np.random.default_rng(0).normal(size=(floats // 2, 2))
    rows = ", ".join(f"[{x!r}, {y!r}]" for x, y in values.tolist())
    return f"def entrypoint():\n    return [{rows}]\n"


def cpu_ms(call: Callable[[int], object], calls: int = 300) -> float:
    """Milliseconds of CPU per call, the best of five rounds."""
    rounds = []
    for _ in range(5):
        start = time.process_time()
        for number in range(calls):
            call(number)
        rounds.append((time.process_time() - start) / calls * 1e3)
    return min(rounds)


def mutate_ms(operator: MutationOperator, source: str) -> float:
    """Milliseconds of CPU per child."""
    parents = [Program(id="p", source=source)]
    with asyncio.Runner() as runner:

        def once(number: int) -> object:
            context = MutationContext(rng=np.random.default_rng(number), parameters=operator.parameters())
            return runner.run(operator.mutate(parents, context))

        return cpu_ms(once)


def main() -> None:
    """Print one line per measurement."""
    for name, source in (("toy, 15 lines", TOY), ("frozen, 78 floats", frozen(78))):
        print(f"{name}: parse_source {cpu_ms(lambda _, text=source: parse_source(text)):.3f} ms")
        print(f"{name}: analyse {cpu_ms(lambda _, text=source: analyse(text)):.3f} ms")
        for operator in (ConstantsMutation(), SyntaxTreeMutation()):
            print(f"{name}: {operator.name} {mutate_ms(operator, source):.3f} ms per child")


if __name__ == "__main__":
    main()
