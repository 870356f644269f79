"""Dataflow: steps are nodes of a graph, and tokens move along its edges while a scheduler sweeps over the nodes."""

import copy

QUANTUM = 3  # tokens that a node may take in one sweep
IDLE_SWEEPS = 12  # sweeps without a move before the graph is at rest

EDGES = {"parse": "order", "order": "filter", "filter": "route", "route": "window", "window": "sink"}

state = {}


def entrypoint(request):
    if request["op"] == "open":
        state.clear()
        state.update(request)
        state["queues"] = {node: [] for node in ["parse", "order", "filter", "route", "window", "sink"]}
        state["held"] = []
        state["next"] = request["first"]
        state["windows"] = {}
        state["dropped"] = 0
        state["trace"] = []
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
        moved = 0
        for node in sorted_nodes():
            queue = state["queues"][node]
            for _ in range(QUANTUM):
                if len(queue) > 0:
                    token = queue.pop(0)
                    token = copy.deepcopy(token)
                    state["trace"].append((node, len(queue)))
                    state["queues"][EDGES[node]].extend(NODES[node](token))
                    moved += 1
        idle = 0 if moved > 0 else idle + 1


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
    fields = token["line"].split("|")
    token["number"] = int(fields[0])
    token["fields"] = fields
    token["size"] = sum(len(field) for field in fields)
    token["digest"] = sum(ord(letter) for letter in token["line"])
    return [token]


def order(token):
    if not state["ordered"]:
        return [token]
    state["held"].append(token)
    state["held"] = sorted(state["held"], key=lambda held: held["number"])
    ready = []
    while state["held"] and state["held"][0]["number"] == state["next"]:
        ready.append(state["held"].pop(0))
        state["next"] += 1
    return ready


def filter_out(token):
    fields = token["fields"]
    try:
        token["cents"] = int(fields[3][:-3]) * 100 + int(fields[3].split(".")[1])
        token["words"] = len(fields[4].split())
    except (IndexError, ValueError):
        state["dropped"] += 1
        return []
    if fields[2] in state["muted"]:
        state["dropped"] += 1
        return []
    if fields[2] == "refund":
        token["cents"] = -token["cents"]
    return [token]


def route(token):
    key = token["fields"][1]
    token["lane"] = ""
    for size in range(64):
        for prefix, lane in state["routes"]:
            if len(prefix) == size and key.startswith(prefix):
                token["lane"] = lane
    if token["lane"] == "":
        token["lane"] = "other"
    return [token]


def window(token):
    key = token["fields"][1]
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
