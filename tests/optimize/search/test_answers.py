"""Candidates between ask and tell: each is told once, in any order, and nothing is mixed up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.optimize.search.answers import Answers


def expected(answers: Answers, n: int) -> np.ndarray:
    """Candidates whose code and memo are their id."""
    first = answers.asked
    codes = np.arange(first, first + n, dtype=np.float64)[:, None]
    return answers.expect(codes, (np.arange(first, first + n) * 10,))


@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=6), data=st.data())
def test_whatever_the_order_each_candidate_comes_back_as_itself(sizes: list[int], data: st.DataObject) -> None:
    answers = Answers()
    ids = np.concatenate([expected(answers, n) for n in sizes])
    order = data.draw(st.permutations(ids.tolist()))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=4)))
    for part in np.split(np.array(order, np.int64), cuts):
        codes, memo = answers.take(part)
        if len(part):
            assert codes[:, 0].tolist() == part.tolist()
            assert memo[0].tolist() == (part * 10).tolist()
    for candidate in order:
        with pytest.raises(ValueError, match=f"candidate {candidate} was told or forgotten before"):
            answers.take(np.array([candidate]))


def test_a_mistake_takes_nothing() -> None:
    answers = Answers()
    expected(answers, 4)
    for ids, said in [([0, 9], "candidate 9 was never asked"), ([1, 1], "told twice at once"), ([-1], "never asked")]:
        with pytest.raises(ValueError, match=said):
            answers.take(np.array(ids))
    assert answers.take(np.arange(4))[0][:, 0].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_answers_wait_in_the_order_in_which_they_were_told() -> None:
    answers = Answers()
    for part in ([1.0, 2.0], [3.0], [4.0, 5.0, 6.0]):
        answers.add(np.array(part)[:, None], np.array(part), (np.array(part),))
    codes, merits, memo = answers.next(4)
    assert codes[:, 0].tolist() == merits.tolist() == memo[0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert answers.waiting == 2
    assert answers.next(2)[1].tolist() == [5.0, 6.0]
