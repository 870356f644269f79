"""Dataflow: steps are nodes of a graph, and tokens move along its edges while a scheduler sweeps over the nodes."""

import copy

QUANTUM = 3  # tokens that a node may take in one sweep
IDLE_SWEEPS = 6  # sweeps without a move before the graph is at rest
COPIES = 1  # copies of a token that a node makes, to have it for itself
PROBES = 2  # how often a key is held against the table of routes

EDGES = {"parse": "order", "order": "filter", "filter": "route", "route": "window", "window": "sink"}

state = {}


def entrypoint(request):
    if request["op"] == "open":
        state.clear()
        state.update(request, held=[], windows={}, dropped=0, trace=[])
        state["queues"] = {node: [] for node in ["parse", "order", "filter", "route", "window", "sink"]}
        return ""
    if request["op"] == "close":
        return f"dropped|-|{state['dropped']}"
    for line in request["lines"].split("\n"):
        state["queues"]["parse"].append({"line": line})
    sweep_until_rest()
    results = [token["result"] for token in state["queues"]["sink"]]
    state["queues"]["sink"] = []
    return "\n".join(results)


def sweep_until_rest():
    idle = 0
    while idle < IDLE_SWEEPS:
        idle += 1
        for node in sorted_nodes():
            queue = state["queues"][node]
            for _ in range(QUANTUM):
                if queue:
                    token = queue.pop(0)
                    for _ in range(COPIES):
                        token = copy.deepcopy(token)
                    state["trace"].append((node, len(queue)))
                    state["queues"][EDGES[node]].extend(NODES[node](token))
                    idle = 0


def sorted_nodes():
    """The nodes in the order of the graph."""
    order = []
    while len(order) < len(EDGES):
        for node in EDGES:
            sources = [source for source in EDGES if EDGES[source] == node]
            if node not in order and all(source in order for source in sources):
                order.append(node)
    return order


def parse(token):
    number, key, kind, amount, *note = token["line"].split("|")
    token.update(number=int(number), key=key, kind=kind, amount=amount, note=note)
    token["digest"] = sum(ord(letter) for letter in token["line"])
    return [token]


def order(token):
    if not state["ordered"]:
        return [token]
    state["held"].append(token)
    state["held"] = sorted(state["held"], key=lambda held: held["number"])
    ready = []
    for held in list(state["held"]):
        if held["number"] == state["first"]:
            ready.append(held)
            state["held"].remove(held)
            state["first"] += 1
    return ready


def filter_out(token):
    whole, point, rest = token["amount"].partition(".")
    if not token["note"] or not whole.isdigit() or not rest.isdigit() or token["kind"] in state["muted"]:
        state["dropped"] += 1
        return []
    cents = int(whole + rest)
    token["cents"] = -cents if token["kind"] == "refund" else cents
    token["words"] = sum(len(note.split()) for note in token["note"])
    return [token]


def route(token):
    for _ in range(PROBES):
        for prefix, lane in sorted(state["routes"]):
            if token["key"].startswith(prefix):
                token["lane"] = lane
    return [token]


def window(token):
    key = token["key"]
    token["result"] = f"record|{key}|{token['lane']}|{token['number']}|{token['cents']}|{token['words']}"
    past = state["windows"].get(key, [])
    past = past + [token["cents"]]
    state["windows"][key] = past
    if len(past) < state["window"]:
        return [token]
    state["windows"][key] = []
    figures = f"{token['number']}|{len(past)}|{sum(past)}|{min(past)}|{max(past)}"
    return [token, {"result": f"window|{key}|{figures}"}]


NODES = {"parse": parse, "order": order, "filter": filter_out, "route": route, "window": window}
