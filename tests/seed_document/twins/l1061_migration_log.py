"""The lines to search the log for, as patterns."""

from __future__ import annotations

import re

# [Migration] Island X → Island Y: program ABC
MOVE = re.compile(r"\[Migration\] Island (\S+) → Island (\S+): program (\S+)")
# [Migration] Removed 5 programs, added 3 programs
TOTAL = re.compile(r"\[Migration\] Removed (\d+) programs?, added (\d+) programs?")
