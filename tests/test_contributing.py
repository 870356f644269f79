"""The example in CONTRIBUTING.md does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from gigaevo.evolution.mutation.base import Mutation, MutationContext
from gigaevo.programs import Program

ROOT = Path(__file__).resolve().parent.parent


async def test_the_operator_of_the_guide_makes_a_child() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    example = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0]
    names: dict[str, object] = {}
    exec(compile(example, "CONTRIBUTING.md", "exec"), names)
    operator = names["Alias"]()  # type: ignore[operator]
    parent = Program(id="p", source="def entrypoint():\n    return 1\n")
    child = await operator.mutate([parent], MutationContext(rng=np.random.default_rng(0)))
    assert isinstance(child, Mutation)
    assert child.source.startswith(parent.source)
    compile(child.source, "child", "exec")
