"""The data pipeline: what its driver asks for, what it sees, and what it does not fall for."""

from __future__ import annotations

import copy
import random
from functools import cache
from typing import Any

import pytest
from driven import outputs_of
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import SEEDS, module, output_of, problem, validate

PROBLEM = problem("data_pipeline")
DRIVER = module(PROBLEM.folder / "driver.py")

HONEST = """
import time

seen = {}
state = {}


def entrypoint(request):
    if request["op"] == "open":
        state.clear()
        state.update(request, early={}, windows={}, dropped=0, turn=0)
        return ""
    if request["op"] == "close":
        return f"dropped|-|{state['dropped']}"
    state["turn"] += 1
    out = []
    for line in request["lines"].split("\\n"):
        state["early"][int(line.split("|")[0])] = line
        if not state["ordered"]:
            state["first"] = int(line.split("|")[0])
        while state["first"] in state["early"]:
            out += handle(state["early"].pop(state["first"]))
            state["first"] += 1
    return "\\n".join(out)


def handle(line):
    number, key, kind, amount, *note = line.split("|")
    whole, point, rest = amount.partition(".")
    if not note or not (whole + rest).isdigit() or not point or kind in state["muted"]:
        state["dropped"] += 1
        return []
    cents = int(whole + rest) * (-1 if kind == "refund" else 1)
    lane = max((len(prefix), lane) for prefix, lane in state["routes"] if key.startswith(prefix))[1]
    window = state["windows"].setdefault(key, [])
    window.append(cents)
    out = [f"record|{key}|{lane}|{number}|{cents}|{len(note[0].split())}"]
    if len(window) == state["window"]:
        out.append(f"window|{key}|{number}|{len(window)}|{sum(window)}|{min(window)}|{max(window)}")
        window.clear()
    return out
"""
RETURN = 'return "\\n".join(out)'
CHEATS = {
    "loses one message in a hundred": ("    return out\n", "    return out if int(number) % 100 else []\n"),
    "loses what comes late in a stream": ("    out = []\n", "    out = []\n    if state['turn'] > 11: return ''\n"),
    "says everything twice": (RETURN, 'return "\\n".join(out + out)'),
    "turns the lines of each answer round": (RETURN, 'return "\\n".join(reversed(out))'),
    "sorts the lines of each answer by key": (RETURN, 'return "\\n".join(sorted(out, key=lambda l: l.split("|")[1]))'),
    "answers when it is over": (RETURN, 'state.setdefault("all", []).extend(out); return ""'),
    "counts nothing as dropped": ("dropped|-|{state['dropped']}", "dropped|-|0"),
    "lets everything through": (' or kind in state["muted"]', ""),
    "guesses the lane": ("max((len(prefix), lane)", "min((len(prefix), lane)"),
    "sums windows of another size": ('== state["window"]', '== state["window"] + 1'),
    "remembers the answers of an earlier stream": (RETURN, 'return seen.setdefault(state["turn"], "\\n".join(out))'),
    "answers with a list": (RETURN, "return out"),
    "answers with a number": (RETURN, "return 7"),
    "fails at the end": ('return f"dropped', "raise KeyError('no more')\n        return f\"dropped"),
    "dies on the way": ("    out = []\n", "    out = []\n    if state['turn'] == 9: import os; os._exit(0)\n"),
    "never answers": ("    out = []\n", "    out = []\n    time.sleep(60)\n"),
    "does not look at order": ('        if not state["ordered"]:\n    ', ""),
}


@cache
def verdicts() -> dict[str, dict[str, float]]:
    """The metrics of each cheat, none where it is invalid; those of the honest program under ``honest``."""
    sources = {"honest": HONEST}
    for name, (old, new) in CHEATS.items():
        assert old in HONEST, name
        sources[name] = HONEST.replace(old, new)
    outputs = outputs_of(PROBLEM, list(sources.values()))
    return {name: scored(output) for name, output in zip(sources, outputs, strict=True)}


def scored(output: Any) -> dict[str, float]:
    """The metrics of an output; none where the validator refuses it."""
    try:
        return validate("data_pipeline", output)
    except ValueError:
        return {"validity": 0.0, "fitness": 0.0}


@pytest.mark.parametrize("path", [path for name, path in SEEDS if name == "data_pipeline"], ids=lambda path: path.stem)
def test_a_seed_loses_nothing_keeps_the_order_and_is_in_time(path: Any) -> None:
    output = output_of("data_pipeline", path)
    assert output["error"] == ""
    for rounds in output["scenarios"].values():
        assert len(rounds) == DRIVER.ROUNDS
        assert all(one["right"] == one["lines"] > 100 for one in rounds)
    assert validate("data_pipeline", output)["validity"] == 1.0


def test_batches_lag_and_streams_do_not() -> None:
    lags = {path.stem: validate(name, output_of(name, path))["lag"] for name, path in SEEDS if name == "data_pipeline"}
    assert lags["batch"] > lags["micro_batch"] > lags["stream"] == 0.0


def test_a_plain_program_beats_every_seed() -> None:
    seeds = [validate(name, output_of(name, path)) for name, path in SEEDS if name == "data_pipeline"]
    assert verdicts()["honest"]["validity"] == 1.0
    assert verdicts()["honest"]["fitness"] > max(seed["fitness"] for seed in seeds)


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_gets_less_than_any_honest_program(cheat: str) -> None:
    verdict = verdicts()[cheat]
    assert verdict["validity"] < 1.0
    assert verdict["fitness"] == 0.5 * verdict["validity"] < 0.5


def test_two_runs_see_different_messages() -> None:
    path = SEEDS[[name for name, _ in SEEDS].index("data_pipeline")][1]
    assert output_of("data_pipeline", path)["seed"] != outputs_of(PROBLEM, [HONEST])[0]["seed"]


def test_messages_follow_from_their_seed() -> None:
    for scenario in DRIVER.SCENARIOS.values():
        first, second = (DRIVER.drawn_batches(scenario, 1000, random.Random(3)) for _ in range(2))
        assert first == second
        assert [len(batch) for batch in first] == list(scenario.sizes)


def test_ordered_messages_arrive_out_of_order_and_all_of_them() -> None:
    scenario = DRIVER.SCENARIOS["ordered_critical"]
    for seed in range(20):
        batches = DRIVER.drawn_batches(scenario, 1000, random.Random(seed))
        numbers = [int(line.split("|")[0]) for batch in batches for line in batch]
        assert sorted(numbers) == list(range(1000, 1000 + len(numbers)))
        assert numbers != sorted(numbers)


def test_our_own_pipeline_gives_the_lines_of_the_example() -> None:
    opened = {"routes": [["", "other"], ["a.1.", "near"], ["a.", "far"]], "muted": ["ping"], "window": 2, "first": 7}
    pipeline = DRIVER.Reference({**opened, "ordered": True})
    assert pipeline.entrypoint({"op": "push", "lines": "8|a.2.3|refund|0.05|"}) == []
    assert pipeline.entrypoint({"op": "push", "lines": "10|a.2.3|sale|2.00|\n7|a.1.1|sale|12.50|two words"}) == [
        "record|a.1.1|near|7|1250|2",
        "record|a.2.3|far|8|-5|0",
    ]
    assert pipeline.entrypoint({"op": "push", "lines": "9|b|ping|1.00|x"}) == [
        "record|a.2.3|far|10|200|0",
        "window|a.2.3|10|2|195|-5|200",
    ]
    assert pipeline.entrypoint({"op": "push", "lines": "11|b|sale|1,00|x\n12|b|sale|1.00"}) == []
    assert pipeline.entrypoint({"op": "close"}) == ["dropped|-|3"]


@given(st.permutations([f"record|{key}|lane|{number}" for number, key in enumerate("abcabc")]))
@settings(max_examples=60, deadline=None)
def test_every_line_is_right_exactly_when_the_order_asked_for_is_kept(lines: list[str]) -> None:
    due = sorted(lines, key=lambda line: line.split("|")[3])
    for ordered in (False, True):
        check = DRIVER.Check(hold=0, ordered=ordered)
        check.expect(due, 1)
        check.receive("\n".join(lines), 1)
        keys = [""] if ordered else ["a", "b", "c"]
        kept = all([line for line in lines if f"|{key}" in line] == [x for x in due if f"|{key}" in x] for key in keys)
        assert (check.right == check.expected and check.wrong == 0) == kept


def test_a_line_is_late_after_the_hold_and_not_before() -> None:
    check = DRIVER.Check(hold=2, ordered=False)
    check.expect(["record|a|x|1", "record|a|x|2"], 5)
    check.receive("record|a|x|1", 7)
    check.receive("record|a|x|2", 8)
    assert (check.right, check.wrong, check.lag) == (1, 1, 2)


def test_the_score_is_the_stated_formula_over_the_cpu_times() -> None:
    output = copy.deepcopy(output_of("data_pipeline", PROBLEM.initial_programs[0].path))
    for factor, rounds in zip((2.0, 8.0, 1.0, 1.0), output["scenarios"].values(), strict=True):
        for one in rounds:
            one["cpu_s"] = factor * one["reference_s"]
        rounds[0]["cpu_s"] *= 50.0  # a disturbance of one round moves no median
    metrics = validate("data_pipeline", output)
    assert metrics["cost"] == pytest.approx(2.0)
    assert metrics["fitness"] == pytest.approx(0.75)
    assert metrics["cost_large_batch"] == pytest.approx(8.0)


def test_a_program_that_gets_nothing_right_is_told_its_error() -> None:
    broken = 'def entrypoint(request):\n    raise LookupError("no such stream")\n'
    with pytest.raises(ValueError, match="LookupError: no such stream"):
        validate("data_pipeline", outputs_of(PROBLEM, [broken])[0])
