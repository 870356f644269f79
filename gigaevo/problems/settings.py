"""What a problem's optional ``problem.yaml`` may say."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from gigaevo.programs.languages import LANGUAGES, PYTHON


def _module_name(text: str) -> str:
    if not all(part.isidentifier() for part in text.split(".")):
        raise ValueError("should be the dotted name of a module, such as scipy.optimize")
    return text


def _relative_glob(text: str) -> str:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts:
        raise ValueError("should be a relative glob, such as data/*.csv")
    return text


ModuleName = Annotated[str, AfterValidator(_module_name)]
RelativeGlob = Annotated[str, AfterValidator(_relative_glob)]


def _artifact_glob(text: str) -> str:
    if not text.strip():
        raise ValueError("should be the name of an artifact, or a glob such as program/*")
    return text


ArtifactGlob = Annotated[str, AfterValidator(_artifact_glob)]


def _language_name(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError(f"should be one of {', '.join(sorted(LANGUAGES))}")
    return text


LanguageName = Annotated[str, AfterValidator(_language_name)]


def _commands(value: Any) -> Any:
    """One command, or several, as several."""
    if isinstance(value, (list, tuple)) and value and all(isinstance(word, str) for word in value):
        value = [value]
    whole = isinstance(value, (list, tuple)) and all(
        isinstance(words, (list, tuple)) and words and all(isinstance(word, str) for word in words) for words in value
    )
    if not whole or any(not words[0] or "\0" in "".join(words) for words in value):
        raise ValueError("should be a list of words, such as [perl, main.pl], or a list of such lists, the last to run")
    return value


Commands = Annotated[tuple[tuple[str, ...], ...], BeforeValidator(_commands)]


class SandboxNeeds(BaseModel):
    """What a problem's programs need that a sandbox denies by default.

    Attributes:
        allow: ``threads`` (more than one thread), ``processes`` (children of the program's own, and executing files),
            ``loopback`` (sockets within a network of the program's own).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow: tuple[Literal["threads", "processes", "loopback"], ...] = ()


class ProblemSettings(BaseModel):
    """The keys of ``problem.yaml``; an unknown one is an error.

    Globs are ``fnmatch`` patterns: ``*`` also matches ``/``.

    Attributes:
        preload: Modules that are imported once, before programs are forked, so that no program pays for them.
        behavior_keys: Metrics that describe how a program behaves rather than how good it is: axes of the
            default behaviour space. Each has both bounds.
        language: What programs are written in, by a name of ``gigaevo.programs.languages``.
        command: How a program is run where no ``entrypoint`` is called: commands that are executed one after the other
            in its folder, each a list of words. The last one prints the answer; those before it build.
        editable: Files of a program that mutation may change. By default the files with the language's suffix.
        hidden: Files of the folder that programs and prompts must not see, such as held-out data; hidden from programs
            at the levels that close the file system.
        sandbox: What the programs need of the sandbox.
        noisy: Whether the same program may score differently each time: one evaluation then takes several runs, and a
            duplicate is evaluated again.
        prompt_artifacts: Globs of the names of artifacts that language models are shown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    preload: tuple[ModuleName, ...] = ()
    behavior_keys: tuple[str, ...] = ()
    language: LanguageName = PYTHON.name
    command: Commands = ()
    editable: tuple[RelativeGlob, ...] = ("*.py",)
    hidden: tuple[RelativeGlob, ...] = ()
    sandbox: SandboxNeeds = SandboxNeeds()
    noisy: bool = False
    prompt_artifacts: tuple[ArtifactGlob, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _editable_follows_the_language(cls, data: Any) -> Any:
        if isinstance(data, dict) and "editable" not in data and data.get("language") in LANGUAGES:
            return {**data, "editable": (f"*{LANGUAGES[data['language']].suffix}",)}
        return data
