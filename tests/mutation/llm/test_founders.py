"""Founders: programs to begin with, each unlike those before it, read as strictly as every other answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gigaevo.evolution.mutation.base import Task
from gigaevo.evolution.mutation.llm.founders import Founded, Founders
from gigaevo.llm.base import NoReply, Trouble
from gigaevo.llm.prompts import PromptError, Prompts
from tests.mutation.llm.scripted import METRICS, Scripted, code

TASK = Task(description="TASK TEXT", call="`entrypoint()` is called once.")


def text(number: int) -> str:
    return f"def entrypoint():\n    return {number}\n"


async def written(models: Scripted, task: Task = TASK, **settings: Any) -> Founded:
    founders = Founders(models=models, prompts=Prompts(), **settings)
    founders.check(task)
    return await founders.write(task, METRICS, np.random.default_rng(0))


async def test_each_is_asked_for_by_its_number_and_told_of_those_before_it() -> None:
    models = Scripted(code(text(1), "Take the first way."), code(text(2), "Take the second way."))
    founded = await written(models, count=2)
    assert [(one.number, one.files, one.entry) for one in founded.programs] == [
        (-1, {"main.py": text(1)}, "main.py"),
        (-2, {"main.py": text(2)}, "main.py"),
    ]
    assert [one.description for one in founded.programs] == ["Take the first way.", "Take the second way."]
    assert founded.programs[0].made_by == "first" and founded.programs[0].cost.usd == 0.25
    assert [(asked.key, asked.role) for asked in models.asked] == [
        ("initial/-1/0", "initial"),
        ("initial/-2/0", "initial"),
    ]
    assert "TASK TEXT" in models.asked[0].messages[1].content
    assert "first way" not in models.asked[0].messages[1].content
    assert "- Take the first way." in models.asked[1].messages[1].content


async def test_what_cannot_be_used_is_mended_or_is_a_reason() -> None:
    models = Scripted("Hello.", code(text(1)), code(text(1)), code("def f():\n    pass\n"))
    founded = await written(models, count=2, corrections=1)
    assert [one.files["main.py"] for one in founded.programs] == [text(1)]
    assert founded.reasons == ["first program 2: no entrypoint: main.py does not define entrypoint"]
    assert "there is no code block in it" in models.asked[1].messages[-1].content
    assert "the same as a program that is there already" in models.asked[3].messages[-1].content


async def test_where_asking_on_would_not_help_nobody_is_asked() -> None:
    models = Scripted(code(text(1)), NoReply(Trouble.BUDGET, "the budget is spent"))
    founded = await written(models, count=4)
    assert len(founded.programs) == 1 and len(models.asked) == 2
    assert founded.reasons == ["first program 2: the budget is spent"]


async def test_a_passing_trouble_takes_one_program() -> None:
    founded = await written(Scripted(NoReply(Trouble.SERVER, "down"), code(text(2))), count=2)
    assert [one.number for one in founded.programs] == [-2]


async def test_programs_of_other_languages_and_of_commands_need_no_entrypoint() -> None:
    rust = Task(description="x", call="`./main` runs the program.", language="rust", editable=("*.rs",))
    founded = await written(Scripted("Go.\n```rust\nfn main() {}\n```"), rust, count=1)
    assert founded.programs[0].files == {"main.rs": "fn main() {}\n"}
    script = Task(description="x", call="`python3 main.py` runs the program.", entrypoint="")
    founded = await written(Scripted(code("print(1)\n")), script, count=1)
    assert founded.programs[0].files == {"main.py": "print(1)\n"}


def test_a_broken_template_is_found_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "first.jinja").write_text("{{ nothing }}")
    with pytest.raises(PromptError, match=r"first\.jinja, line 1"):
        Founders(models=Scripted(), prompts=Prompts()).check(Task(prompts=tmp_path))


@pytest.mark.parametrize("wrong", [{"count": 0}, {"corrections": -1}])
def test_wrong_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Founders(models=Scripted(), prompts=Prompts(), **wrong)
