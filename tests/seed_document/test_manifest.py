"""Nothing of the document is left out, and what is kept of it is what it says."""

from __future__ import annotations

import hashlib
import itertools
import re
from pathlib import Path

import pytest

from tests.seed_document.manifest import BLOCKS, HERE, Block, Kind

# Lines of the document that hold code of any kind.
CODE = [
    *((23, 33), (80, 93), (136, 144), (250, 266), (272, 285), (294, 316), (322, 332), (345, 366), (386, 438)),
    *((444, 489), (495, 498), (515, 519), (522, 523), (530, 533), (547, 547), (556, 559), (569, 573), (589, 592)),
    *((599, 599), (610, 613), (620, 620), (627, 629), (677, 678), (686, 687), (695, 699), (705, 755), (759, 795)),
    *((799, 840), (848, 863), (879, 889), (903, 908), (926, 935), (949, 956), (971, 973), (974, 980), (994, 997)),
    *((1012, 1012), (1015, 1018), (1026, 1041), (1045, 1046), (1061, 1063)),
]
# Of all blocks one after another, as they were printed.
TO_THE_LETTER = "6b84e08816441438e9eb55d70254cd7d"


@pytest.mark.parametrize(("first", "last"), CODE)
def test_every_line_of_code_is_in_one_block(first: int, last: int) -> None:
    [holding] = [block for block in BLOCKS if block.first <= first <= block.last]
    assert last <= holding.last


def test_blocks_are_in_order_and_overlap_nowhere() -> None:
    lines = [line for block in BLOCKS for line in (block.first, block.last)]
    assert lines == sorted(lines)
    assert all(earlier.last < later.first for earlier, later in itertools.pairwise(BLOCKS))


def test_blocks_are_kept_to_the_letter() -> None:
    for block in BLOCKS:
        assert block.text.count("\n") == block.last - block.first + 1, block.label
    text = "".join(block.text for block in BLOCKS)
    assert hashlib.blake2b(text.encode(), digest_size=16).hexdigest() == TO_THE_LETTER


def test_pseudo_code_has_a_twin_and_nothing_else_does() -> None:
    for block in BLOCKS:
        assert bool(block.twin) == (block.kind is Kind.PSEUDO), block.label
        assert not block.twin or block.twin_path.is_file(), block.label


@pytest.mark.parametrize("folder", ["blocks", "twins"])
def test_there_is_no_file_that_the_manifest_does_not_name(folder: str) -> None:
    named = {block.path if folder == "blocks" else block.twin_path for block in BLOCKS}
    assert {path for path in (HERE / folder).iterdir() if path.is_file()} <= named


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.label)
def test_every_block_is_run(block: Block) -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in sorted(Path(HERE).glob("test_*.py")))
    assert re.search(rf"\bblock\({block.first}\)", tests), f"no test names {block.label}"
