"""The chronicle: what repeats an earlier program, what was tried, and all of it as of a number of programs heard of."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evolution.mutation.base import OperatorContext
from gigaevo.evolution.mutation.llm import Chronicle
from gigaevo.evolution.mutation.llm.likeness import MOST_TOKENS, likeness_of, nearly_equal
from gigaevo.programs import ErrorKind, Program, ProgramError
from gigaevo.programs.text_facts import files_hash
from tests.mutation.llm.scripted import METRICS, program

BOUND = OperatorContext(metrics=METRICS, takes_context=False, search=None)
WORDS = [f"name_{number}" for number in range(60)]


def long_program(seed: int, lines: int = 60) -> str:
    rng = random.Random(seed)
    body = [
        f"    {rng.choice(WORDS)} = {rng.choice(WORDS)} + {rng.choice(WORDS)} * {rng.random():.3f}\n"
        for _ in range(lines)
    ]
    return "def entrypoint():\n" + "".join(body) + "    return name_0\n"


def chronicle(*programs: Program, **settings: Any) -> Chronicle:
    made = Chronicle(**settings)
    made.bind(BOUND)
    for one in programs:
        made.observe(one)
    return made


def repeats(made: Chronicle, source: str, observed: int = 1_000) -> str:
    files = {"main.py": source}
    known = made.known(files, files_hash(files), observed=observed)
    return "" if known is None else "same" if known.same else "nearly"


LONG = long_program(0)


def test_where_children_must_know_nothing_of_one_another_it_hears_of_nobody() -> None:
    made = Chronicle()
    made.bind(replace(BOUND, independent=True))
    made.observe(program(LONG))
    made.observe(program(long_program(1), number=1, parents=["p0"]))
    assert repeats(made, LONG) == ""
    assert made.tried("p0", observed=2) == made.lineage("p1", 4) == []


def test_layout_and_comments_make_no_new_program() -> None:
    assert repeats(chronicle(program(LONG)), f"# again\n{LONG}\n\n") == "same"


def test_a_change_of_one_token_in_a_long_program_is_nearly_the_same() -> None:
    line = LONG.splitlines()[30]
    changed = LONG.replace(line, line.replace("+", "-"))
    assert repeats(chronicle(program(LONG)), changed) == "nearly"
    assert repeats(chronicle(program(LONG), similarity=None), changed) == ""
    assert repeats(chronicle(program(LONG), similarity=1.0), changed) == ""


def test_a_change_of_one_line_is_new_however_long_the_program_is() -> None:
    for lines in (10, 100, 1_000):
        text = long_program(1, lines)
        line = text.splitlines()[lines // 2]
        assert repeats(chronicle(program(text)), text.replace(line, "    name_1 = [name_2 for name_3 in name_4]")) == ""


def test_numbers_alone_make_a_program_new() -> None:
    line = LONG.splitlines()[30]
    assert repeats(chronicle(program(LONG)), LONG.replace(line, f"{line}1")) == ""


def test_a_list_of_other_numbers_is_new_and_does_not_hide_a_change_of_the_code() -> None:
    def frozen(seed: int, code: str) -> str:
        rng = random.Random(seed)
        return f"POINTS = [{', '.join(f'{rng.uniform(-1, 1):.6f}' for _ in range(800))}]\n\n\n{code}"

    code = long_program(2, 8)
    other = code.replace(code.splitlines()[4], "    name_1 = max(name_2, name_3)\n    name_4 = sorted(name_5)")
    made = chronicle(program(frozen(0, code)))
    assert repeats(made, frozen(1, code)) == ""
    assert repeats(made, frozen(0, other)) == ""
    assert repeats(made, frozen(1, other)) == ""


def test_an_indented_line_is_another_program() -> None:
    text = "def entrypoint():\n    for i in range(3):\n        x = i\n    y = x\n    return y\n"
    assert repeats(chronicle(program(text)), text.replace("    y = x", "        y = x")) == ""


def test_a_failed_program_may_be_mended_by_one_token_but_not_repeated() -> None:
    failed = program(LONG, metrics={}, error=ProgramError(kind=ErrorKind.EXCEPTION, message="no"))
    line = LONG.splitlines()[30]
    assert repeats(chronicle(failed), LONG.replace(line, line.replace("+", "-"))) == ""
    assert repeats(chronicle(failed), LONG) == "same"


def test_what_came_later_does_not_matter() -> None:
    made = chronicle(program(long_program(1), number=0), program(LONG, number=1))
    line = LONG.splitlines()[30]
    near = LONG.replace(line, line.replace("+", "-"))
    assert [repeats(made, LONG, n) for n in (0, 1, 2)] == ["", "", "same"]
    assert [repeats(made, near, n) for n in (0, 1, 2)] == ["", "", "nearly"]


def test_to_hear_of_a_program_twice_changes_nothing() -> None:
    one = program(LONG, number=0)
    made = chronicle(one, one, program(long_program(1), number=1), one)
    assert repeats(made, long_program(1), observed=2) == "same"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 12), st.sampled_from([0.9, 0.95, 0.97, 0.99]))
def test_what_is_nearly_equal_is_found_without_looking_at_everything(
    seed: int, changes: int, similarity: float
) -> None:
    """Among programs that are unlike one another none that is nearly equal is missed, and none that is not is named."""
    rng = random.Random(seed)
    earlier = [program(long_program(seed + number, 30), number=number) for number in range(12)]
    lines = earlier[rng.randrange(12)].source.splitlines(keepends=True)
    for _ in range(changes):
        place = rng.randrange(1, len(lines) - 1)
        lines[place] = lines[place].replace("*", "/", 1)
    child = likeness_of({"main.py": "".join(lines)})
    expected = any(nearly_equal(child, likeness_of(one.files), similarity) for one in earlier)
    made = chronicle(*earlier, similarity=similarity)
    same = files_hash({"main.py": "".join(lines)}) in {one.syntax_hash for one in earlier}
    assert repeats(made, "".join(lines)) == ("same" if same else "nearly" if expected else "")


def test_a_population_of_one_kind_is_not_scanned() -> None:
    """Hundreds of programs that share nearly everything: few are looked at, and the one that counts is found."""
    base = long_program(3).splitlines(keepends=True)
    made = Chronicle()
    made.bind(BOUND)
    sources = []
    for number in range(500):
        lines = list(base)
        for place in (7, 21, 44):
            lines[place] = f"    name_{number % 60} = other_{number}(name_{number * 7 % 60}) - another_{number}\n"
        sources.append("".join(lines))
        made.observe(program(sources[-1], number=number))
    near = sources[123].replace("- another_123", "+ another_123", 1)
    likeness = likeness_of({"main.py": near})
    assert len(made._candidates(likeness, 0.97, 500)) <= 64 + 16
    assert repeats(made, near, 500) == "nearly"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_like_itself(text: str) -> None:
    for path in ("main.py", "main.cpp", "main.ml", "main"):
        one = likeness_of({path: text})
        assert nearly_equal(one, one, 1.0)


def test_no_more_than_so_many_tokens_are_looked_at_in_however_many_files() -> None:
    words = " ".join(f"n{number}" for number in range(MOST_TOKENS))
    assert likeness_of({"a.py": words, "b.py": words.replace("n", "m")}).shingles.size <= MOST_TOKENS


def child_of(parent: Program, number: int, fitness: float, said: str) -> Program:
    return program(
        long_program(100 + number, 5),
        number=number,
        parents=[parent.id],
        metrics={"fitness": fitness},
        mutations_applied=[said],
    )


def test_what_was_tried_is_told_as_of_then_and_only_the_newest() -> None:
    parent = program(LONG, number=0)
    children = [child_of(parent, number, 0.5 + number / 10, f"did {number}") for number in range(1, 5)]
    made = chronicle(parent, *children, trials=2)
    assert made.tried("p0", observed=1) == []
    assert made.tried("p0", observed=2) == ["did 1: fitness 0.50 → 0.60 (better)"]
    assert made.tried("p0", observed=4) == [
        "did 2: fitness 0.50 → 0.70 (better)",
        "did 3: fitness 0.50 → 0.80 (better)",
    ]
    assert made.tried("nobody", observed=4) == []


def test_a_lineage_is_told_from_its_oldest_change() -> None:
    first = program(LONG, number=0, operator="initial", mutations_applied=["initial program a"])
    second = child_of(first, 1, 0.25, "then\nthis")
    third = program(long_program(9), number=2, parents=["p1"], metrics={}, mutations_applied=["broke it"])
    failed = third.model_copy(update={"error": ProgramError(kind=ErrorKind.LEAK, message="SECRET")})
    made = chronicle(first, second, failed)
    assert made.lineage("p2", 9) == [
        "initial program a: fitness 0.50",
        "then this: fitness 0.50 → 0.25 (worse)",
        "broke it: failed (leak): the answer does not hold",
    ]
    assert made.lineage("p2", 1) == ["broke it: failed (leak): the answer does not hold"]
    assert made.lineage("p2", 0) == []


@pytest.mark.parametrize("wrong", [{"similarity": 0.5}, {"similarity": 1.5}, {"retries": -1}, {"trials": -1}])
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Chronicle(**wrong)
