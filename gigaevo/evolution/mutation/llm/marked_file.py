"""The new text of a file with marked blocks, from an answer that holds the whole file or the blocks alone."""

from __future__ import annotations

import re

from gigaevo.programs.evolve_blocks import BlockError, Region, has_blocks, parse, with_regions
from gigaevo.programs.languages import Language


def with_blocks_of(old: str, text: str, language: Language, *, entrypoint: str = "") -> str:
    """``old`` with the blocks that ``text`` has for it. What lies outside of them stays as it is in ``old``, to the
    letter.

    Args:
        old: A file with marked blocks.
        text: The whole file with its marks; or, where there is one block, the whole file without them, or what is to
            lie in the block.
        language: Of both.
        entrypoint: What the file must define, where it is Python: a text that defines it again is no block.

    Raises:
        BlockError: The text is neither.
    """
    regions = parse(old, language)
    if has_blocks(text, language):
        new = [region.text for region in parse(text, language)]
        if _squeezed(_outside(old, language)) != _squeezed(_outside(text, language)):
            raise BlockError("what lies outside of the marked blocks was changed")
        return with_regions(old, new, language)
    if len(regions) != 1:
        raise BlockError(f"there are {len(regions)} marked blocks; without their marks none can be told apart")
    whole = _between(old, regions[0], text)
    if whole is not None:
        return with_regions(old, [whole], language)
    if entrypoint and _defines(text, entrypoint) and _defines(_outside(old, language), entrypoint):
        raise BlockError("what lies outside of the marked block was changed, and its marks are gone")
    return with_regions(old, [text], language)


def _between(old: str, region: Region, text: str) -> str | None:
    """What ``text`` has in the place of the region, where the rest of it is that of ``old`` but for white space; None
    where it is not, or where there is no rest to know it by."""
    lines = old.split("\n")
    before, after = _squeezed("\n".join(lines[: region.start - 1])), _squeezed("\n".join(lines[region.end :]))
    new = text.rstrip("\n").split("\n")
    first, last = _lines_taken(new, before), len(new) - _lines_taken(new[::-1], after, reverse=True)
    if not (before or after) or first < 0 or last > len(new) or first > last:
        return None
    while first < last and not new[first].strip():
        first += 1
    while first < last and not new[last - 1].strip():
        last -= 1
    return "".join(f"{line}\n" for line in new[first:last])


def _lines_taken(lines: list[str], wanted: str, *, reverse: bool = False) -> int:
    """How many of the lines, from the first on, spell ``wanted``; -1 where they do not."""
    left = wanted
    for count, line in enumerate(lines):
        if not left:
            return count
        piece = _squeezed(line)
        if not (left.endswith(piece) if reverse else left.startswith(piece)):
            return -1
        left = left[: len(left) - len(piece)] if reverse else left[len(piece) :]
    return -1 if left else len(lines)


def _outside(text: str, language: Language) -> str:
    return with_regions(text, [""] * len(parse(text, language)), language)


def _squeezed(text: str) -> str:
    """``text`` without white space: models lay out anew what they copy."""
    return "".join(text.split())


def _defines(text: str, name: str) -> bool:
    return re.search(rf"^(?:async[ \t]+)?def[ \t]+{re.escape(name)}\b", text, re.MULTILINE) is not None
