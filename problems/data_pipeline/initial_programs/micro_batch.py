"""Micro-batch: a buffer of messages that is worked off in small slices when it is full or its time is up."""

import json

FULL = 12  # messages that make the buffer full
SLICE = 2  # messages worked off at a time
POLLS = 40  # looks at the buffer after each push
REMEMBERED = 3  # keys whose lane is remembered

state = {}


def entrypoint(request):
    if request["op"] == "open":
        state.clear()
        state.update(request)
        state["buffer"] = []
        state["age"] = 0
        state["waiting"] = {}
        state["next"] = request["first"]
        state["lanes"] = []
        state["windows"] = {}
        state["dropped"] = 0
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
                part = json.loads(json.dumps(part))
                out.append(work(part))
            state["age"] = 0
    if request["op"] == "close":
        out.append("dropped|-|" + str(state["dropped"]))
    text = ""
    for piece in out:
        if piece:
            text = text + "\n" + piece if text else piece
    return text


def accept(lines):
    """Put what may go on into the buffer."""
    for line in lines.split("\n"):
        if state["ordered"]:
            state["waiting"][line.split("|")[0]] = line
            state["waiting"] = dict(sorted(state["waiting"].items()))
            while str(state["next"]) in state["waiting"]:
                state["buffer"].append(state["waiting"].pop(str(state["next"])))
                state["next"] += 1
        else:
            state["buffer"].append(line)


def is_due():
    waiting = sum(len(line) for line in state["buffer"]) > 0
    return waiting and (len(state["buffer"]) >= FULL or state["age"] > state["hold"])


def work(part):
    results = []
    for line in part:
        fields = line.split("|")
        fields = [field.strip() for field in fields]
        if len(fields) < 5 or fields[2] in state["muted"] or not is_amount(fields[3]):
            state["dropped"] += 1
            continue
        number, key, kind, amount, note = fields
        words = 0
        for word in note.split(" "):
            if word != "":
                words += 1
        cents = int(amount.split(".")[0]) * 100 + int(amount.split(".")[1])
        cents = -cents if kind == "refund" else cents
        results.append("record|" + key + "|" + lane_of(key) + "|" + number + "|" + str(cents) + "|" + str(words))
        window = state["windows"].setdefault(key, [])
        window.append(cents)
        if len(window) >= state["window"]:
            ranked = sorted(window)
            figures = [number, len(window), sum(window), ranked[0], ranked[-1]]
            results.append("window|" + key + "|" + "|".join(str(figure) for figure in figures))
            state["windows"][key] = []
    return "\n".join(results)


def is_amount(text):
    digits = 0
    dots = 0
    for letter in text:
        if letter in "0123456789":
            digits += 1
        if letter == ".":
            dots += 1
    return dots == 1 and digits + dots == len(text)


def lane_of(key):
    """The lane of the longest prefix that fits; the lanes of the latest keys are remembered."""
    for known, lane in state["lanes"]:
        if known == key:
            return lane
    ranked = sorted(state["routes"], key=lambda route: len(route[0]), reverse=True)
    lane = [name for prefix, name in ranked if key.startswith(prefix)][0]
    state["lanes"].append((key, lane))
    state["lanes"] = state["lanes"][-REMEMBERED:]
    return lane
