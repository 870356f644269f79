"""Micro-batch: a buffer of messages that is worked off in small slices when it is full or its time is up."""

import json

FULL = 9  # messages that make the buffer full
SLICE = 2  # messages worked off at a time
POLLS = 30  # looks at the buffer after each push
REMEMBERED = 3  # keys whose lane is remembered
ROUND_TRIPS = 2  # how often a slice is written and read back before it is worked on
RECOUNTS = 4  # how often the words of a note are counted

state = {}


def entrypoint(request):
    if request["op"] == "open":
        state.clear()
        state.update(request, buffer=[], age=0, waiting={}, lanes={}, windows={}, dropped=0)
        return ""
    out = []
    if request["op"] == "push":
        accept(request["lines"])
        state["age"] += 1
    for _ in range(POLLS):
        if is_due() or request["op"] == "close":
            while state["buffer"]:
                part = state["buffer"][:SLICE]
                state["buffer"] = state["buffer"][SLICE:]
                for _ in range(ROUND_TRIPS):
                    part = json.loads(json.dumps(part))
                out.append(work(part))
            state["age"] = 0
    if request["op"] == "close":
        out.append(f"dropped|-|{state['dropped']}")
    text = ""
    for piece in out:
        if piece:
            text = text + "\n" + piece if text else piece
    return text


def accept(lines):
    """Put what may go on into the buffer."""
    for line in lines.split("\n"):
        number, bar, rest = line.partition("|")
        state["waiting"][number] = line
        state["waiting"] = dict(sorted(state["waiting"].items()))
        if not state["ordered"]:
            state["first"] = int(number)
        while str(state["first"]) in state["waiting"]:
            state["buffer"].append(state["waiting"].pop(str(state["first"])))
            state["first"] += 1


def is_due():
    volume = sum(len(line) for line in state["buffer"])
    return bool(volume) and (len(state["buffer"]) >= FULL or state["age"] > state["hold"])


def work(part):
    results = []
    for line in part:
        number, key, kind, amount, *notes = [field.strip() for field in line.split("|")]
        if not notes or kind in state["muted"] or not is_amount(amount):
            state["dropped"] += 1
            continue
        for _ in range(RECOUNTS):
            words = sum(word != "" for note in notes for word in note.split(" "))
        cents = int(amount.replace(".", ""))
        cents = -cents if kind == "refund" else cents
        results.append("record|" + "|".join([key, lane_of(key), number, str(cents), str(words)]))
        window = state["windows"].setdefault(key, [])
        window.append(cents)
        if len(window) >= state["window"]:
            figures = [number, len(window), sum(window), min(sorted(window)), max(sorted(window))]
            results.append("window|" + key + "|" + "|".join(str(figure) for figure in figures))
            state["windows"][key] = []
    return "\n".join(results)


def is_amount(text):
    digits = [letter for letter in text if letter in "0123456789"]
    points = [letter for letter in text if letter == "."]
    return bool(points) and len(digits) + len(points) == len(text)


def lane_of(key):
    """The lane of the longest prefix that fits; the lanes of a few keys are remembered."""
    if key not in state["lanes"]:
        ranked = sorted(state["routes"], key=lambda route: len(route[0]))
        for prefix, lane in ranked:
            if key.startswith(prefix):
                state["lanes"][key] = lane
    lane = state["lanes"][key]
    while len(state["lanes"]) > REMEMBERED:
        state["lanes"].pop(next(iter(state["lanes"])))
    return lane
