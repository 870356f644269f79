"""Batch: pushes are collected, and whole batches go through one pass for each step."""

import copy

PUSHES = 3  # pushes in a batch; fewer where the hold ends before
CHECKS = 4

state = {}


def entrypoint(request):
    if request["op"] == "open":
        state.clear()
        state.update(request)
        state["batch"] = []
        state["pushes"] = 0
        state["waiting"] = []
        state["next"] = request["first"]
        state["windows"] = []
        state["dropped"] = 0
        return ""
    if request["op"] == "close":
        results = process(state["batch"])
        return "\n".join(results + ["dropped|-|" + str(state["dropped"])])
    state["batch"] = state["batch"] + request["lines"].split("\n")
    state["pushes"] += 1
    if state["pushes"] < PUSHES and state["pushes"] <= state["hold"]:
        return ""
    batch = state["batch"]
    state["batch"] = []
    state["pushes"] = 0
    return "\n".join(process(batch))


def process(lines):
    """One pass after the other over the whole batch."""
    messages = [line.split("|", 4) for line in lines]
    messages = copy.deepcopy(messages)
    if state["ordered"]:
        messages = sort_pass(messages)
    messages = filter_pass(messages)
    messages = copy.deepcopy(messages)
    lanes = route_pass(messages)
    return aggregate_pass(messages, lanes)


def sort_pass(messages):
    waiting = state["waiting"] + messages
    ready = []
    for _ in range(len(waiting)):
        for message in waiting:
            if int(message[0]) == state["next"]:
                ready.append(message)
                state["next"] += 1
    waiting = [message for message in waiting if message not in ready]
    state["waiting"] = waiting
    return ready


def filter_pass(messages):
    kept = []
    for message in messages:
        good = len(message) == 5 and message[2] not in state["muted"]
        for _ in range(CHECKS):
            good = good and message[3].count(".") == 1 and message[3].replace(".", "").isdigit()
        if good:
            kept.append(message)
        else:
            state["dropped"] += 1
    return kept


def route_pass(messages):
    lanes = []
    for message in messages:
        fitting = []
        for prefix, lane in state["routes"]:
            if message[1][: len(prefix)] == prefix:
                fitting.append((len(prefix), lane))
        fitting.sort()
        lanes.append(fitting[-1][1])
    return lanes


def aggregate_pass(messages, lanes):
    results = []
    for place in range(len(messages)):
        number, key, kind, amount, note = messages[place]
        cents = int(amount.replace(".", ""))
        if kind == "refund":
            cents = -cents
        results.append(f"record|{key}|{lanes[place]}|{number}|{cents}|{len(note.split())}")
        state["windows"] = [entry for entry in state["windows"]]
        state["windows"].append((key, cents))
        recent = [value for name, value in state["windows"] if name == key]
        if len(recent) == state["window"]:
            results.append(f"window|{key}|{number}|{len(recent)}|{sum(recent)}|{min(recent)}|{max(recent)}")
            state["windows"] = [entry for entry in state["windows"] if entry[0] != key]
    return results
