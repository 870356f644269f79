"""A process that writes to a run's database until it is killed; started by the tests of the SQLite storage.

Usage: ``python writing_process.py <database> <prefix> [<cap on file size>]``. Prints ``open``, then the id of
each program once its commit was acknowledged; ends by itself only when the storage fails, with the error as
last line.
"""

from __future__ import annotations

import asyncio
import resource
import sys

from gigaevo.programs import Program
from gigaevo.storage import JournalEntry, SqliteProgramStorage, StorageError, Transaction


async def main(path: str, prefix: str) -> None:
    storage = SqliteProgramStorage(path=path)
    await storage.open()
    print("open", flush=True)

    async def write(worker: int) -> None:
        k = 0
        while True:
            program = Program(id=f"{prefix}-{worker}-{k}", source="x = 1\n" * 500, number=k)
            await storage.commit(
                Transaction(insert=[program], journal=[JournalEntry(kind="insert", payload={"id": program.id})])
            )
            print(program.id, flush=True)
            program.metrics["fitness"] = float(k)
            await storage.commit(Transaction(update=[program], snapshot={"at": program.id}))
            k += 1

    await asyncio.gather(*(write(worker) for worker in range(8)))


if __name__ == "__main__":
    if len(sys.argv) > 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
    try:
        asyncio.run(main(sys.argv[1], sys.argv[2]))
    except StorageError as error:
        print(error, flush=True)
