"""Stream: every message goes through all steps at once, alone, and nothing is held back."""

import copy
import re

MATCHES = 3  # how often a message is matched, to be sure of it
SORTS = 2  # sorts of what waits, for each message that arrives
SCANS = 4  # looks at the table of routes, for each message
SNAPSHOTS = 2  # copies of the state that are taken, for each message

state = {}


def entrypoint(request):
    if request["op"] == "open":
        state.clear()
        state.update(request, waiting=[], history={}, dropped=0, journal=[])
        return ""
    if request["op"] == "close":
        return f"dropped|-|{state['dropped']}"
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
    for _ in range(SORTS):
        state["waiting"].sort(key=number_of)
    ready = []
    for waiting in list(state["waiting"]):
        if number_of(waiting) == state["first"]:
            state["waiting"].remove(waiting)
            ready.append(waiting)
            state["first"] += 1
    return ready


def number_of(line):
    number, *rest = line.split("|")
    return int(number)


def handle(line):
    """The results of one message."""
    for _ in range(SNAPSHOTS):
        state["journal"].append(copy.deepcopy(line.split("|")))
    for _ in range(MATCHES):
        pattern = re.compile(r"(\d+)\|([^|]*)\|([^|]*)\|(\d+\.\d+)\|(.*)")
        match = pattern.fullmatch(line)
    if match is None or match.group(3) in state["muted"]:
        state["dropped"] += 1
        return []
    number, key, kind, amount, note = match.groups()
    cents = int(amount.replace(".", ""))
    if kind == "refund":
        cents = -cents
    for _ in range(SCANS):
        fitting = [(prefix, name) for prefix, name in state["routes"] if key.startswith(prefix)]
        prefix, lane = max(fitting)
    results = [f"record|{key}|{lane}|{number}|{cents}|{len(note.split())}"]
    past = state["history"].get(key, []) + [cents]
    state["history"] = copy.copy(state["history"])
    state["history"][key] = past
    if len(past) % state["window"] == 0:
        recent = past[-state["window"] :]
        results.append(f"window|{key}|{number}|{len(recent)}|{sum(recent)}|{min(recent)}|{max(recent)}")
    return results
