"""Which elites have children that they were not yet shown: what a refresh phase works through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from gigaevo.evaluation.base import Evaluator, Refresher
from gigaevo.evolution.engine.errors import EngineError
from gigaevo.evolution.engine.ledger import INGESTED, OpenProposal
from gigaevo.evolution.engine.settings import GENERATIONAL, EngineSettings
from gigaevo.evolution.strategies.base import EvolutionStrategy
from gigaevo.programs import Program
from gigaevo.storage.base import JournalEntry

REFRESHED = "refreshed"  # what depends on an elite's descendants was computed anew


@runtime_checkable
class Revisable(Protocol):
    """A strategy that can be told that a program it holds has changed."""

    def revise(self, program: Program) -> None:
        """Take over metrics and artifacts of ``program``, another object of the same id as one that is held. It keeps
        its place; whatever is derived from its metrics is brought in step."""


def refresher_of(evaluator: Evaluator, strategy: EvolutionStrategy, settings: EngineSettings) -> Refresher | None:
    """Who refreshes elites; None where there is nothing to refresh, or no phase to do it in.

    Raises:
        EngineError: The strategy cannot take what a refresh finds out.
    """
    if settings.loop != GENERATIONAL or not isinstance(evaluator, Refresher) or not evaluator.depends_on_descendants:
        return None
    if not isinstance(strategy, Revisable):
        raise EngineError(
            f"the pipeline has stages that depend on descendants, and {type(strategy).__name__} cannot take what a "
            "refresh finds out; give it a method revise(program)"
        )
    return evaluator


class Descendants:
    """Children that no refresh has shown to their parents; like the books, a function of the journal.

    Attributes:
        unseen: Ids of such children by parent, in the order of their ingestion.
    """

    def __init__(self) -> None:
        self.unseen: dict[str, list[str]] = {}

    def apply(self, entry: JournalEntry, open_proposals: Mapping[int, OpenProposal]) -> None:
        """Enter one journal entry.

        Args:
            entry: The entry.
            open_proposals: As they were before it.
        """
        payload = entry.payload
        if entry.kind == REFRESHED:
            self.unseen.pop(payload["id"], None)
        elif entry.kind == INGESTED and payload["proposal"] is not None:
            for parent in dict.fromkeys(open_proposals[payload["proposal"]].parents):
                self.unseen.setdefault(parent, []).append(payload["id"])

    def of_elites(self, is_elite: Callable[[str], bool]) -> Mapping[str, Sequence[str]]:
        """Unseen children of programs that an archive holds; the rest is forgotten, for nobody comes back."""
        self.unseen = {parent: children for parent, children in self.unseen.items() if is_elite(parent)}
        return dict(self.unseen)

    def state(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {"unseen": self.unseen}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to ``state()``; a run that did not follow descendants so far has none to be seen."""
        self.unseen = dict(state.get("unseen", {}))
