"""What a mutant costs that a language model makes, when the model itself costs nothing.

    python benchmarks/bench_llm_cost.py                    # 1, 200, 1100 and 2000 mutants; then runs without a model
    python benchmarks/bench_llm_cost.py --repeats 3

Measured is the CPU of all processes of a run (engine, litellm, sandbox, validators); the server, which answers at once,
is in the process of this script and left out. Every operator is one that asks the model.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
from itertools import pairwise

from llm_runs import measured, run_of

from gigaevo.testing import LanguageModelServer

IMPORT = "import time; begun = time.process_time(); import gigaevo; print(1000 * (time.process_time() - begun))"


async def with_a_model(lengths: list[int], repeats: int, extra: list[str]) -> None:
    cpu: dict[int, float] = {}
    for mutants in lengths:
        runs = []
        for _ in range(repeats):
            async with LanguageModelServer() as server:
                runs.append(await run_of(mutants, server, *extra))
        cpu[mutants] = statistics.median(run.cpu_s for run in runs)
        calls = statistics.median(run.calls for run in runs)
        print(f"{mutants:6d} mutants: {cpu[mutants]:7.2f} CPU-s, {calls / mutants:.3f} calls per mutant", flush=True)
    ordered = sorted(cpu)
    for start, end in pairwise(ordered[1:]):
        print(f"marginal, {start} to {end}: {1000 * (cpu[end] - cpu[start]) / (end - start):.2f} ms CPU per mutant")
    if {200, 2000} <= set(ordered):
        print(f"marginal, 200 to 2000: {1000 * (cpu[2000] - cpu[200]) / 1800:.2f} ms CPU per mutant")


async def without_a_model(repeats: int) -> None:
    imports, starts = [], []
    for _ in range(max(3, repeats)):
        _, told = await measured([sys.executable, "-c", IMPORT])
        imports.append(float(told))
        starts.append((await run_of(1, None)).cpu_s)
    print(f"import gigaevo: {statistics.median(imports):.1f} ms CPU")
    print(f"a run of one mutant without a model: {statistics.median(starts):.2f} CPU-s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--lengths", type=int, nargs="*", default=[1, 200, 1100, 2000])
    parser.add_argument("extra", nargs="*", help="overrides of the runs with a model")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    if options.lengths:
        asyncio.run(with_a_model(options.lengths, options.repeats, options.extra))
    asyncio.run(without_a_model(options.repeats))


if __name__ == "__main__":
    main()
