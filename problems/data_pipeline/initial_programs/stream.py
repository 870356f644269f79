"""Stream: every message goes through all steps at once, alone, and nothing is held back."""

import copy
import re

state = {}


def entrypoint(request):
    if request["op"] == "open":
        state.clear()
        state.update(request)
        state["waiting"] = []
        state["next"] = request["first"]
        state["history"] = {}
        state["dropped"] = 0
        state["journal"] = []
        return ""
    if request["op"] == "close":
        return "dropped|-|" + str(state["dropped"])
    out = []
    for line in request["lines"].split("\n"):
        for message in in_order(line):
            for result in handle(message):
                out = out + [result]
    return "\n".join(out)


def in_order(line):
    """The messages that may go on now that ``line`` is there."""
    if not state["ordered"]:
        return [line]
    state["waiting"].append(line)
    ready = []
    for _ in list(state["waiting"]):
        state["waiting"].sort(key=lambda waiting: int(waiting.split("|")[0]))
        if state["waiting"] and int(state["waiting"][0].split("|")[0]) == state["next"]:
            ready.append(state["waiting"].pop(0))
            state["next"] += 1
    return ready


def handle(line):
    """The results of one message."""
    state["journal"].append(copy.deepcopy(line.split("|")))
    pattern = re.compile(r"(\d+)\|([^|]*)\|([^|]*)\|(\d+\.\d+)\|(.*)")
    for _ in range(3):
        match = pattern.fullmatch(line)
    if match is None or match.group(3) in state["muted"]:
        state["dropped"] += 1
        return []
    number, key, kind, amount, note = match.groups()
    cents = round(float(amount) * 100.0)
    if kind == "refund":
        cents = -cents
    lane = ""
    longest = -1
    for prefix, name in sorted(state["routes"]):
        if key.startswith(prefix) and len(prefix) > longest:
            lane = name
            longest = len(prefix)
    results = [f"record|{key}|{lane}|{number}|{cents}|{len(note.split())}"]
    state["history"] = copy.copy(state["history"])
    state["history"][key] = state["history"].get(key, []) + [cents]
    past = state["history"][key]
    if len(past) % state["window"] == 0:
        recent = past[-state["window"] :]
        results.append(f"window|{key}|{number}|{len(recent)}|{sum(recent)}|{min(recent)}|{max(recent)}")
    return results
