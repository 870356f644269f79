"""Language models that say what a test has written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gigaevo.evolution.mutation.base import MutationContext, OperatorContext, Task
from gigaevo.evolution.mutation.llm import Chronicle, ContextBuilder, LLMMutationOperator
from gigaevo.llm.base import NoReply, Reply, Request, Usage
from gigaevo.llm.prompts import Prompts
from gigaevo.programs import Metrics, MetricSpec, Program, ProgramState
from gigaevo.programs.text_facts import files_hash

METRICS = Metrics(
    {
        "fitness": MetricSpec(description="How good it is", is_primary=True, decimals=2),
        "held_out": MetricSpec(description="HIDDEN", include_in_prompts=False),
    }
)
USAGE = Usage(usd=0.25, prompt_tokens=100, completion_tokens=10, calls=1)


class Scripted:
    """Answers questions in turn, each with the usage of one call.

    Attributes:
        asked: The questions.
        learned: What was learned.
    """

    concurrency = 4

    def __init__(self, *answers: str | Reply | NoReply) -> None:
        self._answers = list(answers)
        self.asked: list[Request] = []
        self.learned: list[tuple[str, float, float, bool]] = []

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, NoReply):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(text=answer, model="first", usage=USAGE)

    def parameters(self) -> Mapping[str, Any]:
        return {"learned": len(self.learned)}

    def order(self, parameters: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
        return ["first", "second"] if not parameters.get("learned") else ["second", "first"]

    def learn(self, model: str, *, gain: float, usd: float, new_best: bool) -> None:
        self.learned.append((model, gain, usd, new_best))

    def state(self) -> dict[str, Any]:
        return {"learned": [list(entry) for entry in self.learned]}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.learned = [tuple(entry) for entry in state["learned"]]


def program(source: str, *, number: int = 0, **fields: Any) -> Program:
    """An evaluated program."""
    usual = {
        "id": f"p{number}",
        "number": number,
        "state": ProgramState.COMPLETED,
        "metrics": {"fitness": 0.5},
    }
    given = {**usual, **fields}
    files = given.pop("files", {"main.py": source})
    return Program(files=files, syntax_hash=files_hash(files), **given)


def operator(mode: str, models: Scripted, **settings: Any) -> LLMMutationOperator:
    """An operator that is bound to a run; ``task``, ``independent``, ``chronicle`` and settings of the context can be
    given."""
    task = settings.pop("task", Task(description="TASK TEXT", call="It is called without arguments."))
    folder: Path | None = settings.pop("folder", None)
    independent: bool = settings.pop("independent", False)
    names = ("token_budget", "best", "diverse", "ancestors")
    given = {name: settings.pop(name) for name in names if name in settings}
    made = LLMMutationOperator(
        mode=mode,
        models=models,
        context=ContextBuilder(prompts=Prompts(folders=[] if folder is None else [folder]), **given),
        chronicle=settings.pop("chronicle", None) or Chronicle(),
        **settings,
    )
    made.bind(OperatorContext(metrics=METRICS, takes_context=False, search=None, task=task, independent=independent))
    return made


def context(
    *, observed: int = 0, inspirations: Sequence[Program] = (), proposal: int = 7, **more: Any
) -> MutationContext:
    """What a proposal may know."""
    return MutationContext(
        rng=np.random.default_rng(0), proposal=proposal, observed=observed, inspirations=inspirations, **more
    )


def code(source: str, said: str = "A change for the better.") -> str:
    """An answer with a whole program."""
    return f"{said}\n\n```python\n{source}```\n"


def edit(search: str, replace: str, said: str = "A change for the better.") -> str:
    """An answer with one SEARCH/REPLACE block."""
    return f"{said}\n\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"
