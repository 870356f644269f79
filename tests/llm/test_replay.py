"""Transcript: what another run was answered is given out again, exactly, from its real database."""

from __future__ import annotations

from pathlib import Path

import pytest
from loguru import logger

from gigaevo.config.call_log import StorageCallLog, StoredAncestry
from gigaevo.llm.base import Message, NoReply, Reply, Request, Trouble, Usage
from gigaevo.llm.books import NOTHING
from gigaevo.llm.call_record import end_row, failure_row, question_row, reply_row
from gigaevo.llm.replay import Transcript
from gigaevo.programs import Program
from gigaevo.storage import Transaction
from gigaevo.storage.recorded_calls import RecordedCalls
from gigaevo.storage.sqlite import SqliteProgramStorage

PAID = Usage(usd=0.1 + 0.2, prompt_tokens=7, completion_tokens=3, calls=2)
REPLY = Reply(text="früh\n", model="small", finish="length", usage=PAID, latency_s=1.25)
LATER = Reply(text="later", model="large")
DENIED = NoReply(
    Trouble.BUDGET, "budget.usd does not allow another call", model="small", usage=PAID, limit="budget.usd"
)


def question(key: str, text: str = "Improve it.") -> Request:
    return Request(key=key, role="mutation", messages=[Message("user", text)])


async def recorded(folder: Path) -> Path:
    """A run whose first question took two attempts, its second was denied, its third asked twice."""
    storage = SqliteProgramStorage(path=folder / "run.db")
    await storage.open()
    log = StorageCallLog(storage)
    first = await log.begin("a", {"role": "mutation", **question_row(question("a"))})
    await log.settle(first, failure_row(Trouble.SERVER, "out of order", NOTHING, status=500, latency_s=0.1))
    second = await log.begin("a", {"role": "mutation", "messages_of": first})
    await log.settle(second, reply_row(REPLY, NOTHING))
    await log.begin("b", {"role": "mutation", **question_row(question("b"))}, end_row(DENIED))
    for reply in (REPLY, LATER):
        number = await log.begin("c", {"role": "mutation", **question_row(question("c"))})
        await log.settle(number, reply_row(reply, NOTHING))
    await log.begin("d", {"role": "mutation", **question_row(question("d"))})  # the run was killed here
    await storage.close()
    return folder / "run.db"


async def test_answers_and_failures_are_found_by_key_exactly(tmp_path: Path) -> None:
    transcript = Transcript(calls=RecordedCalls(await recorded(tmp_path)))
    assert await transcript.find(question("a")) == REPLY
    assert await transcript.find(question("c")) == LATER
    assert await transcript.find(question("d")) is None
    assert await transcript.find(question("e")) is None
    denied = await transcript.find(question("b"))
    assert isinstance(denied, NoReply)
    assert vars(denied) == vars(DENIED) and denied.args == DENIED.args
    await transcript.close()


async def test_where_the_transcript_ends_a_limit_is_reached_and_a_gap_is_none(tmp_path: Path) -> None:
    storage = SqliteProgramStorage(path=tmp_path / "run.db")
    await storage.open()
    log = StorageCallLog(storage)
    for key in ("mutation/3/0", "insight/900", "mutation/12/1"):
        await log.begin(key, {"role": "mutation", **question_row(question(key))}, reply_row(REPLY, NOTHING))
    await storage.close()
    transcript = Transcript(calls=RecordedCalls(storage.path))
    for key in ("mutation/4/0", "mutation/12/2", "insight/901", "initial/-1"):
        assert await transcript.find(question(key)) is None
    ended = await transcript.find(question("mutation/13/0"))
    assert isinstance(ended, NoReply)
    assert (ended.trouble, ended.limit) == (Trouble.UNRECORDED, "transcript")
    assert ended.message == "the transcript ends before mutation/13/0"
    await transcript.close()


async def test_a_question_that_is_another_is_answered_and_told_of_once(tmp_path: Path) -> None:
    transcript = Transcript(calls=RecordedCalls(await recorded(tmp_path)))
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}")
    try:
        assert await transcript.find(question("a")) == REPLY
        assert lines == []
        for key in ("a", "c"):
            assert await transcript.find(question(key, "Something else.")) is not None
    finally:
        logger.remove(sink)
    assert [line.strip() for line in lines] == [
        "a is another question than in the transcript: from here on this run is not the recorded one"
    ]
    await transcript.close()


async def test_a_resumed_run_goes_on_with_the_next_number(tmp_path: Path) -> None:
    storage = SqliteProgramStorage(path=await recorded(tmp_path))
    await storage.open()
    log = StorageCallLog(storage)
    numbers = [await log.begin("e", {"role": "mutation"}), await log.begin("e", {"role": "mutation"})]
    assert numbers == [7, 8]
    assert [number async for number, *_ in log.calls()] == [1, 2, 3, 4, 5, 6, 7, 8]
    await storage.close()


@pytest.mark.parametrize("remembered", [1, 100])
async def test_ancestors_are_found_in_the_order_asked_for(tmp_path: Path, remembered: int) -> None:
    storage = SqliteProgramStorage(path=tmp_path / "run.db")
    await storage.open()
    await storage.commit(Transaction(insert=[Program(id=name, source=f"# {name}\n") for name in "abc"]))
    ancestry = StoredAncestry(storage, remembered=remembered)
    for asked, found in (("ca", "ca"), ("xb", "b"), ("abcx", "abc"), ("", "")):
        assert "".join(program.id for program in await ancestry.find(list(asked))) == found
    await storage.close()
