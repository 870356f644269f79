"""What the document takes for granted around its Python, and how a block is run among it."""

from __future__ import annotations

import ast
import inspect
import runpy
from typing import Any

from loguru import logger

from gigaevo.evolution.strategies import map_elites
from gigaevo.programs import Program
from tests.seed_document.manifest import Block, Kind

# The names that a reader would import: all that configurations name, programs, and the log.
PRELUDE: dict[str, Any] = {
    **{name: getattr(map_elites, name) for name in map_elites.__all__},
    "Program": Program,
    "logger": logger,
}


async def run_block(block: Block, **given: Any) -> dict[str, Any]:
    """Run a block to the letter.

    Args:
        block: Of Python.
        given: Objects that it takes for granted beside the prelude, by name.

    Returns:
        The names that it leaves behind, and under ``values`` what its bare expressions gave, in order.
    """
    assert block.kind is Kind.PYTHON
    tree = ast.parse(block.text)
    for statement in tree.body:
        if isinstance(statement, ast.Expr):
            keep = ast.Call(ast.Attribute(ast.Name("values", ast.Load()), "append", ast.Load()), [statement.value], [])
            statement.value = ast.copy_location(keep, statement.value)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(ast.fix_missing_locations(tree), block.path.name, "exec", flags=flags, dont_inherit=True)
    names: dict[str, Any] = {**PRELUDE, **given, "__name__": block.label, "values": []}
    running = eval(code, names)
    if inspect.isawaitable(running):
        await running
    return names


def run_twin(block: Block) -> dict[str, Any]:
    """The names that the twin of a block of pseudo-code defines."""
    assert block.kind is Kind.PSEUDO and block.twin == "py"
    return runpy.run_path(str(block.twin_path), run_name=block.label)
