"""McCabe's number of a program's most complex function, by lizard."""

from __future__ import annotations

import ast

from gigaevo.evaluation.fitness.anatomy import Anatomy, Function
from gigaevo.programs.syntax import parse_source, unparse


def function_complexity(anatomy: Anatomy) -> float:
    """Cyclomatic complexity of the most complex function, at least 1.

    Each function is counted without the functions within it, and code outside of functions as a function of its own, so
    that none escapes by standing there. What lizard reads is written anew from the syntax tree: layout and comments, of
    which one would switch lizard off, have no say, and neither has nesting, on which its memory grows exponentially.
    """
    import lizard  # takes 30 ms, and few runs measure fitness

    functions = lizard.analyze_file.analyze_source_code("program.py", _laid_out(anatomy.source)).function_list
    return float(max(function.cyclomatic_complexity for function in functions))


def _laid_out(source: str) -> str:
    """All functions of a program one after another, at the top level, and then the rest of it as one more."""
    tree = parse_source(source)  # a tree of our own, as it will be taken apart
    lifter = _Lifter()
    rest = lifter.visit(tree).body
    module = ast.parse("def module_code():\n    pass\n")
    module.body[0].body += rest  # type: ignore[attr-defined]
    module.body = [*lifter.functions, *module.body]
    return unparse(ast.fix_missing_locations(module))


class _Lifter(ast.NodeTransformer):
    """Takes functions out of where they stand, and opens classes.

    Attributes:
        functions: What was taken out, under new names.
    """

    def __init__(self) -> None:
        self.functions: list[Function] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return self._lifted(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return self._lifted(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> list[ast.stmt]:
        self.generic_visit(node)
        return node.body

    def _lifted(self, node: Function) -> ast.stmt:
        self.generic_visit(node)
        node.name = f"part_{len(self.functions)}"
        self.functions.append(node)
        return ast.Pass()
