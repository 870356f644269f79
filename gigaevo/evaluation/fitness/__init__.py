"""Fitness in every dimension: performance, correctness, maintainability, adaptability."""

from gigaevo.evaluation.fitness.evaluator import Assessment, FitnessEvaluator
from gigaevo.evaluation.fitness.exercise import Exercise
from gigaevo.evaluation.fitness.growth import GrowthCheck, Verdict, check_growth

__all__ = ["Assessment", "Exercise", "FitnessEvaluator", "GrowthCheck", "Verdict", "check_growth"]
