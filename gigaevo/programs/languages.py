"""What to know of a programming language to show its programs to a model, and to find marks in their comments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language.

    Attributes:
        name: As problem.yaml and the fences of code blocks write it.
        suffix: Of its files, with the dot.
        comment: What begins a comment that ends with the line.
        comment_end: What ends such a comment, where the line does not: ``*/``.
        aliases: Other words that fences of code blocks use for it.
    """

    name: str
    suffix: str
    comment: str
    comment_end: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def main_file(self) -> str:
        """Name of a program's entry file."""
        return f"main{self.suffix}"

    def is_fence(self, word: str) -> bool:
        """Whether the fence of a code block that says ``word`` means this language."""
        return word.strip().lower() in (self.name, *self.aliases)


PYTHON = Language(name="python", suffix=".py", comment="#", aliases=("py", "python3"))

LANGUAGES: dict[str, Language] = {
    language.name: language
    for language in (
        PYTHON,
        Language(name="c", suffix=".c", comment="//", aliases=("h",)),
        Language(name="cpp", suffix=".cpp", comment="//", aliases=("c++", "cxx", "cc", "hpp")),
        Language(name="cuda", suffix=".cu", comment="//", aliases=("cu",)),
        Language(name="rust", suffix=".rs", comment="//", aliases=("rs",)),
        Language(name="go", suffix=".go", comment="//", aliases=("golang",)),
        Language(name="java", suffix=".java", comment="//"),
        Language(name="kotlin", suffix=".kt", comment="//", aliases=("kt",)),
        Language(name="swift", suffix=".swift", comment="//"),
        Language(name="javascript", suffix=".js", comment="//", aliases=("js", "node")),
        Language(name="typescript", suffix=".ts", comment="//", aliases=("ts",)),
        Language(name="verilog", suffix=".v", comment="//", aliases=("sv", "systemverilog")),
        Language(name="bash", suffix=".sh", comment="#", aliases=("sh", "shell")),
        Language(name="perl", suffix=".pl", comment="#", aliases=("pl",)),
        Language(name="ruby", suffix=".rb", comment="#", aliases=("rb",)),
        Language(name="r", suffix=".r", comment="#"),
        Language(name="julia", suffix=".jl", comment="#", aliases=("jl",)),
        Language(name="lua", suffix=".lua", comment="--"),
        Language(name="haskell", suffix=".hs", comment="--", aliases=("hs",)),
        Language(name="sql", suffix=".sql", comment="--"),
        Language(name="lean", suffix=".lean", comment="--", aliases=("lean4",)),
        Language(name="ocaml", suffix=".ml", comment="(*", comment_end="*)", aliases=("ml",)),
        Language(name="css", suffix=".css", comment="/*", comment_end="*/"),
        Language(name="html", suffix=".html", comment="<!--", comment_end="-->"),
        Language(name="latex", suffix=".tex", comment="%", aliases=("tex",)),
        Language(name="lisp", suffix=".lisp", comment=";", aliases=("scheme", "clojure")),
    )
}
"""Languages by name."""

_BY_SUFFIX = {
    suffix: language
    for language in reversed(LANGUAGES.values())
    for suffix in (*(f".{alias}" for alias in language.aliases), language.suffix)
}


@lru_cache(maxsize=1024)
def language_of(path: str) -> Language | None:
    """The language of a file by the end of its name, ``.hpp`` and other aliases included; None where none is known."""
    return _BY_SUFFIX.get(PurePosixPath(path).suffix.lower())
