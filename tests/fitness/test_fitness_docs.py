"""docs/fitness.md is true: its table is that of the code, its example runs, and it names every key there is."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from gigaevo.evaluation.fitness.evaluator import SCALES
from gigaevo.programs.fitness_metrics import DIMENSIONS, MEASURES
from gigaevo.programs.genome import GROWTH_TARGETS, NUMBER_TARGETS, CodeGenome
from gigaevo.programs.paradigm import PARADIGM_NAMES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "fitness.md"
TABLE = re.compile(r"(<!-- table of measures:.*?-->\n).*?(<!-- end of table -->)", re.DOTALL)


def table() -> str:
    """The table of measures as the code has it."""
    lines = [
        "| Dimension (weight) | Measure | What it is | Unit, range | From 0 to 1 | Scale |",
        "|---|---|---|---|---|---|",
    ]
    for dimension_name, dimension in DIMENSIONS.items():
        for number, name in enumerate(dimension.metrics):
            measure = MEASURES[name]
            first = f"`{dimension_name}` ({dimension.weight:g})" if number == 0 else ""
            held = f" (as `{measure.raw}`)" if measure.raw not in ("", name) else ""
            bounds = f"{measure.least:g} " + ("and more" if measure.greatest is None else f"to {measure.greatest:g}")
            unit = f"{measure.unit}, {bounds}" if measure.unit else bounds
            scale = f"{SCALES[name]:g}" if name in SCALES else ""
            lines.append(f"| {first} | `{name}` | {measure.definition}{held} | {unit} | {measure.norm} | {scale} |")
    return "\n".join(lines) + "\n"


def written_anew(text: str) -> str:
    return TABLE.sub(lambda match: match[1] + table() + match[2], text)


def test_the_table_is_that_of_the_code() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert TABLE.search(text)
    assert written_anew(text) == text


def test_the_document_names_every_target_paradigm_and_key_of_a_genome() -> None:
    text = DOCS.read_text(encoding="utf-8")
    names = [*GROWTH_TARGETS, *NUMBER_TARGETS, *PARADIGM_NAMES, *CodeGenome.model_fields]
    assert [name for name in names if f"`{name}`" not in text] == []
    assert CodeGenome(function_signature="def f()").mutation_rate == 0.2
    assert "| `mutation_rate` | `0.2` |" in text


def test_the_document_and_the_configuration_state_the_same_defaults() -> None:
    text = DOCS.read_text(encoding="utf-8")
    config = yaml.safe_load((ROOT / "config" / "pipeline" / "benchmark.yaml").read_text())
    assert [key for key, value in config["fitness"].items() if f"| `fitness.{key}` | {value:g} |" not in text] == []
    stage = config["pipeline"]["stages"][4]
    assert stage["scales"] == SCALES
    for name, dimension in DIMENSIONS.items():
        assert config["fitness"][f"{name}_weight"] == dimension.weight
        assert tuple(stage["dimensions"][name]["metrics"]) == dimension.metrics


async def test_the_example_runs() -> None:
    code = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    lines = "".join(f"    {line}\n" for line in code[1].splitlines())
    names: dict[str, object] = {}
    exec(f"async def example():\n{lines}    return results\n", names)
    results = await names["example"]()  # type: ignore[operator]
    assert 0.0 < results["overall_fitness"] < 1.0
    assert results["paradigm_allowed"] == 1.0


def test_the_genome_shown_is_one() -> None:
    shown = re.search(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    CodeGenome.model_validate(yaml.safe_load(shown[1]))


if __name__ == "__main__":
    DOCS.write_text(written_anew(DOCS.read_text(encoding="utf-8")), encoding="utf-8")
