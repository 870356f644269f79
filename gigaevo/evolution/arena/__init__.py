"""The tournament arena: programs, or anything else, meet head to head and in elimination brackets."""

from gigaevo.evolution.arena.bracket import Bracket, BracketResult, Match, Pairing, seeded_places
from gigaevo.evolution.arena.judges import AsyncJudge, FitnessJudge, Judge
from gigaevo.evolution.arena.selection import AsyncTournamentSelection, TournamentSelection

__all__ = [
    "AsyncJudge",
    "AsyncTournamentSelection",
    "Bracket",
    "BracketResult",
    "FitnessJudge",
    "Judge",
    "Match",
    "Pairing",
    "TournamentSelection",
    "seeded_places",
]
