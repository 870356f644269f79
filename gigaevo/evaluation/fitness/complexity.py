"""McCabe's number of a program's most complex function, by lizard."""

from __future__ import annotations

import ast

from gigaevo.evaluation.fitness.anatomy import Anatomy
from gigaevo.programs.syntax import unparse

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def function_complexity(anatomy: Anatomy) -> float:
    """Cyclomatic complexity of the most complex function, at least 1.

    Code outside of functions is counted as a function of its own, so that none escapes by standing there. What lizard
    reads is the program as written anew from its syntax tree: comments, one of which would switch lizard off, and
    layout have no say.
    """
    import lizard  # takes 30 ms, and few runs measure fitness

    definitions = [node for node in anatomy.tree.body if isinstance(node, _DEFINITIONS)]
    loose = [node for node in anatomy.tree.body if not isinstance(node, _DEFINITIONS)]
    wrapped = ast.parse("def module_code():\n    pass\n")
    if loose:
        wrapped.body[0].body = loose  # type: ignore[attr-defined]
    text = unparse(ast.Module(body=[*definitions, *wrapped.body], type_ignores=[]))
    functions = lizard.analyze_file.analyze_source_code("program.py", text).function_list
    return float(max(function.cyclomatic_complexity for function in functions))
