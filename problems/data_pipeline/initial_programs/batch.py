"""Batch: pushes are collected, and whole batches go through one pass for each step."""

import copy

PUSHES = 2  # pushes in a batch; fewer where the hold ends before
COPIES = 2  # copies that a pass makes of its batch, to have it for itself
CHECKS = 5  # how often an amount is looked at
LANES = 2  # keys whose lane is remembered
SUMS = 4  # how often a window is added up

state = {}


def entrypoint(request):
    if request["op"] == "open":
        state.clear()
        state.update(request, batch=[], pushes=0, waiting=[], windows=[], lanes={}, dropped=0)
        return ""
    if request["op"] == "close":
        results = process(state["batch"])
        return "\n".join(results + [f"dropped|-|{state['dropped']}"])
    state["batch"] = state["batch"] + request["lines"].split("\n")
    state["pushes"] += 1
    if state["pushes"] < PUSHES and state["pushes"] <= state["hold"]:
        return ""
    batch = state["batch"]
    state.update(batch=[], pushes=0)
    return "\n".join(process(batch))


def process(lines):
    """One pass after the other over the whole batch."""
    messages = own([line.split("|") for line in lines])
    if state["ordered"]:
        messages = sort_pass(messages)
    messages = filter_pass(own(messages))
    lanes = route_pass(messages)
    return aggregate_pass(messages, lanes)


def own(messages):
    """A copy of the batch that no other pass can change."""
    for _ in range(COPIES):
        messages = copy.deepcopy(messages)
    return messages


def sort_pass(messages):
    waiting = state["waiting"] + messages
    ready = []
    for _ in list(waiting):
        for message in waiting:
            if message[0] == str(state["first"]):
                ready.append(message)
                state["first"] += 1
    state["waiting"] = [message for message in waiting if message not in ready]
    return ready


def filter_pass(messages):
    kept = []
    for message in messages:
        number, key, kind, amount, *note = message
        whole, point, rest = amount.partition(".")
        good = bool(note)
        for _ in range(CHECKS):
            good = good and kind not in state["muted"] and amount.replace(".", "").isdigit() and point != ""
        if good:
            kept.append([number, key, kind, int(whole + rest), note[-1]])
        else:
            state["dropped"] += 1
    return kept


def route_pass(messages):
    lanes = []
    for number, key, kind, cents, note in messages:
        if key not in state["lanes"]:
            fitting = []
            for prefix, lane in state["routes"]:
                if key[: len(prefix)] == prefix:
                    fitting.append((prefix, lane))
            prefix, lane = max(fitting)
            state["lanes"][key] = lane
        lanes.append(state["lanes"][key])
        while len(state["lanes"]) > LANES:
            state["lanes"].pop(next(iter(state["lanes"])))
    return lanes


def aggregate_pass(messages, lanes):
    results = []
    for message, lane in zip(messages, lanes):
        number, key, kind, cents, note = message
        if kind == "refund":
            cents = -cents
        results.append(f"record|{key}|{lane}|{number}|{cents}|{len(note.split())}")
        state["windows"] = state["windows"] + [(key, cents)]
        for _ in range(SUMS):
            recent = [value for name, value in state["windows"] if name == key]
            total = sum(recent)
        if len(recent) == state["window"]:
            results.append(f"window|{key}|{number}|{len(recent)}|{total}|{min(recent)}|{max(recent)}")
            state["windows"] = [(name, value) for name, value in state["windows"] if name != key]
    return results
