"""``run.py`` with everything but the search: what is assembled is named by the environment, and its end is told.

Lets tests see what becomes of each way in which a run can end, in a second, without a run that ends so.

``PARTS``: nodes to build. ``ENDING``: an exit status, or ``fault``.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def execute(settings: Any, builder: Any, output_dir: Path) -> Any:
    """Stands in for ``gigaevo.config.assemble.execute``."""
    from gigaevo.config.result import ExitStatus, RunResult

    for part in filter(None, os.environ.get("PARTS", "").split(",")):
        print(part, type(builder.node(part)).__name__)
    print("run", settings.problem.name, settings.seed, settings.max_mutants, settings.resume, output_dir)
    ending = os.environ.get("ENDING", "0")
    if ending == "fault":
        raise RuntimeError("out of order")
    if ending == "interrupt":
        raise KeyboardInterrupt
    if ending == "seed 1 fails":
        ending = "3" if settings.seed == 1 else "0"
    return RunResult(status=ExitStatus(int(ending)), best_fitness=1.0)


if __name__ == "__main__":
    assemble = ModuleType("gigaevo.config.assemble")
    assemble.execute = execute  # type: ignore[attr-defined]
    sys.path.insert(0, str(ROOT))
    sys.modules[assemble.__name__] = assemble
    sys.argv[0] = str(ROOT / "run.py")
    runpy.run_path(sys.argv[0], run_name="__main__")
