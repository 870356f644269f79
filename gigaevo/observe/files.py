"""Replacing a file in one step, so that a reader sees the old text or the new one and never a part."""

from __future__ import annotations

from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Make ``text`` the content of ``path``; lone surrogates are written as backslash escapes."""
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_bytes(text.encode("utf-8", "backslashreplace"))
    unfinished.replace(path)
