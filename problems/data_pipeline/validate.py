"""Scores a message pipeline by what its driver saw: first whether every line came, then the CPU time it took."""

import math
import statistics

ECONOMY_AT = 2.0  # CPU time, in that of the reference, at which the economy is one half


def validate(output):
    """Metrics of what ``drive`` returned."""
    scenarios = checked_output(output)
    rounds = [one for played in scenarios.values() for one in played]
    lines, right = (sum(one[key] for one in rounds) for key in ("lines", "right"))
    if right == 0:
        raise ValueError(f"expected lines of output, none came that was right: {output['error'] or 'they were wrong'}")
    whole = right == lines and not output["error"]
    messages, cpu_s, wall_s = (sum(one[key] for one in rounds) for key in ("messages", "cpu_s", "wall_s"))
    cost = cost_of(scenarios)
    economy = ECONOMY_AT / (ECONOMY_AT + cost)
    # A program that fails before its last line got less than all of it right, whatever came before.
    validity = right / lines if whole else min(right / lines, 0.999)
    return {
        "fitness": 0.5 + 0.5 * economy if whole else 0.5 * validity,
        "is_valid": 1.0,
        "validity": validity,
        "cost": min(cost, 1000.0),
        **{f"cost_{name}": min(cost_of({name: played}), 1000.0) for name, played in scenarios.items()},
        "cpu_us_per_message": 1e6 * cpu_s / messages,
        "messages_per_s": messages / wall_s,
        "lag": statistics.fmean(played[0]["lag"] for played in scenarios.values()),
    }


def cost_of(scenarios):
    """CPU time in units of the reference: median over the rounds, geometric mean over the scenarios."""
    medians = [statistics.median(one["cpu_s"] / one["reference_s"] for one in played) for played in scenarios.values()]
    return math.exp(statistics.fmean(math.log(max(median, 1e-3)) for median in medians))


def checked_output(output):
    """The rounds of each scenario.

    Raises:
        ValueError: It is not what ``drive`` returns.
    """
    if not isinstance(output, dict) or not isinstance(output.get("scenarios"), dict) or not output["scenarios"]:
        raise ValueError(f"expected what the driver returns, got {type(output).__name__}")
    return output["scenarios"]
