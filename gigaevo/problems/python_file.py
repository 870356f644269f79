"""Reading the Python files of a problem folder without running a line of them."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from pathlib import Path

from gigaevo.problems.errors import ProblemError
from gigaevo.problems.text_file import read_text
from gigaevo.programs.bindings import binding

# Submodules that their package loads only when asked: ``import scipy`` does not load ``scipy.optimize``.
_SUBMODULES: dict[str, frozenset[str]] = {
    "numpy": frozenset({"fft", "linalg", "ma", "polynomial", "random"}),
    "scipy": frozenset(
        {
            *("cluster", "constants", "fft", "integrate", "interpolate", "io", "linalg", "ndimage"),
            *("optimize", "signal", "sparse", "spatial", "special", "stats"),
        }
    ),
}


@dataclass(frozen=True, slots=True)
class PythonFile:
    """A Python file that was parsed and not run.

    Attributes:
        path: The file.
        source: Its text.
        tree: Its syntax tree.
    """

    path: Path
    source: str
    tree: ast.Module

    def binding(self, name: str) -> ast.stmt | None:
        """The last top-level statement that binds ``name``: a def, a class, an assignment or an import."""
        return binding(self.tree, name)

    def require_function(self, name: str, *, arguments: range | None, remedy: str) -> None:
        """Check that ``name`` is bound at the top level and, where it is a def, can be called as it will be.

        A class, an assignment or an import is taken on trust: what it binds is known only when the file runs.

        Args:
            name: The function.
            arguments: Numbers of positional arguments it may be called with; None when that is not known.
            remedy: What to write instead.

        Raises:
            ProblemError: It is missing, ``async``, or takes other arguments.
        """
        found = self.binding(name)
        if found is None:
            raise ProblemError(f"defines no '{name}' at the top level; {remedy}", path=self.path)
        if isinstance(found, ast.AsyncFunctionDef):
            raise ProblemError(
                f"'{name}' is async, so calling it gives no value; {remedy}",
                path=self.path,
                line=found.lineno,
            )
        if arguments is None or not isinstance(found, ast.FunctionDef) or found.decorator_list:
            return
        if not any(_accepts(found.args, count) for count in arguments):
            counts = " or ".join(str(count) for count in arguments)
            raise ProblemError(
                f"'{name}({ast.unparse(found.args)})' cannot be called with {counts} arguments; {remedy}",
                path=self.path,
                line=found.lineno,
            )

    def scientific_imports(self) -> set[str]:
        """``numpy``, ``scipy`` and the submodules of both that the file imports or reaches by attribute."""
        modules: set[str] = set()
        aliases: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    modules |= _known_module(alias.name)
                    if alias.name in _SUBMODULES:
                        aliases[alias.asname or alias.name] = alias.name
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    modules |= _known_module(f"{node.module}.{alias.name}")
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
                modules |= _known_module(f"{aliases[node.value.id]}.{node.attr}")
        return modules


def read_python(path: Path) -> PythonFile:
    """The file at ``path``, parsed.

    Raises:
        ProblemError: It cannot be read, or is not Python that this interpreter can parse.
    """
    source = read_text(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in someone's string is theirs
            tree = ast.parse(source)
    except SyntaxError as error:
        raise ProblemError(f"syntax error: {error.msg}", path=path, line=error.lineno) from error
    except ValueError as error:  # a null byte, in older interpreters
        raise ProblemError(f"is not Python text: {error}", path=path) from error
    except (RecursionError, MemoryError) as error:
        raise ProblemError("is nested too deeply to be parsed", path=path) from error
    return PythonFile(path=path, source=source, tree=tree)


def _accepts(arguments: ast.arguments, count: int) -> bool:
    """Whether a function with these parameters can be called with ``count`` positional arguments."""
    positional = len(arguments.posonlyargs) + len(arguments.args)
    if any(default is None for default in arguments.kw_defaults):  # a required keyword-only parameter
        return False
    return positional - len(arguments.defaults) <= count and (count <= positional or arguments.vararg is not None)


def _known_module(name: str) -> set[str]:
    """What of a dotted name is one of the packages above or a submodule of one; empty for other names."""
    package, _, rest = name.partition(".")
    if package not in _SUBMODULES:
        return set()
    submodule = rest.partition(".")[0]
    return {package, f"{package}.{submodule}"} if submodule in _SUBMODULES[package] else {package}
