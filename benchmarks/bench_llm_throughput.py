"""Whether the engine keeps a slow language model busy, and what it adds to the cost of a call.

    python benchmarks/bench_llm_throughput.py              # a minute for each repeat of the first, some for the second
    python benchmarks/bench_llm_throughput.py --only cpu

First: log-normal latency with a mean of about two seconds, 32 calls in flight, programs scored at once, 1,000 calls.
What is told is calls per second from the first that was sent to the last moment at which all places were taken, so the
last drain is left out, as a share of 32 divided by the mean latency that was measured; and how much of that time the
32 places were taken.

Second: CPU of the engine per call beside that of a loop that does nothing but await litellm with the same prompts, 32
at a time, in turns, start-up taken off both. Latency is shorter there, for time's sake.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from llm_runs import Cost, measured, run_of

from gigaevo.testing import LanguageModelServer, ServerOptions

IN_FLIGHT = 32
ENGINE = [
    "pipeline=instant",
    f"llm.concurrency={IN_FLIGHT}",
]


async def throughput(calls: int, latency_s: float, sigma: float, seed: int) -> float:
    """Share of what is possible that was reached."""
    options = ServerOptions(seed=seed, latency_s=latency_s, latency_sigma=sigma, keep=10 * calls)
    async with LanguageModelServer(options) as server:
        await run_of(calls, server, *ENGINE, f"seed={seed}")
        spans = sorted(server.spans)
        stats = server.stats()
    first, last = spans[0][0], _drain_begins(spans)
    mean = statistics.fmean(end - start for start, end in spans)
    busy = sum(max(0.0, min(end, last) - start) for start, end in spans) / (last - first) / IN_FLIGHT
    # What is under way at both ends counts by the part that lies within.
    reached = sum(max(0.0, min(end, last) - start) / (end - start) for start, end in spans) / (last - first)
    share = reached * mean / IN_FLIGHT
    print(
        f"{len(spans)} calls, mean latency {mean:.3f} s, at most {stats['most_in_flight']} in flight:"
        f" {reached:.2f} calls/s of {IN_FLIGHT / mean:.2f} ({share:.1%}); places taken {busy:.1%} of the time",
        flush=True,
    )
    return share


def _drain_begins(spans: list[tuple[float, float]]) -> float:
    """The last moment at which all places were taken: from then on there was nothing more to be asked."""
    steps = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    taken, last = 0, steps[0][0]
    for moment, step in steps:
        if taken == IN_FLIGHT:
            last = moment
        taken += step
    return last


async def cpu_per_call(calls: int, latency_s: float, sigma: float, repeats: int) -> None:
    """Engine and bare loop in turns, each once long and once short."""
    short = calls // 10
    engine: list[float] = []
    bare: list[float] = []
    for repeat in range(repeats):
        options = ServerOptions(seed=repeat, latency_s=latency_s, latency_sigma=sigma, keep=10 * calls)
        async with LanguageModelServer(options) as server:
            runs = [await run_of(count, server, *ENGINE, f"seed={repeat}") for count in (short, calls)]
            bodies = [received.body for received in server.received if received.body][-runs[1].calls :]
            engine.append(marginal(*runs))
            loops = [await bare_loop(server, bodies[: run.calls]) for run in runs]
            bare.append(marginal(*loops))
        print(f"  engine {engine[-1]:.2f} ms, bare litellm {bare[-1]:.2f} ms CPU per call", flush=True)
    one, other = statistics.median(engine), statistics.median(bare)
    print(f"CPU per call: engine {one:.2f} ms, bare litellm {other:.2f} ms, so the engine adds {one - other:.2f} ms")


def marginal(short: Cost, long: Cost) -> float:
    """CPU milliseconds per call."""
    return 1000 * (long.cpu_s - short.cpu_s) / (long.calls - short.calls)


async def bare_loop(server: LanguageModelServer, bodies: list[dict[str, object]]) -> Cost:
    """The same requests, sent by a process that does nothing else."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(bodies, file)
        file.flush()
        cpu, _ = await measured([sys.executable, __file__, "--bare", file.name, server.base_url])
    return Cost(cpu, len(bodies))


def ask_bare(file: Path, base_url: str) -> None:
    """In the process of ``bare_loop``."""
    import litellm

    bodies = json.loads(file.read_text())

    async def main() -> None:
        places = asyncio.Semaphore(IN_FLIGHT)

        async def ask(body: dict[str, object]) -> None:
            async with places:
                settings = {key: value for key, value in body.items() if key != "model"}
                await litellm.acompletion(
                    model=f"openai/{body['model']}", api_base=base_url, api_key="none", timeout=600, **settings
                )

        await asyncio.gather(*map(ask, bodies))

    asyncio.run(main())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("throughput", "cpu"), default=None)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--latency-s", type=float, default=2.0)
    parser.add_argument("--sigma", type=float, default=0.5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--bare", nargs=2, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        ask_bare(Path(options.bare[0]), options.bare[1])
        return
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}")
    begun = time.perf_counter()
    if options.only != "cpu":
        seeds = range(options.repeats)
        shares = [asyncio.run(throughput(options.calls, options.latency_s, options.sigma, seed)) for seed in seeds]
        print(f"throughput: {statistics.median(shares):.1%} of {IN_FLIGHT} / mean latency, the median of {len(shares)}")
    if options.only != "throughput":
        asyncio.run(cpu_per_call(options.calls, options.latency_s / 10, options.sigma, options.repeats))
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
