"""What every storage keeps, as tests: a backend subclasses ``StorageContract`` with a ``make`` fixture."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigaevo.programs import Cost, ErrorKind, Program, ProgramError, ProgramState
from gigaevo.storage import JournalEntry, LoggedCall, ProgramStorage, StorageError, Transaction

T = TypeVar("T")
MakeStorage = Callable[[], ProgramStorage]


def program(name: str, **fields: object) -> Program:
    return Program(id=name, source=f"def entrypoint():\n    return {name!r}\n", syntax_hash=f"hash of {name}", **fields)


def full_program() -> Program:
    """A program with every field away from its default, as a newer version may have written it."""
    return Program(
        id="full",
        files={"main.py": "π = '\\0'\nprint('\x00 ünïcode 🧬')\n", "lib/part.py": "x = 1\r\n\t"},
        entry="lib/part.py",
        syntax_hash="abc",
        state=ProgramState.COMPLETED,
        parents=["b", "a"],
        generation=3,
        number=41,
        operator="syntax_tree.swap",
        mutations_applied=["line 3: '+' to '-'"],
        created_at=1700000000.123456789,
        metrics={"fitness": 0.1 + 0.2, "nan": math.nan, "inf": math.inf, "low": -math.inf, "tiny": 5e-324},
        out_of_bounds=["inf"],
        artifacts={"plot": {"x": [1, 2.5, None, True]}},
        output='["f", 1.0]',
        error=ProgramError(kind=ErrorKind.INVALID, message="[red] no", traceback="line 1", stage="validate"),
        cost=Cost(wall_time_s=0.5, cpu_time_s=0.25, peak_memory_mb=48.5, validate_calls=7, energy_j=2.0),
        metadata={"notes": {"n": math.nan}},
        colour_of_a_newer_version={"nested": [1, 2]},
    )


async def collect(items: AsyncIterator[T]) -> list[T]:
    return [item async for item in items]


class StorageContract:
    @pytest.fixture
    def make(self) -> MakeStorage:
        """Makes unopened storages that all see the same data; subclasses override it."""
        raise NotImplementedError

    @pytest.fixture
    async def storage(self, make: MakeStorage) -> AsyncIterator[ProgramStorage]:
        opened = make()
        await opened.open()
        yield opened
        await opened.close()

    async def test_a_program_comes_back_as_it_was_with_the_fields_of_newer_versions(
        self, storage: ProgramStorage, make: MakeStorage
    ) -> None:
        original = full_program()
        await storage.commit(Transaction(insert=[original]))
        before = await storage.get("full")
        await storage.close()
        again = make()
        await again.open()
        after = await again.get("full")
        await again.close()
        assert before is not None and after is not None
        assert before.to_json() == after.to_json() == original.to_json()

    async def test_text_that_is_not_unicode_survives(self, storage: ProgramStorage) -> None:
        broken = Program(
            id="broken",
            source="s = '\ud800'",
            error=ProgramError(kind=ErrorKind.EXCEPTION, message="stderr: \udcff"),
            metrics={"nan": math.nan},
        )
        await storage.commit(Transaction(insert=[broken], journal=[JournalEntry(kind="k", payload={"text": "\udc80"})]))
        found = await storage.get("broken")
        assert found is not None
        assert found.source == broken.source
        assert found.error == broken.error
        assert math.isnan(found.metrics["nan"])
        assert [entry.payload async for entry in storage.journal()] == [{"text": "\udc80"}]

    async def test_any_text_survives(self, storage: ProgramStorage) -> None:
        texts: list[str] = []

        @settings(max_examples=200, database=None, suppress_health_check=list(HealthCheck))
        @given(st.text(st.characters(), max_size=30))
        def generate(text: str) -> None:
            texts.append(text)

        generate()
        programs = [Program(id=f"p{k}", files={"main.py": text, text: ""}) for k, text in enumerate(texts)]
        await storage.commit(Transaction(insert=programs))
        found = await storage.get_many(p.id for p in programs)
        assert [found[p.id].files for p in programs] == [p.files for p in programs]

    async def test_an_unknown_program_is_none_and_left_out(self, storage: ProgramStorage) -> None:
        await storage.commit(Transaction(insert=[program("a"), program("b")]))
        assert await storage.get("nobody") is None
        found = await storage.get_many(["b", "nobody", "a", "b"])
        assert list(found) == ["b", "a"]
        assert await storage.get_many([]) == {}

    async def test_programs_come_in_order_of_insertion_over_many_pages(self, storage: ProgramStorage) -> None:
        names = [f"p{(k * 7919) % 1000:03d}" for k in range(1000)]
        for start in range(0, 1000, 300):
            await storage.commit(Transaction(insert=[program(name) for name in names[start : start + 300]]))
        assert [p.id for p in await collect(storage.programs())] == names
        assert list(await storage.get_many(reversed(names))) == list(reversed(names))

    async def test_programs_of_chosen_states_only(self, storage: ProgramStorage) -> None:
        states = list(ProgramState)
        await storage.commit(Transaction(insert=[program(f"p{k}", state=states[k % len(states)]) for k in range(1500)]))
        wanted = [ProgramState.FRESH, ProgramState.DISCARDED]
        found = await collect(storage.programs(states=iter(wanted)))
        assert [p.id for p in found] == [f"p{k}" for k in range(1500) if states[k % len(states)] in wanted]
        assert {p.state for p in found} == set(wanted)
        assert await collect(storage.programs(states=[])) == []
        assert await storage.count() == dict.fromkeys(states, 300)

    async def test_an_update_replaces_the_record_and_keeps_the_place(self, storage: ProgramStorage) -> None:
        first, second = program("a"), program("b")
        await storage.commit(Transaction(insert=[first, second]))
        first.metrics = {"fitness": 2.0}
        first.become(ProgramState.RUNNING)
        first.become(ProgramState.COMPLETED)
        await storage.commit(Transaction(update=[first]))
        assert await collect(storage.programs()) == [first, second]

    async def test_a_new_state_changes_nothing_else(self, storage: ProgramStorage) -> None:
        original = full_program()
        await storage.commit(Transaction(insert=[original]))
        await storage.commit(Transaction(states={"full": ProgramState.EVOLVING}))
        found = await storage.get("full")
        assert found is not None and found.state is ProgramState.EVOLVING
        found.state = original.state
        assert found.to_json() == original.to_json()
        assert await storage.count() == {ProgramState.EVOLVING: 1}

    async def test_what_becomes_of_a_program_after_the_call_is_not_written(self, storage: ProgramStorage) -> None:
        changing = program("a")
        pending = storage.commit(Transaction(insert=[changing]))
        changing.metrics["fitness"] = 1.0
        await pending
        found = await storage.get("a")
        assert found is not None and found.metrics == {}

    async def test_a_duplicate_is_refused_and_leaves_nothing(self, storage: ProgramStorage) -> None:
        await storage.commit(Transaction(insert=[program("a")]))
        refused = Transaction(
            insert=[program("new", parents=["a"]), program("a", operator="other")],
            states={"a": ProgramState.DISCARDED},
            journal=[JournalEntry(kind="never", payload={})],
            snapshot={"never": True},
        )
        with pytest.raises(StorageError, match="program a exists already"):
            await storage.commit(refused)
        assert await collect(storage.programs()) == [program("a", created_at=(await storage.get("a")).created_at)]
        assert await collect(storage.journal()) == []
        assert await storage.latest_snapshot() is None
        assert await storage.lineage("new") == []
        assert await storage.commit(Transaction(journal=[JournalEntry(kind="first", payload={})])) == 1

    @pytest.mark.parametrize(
        "refused",
        [
            Transaction(insert=[program("new")], update=[program("nobody")]),
            Transaction(insert=[program("new")], states={"nobody": ProgramState.DISCARDED}),
            Transaction(insert=[program("new")], journal=[JournalEntry(kind="bad", payload={"x": object()})]),
            Transaction(insert=[program("new")], snapshot={"x": {1, 2}}),
            Transaction(insert=[program("new", metadata={"x": object()})]),
        ],
        ids=["update", "state", "journal", "snapshot", "program"],
    )
    async def test_what_cannot_be_done_is_refused_whole_and_disturbs_nobody(
        self, storage: ProgramStorage, refused: Transaction
    ) -> None:
        results = await asyncio.gather(
            storage.commit(Transaction(insert=[program("before")])),
            storage.commit(refused),
            storage.commit(Transaction(insert=[program("after")], journal=[JournalEntry(kind="j", payload={})])),
            return_exceptions=True,
        )
        assert isinstance(results[1], StorageError)
        assert results[0] == 0 and results[2] == 1
        assert [p.id for p in await collect(storage.programs())] == ["before", "after"]

    async def test_commits_take_effect_in_the_order_of_the_calls(self, storage: ProgramStorage) -> None:
        counter = program("counter")
        await storage.commit(Transaction(insert=[counter]))
        pending = []
        for k in range(200):
            counter.number = k
            pending.append(
                asyncio.ensure_future(
                    storage.commit(
                        Transaction(
                            insert=[program(f"p{k}")],
                            update=[counter],
                            journal=[JournalEntry(kind="step", payload={"k": k})],
                        )
                    )
                )
            )
        assert await asyncio.gather(*pending) == list(range(1, 201))
        assert [p.id for p in await collect(storage.programs())] == [
            "counter",
            *(f"p{k}" for k in range(200)),
        ]
        assert [(e.sequence, e.payload["k"]) for e in await collect(storage.journal())] == [
            (k + 1, k) for k in range(200)
        ]
        last = await storage.get("counter")
        assert last is not None and last.number == 199

    async def test_a_read_sees_every_commit_that_was_called_before_it(self, storage: ProgramStorage) -> None:
        for k in range(50):
            pending = storage.commit(Transaction(insert=[program(f"p{k}")]))
            assert await storage.get(f"p{k}") is not None
            await pending

    async def test_a_cancelled_wait_cancels_no_commit(self, storage: ProgramStorage) -> None:
        async def wait() -> None:
            await storage.commit(Transaction(insert=[program("a")]))

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await storage.get("a") is not None
        await storage.commit(Transaction(insert=[program("b")]))
        assert [p.id for p in await collect(storage.programs())] == ["a", "b"]

    async def test_a_hash_leads_to_the_first_program_that_had_it(self, storage: ProgramStorage) -> None:
        await storage.commit(
            Transaction(
                insert=[
                    Program(id="first", syntax_hash="same"),
                    Program(id="second", syntax_hash="same"),
                    Program(id="other", syntax_hash="different"),
                    Program(id="unparsable"),
                ]
            )
        )
        assert await storage.hashes() == {"same": "first", "different": "other"}

    async def test_lineage_is_the_whole_ancestry_once(self, storage: ProgramStorage) -> None:
        edges = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": ["d", "d"], "stranger": ["a"]}
        await storage.commit(Transaction(insert=[program(name, parents=of) for name, of in edges.items()]))
        await storage.commit(Transaction(update=[program("d", parents=["b", "c"], number=9)]))
        found = await storage.lineage("e")
        assert sorted(found) == [("b", "a"), ("c", "a"), ("d", "b"), ("d", "c"), ("e", "d")]
        assert await storage.lineage("a") == []
        assert await storage.lineage("nobody") == []

    async def test_a_long_lineage_is_found(self, storage: ProgramStorage) -> None:
        line = [program(f"p{k}", parents=[f"p{k - 1}"] if k else []) for k in range(3000)]
        await storage.commit(Transaction(insert=line))
        assert len(await storage.lineage("p2999")) == 2999

    async def test_the_newest_snapshot_and_the_entries_after_it_give_the_state(
        self, storage: ProgramStorage, make: MakeStorage
    ) -> None:
        assert await storage.latest_snapshot() is None
        total = 0
        for k in range(1, 1001):
            total += k
            snapshot = {"total": total, "nan": math.nan, "text": "\udc80ü"} if k % 300 == 0 else None
            written = await storage.commit(
                Transaction(journal=[JournalEntry(kind="add", payload={"k": k})], snapshot=snapshot)
            )
            assert written == k
        await storage.close()
        again = make()
        await again.open()
        found = await again.latest_snapshot()
        assert found is not None
        sequence, state = found
        assert (sequence, state["total"], state["text"]) == (900, sum(range(901)), "\udc80ü")
        entries = await collect(again.journal(after=sequence))
        assert [entry.sequence for entry in entries] == list(range(901, 1001))
        assert state["total"] + sum(entry.payload["k"] for entry in entries) == total
        assert len(await collect(again.journal())) == 1000
        assert await again.commit(Transaction(journal=[JournalEntry(kind="add", payload={})])) == 1001
        await again.close()

    async def test_an_empty_transaction_tells_where_the_journal_stands(self, storage: ProgramStorage) -> None:
        assert await storage.commit(Transaction()) == 0
        await storage.commit(Transaction(journal=[JournalEntry(kind="a", payload={})] * 3))
        assert await storage.commit(Transaction()) == 3

    async def test_closing_writes_what_is_pending_and_may_be_done_twice(
        self, storage: ProgramStorage, make: MakeStorage
    ) -> None:
        pending = [asyncio.ensure_future(storage.commit(Transaction(insert=[program(f"p{k}")]))) for k in range(100)]
        await asyncio.gather(storage.close(), storage.close())
        await asyncio.gather(*pending)
        with pytest.raises(StorageError, match="closed"):
            await storage.commit(Transaction(insert=[program("late")]))
        with pytest.raises(StorageError, match="closed"):
            await storage.get("p0")
        again = make()
        await again.open()
        assert len(await collect(again.programs())) == 100
        await again.close()

    async def test_nothing_works_before_it_is_open_and_closing_then_is_harmless(self, make: MakeStorage) -> None:
        unopened = make()
        with pytest.raises(StorageError, match="not open"):
            await unopened.commit(Transaction())
        with pytest.raises(StorageError, match="not open"):
            await unopened.count()
        await unopened.close()

    async def test_journal_payloads_are_json_all_through(self, storage: ProgramStorage) -> None:
        payload = {"list": [1, 2.5, None, True, "ü"], "nested": {"a": {"b": []}}, "inf": math.inf}
        await storage.commit(Transaction(journal=[JournalEntry(kind="k", payload=payload)]))
        (entry,) = await collect(storage.journal())
        assert entry == JournalEntry(kind="k", payload=payload, sequence=1)
        assert json.loads(json.dumps(entry.payload)) == payload

    async def test_a_call_is_kept_before_and_after_its_reply_is_known(self, make: MakeStorage) -> None:
        storage = make()
        await storage.open()
        asked = LoggedCall(number=1, key="mutation/0/0", request={"messages": ["π", "\ud800"]})
        denied = LoggedCall(number=2, key="mutation/1/0", request={}, reply={"error": "budget"})
        await storage.commit(Transaction(calls=[asked]))
        await storage.commit(Transaction(calls=[denied]))
        assert await collect(storage.calls()) == [asked, denied]
        await storage.commit(Transaction(replies={1: {"text": "yes", "usd": 0.1}}))
        await storage.close()
        again = make()
        await again.open()
        assert [call.reply for call in await collect(again.calls())] == [
            {"text": "yes", "usd": 0.1},
            {"error": "budget"},
        ]
        await again.close()

    async def test_a_reply_without_a_request_and_a_number_used_twice_are_refused(self, make: MakeStorage) -> None:
        storage = make()
        await storage.open()
        with pytest.raises(StorageError, match="call 7 is not in"):
            await storage.commit(Transaction(replies={7: {}}))
        await storage.commit(Transaction(calls=[LoggedCall(number=1, key="k", request={})]))
        with pytest.raises(StorageError, match="call 1 exists already"):
            await storage.commit(Transaction(calls=[LoggedCall(number=1, key="k", request={})]))
        await storage.close()
