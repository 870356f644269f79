"""Scores an endpoint by what its driver saw: first whether every answer was right, then the CPU time it took."""

import statistics

KINDS = ("wsgi", "asgi", "graphql", "websocket", "function")
PATTERNS = ("burst", "sustained", "mixed", "cache_heavy")
DEADLINE_MS = 1000.0  # stands for the latency of a pattern that was not answered
ECONOMY_AT = 1.5  # CPU time of a request, in that of the yardstick, at which the economy is one half


def validate(output):
    """Metrics of what ``drive`` returned."""
    patterns = checked_output(output)
    results = list(patterns.values())
    requests, right = (sum(one[key] for one in results) for key in ("requests", "right"))
    if right == 0:
        raise ValueError(f"expected right answers, none came: {output['error'] or 'they were wrong'}")
    whole = right == requests and not output["error"]
    # An endpoint that fails before its last answer got less than all of them right, whatever came before.
    validity = right / requests if whole else min(right / requests, 0.999)
    cpu_s, wall_s = (sum(one[key] for one in results) for key in ("cpu_s", "wall_s"))
    latencies = [latency for one in results for latency in one["latencies_ms"]]
    cost = statistics.fmean(one["cpu_s"] / one["requests"] for one in results) / output["yardstick_s"]
    economy = ECONOMY_AT / (ECONOMY_AT + cost)
    return {
        "fitness": 0.5 + 0.5 * economy if whole else 0.5 * validity,
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
        **{f"p95_ms_{name}": percentile(latencies_of(patterns, name), 95) for name in PATTERNS},
    }


def latencies_of(patterns, name):
    """Latencies of one pattern, which a program that failed before may never have seen."""
    return patterns[name]["latencies_ms"] if name in patterns else []


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
