"""Artifacts as language models are shown them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from gigaevo.programs.artifact import Picture, Table, Text, ordered, shown
from gigaevo.programs.program import Program

ARTIFACT_CHARS = 4_000
TOTAL_CHARS = 12_000
_TAG = re.compile(r"<(?=\s*/?\s*artifact)", re.IGNORECASE)


def prompt_artifacts(program: Program, names: Sequence[str]) -> list[str]:
    """The artifacts of ``program`` that a prompt may show, each as a text between ``<artifact>`` tags.

    What stands between the tags comes from programs and validators: data to be read, which cannot close or open a tag.
    What exact verification said is never among them.

    Args:
        program: An evaluated program.
        names: Globs of artifact names, as ``prompt_artifacts`` of problem.yaml has them; ``*`` also matches ``/``.

    Returns:
        At most ``ARTIFACT_CHARS`` characters of each artifact and ``TOTAL_CHARS`` of all, not counting the tags; the
        artifacts of the validator and of stages first, each group by name. Of a picture only its size is told.
    """
    artifacts = shown(program.artifacts)
    texts, room = [], TOTAL_CHARS
    for name in ordered(list(artifacts)):
        if not any(fnmatch.fnmatchcase(name, glob) for glob in names):
            continue
        kind, body = _told(artifacts[name])
        body = _harmless(body)
        cap = min(ARTIFACT_CHARS, room)
        if cap <= 0:
            break
        if len(body) > cap:
            body = f"{body[:cap]}\n... (cut)"
        room -= min(len(body), cap)
        texts.append(f'<artifact name="{_name(name)}" kind="{kind}">\n{body}\n</artifact>')
    return texts


def _told(artifact: Text | Table | Picture) -> tuple[str, str]:
    match artifact:
        case Text(text):
            return "text", text
        case Table():
            return "table", artifact.csv().rstrip("\n")
        case Picture():
            return "picture", f"PNG, {artifact.width} x {artifact.height} pixels, not shown"


def _harmless(text: str) -> str:
    """``text`` without control characters, and without what could pass for a tag of ours."""
    printable = "".join(
        character if character.isprintable() or character in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
    return _TAG.sub("&lt;", printable)


def _name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9 _./-]", "_", name)[:80]
