"""Every file of the shipped configuration starts a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.command import ROOT, run
from tests.config.numeric_choices import of_numbers
from tests.end_to_end.command import serving, summary
from tests.end_to_end.containers import container_engine

CHOICES = sorted(
    path.relative_to(ROOT / "config").with_suffix("")
    for path in (ROOT / "config").glob("*/*.yaml")
    if not of_numbers(path)  # those have runs of their own, see test_numeric_runs
)
# Groups that say nothing of themselves, and a level that refuses operators that write code.
NEEDS = {"migration": ["algorithm=multi_island"], "sandbox/inline": ["~operators.syntax_tree"]}
# What asks a language model, of which one stands here, and what brings none to ask.
ASK = {"experiment/multi_llm_exploration", "experiment/full_featured"}
ASK |= {str(choice) for choice in CHOICES if choice.parent.name == "llm"} - {"llm/dryrun", "llm/replay"}
NEED_SOMEBODY_TO_ASK = {"mutation/llm", "operators/llm", "pipeline/with_insights"}


FEW = ("problem.name=toy_example", "max_mutants=4", "max_evaluations=500")


@pytest.fixture(scope="module")
def stand_in() -> Iterator[str]:
    """Address of a server that stands in for language models."""
    with serving() as address:
        yield address


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that can be replayed."""
    folder = tmp_path_factory.mktemp("recorded") / "out"
    ended = run("llm=dryrun", "mutation=llm", *FEW, f"hydra.run.dir={folder}", cwd=folder.parent)
    assert ended.status == 0, ended.err
    return folder


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_every_shipped_choice_starts_a_run(choice: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    group, folder = choice.parent.name, tmp_path / "out"
    chosen = [*NEEDS.get(group, []), f"{group}={choice.name}", *NEEDS.get(str(choice), [])]
    if str(choice) in ASK | NEED_SOMEBODY_TO_ASK:
        chosen.append(f"llm_base_url={request.getfixturevalue('stand_in')}")
    if str(choice) in NEED_SOMEBODY_TO_ASK:
        chosen.append("llm=local")
    if str(choice) == "llm/replay":
        chosen.append(f"transcript={request.getfixturevalue('recorded')}")
    if str(choice) == "sandbox/container":
        engine, reason = container_engine(tmp_path)
        if not engine:
            pytest.skip(reason)
        chosen.append(f"sandbox.engine='{engine}'")
    ended = run(*chosen, *FEW, f"hydra.run.dir={folder}", cwd=tmp_path)
    assert ended.status == 0, ended.err
    assert summary(folder)["counts"]["mutants"] >= 1
