"""ReplyCache: what was answered once is found again, and repeated sampling still varies."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.llm.base import Message, Reply, Request, Usage
from gigaevo.llm.cache import FILE, ReplyCache

SETTINGS: dict[str, dict[str, Any]] = {
    "small": {"model": "openai/small", "temperature": 0.7},
    "large": {"model": "openai/large", "temperature": 0.7},
}


def cache_in(folder: Path | None, settings: dict[str, dict[str, Any]] | None = None) -> ReplyCache:
    cache = ReplyCache(folder=folder)
    cache.bind(settings or SETTINGS)
    return cache


def question(text: str = "Improve it.", *, key: str = "mutation/1/0", model: str = "small", limit: int = 10) -> Request:
    messages = [Message("system", "You change programs."), Message("user", text)]
    return Request(key=key, role="mutation", messages=messages, models=[model, "large"], max_tokens=limit)


def reply(text: str, model: str = "small") -> Reply:
    usage = Usage(usd=0.5, prompt_tokens=7, completion_tokens=3, calls=1)
    return Reply(text=text, model=model, finish="length", usage=usage, latency_s=2.0)


async def test_what_one_run_was_told_another_run_finds_at_no_cost(tmp_path: Path) -> None:
    first, second = cache_in(tmp_path), cache_in(tmp_path)
    assert await first.find(question()) is None
    await first.keep(question(), reply("ä"))
    found = await second.find(question(key="mutation/900/1"))
    assert found == Reply(text="ä", model="small", finish="length", cached=True)
    await first.close()
    await second.close()


async def test_the_same_question_asked_again_gets_the_next_reply_or_none(tmp_path: Path) -> None:
    first = cache_in(tmp_path)
    for text in ("one", "two"):
        assert await first.find(question()) is None
        await first.keep(question(), reply(text))
    second = cache_in(tmp_path)
    found = [await second.find(question()) for _ in range(3)]
    assert [None if it is None else it.text for it in found if not isinstance(it, Exception)] == ["one", "two", None]


async def test_a_resumed_run_goes_on_with_the_reply_that_is_next(tmp_path: Path) -> None:
    first = cache_in(tmp_path)
    for text in ("one", "two"):
        await first.keep(question(), reply(text))
    resumed = cache_in(tmp_path)
    resumed.asked_before("small", question())
    found = await resumed.find(question())
    assert isinstance(found, Reply)
    assert found.text == "two"


@pytest.mark.parametrize(
    "other",
    [
        question("Improve it!"),
        question(model="large"),
        question(limit=11),
        Request(
            key="mutation/1/0",
            role="mutation",
            messages=[Message("system", "You change programs.Improve it.")],
            models=["small"],
            max_tokens=10,
        ),
    ],
)
async def test_another_question_is_not_answered(other: Request, tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    await cache.keep(question(), reply("one"))
    assert await cache.find(other) is None


async def test_another_temperature_is_another_question(tmp_path: Path) -> None:
    await cache_in(tmp_path).keep(question(), reply("one"))
    hotter = cache_in(tmp_path, {**SETTINGS, "small": {"model": "openai/small", "temperature": 1.0}})
    assert await hotter.find(question()) is None


async def test_the_reply_of_a_model_that_stood_in_answers_questions_to_that_model(tmp_path: Path) -> None:
    await cache_in(tmp_path).keep(question(), reply("one", model="large"))
    assert await cache_in(tmp_path).find(question()) is None
    assert await cache_in(tmp_path).find(question(model="large")) is not None


async def test_runs_that_keep_replies_to_one_question_at_a_time_lose_none(tmp_path: Path) -> None:
    caches = [cache_in(tmp_path) for _ in range(3)]
    for number, cache in enumerate(caches):
        await cache.keep(question(), reply(str(number)))
    reader = cache_in(tmp_path)
    found = [await reader.find(question()) for _ in caches]
    assert {it.text for it in found if isinstance(it, Reply)} == {"0", "1", "2"}


async def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cache = cache_in(None)
    await cache.keep(question(), reply("one"))
    assert await cache.find(question()) is None
    await cache.close()
    assert list(tmp_path.iterdir()) == []


@given(texts=st.lists(st.text(st.characters(), max_size=20), min_size=1, max_size=5))
async def test_any_text_comes_back_as_it_was(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache, other = cache_in(folder), cache_in(folder)
    for text in texts:
        await cache.keep(question(), reply(text))
    for text in texts:
        found = await other.find(question())
        assert isinstance(found, Reply)
        assert found.text == text
    await cache.close()
    await other.close()


async def test_a_file_that_is_taken_away_or_held_costs_the_run_nothing(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    holder = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    await cache.keep(question(), reply("one"))
    holder.execute("ROLLBACK")
    assert await cache_in(tmp_path).find(question()) is None
    holder.execute("DROP TABLE replies")
    await cache.keep(question(), reply("one"))
    assert await cache.find(question()) is None
    holder.close()


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"the cache folder .*file/inside cannot be made: Not a directory"):
        ReplyCache(folder=tmp_path / "file" / "inside")
