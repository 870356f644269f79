"""What a problem's optional ``problem.yaml`` may say."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict


def _module_name(text: str) -> str:
    if not all(part.isidentifier() for part in text.split(".")):
        raise ValueError("should be the dotted name of a module, such as scipy.optimize")
    return text


def _relative_glob(text: str) -> str:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts:
        raise ValueError("should be a glob relative to the problem folder, such as data/*.csv")
    return text


ModuleName = Annotated[str, AfterValidator(_module_name)]
RelativeGlob = Annotated[str, AfterValidator(_relative_glob)]


def _artifact_glob(text: str) -> str:
    if not text.strip():
        raise ValueError("should be the name of an artifact, or a glob such as program/*")
    return text


ArtifactGlob = Annotated[str, AfterValidator(_artifact_glob)]


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
        editable: Files of a program that mutation may change; the operators so far change the entry file only.
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
    editable: tuple[RelativeGlob, ...] = ("*.py",)
    hidden: tuple[RelativeGlob, ...] = ()
    sandbox: SandboxNeeds = SandboxNeeds()
    noisy: bool = False
    prompt_artifacts: tuple[ArtifactGlob, ...] = ()
