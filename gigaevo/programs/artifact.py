"""Artifacts: the short texts, tables and pictures that a validator, a stage or a program leaves beside the metrics.

An artifact is stored as JSON. A string is a text, ``{"columns": [...], "rows": [[...], ...]}`` a table and
``{"png": <base64>}`` a picture; any other JSON value is shown as text. What programs leave is named ``program/<name>``,
so that it never passes for what the validator said. All of it is data: nothing here decodes a picture or trusts a text.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TEXT_CHARS = 64_000
TABLE_COLUMNS = 64
TABLE_ROWS = 1_000
CELL_CHARS = 1_000
PICTURE_BYTES = 256 << 10
PICTURE_SIDE = 4_096  # pixels
MOST_ARTIFACTS = 16  # of one source
TOTAL_CHARS = 1 << 20  # of one source, as JSON

DROPPED = "dropped_artifacts"  # what was left out, and why: a list of lines
OF_PROGRAMS = "program/"  # what begins like this was left by a program
RESERVED = frozenset(
    {"artifact", "dropped_metrics", DROPPED, "insight", "lineage_note", "samples", "stdout", "stderr", "verification"}
)
BOOKKEEPING = frozenset({"dropped_metrics", DROPPED, "verification"})  # not shown as artifacts

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class ArtifactError(ValueError):
    """A value is no artifact, or exceeds a cap; the message says which."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text.

    Attributes:
        text: At most ``TEXT_CHARS`` characters where it was checked.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        columns: Names of the columns.
        rows: Cells: text, numbers, bools or None; each row as long as ``columns``.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def csv(self) -> str:
        """The table as CSV. A text that a spreadsheet would take for a formula gets an apostrophe in front."""
        target = io.StringIO()
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow([_no_formula(name) for name in self.columns])
        writer.writerows([_no_formula(cell) for cell in row] for row in self.rows)
        return target.getvalue()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture.

    Attributes:
        png: Its bytes: chunks whose lengths and check sums are right; what is compressed in them is not looked at.
        width: In pixels.
        height: In pixels.
    """

    png: bytes
    width: int
    height: int


def artifact_of(stored: Any) -> Text | Table | Picture:
    """What a stored artifact is.

    Args:
        stored: A JSON value. One that says it is a table or a picture and is malformed is shown as text.
    """
    if isinstance(stored, str):
        return Text(stored)
    try:
        if is_table(stored):
            return table_of(stored)
        if is_picture(stored):
            return picture_of(base64.b64decode(stored["png"], validate=True))
    except ValueError:
        pass
    return Text(json.dumps(stored, indent=1))


def is_table(value: Any) -> bool:
    """Whether a value says that it is a table."""
    return isinstance(value, Mapping) and set(value) == {"columns", "rows"}


def is_picture(value: Any) -> bool:
    """Whether a value says that it is a picture."""
    return isinstance(value, Mapping) and set(value) == {"png"} and isinstance(value["png"], str)


def table_of(value: Mapping[str, Any]) -> Table:
    """The table that ``{"columns": ..., "rows": ...}`` describes.

    Raises:
        ArtifactError: It is no rectangle of plain cells, or exceeds a cap.
    """
    columns, rows = value["columns"], value["rows"]
    if not isinstance(columns, (list, tuple)) or not all(isinstance(name, str) for name in columns):
        raise ArtifactError("columns must be a list of names")
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in rows):
        raise ArtifactError("rows must be a list of lists")
    if not 1 <= len(columns) <= TABLE_COLUMNS or len(rows) > TABLE_ROWS:
        raise ArtifactError(
            f"{len(rows)} rows of {len(columns)} columns; at most {TABLE_ROWS} of {TABLE_COLUMNS} are kept"
        )
    if any(len(row) != len(columns) for row in rows):
        raise ArtifactError(f"each row must have as many cells as there are columns ({len(columns)})")
    return Table(
        tuple(name[:CELL_CHARS] for name in columns), tuple(tuple(_cell(cell) for cell in row) for row in rows)
    )


def picture_of(png: bytes) -> Picture:
    """The picture whose bytes these are.

    Raises:
        ArtifactError: They are no PNG, which is seen from its chunks, or exceed a cap.
    """
    if len(png) > PICTURE_BYTES:
        raise ArtifactError(f"a picture of {len(png)} bytes; at most {PICTURE_BYTES} are kept")
    if not png.startswith(_SIGNATURE):
        raise ArtifactError("a picture must be PNG")
    kinds: list[bytes] = []
    size, place = (0, 0), len(_SIGNATURE)
    while place < len(png):
        length, kind = int.from_bytes(png[place : place + 4], "big"), png[place + 4 : place + 8]
        data, check = png[place + 8 : place + 8 + length], png[place + 8 + length : place + 12 + length]
        if len(check) != 4 or zlib.crc32(kind + data) != int.from_bytes(check, "big"):
            raise ArtifactError("the PNG is damaged")
        if not kinds and length == 13:
            size = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")
        kinds.append(kind)
        place += 12 + length
    if kinds[:1] != [b"IHDR"] or kinds[-1] != b"IEND" or b"IDAT" not in kinds or kinds.count(b"IEND") != 1:
        raise ArtifactError("the PNG is damaged")
    if not all(1 <= side <= PICTURE_SIDE for side in size):
        raise ArtifactError(f"a picture of {size[0]} x {size[1]} pixels; each side may have 1 to {PICTURE_SIDE}")
    return Picture(png, *size)


def stored_form(value: Any) -> Any:
    """``value`` as it is stored.

    Args:
        value: A text, a table or a picture in the form of this module, or the bytes of a PNG.

    Raises:
        ArtifactError: It is none of them, or exceeds a cap; a text that is too long is cut instead.
    """
    if isinstance(value, str):
        return value if len(value) <= TEXT_CHARS else f"{value[:TEXT_CHARS]} ... (cut)"
    if isinstance(value, (bytes, bytearray)):
        return {"png": base64.b64encode(picture_of(bytes(value)).png).decode("ascii")}
    if is_picture(value):
        try:
            return stored_form(base64.b64decode(value["png"], validate=True))
        except ValueError as error:
            raise error if isinstance(error, ArtifactError) else ArtifactError("a picture must be base64") from None
    if is_table(value):
        table = table_of(value)
        return {"columns": list(table.columns), "rows": [list(row) for row in table.rows]}
    raise ArtifactError(f"a {type(value).__name__}; expected a text, a table or a PNG picture")


def kept(named: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """What is kept of named artifacts from one source, by the names under which it is stored.

    Args:
        named: Artifacts as ``stored_form`` takes them.
        prefix: What their names get in front.

    Returns:
        Those that are in order; what is left out is named in ``DROPPED``, with the prefix, where there is any.
    """
    stored: dict[str, Any] = {}
    dropped: list[str] = []
    room = TOTAL_CHARS
    for name, value in named.items():
        try:
            if not _NAME.fullmatch(name) or (not prefix and name in RESERVED):
                raise ArtifactError("the name is not allowed")
            form = stored_form(value)
            size = len(json.dumps(form))
            if len(stored) == MOST_ARTIFACTS or size > room:
                raise ArtifactError("there are too many, or they are too long together")
        except ArtifactError as error:
            if len(dropped) < MOST_ARTIFACTS:
                dropped.append(f"{name[:80]}: {error}")
            continue
        room -= size
        stored[prefix + name] = form
    return {**stored, **({prefix + DROPPED: dropped} if dropped else {})}


def shown(artifacts: Mapping[str, Any]) -> dict[str, Text | Table | Picture]:
    """The artifacts of a program that people are shown, by name: all but the framework's own notes."""
    return {
        name: artifact_of(value)
        for name, value in artifacts.items()
        if name.removeprefix(OF_PROGRAMS) not in BOOKKEEPING
    }


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value[:CELL_CHARS]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise ArtifactError(f"a cell is a {type(value).__name__}; expected a text or a number")


def _no_formula(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def ordered(names: Sequence[str]) -> list[str]:
    """Names of artifacts in the order in which people see them: those of programs last."""
    return sorted(names, key=lambda name: (name.startswith(OF_PROGRAMS), name))
