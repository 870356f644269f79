"""What the keys of the operators that ask language models do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gigaevo.evolution.mutation.base import Credit, Mutation, MutationContext, NoChild, OperatorContext, Task
from gigaevo.evolution.mutation.llm.modes import MODES
from gigaevo.llm.base import Reply, Request
from gigaevo.programs import Program, ProgramState
from gigaevo.programs.text_facts import files_hash
from tests.config.effects import Effect
from tests.config.subjects import Built

ANSWERING = "problem.name=toy_example llm=local llm._target_=tests.config.operator_keys.Answering"
OURS = "{_target_:gigaevo.llm.prompts.Prompts,texts:{system:Otherwise}}"
LLM = "gigaevo.evolution.mutation.llm"
BODY = "    x = 0  # tune: 0 .. 99\n"
LINES = "".join(f"    name_{n} = name_{n + 1} + name_{n + 2}\n" for n in range(80))


class Answering:
    """Language models that change one number, each time another; whatever is configured.

    Attributes:
        asked: The questions.
        useless: Whether they answer with nothing instead.
        repeating: Whether they answer the same each time.
    """

    concurrency = 2

    def __init__(self, **_: object) -> None:
        self.asked: list[Request] = []
        self.useless = self.repeating = False

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        text = "" if self.useless else self._change(request, 1 if self.repeating else len(self.asked))
        return Reply(text=text, model="main")

    def _change(self, request: Request, number: int) -> str:
        new = BODY.replace("0", f"{number}", 1)
        if "<<<<<<< SEARCH" in request.messages[0].content:
            old = BODY.replace("0", f"{number - 1}", 1)
            return f"Better.\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"
        return f"Better.\n```python\n{source(new)}```\n"

    def parameters(self) -> Mapping[str, Any]:
        return {}

    def order(self, parameters: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
        return ["main"]

    def learn(self, model: str, *, gain: float, usd: float, new_best: bool) -> None:
        pass

    def state(self) -> dict[str, Any]:
        return {}


def source(body: str = BODY) -> str:
    return f"def entrypoint():\n{body}    return [x, 0.0]\n"


def program(number: int, text: str, **fields: Any) -> Program:
    """An evaluated program."""
    given = {"state": ProgramState.COMPLETED, "metrics": {"fitness": 1.0 + number}, **fields}
    return Program(id=f"p{number}", files={"main.py": text}, syntax_hash=files_hash({"main.py": text}), **given)


PARENT = program(0, source(), mutations_applied=["the first of all"])
ATTEMPTS = [
    program(n, source(BODY.replace("x = 0", f"x = [{n}]")), parents=["p0"], mutations_applied=["tried before"])
    for n in (1, 2)
]


class Asked:
    """One mutation by an operator of a configuration, bound to the toy example, of which a little is known."""

    def __init__(self, built: Built, name: str, *, observed: int = 9, **answers: bool) -> None:
        self.operator = built.node(f"operators.{name}")
        task = Task(description="task", prompts=None)
        self.operator.bind(OperatorContext(metrics=built.problem.metrics, takes_context=False, search=None, task=task))
        for one in (PARENT, *ATTEMPTS, program(5, source(BODY.replace("0", "1", 1)), mutations_applied=["the same"])):
            self.operator.observe(one)
        self.models = built.node("llm")
        for option, value in answers.items():
            setattr(self.models, option, value)
        context = MutationContext(rng=np.random.default_rng(0), observed=observed, inspirations=ATTEMPTS)
        self.outcome: Mutation | NoChild = asyncio.run(self.operator.mutate([PARENT], context))

    @property
    def system(self) -> str:
        return str(self.models.asked[0].messages[0].content)

    @property
    def user(self) -> str:
        return str(self.models.asked[0].messages[1].content)


def name_of(name: str) -> Callable[[Built], str]:
    return lambda built: str(built.node(f"operators.{name}").name)


def system(name: str = "llm_rewrite") -> Callable[[Built], bool]:
    return lambda built: Asked(built, name).system == "Otherwise"


def told(what: str) -> Callable[[Built], int]:
    return lambda built: Asked(built, "llm_rewrite").user.count(what)


def questions(name: str, *, observed: int = 0, **answers: bool) -> Callable[[Built], int]:
    return lambda built: len(Asked(built, name, observed=observed, **answers).models.asked)


def inspirations(built: Built) -> tuple[int, int]:
    asked: tuple[int, int] = built.node("operators.llm_rewrite").inspirations
    return asked


def a_changed_token_is_known(built: Built) -> bool:
    """Of a long program in which one sign is another."""
    novelty = built.node("novelty")
    novelty.bind(OperatorContext(metrics=built.problem.metrics, takes_context=False, search=None))
    novelty.observe(program(0, f"def entrypoint():\n{LINES}    return [0.0, 0.0]\n"))
    files = {"main.py": f"def entrypoint():\n{LINES.replace('+', '-', 1)}    return [0.0, 0.0]\n"}
    return novelty.known(files, files_hash(files), observed=1) is not None


def row(value: str, seen: Callable[[Built], Any], after: Any) -> Effect:
    return Effect(value, seen, after, base=ANSWERING)


def operator(name: str) -> dict[str, Effect]:
    """The keys of one operator."""
    key, other = f"operators.{name}", "llm_diff" if name != "llm_diff" else "llm_rewrite"
    return {
        f"{key}.mode": row(other.removeprefix("llm_"), name_of(name), other),
        f"{key}.models": row("{_target_:tests.config.operator_keys.Answering}", questions(name), 0),
        f"{key}.context": row(f"{{_target_:{LLM}.ContextBuilder,prompts:{OURS}}}", system(name), True),
        f"{key}.chronicle": row(
            f"{{_target_:{LLM}.Chronicle,retries:2}}", questions(name, observed=9, repeating=True), 3
        ),
        f"{key}.chain": row("3", questions(name), 3),
        f"{key}.corrections": row("2", questions(name, useless=True), 3),
    }


PORTFOLIO = f"{ANSWERING} mutation=llm"


def after_failures(times: int, look: Callable[[Any], Any], *, calls: int = 1) -> Callable[[Built], Any]:
    """What is seen of the portfolio when so many children of one operator were turned away."""

    def seen(built: Built) -> Any:
        portfolio = built.node("mutation_operator")
        for _ in range(times):
            portfolio.credit(
                Credit(operator="llm_diff", parameters={}, outcome="rejected", improved=False, validate_calls=calls)
            )
        return round(look(portfolio), 2)

    return seen


def portfolio(value: str, seen: Callable[[Built], Any], after: Any) -> Effect:
    return Effect(value, seen, after, base=PORTFOLIO)


OPERATORS_LLM: dict[str, dict[str, Effect]] = {
    "operators/llm.yaml": {
        "prompts.folders": row("[tests/config/templates]", told("TASK OF OURS"), 1),
        "llm_context.prompts": row(OURS, system(), True),
        "llm_context.token_budget": row("1", told("tried before"), 0),
        "llm_context.best": row("7", inspirations, (7, 1)),
        "llm_context.diverse": row("7", inspirations, (2, 7)),
        "llm_context.ancestors": row("0", told("the first of all"), 0),
        "novelty.similarity": row("null", a_changed_token_is_known, False),
        "novelty.retries": row("3", questions("llm_rewrite", observed=9, repeating=True), 4),
        "novelty.trials": row("1", told("tried before"), 1),
        **{key: effect for mode in MODES for key, effect in operator(f"llm_{mode}").items()},
    },
    "mutation/llm.yaml": {
        "mutation_operator.operators": portfolio(
            "[${operators.llm_diff}]", lambda built: sorted(built.node("mutation_operator").members), ["llm_diff"]
        ),
        "mutation_operator.floor": portfolio("0.1", after_failures(400, lambda it: it.shares()["llm_diff"]), 0.1),
        "mutation_operator.learning_rate": portfolio(
            "1", after_failures(1, lambda it: it.state()["llm_diff"]["reward"]), 0.0
        ),
        "mutation_operator.overhead_calls": portfolio(
            "1e9", after_failures(1, lambda it: it.state()["llm_diff"]["cost"], calls=900), 1.0
        ),
    },
}
