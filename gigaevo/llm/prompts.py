"""Prompts: jinja2 files that say what language models are told.

A prompt is found by its name, first among texts that were given, then in folders (a problem's own, those of the
configuration), then among those that come with the package, ``gigaevo/llm/prompts/<name>.jinja``. So a user replaces
one file and leaves the others, and a prompt is data that a program may write as well. Templates run sandboxed: they can
show what they are given and reach nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment, Template, TemplateError
    from jinja2.nodes import Node

SUFFIX = ".jinja"
SHIPPED = Path(__file__).with_suffix("")


class PromptError(ValueError):
    """A prompt that cannot be used; one line that names the file, the line and what is wrong."""


class Prompts:
    """Finds and fills in prompts. Each is read and compiled once.

    Args:
        folders: Where to look before the package, the first first.
        texts: Prompts by name that stand in for files.

    Raises:
        PromptError: A folder does not exist, or a text has a name that no prompt of the package has.
    """

    def __init__(self, *, folders: Sequence[str | Path] = (), texts: Mapping[str, str] | None = None) -> None:
        self._folders = [Path(folder) for folder in folders]
        self._texts = dict(texts or {})
        self._templates: dict[str, Template] = {}
        self._checked: set[tuple[str, frozenset[str]]] = set()
        for folder in self._folders:
            if not folder.is_dir():
                raise PromptError(f"prompts: {folder} is no folder")
        for name in self._texts:
            if not (SHIPPED / (name + SUFFIX)).is_file():
                known = sorted(path.stem for path in SHIPPED.glob("*" + SUFFIX))
                raise PromptError(f"prompts.texts: nobody asks for a prompt {name!r}; there are {', '.join(known)}")

    def for_problem(self, folder: Path | None) -> Prompts:
        """These prompts with those of a problem's folder before them; itself where there is none."""
        if folder is None or folder in self._folders:
            return self
        return Prompts(folders=[folder, *self._folders], texts=self._texts)

    def check(self, name: str, example: Mapping[str, Any]) -> None:
        """Make sure that a prompt can be used, before anything depends on it.

        Args:
            name: The prompt; those that it includes are checked too.
            example: Every variable that it may use, with a value of the kind that it will have. It is filled in once,
                and not again for another example with the same variables.

        Raises:
            PromptError: There is no such prompt, its syntax is wrong, it uses a variable that there is not, or it
                cannot be filled in.
        """
        case = (name, frozenset(example))
        if case not in self._checked:
            self._check_names(name, set(example), set())
            self.render(name, **example)
            self._checked.add(case)

    def render(self, name: str, **values: Any) -> str:
        """The prompt called ``name``, filled in, without blank lines at its ends.

        Raises:
            PromptError: There is no such prompt, or it cannot be filled in.
        """
        from jinja2 import TemplateError

        try:
            template = self._templates.get(name)
            if template is None:
                template = self._templates[name] = self._environment.get_template(name + SUFFIX)
            return template.render(values).strip("\n")
        except TemplateError as error:
            raise self._error(name, error) from None
        except Exception as error:  # whatever an expression in a template may raise
            raise PromptError(f"{self._file_of(name)}: {type(error).__name__}: {_one_line(error)}") from None

    @cached_property
    def _environment(self) -> Environment:
        """jinja2 is imported here, so that a run without a language model never loads it."""
        try:
            import jinja2
            from jinja2.sandbox import ImmutableSandboxedEnvironment
        except ModuleNotFoundError as error:
            raise PromptError(f"prompts need {error.name}: pip install -e '.[llm]'") from None

        texts = {name + SUFFIX: text for name, text in self._texts.items()}
        loaders = [jinja2.DictLoader(texts), jinja2.FileSystemLoader([*self._folders, SHIPPED])]
        return ImmutableSandboxedEnvironment(
            loader=jinja2.ChoiceLoader(loaders),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def _check_names(self, name: str, known: set[str], checked: set[str]) -> None:
        """Refuse variables that nobody will give a value, in the branches too that an example does not take."""
        from jinja2 import TemplateError, meta

        if name in checked:
            return
        checked.add(name)
        try:
            source, _, _ = self._loaded(name)
            tree = self._environment.parse(source)
        except TemplateError as error:
            raise self._error(name, error) from None
        for unknown in sorted(meta.find_undeclared_variables(tree) - known):
            raise PromptError(
                f"{self._file_of(name)}, line {_line_of(tree, unknown)}: there is no {unknown!r} here; "
                f"known are {', '.join(sorted(known))}"
            )
        for other in meta.find_referenced_templates(tree):
            if other is not None:
                self._check_names(other.removesuffix(SUFFIX), known, checked)

    def _loaded(self, name: str) -> tuple[str, str | None, Any]:
        loader = self._environment.loader
        assert loader is not None
        return loader.get_source(self._environment, name + SUFFIX)

    def _file_of(self, name: str) -> str:
        from jinja2 import TemplateError

        try:
            return self._loaded(name)[1] or f"prompt {name!r}"
        except TemplateError:
            return f"prompt {name!r}"

    def _error(self, name: str, error: TemplateError) -> PromptError:
        from jinja2 import TemplateNotFound, TemplateSyntaxError

        if isinstance(error, TemplateNotFound):
            where = ", ".join(str(folder) for folder in [*self._folders, SHIPPED])
            return PromptError(f"there is no prompt {error.name!r}; looked in {where}")
        if isinstance(error, TemplateSyntaxError):
            file = error.filename or self._file_of(name)
            return PromptError(f"{file}, line {error.lineno}: {_one_line(error.message or '')}")
        return PromptError(f"{self._file_of(name)}: {_one_line(error.message or '')}")


def _line_of(tree: Node, variable: str) -> int:
    from jinja2 import nodes

    return next((node.lineno for node in tree.find_all(nodes.Name) if node.name == variable), 0)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:300]
