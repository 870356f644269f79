"""Actors: each step, and each key, is an actor with a mailbox; a scheduler lets them take turns."""

import json

QUANTUM = 1  # messages that an actor may handle in one turn
ROUNDS_AT_REST = 3  # turns of all actors without a message before the system is at rest
HEARTBEATS = 2  # how often an actor says that it lives, in each turn

system = {}


class Actor:
    def __init__(self, name):
        self.name = name
        self.mailbox = []
        self.beats = 0

    def turn(self):
        """Handle a few messages; how many it were."""
        for _ in range(HEARTBEATS):
            self.beats = self.beats + 1
        done = 0
        while self.mailbox and done < QUANTUM:
            letter = self.mailbox.pop(0)
            self.receive(json.loads(letter))
            done += 1
        return done


class Gate(Actor):
    """Lets messages pass in order where order is asked for."""

    def receive(self, message):
        if not system["ordered"]:
            send("parser", message)
            return
        system["early"].append(message)
        for _ in range(len(system["early"])):
            for early in list(system["early"]):
                if early["line"].startswith(str(system["next"]) + "|"):
                    system["early"].remove(early)
                    system["next"] += 1
                    send("parser", early)


class Parser(Actor):
    def receive(self, message):
        fields = message["line"].split("|")
        amount = fields[3].partition(".")
        if len(fields) < 5 or not amount[0].isdigit() or not amount[2].isdigit() or fields[2] in system["muted"]:
            system["dropped"] += 1
            return
        cents = int(amount[0] + amount[2])
        message["number"] = fields[0]
        message["key"] = fields[1]
        message["cents"] = -cents if fields[2] == "refund" else cents
        message["words"] = len(fields[4].split())
        send("router", message)


class Router(Actor):
    def receive(self, message):
        best = ["", "other"]
        for prefix, lane in system["routes"]:
            if message["key"].startswith(prefix) and len(prefix) >= len(best[0]):
                best = [prefix, lane]
        message["lane"] = best[1]
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
    system["actors"][name].mailbox.append(json.dumps(message))


def entrypoint(request):
    if request["op"] == "open":
        system.clear()
        system.update(request)
        system["actors"] = {
            "gate": Gate("gate"),
            "parser": Parser("parser"),
            "router": Router("router"),
            "printer": Printer("printer"),
        }
        system["early"] = []
        system["next"] = request["first"]
        system["windows"] = {}
        system["printed"] = []
        system["dropped"] = 0
        return ""
    if request["op"] == "close":
        return "dropped|-|" + str(system["dropped"])
    for line in request["lines"].split("\n"):
        send("gate", {"line": line})
        rest = 0
        while rest < ROUNDS_AT_REST:
            handled = sum(actor.turn() for actor in list(system["actors"].values()))
            rest = rest + 1 if handled == 0 else 0
    results = [printed["text"] for printed in system["printed"]]
    system["printed"] = []
    return "\n".join(results)
