"""The comparison that the comment spells out, done by the selector."""

from __future__ import annotations

from gigaevo.evolution.strategies.map_elites import SumArchiveSelector
from gigaevo.programs import Program

selector = SumArchiveSelector(
    fitness_keys=["fitness", "validity"],
    fitness_key_higher_is_better=[True, True],
    weights=[1.0, 0.5],  # Fitness has 2x weight of validity
)
program_a = Program(id="a", metrics={"fitness": 80.0, "validity": 0.9})
program_b = Program(id="b", metrics={"fitness": 75.0, "validity": 1.0})

# Comparison:
program_a_score = selector.score(program_a)  # 80.0 * 1.0 + 0.9 * 0.5 = 80.45
program_b_score = selector.score(program_b)  # 75.0 * 1.0 + 1.0 * 0.5 = 75.50
program_a_wins = selector.is_better(program_a, program_b)
