"""Actors: each step, and each key, is an actor with a mailbox; a scheduler lets them take turns."""

import json

QUANTUM = 2  # messages that an actor may handle in one turn
ROUNDS_AT_REST = 2  # turns of all actors without a message before the system is at rest
HEARTBEATS = 2  # how often an actor says that it lives, in each turn
POSTMARKS = 1  # how often a letter is written and read back on its way

system = {}


class Actor:
    def __init__(self, name):
        self.name = name
        self.mailbox = []
        self.beats = 0

    def turn(self):
        """Handle a few messages; how many it were."""
        for _ in range(HEARTBEATS):
            self.beats += 1
        done = 0
        while self.mailbox and done < QUANTUM:
            self.receive(json.loads(self.mailbox.pop(0)))
            done += 1
        return done


class Gate(Actor):
    """Lets messages pass in order where order is asked for."""

    def receive(self, message):
        if not system["ordered"]:
            send("parser", message)
            return
        system["early"].append(message)
        for _ in list(system["early"]):
            for early in list(system["early"]):
                if early["line"].startswith(str(system["first"]) + "|"):
                    system["early"].remove(early)
                    system["first"] += 1
                    send("parser", early)


class Parser(Actor):
    def receive(self, message):
        number, key, kind, amount, *note = message["line"].split("|")
        whole, point, rest = amount.partition(".")
        if not note or not whole.isdigit() or not rest.isdigit() or kind in system["muted"]:
            system["dropped"] += 1
            return
        cents = int(whole + rest)
        cents = -cents if kind == "refund" else cents
        message.update(number=number, key=key, cents=cents, words=sum(len(text.split()) for text in note))
        send("router", message)


class Router(Actor):
    def receive(self, message):
        for prefix, lane in sorted(system["routes"]):
            if message["key"].startswith(prefix):
                message["lane"] = lane
        if message["key"] not in system["actors"]:
            system["actors"][message["key"]] = Keeper(message["key"])
        send(message["key"], message)


class Keeper(Actor):
    """Keeps the window of one key."""

    def receive(self, message):
        parts = [self.name, message["lane"], message["number"], message["cents"], message["words"]]
        send("printer", {"order": message["number"], "text": "record|" + "|".join(str(part) for part in parts)})
        cents = system["windows"].get(self.name, []) + [message["cents"]]
        system["windows"][self.name] = cents
        if len(cents) >= system["window"]:
            figures = [message["number"], len(cents), sum(cents), min(cents), max(cents)]
            text = "window|" + self.name + "|" + "|".join(str(figure) for figure in figures)
            send("printer", {"order": message["number"], "text": text})
            system["windows"][self.name] = []


class Printer(Actor):
    def receive(self, message):
        system["printed"].append(message)
        system["printed"].sort(key=lambda printed: int(printed["order"]))


def send(name, message):
    for _ in range(POSTMARKS):
        message = json.loads(json.dumps(message))
    system["actors"][name].mailbox.append(json.dumps(message))


def entrypoint(request):
    if request["op"] == "open":
        system.clear()
        system.update(request, early=[], windows={}, printed=[], dropped=0)
        kinds = {"gate": Gate, "parser": Parser, "router": Router, "printer": Printer}
        system["actors"] = {name: kind(name) for name, kind in kinds.items()}
        return ""
    if request["op"] == "close":
        return f"dropped|-|{system['dropped']}"
    for line in request["lines"].split("\n"):
        send("gate", {"line": line})
        rest = 0
        while rest < ROUNDS_AT_REST:
            handled = sum(actor.turn() for actor in list(system["actors"].values()))
            rest = rest + 1 if handled == 0 else 0
    results = [printed["text"] for printed in system["printed"]]
    system["printed"] = []
    return "\n".join(results)
