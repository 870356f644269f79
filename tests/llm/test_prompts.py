"""Prompts: found by name, place after place, filled in strictly, and checked before anything depends on them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gigaevo.llm.prompts import SHIPPED, PromptError, Prompts

ROOT = Path(__file__).resolve().parents[2]


def folder(path: Path, **files: str) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / f"{name}.jinja").write_text(text)
    return path


def test_the_problems_folder_comes_before_that_of_the_configuration(tmp_path: Path) -> None:
    configured = folder(tmp_path / "configured", system="configured {{ task }}", rules="rules")
    of_problem = folder(tmp_path / "problem", system="the problem's {{ task }}")
    prompts = Prompts(folders=[configured])
    assert prompts.render("system", task="x") == "configured x"
    assert prompts.for_problem(of_problem).render("system", task="x") == "the problem's x"
    assert prompts.for_problem(of_problem).render("rules") == "rules"
    assert prompts.for_problem(None) is prompts


def test_a_text_stands_in_for_a_file(tmp_path: Path) -> None:
    configured = folder(tmp_path / "configured", system="from a file")
    assert Prompts(folders=[configured], texts={"system": "evolved"}).render("system") == "evolved"


def test_a_text_that_nobody_asks_for_is_said_at_once() -> None:
    with pytest.raises(PromptError, match=r"nobody asks for a prompt 'sytem'; there are again_known, .*, system, "):
        Prompts(texts={"sytem": "evolved"})


def test_a_variable_that_nobody_gives_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    of_user = folder(tmp_path / "mine", system="{{ task }}\n{% if false %}\n{{ tsak }}\n{% endif %}")
    with pytest.raises(PromptError, match=r"mine/system\.jinja, line 3: there is no 'tsak' here; known are task"):
        Prompts(folders=[of_user]).check("system", {"task": "find it"})


def test_what_a_prompt_includes_is_checked_too(tmp_path: Path) -> None:
    of_user = folder(tmp_path / "mine", system="{% include 'inner.jinja' %}", inner="\n{{ nobody }}")
    with pytest.raises(PromptError, match=r"inner\.jinja, line 2: there is no 'nobody'"):
        Prompts(folders=[of_user]).check("system", {"task": ""})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one\n{% if task %}", r"system\.jinja, line 2: "),
        ("{{ task.nothing_like_it }}", r"system\.jinja: .*nothing_like_it"),
        ("{{ 1 // 0 }}", r"system\.jinja: ZeroDivisionError"),
        ("{% include 'elsewhere.jinja' %}", r"no prompt 'elsewhere\.jinja'"),
    ],
)
def test_a_prompt_that_cannot_be_filled_in_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    of_user = folder(tmp_path / "mine", system=text)
    with pytest.raises(PromptError, match=said) as caught:
        Prompts(folders=[of_user]).check("system", {"task": "find it"})
    assert "\n" not in str(caught.value)


def test_a_prompt_reaches_nothing_but_what_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_text("hidden")
    of_user = folder(tmp_path / "mine", system="{{ task.__class__.__mro__ }}", outside="{% include '../verify.py' %}")
    prompts = Prompts(folders=[of_user])
    for name in ("system", "outside"):
        with pytest.raises(PromptError):
            prompts.render(name, task="x")


def test_a_missing_folder_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="no folder"):
        Prompts(folders=[tmp_path / "none"])


def test_jinja_is_loaded_when_a_prompt_is(tmp_path: Path) -> None:
    probe = "import sys; from gigaevo.llm.prompts import Prompts; Prompts(); print('jinja2' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "False"


def test_the_prompts_of_the_package_lie_where_they_are_looked_for() -> None:
    assert SHIPPED.is_dir()
    assert list(SHIPPED.glob("*.jinja"))
