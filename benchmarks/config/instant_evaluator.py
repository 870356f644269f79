"""An evaluator that takes no time, for measuring how the engine keeps language models busy."""

from __future__ import annotations

import math
from hashlib import blake2b

from gigaevo.evaluation.base import Evaluation
from gigaevo.programs import Cost, Program


class InstantEvaluator:
    """Gives each program of ``toy_example`` numbers that follow from its text, and runs nothing."""

    async def evaluate(self, program: Program) -> Evaluation:
        """See the class."""
        digest = blake2b(program.source.encode(), digest_size=8).digest()
        share, turn = digest[0] / 255, digest[1] / 255
        metrics = {
            "fitness": 10.0 + 1000.0 * share,
            "is_valid": 1.0,
            "bearing": math.pi * (2.0 * turn - 1.0),
            "complexity_score": float(len(program.source) // 8),
            "cyclomatic_complexity": 1.0 + program.source.count("for "),
        }
        return Evaluation(metrics=metrics, cost=Cost(validate_calls=1))
