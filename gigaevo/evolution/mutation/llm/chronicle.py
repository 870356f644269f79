"""Chronicle: what a run has tried so far, so that nobody pays for it twice and a model can be told.

It hears of every program, in the order in which their places were decided, and answers as of a number of programs heard
of: what came later does not matter, so that a proposal that is carried out again after a crash finds the same. Where
children must know nothing of one another it hears of nobody.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from gigaevo.evolution.mutation.base import OperatorContext
from gigaevo.evolution.mutation.llm.likeness import Likeness, likeness_of, most_differing, nearly_equal
from gigaevo.programs import Metrics, Program
from gigaevo.programs.prompt_view import differences, one_line

# Nearly equal programs share at least one more than so many of the keys that they are found by, so that a rare one is
# among them: what all programs of a run have in common finds too many.
_SPARE_KEYS = 8
_MOST_CANDIDATES = 64  # programs compared at most with one child
_NEWEST_OF_A_KEY = 16
_LOOKED_AT_KEPT = 256


@dataclass(frozen=True, slots=True)
class Known:
    """An earlier program that a child repeats.

    Attributes:
        same: Whether it is the same but for comments and layout, rather than nearly the same.
        told: What is known of it, one line.
    """

    same: bool
    told: str


class Chronicle:
    """Everything that was tried, found by what it is and by what it was made from. One is shared by many operators.

    Args:
        similarity: Share of its shingles and numbers from which a child counts as nearly the same as an earlier valid
            program, in (0.5, 1] (see ``likeness.nearly_equal``); None: only the same is refused.
        retries: How often a model is told that its child repeats an earlier program and asked once more.
        trials: Most lines on what was tried on a program.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(self, *, similarity: float | None = 0.97, retries: int = 1, trials: int = 8) -> None:
        if similarity is not None and not 0.5 < similarity <= 1.0:
            raise ValueError(f"similarity must lie in (0.5, 1] or be null; got {similarity:g}")
        for name, number in (("retries", retries), ("trials", trials)):
            if number < 0:
                raise ValueError(f"{name} must be at least 0, not {number}")
        self.similarity = similarity
        self.retries = retries
        self._trials_shown = trials
        self._metrics: Metrics | None = None
        self._deaf = False
        self._shown: frozenset[str] = frozenset()
        self._heard: dict[str, int] = {}  # index by id
        self._told: list[str] = []  # by index, as what follows
        self._changes: list[tuple[str, str]] = []  # the first parent, and what became of changing it
        self._scores: dict[str, dict[str, float]] = {}
        self._same: dict[str, int] = {}  # index of the first program by syntax hash
        self._alike: dict[int, Likeness] = {}
        self._looked_at: OrderedDict[tuple[tuple[str, str], ...], Likeness] = OrderedDict()  # by files
        self._by_key: dict[int, list[int]] = {}
        self._children: dict[str, list[int]] = {}  # indices by id of the first parent

    def bind(self, context: OperatorContext) -> None:
        """Learn what is measured, and whether there is anything to remember."""
        metrics = self._metrics = context.metrics
        self._deaf = context.independent
        self._shown = frozenset(
            key for key, spec in metrics.specs.items() if spec.include_in_prompts or key == metrics.primary_key
        )

    def observe(self, program: Program) -> None:
        """Hear of a program whose place was decided. To hear of one twice changes nothing."""
        if self._deaf or program.id in self._heard:
            return
        assert self._metrics is not None, "bind comes first"
        index = self._heard[program.id] = len(self._heard)
        self._told.append(differences(None, program, self._metrics))
        if program.syntax_hash:
            self._same.setdefault(program.syntax_hash, index)
        if program.is_valid:
            self._scores[program.id] = {key: program.metrics[key] for key in self._shown & program.metrics.keys()}
            if self.similarity is not None:
                self._file(index, self._likeness(program.files), self.similarity)
        parent = program.parents[0] if program.parents else ""
        done = one_line("; ".join(program.mutations_applied) or program.operator, 160)
        outcome = differences(self._scores.get(parent), program, self._metrics)
        self._changes.append((parent, f"{done}: {outcome}"))
        if parent:
            self._children.setdefault(parent, []).append(index)

    def known(self, files: Mapping[str, str], syntax_hash: str, *, observed: int) -> Known | None:
        """The earlier program that a child repeats; None where it is new.

        Args:
            files: The child's.
            syntax_hash: Of these files.
            observed: Only the first so many programs heard of are looked at.
        """
        index = self._same.get(syntax_hash)
        if index is not None and index < observed:
            return Known(True, self._told[index])
        if self.similarity is None:
            return None
        likeness = self._likeness(files)
        for candidate in self._candidates(likeness, self.similarity, observed):
            if nearly_equal(likeness, self._alike[candidate], self.similarity):
                return Known(False, self._told[candidate])
        return None

    def tried(self, program_id: str, *, observed: int) -> list[str]:
        """What was tried on a program, and the outcome, as of ``observed`` programs; a line each, the newest last."""
        children = self._children.get(program_id, [])
        end = bisect_left(children, observed)
        return [self._changes[index][1] for index in children[max(0, end - self._trials_shown) : end]]

    def lineage(self, program_id: str, most: int) -> list[str]:
        """How a program came about: the last ``most`` changes on the line of its first parents, a line each, the newest
        last. They were heard of before it, so nothing that comes later matters."""
        lines: list[str] = []
        index = self._heard.get(program_id)
        while index is not None and len(lines) < most:
            parent, line = self._changes[index]
            lines.append(line)
            index = self._heard.get(parent)
        return lines[::-1]

    def _likeness(self, files: Mapping[str, str]) -> Likeness:
        """What is compared of a program; kept for a while, as a child is asked about and soon heard of."""
        texts = tuple(sorted(files.items()))
        likeness = self._looked_at.get(texts)
        if likeness is None:
            likeness = self._looked_at[texts] = likeness_of(files)
            if len(self._looked_at) > _LOOKED_AT_KEPT:
                self._looked_at.popitem(last=False)
        return likeness

    def _file(self, index: int, likeness: Likeness, similarity: float) -> None:
        self._alike[index] = likeness
        for key in _keys(likeness, similarity):
            self._by_key.setdefault(key, []).append(index)

    def _candidates(self, likeness: Likeness, similarity: float, observed: int) -> list[int]:
        """Programs that may be nearly equal, those with rare keys in common first; never more than a fixed number,
        however many there are."""
        filed = []
        for key in _keys(likeness, similarity):
            indices = self._by_key.get(key, [])
            end = bisect_left(indices, observed)
            if end:
                filed.append((end, key, indices))
        found: dict[int, None] = {}
        for end, _, indices in sorted(filed, key=lambda entry: entry[:2]):
            for index in reversed(indices[max(0, end - _NEWEST_OF_A_KEY) : end]):
                found.setdefault(index)
            if len(found) >= _MOST_CANDIDATES:
                break
        return list(found)


def _keys(likeness: Likeness, similarity: float) -> list[int]:
    """The least shingles of a program: of two nearly equal ones at least one is among those of both, since neither has
    as many that the other lacks (prefix filtering: Chaudhuri, Ganti and Kaushik, 2006)."""
    size = likeness.shingles.size
    keys: list[int] = likeness.shingles[: most_differing(size, similarity) + 1 + _SPARE_KEYS].tolist()
    return keys
