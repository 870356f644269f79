"""Is what the optimizers find, of as many evaluations, worse than what their peers find?

Each pair of ``benchmarks/quality/*.py`` (a list ``PAIRS`` in each) runs with 20 seeds. A one-sided Mann-Whitney test
asks whether ours is worse; p values are corrected for the number of problems by Holm's method. A pair is "WORSE" when
the corrected p is below 0.05. Printed beside it: the medians, and how often ours was better than the peer's run of the
same seed, and how often equal.

    pip install -e ".[peers]"
    python benchmarks/bench_optimize_quality.py                  # all
    python benchmarks/bench_optimize_quality.py genetic --seeds 10
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from quality.pair import Pair
from scipy.stats import mannwhitneyu

QUALITY = Path(__file__).parent / "quality"


@dataclass(frozen=True)
class Outcome:
    """What came of a pair.

    Attributes:
        pair: The pair.
        ours: Qualities of ours, one for each seed.
        peer: Of the peer.
        p: Probability of ours being as bad as this, if it were not worse than the peer.
    """

    pair: Pair
    ours: list[float]
    peer: list[float]
    p: float

    def line(self, corrected: float) -> str:
        better = sum((a > b) == self.pair.maximize and a != b for a, b in zip(self.ours, self.peer, strict=True))
        equal = sum(a == b for a, b in zip(self.ours, self.peer, strict=True))
        medians = f"{statistics.median(self.ours):>12.6g} {statistics.median(self.peer):>12.6g}"
        verdict = "WORSE" if corrected < 0.05 else "not worse"
        return f"{self.pair.name:<60} {medians} {better:>4}/{equal}/{len(self.ours)} {corrected:>9.3g}  {verdict}"


def outcome(pair: Pair, seeds: int) -> Outcome:
    """Run both sides of a pair."""
    began = time.process_time()
    ours = [pair.ours(seed) for seed in range(seeds)]
    between = time.process_time()
    peer = [pair.peer(seed) for seed in range(seeds)]
    spent = f"ours {between - began:.1f} s, peer {time.process_time() - between:.1f} s of CPU"
    print(f"  {pair.name}: {spent}", file=sys.stderr, flush=True)
    worse = "less" if pair.maximize else "greater"
    return Outcome(pair, ours, peer, float(mannwhitneyu(ours, peer, alternative=worse).pvalue))


def holm(values: list[float]) -> list[float]:
    """p values corrected for their number (Holm 1979), in the order given."""
    corrected, so_far = [0.0] * len(values), 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        so_far = max(so_far, min(1.0, values[index] * (len(values) - rank)))
        corrected[index] = so_far
    return corrected


def main() -> None:
    known = sorted(path.stem for path in QUALITY.glob("*.py") if path.stem not in {"pair", "jax_functions"})
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", help=f"some of: {', '.join(known)}")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default="", help="pairs whose name holds this text")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.groups) - set(known))
    if unknown:
        parser.error(f"there is no group {unknown[0]!r}, expected some of {', '.join(known)}")
    pairs: list[Pair] = []
    for group in arguments.groups or known:
        pairs += [pair for pair in import_module(f"quality.{group}").PAIRS if arguments.only in pair.name]
    outcomes = [outcome(pair, arguments.seeds) for pair in pairs]
    print(f"{'problem':<60} {'ours':>12} {'peer':>12} {'better':>8} {'p (Holm)':>10}")
    for each, corrected in zip(outcomes, holm([each.p for each in outcomes]), strict=True):
        print(each.line(corrected))


if __name__ == "__main__":
    main()
