"""What a program leaves in the folder ``artifacts`` of its scratch folder: texts, tables and pictures, capped."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

FOLDER = "artifacts"
MOST_FILES = 16
MOST_BYTES = 256 << 10  # of one file
MOST_BYTES_IN_ALL = 512 << 10
MOST_ANSWER = 2 * MOST_BYTES_IN_ALL  # base64 and JSON take more room than the files

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}\.(txt|csv|png)")
_PNG = b"\x89PNG\r\n\x1a\n"


def left_artifacts(scratch: str) -> bytes:
    """The program's files as one more part of its answer; nothing where there are none. Runs in its process."""
    try:
        names = sorted(path.name for path in Path(scratch, FOLDER).iterdir())
    except OSError:
        return b""
    found, left = {}, MOST_BYTES_IN_ALL
    for name in names[:MOST_FILES]:
        data = _contents(f"{scratch}/{FOLDER}/{name}") if _NAME.fullmatch(name) else None
        if data is not None and len(data) <= left:
            left -= len(data)
            found[name] = base64.b64encode(data).decode("ascii")
    text = json.dumps(found)
    return b"A" + len(text).to_bytes(4, "big") + text.encode("ascii") if found else b""


def _contents(path: str) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            data = file.read(MOST_BYTES + 1)
    except OSError:
        return None
    return data if len(data) <= MOST_BYTES else None


def read_artifacts(part: bytes) -> dict[str, Any]:
    """The artifacts in ``part`` of an answer, by name without ending; what is malformed is left out.

    Texts are strings, tables ``{"columns": [...], "rows": [[...], ...]}`` of strings, pictures ``{"png": <base64>}``.

    Args:
        part: What the program's process wrote, which may be anything.
    """
    if part[:1] != b"A" or len(part) > MOST_ANSWER or len(part) != 5 + int.from_bytes(part[1:5], "big"):
        return {}
    try:
        files = json.loads(part[5:])
        pairs = list(files.items())[:MOST_FILES]
    except (ValueError, RecursionError, AttributeError):
        return {}
    artifacts = {}
    for name, content in pairs:
        if type(content) is str and _NAME.fullmatch(name):
            try:
                artifact = _artifact(Path(name).suffix, base64.b64decode(content, validate=True))
            except ValueError:
                continue
            if artifact is not None:
                artifacts[Path(name).stem] = artifact
    return artifacts


def _artifact(ending: str, data: bytes) -> Any:
    if len(data) > MOST_BYTES:
        return None
    if ending == ".png":
        return {"png": base64.b64encode(data).decode("ascii")} if data.startswith(_PNG) else None
    text = data.decode("utf-8", "replace")
    if ending == ".txt":
        return text
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error:
        return None
    return {"columns": rows[0], "rows": rows[1:]} if rows else None
