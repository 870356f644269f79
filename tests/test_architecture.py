"""The house keeps its plan: arrows between packages point down only, and importing the package stays cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gigaevo"

# Behind the faces of kernels: which of the two is in use is none of anybody's business.
IMPLEMENTATIONS = {"kernels.compiled", "kernels.twins"}
OPTIMIZE_GROUND = ("optimize.arguments", "optimize.records", "optimize.scaling", "optimize.seeds")

# Who may import whom. The value names packages whole, or single modules where only a contract may be known.
ALLOWED: dict[str, set[str]] = {
    "programs": set(),
    "kernels": {"kernels.compiled", "kernels.twins", "kernels.checks"},
    "kernels.compiled": set(),
    "kernels.twins": {"kernels.checks", "kernels.codes", "kernels.advances", "kernels.strategy_laws"},
    "kernels.checks": {"kernels.codes", "kernels.advances", "kernels.strategy_laws"},
    "llm": set(),
    "testing": set(),
    "problems": {"programs"},
    "storage": {"programs"},
    "optimize": {"kernels", "optimize.search"},
    "optimize.operators": {"kernels", *OPTIMIZE_GROUND},
    "optimize.genotypes": {"kernels", *OPTIMIZE_GROUND, "optimize.operators"},
    "optimize.search": {"kernels", *OPTIMIZE_GROUND, "optimize.genotypes"},
    "optimize.populations": {"kernels", *OPTIMIZE_GROUND, "optimize.operators", "optimize.search"},
    "optimize.algorithms": {
        "kernels",
        *OPTIMIZE_GROUND,
        "optimize.operators",
        "optimize.genotypes",
        "optimize.search",
        "optimize.populations",
    },
    "optimize.quality_diversity": {
        "kernels",
        *OPTIMIZE_GROUND,
        "optimize.genotypes",
        "optimize.search",
        "optimize.algorithms",
    },
    "optimize.parameter_search": {
        "kernels",
        *OPTIMIZE_GROUND,
        "optimize.operators",
        "optimize.genotypes",
        "optimize.search",
        "optimize.populations",
        "optimize.algorithms",
    },
    "optimize.strategy": {"kernels", *OPTIMIZE_GROUND, "optimize.operators", "optimize.genotypes", "optimize.search"},
    "optimize.local": {"kernels", *OPTIMIZE_GROUND, "optimize.search", "optimize.algorithms"},
    "evaluation": {"programs", "problems", "optimize", "llm"},
    "evolution.randomness": set(),
    "evolution.arena": {"programs"},
    "evolution.strategies": {"kernels", "programs", "evolution.randomness", "evolution.arena"},
    "evolution.mutation": {"programs", "llm", "optimize", "evolution.randomness"},
    "evolution.engine": {
        "programs",
        "evolution.randomness",
        "evaluation.base",
        "evolution.mutation.base",
        "evolution.strategies.base",
        "storage.base",
    },
    "observe": {"programs", "evolution.engine.events"},
    "config": {
        "llm",
        "testing",
        "programs",
        "problems",
        "kernels",
        "optimize",
        "storage",
        "evaluation",
        "evolution.randomness",
        "evolution.arena",
        "evolution.strategies",
        "evolution.mutation",
        "evolution.engine",
        "observe",
    },
}


def room_of(module: str) -> str:
    """The entry of ALLOWED that a module of ours belongs to."""
    inside = module.removeprefix("gigaevo.")
    fitting = [room for room in ALLOWED if inside == room or inside.startswith(room + ".")]
    return max(fitting, key=len, default="")


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append((".".join(parts).removesuffix(".__init__"), path))
    return found


def imports_of(module: str, path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            pytest.fail(f"{module} uses a relative import; write the full name")
    return {name for name in names if name.startswith("gigaevo.")}


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_module_imports_only_what_lies_below_it(module: str, path: Path) -> None:
    room = room_of(module)
    if not room:
        assert module in {"gigaevo", "gigaevo.evolution"}, f"{module} lies in no room of the plan"
        return
    for name in imports_of(module, path):
        if room_of(name) in {room, ""} or name in {"gigaevo.__version__"}:
            continue
        inside = name.removeprefix("gigaevo.")
        fits = any(inside == other or inside.startswith(other + ".") for other in ALLOWED[room])
        fits &= room_of(name) not in IMPLEMENTATIONS or room_of(name) in ALLOWED[room]
        assert fits, f"{module} imports {name}, which {room} may not know"


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "misc"])
def test_no_module_has_a_name_that_says_nothing(word: str) -> None:
    found = [path for path in PACKAGE.rglob(f"{word}.py") if path != PACKAGE / "config" / "helpers.py"]
    assert found == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    probe = (
        "import sys, gigaevo; "
        "heavy = ('numpy', 'scipy', 'networkx', 'litellm', 'jinja2', 'dotenv', 'redis', 'pydantic', 'hydra'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "[]"
