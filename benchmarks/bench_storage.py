"""CPU time of the storage per mutant: one transaction inserts it, one updates it with a journal entry.

Usage: ``python benchmarks/bench_storage.py [--mutants 3000] [--folder /where/to/write]``
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from gigaevo.programs import Program, ProgramState
from gigaevo.storage import JournalEntry, SqliteProgramStorage, Transaction

SOURCE = "def entrypoint():\n" + "    x = 0.123456789  # a line of a program\n" * 100  # about 4 kB


async def one_mutant(storage: SqliteProgramStorage, number: int) -> None:
    program = Program(id=f"{number:016x}", source=SOURCE, syntax_hash=f"{number * 7919:032x}", number=number)
    await storage.commit(Transaction(insert=[program]))
    program.state = ProgramState.EVOLVING
    program.metrics = {"fitness": float(number), "is_valid": 1.0}
    entry = JournalEntry(kind="ingested", payload={"id": program.id, "outcome": "accepted", "cell": [3, 4]})
    await storage.commit(Transaction(update=[program], journal=[entry]))


async def build_only(number: int) -> None:
    """What making and serialising the program costs without any storage, twice as a mutant does."""
    program = Program(id=f"{number:016x}", source=SOURCE, syntax_hash=f"{number * 7919:032x}", number=number)
    program.to_json()
    program.to_json()


async def measure(folder: Path, *, mutants: int, in_flight: int, synchronous: str) -> tuple[float, float, float, float]:
    """CPU and wall microseconds per mutant of the first and of the last third."""
    storage = SqliteProgramStorage(path=folder / f"{synchronous}-{in_flight}.db", synchronous=synchronous)
    await storage.open()
    numbers = iter(range(mutants))
    marks: list[tuple[float, float]] = [(time.process_time(), time.perf_counter())]

    async def worker() -> None:
        for number in numbers:
            await one_mutant(storage, number)
            if (number + 1) % (mutants // 3) == 0:
                marks.append((time.process_time(), time.perf_counter()))

    await asyncio.gather(*(worker() for _ in range(in_flight)))
    await storage.close()
    third = mutants // 3
    (c0, w0), (c1, w1), (c2, w2), (c3, w3) = marks[:4]
    return (c1 - c0) / third * 1e6, (w1 - w0) / third * 1e6, (c3 - c2) / third * 1e6, (w3 - w2) / third * 1e6


async def main(mutants: int, parent: Path | None) -> None:
    start = time.process_time()
    for number in range(mutants):
        await build_only(number)
    print(f"serialising alone, twice: {(time.process_time() - start) / mutants * 1e6:.0f} us of CPU per mutant")
    print("us per mutant (insert + update), first third / last third")
    with tempfile.TemporaryDirectory(dir=parent) as name:
        for synchronous in ("full", "normal"):
            for in_flight in (1, 8, 200):
                c1, w1, c3, w3 = await measure(
                    Path(name), mutants=mutants, in_flight=in_flight, synchronous=synchronous
                )
                label = f"synchronous={synchronous}, {in_flight} in flight"
                print(f"{label:36} CPU {c1:5.0f} / {c3:5.0f}   wall {w1:5.0f} / {w3:5.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=3000)
    parser.add_argument(
        "--folder", type=Path, default=None, help="on the disk to measure; a temporary folder if not given"
    )
    arguments = parser.parse_args()
    asyncio.run(main(arguments.mutants, arguments.folder))
