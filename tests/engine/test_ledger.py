"""The books are a function of the journal: a snapshot at any moment and the entries after it give the same books."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gigaevo.evolution.engine.ledger import FAILED_KEPT, INGESTED, PROPOSED, SKIPPED, SUBMITTED, Ledger
from gigaevo.storage.base import JournalEntry

MADE = {"source": "x", "description": "", "notes": {}, "files": {}, "made_by": ""}


@st.composite
def journals(draw: st.DrawFn) -> list[JournalEntry]:
    """Histories of proposals as an engine may write them."""
    entries: list[JournalEntry] = []
    books = Ledger()

    def write(entry_kind: str, **payload: Any) -> None:
        entries.append(JournalEntry(kind=entry_kind, payload=payload))
        books.apply(entries[-1])

    def credit(proposal: int, outcome: str) -> dict[str, Any]:
        return {
            "operator": books.open[proposal].operator,
            "outcome": outcome,
            "improved": draw(st.booleans()),
            "made_by": draw(st.sampled_from(["", "a", "b"])),
            "usd": draw(st.sampled_from([0.0, 0.25])),
            "tokens": draw(st.integers(0, 9)),
            "limit": draw(st.sampled_from(["", "", "budget.usd"])),
        }

    for _ in range(draw(st.integers(0, 40))):
        step = draw(st.sampled_from(["propose", "submit", "skip", "ingest"]))
        fresh = [number for number, proposal in books.open.items() if proposal.program_id is None]
        submitted = [number for number, proposal in books.open.items() if proposal.program_id is not None]
        siblings = [MADE] * draw(st.integers(0, 2))
        if step == "propose":
            more: dict[str, Any] = {}
            if books.siblings and draw(st.booleans()):
                more["sibling"] = True
            elif books.failed and draw(st.booleans()):
                more["repairs"] = books.failed[-1]
            operator = draw(st.sampled_from(["one", "two"]))
            write(
                PROPOSED,
                proposal=books.proposals,
                parents=["p"],
                operator=operator,
                parameters={},
                evaluations=1,
                **more,
            )
        elif step == "submit" and fresh:
            number = draw(st.sampled_from(fresh))
            write(SUBMITTED, id=f"c{number}", number=books.mutants, proposal=number, siblings=siblings)
        elif step == "skip" and fresh:
            number = draw(st.sampled_from(fresh))
            outcome = draw(st.sampled_from(["none", "duplicate"]))
            given_kind = {"kind": draw(st.sampled_from(["server", "no code"]))} if draw(st.booleans()) else {}
            write(
                SKIPPED,
                proposal=number,
                credit=credit(number, outcome),
                validate_calls=0,
                elapsed_s=1.0,
                siblings=siblings,
                **given_kind,
            )
        elif step == "ingest" and submitted:
            number = draw(st.sampled_from(submitted))
            failed = draw(st.booleans())
            write(
                INGESTED,
                id=f"c{number}",
                proposal=number,
                outcome="failed" if failed else "rejected",
                error="exception" if failed else None,
                new_best=False,
                credit=credit(number, "failed" if failed else "rejected"),
                validate_calls=1,
                elapsed_s=1.0,
                mendable=failed,
            )
    return entries


def books_of(entries: list[JournalEntry], ledger: Ledger | None = None) -> Ledger:
    ledger = ledger or Ledger()
    for entry in entries:
        ledger.apply(entry)
    return ledger


@given(entries=journals(), share=st.floats(0.0, 1.0))
def test_a_snapshot_and_the_rest_of_the_journal_are_the_whole(entries: list[JournalEntry], share: float) -> None:
    cut = int(share * len(entries))
    state = json.loads(json.dumps(books_of(entries[:cut]).state()))
    assert books_of(entries[cut:], Ledger.restored(state)) == books_of(entries)


@given(entries=journals())
def test_what_is_counted_adds_up(entries: list[JournalEntry]) -> None:
    books = books_of(entries)
    settled = [entry for entry in entries if entry.kind in (SKIPPED, INGESTED)]
    credits = [entry.payload["credit"] for entry in settled]
    for counts in (books.operators, books.models):
        for line in counts.values():
            ended = sum(line.get(outcome, 0) for outcome in ("none", "duplicate", "failed", "rejected"))
            assert line["proposals"] == ended
    assert sum(line["proposals"] for line in books.operators.values()) == len(settled)
    assert sum(line["proposals"] for line in books.models.values()) == sum(bool(it["made_by"]) for it in credits)
    assert sum(line.get("usd", 0) for line in books.operators.values()) == sum(it["usd"] for it in credits)
    assert sum(books.reasons.values()) == sum(line.get("none", 0) for line in books.operators.values())
    assert sum(books.barren_kinds.values()) <= books.barren
    born = sum(len(entry.payload.get("siblings", ())) for entry in entries)
    waiting = sum(len(proposal.siblings) for proposal in books.open.values()) + len(books.siblings)
    assert born == waiting + sum(bool(entry.payload.get("sibling")) for entry in entries)
    assert len(books.failed) == len(set(books.failed)) <= FAILED_KEPT
