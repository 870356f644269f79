"""What is looked at to see what a key of the stages for parents does, and the table of those keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from gigaevo.evaluation.base import Evaluation
from gigaevo.programs import Program
from tests.config.effects import Effect
from tests.config.subjects import Built, loaded

CHOICES = "pipeline=with_insights operators=llm"  # the models themselves are stood in for
BASE = f"problem.name=toy_example {CHOICES}"
MINE = "{_target_:gigaevo.llm.prompts.Prompts,folders:[{tmp}/prompts]}"
PROGRAM = "def entrypoint():\n    return [0.0, 0.0]  # a program of more than forty characters\n"
NOTES = {"insight": "insight", "lineage": "lineage_note"}


def _study(built: Built) -> Evaluation:
    parent, child = (Program(id=name, source=PROGRAM, metrics={"fitness": 1.0}) for name in ("parent", "child"))
    study: Evaluation = asyncio.run(built.node("pipeline").study(child, [parent]))
    return study


def asked_of_spare(built: Built) -> set[str]:
    """What another model was asked for."""
    _study(built)
    return {request.role for request in built.given["spare"].asked}


def request(role: str, look: Callable[[Any], Any]) -> Callable[[Built], Any]:
    """Something of the request that was made for a note."""

    def seen(built: Built) -> Any:
        _study(built)
        return next((look(one) for one in built.given["llm"].asked if one.role == role), None)

    return seen


def question(role: str, look: Callable[[str], Any]) -> Callable[[Built], Any]:
    """Something of its text."""
    return request(role, lambda one: look(one.messages[-1].content))


def length(role: str) -> Callable[[Built], int]:
    """Characters of the note."""
    return lambda built: len(_study(built).artifacts[NOTES[role]])


def _of_the_toy(text: str) -> bool:
    return loaded("toy_example").task_description.strip() in text


def _keys_of(role: str, stage: str) -> dict[str, Effect]:
    return {
        f"{stage}.models": Effect("${ref:spare}", asked_of_spare, {role}, base=BASE),
        f"{stage}.problem": Effect(
            "${ref:spare_problem}",
            question(role, _of_the_toy),
            True,
            base=f"problem.name=sorting {CHOICES}",
        ),
        f"{stage}.prompts": Effect(MINE, question(role, lambda text: text.startswith("Mine")), True, base=BASE),
        f"{stage}.ask": Effect("[cheap]", request(role, lambda one: one.models), ("cheap",), base=BASE),
        f"{stage}.max_tokens": Effect("77", request(role, lambda one: one.max_tokens), 77, base=BASE),
        f"{stage}.chars": Effect("10", length(role), len("x" * 10 + " ..."), base=BASE),
        f"{stage}.token_budget": Effect("10", question(role, lambda text: "... (cut)" in text), True, base=BASE),
    }


NOTE_STAGES = {**_keys_of("insight", "pipeline.stages.4"), **_keys_of("lineage", "pipeline.stages.5")}
