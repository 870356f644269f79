"""docs/problems.md is true: its example is a problem, and it names every key there is."""

from __future__ import annotations

import re
from pathlib import Path

from shipped import NAMES

from gigaevo.problems import ProblemSettings, load_problem
from gigaevo.programs.metrics import RUN_METRICS, MetricSpec

DOCS = Path(__file__).parents[2] / "docs" / "problems.md"
TEXT = DOCS.read_text(encoding="utf-8")
FILE_BLOCK = re.compile(r"^\*\*`([^`]+)`\*\*[^\n]*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_example_is_a_problem_whose_program_is_valid(tmp_path: Path) -> None:
    for name, text in FILE_BLOCK.findall(TEXT):
        path = tmp_path / "ladder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    problem = load_problem(tmp_path / "ladder")
    assert problem.settings.behavior_keys == ("top",)
    validator: dict[str, object] = {}
    program: dict[str, object] = {}
    exec(problem.validate_path.read_text(), validator)
    exec(problem.initial_programs[0].source, program)
    scored = validator["validate"](program["entrypoint"]())  # type: ignore[operator]
    assert set(scored) == {"fitness", "is_valid", "top"}
    assert scored["is_valid"] == 1.0
    assert problem.metrics.out_of_bounds(scored) == []


def test_the_document_names_every_key_every_run_metric_and_every_shipped_problem() -> None:
    keys = {*MetricSpec.model_fields, *RUN_METRICS, *NAMES, "sandbox.allow"}
    keys |= set(ProblemSettings.model_fields) - {"sandbox"}
    assert [key for key in sorted(keys) if f"`{key}`" not in TEXT] == []


def test_the_document_states_the_defaults() -> None:
    defaults = ProblemSettings()
    assert f'| `editable` | `["{defaults.editable[0]}"]` |' in TEXT
    assert (defaults.preload, defaults.behavior_keys, defaults.hidden, defaults.sandbox.allow) == ((), (), (), ())
    assert not defaults.noisy
