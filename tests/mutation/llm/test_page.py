"""docs/llm_operators.md names everything that there is."""

from __future__ import annotations

import re
from pathlib import Path

from gigaevo.evolution.mutation.llm.modes import MODES
from gigaevo.evolution.mutation.llm.parts import SECTIONS
from gigaevo.evolution.mutation.llm.unusable import Reason
from gigaevo.llm.prompts import SHIPPED

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "llm_operators.md").read_text()


def test_the_page_has_every_reason_and_no_other() -> None:
    assert re.findall(r"^\| `([a-z ]+)` \|", PAGE.split("| Reason |")[1].split("## ")[0], re.MULTILINE) == list(Reason)


def test_the_page_has_every_operator_and_prompt() -> None:
    assert re.findall(r"^\| `llm_(\w+)` \|", PAGE, re.MULTILINE) == list(MODES)
    table = PAGE.split("| File |")[1].split("\n\n")[0]
    assert {path.stem for path in SHIPPED.glob("*.jinja")} <= set(re.findall(r"`(\w+)`", table))


def test_the_page_numbers_the_parts_that_can_be_left_out() -> None:
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == [str(place) for place in range(1, len(SECTIONS) + 1)]
