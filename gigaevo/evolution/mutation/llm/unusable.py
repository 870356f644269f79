"""Why an answer of a language model makes no child: a fixed list, so that the reasons of a run can be counted."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What was wrong with an answer. ``NoChild.kind`` is one of these, or a ``Trouble`` where there was no answer."""

    EMPTY = "empty reply"  # nothing but white space
    HUGE = "huge reply"  # the answer or a program in it is larger than we take
    REFUSAL = "refusal"  # the model would not do it
    TRUNCATED = "truncated"  # cut off in the middle of the code
    NO_CODE = "no code"  # no code block, and the whole is no program either
    WRONG_LANGUAGE = "wrong language"  # code blocks, but none in the language of the task
    SYNTAX = "syntax"  # the program does not parse or compile
    NO_ENTRYPOINT = "no entrypoint"  # a program that does not define what is called
    UNCHANGED = "unchanged"  # the parent again, but for comments and layout
    NO_BLOCKS = "no blocks"  # no SEARCH/REPLACE block where such were asked for
    MALFORMED_BLOCK = "malformed block"  # a block whose markers are out of order, or with nothing to search for
    UNMATCHED = "unmatched search"  # what a block searches for is not in the program
    AMBIGUOUS = "ambiguous search"  # it is there more than once
    OUTSIDE = "outside blocks"  # changes what lies outside of the marked blocks
    NOT_EDITABLE = "file not editable"  # changes a file that must stay as it is, or names none that can be
    NO_RANGE = "nothing to tune"  # marks no constant with a range
    DUPLICATE = "duplicate"  # the same as an earlier program
    NEAR_DUPLICATE = "near duplicate"  # nearly the same as an earlier program


class Unusable(Exception):
    """An answer that makes no child.

    Attributes:
        reason: Which of the list.
        message: One line, for people and for the model.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        self.reason = reason
        self.message = " ".join(message.split())[:300]
        super().__init__(self.message)
