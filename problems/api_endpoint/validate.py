"""Scores an endpoint by what its driver saw: first whether every answer was right, then the CPU time it took."""

import statistics

KINDS = ("wsgi", "asgi", "graphql", "websocket", "function")
DEADLINE_MS = 2000.0  # stands for the latency of a pattern that was not answered
ECONOMY_AT = 6.0  # CPU time of a request, in that of the yardstick, at which the economy is one half


def validate(output):
    """Metrics of what ``drive`` returned."""
    patterns = checked_output(output)
    results = list(patterns.values())
    requests, right = (sum(one[key] for one in results) for key in ("requests", "right"))
    if right == 0:
        raise ValueError(f"expected right answers, none came: {output['error'] or 'they were wrong'}")
    validity = right / requests
    cpu_s, wall_s = (sum(one[key] for one in results) for key in ("cpu_s", "wall_s"))
    latencies = [latency for one in results for latency in one["latencies_ms"]]
    costs = [max(one["cpu_s"] / one["requests"] / one["yardstick_s"], 1e-3) for one in results]
    cost = statistics.geometric_mean(costs)
    economy = ECONOMY_AT / (ECONOMY_AT + cost)
    return {
        "fitness": 0.5 + 0.5 * economy if right == requests else 0.5 * validity,
        "is_valid": 1.0,
        "validity": validity,
        "kind": float(KINDS.index(output["kind"])),
        "cost": min(cost, 1000.0),
        "cpu_us_per_request": 1e6 * cpu_s / requests,
        "requests_per_s": requests / wall_s,
        "errors": sum(one["errors"] for one in results) / requests,
        "p50_ms": percentile(latencies, 50),
        "p95_ms": percentile(latencies, 95),
        "p99_ms": percentile(latencies, 99),
        **{f"p95_ms_{name}": percentile(one["latencies_ms"], 95) for name, one in patterns.items()},
    }


def percentile(values, share):
    """The value that ``share`` percent of the values do not exceed."""
    ranked = sorted(values) or [DEADLINE_MS]
    return ranked[max(0, -(-len(ranked) * share // 100) - 1)]


def checked_output(output):
    """What was measured for each pattern of load.

    Raises:
        ValueError: It is not what ``drive`` returns, or the endpoint did not start.
    """
    if not isinstance(output, dict) or not isinstance(output.get("patterns"), dict):
        raise ValueError(f"expected what the driver returns, got {type(output).__name__}")
    if not output["patterns"]:
        raise ValueError(f"expected an endpoint that starts: {output['error']}")
    return output["patterns"]
