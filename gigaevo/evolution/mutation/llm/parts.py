"""The parts of a prompt, and how they are made to fit: the least valuable go first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# What is given up first comes first. Task, meaning of the metrics, the program with its metrics, and the rules for an
# answer are no such parts: they stay.
SECTIONS = (
    "diverse",  # programs of another kind, the last first
    "advice",  # what earlier work has taught, the least valuable first
    "best",  # good programs, the last first
    "ancestors",  # how the program came about, the oldest first
    "trials",  # what was tried on it, the oldest first
    "artifacts",  # what its evaluation left; cut before it is dropped
    "insights",  # what a model said of it; cut before it is dropped
    "printed",  # what it printed
    "parents",  # the other parents
    "error",  # why it failed; of it the first line stays
)
_OLDEST_FIRST = ("ancestors", "trials")
_CUT = ("artifacts", "insights")
_CUT_MARK = "\n... (cut)"
_WORTH_KEEPING = 200  # characters; what is shorter after a cut is dropped

BYTES_PER_TOKEN = 4


def tokens_of(text: str) -> int:
    """About how many tokens a text is."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return -(-size // BYTES_PER_TOKEN)


@dataclass(slots=True)
class Parts:
    """The parts that a prompt can do without, by section; each a list of texts, the most valuable first but where
    ``SECTIONS`` says that the oldest comes first.

    Attributes:
        texts: By section.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)

    def put(self, section: str, texts: Sequence[str]) -> None:
        """Add a section; empty texts are left out."""
        self.texts[section] = [text for text in texts if text]

    def fit(self, budget: int) -> None:
        """Drop or shorten parts, in the order of ``SECTIONS``, until they take at most ``budget`` tokens; all but the
        first line of the error where even that does not suffice."""
        excess = sum(tokens_of(text) for texts in self.texts.values() for text in texts) - budget
        for section in SECTIONS:
            texts = self.texts.get(section, [])
            while texts and excess > 0:
                place = 0 if section in _OLDEST_FIRST else -1
                text = texts.pop(place)
                shorter = _shorter(section, text, excess)
                excess -= tokens_of(text) - tokens_of(shorter)
                if shorter:
                    texts.append(shorter)
                    break

    def values(self) -> Mapping[str, list[str]]:
        """Every section, as a prompt takes them."""
        return {section: self.texts.get(section, []) for section in SECTIONS}


def _shorter(section: str, text: str, excess: int) -> str:
    """What stays of a text that takes ``excess`` tokens too many; empty where nothing does."""
    if section == "error":
        return text.split("\n", 1)[0]
    room = len(text) - excess * BYTES_PER_TOKEN - len(_CUT_MARK)
    if section in _CUT and text.isascii() and room >= _WORTH_KEEPING:
        closing = "\n</artifact>" if text.endswith("</artifact>") else ""
        return text[: room - len(closing) - BYTES_PER_TOKEN] + _CUT_MARK + closing
    return ""
